//! Which batches decided headers named lately: whether a further header may name one (DESIGN D13).
//!
//! A function of the newest [`limits::BATCH_EXPIRY_BLOCKS`] headers alone, so that a node that
//! starts computes it from a bounded number of them. These are enough: a header names no batch that
//! expires more than so many heights later, hence one that was named before them has expired.

use crate::drill::{self, Drill};
use dure_types::{Header, Height, ValidatorId, limits};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Sequence numbers that the newest decided headers used.
#[derive(Clone, Debug, Default)]
pub struct Named {
    headers: VecDeque<(Height, Vec<(ValidatorId, u64)>)>,
    used: BTreeMap<ValidatorId, BTreeSet<u64>>,
}

impl Named {
    /// Takes in the next decided header; one that was taken in already changes nothing.
    pub fn decided(&mut self, header: &Header) {
        if self.headers.back().is_some_and(|(newest, _)| *newest >= header.height) {
            return;
        }
        let names: Vec<_> = header.batches.iter().map(|batch| (batch.author, batch.seq)).collect();
        for (author, seq) in &names {
            self.used.entry(*author).or_default().insert(*seq);
        }
        self.headers.push_back((header.height, names));
        let oldest = header.height.0.saturating_add(1).saturating_sub(limits::BATCH_EXPIRY_BLOCKS);
        while self.headers.front().is_some_and(|(height, _)| height.0 < oldest) {
            for (author, seq) in self.headers.pop_front().into_iter().flat_map(|(_, names)| names) {
                self.forget(author, seq);
            }
        }
    }

    fn forget(&mut self, author: ValidatorId, seq: u64) {
        if let Some(used) = self.used.get_mut(&author) {
            used.remove(&seq);
            if used.is_empty() {
                self.used.remove(&author);
            }
        }
    }

    /// Whether the next header may name this number of an author: it is unused, and not below the
    /// author's window of the newest [`limits::BATCH_SEQ_WINDOW`] numbers.
    #[must_use]
    pub fn allows(&self, author: ValidatorId, seq: u64) -> bool {
        let Some(used) = self.used.get(&author) else { return seq > 0 };
        let highest = used.last().copied().unwrap_or(0);
        let used_up = used.contains(&seq) && !drill::is(Drill::BatchTwice);
        seq > 0 && !used_up && seq.saturating_add(limits::BATCH_SEQ_WINDOW) > highest
    }
}

/// Whether a header of this height may name a batch that expires then.
#[must_use]
pub const fn in_time(height: Height, expiry: Height) -> bool {
    expiry.0 >= height.0 && expiry.0 - height.0 <= limits::BATCH_EXPIRY_BLOCKS
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{BatchReference, Hash, TimestampMs};

    const AUTHOR: ValidatorId = ValidatorId([1; 32]);

    fn header(height: u64, seqs: &[u64]) -> Header {
        let reference = |seq: &u64| BatchReference { author: AUTHOR, seq: *seq, id: Hash::ZERO };
        Header {
            version: 1,
            height: Height(height),
            parent: Hash::ZERO,
            parent_certificate: None,
            time: TimestampMs(height),
            batches: seqs.iter().map(reference).collect(),
            executed: Height::ZERO,
            roots: Vec::new(),
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
            evidence: Vec::new(),
        }
    }

    /// The attack: an author names an old batch once more, when its number may be used again.
    #[test]
    fn a_number_is_used_once_until_every_batch_that_bore_it_has_expired() {
        let mut named = Named::default();
        named.decided(&header(1, &[70]));
        assert!(!named.allows(AUTHOR, 70) && !named.allows(AUTHOR, 0));
        assert!(!named.allows(AUTHOR, 6), "below the window");
        assert!(named.allows(AUTHOR, 7) && named.allows(AUTHOR, u64::MAX));
        assert!(named.allows(ValidatorId([2; 32]), 70));
        // A batch named at height 1 expires at 257 at the latest.
        (2..=256).for_each(|height| named.decided(&header(height, &[])));
        assert!(!named.allows(AUTHOR, 70), "at height 257");
        named.decided(&header(257, &[]));
        assert!(named.allows(AUTHOR, 70), "at height 258");
        assert!(in_time(Height(1), Height(257)) && !in_time(Height(1), Height(258)));
        assert!(!in_time(Height(258), Height(257)));
    }

    #[test]
    fn a_node_that_starts_computes_the_same() {
        let seqs = |height: u64| [height * 2 % 1_000, height * 2 + 1];
        let mut whole = Named::default();
        (1..=600).for_each(|height| whole.decided(&header(height, &seqs(height))));
        let from = crate::history_from(Height(600)).0;
        let mut late = Named::default();
        (from..=600).for_each(|height| late.decided(&header(height, &seqs(height))));
        for seq in 0..1_300 {
            assert_eq!(whole.allows(AUTHOR, seq), late.allows(AUTHOR, seq), "{seq}");
        }
    }
}
