//! Escrow that conserves (rule C9, guarantee G6).
//!
//! A vault holds money for things: a voucher, a campaign, an order. What is put in for a thing can
//! leave only as named parts, and never more than is held for it. The parts of a release sum to
//! what leaves, or nothing does.
//!
//! The vault books; it does not move tokens. A contract that holds the tokens checks with
//! [`Vault::backed`] that it has at least what it owes: tokens that somebody sent unasked do no
//! harm, missing ones are found.
//!
//! `deposited = released + held` for the whole vault, and `held` is the sum over all things: the
//! audit counts them again.

use crate::{Amount, Balance, Described, Map, Order, StorageKey};

/// Says why the vault did not change, or does not match.
#[crate::ty]
#[derive(Copy)]
pub enum VaultError {
    /// Less is held for that.
    Short {
        /// What is held.
        held: Amount,
        /// What was to leave.
        wanted: Amount,
    },
    /// The parts do not sum to what is to leave.
    Unequal {
        /// What is to leave.
        amount: Amount,
        /// What the parts sum to, at most the greatest amount.
        parts: Amount,
    },
    /// The contract has fewer tokens than the vault holds in its books.
    Unbacked {
        /// What the books say.
        held: Amount,
        /// What the contract has.
        balance: Amount,
    },
    /// The books do not match what was counted.
    Mismatch {
        /// Deposited less released.
        deposited_less_released: Amount,
        /// The running total.
        held: Amount,
        /// What was counted over all things.
        counted: Amount,
    },
}

/// An escrow for things known by `K`: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::vault::Vault, native::Sandbox, prelude::*};
/// Sandbox::new().run(|_| {
///     let mut escrow = Vault::<u64>::open(Place::field(0));
///     escrow.deposit(&7, Amount(10_000));
///     escrow.release_parts(&7, Amount(3_000), &[Amount(2_760), Amount(240)]).unwrap();
///     assert!(escrow.release(&7, Amount(7_001)).is_err());
///     assert_eq!(escrow.held(&7), Amount(7_000));
/// });
/// ```
#[crate::composite]
pub struct Vault<K: StorageKey + Described + 'static> {
    held: Map<K, Balance>,
    total: Balance,
    deposited: Balance,
    released: Balance,
}

impl<K: StorageKey + Described + 'static> Vault<K> {
    /// Puts money in for a thing.
    pub fn deposit(&mut self, thing: &K, amount: Amount) {
        self.held.at(thing).add(amount);
        self.total.add(amount);
        self.deposited.add(amount);
    }

    /// Lets money leave.
    ///
    /// # Errors
    /// `Short` when less is held for the thing; nothing is changed then.
    pub fn release(&mut self, thing: &K, amount: Amount) -> Result<(), VaultError> {
        let short = |short: crate::Short| VaultError::Short { held: short.left, wanted: amount };
        self.held.at(thing).sub(amount).map_err(short)?;
        // The total is the sum over all things, so it covers one of them.
        self.total.sub(amount).map_err(short)?;
        self.released.add(amount);
        Ok(())
    }

    /// Lets money leave as parts that sum to it.
    ///
    /// # Errors
    /// `Unequal` unless they do, `Short` when less is held; nothing is changed then.
    pub fn release_parts(
        &mut self,
        thing: &K,
        amount: Amount,
        parts: &[Amount],
    ) -> Result<(), VaultError> {
        let sum = parts.iter().try_fold(Amount::ZERO, |sum, part| sum.checked_add(*part));
        let unequal = VaultError::Unequal { amount, parts: sum.unwrap_or(Amount::MAX) };
        crate::ensure!(sum == Some(amount), unequal);
        self.release(thing, amount)
    }

    /// Takes back what was released for a thing: a redemption that is undone.
    ///
    /// # Errors
    /// `Short` when less was ever released; nothing is changed then.
    pub fn restore(&mut self, thing: &K, amount: Amount) -> Result<(), VaultError> {
        let short = |short: crate::Short| VaultError::Short { held: short.left, wanted: amount };
        self.released.sub(amount).map_err(short)?;
        self.held.at(thing).add(amount);
        self.total.add(amount);
        Ok(())
    }

    /// Lets all leave that is held for a thing, and says how much it was.
    ///
    /// # Errors
    /// `Short` never for a vault whose books are right.
    pub fn empty(&mut self, thing: &K) -> Result<Amount, VaultError> {
        let held = self.held(thing);
        self.release(thing, held).map(|()| held)
    }

    /// What is held for a thing.
    #[must_use]
    pub fn held(&self, thing: &K) -> Amount {
        self.held.at(thing).get()
    }

    /// What is held for all things.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.total.get()
    }

    /// Checks that the contract's own balance covers what the vault holds.
    ///
    /// # Errors
    /// `Unbacked` when it does not.
    pub fn backed(&self, balance: Amount) -> Result<(), VaultError> {
        let held = self.total();
        crate::ensure!(balance >= held, VaultError::Unbacked { held, balance });
        Ok(())
    }

    /// Counts over all things and compares with the books. Reads every thing: for audits.
    ///
    /// # Errors
    /// `Mismatch` unless all agree.
    pub fn audit(&self) -> Result<(), VaultError> {
        let things = self.held.entries(None, Order::Ascending);
        let counted = things.fold(Amount::ZERO, |sum, (_, amount)| sum.saturating_add(amount));
        let held = self.total();
        let (deposited, released) = (self.deposited.get(), self.released.get());
        let deposited_less_released = deposited.saturating_sub(released);
        let agree = deposited_less_released == held && held == counted;
        crate::ensure!(agree, VaultError::Mismatch { deposited_less_released, held, counted });
        Ok(())
    }
}
