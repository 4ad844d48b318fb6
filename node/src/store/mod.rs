//! The node's storage: a narrow interface, and two implementations of it under one test-suite.
//!
//! | database | holds | made durable |
//! |---|---|---|
//! | `ledger` | batches, headers, certificates | one fsync of its log for each group of writes |
//! | `state` | state, outcomes, indexes, tree, undo records, applied height | flushed now and then |
//!
//! The ledger is the truth; the state can be computed from it again. A block's writes to `state`
//! are one batch, made only after the block's header and certificate are durable in `ledger`, so
//! that the state is never ahead of the ledger, whenever it is flushed.
//!
//! `column.rs` is the whole schema. Beside the databases lies the signer's log, a file of its own
//! (`signer.rs`), so that a damaged ledger cannot take it along, and a folder of compiled contracts
//! (`compiled.rs`), which is a cache.

pub mod column;
pub mod compiled;
pub mod error;
pub mod interface;
mod latch;
pub mod ledger;
pub mod memory;
#[cfg(feature = "rocksdb")]
pub mod rocks;
pub mod schema;
pub mod signer;
pub mod state;

pub use column::{Column, Database};
pub use error::StoreError;
pub use interface::{Entry, Range, Read, Store, WriteBatch};
pub use memory::MemoryStore;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksStore;
pub use signer::SignerFile;
