//! What payees are owed, and what of it can still be undone.

use crate::{Address, Amount, Balance, Map, Order, Page, domain::calendar::Day};
use alloc::vec::Vec;

/// Entries of days long past that one `take` clears away.
const CLEARED_MAX: usize = 32;

/// Says why a receivable did not change. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum ReceivablesError {
    /// The payee has less that is free.
    Short {
        /// Whose receivable.
        payee: Address,
        /// What is free: the receivable without what can still be undone.
        free: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// The credit can no longer be undone.
    Closed {
        /// The first day on which it could not.
        free_on: Day,
        /// Today.
        today: Day,
    },
    /// Less than that was credited to the payee and can be undone until then.
    NotCredited {
        /// Whose receivable.
        payee: Address,
        /// What can be undone.
        left: Amount,
        /// What was to be undone.
        wanted: Amount,
    },
}

/// Receivables of payees: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{
///     domain::{calendar::Day, split::Receivables},
///     native::Sandbox,
///     prelude::*,
/// };
/// let (shop, today, tomorrow) = (Address([2; 32]), Day(20_000), Day(20_001));
/// Sandbox::new().run(|_| {
///     let mut receivables = Receivables::open(Place::field(0));
///     // It can be undone today.
///     let free_on = Receivables::free_on(today, 1);
///     receivables.credit(shop, Amount(100), free_on, today);
///     assert!(receivables.take(shop, Amount(100), today).is_err());
///     assert!(receivables.take(shop, Amount(100), tomorrow).is_ok());
/// });
/// ```
#[crate::composite]
pub struct Receivables {
    /// All that a payee is owed.
    owed: Map<Address, Balance>,
    /// What of it can be undone before a day begins.
    undoable: Map<(Address, Day), Balance>,
}

impl Receivables {
    /// The day from which a credit of today is free, with a window of so many days: 1 is "today".
    #[must_use]
    pub fn free_on(today: Day, undo_days: u32) -> Day {
        Day(today.0.saturating_add(undo_days))
    }

    /// Credits a payee. With `free_on` after today the credit can be undone until then.
    ///
    /// Only adds: payments of many payers to one payee do not wait for each other.
    pub fn credit(&mut self, payee: Address, amount: Amount, free_on: Day, today: Day) {
        self.owed.at(&payee).add(amount);
        if free_on > today {
            self.undoable.at(&(payee, free_on)).add(amount);
        }
    }

    /// Credits the five legs of a redemption.
    pub fn credit_legs(
        &mut self,
        payees: &[Address; 5],
        parts: &[Amount; 5],
        free_on: Day,
        today: Day,
    ) {
        for (payee, part) in payees.iter().zip(parts) {
            self.credit(*payee, *part, free_on, today);
        }
    }

    /// Undoes a credit, or a part of it. `free_on` is that of the credit, which must be recorded
    /// with it.
    ///
    /// # Errors
    /// `Closed` from that day on, `NotCredited` when it is more than what was credited.
    pub fn undo(
        &mut self,
        payee: Address,
        amount: Amount,
        free_on: Day,
        today: Day,
    ) -> Result<(), ReceivablesError> {
        crate::ensure!(today < free_on, ReceivablesError::Closed { free_on, today });
        self.undoable.at(&(payee, free_on)).sub(amount).map_err(|short| {
            ReceivablesError::NotCredited { payee, left: short.left, wanted: short.wanted }
        })?;
        // What can be undone is part of what is owed, since `take` leaves it.
        self.owed.at(&payee).sub(amount).map_err(|short| ReceivablesError::NotCredited {
            payee,
            left: short.left,
            wanted: short.wanted,
        })
    }

    /// Undoes the recorded legs of a redemption.
    ///
    /// # Errors
    /// As [`Receivables::undo`]; legs before the one that failed are undone by then, so the caller
    /// must let its call fail.
    pub fn undo_legs(
        &mut self,
        payees: &[Address; 5],
        parts: &[Amount; 5],
        free_on: Day,
        today: Day,
    ) -> Result<(), ReceivablesError> {
        for (payee, part) in payees.iter().zip(parts) {
            self.undo(*payee, *part, free_on, today)?;
        }
        Ok(())
    }

    /// Takes from what is free: for a cash-out, or for a cancel that the payee bears (C5).
    ///
    /// # Errors
    /// `Short` when less is free.
    pub fn take(
        &mut self,
        payee: Address,
        amount: Amount,
        today: Day,
    ) -> Result<(), ReceivablesError> {
        let free = self.free(payee, today);
        let short = ReceivablesError::Short { payee, free, wanted: amount };
        crate::ensure!(amount <= free, short);
        self.owed.at(&payee).sub(amount).map_err(|_| short)?;
        self.clear_past(payee, today);
        Ok(())
    }

    /// Gives back what was taken: a cash-out that the bank refused.
    pub fn give_back(&mut self, payee: Address, amount: Amount) {
        self.owed.at(&payee).add(amount);
    }

    /// What a payee is owed.
    #[must_use]
    pub fn owed(&self, payee: Address) -> Amount {
        self.owed.at(&payee).get()
    }

    /// A page of what all payees are owed: for who counts the money again.
    #[must_use]
    pub fn page(&self, after: Option<&Address>, limit: u32) -> Page<(Address, Amount), Address> {
        self.owed.page(after, limit, Order::Ascending)
    }

    /// What a payee may cash out today: what it is owed without what can still be undone.
    #[must_use]
    pub fn free(&self, payee: Address, today: Day) -> Amount {
        let tomorrow = Day(today.0.saturating_add(1));
        let from = (payee, tomorrow);
        let undoable = self.undoable.entries(Some(&from), Order::Ascending);
        let undoable = undoable.take_while(|((of, _), _)| *of == payee);
        undoable.fold(self.owed(payee), |free, (_, amount)| free.saturating_sub(amount))
    }

    fn clear_past(&mut self, payee: Address, today: Day) {
        let past = self.undoable.under(&payee, Order::Ascending).map(|(key, _)| key);
        let past = past.take_while(|(_, free_on)| *free_on <= today).take(CLEARED_MAX);
        for key in past.collect::<Vec<_>>() {
            self.undoable.remove(&key);
        }
    }
}
