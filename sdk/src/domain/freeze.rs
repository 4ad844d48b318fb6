//! Stopping: a whole contract, an account, or a part of what an account holds (R11).
//!
//! - **Pause** stops everything that asks [`Freeze::running`].
//! - **Frozen account**: neither gives nor receives: [`Freeze::check`]. Its contract may still let
//!   customers' cancels reach a suspended merchant (C7) by not asking for them.
//! - **Frozen amount**: so much of what an account holds stays with it; the rest moves freely:
//!   [`Freeze::spendable`]. It may exceed what the account holds, and then binds what comes in: a
//!   court's order is not bounded by today's balance.
//! - **Forced transfer** moves frozen units too; the frozen amount falls by what the transfer took
//!   of it, and no further: [`Freeze::forced`].
//!
//! Each freeze carries the hash of its reason, a document that lies elsewhere; who may freeze is
//! asked of `roles` by the contract. A payment reads two entries that almost never change.

use crate::{Address, Amount, Cx, Hash, Item, Map, TimestampMs};

/// Why, by whom and since when something is frozen.
#[crate::ty]
#[derive(Copy)]
pub struct FreezeOrder {
    /// Hash of the document that says why.
    pub reason: Hash,
    /// Who ordered it.
    pub by: Address,
    /// Since when.
    pub since: TimestampMs,
}

impl FreezeOrder {
    /// That of the caller, from this block on.
    #[must_use]
    pub fn now(cx: &Cx, reason: Hash) -> Self {
        Self { reason, by: cx.caller(), since: cx.time() }
    }
}

/// Says what is frozen.
#[crate::ty]
#[derive(Copy)]
pub enum FreezeError {
    /// The contract is paused.
    Paused {
        /// The order that paused it.
        order: FreezeOrder,
    },
    /// The account is frozen.
    Frozen {
        /// The account.
        account: Address,
        /// The order that froze it.
        order: FreezeOrder,
    },
    /// Not so much of what the account holds may move.
    Part {
        /// The account.
        account: Address,
        /// What may move.
        spendable: Amount,
        /// What was to move.
        wanted: Amount,
        /// What is frozen.
        frozen: Amount,
    },
    /// It is so already.
    Already {
        /// The order that holds.
        order: FreezeOrder,
    },
    /// It is not frozen.
    NotFrozen,
    /// Less is frozen than was to be released.
    Short {
        /// What is frozen.
        frozen: Amount,
        /// What was to be released.
        wanted: Amount,
    },
    /// The account holds less than was to be moved.
    Balance {
        /// What it holds.
        balance: Amount,
        /// What was to be moved.
        wanted: Amount,
    },
}

/// What is stopped: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::freeze::Freeze, native::Sandbox, prelude::*};
/// let ana = Address([1; 32]);
/// Sandbox::new().run(|_| {
///     let mut freeze = Freeze::open(Place::field(0));
///     freeze.freeze_amount(ana, Amount(60));
///     assert!(freeze.spendable(ana, Amount(100), Amount(40)).is_ok());
///     assert!(freeze.spendable(ana, Amount(100), Amount(41)).is_err());
/// });
/// ```
#[crate::composite]
pub struct Freeze {
    paused: Item<FreezeOrder>,
    accounts: Map<Address, FreezeOrder>,
    amounts: Map<Address, Amount>,
}

impl Freeze {
    /// Checks that the contract is not paused.
    ///
    /// # Errors
    /// `Paused`, with the order.
    pub fn running(&self) -> Result<(), FreezeError> {
        self.paused.try_get().map_or(Ok(()), |order| Err(FreezeError::Paused { order }))
    }

    /// Pauses the contract.
    ///
    /// # Errors
    /// `Already` when it is: the first order stands.
    pub fn pause(&mut self, order: FreezeOrder) -> Result<(), FreezeError> {
        if let Some(order) = self.paused.try_get() {
            return Err(FreezeError::Already { order });
        }
        self.paused.set(&order);
        Ok(())
    }

    /// Ends the pause.
    ///
    /// # Errors
    /// `NotFrozen` when there is none.
    pub fn resume(&mut self) -> Result<(), FreezeError> {
        crate::ensure!(self.paused.try_get().is_some(), FreezeError::NotFrozen);
        self.paused.remove();
        Ok(())
    }

    /// Pauses the contract by an order; ends the pause without one.
    ///
    /// # Errors
    /// As [`Freeze::pause`] and [`Freeze::resume`].
    pub fn set_paused(&mut self, order: Option<FreezeOrder>) -> Result<(), FreezeError> {
        match order {
            Some(order) => self.pause(order),
            None => self.resume(),
        }
    }

