//! Amounts that many payers touch.

use super::{Field, Map};
use crate::{
    StorageKey,
    host::{self, stop},
    key::KeyBuffer,
};
use dure_abi::Amount;

/// There is less than what was to be taken; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// What there is.
    pub left: Amount,
    /// What was wanted.
    pub wanted: Amount,
}

/// One stored amount; absent is nought, and nought is absent.
///
/// `add` returns nothing on purpose: whoever only adds does not depend on who added before, so a
/// later runtime can run such transactions side by side without changing any contract.
pub struct Balance {
    id: u16,
}

impl Balance {
    /// Reads the amount.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Amount {
        self.entry().get()
    }

    /// Adds. Ends the contract above the greatest amount.
    #[inline]
    #[track_caller]
    pub fn add(&mut self, amount: Amount) {
        self.entry().add(amount);
    }

    /// Takes away.
    ///
    /// # Errors
    /// [`Short`] when there is less; nothing is changed then.
    #[inline]
    pub fn sub(&mut self, amount: Amount) -> Result<(), Short> {
        self.entry().sub(amount)
    }

    #[inline(always)]
    fn entry(&self) -> BalanceAt {
        BalanceAt { key: KeyBuffer::of_field(self.id) }
    }
}

/// The amount of one key of a `Map<K, Balance>`.
pub struct BalanceAt {
    key: KeyBuffer,
}

impl BalanceAt {
    /// Reads the amount.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Amount {
        Amount(host::storage_get_u128(self.key.as_slice()))
    }

    /// Adds. Ends the contract above the greatest amount.
    #[inline]
    #[track_caller]
    pub fn add(&self, amount: Amount) {
        if amount == Amount::ZERO {
            return;
        }
        match self.get().checked_add(amount) {
            Some(sum) => self.put(sum),
            None => stop("a balance exceeds the greatest amount"),
        }
    }

    /// Takes away.
    ///
    /// # Errors
    /// [`Short`] when there is less; nothing is changed then.
    #[inline]
    pub fn sub(&self, amount: Amount) -> Result<(), Short> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        let left = self.get();
        match left.checked_sub(amount) {
            Some(rest) => {
                self.put(rest);
                Ok(())
            }
            None => Err(Short { left, wanted: amount }),
        }
    }

    /// Writes the amount, whatever it was. Depends on the order of writers: prefer `add`.
    #[inline]
    pub fn set(&self, amount: Amount) {
        self.put(amount);
    }

    #[inline]
    fn put(&self, amount: Amount) {
        if amount == Amount::ZERO {
            host::storage_remove(self.key.as_slice());
        } else {
            host::storage_set(self.key.as_slice(), &amount.0.to_le_bytes());
        }
    }
}

impl<K: StorageKey> Map<K, Balance> {
    /// Names the amount of a key; reads nothing.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, key: &K) -> BalanceAt {
        BalanceAt { key: self.key(key) }
    }
}

impl Field for Balance {
    #[inline(always)]
    fn open(id: u16) -> Self {
        Self { id }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> (dure_abi::spec::FieldKind, Option<u32>, u32) {
        (dure_abi::spec::FieldKind::Balance, None, builder.type_id::<Amount>())
    }
}
