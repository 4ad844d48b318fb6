//! Reading what another contract publishes, without calling it.
//!
//! A field under `#[published]` is part of what a contract promises: others read it by its type.
//! For a storage struct `Token` with such fields the `storage` attribute writes `TokenPublished`,
//! which has a method for each of them.

use super::{Balance, Counter, Item, Map, Set, Stored};
use crate::{Place, StorageKey, host, key::KeyBuffer};
use codec::{Decode, Encode};
use core::marker::PhantomData;
use dure_abi::{Address, Amount, ReadFault};

/// Says why another contract's storage could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub enum ReadError {
    /// No contract has that address.
    UnknownContract,
    /// The contract is on the call stack: what it stored so far may be half of a change.
    Reentrant,
    /// The contract does not publish the field.
    NotPublished,
    /// What is stored there is of another type: it is not the contract that it was taken for.
    BadValue,
}

/// A field that can be read from outside its contract.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be published",
    label = "not a type that other contracts can read",
    note = "publish an `Item`, a `Map`, a `Set`, a `Balance` or a `Counter`; or the registry's `Merchants` and `Persons`; offer a query for the rest"
)]
pub trait Published {
    /// What reads it.
    type Reader;

    /// Names the field of a contract; reads nothing.
    fn reader(contract: Address, place: Place) -> Self::Reader;
}

/// Reads a stored value of another contract; `false` when there is none.
pub(crate) fn read(
    contract: &Address,
    key: &[u8],
    into: &mut host::Bytes<{ crate::buffer::SMALL }>,
) -> Result<bool, ReadError> {
    host::storage_read(contract, key, into).map_err(|fault| match fault {
        ReadFault::UnknownContract => ReadError::UnknownContract,
        ReadFault::Reentrant => ReadError::Reentrant,
        ReadFault::NotPublished => ReadError::NotPublished,
    })
}

fn load<T: Decode>(contract: &Address, key: &KeyBuffer) -> Result<Option<T>, ReadError> {
    let mut bytes = host::Bytes::new();
    if !read(contract, key.as_slice(), &mut bytes)? {
        return Ok(None);
    }
    match crate::entry::arguments(bytes.as_slice()) {
        Some(value) => Ok(Some(value)),
        None => Err(ReadError::BadValue),
    }
}

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident<$($parameter:ident),*>;)*) => {$(
        $(#[$doc])*
        pub struct $name<$($parameter),*> {
            contract: Address,
            place: Place,
            types: PhantomData<fn() -> ($($parameter,)*)>,
        }

        impl<$($parameter),*> $name<$($parameter),*> {
            fn new(contract: Address, place: Place) -> Self {
                Self { contract, place, types: PhantomData }
            }
        }
    )*};
}
readers! {
    /// Reads an [`Item`] of another contract.
    ItemOf<T>;
    /// Reads a [`Map`] of another contract.
    MapOf<K, V>;
    /// Reads a [`Set`] of another contract.
    SetOf<K>;
    /// Reads a [`Balance`] of another contract.
    BalanceOf<>;
    /// Reads a [`Counter`] of another contract.
    CounterOf<>;
}

impl<T: Decode> ItemOf<T> {
    /// Reads the value; `None` when it was never set.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn get(&self) -> Result<Option<T>, ReadError> {
        load(&self.contract, &KeyBuffer::of_field(self.place))
    }
}

impl<K: StorageKey, V: Decode> MapOf<K, V> {
    /// Reads the value of a key.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn get(&self, key: &K) -> Result<Option<V>, ReadError> {
        load(&self.contract, &KeyBuffer::of_entry(self.place, key))
    }
}

impl<K: StorageKey> MapOf<K, Balance> {
    /// Reads the amount of a key.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn amount(&self, key: &K) -> Result<Amount, ReadError> {
        let amount = load(&self.contract, &KeyBuffer::of_entry(self.place, key))?;
        Ok(amount.unwrap_or(Amount::ZERO))
    }
}

impl<K: StorageKey> MapOf<K, Counter> {
    /// Reads the number of a key.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn number(&self, key: &K) -> Result<u64, ReadError> {
        number(load(&self.contract, &KeyBuffer::of_entry(self.place, key))?)
    }
}

impl<K: StorageKey> SetOf<K> {
    /// Whether the key is in the set.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn contains(&self, key: &K) -> Result<bool, ReadError> {
        let found = load::<()>(&self.contract, &KeyBuffer::of_entry(self.place, key))?;
        Ok(found.is_some())
    }
}

impl BalanceOf {
    /// Reads the amount.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn get(&self) -> Result<Amount, ReadError> {
        let amount = load(&self.contract, &KeyBuffer::of_field(self.place))?;
        Ok(amount.unwrap_or(Amount::ZERO))
    }
}

impl CounterOf {
    /// Reads the number.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn get(&self) -> Result<u64, ReadError> {
        number(load(&self.contract, &KeyBuffer::of_field(self.place))?)
    }
}

fn number(stored: Option<Amount>) -> Result<u64, ReadError> {
    u64::try_from(stored.unwrap_or(Amount::ZERO).0).map_err(|_| ReadError::BadValue)
}

impl<T> Published for Item<T> {
    type Reader = ItemOf<T>;

    fn reader(contract: Address, place: Place) -> ItemOf<T> {
        ItemOf::new(contract, place)
    }
}

impl<K: StorageKey, V: Stored> Published for Map<K, V> {
    type Reader = MapOf<K, V>;

    fn reader(contract: Address, place: Place) -> MapOf<K, V> {
        MapOf::new(contract, place)
    }
}

impl<K: StorageKey> Published for Set<K> {
    type Reader = SetOf<K>;

    fn reader(contract: Address, place: Place) -> SetOf<K> {
        SetOf::new(contract, place)
    }
}

impl Published for Balance {
    type Reader = BalanceOf;

    fn reader(contract: Address, place: Place) -> BalanceOf {
        BalanceOf::new(contract, place)
    }
}

impl Published for Counter {
    type Reader = CounterOf;

    fn reader(contract: Address, place: Place) -> CounterOf {
        CounterOf::new(contract, place)
    }
}
