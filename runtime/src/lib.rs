//! The executor of Dure: what a block does to state, as a pure function.
//!
//! No clock, file, socket, thread or randomness: `node/` brings the state (a [`StateRead`]) and the
//! block, and writes what comes back. Parts: [`signature`] turns bytes from outside into
//! [`VerifiedTransaction`]s; [`Executor`] runs them; [`system`] is the native contract that deploys
//! and upgrades
//! the others; [`schema`] judges whether it may; [`vm`] is the sandbox; [`state`] holds keys, the overlay and the tree; [`merkle`]
//! the tree of receipts and events.
//!
//! **Invariant:** same state and block, same output, on every machine (DESIGN G2).
#![cfg_attr(
    not(test),
    deny(
        unsafe_code,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::float_arithmetic,
        clippy::let_underscore_must_use
    )
)]

mod executor;
pub mod genesis;
pub mod merkle;
pub mod schema;
pub mod signature;
pub mod state;
pub mod system;
pub mod vm;

pub use executor::{
    BlockContext, BlockOutput, Executor, ExecutorConfig, QueryOutput, Simulation,
    TransactionOutput, base_gas, deployed, receipt_leaf, receipts_root,
};
pub use signature::VerifiedTransaction;
pub use state::read::{Before, Fault, StateDelta, StateRead};
pub use vm::{CodeCache, EngineConfig, Entered, TracedCall};
