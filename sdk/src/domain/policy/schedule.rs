//! Versions of a policy and when they hold.

use crate::{Described, Item, Map, Order, Set, TimestampMs};
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Versions that a policy may have, the past ones included: what a purchase recorded must stay.
const VERSIONS_MAX: u32 = 1_024;
/// Versions that lie together in one entry: the one that holds when a later one is scheduled, and
/// those to come. So a payment reads what holds at once, and need not look for it.
const RECENT_MAX: usize = 4;
/// Retroactive versions among them, each of which a judgement of old terms reads.
const RETROACTIVE_MAX: u32 = 32;

/// Says why a policy did not change, or has nothing to say.
#[crate::ty]
#[derive(Copy)]
pub enum PolicyError {
    /// It would hold too soon.
    TooSoon {
        /// When it would hold from.
        from: TimestampMs,
        /// The earliest that the notice allows.
        earliest: TimestampMs,
    },
    /// A version that holds later, or then, is already scheduled.
    NotLast {
        /// When it would hold from.
        from: TimestampMs,
        /// The last version.
        last: Version,
    },
    /// There are as many versions as there may be.
    Full {
        /// How many there may be.
        limit: u32,
    },
    /// No version held then.
    NoneYet {
        /// The instant asked for.
        time: TimestampMs,
    },
    /// There is no such version.
    Unknown {
        /// The version asked for.
        version: Version,
    },
    /// The version holds already and stays for good.
    InForce {
        /// The version that was to be withdrawn.
        version: Version,
    },
}

/// A version of a policy: the instant from which it holds. A purchase records it.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Version(pub TimestampMs);

/// Terms of a contract with a holder, which can be compared.
pub trait Terms {
    /// Whether these terms are at least as good for the holder as the other in every respect, and
    /// better in one. Terms that are better here and worse there are not better.
    fn is_better_for_holder(&self, than: &Self) -> bool;
}

/// How many versions there are.
#[crate::ty]
#[derive(Copy)]
struct Count {
    all: u32,
    retroactive: u32,
}

/// A policy with its versions: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::policy::Policy, native::Sandbox, prelude::*};
/// let day = 24 * 60 * 60 * 1_000;
/// Sandbox::new().run(|_| {
///     // A cap of a month, changed with a day's notice.
///     let mut cap = Policy::<Amount>::open(Place::field(0));
///     let now = TimestampMs(100 * day);
///     cap.schedule(&Amount(700_000), now, now, day, false).unwrap();
///     cap.schedule(&Amount(2_000_000), TimestampMs(101 * day), now, day, false).unwrap();
///     assert_eq!(cap.at(TimestampMs(101 * day - 1)).unwrap().1, Amount(700_000));
///     assert_eq!(cap.at(TimestampMs(101 * day)).unwrap().1, Amount(2_000_000));
/// });
/// ```
#[crate::composite]
pub struct Policy<T: Encode + Decode + Described + 'static> {
    versions: Map<Version, T>,
    /// Those that may apply to what was bought before them.
    retroactive: Set<Version>,
    count: Item<Count>,
    /// The last versions once more, four at most, ascending; none that was over when the last one
    /// was scheduled.
    recent: Item<Vec<(Version, T)>>,
}

