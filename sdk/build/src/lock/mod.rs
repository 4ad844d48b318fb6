//! `dure.lock`: which id each storage field of a contract has, for ever.
//!
//! The file stands beside the contract's `Cargo.toml` and is committed. It lists every field that
//! the contract ever had, with its id, its kind and its types, and the parts of the types of its
//! own that are stored:
//!
//! ```toml
//! version = 1
//! contract = "tally"
//!
//! [[field]]
//! id = 0
//! name = "prices"
//! kind = "map"
//! key = "Address"
//! value = "Price"
//!
//! [types]
//! Price = ["amount: Amount", "since: TimestampMs"]
//! ```
//!
//! The `#[storage]` attribute takes the ids from it. A build appends new fields with the next ids,
//! notes new names (`#[was("old")]`) and, when the storage's version rises and a migration starts
//! from the version in the file, new types. Whatever else differs is refused: it would read stored
//! bytes as something that they are not. `retired = true`, written by hand under a field that is
//! gone, keeps its id from ever being used again.

mod before;
mod error;
mod file;
mod layout;
mod recover;
mod settle;
#[cfg(test)]
mod tests;

pub use error::LockError;
pub(crate) use file::LockFile;
pub use recover::lock_of;
pub(crate) use settle::{Settled, settle};

/// Name of the file.
pub const LOCK_FILE: &str = "dure.lock";

/// What a build may do to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockMode {
    /// Write it when it is missing or lacks something.
    Write,
    /// Refuse when it would have to be written.
    Locked,
    /// Let it be: tests of a contract that is not finished.
    Keep,
}
