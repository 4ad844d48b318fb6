//! Batches that others have and we need: whom to ask, and when to ask another.

use super::wire::FETCH_MAX;
use dure_types::{BatchReference, ValidatorId, limits};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// After this time another holder is asked.
pub const FETCH_AGAIN: Duration = Duration::from_millis(100);
/// Between two looks at what is wanted.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Batches that proved bad and are not asked for again.
const BAD_MAX: usize = 1_024;
/// Batches that are asked for at once: those of a chain of small blocks, which are far behind us.
pub(super) const WANTED_MAX: usize = 8 * FETCH_MAX;
/// Batches that one validator is sent in one [`FETCH_AGAIN`], and their bytes.
const SERVED_MAX: usize = WANTED_MAX;
const SERVED_BYTES_MAX: usize = limits::BLOCK_BYTES_MAX + limits::BATCH_BYTES_MAX;

/// Whom to ask for what; what is given up; and what blocks need and everybody was asked for once.
type Asked = (BTreeMap<ValidatorId, Vec<BatchReference>>, Vec<BatchReference>, Vec<BatchReference>);

/// What is asked for.
#[derive(Default)]
pub(super) struct Fetching {
    /// When to ask again, and how often we asked.
    asked: BTreeMap<BatchReference, (Duration, usize)>,
    /// Acknowledged by others and not seen here, at the last look, with who says so.
    unseen: BTreeSet<(ValidatorId, BatchReference)>,
    /// For longer than from one look to the next: in turns of who says so, so that what one makes
    /// up does not stand before what the others have.
    lost: Vec<BatchReference>,
    bad: BTreeSet<BatchReference>,
    /// When we looked last what is wanted, and when to look again, if we did not since.
    looked: Option<Duration>,
    put_off: Option<Duration>,
    /// How many we sent to whom since when, and the bytes that are left.
    served: BTreeMap<ValidatorId, (Duration, usize, usize)>,
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

    /// What others say to hold and we do not, at this look.
    pub(super) fn unseen(&mut self, unseen: BTreeSet<(ValidatorId, BatchReference)>) {
        let mut queues: BTreeMap<ValidatorId, VecDeque<BatchReference>> = BTreeMap::new();
        for (by, reference) in unseen.intersection(&self.unseen) {
            queues.entry(*by).or_default().push_back(*reference);
        }
        self.unseen = unseen;
        self.lost.clear();
        let (mut queues, mut known) = (VecDeque::from_iter(queues.into_values()), BTreeSet::new());
        while let Some(mut queue) = queues.pop_front() {
            if let Some(reference) = queue.pop_front() {
                if known.insert(reference) {
                    self.lost.push(reference);
                }
                queues.push_back(queue);
            }
        }
    }

    /// What never came.
    pub(super) fn lost(&self) -> impl Iterator<Item = BatchReference> {
        self.lost.iter().copied()
    }

