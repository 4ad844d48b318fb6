//! Tells who is behind another history, and hands out other batches than it is asked for.

use super::Liar;
use crate::host::{Host, Shared};
use dure_consensus::Message;
use dure_node::machine::Wire;
use dure_types::{Gas, TimestampMs};

pub(crate) struct Rewrites;

impl Liar for Rewrites {
    fn sends(&mut self, shared: &Shared, _: &Host, to: usize, wire: &Wire) -> Vec<(usize, Wire)> {
        let lie = match wire {
            Wire::Consensus(Message::Decided(decided)) => {
                let mut decided = decided.clone();
                for (index, (header, certificate)) in decided.iter_mut().enumerate() {
                    // True at first, so that the lie comes in the middle of what is taken over.
                    if index % 5 == 3 {
                        header.time = TimestampMs(header.time.0 + 1);
                    }
                    if index % 5 == 4 {
                        header.batches.clear();
                        certificate.block = header.id(shared.chain);
                    }
                }
                Wire::Consensus(Message::Decided(decided))
            }
            Wire::Batch(batch) => {
                let mut batch = batch.clone();
                for transaction in &mut batch.transactions {
                    transaction.body.gas_limit = Gas(7);
                }
                Wire::Batch(batch)
            }
            other => other.clone(),
        };
        vec![(to, lie)]
    }
}
