//! What things are worth, as it changes: rates with effective dates, an age and a breaker (rules
//! X1, X6).
//!
//! A rate holds from an instant on, until the next one. Three bounds guard who exchanges by it:
//!
//! - **Notice.** A rate is set so long before it holds. What is quoted now is good for so long.
//! - **Age.** A rate that holds longer than that is *stale*, and nothing is exchanged by it: a
//!   source that fell silent does not go on selling at yesterday's prices.
//! - **Breaker.** A rate that differs by more than so many basis points from any rate that held
//!   within a window before it *trips* its thing: nothing is exchanged until somebody who looked
//!   resets it. A mistaken digit does no harm.
//!
//! **Worth, not pairs.** A rate says what one unit of a thing is worth in a unit common to all. The
//! price of a pair follows from two of them
//! ([`Exchange::by_worth`](super::split::Exchange::by_worth)), so that no sequence of exchanges
//! ends with more of anything: each one gives at most the worth that it takes, and three prices of
//! three pairs that do not fit each other cannot be written down.

use crate::{
    Amount, Described, Map, Order, Ratio, StorageKey, TimestampMs,
    domain::{calendar::is_live, share},
};

/// Rates of one thing that may begin to hold within a window: each is compared with a new one.
const IN_WINDOW_MAX: usize = 64;

/// The bounds of rates.
#[crate::ty]
#[derive(Copy)]
pub struct Guard {
    /// How long before it holds a rate is set.
    pub notice_ms: u64,
    /// How long a rate may hold; none: until the next one.
    pub age_max_ms: Option<u64>,
    /// By how much rates may differ within the window; none: as they like.
    pub jump_max_bp: Option<u32>,
    /// The window.
    pub window_ms: u64,
}

impl Guard {
    /// No bounds: rates are set when they change.
    pub const NONE: Self = Self { notice_ms: 0, age_max_ms: None, jump_max_bp: None, window_ms: 0 };
}

/// A rate that differs too much.
#[crate::ty]
#[derive(Copy)]
pub struct Jump {
    /// The rate that it differs from.
    pub before: Ratio,
    /// The rate.
    pub after: Ratio,
    /// From when it holds.
    pub from: TimestampMs,
}

/// A rate in force.
#[crate::ty]
#[derive(Copy)]
pub struct InForce {
    /// The rate.
    pub rate: Ratio,
    /// Since when it holds.
    pub since: TimestampMs,
    /// Until when it holds, whatever is set from now on; a jump may trip it before.
    pub until: TimestampMs,
}

/// Says why a rate does not change or does not hold. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum RatesError {
    /// The rate has a nought in it.
    BadRate,
    /// It would hold too soon.
    TooSoon {
        /// When it would hold from.
        from: TimestampMs,
        /// The earliest that the notice allows.
        earliest: TimestampMs,
    },
    /// A rate that holds later, or then, is set already.
    NotLast {
        /// From when it holds, or would.
        from: TimestampMs,
        /// From when the last one holds.
        last: TimestampMs,
    },
    /// As many rates begin within the window as may.
    TooOften {
        /// How many may.
        limit: u32,
    },
    /// No rate held then.
    NoneYet {
        /// The instant asked for.
        time: TimestampMs,
    },
    /// No rate begins to hold then.
    Unknown {
        /// The instant.
        from: TimestampMs,
    },
    /// The rate holds already and stays for good.
    Holds {
        /// Since when.
        from: TimestampMs,
    },
    /// The rate is too old.
    Stale {
        /// Since when it holds.
        since: TimestampMs,
        /// Until when it was good.
        until: TimestampMs,
    },
    /// The breaker is open.
    Tripped {
        /// What tripped it.
        jump: Jump,
    },
    /// The breaker is closed.
    NotTripped,
}

/// The rates of things known by `K`: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::rates::{Guard, Rates, RatesError}, native::Sandbox, prelude::*};
/// let hour = 60 * 60 * 1_000;
/// // A tenth an hour at most, and no rate older than a day.
/// let guard = Guard {
///     age_max_ms: Some(24 * hour),
///     jump_max_bp: Some(1_000),
///     window_ms: hour,
///     ..Guard::NONE
/// };
/// let rate = |won| Ratio::new(won, 1).unwrap();
/// Sandbox::new().run(|cx| {
///     let mut gold = Rates::<u8>::open(Place::field(0));
///     let now = cx.time();
///     gold.set(&1, rate(100), now, now, &guard).unwrap();
///     assert_eq!(gold.at(&1, now, &guard).unwrap().rate, rate(100));
///     let later = TimestampMs(now.0 + hour / 2);
///     assert!(gold.set(&1, rate(1_000), later, later, &guard).unwrap().is_some());
///     assert!(matches!(gold.at(&1, later, &guard), Err(RatesError::Tripped { .. })));
/// });
/// ```
#[crate::composite]
pub struct Rates<K: StorageKey + Described + 'static> {
    rates: Map<(K, TimestampMs), Ratio>,
    tripped: Map<K, Jump>,
}