    /// What to ask whom now, of what is wanted, the most urgent first, each with whether a block
    /// needs it; `holders` says who may have a batch, the likeliest first. What no block needs is
    /// given up once each of these was asked: it may be made up, and who has it says so again.
    pub(super) fn ask(
        &mut self,
        now: Duration,
        wanted: &[(BatchReference, bool)],
        holders: impl Fn(&BatchReference, bool) -> Vec<ValidatorId>,
    ) -> Asked {
        let good = wanted.iter().filter(|(reference, _)| !self.bad.contains(reference));
        let mut wanted = BTreeMap::new();
        for (reference, needed) in good.take(WANTED_MAX) {
            *wanted.entry(*reference).or_insert(false) |= needed;
        }
        self.asked.retain(|reference, _| wanted.contains_key(reference));
        let mut requests: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut given_up, mut withheld) = (Vec::new(), Vec::new());
        for (reference, needed) in wanted {
            let (next, tries) = self.asked.entry(reference).or_insert((now, 0));
            if *next > now {
                continue;
            }
            let holders = holders(&reference, needed);
            if !needed && *tries >= holders.len() {
                self.asked.remove(&reference);
                given_up.push(reference);
                continue;
            }
            if *tries == holders.len() {
                withheld.push(reference);
            }
            if let Some(who) = holders.get(*tries % holders.len().max(1)) {
                requests.entry(*who).or_default().push(reference);
            }
            (*next, *tries) = (now + FETCH_AGAIN, *tries + 1);
        }
        self.lost.retain(|reference| !given_up.contains(reference));
        (requests, given_up, withheld)
    }

    /// When to look again: whether to ask another, or after what was put off.
    pub(super) fn due(&self) -> Option<Duration> {
        self.put_off.or_else(|| self.asked.values().map(|(next, _)| *next).min())
    }

    /// Whether to look what is wanted, where blocks need something or not. Not at every step, of which
    /// there may be many while hundreds of batches come in.
    pub(super) fn may_look(&mut self, now: Duration, needs: bool) -> bool {
        self.put_off = None;
        if !needs && self.asked.is_empty() && self.lost.is_empty() {
            return false;
        }
        let next = self.looked.map_or(now, |looked| looked + LOOK_EVERY);
        if next > now {
            self.put_off = Some(next);
            return false;
        }
        self.looked = Some(now);
        true
    }

    /// Of what a validator asks for, what it is sent, and how many bytes of that: who asks for too
    /// much is left waiting. All bytes that are left are set aside until [`Self::handed`] tells.
    pub(super) fn serve(
        &mut self,
        to: ValidatorId,
        mut batches: Vec<BatchReference>,
        now: Duration,
    ) -> (Vec<BatchReference>, usize) {
        let served = self.served.entry(to).or_insert((now, 0, SERVED_BYTES_MAX));
        if now >= served.0 + FETCH_AGAIN {
            *served = (now, 0, SERVED_BYTES_MAX);
        }
        let (_, count, left) = served;
        batches.truncate(if *left == 0 { 0 } else { SERVED_MAX - *count });
        if batches.is_empty() {
            return (batches, 0);
        }
        *count += batches.len();
        (batches, std::mem::take(left))
    }

    /// Of the bytes set aside for a validator so many were not needed.
    pub(super) fn handed(&mut self, to: ValidatorId, unused: usize) {
        if let Some((_, _, left)) = self.served.get_mut(&to) {
            *left = left.saturating_add(unused).min(SERVED_BYTES_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::Hash;

    const fn of(seq: u64) -> BatchReference {
        BatchReference { author: ValidatorId([9; 32]), seq, id: Hash::ZERO }
    }

    const IDS: [ValidatorId; 3] =
        [ValidatorId([1; 32]), ValidatorId([2; 32]), ValidatorId([3; 32])];

    /// Asks; returns who is asked for how many, and how many are given up.
    fn ask(
        fetching: &mut Fetching,
        ms: u64,
        wanted: &[u64],
        needed: bool,
    ) -> (Vec<(u8, usize)>, usize) {
        let wanted: Vec<_> = wanted.iter().map(|seq| (of(*seq), needed)).collect();
        let now = Duration::from_millis(ms);
        let (requests, given_up, _) = fetching.ask(now, &wanted, |_, _| IDS.to_vec());
        let asked = requests.into_iter().map(|(who, list)| (who.0[0], list.len())).collect();
        (asked, given_up.len())
    }

    /// The attack: one validator says to hold more than can be asked for at once, of the author that
    /// comes first, and has nothing of it.
    #[test]
    fn what_one_makes_up_stands_before_nobodys() {
        let mut fetching = Fetching::default();
        let first = |seq| BatchReference { author: ValidatorId([0; 32]), seq, id: Hash([6; 32]) };
        let made_up = (0..2 * FETCH_MAX as u64).map(|seq| (IDS[0], first(seq)));
        let unseen: BTreeSet<_> = made_up.chain([(IDS[2], of(1)), (IDS[2], of(2))]).collect();
        fetching.unseen(unseen.clone());
        assert_eq!(fetching.lost().count(), 0, "it may be on its way");
        fetching.unseen(unseen);
        let lost: Vec<_> = fetching.lost().take(4).collect();
        assert_eq!(lost, [first(0), of(1), first(1), of(2)]);
    }

    /// The failure: everybody says to hold a batch, and nobody has it.
    #[test]
    fn what_no_block_needs_is_given_up_once_each_was_asked() {
        let mut fetching = Fetching::default();
        for (ms, who) in [(0, 1), (100, 2), (200, 3)] {
            assert_eq!(ask(&mut fetching, ms, &[1], false), (vec![(who, 1)], 0));
        }
        assert_eq!(ask(&mut fetching, 300, &[1], false), (vec![], 1));
        assert_eq!(fetching.due(), None);
    }

    /// The attack: the first of the holders never answers.
    #[test]
    fn another_holder_is_asked_after_a_while_and_nobody_for_what_is_bad() {
        let asks = |fetching: &mut Fetching, ms, wanted: &[_]| ask(fetching, ms, wanted, true).0;
        let mut fetching = Fetching::default();
        assert_eq!(asks(&mut fetching, 0, &[1, 2]), [(1, 2)]);
        assert_eq!(asks(&mut fetching, 99, &[1, 2, 3]), [(1, 1)]);
        assert_eq!(asks(&mut fetching, 100, &[1, 3]), [(2, 1)]);
        assert!(!fetching.wants(&of(2)));
        fetching.bad(of(1));
        assert_eq!(asks(&mut fetching, 900, &[1]), []);
        assert_eq!(fetching.due(), None);
    }

    /// The attack: one validator asks for everything, again and again.
    #[test]
    fn what_one_validator_is_sent_is_bounded_in_number_and_bytes() {
        let mut fetching = Fetching::default();
        let far: Vec<_> = (0..1_000).map(of).collect();
        let mut serve = |who: usize, ms, unused| {
            let now = Duration::from_millis(ms);
            let (batches, bytes) = fetching.serve(IDS[who], far.clone(), now);
            fetching.handed(IDS[who], unused);
            (batches.len(), bytes)
        };
        // The first answers take little, and leave room in bytes, not in number.
        assert_eq!(serve(0, 0, SERVED_BYTES_MAX - 7), (SERVED_MAX, SERVED_BYTES_MAX));
        assert_eq!(serve(0, 0, 0).0, 0);
        // These fill what one is sent.
        assert_eq!(serve(1, 0, 0), (SERVED_MAX, SERVED_BYTES_MAX));
        assert_eq!(serve(1, 99, 0), (0, 0));
        assert_eq!(serve(1, 100, 0), (SERVED_MAX, SERVED_BYTES_MAX));
    }
}
