//! Budgets by month (rule C2; corrections W10).
//!
//! A city pays discounts and cashback out of a pool with a budget for each month.
//!
//! - **A draw is whole or nothing.** What the pool cannot give in full it does not give: the policy
//!   says whether the act is then refused or goes on without ([`OnShort`]). Giving "what is left"
//!   would read what every other payment has changed, so that each waited for the one before; a
//!   bounded subtraction can only succeed or fail, and payments run side by side.
//! - **A month is its own.** A draw is from the month of the draw. What was not drawn when it is
//!   over is taken out by [`Pool::close`]; a closed month never reopens.
//! - **What comes back** (a clawback, a refund, an expiry) is booked in the month in which it comes
//!   back, and raises only that month's room.
//!
//! For each month `drawn = budget + returned - room - taken out`: it is not counted by itself, so
//! that a draw writes one amount.

use crate::{Amount, Balance, Map, Order, TimestampMs, domain::calendar::Month};

/// Months after this one whose budget can be added to: an audit that adds all months up stays
/// short.
const MONTHS_AHEAD_MAX: u32 = 24;

/// What happens when the pool is short.
#[crate::ty]
#[derive(Copy)]
pub enum OnShort {
    /// The act is refused.
    Reject,
    /// The act goes on, and the pool gives nothing.
    Zero,
}

/// Says why the pool did not change, or does not match. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum PoolError {
    /// The month has less left.
    Short {
        /// The month.
        month: Month,
        /// What it has left.
        left: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// The month is over.
    Over {
        /// The month.
        month: Month,
        /// The month now.
        now: Month,
    },
    /// The month is too far ahead.
    TooFar {
        /// The month.
        month: Month,
        /// The last one that can be added to.
        last: Month,
    },
    /// The month is not over.
    NotOver {
        /// The month.
        month: Month,
        /// When it will be.
        end: TimestampMs,
    },
    /// A month kept more than it was given.
    Mismatch {
        /// The month.
        month: Month,
        /// Budget and what came back.
        given: Amount,
        /// Left and taken out.
        kept: Amount,
    },
}

/// A pool with a budget for each month: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{
///     domain::{calendar::Month, pool::{OnShort, Pool}},
///     native::Sandbox,
///     prelude::*,
/// };
/// let now = TimestampMs(1_800_000_000_000);
/// Sandbox::new().run(|_| {
///     let mut pool = Pool::open(Place::field(0));
///     pool.fund(Month::of(now), Amount(100), now).unwrap();
///     assert_eq!(pool.draw(Amount(70), OnShort::Reject, now), Ok(Amount(70)));
///     assert!(pool.draw(Amount(31), OnShort::Reject, now).is_err());
///     assert_eq!(pool.draw(Amount(31), OnShort::Zero, now), Ok(Amount(0)));
/// });
/// ```
#[crate::composite]
pub struct Pool {
    room: Map<Month, Balance>,
    budget: Map<Month, Balance>,
    returned: Map<Month, Balance>,
    taken_out: Map<Month, Balance>,
}

impl Pool {
    /// Adds to the budget of this month or one of the next 24. The contract has put that much
    /// aside.
    ///
    /// # Errors
    /// `Over` for a month that is over, `TooFar` for a later one than those.
    pub fn fund(
        &mut self,
        month: Month,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), PoolError> {
        let this = Month::of(now);
        crate::ensure!(month >= this, PoolError::Over { month, now: this });
        let last = this.plus(MONTHS_AHEAD_MAX);
        crate::ensure!(month <= last, PoolError::TooFar { month, last });
        self.budget.at(&month).add(amount);
        self.room.at(&month).add(amount);
        Ok(())
    }

    /// Draws from this month: all of it, or nothing. Says what was drawn: the amount, or nought
    /// when the pool is short and the policy says so.
    ///
    /// # Errors
    /// `Short` when the month has less and the policy is to reject.
    pub fn draw(
        &mut self,
        amount: Amount,
        on_short: OnShort,
        now: TimestampMs,
    ) -> Result<Amount, PoolError> {
        let month = Month::of(now);
        match (self.room.at(&month).sub(amount), on_short) {
            (Ok(()), _) => Ok(amount),
            (Err(_), OnShort::Zero) => Ok(Amount::ZERO),
            (Err(short), OnShort::Reject) => {
                Err(PoolError::Short { month, left: short.left, wanted: amount })
            }
        }
    }

    /// Books what came back: it can be drawn again this month.
    pub fn give_back(&mut self, amount: Amount, now: TimestampMs) {
        let month = Month::of(now);
        self.returned.at(&month).add(amount);
        self.room.at(&month).add(amount);
    }

    /// Takes out what a month that is over has left, and says how much it is.
    ///
    /// # Errors
    /// `NotOver` while it is not.
    pub fn close(&mut self, month: Month, now: TimestampMs) -> Result<Amount, PoolError> {
        let over = month < Month::of(now);
        crate::ensure!(over, PoolError::NotOver { month, end: month.end() });
        let left = self.room(month);
        let short =
            |short: crate::Short| PoolError::Short { month, left: short.left, wanted: left };
        self.room.at(&month).sub(left).map_err(short)?;
        self.taken_out.at(&month).add(left);
        Ok(left)
    }

    /// What a month has left.
    #[must_use]
    pub fn room(&self, month: Month) -> Amount {
        self.room.at(&month).get()
    }

    /// The budget of a month, without what came back.
    #[must_use]
    pub fn budget(&self, month: Month) -> Amount {
        self.budget.at(&month).get()
    }

    /// What was drawn in a month: what was given and is neither left nor taken out.
    #[must_use]
    pub fn drawn(&self, month: Month) -> Amount {
        self.given(month).saturating_sub(self.kept(month))
    }

    /// Budget and what came back.
    fn given(&self, month: Month) -> Amount {
        self.budget(month).saturating_add(self.returned(month))
    }

    /// What is left, and what was taken out.
    fn kept(&self, month: Month) -> Amount {
        self.room(month).saturating_add(self.taken_out.at(&month).get())
    }

    /// What came back in a month.
    #[must_use]
    pub fn returned(&self, month: Month) -> Amount {
        self.returned.at(&month).get()
    }

    /// The first and the last month into which anything came: all others are nought.
    #[must_use]
    pub fn months(&self) -> Option<(Month, Month)> {
        let end = |order| {
            let months = [&self.budget, &self.returned].map(|of| of.entries(None, order).next());
            months.into_iter().flatten().map(|(month, _)| month)
        };
        Some((end(Order::Ascending).min()?, end(Order::Descending).max()?))
    }

    /// Checks that a month kept no more than it was given. What was drawn is compared with what was
    /// issued for it, and what is left with the money behind it: by the contract, over all months.
    ///
    /// # Errors
    /// `Mismatch` when it kept more.
    pub fn audit(&self, month: Month) -> Result<(), PoolError> {
        let (given, kept) = (self.given(month), self.kept(month));
        crate::ensure!(kept <= given, PoolError::Mismatch { month, given, kept });
        Ok(())
    }
}
