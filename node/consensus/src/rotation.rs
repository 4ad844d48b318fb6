//! Who proposes: weighted round robin that passes over who missed its turns (DESIGN D1).
//!
//! Everything here is a function of decided headers: a node's own view of a height, even a
//! certificate that it holds itself, may differ from its neighbour's. The certificate *inside*
//! header h tells in which round h - 1 was decided, and so who missed.
//!
//! **Two bounds that D1 does not have.** Passing over is confined to the first [`SKIP_ROUNDS`]
//! rounds of a height: else an attacker who makes the honest majority miss twice would be left
//! as the only proposer of a height, for good. And what was missed is forgotten every
//! [`EPOCH`] heights, so that a node that starts needs only the headers since then.

use crate::drill::{self, Drill};
use dure_types::{CommitCertificate, Header, Height, ValidatorId, ValidatorSet, vote::Round};
use std::{collections::BTreeMap, sync::Arc};

/// Rounds of a height in which validators are passed over.
pub(crate) const SKIP_ROUNDS: Round = 4;
/// Heights after which misses are forgotten.
pub(crate) const EPOCH: u64 = 256;
/// Heights for which a validator is passed over.
const SKIP_HEIGHTS: u64 = 64;
/// Misses in a row after which it is.
const MISSES: u32 = 2;
/// Turns in one cycle of a set with unequal powers, about.
const CYCLE: u64 = 1_024;

/// First height of the epoch of a height.
#[must_use]
pub(crate) const fn epoch_start(height: Height) -> Height {
    Height(height.0 - height.0 % EPOCH)
}

/// Proposers of one height, by round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposers {
    height: Height,
    validators: Vec<ValidatorId>,
    /// Indices of all, in the order of their turns.
    all: Arc<Vec<usize>>,
    /// The same of those who are not passed over.
    active: Arc<Vec<usize>>,
}

impl Proposers {
    /// Index in the set of the proposer of a round.
    pub(crate) fn index(&self, round: Round) -> usize {
        let turns = if round < SKIP_ROUNDS { &self.active } else { &self.all };
        let slot = self.height.0.wrapping_add(u64::from(round)) % turns.len().max(1) as u64;
        usize::try_from(slot).ok().and_then(|slot| turns.get(slot)).copied().unwrap_or(0)
    }

    /// The proposer of a round.
    pub(crate) fn of(&self, round: Round) -> Option<ValidatorId> {
        self.validators.get(self.index(round)).copied()
    }
}

/// What decided headers tell about who missed its turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rotation {
    /// Misses in a row, and the first height that does not pass over.
    record: BTreeMap<ValidatorId, (u32, Height)>,
    /// Proposers of the height before, whose certificate comes next.
    before: Option<Arc<Proposers>>,
    now: Option<Arc<Proposers>>,
    turns: Turns,
}

impl Rotation {
    /// Proposers of a height: the one after the header that was told last.
    pub(crate) fn begin(&mut self, height: Height, set: &ValidatorSet) -> Arc<Proposers> {
        self.before = self.now.take();
        if height == epoch_start(height) {
            self.record.clear();
            self.before = None;
        }
        let validators: Vec<ValidatorId> = set.0.iter().map(|record| record.id).collect();
        let skipped = |id: &ValidatorId| self.record.get(id).is_some_and(|(_, end)| height < *end);
        let mut active: Vec<bool> = validators.iter().map(|id| !skipped(id)).collect();
        if !active.contains(&true) {
            active.fill(true);
        }
        let all = self.turns.of(set, &vec![true; validators.len()]);
        let active = self.turns.of(set, &active);
        let proposers = Arc::new(Proposers { height, validators, all, active });
        self.now = Some(Arc::clone(&proposers));
        proposers
    }

    /// Takes in a decided header, after [`Rotation::begin`] of its height.
    pub(crate) fn decided(&mut self, header: &Header) {
        if drill::is(Drill::RotationFromLocal) {
            return;
        }
        if let (Some(certificate), Some(before)) = (&header.parent_certificate, self.before.clone())
        {
            self.count(header.height, certificate, &before);
        }
    }

