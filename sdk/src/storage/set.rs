//! Keys that are there or not, in order.

use super::{
    Described, Field,
    scan::{Entries, Order, Origin, Page, nothing},
};
use crate::{
    Place, StorageKey, host,
    key::{KeyBuffer, KeyPrefix},
};
use core::marker::PhantomData;

/// Stored keys. They are ordered as their values are.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut guests = Set::<String>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     guests.insert(&"ben".to_string());
///     guests.insert(&"ana".to_string());
///     assert!(guests.contains(&"ana".to_string()));
///     let names: Vec<_> = guests.entries(None, Order::Ascending).collect();
///     assert_eq!(names, ["ana", "ben"]);
/// });
/// ```
pub struct Set<K> {
    place: Place,
    key: PhantomData<fn() -> K>,
}

impl<K: StorageKey> Set<K> {
    #[inline]
    fn key(&self, key: &K) -> KeyBuffer {
        KeyBuffer::of_entry(self.place, key)
    }

    /// Puts a key in; it may be there.
    #[inline]
    pub fn insert(&mut self, key: &K) {
        host::storage_set(self.key(key).as_slice(), &[]);
    }

    /// Takes a key out; it may be absent.
    #[inline]
    pub fn remove(&mut self, key: &K) {
        host::storage_remove(self.key(key).as_slice());
    }

    /// Whether the key is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        host::storage_has(self.key(key).as_slice())
    }

    /// Goes through the keys, at or after `from` (at or before it when descending).
    #[must_use]
    pub fn entries(&self, from: Option<&K>, order: Order) -> Keys<K> {
        Keys(self.scan(KeyBuffer::of_field(self.place), &Origin::at(self.place, from), order))
    }

    /// At most `limit` keys (254 at most) after the key `after` (before it when descending).
    #[must_use]
    pub fn page(&self, after: Option<&K>, limit: u32, order: Order) -> Page<K, K>
    where
        K: Clone,
    {
        let scan =
            self.scan(KeyBuffer::of_field(self.place), &Origin::after(self.place, after), order);
        scan.page(limit, |key, ()| key, K::clone)
    }

    /// Goes through the keys that begin with `first`: for a key that is a tuple, its first part
    /// or its first two.
    #[must_use]
    pub fn under<P: StorageKey>(&self, first: &P, order: Order) -> Keys<K>
    where
        K: KeyPrefix<P>,
    {
        Keys(self.scan(KeyBuffer::of_entry(self.place, first), &Origin::Start, order))
    }

    /// At most `limit` of them (254 at most) after the key `after` (before it when descending).
    #[must_use]
    pub fn page_under<P: StorageKey>(
        &self,
        first: &P,
        after: Option<&K>,
        limit: u32,
        order: Order,
    ) -> Page<K, K>
    where
        K: KeyPrefix<P> + Clone,
    {
        let prefix = KeyBuffer::of_entry(self.place, first);
        let scan = self.scan(prefix, &Origin::after(self.place, after), order);
        scan.page(limit, |key, ()| key, K::clone)
    }

    pub(super) fn scan(&self, prefix: KeyBuffer, from: &Origin, order: Order) -> Entries<K, ()> {
        Entries::new(self.place, prefix, from, order, nothing)
    }
}

/// Iterates over the keys of a [`Set`].
pub struct Keys<K>(pub(super) Entries<K, ()>);

impl<K: StorageKey> Keys<K> {
    /// Ends before the key `to` (after it when descending).
    pub fn until(self, to: &K) -> impl Iterator<Item = K> + use<K> {
        self.0.until(to).map(|(key, ())| key)
    }
}

impl<K: StorageKey> Iterator for Keys<K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        self.0.next().map(|(key, ())| key)
    }
}

impl<K: StorageKey + Described + 'static> Field for Set<K> {
    #[inline]
    fn open(place: Place) -> Self {
        Self { place, key: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        crate::spec::Layout::map::<K, ()>(builder)
    }
}
