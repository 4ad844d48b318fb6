//! Storage: typed names for keys.
//!
//! The struct under `#[storage]` numbers its fields as `dure.lock` pins them, without a lock from 0
//! in order of declaration; the number is the first two bytes (big-endian) of every key of the
//! field. A struct of fields under `#[dure::composite]` is itself a field, whose parts append one
//! byte each to the number. A field holds nothing but where it is.

mod balance;
mod counter;
pub mod indexed;
mod item;
mod list;
mod map;
pub mod published;
mod queue;
mod scan;
mod set;

pub use balance::{Above, Balance, BalanceAt, Short};
pub use counter::{Counter, CounterAt};
pub use indexed::{Index, IndexedMap, Taken};
pub use item::Item;
pub use list::{OutOfRange, StorageVec};
pub use map::{Map, Stored, Whole};
pub use queue::Queue;
pub use scan::{Entries, Order, Page, Until};
pub use set::{Keys, Set};

use crate::{
    Place,
    host::{self, stop},
};
use codec::{Decode, Encode};

/// The struct under `#[storage]`, which implements it.
pub trait Storage {
    /// Version of the layout: `#[storage(version = N)]`.
    const VERSION: u32;
    /// Names and numbers of the fields, those of the past too.
    const FIELDS: &'static [(&'static str, u16)];
    /// Numbers of the fields that other contracts may read.
    const PUBLISHED: &'static [u16];

    /// Names the fields; reads nothing.
    #[must_use]
    fn open() -> Self;

    /// Describes the fields.
    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder);
}

/// A type that a field of the storage struct may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of storage",
    label = "a field of a storage struct names stored values, it does not hold them",
    note = "write `Item<{Self}>` for one value; there are also `Map`, `Set`, `StorageVec`, `Queue`, \
            `IndexedMap`, `Balance` and `Counter`, and structs under `#[dure::composite]`"
)]
pub trait Field: Sized {
    /// Names the field at this place; reads nothing.
    #[must_use]
    fn open(place: Place) -> Self;

    /// Describes the field: its layout, and the types of key and value.
    #[cfg(feature = "spec")]
    fn spec(builder: &mut crate::spec::Builder) -> crate::spec::Layout;
}

/// A type whose values can be stored.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "not a type whose values can be stored",
    note = "put `#[dure::ty]` on the struct or enum"
)]
pub trait Storable: Encode + Decode + Described + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Encode + Decode + Described + 'static> Storable for T {}

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

#[inline]
fn load<T: Decode>(key: &[u8]) -> Option<T> {
    let mut bytes = host::Bytes::new();
    host::storage_get(key, &mut bytes).then(|| decoded(bytes.as_slice()))
}

#[inline]
fn decoded<T: Decode>(bytes: &[u8]) -> T {
    match crate::entry::arguments(bytes) {
        Some(value) => value,
        None => stop("a stored value is not of the field's type"),
    }
}

#[inline]
fn store<T: Encode>(key: &[u8], value: &T) {
    let mut bytes = crate::buffer::Buffer::<{ crate::buffer::SMALL }>::new();
    value.encode_to(&mut bytes);
    host::storage_set(key, bytes.as_slice());
}
