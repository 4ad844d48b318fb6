//! Accounts and their holds.

use super::{Hold, HoldId, HoldState, HoldsError, Made, Rest};
use crate::{Address, Amount, Balance, Map, Order, Set, TimestampMs, domain::calendar::is_live};
use alloc::vec::Vec;

/// Accounts with free and held money: the module's one field of a contract's storage.
///
/// **Invariant.** The sum of all free and held money is what was funded less what was withdrawn;
/// the held money of an account is the sum of `left` over its pending holds.
///
/// # Example
/// ```
/// use dure_sdk::{domain::holds::{Holds, Rest}, native::Sandbox, prelude::*};
/// let (ana, shop, id) = (Address([1; 32]), Address([2; 32]), Hash([7; 32]));
/// let (now, in_a_week) = (TimestampMs(0), TimestampMs(7 * 24 * 60 * 60 * 1_000));
/// Sandbox::new().run(|_| {
///     let mut holds = Holds::open(Place::field(0));
///     holds.fund(ana, Amount(100));
///     holds.reserve(id, ana, shop, Amount(60), in_a_week, now).unwrap();
///     assert_eq!(holds.free(ana), Amount(40));
///     holds.post(id, Amount(45), Rest::Release, now).unwrap();
///     assert_eq!((holds.free(ana), holds.free(shop)), (Amount(55), Amount(45)));
/// });
/// ```
#[crate::composite]
pub struct Holds {
    free: Map<Address, Balance>,
    held: Map<Address, Balance>,
    holds: Map<HoldId, Hold>,
    /// Pending holds by when they are over.
    by_expiry: Set<(TimestampMs, HoldId)>,
}

impl Holds {
    /// Adds free money to an account.
    pub fn fund(&mut self, account: Address, amount: Amount) {
        self.free.at(&account).add(amount);
    }

    /// Takes free money out.
    ///
    /// # Errors
    /// `Short` when less is free; nothing is changed then.
    pub fn withdraw(&mut self, account: Address, amount: Amount) -> Result<(), HoldsError> {
        self.free.at(&account).sub(amount).map_err(|short| HoldsError::Short {
            account,
            free: short.left,
            wanted: short.wanted,
        })
    }

    /// Makes a hold that is over at `expires`.
    ///
    /// # Errors
    /// `Nought`, `Same`, `ExpiresNow`, `Exists` and `Short`; nothing is changed then.
    pub fn reserve(
        &mut self,
        id: HoldId,
        payer: Address,
        payee: Address,
        amount: Amount,
        expires: TimestampMs,
        now: TimestampMs,
    ) -> Result<Made, HoldsError> {
        if let Some(hold) = self.holds.get(&id) {
            if let Some(differs) = hold.differs(payer, payee, amount, expires) {
                return Err(HoldsError::Exists { id, differs });
            }
            return Ok(Made::Before);
        }
        crate::ensure!(amount != Amount::ZERO, HoldsError::Nought);
        crate::ensure!(payer != payee, HoldsError::Same { account: payer });
        crate::ensure!(is_live(now, expires), HoldsError::ExpiresNow { expires, now });
        self.withdraw(payer, amount)?;
        self.held.at(&payer).add(amount);
        let hold = Hold {
            payer,
            payee,
            reserved: amount,
            left: amount,
            captured: Amount::ZERO,
            refunded: Amount::ZERO,
            expires,
            state: HoldState::Pending,
        };
        self.holds.set(&id, &hold);
        self.by_expiry.insert(&(expires, id));
        Ok(Made::New)
    }

    /// Posts up to what the hold has: pays the payee, and keeps or releases the rest.
    ///
    /// # Errors
    /// `Unknown`, `Settled`, `Expired` and `AboveHold`; nothing is changed then.
    pub fn post(
        &mut self,
        id: HoldId,
        amount: Amount,
        rest: Rest,
        now: TimestampMs,
    ) -> Result<Hold, HoldsError> {
        let hold = self.pending(id, now)?;
        let above = HoldsError::AboveHold { left: hold.left, wanted: amount };
        let left = hold.left.checked_sub(amount).ok_or(above)?;
        let ends = rest == Rest::Release || left == Amount::ZERO;
        let captured = hold.captured.saturating_add(amount);
        self.unhold(hold.payer, amount)?;
        self.free.at(&hold.payee).add(amount);
        if ends {
            self.settle(id, Hold { left, captured, ..hold }, HoldState::Posted)
        } else {
            let hold = Hold { left, captured, ..hold };
            self.holds.set(&id, &hold);
            Ok(hold)
        }
    }

