//! Storage: typed names for keys.
//!
//! The struct under `#[storage]` numbers its fields as `dure.lock` pins them, without a lock from 0
//! in order of declaration; the number is the first two bytes (big-endian) of every key of the
//! field. A field holds nothing but that number.

mod balance;
mod item;
mod map;

pub use balance::{Balance, BalanceAt, Short};
pub use item::Item;
pub use map::{Entries, Map, Order};

use crate::host::{self, stop};
use codec::{Decode, Encode};

/// The struct under `#[storage]`, which implements it.
pub trait Storage {
    /// Version of the layout: `#[storage(version = N)]`.
    const VERSION: u32;
    /// Names and numbers of the fields, those of the past too.
    const FIELDS: &'static [(&'static str, u16)];

    /// Names the fields; reads nothing.
    #[must_use]
    fn open() -> Self;

    /// Describes the fields.
    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder);
}

/// A type that a field of the storage struct may have.
pub trait Field {
    /// Names the field with this number; reads nothing.
    #[must_use]
    fn open(id: u16) -> Self;

    /// Describes the field: its layout, and the types of key and value.
    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> (dure_abi::spec::FieldKind, Option<u32>, u32);
}

/// Makes the description of a field compile only where a type is describable.
#[cfg(feature = "spec")]
pub use scale_info::TypeInfo as Described;

/// Without the feature `spec` every type counts as described.
#[cfg(not(feature = "spec"))]
pub trait Described {}
#[cfg(not(feature = "spec"))]
impl<T: ?Sized> Described for T {}

/// The number of a field by its name; what [`crate::before!`] asks while compiling.
///
/// # Panics
/// When there is no such field, which stops the compiler.
#[must_use]
pub const fn field_id(fields: &[(&str, u16)], name: &str) -> u16 {
    let (mut index, name) = (0, name.as_bytes());
    while index < fields.len() {
        let (known, id) = fields[index];
        let known = known.as_bytes();
        let mut same = 0;
        while same < known.len() && same < name.len() && known[same] == name[same] {
            same += 1;
        }
        if same == known.len() && same == name.len() {
            return id;
        }
        index += 1;
    }
    panic!("the storage never had a field of that name")
}

#[inline(always)]
fn load<T: Decode>(key: &[u8]) -> Option<T> {
    host::storage_get(key).map(|bytes| decoded(bytes.as_slice()))
}

#[inline(always)]
fn decoded<T: Decode>(bytes: &[u8]) -> T {
    match crate::entry::arguments(bytes) {
        Some(value) => value,
        None => stop("a stored value is not of the field's type"),
    }
}

#[inline(always)]
fn store<T: Encode>(key: &[u8], value: &T) {
    let mut bytes = crate::buffer::Buffer::<{ crate::buffer::SMALL }>::new();
    value.encode_to(&mut bytes);
    host::storage_set(key, bytes.as_slice());
}
