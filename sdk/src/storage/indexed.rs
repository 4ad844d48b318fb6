//! Values by key, found by what they contain too.

use super::{Described, Entries, Field, Keys, Map, Order, Page, Set, Storable, scan::Origin};
use crate::{Place, StorageKey, key::KeyBuffer};
use codec::{Decode, Encode};
use core::marker::PhantomData;

/// Stored values by key with indexes that are kept in step by [`IndexedMap::set`] and
/// [`IndexedMap::remove`].
///
/// `I` is a tuple of one to four types that implement [`Index`]. Part 0 of the field holds the values, each index
/// the part of its own number.
///
/// # Example
/// ```
/// use dure_sdk::{index::{Many, Unique}, native::Sandbox, prelude::*};
///
/// #[dure::ty]
/// pub struct Voucher {
///     owner: Address,
///     code: u32,
/// }
///
/// pub struct ByOwner;
/// impl Index<u64, Voucher> for ByOwner {
///     const ID: u8 = 1;
///     const NAME: &'static str = "by_owner";
///     type Kind = Many;
///     type Key = Address;
///     fn key(_: &u64, voucher: &Voucher) -> Option<Address> {
///         Some(voucher.owner)
///     }
/// }
///
/// pub struct ByCode;
/// impl Index<u64, Voucher> for ByCode {
///     const ID: u8 = 2;
///     const NAME: &'static str = "by_code";
///     type Kind = Unique;
///     type Key = u32;
///     fn key(_: &u64, voucher: &Voucher) -> Option<u32> {
///         Some(voucher.code)
///     }
/// }
///
/// let mut vouchers = IndexedMap::<u64, Voucher, (ByOwner, ByCode)>::open(Place::field(0));
/// Sandbox::new().run(|_| {
///     let owner = Address([1; 32]);
///     vouchers.set(&7, &Voucher { owner, code: 70 }).unwrap();
///     vouchers.set(&8, &Voucher { owner, code: 80 }).unwrap();
///     assert_eq!(vouchers.find::<ByCode>(&80), Some(8));
///     let own: Vec<_> = vouchers.keys_by::<ByOwner>(&owner, Order::Ascending).collect();
///     assert_eq!(own, [7, 8]);
///     let taken = vouchers.set(&9, &Voucher { owner, code: 70 });
///     assert_eq!(taken, Err(dure_sdk::Taken { index: "by_code" }));
/// });
/// ```
pub struct IndexedMap<K, V, I> {
    place: Place,
    values: Map<K, V>,
    indexes: PhantomData<fn() -> I>,
}

/// Another value has the same key in a unique index; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// [`Index::NAME`] of the index.
    pub index: &'static str,
}

/// A way to find the values of an [`IndexedMap`]. See there for an example.
pub trait Index<K, V> {
    /// The index's number, from 1, each once in a map. As with fields, it must not change.
    const ID: u8;
    /// The index's name in the specification and in [`Taken`].
    const NAME: &'static str;
    /// [`Unique`] or [`Many`].
    type Kind: Kind;
    /// What is looked for.
    type Key: StorageKey + Encode + Decode + PartialEq + Described + 'static;

    /// The index's key of a value; none when the index leaves the value out.
    fn key(key: &K, value: &V) -> Option<Self::Key>;
}

/// At most one value has a key of the index.
pub struct Unique;

/// Any number of values have the same key of the index.
pub struct Many;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unique {}
    impl Sealed for super::Many {}
}

/// How an index keeps its keys: [`Unique`] or [`Many`].
pub trait Kind: sealed::Sealed {
    /// Whether another value than that of `key` has this key of the index.
    #[doc(hidden)]
    fn taken<N: Part, K: Part + PartialEq>(place: Place, found_by: &N, key: &K) -> bool;

    /// Notes that the value of `key` has this key of the index.
    #[doc(hidden)]
    fn insert<N: Part, K: Part>(place: Place, found_by: &N, key: &K);

    /// Forgets it.
    #[doc(hidden)]
    fn remove<N: Part, K: Part>(place: Place, found_by: &N, key: &K);

    #[doc(hidden)]
    #[cfg(feature = "spec")]
    fn describe<N: Part, K: Part>(
        builder: &mut crate::spec::Builder,
        name: &str,
        id: u8,
    ) -> dure_abi::spec::FieldSpec;
}

/// What the keys of an indexed map and of its indexes can be.
#[doc(hidden)]
pub trait Part: StorageKey + Encode + Decode + Described + 'static {}
impl<T: StorageKey + Encode + Decode + Described + 'static> Part for T {}

impl Kind for Unique {
    fn taken<N: Part, K: Part + PartialEq>(place: Place, found_by: &N, key: &K) -> bool {
        Map::<N, K>::open(place).get(found_by).is_some_and(|other| other != *key)
    }

