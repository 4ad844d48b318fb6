//! Every error that a caller can meet: one table of stable codes, typed data, and the docs of it.

mod convert;
mod execution;
mod table;

pub use execution::RefusedCall;
pub use table::{ErrorEntry, RpcError, TABLE};
