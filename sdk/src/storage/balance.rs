//! Amounts that many payers touch.
//!
//! `add` returns nothing, on purpose: whoever only adds and takes does not depend on who did so
//! before, so that such transactions run side by side. Reading is explicit (`get`), and makes the
//! transaction depend on every change before it; so does what could not be done, since its error says
//! what there is.

use super::{Entries, Field, Map, Order, Stored};
use crate::{
    Place, StorageKey,
    host::{self, stop},
    key::KeyBuffer,
};
use dure_abi::Amount;

/// There is less than what was to be taken; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short<T = Amount> {
    /// What there is.
    pub left: T,
    /// What was wanted.
    pub wanted: T,
}

/// The sum would be above its bound; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Above<T = Amount> {
    /// What there is.
    pub held: T,
    /// What would still fit: the bound less what there is, nought where that is above it already.
    pub room: T,
    /// What was to be added.
    pub added: T,
    /// The greatest sum allowed.
    pub bound: T,
}

/// One stored amount; absent is nought, and nought is absent.
///
/// # Example
/// ```
/// use dure_sdk::{Above, native::Sandbox, prelude::*};
/// let mut till = Balance::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     till.add(Amount(5));
///     let (held, room) = (Amount(5), Amount(5));
///     let above = Above { held, room, added: Amount(6), bound: Amount(10) };
///     assert_eq!(till.add_within(Amount(6), Amount(10)), Err(above));
///     assert_eq!(till.sub(Amount(7)), Err(Short { left: Amount(5), wanted: Amount(7) }));
///     assert_eq!(till.sub(Amount(5)), Ok(()));
///     assert_eq!(till.get(), Amount::ZERO);
/// });
/// ```
pub struct Balance {
    place: Place,
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

    /// Adds, unless the sum would be above the bound.
    ///
    /// # Errors
    /// [`Above`]; nothing is changed then.
    #[inline]
    pub fn add_within(&mut self, amount: Amount, bound: Amount) -> Result<(), Above> {
        self.entry().add_within(amount, bound)
    }

    /// Takes away.
    ///
    /// # Errors
    /// [`Short`] when there is less; nothing is changed then.
    #[inline]
    pub fn sub(&mut self, amount: Amount) -> Result<(), Short> {
        self.entry().sub(amount)
    }

    #[inline]
    pub(super) fn entry(&self) -> BalanceAt {
        BalanceAt { key: KeyBuffer::of_field(self.place) }
    }
}

/// The amount of one key of a `Map<K, Balance>`.
pub struct BalanceAt {
    pub(super) key: KeyBuffer,
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
        if !self.fits(amount, Amount::MAX) {
            stop("a balance exceeds the greatest amount");
        }
    }

    /// Adds, unless the sum would be above the bound. The error names what there is, so that failing
    /// depends on it; succeeding does not.
    ///
    /// # Errors
    /// [`Above`]; nothing is changed then.
    #[inline]
    pub fn add_within(&self, amount: Amount, bound: Amount) -> Result<(), Above> {
        if self.fits(amount, bound) {
            Ok(())
        } else {
            let held = self.get();
            Err(Above { held, room: bound.saturating_sub(held), added: amount, bound })
        }
    }

    /// Adds, unless the sum would be above the bound; whether it did. Reads nothing.
    #[inline]
    pub(super) fn fits(&self, amount: Amount, bound: Amount) -> bool {
        host::storage_add(self.key.as_slice(), amount.0, bound.0)
    }

    /// Takes away. The error names what there is, so that failing depends on it; succeeding does
    /// not.
    ///
    /// # Errors
    /// [`Short`] when there is less; nothing is changed then.
    #[inline]
    pub fn sub(&self, amount: Amount) -> Result<(), Short> {
        if host::storage_sub(self.key.as_slice(), amount.0) {
            Ok(())
        } else {
            Err(Short { left: self.get(), wanted: amount })
        }
    }

    /// Writes the amount, whatever it was. Depends on the order of writers: prefer `add`.
    #[inline]
    pub fn set(&self, amount: Amount) {
        if amount == Amount::ZERO {
            host::storage_remove(self.key.as_slice());
        } else {
            host::storage_set(self.key.as_slice(), &amount.0.to_le_bytes());
        }
    }
}

impl<K: StorageKey> Map<K, Balance> {
    /// Names the amount of a key; reads nothing.
    #[inline]
    #[must_use]
    pub fn at(&self, key: &K) -> BalanceAt {
        BalanceAt { key: self.key(key) }
    }

    /// Goes through the amounts that are not nought: another name of `entries`.
    #[must_use]
    pub fn amounts(&self, from: Option<&K>, order: Order) -> Entries<K, Amount> {
        self.entries(from, order)
    }
}

impl Stored for Balance {
    type Value = Amount;

    fn decode(bytes: &[u8]) -> Amount {
        super::decoded(bytes)
    }

    #[cfg(feature = "spec")]
    fn layout<K: scale_info::TypeInfo + 'static>(
        builder: &mut crate::spec::Builder,
    ) -> crate::spec::Layout {
        crate::spec::Layout::balances::<K>(builder)
    }
}

impl Field for Balance {
    #[inline]
    fn open(place: Place) -> Self {
        Self { place }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        crate::spec::Layout::balance(builder)
    }
}