    fn insert<N: Part, K: Part>(place: Place, found_by: &N, key: &K) {
        Map::<N, K>::open(place).set(found_by, key);
    }

    fn remove<N: Part, K: Part>(place: Place, found_by: &N, _: &K) {
        Map::<N, K>::open(place).remove(found_by);
    }

    #[cfg(feature = "spec")]
    fn describe<N: Part, K: Part>(
        builder: &mut crate::spec::Builder,
        name: &str,
        id: u8,
    ) -> dure_abi::spec::FieldSpec {
        crate::spec::part::<Map<N, K>>(builder, name, id)
    }
}

/// A key of the index, then the key of the value: as a tuple of both is written.
fn entry<N: StorageKey, K: StorageKey>(place: Place, found_by: &N, key: &K) -> KeyBuffer {
    let mut bytes = KeyBuffer::of_entry(place, found_by);
    key.write(&mut bytes);
    bytes
}

impl Kind for Many {
    fn taken<N: Part, K: Part + PartialEq>(_: Place, _: &N, _: &K) -> bool {
        false
    }

    fn insert<N: Part, K: Part>(place: Place, found_by: &N, key: &K) {
        crate::host::storage_set(entry(place, found_by, key).as_slice(), &[]);
    }

    fn remove<N: Part, K: Part>(place: Place, found_by: &N, key: &K) {
        crate::host::storage_remove(entry(place, found_by, key).as_slice());
    }

    #[cfg(feature = "spec")]
    fn describe<N: Part, K: Part>(
        builder: &mut crate::spec::Builder,
        name: &str,
        id: u8,
    ) -> dure_abi::spec::FieldSpec {
        crate::spec::part::<Set<(N, K)>>(builder, name, id)
    }
}

/// A tuple of one to four indexes.
pub trait Indexes<K, V> {
    /// Their numbers.
    const IDS: &'static [u8];

    /// The name of a unique index in which another value has the key of this one.
    #[doc(hidden)]
    fn taken(place: Place, key: &K, value: &V) -> Option<&'static str>;

    /// Changes what the indexes hold of a key.
    #[doc(hidden)]
    fn replace(place: Place, key: &K, old: Option<&V>, new: Option<&V>);

    #[doc(hidden)]
    #[cfg(feature = "spec")]
    fn describe(builder: &mut crate::spec::Builder, parts: &mut crate::spec::Parts);
}

fn taken<K: Part + PartialEq, V, I: Index<K, V>>(
    place: Place,
    key: &K,
    value: &V,
) -> Option<&'static str> {
    let found_by = I::key(key, value)?;
    I::Kind::taken(place.part(I::ID), &found_by, key).then_some(I::NAME)
}

fn replace<K: Part, V, I: Index<K, V>>(place: Place, key: &K, old: Option<&V>, new: Option<&V>) {
    let place = place.part(I::ID);
    let old = old.and_then(|value| I::key(key, value));
    let new = new.and_then(|value| I::key(key, value));
    if old == new {
        return;
    }
    if let Some(old) = old {
        I::Kind::remove(place, &old, key);
    }
    if let Some(new) = new {
        I::Kind::insert(place, &new, key);
    }
}

macro_rules! tuple_indexes {
    ($(($($name:ident),+))*) => {$(
        impl<K: Part + PartialEq, V, $($name: Index<K, V>),+> Indexes<K, V> for ($($name,)+) {
            const IDS: &'static [u8] = &[$($name::ID),+];

            fn taken(place: Place, key: &K, value: &V) -> Option<&'static str> {
                None$(.or_else(|| taken::<K, V, $name>(place, key, value)))+
            }

            fn replace(place: Place, key: &K, old: Option<&V>, new: Option<&V>) {
                $(replace::<K, V, $name>(place, key, old, new);)+
            }

            #[cfg(feature = "spec")]
            fn describe(builder: &mut crate::spec::Builder, parts: &mut crate::spec::Parts) {
                $(
                    let part = <$name::Kind as Kind>::describe::<$name::Key, K>(
                        builder,
                        $name::NAME,
                        $name::ID,
                    );
                    parts.push(part);
                )+
            }
        }
    )*};
}
tuple_indexes! { (A) (A, B) (A, B, C) (A, B, C, D) }

/// Whether every number is above 0, which is that of the values, and there once.
const fn distinct(ids: &[u8]) -> bool {
    let mut seen = [false; 256];
    seen[0] = true;
    let mut at = 0;
    while at < ids.len() {
        if seen[ids[at] as usize] {
            return false;
        }
        seen[ids[at] as usize] = true;
        at += 1;
    }
    true
}

