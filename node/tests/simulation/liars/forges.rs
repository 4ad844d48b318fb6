//! Seals transactions that nobody signed.

use super::{Liar, seal};
use crate::host::{Host, Shared};
use dure_node::machine::Wire;
use dure_types::Gas;

pub(crate) struct Forges;

impl Liar for Forges {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        match wire {
            Wire::Batch(batch) if batch.header.author == host.id => {
                let mut transactions = batch.transactions.clone();
                if let Some(last) = transactions.last_mut() {
                    last.body.gas_limit = Gas(last.body.gas_limit.0 + 1);
                }
                let number = (batch.header.seq, batch.header.expiry_height);
                vec![(to, seal(shared, host, number, transactions))]
            }
            _ => vec![(to, wire.clone())],
        }
    }
}