    /// Posts all that the hold has.
    ///
    /// # Errors
    /// `Unknown`, `Settled` and `Expired`; nothing is changed then.
    pub fn post_all(&mut self, id: HoldId, now: TimestampMs) -> Result<Hold, HoldsError> {
        let left = self.pending(id, now)?.left;
        self.post(id, left, Rest::Release, now)
    }

    /// Lets all go that the hold has.
    ///
    /// # Errors
    /// `Unknown`, `Settled` and `Expired`; nothing is changed then.
    pub fn void(&mut self, id: HoldId, now: TimestampMs) -> Result<Hold, HoldsError> {
        let hold = self.pending(id, now)?;
        self.settle(id, hold, HoldState::Voided)
    }

    /// Ends a hold that is over. What was captured before stays captured.
    ///
    /// # Errors
    /// `Unknown`, `Settled` and `NotExpired`; nothing is changed then.
    pub fn expire(&mut self, id: HoldId, now: TimestampMs) -> Result<Hold, HoldsError> {
        let hold = self.unsettled(id)?;
        let expires = hold.expires;
        crate::ensure!(!is_live(now, expires), HoldsError::NotExpired { expires, now });
        self.settle(id, hold, HoldState::Expired)
    }

    /// Ends at most `limit` holds that are over, those first that are so longest.
    ///
    /// # Errors
    /// As [`Holds::expire`], never for a book that is right.
    pub fn sweep(&mut self, now: TimestampMs, limit: u32) -> Result<Vec<HoldId>, HoldsError> {
        let all = self.by_expiry.entries(None, Order::Ascending).take(limit as usize);
        let over = all.take_while(|(expires, _)| !is_live(now, *expires)).map(|(_, id)| id);
        let over: Vec<_> = over.collect();
        for id in &over {
            self.expire(*id, now)?;
        }
        Ok(over)
    }

    /// Gives back what was captured, or a part of it, out of the payee's free money.
    ///
    /// # Errors
    /// `Unknown`, `AboveCaptured` and `Short`; nothing is changed then.
    pub fn refund(&mut self, id: HoldId, amount: Amount) -> Result<Hold, HoldsError> {
        let hold = self.holds.get(&id).ok_or(HoldsError::Unknown { id })?;
        let left = hold.captured.saturating_sub(hold.refunded);
        crate::ensure!(amount <= left, HoldsError::AboveCaptured { left, wanted: amount });
        self.withdraw(hold.payee, amount)?;
        self.fund(hold.payer, amount);
        let hold = Hold { refunded: hold.refunded.saturating_add(amount), ..hold };
        self.holds.set(&id, &hold);
        Ok(hold)
    }

    /// A hold, whatever its state.
    #[must_use]
    pub fn hold(&self, id: HoldId) -> Option<Hold> {
        self.holds.get(&id)
    }

    /// Holds that wait, whether or not they are over, from one of them on: the next to be over
    /// first. Reads each: for audits.
    pub fn waiting(
        &self,
        from: Option<(TimestampMs, HoldId)>,
    ) -> impl Iterator<Item = (HoldId, Hold)> {
        let all = self.by_expiry.entries(from.as_ref(), Order::Ascending);
        all.filter_map(|(_, id)| self.hold(id).map(|hold| (id, hold)))
    }

    /// What an account can spend.
    #[must_use]
    pub fn free(&self, account: Address) -> Amount {
        self.free.at(&account).get()
    }

    /// What is on hold of an account's money.
    #[must_use]
    pub fn held(&self, account: Address) -> Amount {
        self.held.at(&account).get()
    }

    fn unsettled(&self, id: HoldId) -> Result<Hold, HoldsError> {
        let hold = self.holds.get(&id).ok_or(HoldsError::Unknown { id })?;
        let state = hold.state;
        crate::ensure!(state == HoldState::Pending, HoldsError::Settled { state });
        Ok(hold)
    }

    fn pending(&self, id: HoldId, now: TimestampMs) -> Result<Hold, HoldsError> {
        let hold = self.unsettled(id)?;
        let expires = hold.expires;
        crate::ensure!(is_live(now, expires), HoldsError::Expired { expires, now });
        Ok(hold)
    }

    fn settle(&mut self, id: HoldId, hold: Hold, state: HoldState) -> Result<Hold, HoldsError> {
        self.unhold(hold.payer, hold.left)?;
        self.fund(hold.payer, hold.left);
        let hold = Hold { left: Amount::ZERO, state, ..hold };
        self.holds.set(&id, &hold);
        self.by_expiry.remove(&(hold.expires, id));
        Ok(hold)
    }

    /// Takes from what is held, which covers every pending hold.
    fn unhold(&mut self, account: Address, amount: Amount) -> Result<(), HoldsError> {
        self.held.at(&account).sub(amount).map_err(|short| HoldsError::Short {
            account,
            free: short.left,
            wanted: short.wanted,
        })
    }
}
