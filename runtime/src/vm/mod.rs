//! The virtual machine: sandboxed WASM contracts on wasmtime.
//!
//! A contract is entered in one way only, `enter`, whether by a transaction, a query or another
//! contract; gas, depth and re-entrance are judged there. The host never calls back into a guest
//! while one of its imports runs (`dure_abi`).
//!
//! **Invariant:** nothing outside this folder names wasmtime.
//! **Invariant:** every way in which WASM can stop maps to one `ExecutionError` or to a `Fault`
//! of this machine (`trap.rs`, total).

mod cache;
mod codes;
mod engine;
mod enter;
mod expose;
pub mod gas;
mod guest;
mod host;
mod instance;
mod spec;
mod trace;
mod trap;
mod validate;

pub use cache::CodeCache;
pub use engine::{EngineConfig, Vm};
pub(crate) use enter::{Done, Request, enter};
pub(crate) use guest::{Compiled, Env, Notes};
pub use spec::{SpecError, run_spec};
pub use trace::{Entered, TracedCall};
pub(crate) use validate::stored_spec;
pub use validate::{ValidModule, validate};

/// Which entry point of a contract is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Init,
    Call,
    Query,
    /// The input begins with the version of the stored state, 4 bytes little-endian.
    Migrate,
}
