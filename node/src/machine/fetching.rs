//! Batches that others have and we need: whom to ask, and when to ask another.

use super::wire::FETCH_MAX;
use dure_types::{BatchReference, ValidatorId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// After this time another holder is asked.
pub const FETCH_AGAIN: Duration = Duration::from_millis(100);
/// Batches that proved bad and are not asked for again.
const BAD_MAX: usize = 1_024;
/// Batches that one validator is sent in one [`FETCH_AGAIN`].
const SERVED_MAX: usize = FETCH_MAX;

/// What is asked for.
#[derive(Default)]
pub(super) struct Fetching {
    /// When to ask again, and how often we asked.
    asked: BTreeMap<BatchReference, (Duration, usize)>,
    /// Acknowledged by others and not seen here, at the last look; and for longer than from one
    /// look to the next.
    unseen: BTreeSet<BatchReference>,
    lost: BTreeSet<BatchReference>,
    bad: BTreeSet<BatchReference>,
    /// What we sent to whom since when.
    served: BTreeMap<ValidatorId, (Duration, usize)>,
}

impl Fetching {
    /// Whether we asked for a batch and still need it.
    pub(super) fn wants(&self, reference: &BatchReference) -> bool {
        self.asked.contains_key(reference)
    }

    pub(super) fn is_bad(&self, reference: &BatchReference) -> bool {
        self.bad.contains(reference)
    }

    /// A batch does not hold, whoever sends it: its author signed what is wrong.
    pub(super) fn bad(&mut self, reference: BatchReference) {
        if self.bad.len() >= BAD_MAX {
            self.bad.clear();
        }
        self.bad.insert(reference);
        self.asked.remove(&reference);
    }

    /// What others hold and we do not, at this look.
    pub(super) fn unseen(&mut self, unseen: BTreeSet<BatchReference>) {
        self.lost = unseen.intersection(&self.unseen).copied().collect();
        self.unseen = unseen;
    }

    /// What never came.
    pub(super) fn lost(&self) -> impl Iterator<Item = BatchReference> {
        self.lost.iter().copied()
    }

    /// What to ask whom now, of what is wanted, the most urgent first; `holders` says who may have
    /// a batch, the likeliest first.
    pub(super) fn ask(
        &mut self,
        now: Duration,
        wanted: &[BatchReference],
        holders: impl Fn(&BatchReference) -> Vec<ValidatorId>,
    ) -> BTreeMap<ValidatorId, Vec<BatchReference>> {
        let wanted = wanted.iter().filter(|reference| !self.bad.contains(reference));
        let wanted: Vec<BatchReference> = wanted.take(FETCH_MAX).copied().collect();
        self.asked.retain(|reference, _| wanted.contains(reference));
        let mut requests: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for reference in wanted {
            let (next, tries) = self.asked.entry(reference).or_insert((now, 0));
            if *next > now {
                continue;
            }
            let holders = holders(&reference);
            if let Some(who) = holders.get(*tries % holders.len().max(1)) {
                requests.entry(*who).or_default().push(reference);
            }
            (*next, *tries) = (now + FETCH_AGAIN, *tries + 1);
        }
        requests
    }

    /// When to ask another.
    pub(super) fn due(&self) -> Option<Duration> {
        self.asked.values().map(|(next, _)| *next).min()
    }

    /// Of what a validator asks for, what it is sent: who asks for too much is left waiting.
    pub(super) fn serve(
        &mut self,
        to: ValidatorId,
        mut batches: Vec<BatchReference>,
        now: Duration,
    ) -> Vec<BatchReference> {
        let (since, count) = self.served.entry(to).or_insert((now, 0));
        if now >= *since + FETCH_AGAIN {
            (*since, *count) = (now, 0);
        }
        batches.truncate(SERVED_MAX - *count);
        *count += batches.len();
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::Hash;

    /// The attack: the first of the holders never answers.
    #[test]
    fn another_holder_is_asked_after_a_while_and_nobody_for_what_is_bad() {
        let of = |seq| BatchReference { author: ValidatorId([9; 32]), seq, id: Hash::ZERO };
        let ids = [1, 2, 3].map(|n| ValidatorId([n; 32]));
        let ask = |fetching: &mut Fetching, ms, wanted: &[_]| {
            let requests = fetching.ask(Duration::from_millis(ms), wanted, |_| ids.to_vec());
            requests.into_iter().map(|(who, list)| (who.0[0], list.len())).collect::<Vec<_>>()
        };
        let mut fetching = Fetching::default();
        assert_eq!(ask(&mut fetching, 0, &[of(1), of(2)]), [(1, 2)]);
        assert_eq!(ask(&mut fetching, 99, &[of(1), of(2), of(3)]), [(1, 1)]);
        assert_eq!(ask(&mut fetching, 100, &[of(1), of(3)]), [(2, 1)]);
        assert!(!fetching.wants(&of(2)));
        fetching.bad(of(1));
        assert_eq!(ask(&mut fetching, 900, &[of(1)]), []);
        assert_eq!(fetching.due(), None);

        let far: Vec<_> = (0..1_000).map(of).collect();
        assert_eq!(fetching.serve(ids[0], far.clone(), Duration::ZERO).len(), SERVED_MAX);
        assert_eq!(fetching.serve(ids[0], far.clone(), Duration::ZERO).len(), 0);
        assert_eq!(fetching.serve(ids[1], far.clone(), Duration::ZERO).len(), SERVED_MAX);
        assert_eq!(fetching.serve(ids[0], far, FETCH_AGAIN).len(), SERVED_MAX);
    }
}
