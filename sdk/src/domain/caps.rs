//! Caps by calendar month (rules C1, C3, C7).
//!
//! What a person may buy, give or cash out in a month has a limit. Equal to the limit is allowed,
//! and a refusal says what is left. The total starts again on the 1st at 00:00 KST.
//!
//! What is undone in the month in which it was done restores that month's room; undone later it
//! restores nothing: the month is over, and the next one's room is its own.
//!
//! Which amount counts is the contract's: for purchases the face value of discounted ones only (C1,
//! C3). A holding cap is not by month: see [`check_holding`].
//!
//! A total is kept for each key of its own: the hash of a person, or a person and a purpose. What
//! different persons do touches nothing in common.

use crate::{Amount, Described, Map, StorageKey, TimestampMs, domain::calendar::Month, ensure};

/// Says why a cap does not allow something. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum CapsError {
    /// The month has less left.
    AboveCap {
        /// What is left.
        left: Amount,
        /// What was wanted.
        wanted: Amount,
        /// The cap of the month.
        cap: Amount,
    },
    /// The holder would hold too much.
    AboveHolding {
        /// What more may be held.
        left: Amount,
        /// What was to be added.
        wanted: Amount,
        /// What may be held.
        cap: Amount,
    },
}

/// Totals of the current month by `K`: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::caps::Caps, native::Sandbox, prelude::*};
/// let (ana, cap, now) = (Hash([1; 32]), Amount(700_000), TimestampMs(1_800_000_000_000));
/// Sandbox::new().run(|_| {
///     let mut bought = Caps::<Hash>::open(Place::field(0));
///     assert_eq!(bought.add(&ana, Amount(500_000), cap, now), Ok(Amount(200_000)));
///     assert!(bought.add(&ana, Amount(200_001), cap, now).is_err());
/// });
/// ```
#[crate::composite]
pub struct Caps<K: StorageKey + Described + 'static> {
    used: Map<K, (Month, Amount)>,
}

impl<K: StorageKey + Described + 'static> Caps<K> {
    /// Counts an amount against the cap of this month, and says what is left.
    ///
    /// # Errors
    /// `AboveCap` when it does not fit; nothing is changed then.
    pub fn add(
        &mut self,
        who: &K,
        amount: Amount,
        cap: Amount,
        now: TimestampMs,
    ) -> Result<Amount, CapsError> {
        let used = self.used(who, now);
        let rest = rest(used, amount, cap)?;
        self.used.set(who, &(Month::of(now), used.saturating_add(amount)));
        Ok(rest)
    }

    /// What would be left of this month's cap after an amount: what [`Caps::add`] says, uncounted.
    ///
    /// # Errors
    /// `AboveCap` when it does not fit.
    pub fn check(
        &self,
        who: &K,
        amount: Amount,
        cap: Amount,
        now: TimestampMs,
    ) -> Result<Amount, CapsError> {
        rest(self.used(who, now), amount, cap)
    }

    /// Undoes what was counted at `done`: in the same month it restores the room, later nothing.
    /// Says how much was restored.
    pub fn undo(&mut self, who: &K, amount: Amount, done: TimestampMs, now: TimestampMs) -> Amount {
        let month = Month::of(now);
        if Month::of(done) != month {
            return Amount::ZERO;
        }
        let used = self.used(who, now);
        let restored = used.min(amount);
        self.used.set(who, &(month, used.saturating_sub(restored)));
        restored
    }

    /// What was counted this month.
    #[must_use]
    pub fn used(&self, who: &K, now: TimestampMs) -> Amount {
        match self.used.get(who) {
            Some((month, used)) if month == Month::of(now) => used,
            _ => Amount::ZERO,
        }
    }
}

/// What a cap leaves after an amount on top of what is used.
fn rest(used: Amount, amount: Amount, cap: Amount) -> Result<Amount, CapsError> {
    // A cap that was lowered during the month can lie below what is used.
    let left = cap.saturating_sub(used);
    left.checked_sub(amount).ok_or(CapsError::AboveCap { left, wanted: amount, cap })
}

/// Checks that a holder who holds so much may add to it (C3): after any act of the holder's own. A
/// merchant's cancel, a grant and a recovery are exempt, and not checked.
///
/// # Errors
/// `AboveHolding` when the cap would be passed.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::caps::{CapsError, check_holding}};
/// // Two months of 700,000 unspent, and 1,500,000 may be held: 100,000 more.
/// let (held, cap) = (Amount(1_400_000), Amount(1_500_000));
/// assert_eq!(check_holding(held, Amount(100_000), cap), Ok(()));
/// let refused = CapsError::AboveHolding { left: Amount(100_000), wanted: Amount(100_001), cap };
/// assert_eq!(check_holding(held, Amount(100_001), cap), Err(refused));
/// ```
pub fn check_holding(held: Amount, wanted: Amount, cap: Amount) -> Result<(), CapsError> {
    let left = cap.saturating_sub(held);
    ensure!(wanted <= left, CapsError::AboveHolding { left, wanted, cap });
    Ok(())
}
