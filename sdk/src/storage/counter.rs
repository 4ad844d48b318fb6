//! Numbers of things that many transactions count.

use super::{Above, Field, Map, Short, Stored};
use crate::{
    Place, StorageKey,
    host::{self, stop},
    key::KeyBuffer,
};
use dure_abi::Amount;

/// One stored number that is only counted up and down: a [`Balance`](crate::Balance) of things.
///
/// Stored as an amount, so that nothing is read to change it.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut visits = Counter::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     visits.add(3);
///     assert_eq!(visits.sub(4), Err(Short { left: 3, wanted: 4 }));
///     assert!(visits.add_within(1, 3).is_err());
///     assert_eq!(visits.get(), 3);
/// });
/// ```
pub struct Counter {
    place: Place,
}

impl Counter {
    /// Reads the number.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        self.entry().get()
    }

    /// Counts up. Ends the contract above the greatest number.
    #[inline]
    #[track_caller]
    pub fn add(&mut self, number: u64) {
        self.entry().add(number);
    }

    /// Counts up, unless the sum would be above the bound.
    ///
    /// # Errors
    /// [`Above`]; nothing is changed then.
    #[inline]
    pub fn add_within(&mut self, number: u64, bound: u64) -> Result<(), Above<u64>> {
        self.entry().add_within(number, bound)
    }

    /// Counts down.
    ///
    /// # Errors
    /// [`Short`] when there are fewer; nothing is changed then.
    #[inline]
    pub fn sub(&mut self, number: u64) -> Result<(), Short<u64>> {
        self.entry().sub(number)
    }

    #[inline]
    fn entry(&self) -> CounterAt {
        CounterAt { key: KeyBuffer::of_field(self.place) }
    }
}

/// The number of one key of a `Map<K, Counter>`.
pub struct CounterAt {
    key: KeyBuffer,
}

impl CounterAt {
    /// Reads the number.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        number(host::storage_get_u128(self.key.as_slice()))
    }

    /// Counts up. Ends the contract above the greatest number.
    #[inline]
    #[track_caller]
    pub fn add(&self, number: u64) {
        if self.add_within(number, u64::MAX).is_err() {
            stop("a counter exceeds the greatest number");
        }
    }

    /// Counts up, unless the sum would be above the bound.
    ///
    /// # Errors
    /// [`Above`]; nothing is changed then.
    #[inline]
    pub fn add_within(&self, number: u64, bound: u64) -> Result<(), Above<u64>> {
        if host::storage_add(self.key.as_slice(), u128::from(number), u128::from(bound)) {
            Ok(())
        } else {
            Err(Above { added: number, bound })
        }
    }

    /// Counts down.
    ///
    /// # Errors
    /// [`Short`] when there are fewer; nothing is changed then.
    #[inline]
    pub fn sub(&self, number: u64) -> Result<(), Short<u64>> {
        if host::storage_sub(self.key.as_slice(), u128::from(number)) {
            Ok(())
        } else {
            Err(Short { left: self.get(), wanted: number })
        }
    }
}

fn number(stored: u128) -> u64 {
    match u64::try_from(stored) {
        Ok(number) => number,
        Err(_) => stop("a stored counter exceeds the greatest number"),
    }
}

impl<K: StorageKey> Map<K, Counter> {
    /// Names the number of a key; reads nothing.
    #[inline]
    #[must_use]
    pub fn at(&self, key: &K) -> CounterAt {
        CounterAt { key: self.key(key) }
    }
}

impl Stored for Counter {
    type Value = u64;

    fn decode(bytes: &[u8]) -> u64 {
        number(super::decoded::<Amount>(bytes).0)
    }

    #[cfg(feature = "spec")]
    fn layout<K: scale_info::TypeInfo + 'static>(
        builder: &mut crate::spec::Builder,
    ) -> crate::spec::Layout {
        crate::spec::Layout::balances::<K>(builder)
    }
}

impl Field for Counter {
    #[inline]
    fn open(place: Place) -> Self {
        Self { place }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        crate::spec::Layout::balance(builder)
    }
}
