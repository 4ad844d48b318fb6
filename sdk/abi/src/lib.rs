//! Words that both sides of the sandbox share: the host functions, the identifiers a contract
//! names, and the contract's specification.
//!
//! **The boundary.** A contract is a WASM module that exports `memory` and the entry points of
//! [`entry`]. It *pulls* its input and *pushes* its output through imports of the module
//! [`MODULE`]; the host never calls back into the guest while an import runs, and asks it for no
//! allocator. [`host_functions!`] is the one table of those imports: the SDK generates its stubs
//! from it, the runtime its linker, and the book its reference.
//!
//! Versioning: the module name carries the version. A function is never changed once a chain
//! lives; new ones are added, and an incompatible set would be `dure2` beside `dure1`.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod calendar;
pub mod entry;
mod host;
mod id;
pub mod limits;
mod operator;
#[cfg(feature = "spec")]
pub mod spec;
pub mod standard;

pub use host::{CALL_FAILED_BIT, CallFault, FLAG_READ_ONLY, ReadFault, SCAN_REVERSE};
pub use id::{Address, Amount, Gas, Hash, Height, Selector, TimestampMs};
#[doc(hidden)]
pub use operator::Operand;

/// What a contract says of a field that it read before it was set, which it knows by number: the
/// number follows, and who shows the text has the name and the remedy.
pub const UNSET_FIELD: &str = "unset field #";

/// Names the WASM import module of this version of the boundary.
pub const MODULE: &str = "dure1";
