//! Proposes two blocks at once, one for each half.

use super::{Byzantine, Said, own, proposal_of};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::TimestampMs;

pub(crate) struct TwoProposals;

impl Byzantine for TwoProposals {
    fn says(&mut self, me: &Node, to: &[usize], message: &Message) -> Vec<Said> {
        let (proposal, mut header) = match own(me, message) {
            Ok(own) => own,
            Err(said) => return said,
        };
        header.time = TimestampMs(header.time.0 + 1);
        let lie = proposal_of(me, proposal, header);
        let (first, rest) = to.split_at(to.len() / 2);
        let mut said: Vec<Said> = first.iter().map(|to| Said::one(*to, message)).collect();
        said.extend(rest.iter().map(|to| Said::one(*to, &lie)));
        // One of them sees both, and can prove it.
        said.extend(rest.last().map(|to| Said::one(*to, message)));
        said
    }
}
