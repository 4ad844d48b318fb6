//! Batches that are held, verified and durable, in the order in which they came.
//!
//! Held is enough for a vote. A header of ours names only what the host says is spread: those that
//! do not hold it would have to fetch it first.

use crate::{
    ReadyBatch,
    drill::{self, Drill},
    named::Named,
};
use dure_types::{BatchReference, Header, Height, ValidatorId, ValidatorSet};
use std::collections::{BTreeMap, VecDeque, btree_map::Entry};

/// Held, verified, durable, and not yet named by a decided header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    /// By number, with whether a header of ours may name it.
    order: BTreeMap<u64, (ReadyBatch, bool)>,
    numbers: BTreeMap<BatchReference, u64>,
    next: u64,
    /// Of these, how many of each author a header of ours may name.
    spread: BTreeMap<ValidatorId, usize>,
}

impl Ready {
    /// Adds a batch, or says of one that is held that it is spread.
    pub(crate) fn add(&mut self, batch: ReadyBatch, spread: bool) {
        let author = batch.reference.author;
        let number = match self.numbers.entry(batch.reference) {
            Entry::Occupied(number) => *number.get(),
            Entry::Vacant(number) => {
                self.order.insert(self.next, (batch, false));
                self.next += 1;
                *number.insert(self.next - 1)
            }
        };
        if let Some((_, known)) = self.order.get_mut(&number).filter(|(_, known)| spread && !known)
        {
            *known = true;
            *self.spread.entry(author).or_default() += 1;
        }
    }

    pub(crate) fn get(&self, reference: &BatchReference) -> Option<&ReadyBatch> {
        let number = self.numbers.get(reference)?;
        self.order.get(number).map(|(batch, _)| batch)
    }

    /// What a header of ours may name: one of each author in turn, so that an author that floods
    /// takes nobody's place, and another author first at each height.
    pub(crate) fn in_turns(&self, height: Height) -> Vec<&ReadyBatch> {
        let mut authors: BTreeMap<ValidatorId, VecDeque<&ReadyBatch>> = BTreeMap::new();
        for (batch, _) in self.order.values().filter(|(_, spread)| *spread) {
            authors.entry(batch.reference.author).or_default().push_back(batch);
        }
        let mut queues: VecDeque<_> = authors.into_values().collect();
        let count = u64::try_from(queues.len()).unwrap_or(u64::MAX).max(1);
        queues.rotate_left(usize::try_from(height.0 % count).unwrap_or(0));
        let mut turns = Vec::with_capacity(self.spread.values().sum());
        while let Some(mut queue) = queues.pop_front() {
            if let Some(batch) = queue.pop_front() {
                turns.push(batch);
                queues.push_back(queue);
            }
        }
        turns
    }

    /// Whether a header of ours would name something at a height with these validators. What others
    /// sealed stays, for they may come back before it expires.
    pub(crate) fn has_any(&self, validators: &ValidatorSet) -> bool {
        self.spread.keys().any(|author| validators.get(*author).is_some())
    }

    /// Forgets what a decided header names, and what no later one may.
    pub(crate) fn settle(&mut self, header: &Header, named: &Named) {
        let (numbers, spread) = (&mut self.numbers, &mut self.spread);
        self.order.retain(|_, (batch, known)| {
            let BatchReference { author, seq, .. } = batch.reference;
            let in_time = batch.expiry > header.height || drill::is(Drill::ExpiredBatch);
            let keep = named.allows(author, seq) && in_time;
            if !keep {
                numbers.remove(&batch.reference);
                if let Some(count) = spread.get_mut(&author).filter(|_| *known) {
                    *count -= 1;
                }
            }
            keep
        });
        self.spread.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{Gas, Hash};

    fn batch(author: u8, seq: u64) -> ReadyBatch {
        let reference =
            BatchReference { author: ValidatorId([author; 32]), seq, id: Hash([author; 32]) };
        ReadyBatch { reference, bytes: 1, gas: Gas(1), expiry: Height(9) }
    }

    /// The attack: an author seals far more than the others, so that blocks have room for nobody else.
    #[test]
    fn a_flood_of_one_author_takes_nobodys_turn() {
        let mut ready = Ready::default();
        (1..=50).for_each(|seq| ready.add(batch(1, seq), true));
        (1..=2).for_each(|seq| ready.add(batch(2, seq), true));
        ready.add(batch(3, 1), false);
        let order = |height| {
            let turns = ready.in_turns(Height(height));
            let named = |batch: &&ReadyBatch| (batch.reference.author.0[0], batch.reference.seq);
            turns.iter().map(named).take(5).collect::<Vec<_>>()
        };
        assert_eq!(order(2), [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3)]);
        assert_eq!(order(3), [(2, 1), (1, 1), (2, 2), (1, 2), (1, 3)]);
        ready.add(batch(3, 1), true);
        assert_eq!(ready.in_turns(Height(3)).len(), 53);
    }
}
