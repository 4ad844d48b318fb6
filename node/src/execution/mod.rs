//! Execution of decided blocks, outside the step: it runs contracts and writes the state.
//!
//! **Invariant:** a block is executed only after its header and certificate are durable, and its
//! writes are one batch: the state is after a height or before it, never in between.

mod apply;
mod block;
mod genesis;
mod proof;
mod tree;
mod undo;

pub use block::{Block, Executed, execute};
pub use genesis::write_genesis;
pub use proof::{certified_entry, receipt_proof};
pub use tree::Tree;
pub use undo::{UndoRecords, UndoWindow};
