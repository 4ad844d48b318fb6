//! What needs a second person.

use crate::{Address, Amount, Hash, Map, TimestampMs, domain::calendar::Day};

/// Says why an action is not authorised.
#[crate::ty]
#[derive(Copy)]
pub enum TwoManError {
    /// The action is another than the one that was asked for under its hash.
    OtherAmount {
        /// The amount that was asked for.
        asked: Amount,
        /// The amount now.
        amount: Amount,
    },
    /// Nobody asked for that action.
    Unknown {
        /// Hash of the action.
        action: Hash,
    },
}

/// What came of asking.
#[crate::ty]
#[derive(Copy)]
pub enum Verdict {
    /// Do it: one person may, or the second has agreed.
    Do,
    /// A second person must agree before the request expires.
    Waits {
        /// When it expires.
        until: TimestampMs,
    },
}

/// A request that waits for a second person.
#[crate::ty]
#[derive(Copy)]
struct Waiting {
    by: Address,
    amount: Amount,
    until: TimestampMs,
}

/// Requests, and what each person did alone: the module's one field of a contract's storage.
///
/// It does not know roles: the contract checks that `by` has the role before it asks.
///
/// # Example
/// ```
/// use dure_sdk::{domain::roles::{TwoMan, Verdict}, native::Sandbox, prelude::*};
/// let (ana, ben, hour) = (Address([1; 32]), Address([2; 32]), 60 * 60 * 1_000);
/// let (now, action, limit) = (TimestampMs(0), Hash([7; 32]), Amount(1_000));
/// Sandbox::new().run(|_| {
///     let mut two_man = TwoMan::open(Place::field(0));
///     let asked = two_man.ask(ana, action, Amount(5_000), limit, now, hour);
///     assert_eq!(asked, Ok(Verdict::Waits { until: TimestampMs(hour) }));
///     let agreed = two_man.ask(ben, action, Amount(5_000), limit, now, hour);
///     assert_eq!(agreed, Ok(Verdict::Do));
/// });
/// ```
#[crate::composite]
pub struct TwoMan {
    waiting: Map<Hash, Waiting>,
    /// What a person did alone, and on which day last.
    alone: Map<Address, (Day, Amount)>,
}

impl TwoMan {
    /// Asks to do an action, or agrees to one that waits.
    ///
    /// `action` is the hash of all that matters of it: method, arguments, a number of its own. At
    /// most `limit` of a person's day needs no second person; what needed one does not count. A
    /// request is good for `valid_ms` after now; at that instant it is over, and the next one to
    /// ask is the first again. Who asks twice is answered the same: one person is not two.
    ///
    /// # Errors
    /// `OtherAmount`; nothing is changed then.
    pub fn ask(
        &mut self,
        by: Address,
        action: Hash,
        amount: Amount,
        limit: Amount,
        now: TimestampMs,
        valid_ms: u64,
    ) -> Result<Verdict, TwoManError> {
        if let Some(waiting) = self.waiting.get(&action).filter(|waiting| now < waiting.until) {
            let asked = waiting.amount;
            crate::ensure!(asked == amount, TwoManError::OtherAmount { asked, amount });
            if waiting.by == by {
                return Ok(Verdict::Waits { until: waiting.until });
            }
            self.waiting.remove(&action);
            return Ok(Verdict::Do);
        }
        let today = Day::of(now);
        let sum = self.alone(by, today).saturating_add(amount);
        if sum <= limit {
            self.alone.set(&by, &(today, sum));
            self.waiting.remove(&action);
            return Ok(Verdict::Do);
        }
        let until = TimestampMs(now.0.saturating_add(valid_ms));
        self.waiting.set(&action, &Waiting { by, amount, until });
        Ok(Verdict::Waits { until })
    }

    /// Who asked for an action that waits. A contract takes the request back when that account has
    /// lost the role since.
    #[must_use]
    pub fn asked(&self, action: Hash, now: TimestampMs) -> Option<Address> {
        let waiting = self.waiting.get(&action).filter(|waiting| now < waiting.until);
        waiting.map(|waiting| waiting.by)
    }

    /// Takes a request back.
    ///
    /// # Errors
    /// `Unknown` when none waits.
    pub fn withdraw(&mut self, action: Hash) -> Result<(), TwoManError> {
        crate::ensure!(self.waiting.contains(&action), TwoManError::Unknown { action });
        self.waiting.remove(&action);
        Ok(())
    }

    /// What a person has done alone on a day.
    #[must_use]
    pub fn alone(&self, by: Address, today: Day) -> Amount {
        match self.alone.get(&by) {
            Some((day, amount)) if day == today => amount,
            _ => Amount::ZERO,
        }
    }
}