impl<T: Encode + Decode + Clone + Described + 'static> Policy<T> {
    /// Schedules a version that holds from an instant on, at least `notice_ms` after now.
    ///
    /// The first version of all needs no notice and may hold from the past on, so that a contract
    /// can be set up.
    ///
    /// # Errors
    /// `TooSoon`, `NotLast` and `Full`; nothing is changed then.
    pub fn schedule(
        &mut self,
        value: &T,
        from: TimestampMs,
        now: TimestampMs,
        notice_ms: u64,
        retroactive: bool,
    ) -> Result<Version, PolicyError> {
        let mut count = self.count();
        if let Some(last) = self.last() {
            let earliest = TimestampMs(now.0.saturating_add(notice_ms));
            crate::ensure!(from >= earliest, PolicyError::TooSoon { from, earliest });
            crate::ensure!(from > last.0, PolicyError::NotLast { from, last });
        }
        let limit = VERSIONS_MAX;
        crate::ensure!(count.all < limit, PolicyError::Full { limit });
        if retroactive {
            let limit = RETROACTIVE_MAX;
            crate::ensure!(count.retroactive < limit, PolicyError::Full { limit });
            count.retroactive += 1;
            self.retroactive.insert(&Version(from));
        }
        count.all += 1;
        self.count.set(&count);
        self.versions.set(&Version(from), value);
        let mut recent = self.recent();
        let over = recent.iter().rposition(|(version, _)| version.0 <= now).unwrap_or(0);
        recent.push((Version(from), value.clone()));
        recent.drain(..over.max(recent.len().saturating_sub(RECENT_MAX)));
        self.recent.set(&recent);
        Ok(Version(from))
    }

    /// Withdraws a version that does not hold yet.
    ///
    /// # Errors
    /// `Unknown` and `InForce`; nothing is changed then.
    pub fn withdraw(&mut self, version: Version, now: TimestampMs) -> Result<(), PolicyError> {
        crate::ensure!(self.versions.contains(&version), PolicyError::Unknown { version });
        crate::ensure!(now < version.0, PolicyError::InForce { version });
        let mut count = self.count();
        if self.retroactive.contains(&version) {
            self.retroactive.remove(&version);
            count.retroactive = count.retroactive.saturating_sub(1);
        }
        count.all = count.all.saturating_sub(1);
        self.count.set(&count);
        self.versions.remove(&version);
        let mut recent = self.recent();
        recent.retain(|(other, _)| *other != version);
        self.recent.set(&recent);
        Ok(())
    }

    /// What holds at an instant, and its version.
    ///
    /// # Errors
    /// `NoneYet` before the first version.
    pub fn at(&self, time: TimestampMs) -> Result<(Version, T), PolicyError> {
        let mut recent = self.recent();
        match recent.iter().rposition(|(version, _)| version.0 <= time) {
            Some(newest) => Ok(recent.swap_remove(newest)),
            None => {
                let older = self.versions.first(Some(&Version(time)), Order::Descending);
                older.ok_or(PolicyError::NoneYet { time })
            }
        }
    }

    /// A version by name, whether it holds or not.
    ///
    /// # Errors
    /// `Unknown` when there is none such.
    pub fn version(&self, version: Version) -> Result<T, PolicyError> {
        self.versions.get(&version).ok_or(PolicyError::Unknown { version })
    }

    /// The last version that was scheduled.
    #[must_use]
    pub fn last(&self) -> Option<Version> {
        self.versions.first(None, Order::Descending).map(|(version, _)| version)
    }

    /// The first version that holds later than an instant.
    #[must_use]
    pub fn next(&self, time: TimestampMs) -> Option<Version> {
        let after = Version(TimestampMs(time.0.saturating_add(1)));
        let later = self.versions.entries(Some(&after), Order::Ascending).next();
        later.map(|(version, _)| version)
    }

    fn recent(&self) -> Vec<(Version, T)> {
        self.recent.try_get().unwrap_or_default()
    }

    fn count(&self) -> Count {
        self.count.try_get().unwrap_or(Count { all: 0, retroactive: 0 })
    }
}

impl<T: Encode + Decode + Clone + Terms + Described + 'static> Policy<T> {
    /// The terms that apply now to what was bought under a version: that version's, or those of a
    /// later one in force that is retroactive and better for the holder.
    ///
    /// # Errors
    /// `Unknown` when there is no such version.
    pub fn frozen(&self, bought: Version, now: TimestampMs) -> Result<T, PolicyError> {
        let mut terms = self.version(bought)?;
        for version in self.retroactive.entries(Some(&bought), Order::Ascending) {
            if version.0 > now {
                break;
            }
            let later = self.version(version)?;
            if version != bought && later.is_better_for_holder(&terms) {
                terms = later;
            }
        }
        Ok(terms)
    }
}
