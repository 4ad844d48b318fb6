//! When a node that does not know what its key signed may sign again, and which node is such a one.

use crate::{
    BLOCK_INTERVAL_MIN, Now,
    drill::{self, Drill},
    validity::CLOCK_DRIFT_MS_MAX,
};
use dure_types::{Header, Height, ValidatorId, ValidatorSet};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How long to listen for the heights of others, from the first that is heard of on.
const LISTEN: Duration = Duration::from_secs(3);
/// How long what was heard counts: a liar may name any height.
const BELIEVE: Duration = Duration::from_secs(60);
/// A node without ledger and log that does not hear from all others begins height 1 after this time.
const LOOK_AROUND: Duration = Duration::from_secs(3);
/// Until then it asks them this often.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// Nothing is signed until others decide a block that was proposed after this began, at a height
/// where our key did not sign before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observing {
    since: Duration,
    /// The greatest height heard of while we listened, and from when on we did.
    heard: Option<(Duration, Height)>,
}

impl Observing {
    pub(crate) const fn new(now: Now) -> Self {
        Self { since: now.elapsed, heard: None }
    }

    /// Somebody works on a height, or says so.
    pub(crate) fn hear(&mut self, height: Height, now: Now) {
        let (from, heard) = self.heard.get_or_insert((now.elapsed, height));
        if now.elapsed < *from + LISTEN {
            *heard = height.max(*heard);
        }
    }

    /// Whether a header that others decided ends it: it was proposed after the beginning, whichever
    /// clock is ahead, and its height is above those heard of then. Where our key signed last,
    /// others were at that height or the one before: so the next height is above it, even if our
    /// clock is wrong and the header an old one.
    pub(crate) fn ends(&self, header: &Header, now: Now) -> bool {
        let lasted = now.elapsed.saturating_sub(self.since);
        // By the clock of now: that of the beginning may have been put right since.
        let began = now.wall.0.saturating_sub(ms(lasted));
        let above = self.heard.is_some_and(|(_, heard)| header.height > heard);
        header.time.0 > began.saturating_add(2 * CLOCK_DRIFT_MS_MAX) && (above || lasted >= BELIEVE)
    }
}

/// A node that found neither ledger nor log, before its first height is decided. Either the chain
/// is new, or the disk was lost and the key signed before.
#[derive(Debug)]
pub(crate) struct Fresh {
    start: Now,
    /// Who said that nothing is decided yet.
    level: BTreeSet<ValidatorId>,
    /// Who was heard of at greater heights, and the greatest.
    ahead: BTreeMap<ValidatorId, Height>,
    ask: Duration,
    /// Whether there is anybody to hear, validator or not.
    has_peers: bool,
}

impl Fresh {
    pub(crate) fn new(start: Now, has_peers: bool) -> Self {
        let (level, ahead) = (BTreeSet::new(), BTreeMap::new());
        Self { start, level, ahead, ask: start.elapsed, has_peers }
    }

    /// A validator said that it decided nothing.
    pub(crate) fn hear_nothing(&mut self, from: ValidatorId) {
        self.level.insert(from);
    }

    /// A validator works on a height beyond the first, or says so.
    pub(crate) fn hear(&mut self, from: ValidatorId, height: Height) {
        let greatest = self.ahead.entry(from).or_default();
        *greatest = height.max(*greatest);
    }

    /// The greatest height that more than a third of the power works on, or one beyond: at least
    /// one honest validator does.
    fn known(&self, validators: &ValidatorSet) -> Option<Height> {
        let reach = |height: &Height| {
            let there = self.ahead.iter().filter(|(_, of)| *of >= height);
            let power = there.filter_map(|(id, _)| validators.get(*id)).map(|record| record.power);
            power.fold(0, u64::saturating_add).saturating_mul(3) > validators.total_power()
        };
        self.ahead.values().copied().filter(reach).max()
    }

    /// Whether all others, at least one, say that nothing is decided.
    pub(crate) fn is_level(&self, me: ValidatorId, validators: &ValidatorSet) -> bool {
        !self.level.is_empty() && self.begins(me, validators) == Some(Duration::ZERO)
    }

    /// When height 1 may begin; none while it is known to be decided, by more than a third.
    ///
    /// The validators are those of height 1, the only ones that such a node knows. Who is none of
    /// them and is ahead may have joined since: nobody can say what it weighs, and it is waited for.
    pub(crate) fn begins(&self, me: ValidatorId, validators: &ValidatorSet) -> Option<Duration> {
        let mut others = validators.0.iter().filter(|record| record.id != me).peekable();
        let alone = others.peek().is_none();
        if others.all(|record| self.level.contains(&record.id)) && !(alone && self.has_peers) {
            return Some(Duration::ZERO);
        }
        let joined = self.ahead.keys().any(|id| validators.get(*id).is_none());
        let wait = if joined { BELIEVE } else { LOOK_AROUND };
        self.known(validators).is_none().then(|| self.start.elapsed + wait)
    }

    /// When the others are to be asked; none when all have answered.
    pub(crate) fn ask_due(&self, me: ValidatorId, validators: &ValidatorSet) -> Option<Duration> {
        (self.begins(me, validators) != Some(Duration::ZERO)).then_some(self.ask)
    }

    /// The others are asked.
    pub(crate) fn asked(&mut self, now: Now) {
        self.ask = now.elapsed + ASK_EVERY;
    }

    /// Whether the first header that others decided shows that the chain is older than this node.
    /// A header ahead of our clock shows that our clock is wrong: then nobody knows. So do, whatever
    /// the clock, more heights than can have begun since our start.
    pub(crate) fn is_of_old_chain(
        &self,
        header: &Header,
        now: Now,
        validators: &ValidatorSet,
    ) -> bool {
        let lasted = now.elapsed.saturating_sub(self.start.elapsed);
        let began = now.wall.0.saturating_sub(ms(lasted));
        let before = header.time.0.saturating_add(CLOCK_DRIFT_MS_MAX) < began;
        let ahead = header.time.0 > now.wall.0.saturating_add(2 * CLOCK_DRIFT_MS_MAX);
        let begun = self.known(validators).map_or(0, |height| height.0.saturating_sub(2));
        let took = BLOCK_INTERVAL_MIN.saturating_mul(u32::try_from(begun).unwrap_or(u32::MAX));
        (before || ahead || took > lasted) && !drill::is(Drill::EmptyDiskVotes)
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
