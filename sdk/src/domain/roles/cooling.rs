//! Units that are too new to be sold.

use crate::{Address, Amount, Balance, Map, Order, TimestampMs};
use alloc::vec::Vec;

/// Units that mature within one such span are kept as one entry, so that many small issues do not
/// make a sale read many entries.
pub const COOLING_STEP_MS: u64 = 60 * 60 * 1_000;
/// Matured entries that one issue clears away.
const CLEARED_MAX: usize = 32;

/// Says why units cannot be sold.
#[crate::ty]
#[derive(Copy)]
pub enum CoolingError {
    /// Not so much of what the account holds has matured.
    Cooling {
        /// The account.
        account: Address,
        /// What may be sold.
        matured: Amount,
        /// What was to be sold.
        wanted: Amount,
        /// When more of it matures.
        next: TimestampMs,
    },
    /// The account holds less.
    Short {
        /// What it holds.
        balance: Amount,
        /// What was to be sold.
        wanted: Amount,
    },
}

/// What accounts hold that is new: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::roles::Cooling, native::Sandbox, prelude::*};
/// let (ana, hour) = (Address([1; 32]), 60 * 60 * 1_000);
/// Sandbox::new().run(|_| {
///     let mut cooling = Cooling::open(Place::field(0));
///     cooling.issued(ana, Amount(1_000), TimestampMs(0), 24 * hour);
///     let sale = |at| cooling.check_sale(ana, Amount(1_000), Amount(1), TimestampMs(at));
///     assert!(sale(23 * hour).is_err());
///     assert!(sale(24 * hour).is_ok());
/// });
/// ```
#[crate::composite]
pub struct Cooling {
    new: Map<(Address, TimestampMs), Balance>,
}

impl Cooling {
    /// Books newly issued units, and says when they mature: `cooling_ms` after now, rounded up to a
    /// full hour.
    pub fn issued(
        &mut self,
        account: Address,
        amount: Amount,
        now: TimestampMs,
        cooling_ms: u64,
    ) -> TimestampMs {
        let all = self.new.under(&account, Order::Ascending).map(|(key, _)| key);
        let matured = all.take_while(|(_, at)| *at <= now).take(CLEARED_MAX);
        for key in matured.collect::<Vec<_>>() {
            self.new.remove(&key);
        }
        let steps = now.0.saturating_add(cooling_ms).div_ceil(COOLING_STEP_MS);
        let at = TimestampMs(steps.saturating_mul(COOLING_STEP_MS));
        if at > now {
            self.new.at(&(account, at)).add(amount);
        }
        at
    }

    /// What an account holds that has not matured: units are sold oldest first, so it never falls
    /// by a sale.
    #[must_use]
    pub fn cooling(&self, account: Address, now: TimestampMs) -> Amount {
        self.still_new(account, now)
            .fold(Amount::ZERO, |sum, (_, amount)| sum.saturating_add(amount))
    }

    /// Checks that an account that holds `balance` may sell so much of it.
    ///
    /// # Errors
    /// `Short` and `Cooling`.
    pub fn check_sale(
        &self,
        account: Address,
        balance: Amount,
        wanted: Amount,
        now: TimestampMs,
    ) -> Result<(), CoolingError> {
        crate::ensure!(wanted <= balance, CoolingError::Short { balance, wanted });
        let matured = balance.saturating_sub(self.cooling(account, now));
        let first = self.still_new(account, now).next();
        match first {
            Some(((_, next), _)) if wanted > matured => {
                Err(CoolingError::Cooling { account, matured, wanted, next })
            }
            _ => Ok(()),
        }
    }

    /// Takes units back before they mature: the issue was an error. Takes the newest first, and
    /// says how much it found; the contract burns that much.
    pub fn revoke(&mut self, account: Address, amount: Amount, now: TimestampMs) -> Amount {
        let new: Vec<_> = self.still_new(account, now).collect();
        let mut left = amount;
        for (key, held) in new.into_iter().rev() {
            let part = held.min(left);
            left = left.saturating_sub(part);
            self.new.at(&key).set(held.saturating_sub(part));
        }
        amount.saturating_sub(left)
    }

    /// What matures after now: units that mature now have matured.
    fn still_new(
        &self,
        account: Address,
        now: TimestampMs,
    ) -> impl Iterator<Item = ((Address, TimestampMs), Amount)> {
        let from = (account, TimestampMs(now.0.saturating_add(1)));
        self.new.under_from(&account, &from, Order::Ascending)
    }
}
