//! The deposit: money at a bank that covers every unit, where the issuer booked any.

use crate::{error::Error, rules::UNITS};
use dure_sdk::{domain::supply::Supply, prelude::*};

/// The deposit of a token. The first booking binds the issuer for good: from then on what is
/// outstanding is covered. Transfers neither read nor write it.
///
/// The contract cannot see the bank account: that the money is there is the issuer's word.
#[dure::composite]
pub struct Deposit {
    booked: Item<()>,
    amount: Balance,
}

impl Deposit {
    /// What is deposited; none where nothing ever was.
    pub(crate) fn get(&self) -> Option<Amount> {
        self.booked.try_get().map(|()| self.amount.get())
    }

    /// Adds money; with it, what is outstanding must be covered. Says what there is then.
    pub(crate) fn book(&mut self, amount: Amount, supply: &Supply<u8>) -> Result<Amount, Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        let (deposit, supply) = (self.amount.get(), supply.outstanding(&UNITS));
        let sum = deposit.checked_add(amount).ok_or(Error::TooMuch { deposit, wanted: amount })?;
        ensure!(supply <= sum, Error::Uncovered { deposit, supply, wanted: amount });
        self.booked.set(&());
        self.amount.add(amount);
        Ok(sum)
    }

    /// Takes money out that covers nothing. Says what there is then.
    pub(crate) fn withdraw(
        &mut self,
        amount: Amount,
        supply: &Supply<u8>,
    ) -> Result<Amount, Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        let (deposit, supply) = (self.amount.get(), supply.outstanding(&UNITS));
        let uncovered = Error::Uncovered { deposit, supply, wanted: amount };
        ensure!(amount <= deposit.saturating_sub(supply), uncovered);
        self.amount.sub(amount).map_err(Error::short)?;
        Ok(deposit.saturating_sub(amount))
    }

    /// Checks that so many units more would be covered.
    pub(crate) fn covers(&self, wanted: Amount, supply: &Supply<u8>) -> Result<(), Error> {
        let Some(deposit) = self.get() else { return Ok(()) };
        let supply = supply.outstanding(&UNITS);
        let covered = supply.checked_add(wanted).is_some_and(|supply| supply <= deposit);
        ensure!(covered, Error::Uncovered { deposit, supply, wanted });
        Ok(())
    }

    /// Pays out what units stood for that were given back.
    pub(crate) fn pay_out(&mut self, amount: Amount) -> Result<(), Error> {
        match self.booked.try_get() {
            Some(()) => self.amount.sub(amount).map_err(Error::short),
            None => Ok(()),
        }
    }
}