    /// The mistake of [`Drill::RotationFromLocal`].
    pub(crate) fn decided_locally(&mut self, certificate: &CommitCertificate) {
        if let Some(now) = self.now.clone().filter(|_| drill::is(Drill::RotationFromLocal)) {
            self.count(certificate.height.saturating_add(Height(1)), certificate, &now);
        }
    }

    fn count(&mut self, height: Height, certificate: &CommitCertificate, before: &Proposers) {
        // More rounds than this tell nothing that these do not.
        let missed = certificate.round.min(SKIP_ROUNDS.saturating_mul(2));
        for id in (0..missed).filter_map(|round| before.of(round)) {
            let (misses, end) = self.record.entry(id).or_default();
            *misses = misses.saturating_add(1);
            if *misses >= MISSES {
                (*misses, *end) = (0, height.saturating_add(Height(SKIP_HEIGHTS + 1)));
            }
        }
        if let Some(id) = before.of(certificate.round) {
            self.record.entry(id).or_default().0 = 0;
        }
    }
}

/// Who counts with which power; none for those who are passed over.
type Weights = Vec<(ValidatorId, u64)>;

/// The order of turns, kept while set and choice stay the same.
#[derive(Clone, Debug, Default)]
struct Turns {
    kept: Vec<(Weights, Arc<Vec<usize>>)>,
}

impl Turns {
    fn of(&mut self, set: &ValidatorSet, chosen: &[bool]) -> Arc<Vec<usize>> {
        let weight = |(record, chosen): (&dure_types::ValidatorRecord, &bool)| {
            (record.id, if *chosen { record.power } else { 0 })
        };
        let weights: Weights = set.0.iter().zip(chosen).map(weight).collect();
        if let Some((_, turns)) = self.kept.iter().find(|(kept, _)| *kept == weights) {
            return Arc::clone(turns);
        }
        let turns = Arc::new(smooth(&weights.iter().map(|(_, power)| *power).collect::<Vec<_>>()));
        // The whole set's, and those of the last few choices.
        if self.kept.len() >= 4 {
            self.kept.remove(1);
        }
        self.kept.push((weights, Arc::clone(&turns)));
        turns
    }
}