impl<K: StorageKey + Described + Copy + PartialEq + 'static> Rates<K> {
    /// Sets a rate that holds from an instant on, and says what tripped the breaker, if it did. The
    /// first rate of a thing needs no notice.
    ///
    /// # Errors
    /// `BadRate`, `TooSoon`, `NotLast` and `TooOften`; nothing is changed then.
    pub fn set(
        &mut self,
        key: &K,
        rate: Ratio,
        from: TimestampMs,
        now: TimestampMs,
        guard: &Guard,
    ) -> Result<Option<Jump>, RatesError> {
        crate::ensure!(rate.is_valid(), RatesError::BadRate);
        if let Some((last, _)) = self.newest(key, TimestampMs::MAX) {
            let earliest = TimestampMs(now.0.saturating_add(guard.notice_ms));
            crate::ensure!(from >= earliest, RatesError::TooSoon { from, earliest });
            crate::ensure!(from > last, RatesError::NotLast { from, last });
        }
        let jump = self.jump(key, rate, from, guard)?;
        self.rates.set(&(*key, from), &rate);
        if let Some(jump) = jump {
            self.tripped.set(key, &jump);
        }
        Ok(jump)
    }

    /// Withdraws the last rate, which does not hold yet: those that were set after another were
    /// compared with it. What it tripped stays tripped.
    ///
    /// # Errors
    /// `Unknown`, `Holds` and `NotLast`; nothing is changed then.
    pub fn withdraw(
        &mut self,
        key: &K,
        from: TimestampMs,
        now: TimestampMs,
    ) -> Result<(), RatesError> {
        crate::ensure!(self.rates.contains(&(*key, from)), RatesError::Unknown { from });
        crate::ensure!(now < from, RatesError::Holds { from });
        let last = self.newest(key, TimestampMs::MAX).map_or(from, |(last, _)| last);
        crate::ensure!(last == from, RatesError::NotLast { from, last });
        self.rates.remove(&(*key, from));
        Ok(())
    }

    /// Closes the breaker again: the rates that are set stand.
    ///
    /// # Errors
    /// `NotTripped`; nothing is changed then.
    pub fn reset(&mut self, key: &K) -> Result<Jump, RatesError> {
        let jump = self.tripped.get(key).ok_or(RatesError::NotTripped)?;
        self.tripped.remove(key);
        Ok(jump)
    }

    /// What a thing is worth now.
    ///
    /// # Errors
    /// `Tripped`, `NoneYet` and `Stale`.
    pub fn at(&self, key: &K, now: TimestampMs, guard: &Guard) -> Result<InForce, RatesError> {
        if let Some(jump) = self.tripped.get(key) {
            return Err(RatesError::Tripped { jump });
        }
        let (since, rate) = self.newest(key, now).ok_or(RatesError::NoneYet { time: now })?;
        let after = |start: TimestampMs, ms| TimestampMs(start.0.saturating_add(ms));
        let mut until = after(now, guard.notice_ms);
        if let Some(age) = guard.age_max_ms {
            let old = after(since, age);
            crate::ensure!(is_live(now, old), RatesError::Stale { since, until: old });
            until = until.min(old);
        }
        let next = self.rates.entries(Some(&(*key, after(now, 1))), Order::Ascending).next();
        if let Some(((_, from), _)) = next.filter(|((of, _), _)| of == key) {
            until = until.min(from);
        }
        Ok(InForce { rate, since, until })
    }

    /// The newest rate at or before an instant.
    fn newest(&self, key: &K, time: TimestampMs) -> Option<(TimestampMs, Ratio)> {
        self.back(key, time).next()
    }

    /// The rates at or before an instant, newest first.
    fn back(&self, key: &K, time: TimestampMs) -> impl Iterator<Item = (TimestampMs, Ratio)> {
        let (key, all) = (*key, self.rates.entries(Some(&(*key, time)), Order::Descending));
        all.take_while(move |((of, _), _)| *of == key).map(|((_, from), rate)| (from, rate))
    }

    /// The first rate, newest first, that held in the window before `from` and that `after` differs
    /// from by too much.
    fn jump(
        &self,
        key: &K,
        after: Ratio,
        from: TimestampMs,
        guard: &Guard,
    ) -> Result<Option<Jump>, RatesError> {
        let Some(limit_bp) = guard.jump_max_bp else { return Ok(None) };
        let start = TimestampMs(from.0.saturating_sub(guard.window_ms));
        for (count, (since, before)) in self.back(key, from).enumerate() {
            let limit = IN_WINDOW_MAX as u32;
            crate::ensure!(count < IN_WINDOW_MAX, RatesError::TooOften { limit });
            if differs(before, after, limit_bp) {
                return Ok(Some(Jump { before, after, from }));
            }
            // This one held when the window began; those before it did not reach into it.
            if since <= start {
                break;
            }
        }
        Ok(None)
    }
}

/// Whether two rates differ by more than so many basis points of the first.
fn differs(before: Ratio, after: Ratio, limit_bp: u32) -> bool {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let old = product(before.numerator(), after.denominator());
    let new = product(after.numerator(), before.denominator());
    let whole = Amount(u128::from(share::WHOLE_BP));
    let difference_bp = share::ceil(Amount(new.abs_diff(old)), whole, Amount(old));
    difference_bp.is_none_or(|bp| bp > Amount(u128::from(limit_bp)))
}