    /// Checks that an account is not frozen.
    ///
    /// # Errors
    /// `Frozen`, with the order.
    pub fn check(&self, account: Address) -> Result<(), FreezeError> {
        let frozen = |order| Err(FreezeError::Frozen { account, order });
        self.accounts.get(&account).map_or(Ok(()), frozen)
    }

    /// Freezes an account.
    ///
    /// # Errors
    /// `Already` when it is: the first order stands.
    pub fn freeze(&mut self, account: Address, order: FreezeOrder) -> Result<(), FreezeError> {
        if let Some(order) = self.accounts.get(&account) {
            return Err(FreezeError::Already { order });
        }
        self.accounts.set(&account, &order);
        Ok(())
    }

    /// Frees an account.
    ///
    /// # Errors
    /// `NotFrozen` when it is free.
    pub fn unfreeze(&mut self, account: Address) -> Result<(), FreezeError> {
        crate::ensure!(self.accounts.contains(&account), FreezeError::NotFrozen);
        self.accounts.remove(&account);
        Ok(())
    }

    /// Freezes an account by an order; frees it without one.
    ///
    /// # Errors
    /// As [`Freeze::freeze`] and [`Freeze::unfreeze`].
    pub fn set_frozen(
        &mut self,
        account: Address,
        order: Option<FreezeOrder>,
    ) -> Result<(), FreezeError> {
        match order {
            Some(order) => self.freeze(account, order),
            None => self.unfreeze(account),
        }
    }

    /// Freezes so much more of what an account holds.
    pub fn freeze_amount(&mut self, account: Address, amount: Amount) {
        self.set_amount(account, self.frozen(account).saturating_add(amount));
    }

    /// Releases so much of what is frozen.
    ///
    /// # Errors
    /// `Short` when less is frozen; nothing is changed then.
    pub fn release_amount(&mut self, account: Address, amount: Amount) -> Result<(), FreezeError> {
        let frozen = self.frozen(account);
        let rest = frozen.checked_sub(amount);
        let rest = rest.ok_or(FreezeError::Short { frozen, wanted: amount })?;
        self.set_amount(account, rest);
        Ok(())
    }

    /// What is frozen of what an account holds.
    #[must_use]
    pub fn frozen(&self, account: Address) -> Amount {
        self.amounts.get(&account).unwrap_or(Amount::ZERO)
    }

    /// Checks that an account that holds `balance` may move so much of it.
    ///
    /// # Errors
    /// `Frozen` and `Part`.
    pub fn spendable(
        &self,
        account: Address,
        balance: Amount,
        wanted: Amount,
    ) -> Result<(), FreezeError> {
        self.check(account)?;
        let frozen = self.frozen(account);
        let spendable = balance.saturating_sub(frozen);
        let part = FreezeError::Part { account, spendable, wanted, frozen };
        crate::ensure!(wanted <= spendable, part);
        Ok(())
    }

    /// Books a forced transfer out of an account that holds `balance`, and says what was unfrozen
    /// for it.
    ///
    /// # Errors
    /// `Balance` when the account holds less; nothing is changed then.
    pub fn forced(
        &mut self,
        account: Address,
        balance: Amount,
        wanted: Amount,
    ) -> Result<Amount, FreezeError> {
        let left = balance.checked_sub(wanted).ok_or(FreezeError::Balance { balance, wanted })?;
        let frozen = self.frozen(account);
        let free = balance.saturating_sub(frozen);
        if wanted <= free {
            return Ok(Amount::ZERO);
        }
        // What is frozen beyond the balance stays frozen; of the balance, only what is left.
        let beyond = frozen.saturating_sub(balance);
        let rest = left.saturating_add(beyond);
        self.set_amount(account, rest);
        Ok(frozen.saturating_sub(rest))
    }

    /// Moves the freezes of an account to its successor (recovery): an account does not get free
    /// by losing its key.
    pub fn carry_over(&mut self, from: Address, to: Address) {
        if let Some(order) = self.accounts.get(&from)
            && !self.accounts.contains(&to)
        {
            self.accounts.set(&to, &order);
        }
        let frozen = self.frozen(from);
        self.set_amount(from, Amount::ZERO);
        self.freeze_amount(to, frozen);
    }

    fn set_amount(&mut self, account: Address, amount: Amount) {
        if amount == Amount::ZERO {
            self.amounts.remove(&account);
        } else {
            self.amounts.set(&account, &amount);
        }
    }
}
