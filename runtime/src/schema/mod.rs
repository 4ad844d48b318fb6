//! Judging specifications against each other: new code against the code that it replaces and
//! against what that stored, and a module against the standards that it claims.
//!
//! **Same types.** Two types are the same when every value has the same bytes and every part the
//! same name: a struct whose fields changed places would decode, and mean something else. Names of
//! fields and variants count; the name of a type counts only when its fields have none
//! (`Height(u64)` and `TimestampMs(u64)` are told apart by nothing else). Documentation and names
//! of arguments never count. Where old values are read by new code, an enum may have got more
//! variants.
//!
//! **Invariant:** time and memory are bounded by the steps that the caller allows, whatever the
//! registries look like; nothing recurses further than parts of a field nest, and names of types a
//! few levels.

mod compare;
mod difference;
mod entry;
mod interface;
mod upgrade;

pub(crate) use compare::TooManySteps;
pub use difference::{field_difference, type_difference};
pub(crate) use entry::Entries;
pub(crate) use interface::check as check_interfaces;
pub(crate) use upgrade::{Plan, plan};
