//! Forgets what it is locked on: votes for whatever was proposed last.

use super::{Byzantine, Said, vote_for};
use crate::node::Node;
use dure_consensus::Message;
use dure_types::{Hash, Height};

#[derive(Default)]
pub(crate) struct Amnesia {
    proposed: Option<(Height, Hash)>,
}

impl Byzantine for Amnesia {
    fn heard(&mut self, _me: &Node, message: &Message) {
        if let Message::Proposal(proposal, _) = message {
            self.proposed = Some((proposal.height, proposal.block));
        }
    }

    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        match (message, self.proposed) {
            (Message::Vote(vote), Some((height, block))) if vote.height == height => {
                vec![Said::all(&Message::Vote(vote_for(me, vote, Some(block))))]
            }
            (other, _) => vec![Said::all(other)],
        }
    }
}
