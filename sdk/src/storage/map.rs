//! Values by key, in order.

use super::{
    Described, Field, Storable, decoded, load,
    scan::{Entries, Order, Origin, Page},
    store,
};
use crate::{
    Place, StorageKey, host,
    key::{KeyBuffer, KeyPrefix},
};
use codec::{Decode, Encode};
use core::marker::PhantomData;

/// Stored values by key. Keys of one map are ordered as their values are.
///
/// With [`Balance`](crate::Balance) or [`Counter`](crate::Counter) as the value, the map holds
/// amounts: see `at`.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut seats = Map::<(u8, u8), String>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     seats.set(&(2, 1), &"Ana".to_string());
///     seats.set(&(2, 7), &"Ben".to_string());
///     seats.set(&(3, 1), &"Cem".to_string());
///     let second_row: Vec<_> = seats.under(&2, Order::Ascending).map(|(_, who)| who).collect();
///     assert_eq!(second_row, ["Ana", "Ben"]);
///     assert_eq!(seats.get(&(3, 1)).as_deref(), Some("Cem"));
///     seats.remove(&(3, 1));
///     assert!(!seats.contains(&(3, 1)));
/// });
/// ```
pub struct Map<K, V> {
    place: Place,
    types: PhantomData<fn() -> (K, V)>,
}

/// What a map can hold: any type that is stored, or an amount changed without being read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "not a type that storage holds",
    note = "put `#[dure::ty]` on the struct or enum"
)]
pub trait Stored {
    /// What reading an entry gives.
    type Value;

    /// Reads a value; ends the contract when it is of another type.
    fn decode(bytes: &[u8]) -> Self::Value;

    /// Describes a map of them.
    #[cfg(feature = "spec")]
    fn layout<K: scale_info::TypeInfo + 'static>(
        builder: &mut crate::spec::Builder,
    ) -> crate::spec::Layout;
}

#[diagnostic::do_not_recommend]
impl<T: Storable> Stored for T {
    type Value = T;

    #[inline]
    fn decode(bytes: &[u8]) -> T {
        decoded(bytes)
    }

    #[cfg(feature = "spec")]
    fn layout<K: scale_info::TypeInfo + 'static>(
        builder: &mut crate::spec::Builder,
    ) -> crate::spec::Layout {
        crate::spec::Layout::map::<K, T>(builder)
    }
}

/// What a map reads and writes as a whole: every value but an amount, which is changed in its place.
#[diagnostic::on_unimplemented(
    message = "the entries of a map of `{Self}` are not read and written as a whole",
    label = "name the entry first: `.at(&key)`, and then `.get()`, `.add(..)` or `.sub(..)`",
    note = "a map of `Balance` or `Counter` holds amounts, which are nought unless added to"
)]
pub trait Whole: Encode + Decode {}

#[diagnostic::do_not_recommend]
impl<T: Encode + Decode> Whole for T {}

impl<K: StorageKey, V> Map<K, V> {
    #[inline]
    pub(super) fn key(&self, key: &K) -> KeyBuffer {
        KeyBuffer::of_entry(self.place, key)
    }

    /// Removes an entry; absent ones are allowed.
    #[inline]
    pub fn remove(&mut self, key: &K) {
        host::storage_remove(self.key(key).as_slice());
    }
}

// The bounds are at the methods, not at the `impl`: so the compiler says what to write instead.
impl<K: StorageKey, V> Map<K, V> {
    /// Reads the value of a key.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V>
    where
        V: Whole,
    {
        load(self.key(key).as_slice())
    }

    /// Whether the key has a value.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &K) -> bool
    where
        V: Whole,
    {
        host::storage_has(self.key(key).as_slice())
    }

    /// Writes the value of a key.
    #[inline]
    pub fn set(&mut self, key: &K, value: &V)
    where
        V: Whole,
    {
        store(self.key(key).as_slice(), value);
    }
}

impl<K: StorageKey, V: Stored> Map<K, V> {
    /// Goes through the entries, at or after `from` (at or before it when descending).
    ///
    /// Of a map of amounts, through those that are not nought.
    #[must_use]
    pub fn entries(&self, from: Option<&K>, order: Order) -> Entries<K, V::Value> {
        self.scan(&Origin::at(self.place, from), order)
    }

    /// The first entry from a key on: asks for one alone, where iterating would ask for more.
    #[must_use]
    pub fn first(&self, from: Option<&K>, order: Order) -> Option<(K, V::Value)> {
        self.entries(from, order).first()
    }

    /// At most `limit` entries (254 at most) after the key `after` (before it when descending).
    #[must_use]
    pub fn page(&self, after: Option<&K>, limit: u32, order: Order) -> Page<(K, V::Value), K>
    where
        K: Clone,
    {
        let entries = self.scan(&Origin::after(self.place, after), order);
        entries.page(limit, |key, value| (key, value), |(key, _)| key.clone())
    }

    /// Goes through the entries whose keys begin with `first`: for a key that is a tuple, its
    /// first part or its first two.
    #[must_use]
    pub fn under<P>(&self, first: &P, order: Order) -> Entries<K, V::Value>
    where
        P: StorageKey,
        K: KeyPrefix<P>,
    {
        self.scan_under(first, &Origin::Start, order)
    }

    /// Goes through those of them that are at or after a key (at or before it when descending).
    #[must_use]
    pub fn under_from<P>(&self, first: &P, from: &K, order: Order) -> Entries<K, V::Value>
    where
        P: StorageKey,
        K: KeyPrefix<P>,
    {
        self.scan_under(first, &Origin::at(self.place, Some(from)), order)
    }

    /// At most `limit` of them (254 at most) after the key `after` (before it when descending).
    #[must_use]
    pub fn page_under<P>(
        &self,
        first: &P,
        after: Option<&K>,
        limit: u32,
        order: Order,
    ) -> Page<(K, V::Value), K>
    where
        P: StorageKey,
        K: KeyPrefix<P> + Clone,
    {
        let entries = self.scan_under(first, &Origin::after(self.place, after), order);
        entries.page(limit, |key, value| (key, value), |(key, _)| key.clone())
    }

    fn scan_under<P: StorageKey>(
        &self,
        first: &P,
        from: &Origin,
        order: Order,
    ) -> Entries<K, V::Value> {
        let prefix = KeyBuffer::of_entry(self.place, first);
        Entries::new(self.place, prefix, from, order, V::decode)
    }

    fn scan(&self, from: &Origin, order: Order) -> Entries<K, V::Value> {
        Entries::new(self.place, KeyBuffer::of_field(self.place), from, order, V::decode)
    }
}

impl<K: StorageKey + Described + 'static, V: Stored> Field for Map<K, V> {
    #[inline]
    fn open(place: Place) -> Self {
        Self { place, types: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        V::layout::<K>(builder)
    }
}
