//! Seals every batch twice, with one number, and hands either to half of the validators.

use super::{Liar, seal};
use crate::host::{Host, Shared};
use dure_node::machine::Wire;
use dure_types::Height;

pub(crate) struct SealsTwice;

impl Liar for SealsTwice {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        match wire {
            Wire::Batch(batch) if batch.header.author == host.id && to % 2 == 1 => {
                let expiry = Height(batch.header.expiry_height.0 - 1);
                let number = (batch.header.seq, expiry);
                vec![
                    (to, seal(shared, host, number, batch.transactions.clone())),
                    (to, wire.clone()),
                ]
            }
            _ => vec![(to, wire.clone())],
        }
    }
}
