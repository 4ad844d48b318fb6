//! Going through stored entries in the order of their keys.

use super::decoded;
use crate::{
    Place, StorageKey,
    host::{self, Page as Entry, stop},
    key::KeyBuffer,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use dure_abi::{SCAN_REVERSE, limits};

/// Entries that the first fetch of an iteration asks for; each fetch asks for twice as many as
/// the one before, since every entry asked for costs gas, whether it is there or not.
const FIRST_FETCH: u32 = 8;
/// Entries that one fetch asks for at most.
const FETCH_MAX: u32 = 64;
/// Items of one page at most: with the one that shows whether there is more, and the one to start
/// after, a page takes a single scan.
const PAGE_MAX: u32 = limits::SCAN_ENTRIES_MAX - 2;

/// Which way to iterate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Origin the least key on.
    Ascending,
    /// Origin the greatest key on.
    Descending,
}

/// Some items in order, and where the next ones start.
///
/// What a query returns to a client that shows a long list: the client hands `next` back as
/// `after`, until it is none.
///
/// # Example
/// ```
/// use dure_sdk::{native::Sandbox, prelude::*};
/// let mut ages = Map::<String, u8>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     for (name, age) in [("ana", 30), ("ben", 20), ("cem", 40)] {
///         ages.set(&name.into(), &age);
///     }
///     let first = ages.page(None, 2, Order::Ascending);
///     assert_eq!(first.items, [("ana".into(), 30), ("ben".into(), 20)]);
///     assert_eq!(first.next, Some("ben".to_string()));
///     let second = ages.page(first.next.as_ref(), 2, Order::Ascending);
///     assert_eq!(second.items, [("cem".into(), 40)]);
///     assert_eq!(second.next, None);
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub struct Page<T, K> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// The key of the last of them, when more follow.
    pub next: Option<K>,
}

/// Where an iteration starts.
pub(super) enum Origin {
    /// With the first entry.
    Start,
    /// At the key, which opens with the place.
    At(KeyBuffer),
    /// With the entry that follows the key.
    After(KeyBuffer),
}

impl Origin {
    pub(super) fn at<K: StorageKey>(place: Place, key: Option<&K>) -> Self {
        key.map_or(Self::Start, |key| Self::At(KeyBuffer::of_entry(place, key)))
    }

    pub(super) fn after<K: StorageKey>(place: Place, key: Option<&K>) -> Self {
        key.map_or(Self::Start, |key| Self::After(KeyBuffer::of_entry(place, key)))
    }
}

/// Iterates over stored entries: keys, and values decoded.
///
/// Entries are fetched as they are needed; writing meanwhile is allowed, and whether an entry not
/// yet fetched shows it depends on where it is.
pub struct Entries<K, V> {
    cursor: Cursor,
    decode: fn(&[u8]) -> V,
    key: PhantomData<fn() -> K>,
}

impl<K: StorageKey, V> Entries<K, V> {
    /// All entries of a place whose keys begin with what `prefix` has beyond it.
    pub(super) fn new(
        place: Place,
        prefix: KeyBuffer,
        origin: &Origin,
        order: Order,
        decode: fn(&[u8]) -> V,
    ) -> Self {
        Self { cursor: Cursor::new(place, prefix, origin, order), decode, key: PhantomData }
    }

    /// At most `limit` of them, fetched at once. `item` makes an item, `after` says of the last
    /// one where the next page starts.
    pub(super) fn page<T, C>(
        mut self,
        limit: u32,
        item: impl Fn(K, V) -> T,
        after: impl Fn(&T) -> C,
    ) -> Page<T, C> {
        let limit = limit.min(PAGE_MAX);
        self.cursor.fetch = limit + 1 + u32::from(self.cursor.skip_from);
        let mut items = Vec::new();
        for _ in 0..limit {
            let Some((key, value)) = self.next() else { break };
            items.push(item(key, value));
        }
        let more = limit > 0 && self.next().is_some();
        let next = if more { items.last().map(after) } else { None };
        Page { items, next }
    }
}

impl<K: StorageKey, V> Iterator for Entries<K, V> {
    type Item = (K, V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.cursor.next()?;
        let mut bytes = key.get(self.cursor.place_len..).unwrap_or_default();
        match K::read(&mut bytes) {
            Some(key) if bytes.is_empty() => Some((key, (self.decode)(&value))),
            _ => stop("a stored key is not of the field's type"),
        }
    }
}

/// The iteration of bytes under every [`Entries`]: compiled once, whatever the types.
struct Cursor {
    /// What every key begins with.
    prefix: KeyBuffer,
    /// Bytes of the prefix that are no part of the key.
    place_len: usize,
    order: Order,
    /// Where the next fetch starts; empty at the very beginning.
    from: Vec<u8>,
    /// Whether `from` itself is not to be given out (again).
    skip_from: bool,
    fetch: u32,
    fetched: alloc::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    ended: bool,
}

impl Cursor {
    #[inline(never)]
    fn new(place: Place, prefix: KeyBuffer, origin: &Origin, order: Order) -> Self {
        let (from, skip_from) = match origin {
            Origin::Start => (&[][..], false),
            Origin::At(key) => (key.as_slice(), false),
            Origin::After(key) => (key.as_slice(), true),
        };
        Self {
            prefix,
            place_len: place.as_slice().len(),
            order,
            from: from.to_vec(),
            skip_from,
            fetch: FIRST_FETCH,
            fetched: Vec::new().into_iter(),
            ended: false,
        }
    }

    #[inline(never)]
    fn next(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.fetched.len() == 0 && !self.ended {
            self.fetch();
        }
        self.fetched.next()
    }

    fn fetch(&mut self) {
        let flags = if self.order == Order::Descending { SCAN_REVERSE } else { 0 };
        let asked = self.fetch;
        self.fetch = (asked * 2).min(FETCH_MAX.max(asked));
        let page: Entry = host::storage_scan(self.prefix.as_slice(), &self.from, asked, flags);
        let mut entries = page.into_iter();
        if self.skip_from && entries.as_slice().first().is_some_and(|(key, _)| *key == self.from) {
            entries.next();
        }
        match entries.as_slice().last() {
            Some((key, _)) => {
                self.from.clone_from(key);
                self.skip_from = true;
            }
            None => self.ended = true,
        }
        self.fetched = entries;
    }
}

/// Decodes the nothing that a set stores.
pub(super) fn nothing(bytes: &[u8]) {
    decoded(bytes)
}
