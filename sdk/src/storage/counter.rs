//! Numbers of things that many transactions count.

use super::{Above, Balance, BalanceAt, Field, Map, Short, Stored};
use crate::{Place, StorageKey, host::stop};
use dure_abi::Amount;

/// One stored number that is only counted up and down: a [`Balance`] of things, stored as one.
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
    amount: Balance,
}

/// The number of one key of a `Map<K, Counter>`.
pub struct CounterAt {
    amount: BalanceAt,
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
        CounterAt { amount: self.amount.entry() }
    }
}

impl CounterAt {
    /// Reads the number.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        number(self.amount.get())
    }

    /// Counts up. Ends the contract above the greatest number.
    #[inline]
    #[track_caller]
    pub fn add(&self, number: u64) {
        if !self.amount.fits(Amount(number.into()), Amount(u64::MAX.into())) {
            stop("a counter exceeds the greatest number");
        }
    }

    /// Counts up, unless the sum would be above the bound.
    ///
    /// # Errors
    /// [`Above`]; nothing is changed then.
    #[inline]
    pub fn add_within(&self, count: u64, bound: u64) -> Result<(), Above<u64>> {
        let added = self.amount.add_within(Amount(count.into()), Amount(bound.into()));
        added.map_err(|above| {
            let (held, room) = (number(above.held), number(above.room));
            Above { held, room, added: count, bound }
        })
    }

    /// Counts down.
    ///
    /// # Errors
    /// [`Short`] when there are fewer; nothing is changed then.
    #[inline]
    pub fn sub(&self, wanted: u64) -> Result<(), Short<u64>> {
        let taken = self.amount.sub(Amount(wanted.into()));
        taken.map_err(|short| Short { left: number(short.left), wanted })
    }
}

fn number(stored: Amount) -> u64 {
    match u64::try_from(stored.0) {
        Ok(number) => number,
        Err(_) => stop("a stored counter exceeds the greatest number"),
    }
}

impl<K: StorageKey> Map<K, Counter> {
    /// Names the number of a key; reads nothing.
    #[inline]
    #[must_use]
    pub fn at(&self, key: &K) -> CounterAt {
        CounterAt { amount: BalanceAt { key: self.key(key) } }
    }
}

impl Stored for Counter {
    type Value = u64;

    fn decode(bytes: &[u8]) -> u64 {
        number(Balance::decode(bytes))
    }

    #[cfg(feature = "spec")]
    fn layout<K: scale_info::TypeInfo + 'static>(
        builder: &mut crate::spec::Builder,
    ) -> crate::spec::Layout {
        crate::spec::Layout::counters::<K>(builder)
    }
}

impl Field for Counter {
    #[inline]
    fn open(place: Place) -> Self {
        Self { amount: Balance::open(place) }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        crate::spec::Layout::counter(builder)
    }
}