/// Smooth weighted round robin: each turn goes to who is owed most, the first among equals.
fn smooth(powers: &[u64]) -> Vec<usize> {
    let common = powers.iter().fold(0, |divisor, power| greatest_divisor(divisor, *power)).max(1);
    let total: u64 = powers.iter().map(|power| power / common).sum();
    let scaled = |power: &u64| {
        let weight = power / common;
        let share = u128::from(weight) * u128::from(CYCLE) / u128::from(total.max(1));
        match (weight, total > CYCLE) {
            (0, _) => 0,
            (weight, false) => weight,
            (_, true) => u64::try_from(share).unwrap_or(CYCLE).max(1),
        }
    };
    let weights: Vec<i64> =
        powers.iter().map(|power| i64::try_from(scaled(power)).unwrap_or(i64::MAX)).collect();
    let sum: i64 = weights.iter().sum();
    let mut owed = vec![0i64; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..sum {
        for (owed, weight) in owed.iter_mut().zip(&weights) {
            *owed += weight;
        }
        let most = owed.iter().enumerate().max_by_key(|(index, owed)| (**owed, usize::MAX - index));
        if let Some((index, _)) = most {
            turns.push(index);
            owed[index] -= sum;
        }
    }
    turns
}

const fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::{Hash, TimestampMs, ValidatorRecord};

    fn set(powers: &[u64]) -> ValidatorSet {
        let record = |(index, power): (usize, &u64)| ValidatorRecord {
            id: ValidatorId([index as u8; 32]),
            name: String::new(),
            consensus_key: [index as u8; 32],
            network_key: [index as u8; 32],
            consensus_binding: [0; 64],
            network_binding: [0; 64],
            power: *power,
        };
        ValidatorSet(powers.iter().enumerate().map(record).collect())
    }

    /// A header of a height whose parent was decided in a round.
    fn header(height: u64, round: Round) -> Header {
        let (zero, before) = (Hash::ZERO, Height(height - 1));
        let certificate = |before| CommitCertificate {
            height: before,
            round,
            block: zero,
            signatures: Vec::new(),
        };
        Header {
            version: 1,
            height: Height(height),
            parent: zero,
            parent_certificate: (height > 1).then(|| certificate(before)),
            time: TimestampMs(height),
            batches: Vec::new(),
            executed: Height::ZERO,
            roots: Vec::new(),
            validators: zero,
            next_validators: zero,
            evidence: Vec::new(),
        }
    }

    /// Goes through heights, each decided in the round that is given.
    fn run(rotation: &mut Rotation, set: &ValidatorSet, from: u64, rounds: &[Round]) {
        // The certificate of a height stands in the header after it.
        let mut round = 0;
        for (height, decided) in (from..).zip(rounds) {
            rotation.begin(Height(height), set);
            rotation.decided(&header(height, round));
            round = *decided;
        }
    }

    #[test]
    fn turns_are_weighted_and_mixed() {
        assert_eq!(smooth(&[3, 1, 1]), [0, 1, 0, 2, 0]);
        assert_eq!(smooth(&[1; 4]), [0, 1, 2, 3]);
        assert_eq!(smooth(&[20, 20]), [0, 1]);
        let large = smooth(&[1 << 32, 1, 1 << 31]);
        let turns = |index| large.iter().filter(|turn| **turn == index).count();
        assert!(large.len() < 1_100 && turns(1) == 1 && turns(0).abs_diff(2 * turns(2)) < 3);
    }

    #[test]
    fn two_misses_pass_over_for_64_heights() {
        let (set, mut rotation) = (set(&[1; 4]), Rotation::default());
        // Validator 1 proposes first at heights 1 and 5, and misses both.
        run(&mut rotation, &set, 1, &[1, 0, 0, 0, 1, 0]);
        let missed = ValidatorId([1; 32]);
        for height in 7..=70u64 {
            let proposers = rotation.begin(Height(height), &set);
            let first = (0..SKIP_ROUNDS).filter_map(|round| proposers.of(round));
            assert!(first.into_iter().all(|id| id != missed), "height {height}");
            rotation.decided(&header(height, 0));
        }
        let proposers = rotation.begin(Height(71), &set);
        assert!((0..SKIP_ROUNDS).any(|round| proposers.of(round) == Some(missed)));
    }

    #[test]
    fn all_missing_pass_over_nobody() {
        let (set, mut rotation) = (set(&[1; 2]), Rotation::default());
        run(&mut rotation, &set, 1, &[8, 8, 0]);
        let proposers = rotation.begin(Height(4), &set);
        assert_ne!(proposers.of(0), proposers.of(1));
    }

    /// The attack: validators 0 to 2 were made to miss, 3 lies.
    #[test]
    fn later_rounds_pass_over_nobody() {
        let (set, mut rotation) = (set(&[1; 4]), Rotation::default());
        run(&mut rotation, &set, 1, &[2, 3, 7, 7, 0]);
        let proposers = rotation.begin(Height(6), &set);
        let later: Vec<_> =
            (SKIP_ROUNDS..SKIP_ROUNDS + 4).map(|round| proposers.of(round)).collect();
        for id in 0..4u8 {
            assert!(later.contains(&Some(ValidatorId([id; 32]))), "{later:?}");
        }
    }

    #[test]
    fn a_node_that_starts_computes_the_same_proposers() {
        let set = set(&[5, 1, 2, 1]);
        let rounds: Vec<Round> = (0..700u32).map(|height| (height * height / 7) % 4).collect();
        for start in [1u64, 5, 255, 256, 257, 600] {
            let mut whole = Rotation::default();
            run(&mut whole, &set, 1, &rounds[..start as usize + 20]);
            let next = start + 21;
            let from = epoch_start(Height(next)).0.max(1);
            let mut late = Rotation::default();
            let mut round = if from > 1 { rounds[from as usize - 2] } else { 0 };
            for height in from..next {
                late.begin(Height(height), &set);
                late.decided(&header(height, round));
                round = rounds[height as usize - 1];
            }
            let (a, b) = (whole.begin(Height(next), &set), late.begin(Height(next), &set));
            assert!((0..9).all(|round| a.of(round) == b.of(round)), "from {from} to {next}");
        }
    }
}