const fn contains(ids: &[u8], id: u8) -> bool {
    let mut at = 0;
    while at < ids.len() {
        if ids[at] == id {
            return true;
        }
        at += 1;
    }
    false
}

impl<K, V, I> IndexedMap<K, V, I>
where
    K: Part + PartialEq,
    V: Storable,
    I: Indexes<K, V>,
{
    /// Reads the value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.values.get(key)
    }

    /// Whether the key has a value.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.values.contains(key)
    }

    /// Writes the value of a key, and changes the indexes by it.
    ///
    /// # Errors
    /// [`Taken`] when another value has the same key in a unique index; nothing is changed then.
    pub fn set(&mut self, key: &K, value: &V) -> Result<(), Taken> {
        if let Some(index) = I::taken(self.place, key, value) {
            return Err(Taken { index });
        }
        let old = self.values.get(key);
        I::replace(self.place, key, old.as_ref(), Some(value));
        self.values.set(key, value);
        Ok(())
    }

    /// Takes the value of a key, out of the indexes too.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.values.get(key)?;
        I::replace(self.place, key, Some(&old), None);
        self.values.remove(key);
        Some(old)
    }

    /// Goes through keys and values, at or after `from` (at or before it when descending).
    #[must_use]
    pub fn entries(&self, from: Option<&K>, order: Order) -> Entries<K, V> {
        self.values.entries(from, order)
    }

    /// At most `limit` entries (254 at most) after the key `after` (before it when descending).
    #[must_use]
    pub fn page(&self, after: Option<&K>, limit: u32, order: Order) -> Page<(K, V), K>
    where
        K: Clone,
    {
        self.values.page(after, limit, order)
    }

    /// The key of the one value that a unique index has under `found_by`.
    #[must_use]
    pub fn find<N: Index<K, V, Kind = Unique>>(&self, found_by: &N::Key) -> Option<K> {
        Map::<N::Key, K>::open(self.part::<N>()).get(found_by)
    }

    /// Goes through the keys of all values that an index has under `found_by`.
    #[must_use]
    pub fn keys_by<N: Index<K, V, Kind = Many>>(
        &self,
        found_by: &N::Key,
        order: Order,
    ) -> KeysBy<N::Key, K> {
        let keys = Set::<(N::Key, K)>::open(self.part::<N>());
        KeysBy(keys.under(found_by, order))
    }

    /// At most `limit` keys (254 at most) of the values that an index has under `found_by`, after
    /// the key `after` (before it when descending).
    #[must_use]
    pub fn page_by<N: Index<K, V, Kind = Many>>(
        &self,
        found_by: &N::Key,
        after: Option<&K>,
        limit: u32,
        order: Order,
    ) -> Page<K, K>
    where
        K: Clone,
    {
        let place = self.part::<N>();
        let origin = match after {
            None => Origin::Start,
            Some(key) => Origin::After(entry(place, found_by, key)),
        };
        let prefix = KeyBuffer::of_entry(place, found_by);
        let keys = Set::<(N::Key, K)>::open(place).scan(prefix, &origin, order);
        keys.page(limit, |(_, key), ()| key, K::clone)
    }

    /// Goes through an index in its own order, from `from` on: keys of the index, each with the
    /// key of a value.
    #[must_use]
    pub fn ordered_by<N: Index<K, V, Kind = Many>>(
        &self,
        from: Option<&N::Key>,
    ) -> Keys<(N::Key, K)> {
        let place = self.part::<N>();
        let origin = Origin::at(place, from);
        let keys = Set::<(N::Key, K)>::open(place);
        Keys(keys.scan(KeyBuffer::of_field(place), &origin, Order::Ascending))
    }

    /// Where an index is. Does not compile for one that the map does not keep.
    fn part<N: Index<K, V>>(&self) -> Place {
        const { assert!(contains(I::IDS, N::ID), "the map does not keep this index") }
        self.place.part(N::ID)
    }
}

/// Iterates over the keys that an index has under one of its own.
pub struct KeysBy<N, K>(Keys<(N, K)>);

impl<N: StorageKey, K: StorageKey> Iterator for KeysBy<N, K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        self.0.next().map(|(_, key)| key)
    }
}

impl<K, V, I> Field for IndexedMap<K, V, I>
where
    K: Part + PartialEq,
    V: Storable,
    I: Indexes<K, V>,
{
    #[inline]
    fn open(place: Place) -> Self {
        const {
            assert!(distinct(I::IDS), "the indexes of a map have different numbers, from 1");
        }
        Self { place, values: Map::open(place.part(0)), indexes: PhantomData }
    }

    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout {
        let mut parts = crate::spec::Parts::new();
        parts.push(crate::spec::part::<Map<K, V>>(builder, "values", 0));
        I::describe(builder, &mut parts);
        crate::spec::Layout::composite(builder, parts)
    }
}
