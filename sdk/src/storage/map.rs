//! Values by key, in order.

use super::{Balance, Described, Field, decoded, load, store};
use crate::{
    StorageKey,
    host::{self, stop},
    key::KeyBuffer,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use dure_abi::{Amount, SCAN_REVERSE};

/// Entries fetched from the host at once while iterating.
const PAGE_ENTRIES: u32 = 32;

/// Stored values by key. Keys of one map are ordered as their values are.
///
/// With [`Balance`] as the value the map holds amounts: see `at`.
pub struct Map<K, V> {
    id: u16,
    types: PhantomData<fn() -> (K, V)>,
}

/// Which way to iterate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the least key on.
    Ascending,
    /// From the greatest key on.
    Descending,
}

impl<K: StorageKey, V> Map<K, V> {
    #[inline(always)]
    pub(super) fn key(&self, key: &K) -> KeyBuffer {
        KeyBuffer::of_entry(self.id, key)
    }

    /// Removes an entry; absent ones are allowed.
    #[inline]
    pub fn remove(&mut self, key: &K) {
        host::storage_remove(self.key(key).as_slice());
    }
}

impl<K: StorageKey, V: Encode + Decode> Map<K, V> {
    /// Reads the value of a key.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        load(self.key(key).as_slice())
    }

    /// Whether the key has a value.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        host::storage_get(self.key(key).as_slice()).is_some()
    }

    /// Writes the value of a key.
    #[inline]
    pub fn set(&mut self, key: &K, value: &V) {
        store(self.key(key).as_slice(), value);
    }

    /// Goes through the entries, at or after `from` (at or before it when descending).
    ///
    /// Entries are fetched in pages as they are needed; writing to the map meanwhile is allowed,
    /// and whether a page not yet fetched shows it depends on where it is.
    #[must_use]
    pub fn entries(&self, from: Option<&K>, order: Order) -> Entries<K, V> {
        Entries::new(self.id, from, order, decoded)
    }
}

impl<K: StorageKey> Map<K, Balance> {
    /// Goes through the amounts that are not nought: as `entries` of other maps.
    #[must_use]
    pub fn amounts(&self, from: Option<&K>, order: Order) -> Entries<K, Amount> {
        Entries::new(self.id, from, order, decoded)
    }
}

/// Iterates over the entries of a [`Map`].
pub struct Entries<K, V> {
    id: u16,
    order: Order,
    /// Where the next page starts; empty at the very beginning.
    from: Vec<u8>,
    /// Whether `from` itself was already given out.
    skip_from: bool,
    page: alloc::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    ended: bool,
    decode: fn(&[u8]) -> V,
    key: PhantomData<fn() -> K>,
}

impl<K: StorageKey, V> Entries<K, V> {
    fn new(id: u16, from: Option<&K>, order: Order, decode: fn(&[u8]) -> V) -> Self {
        let from = from.map(|key| KeyBuffer::of_entry(id, key).as_slice().to_vec());
        Self {
            id,
            order,
            from: from.unwrap_or_default(),
            skip_from: false,
            page: Vec::new().into_iter(),
            ended: false,
            decode,
            key: PhantomData,
        }
    }

    fn fetch(&mut self) {
        let flags = if self.order == Order::Descending { SCAN_REVERSE } else { 0 };
        let prefix = self.id.to_be_bytes();
        let bytes = host::storage_scan(&prefix, &self.from, PAGE_ENTRIES, flags);
        let mut page: Vec<(Vec<u8>, Vec<u8>)> = decoded(bytes.as_slice());
        if self.skip_from && page.first().is_some_and(|(key, _)| *key == self.from) {
            page.remove(0);
        }
        match page.last() {
            Some((key, _)) => {
                self.from.clone_from(key);
                self.skip_from = true;
            }
            None => self.ended = true,
        }
        self.page = page.into_iter();
    }
}

impl<K: StorageKey, V> Iterator for Entries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && !self.ended {
            self.fetch();
        }
        let (key, value) = self.page.next()?;
        let mut bytes = key.get(2..).unwrap_or_default();
        match K::read(&mut bytes) {
            Some(key) if bytes.is_empty() => Some((key, (self.decode)(&value))),
            _ => stop("a stored key is not of the field's type"),
        }
    }
}

impl<K, V> Field for Map<K, V>
where
    K: StorageKey + Described + 'static,
    V: Encode + Decode + Described + 'static,
{
    #[inline(always)]
    fn open(id: u16) -> Self {
        Self { id, types: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> (dure_abi::spec::FieldKind, Option<u32>, u32) {
        let key = builder.type_id::<K>();
        (dure_abi::spec::FieldKind::Map, Some(key), builder.type_id::<V>())
    }
}

impl<K: StorageKey + Described + 'static> Field for Map<K, Balance> {
    #[inline(always)]
    fn open(id: u16) -> Self {
        Self { id, types: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> (dure_abi::spec::FieldKind, Option<u32>, u32) {
        let key = builder.type_id::<K>();
        (dure_abi::spec::FieldKind::Balance, Some(key), builder.type_id::<Amount>())
    }
}
