//! Says everything many times, claims to hold what nobody sealed, and asks for everything.

use super::{Liar, seal};
use crate::host::{Host, Shared};
use dure_node::machine::{FETCH_MAX, Wire};
use dure_types::{Acknowledgement, BatchReference, Hash, Height, limits};

pub(crate) struct Floods;

impl Liar for Floods {
    fn sends(
        &mut self,
        shared: &Shared,
        host: &Host,
        to: usize,
        wire: &Wire,
    ) -> Vec<(usize, Wire)> {
        let mut sent = vec![(to, wire.clone()); 3];
        let authors = &shared.genesis.validators.0;
        if let Wire::Acknowledgements(_) = wire {
            let claims = (0..limits::ACKNOWLEDGEMENTS_MAX as u64).map(|n| {
                let author = authors[n as usize % authors.len()].id;
                Acknowledgement { author, seq: 1 + n, id: Hash([n as u8; 32]) }
            });
            sent.push((to, Wire::Acknowledgements(claims.collect())));
            let author = authors[to].id;
            let all =
                (0..FETCH_MAX as u64).map(|seq| BatchReference { author, seq, id: Hash::ZERO });
            sent.push((to, Wire::Fetch(all.collect())));
        }
        if let Wire::Batch(batch) = wire
            && batch.header.author == host.id
            && batch.header.seq % 8 == 1
        {
            // Far more numbers than a window has.
            for more in 1..100 {
                let number = (batch.header.seq + 7 * more, Height(batch.header.expiry_height.0));
                sent.push((to, seal(shared, host, number, batch.transactions.clone())));
            }
        }
        sent
    }
}
