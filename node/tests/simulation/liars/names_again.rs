//! Names what was named before, and what has expired.

use super::{Liar, own_proposal, propose};
use crate::host::{Host, Shared};
use dure_node::machine::Wire;
use dure_types::BatchReference;

#[derive(Default)]
pub(crate) struct NamesAgain {
    /// What proposals named, the liar's and others'.
    seen: Vec<BatchReference>,
}

impl Liar for NamesAgain {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        if let Wire::Consensus(dure_consensus::Message::Proposal(_, header)) = wire {
            self.seen.extend(&header.batches);
        }
        let Some((proposal, header)) = own_proposal(host, wire) else {
            return vec![(to, wire.clone())];
        };
        let mut header = header.clone();
        // The oldest, or one of lately.
        let old = match header.height.0 % 2 {
            0 => self.seen.first(),
            _ => self.seen.iter().rev().find(|seen| !header.batches.contains(seen)),
        };
        let known = |old: &BatchReference| {
            header.batches.iter().any(|named| (named.author, named.seq) == (old.author, old.seq))
        };
        if let Some(old) = old.copied().filter(|old| !known(old)) {
            header.batches.truncate(60);
            header.batches.push(old);
        }
        vec![(to, propose(shared, host, proposal, header))]
    }
}
