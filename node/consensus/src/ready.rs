//! Batches that a header may name, in the order in which they came.

use crate::{
    ReadyBatch,
    drill::{self, Drill},
};
use dure_types::{BatchReference, Header};
use std::collections::BTreeMap;

/// Held, verified, durable, and not yet named by a decided header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    order: BTreeMap<u64, ReadyBatch>,
    numbers: BTreeMap<Key, u64>,
    next: u64,
}

type Key = (dure_types::ValidatorId, u64, dure_types::Hash);

const fn key(reference: &BatchReference) -> Key {
    (reference.author, reference.seq, reference.id)
}

impl Ready {
    pub(crate) fn add(&mut self, batch: ReadyBatch) {
        if let std::collections::btree_map::Entry::Vacant(number) =
            self.numbers.entry(key(&batch.reference))
        {
            number.insert(self.next);
            self.order.insert(self.next, batch);
            self.next += 1;
        }
    }

    pub(crate) fn get(&self, reference: &BatchReference) -> Option<&ReadyBatch> {
        self.numbers.get(&key(reference)).and_then(|number| self.order.get(number))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ReadyBatch> {
        self.order.values()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Forgets what a decided header names, and what no later one may.
    pub(crate) fn decided(&mut self, header: &Header) {
        let numbers = &mut self.numbers;
        self.order.retain(|_, batch| {
            let named = header.batches.contains(&batch.reference);
            let expired = batch.expiry <= header.height;
            let keep = (!named || drill::is(Drill::BatchTwice))
                && (!expired || drill::is(Drill::ExpiredBatch));
            if !keep {
                numbers.remove(&key(&batch.reference));
            }
            keep
        });
    }
}
