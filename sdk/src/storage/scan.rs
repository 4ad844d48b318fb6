//! Going through stored entries in the order of their keys.

use super::decoded;
use crate::{
    Place, StorageKey,
    host::{self, stop},
    key::KeyBuffer,
};
use alloc::vec::Vec;
use codec::{Compact, Decode, Encode};
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
    /// From the least key on.
    Ascending,
    /// From the greatest key on.
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

    /// Asks for so many at first, 1 to 256: of what is mostly short, less than the eight that it
    /// would be.
    #[must_use]
    pub fn fetching(mut self, count: u32) -> Self {
        self.cursor.fetch = count.clamp(1, limits::SCAN_ENTRIES_MAX);
        self
    }

    /// Ends before the key `to` (after it when descending); with `from` it is a range.
    ///
    /// What a fetch brings of entries beyond is paid for, yet not decoded, and none is fetched after
    /// it. Whoever knows how many there are in a range says so by [`Entries::fetching`].
    ///
    /// # Example
    /// ```
    /// use dure_sdk::{native::Sandbox, prelude::*};
    /// let mut ages = Map::<String, u8>::open(Place::field(0));
    /// Sandbox::new().run(|_| {
    ///     for (name, age) in [("ana", 30), ("ben", 20), ("cem", 40)] {
    ///         ages.set(&name.into(), &age);
    ///     }
    ///     let from = ages.entries(Some(&"b".into()), Order::Ascending);
    ///     assert_eq!(from.until(&"c".into()).collect::<Vec<_>>(), [("ben".into(), 20)]);
    /// });
    /// ```
    #[must_use]
    pub fn until(self, to: &K) -> Until<K, V> {
        let place = self.cursor.prefix.as_slice().get(..self.cursor.place_len);
        let mut end = KeyBuffer::of_bytes(place.unwrap_or_default());
        to.write(&mut end);
        Until { entries: self, end, ended: false }
    }

    /// The first of them, fetched alone.
    pub(super) fn first(mut self) -> Option<(K, V)> {
        self.cursor.fetch = 1;
        self.next()
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
        let (place_len, decode) = (self.cursor.place_len, self.decode);
        let (key, value) = self.cursor.next()?;
        Some((key_of(key, place_len), decode(value)))
    }
}

/// The key in the bytes of a stored one.
#[inline]
fn key_of<K: StorageKey>(stored: &[u8], place_len: usize) -> K {
    let mut bytes = stored.get(place_len..).unwrap_or_default();
    match K::read(&mut bytes) {
        Some(key) if bytes.is_empty() => key,
        _ => stop("a stored key is not of the field's type"),
    }
}

/// [`Entries`] that end before a key.
pub struct Until<K, V> {
    entries: Entries<K, V>,
    /// The key that they end before, which opens with the place.
    end: KeyBuffer,
    ended: bool,
}

impl<K: StorageKey, V> Iterator for Until<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Entries { cursor, decode, .. } = &mut self.entries;
        let (place_len, order) = (cursor.place_len, cursor.order);
        let (key, value) = cursor.next()?;
        self.ended = match order {
            Order::Ascending => key >= self.end.as_slice(),
            Order::Descending => key <= self.end.as_slice(),
        };
        (!self.ended).then(|| (key_of(key, place_len), decode(value)))
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
    /// What was fetched, as the host wrote it.
    page: Vec<u8>,
    /// Where in it the next entry begins.
    at: usize,
    /// Entries of it that were not given out.
    left: u32,
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
            page: Vec::new(),
            at: 0,
            left: 0,
            ended: false,
        }
    }

    #[inline(never)]
    fn next(&mut self) -> Option<(&[u8], &[u8])> {
        while self.left == 0 {
            if self.ended {
                return None;
            }
            self.fetch();
        }
        self.left -= 1;
        let mut rest = self.page.get(self.at..).unwrap_or_default();
        let (key, value) = (part(&mut rest), part(&mut rest));
        self.at = self.page.len() - rest.len();
        if self.left == 0 {
            // The next fetch starts behind it.
            self.from.clear();
            self.from.extend_from_slice(key);
            self.skip_from = true;
        }
        Some((key, value))
    }

    /// Fetches entries; there are none left when nothing but the one to start behind comes.
    fn fetch(&mut self) {
        let flags = if self.order == Order::Descending { SCAN_REVERSE } else { 0 };
        // One that is only the one to start behind would be taken for the end.
        let asked = self.fetch.max(1 + u32::from(self.skip_from));
        self.fetch = (asked * 2).min(FETCH_MAX.max(asked));
        self.page = host::storage_scan(self.prefix.as_slice(), &self.from, asked, flags);
        let mut rest = self.page.as_slice();
        let count = length(&mut rest);
        let mut after = rest;
        if self.skip_from && count > 0 && part(&mut after) == self.from {
            part(&mut after);
            (self.left, rest) = (count - 1, after);
        } else {
            self.left = count;
        }
        self.at = self.page.len() - rest.len();
        self.ended = self.left == 0;
    }
}

/// Takes a length from the front of what the host wrote.
fn length(bytes: &mut &[u8]) -> u32 {
    match Compact::<u32>::decode(bytes) {
        Ok(Compact(length)) => length,
        Err(_) => stop("a scan returned something else than entries"),
    }
}

/// Takes a key or a value from it.
fn part<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = length(bytes) as usize;
    match bytes.split_at_checked(length) {
        Some((part, rest)) => {
            *bytes = rest;
            part
        }
        None => stop("a scan returned something else than entries"),
    }
}

/// Decodes the nothing that a set stores.
pub(super) fn nothing(bytes: &[u8]) {
    decoded(bytes)
}
