//! An in-memory chain on the real executor, for contract tests.
//!
//! [`Chain`] signs real transactions, checks their signatures and executes them as a node would,
//! one block each, without a process, a disk or a network: a test takes milliseconds. Contracts run
//! as the WASM that `dure build` makes.
//!
//! ```no_run
//! use dure_testing::Chain;
//!
//! let mut chain = Chain::new();
//! let (issuer, holder) = (chain.account("issuer"), chain.account("holder"));
//! let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, ("Won", 1_000u128)).unwrap();
//! chain.call::<()>(issuer, token, "transfer", (holder.address(), 5u128)).unwrap();
//! assert_eq!(chain.query::<u128>(token, "balance", holder.address()).unwrap(), 5);
//! ```
//!
//! [`Chain::shadow`] runs a contract natively beside its WASM, for a debugger and for coverage, and
//! fails the test where the two do not do the same.
//!
//! [`#[invariants]`](macro@invariants) makes a function that says what must hold a test which looks
//! for a sequence of calls that breaks it: see the module [`mod@invariants`].

mod account;
mod build;
mod chain;
mod change;
mod event;
mod failure;
mod gas;
pub mod invariants;
mod names;
pub mod scenario;
mod shadow;
mod transaction;
mod upgrade;

pub use account::Account;
pub use chain::{Chain, Snapshot};
pub use change::{Change, Changed};
pub use codec;
pub use dure_abi;
pub use dure_macros::invariants;
pub use dure_types::{
    self, Address, Amount, Event, ExecutionError, Gas, Hash, Height, Outcome, Receipt, SchemaError,
    SystemError, TimestampMs, TrapKind, address::contract as contract_address, domain::selector,
};
pub use failure::{FailureWords, Refusal, TestFailure};
pub use gas::{GasReport, GasRow};
pub use invariants::Invariants;
pub use transaction::{Executed, call, invoke};
