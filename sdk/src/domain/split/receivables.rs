//! What payees are owed, and what of it can still be undone.

use crate::{Address, Amount, Balance, Map, Order, Page, domain::calendar::Day};
use alloc::vec::Vec;

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
    /// What a payee is owed that was free at once, or that a `take` found free.
    owed: Map<Address, Balance>,
    /// What it is owed besides, and can be undone before a day begins: a credit writes one entry.
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
        if free_on > today {
            self.undoable.at(&(payee, free_on)).add(amount);
        } else {
            self.owed.at(&payee).add(amount);
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
        for (payee, part) in payees.iter().zip(parts).filter(|(_, part)| **part != Amount::ZERO) {
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
        // `take` leaves what is not free yet.
        self.undoable.at(&(payee, free_on)).sub(amount).map_err(|short| {
            ReceivablesError::NotCredited { payee, left: short.left, wanted: short.wanted }
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

    /// Takes from what is free: for a cash-out, or for a cancel that the payee bears (C5). It reads
    /// as many past days as it takes from, so that a payee who was away for years takes what its
    /// gas is enough for, and then the rest.
    ///
    /// # Errors
    /// `Short` when less is free; nothing is changed then.
    pub fn take(
        &mut self,
        payee: Address,
        amount: Amount,
        today: Day,
    ) -> Result<(), ReceivablesError> {
        let (mut free, mut past) = (self.owed.at(&payee).get(), Vec::new());
        if free < amount {
            for (key, freed) in self.undoable.under(&payee, Order::Ascending) {
                if key.1 > today || free >= amount {
                    break;
                }
                free = free.saturating_add(freed);
                past.push((key, freed));
            }
        }
        let short = ReceivablesError::Short { payee, free, wanted: amount };
        crate::ensure!(amount <= free, short);
        for (key, freed) in past {
            self.undoable.remove(&key);
            self.owed.at(&payee).add(freed);
        }
        self.owed.at(&payee).sub(amount).map_err(|_| short)
    }

    /// Gives back what was taken: a cash-out that the bank refused.
    pub fn give_back(&mut self, payee: Address, amount: Amount) {
        self.owed.at(&payee).add(amount);
    }

    /// What a payee is owed.
    #[must_use]
    pub fn owed(&self, payee: Address) -> Amount {
        self.until(payee, Day(u32::MAX))
    }

    /// A page of what all payees are owed: for who counts the money again.
    #[must_use]
    pub fn page(&self, after: Option<&Address>, limit: u32) -> Page<(Address, Amount), Address> {
        self.owed.page(after, limit, Order::Ascending)
    }

    /// A page of what payees are owed besides, by the day from which it is free.
    #[must_use]
    pub fn undoable_page(
        &self,
        after: Option<&(Address, Day)>,
        limit: u32,
    ) -> Page<((Address, Day), Amount), (Address, Day)> {
        self.undoable.page(after, limit, Order::Ascending)
    }

    /// What a payee may cash out today: what it is owed without what can still be undone.
    #[must_use]
    pub fn free(&self, payee: Address, today: Day) -> Amount {
        self.until(payee, today)
    }

    fn until(&self, payee: Address, day: Day) -> Amount {
        let days =
            self.undoable.under(&payee, Order::Ascending).take_while(|(key, _)| key.1 <= day);
        let owed = self.owed.at(&payee).get();
        days.fold(owed, |sum, (_, amount)| sum.saturating_add(amount))
    }
}
