//! What a contract author imports.
//!
//! A contract is a module under `#[dure::contract]`: one `#[storage]` struct, an `impl` whose
//! methods are marked `#[init]`, `#[call]` or `#[query]`, events and one error enum. `dure build`
//! compiles the crate to WASM and appends its spec; nothing else is needed in the author's
//! `Cargo.toml` than this crate.
//!
//! ```
//! #![no_std]
//! use dure_sdk::prelude::*;
//!
//! /// Counts, for whoever asks.
//! #[dure::contract]
//! pub mod counter {
//!     use dure_sdk::prelude::*;
//!
//!     #[storage]
//!     pub struct Counter {
//!         count: Item<u64>,
//!         owner: Item<Address>,
//!     }
//!
//!     #[event]
//!     pub struct Raised {
//!         #[index]
//!         by: Address,
//!         count: u64,
//!     }
//!
//!     #[error]
//!     pub enum Error {
//!         /// Counting ends at the limit.
//!         Full { limit: u64 },
//!     }
//!
//!     impl Counter {
//!         #[init]
//!         pub fn new(&mut self, cx: &Cx) {
//!             self.owner.set(&cx.caller());
//!             self.count.set(&0);
//!         }
//!
//!         /// Raises the count and returns it.
//!         #[call]
//!         pub fn raise(&mut self, cx: &Cx) -> Result<u64, Error> {
//!             let count = self.count.get();
//!             ensure!(count < 1_000, Error::Full { limit: 1_000 });
//!             self.count.set(&(count + 1));
//!             cx.emit(&Raised { by: cx.caller(), count: count + 1 });
//!             Ok(count + 1)
//!         }
//!
//!         #[query]
//!         pub fn count(&self) -> u64 {
//!             self.count.get()
//!         }
//!     }
//! }
//! # fn main() {
//! assert_eq!(counter::call::raise().method, "raise");
//! # }
//! ```
//!
//! **Storage is lazy.** A field is two bytes of a key until it is asked: nothing is read before
//! `get`, nothing is written when a value is dropped.
//!
//! **Two hosts.** A chain runs WASM. Outside `wasm32` the same code runs on a sandbox in memory
//! (`native`), for tests at full speed; `dure-testing` runs the WASM on the real executor.
//!
//! **Memory.** 16 KiB of stack, then data, then a heap that only grows: a call is short and its
//! memory is thrown away with it. Small values, keys and events never touch the heap.
#![no_std]

extern crate alloc;
// The attributes name this crate, here too.
extern crate self as dure_sdk;
// Tests and clients outside WASM use the panic handler and the allocator of std.
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

#[cfg(target_arch = "wasm32")]
mod allocator;
mod buffer;
mod context;
pub mod crypto;
pub mod domain;
pub mod entry;
mod event;
mod host;
mod interface;
mod invocation;
mod key;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
#[cfg(target_arch = "wasm32")]
mod panic;
mod place;
pub mod prelude;
mod ratio;
#[cfg(feature = "spec")]
pub mod spec;
pub mod standard;
mod storage;

pub use codec;
pub use context::Cx;
pub use dure_abi::{Address, Amount, Gas, Hash, Height, Selector, TimestampMs};
pub use dure_macros::{composite, contract, error, event, interface, selector, storage, ty};
pub use event::Event;
pub use host::stop;
pub use interface::Interface;
pub use invocation::{CallError, Invocation};
pub use key::{KeyBuffer, KeyPrefix, StorageKey};
pub use place::Place;
pub use ratio::Ratio;
#[cfg(feature = "spec")]
pub use scale_info;
pub use storage::{
    Above, Balance, BalanceAt, Counter, CounterAt, Described, Entries, Field, Index, IndexedMap,
    Item, Keys, Map, Order, OutOfRange, Page, Queue, Set, Short, Storable, Storage, StorageVec,
    Stored, Taken, Until, Whole, field_id, indexed as index, published,
};

/// Returns the error unless the condition holds.
///
/// # Example
/// ```
/// use dure_sdk::ensure;
/// fn half(x: u32) -> Result<u32, &'static str> {
///     ensure!(x % 2 == 0, "odd");
///     Ok(x / 2)
/// }
/// assert_eq!(half(3), Err("odd"));
/// assert_eq!(half(4), Ok(2));
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $error:expr $(,)?) => {
        if !$condition {
            return ::core::result::Result::Err(::core::convert::From::from($error));
        }
    };
}

/// Makes errors of modules variants of a contract's own, so that `?` passes them on.
///
/// # Example
/// ```
/// use dure_sdk::domain::{caps::CapsError, roles::RolesError};
/// enum Error {
///     Roles(RolesError),
///     Caps(CapsError),
/// }
/// dure_sdk::errors_from! {
///     Error;
///     Roles: RolesError,
///     Caps: CapsError,
/// }
/// # let _ = |error: RolesError| Error::from(error);
/// ```
#[macro_export]
macro_rules! errors_from {
    ($own:ty; $($variant:ident: $error:ty,)*) => {$(
        impl ::core::convert::From<$error> for $own {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

/// Opens a field as it was stored by an older version, in a `#[migrate]` method.
///
/// The storage struct names the field as it is now; what lies there may still be of the type that
/// it had, under the same number. Fields of the past can be opened, too. A name that the storage
/// never had does not compile. It stands in the module under `#[contract]`, which puts the type into
/// the specification: an upgrade by code that declares another type than what is stored is refused.
///
/// # Example
/// ```
/// #[dure_sdk::contract]
/// pub mod shop {
///     use dure_sdk::prelude::*;
///
///     #[storage(version = 2)]
///     pub struct Shop {
///         /// An `Item<u64>` in version 1.
///         price: Item<Amount>,
///     }
///
///     impl Shop {
///         #[init]
///         pub fn new(&mut self, price: Amount) {
///             self.price.set(&price);
///         }
///
///         #[migrate(from = 1)]
///         pub fn from_1(&mut self) {
///             let old = dure::before!(Shop, price: Item<u64>);
///             if let Some(price) = old.try_get() {
///                 self.price.set(&Amount(price.into()));
///             }
///         }
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! before {
    (@noted $storage:ty, $field:ident: $old:ty $(,)?) => {
        <$old as $crate::Field>::open(
            const {
                let fields = <$storage as $crate::Storage>::FIELDS;
                $crate::Place::field($crate::field_id(fields, ::core::stringify!($field)))
            },
        )
    };
    ($($elsewhere:tt)*) => {
        ::core::compile_error!(
            "`before!` stands in the module under `#[dure::contract]`, which notes the type for \
             the chain: open the field there, and hand it on"
        )
    };
}

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
