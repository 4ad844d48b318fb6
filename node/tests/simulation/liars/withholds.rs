//! Names batches that it hands to nobody.

use super::{Liar, own_proposal, propose};
use crate::host::{Host, Shared};
use dure_node::machine::Wire;
use dure_types::{BatchReference, Hash};

#[derive(Default)]
pub(crate) struct Withholds {
    /// Its next number that nobody knows.
    seq: u64,
}

impl Liar for Withholds {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        if let Wire::Batch(batch) = wire
            && batch.header.author == host.id
        {
            return Vec::new();
        }
        let Some((proposal, header)) = own_proposal(host, wire) else {
            return vec![(to, wire.clone())];
        };
        let mut header = header.clone();
        self.seq += 1;
        let (author, seq, id) = (host.id, 1_000 + self.seq, Hash([self.seq as u8; 32]));
        header.batches.truncate(60);
        header.batches.push(BatchReference { author, seq, id });
        vec![(to, propose(shared, host, proposal, header))]
    }
}
