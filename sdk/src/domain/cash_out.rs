//! Cash-outs: what a merchant is owed becomes money in a bank (rule C7).
//!
//! ```text
//! request ──► pending ──► confirmed    the bank paid: the units are burned, the escrow is released
//!                └──────► void         the bank refused: the receivable is given back
//! ```
//!
//! The bank is outside, so a cash-out has two phases, and each step may arrive twice. A step is
//! known by the id of the request: repeated, it changes nothing and says so; contradicted
//! (confirmed after void, another amount under the id), it is refused. An id is never free again.
//!
//! The rest is the contract's, out of other modules: any merchant that is not suspended requests
//! and is confirmed, a closed one too (`cashing_out` of `registry`), the amount leaves the
//! receivable at the request and comes back when it is void (`split`), a month has a cap (`caps`).
//! What is pending is not receivable, so no cancel takes it.

use crate::{Address, Amount, Balance, Hash, Map, Order, Page, TimestampMs, ensure};

/// Where a cash-out stands.
#[crate::ty]
#[derive(Copy)]
pub enum CashOutState {
    /// The bank has not answered.
    Pending,
    /// The bank paid.
    Confirmed,
    /// The bank refused, or the merchant took it back.
    Void,
}

/// A request to pay out.
#[crate::ty]
#[derive(Copy)]
pub struct CashOut {
    /// Who is paid.
    pub merchant: Address,
    /// How much.
    pub amount: Amount,
    /// When it was requested: what a cap by month is undone with.
    pub requested: TimestampMs,
    /// Where it stands.
    pub state: CashOutState,
}

/// What came of a step.
#[crate::ty]
#[derive(Copy)]
pub enum Step {
    /// It was done now: the contract does its part.
    Done(CashOut),
    /// It had been done before: there is nothing to do.
    Before(CashOut),
}

/// Says why a cash-out did not change. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum CashOutsError {
    /// There is no such request.
    Unknown {
        /// The id.
        id: Hash,
    },
    /// Another request has the id.
    Exists {
        /// Who is paid by that one.
        merchant: Address,
        /// How much.
        amount: Amount,
    },
    /// The cash-out ended in the other way.
    Ended {
        /// How.
        state: CashOutState,
    },
    /// There is nothing to pay out.
    Nought,
}

/// Cash-outs: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::cash_out::{CashOuts, Step}, native::Sandbox, prelude::*};
/// let (id, shop, now) = (Hash([7; 32]), Address([2; 32]), TimestampMs(0));
/// Sandbox::new().run(|_| {
///     let mut cash_outs = CashOuts::open(Place::field(0));
///     cash_outs.request(id, shop, Amount(500), now).unwrap();
///     assert!(matches!(cash_outs.confirm(id), Ok(Step::Done(_))));
///     // The bank's answer arrives again.
///     assert!(matches!(cash_outs.confirm(id), Ok(Step::Before(_))));
/// });
/// ```
#[crate::composite]
pub struct CashOuts {
    requests: Map<Hash, CashOut>,
    pending: Map<Address, Balance>,
    pending_total: Balance,
    confirmed_total: Balance,
}

impl CashOuts {
    /// Requests a cash-out.
    ///
    /// # Errors
    /// `Nought`, and `Exists` when the id is another's; nothing is changed then.
    pub fn request(
        &mut self,
        id: Hash,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Step, CashOutsError> {
        if let Some(old) = self.requests.get(&id) {
            let same = (old.merchant, old.amount) == (merchant, amount);
            let exists = CashOutsError::Exists { merchant: old.merchant, amount: old.amount };
            ensure!(same, exists);
            return Ok(Step::Before(old));
        }
        ensure!(amount != Amount::ZERO, CashOutsError::Nought);
        let state = CashOutState::Pending;
        let made = CashOut { merchant, amount, requested: now, state };
        self.requests.set(&id, &made);
        self.pending.at(&merchant).add(amount);
        self.pending_total.add(amount);
        Ok(Step::Done(made))
    }

    /// The bank has paid.
    ///
    /// # Errors
    /// `Unknown`, and `Ended` when it is void; nothing is changed then.
    pub fn confirm(&mut self, id: Hash) -> Result<Step, CashOutsError> {
        let step = self.end(id, CashOutState::Confirmed)?;
        if let Step::Done(done) = step {
            self.confirmed_total.add(done.amount);
        }
        Ok(step)
    }

    /// The bank will not pay.
    ///
    /// # Errors
    /// `Unknown`, and `Ended` when it was confirmed; nothing is changed then.
    pub fn void(&mut self, id: Hash) -> Result<Step, CashOutsError> {
        self.end(id, CashOutState::Void)
    }

    /// A cash-out, wherever it stands.
    #[must_use]
    pub fn cash_out(&self, id: Hash) -> Option<CashOut> {
        self.requests.get(&id)
    }

    /// What is pending for a merchant.
    #[must_use]
    pub fn pending(&self, merchant: Address) -> Amount {
        self.pending.at(&merchant).get()
    }

    /// A page of what is pending for all merchants: for who counts the money again.
    #[must_use]
    pub fn page(&self, after: Option<&Address>, limit: u32) -> Page<(Address, Amount), Address> {
        self.pending.page(after, limit, Order::Ascending)
    }

    /// What is pending for all.
    #[must_use]
    pub fn pending_total(&self) -> Amount {
        self.pending_total.get()
    }

    /// What was paid out to all.
    #[must_use]
    pub fn confirmed_total(&self) -> Amount {
        self.confirmed_total.get()
    }

    fn end(&mut self, id: Hash, state: CashOutState) -> Result<Step, CashOutsError> {
        let old = self.requests.get(&id).ok_or(CashOutsError::Unknown { id })?;
        if old.state == state {
            return Ok(Step::Before(old));
        }
        let ended = CashOutsError::Ended { state: old.state };
        ensure!(old.state == CashOutState::Pending, ended);
        // Every pending request is part of both sums.
        self.pending.at(&old.merchant).sub(old.amount).map_err(|_| ended)?;
        self.pending_total.sub(old.amount).map_err(|_| ended)?;
        let new = CashOut { state, ..old };
        self.requests.set(&id, &new);
        Ok(Step::Done(new))
    }
}
