//! State: how it is read, keyed and committed to.

mod branch;
pub mod key;
pub mod overlay;
mod proof;
pub mod read;
pub mod tree;
pub mod undo;
