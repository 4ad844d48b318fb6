//! The node as a state machine: `step(Event) -> Vec<Action>`.
//!
//! No clock, disk, thread or randomness: time comes in with every event, and what must reach the
//! disk or the executor goes out as an action. Production drives it from threads (`driver`), the
//! tests from virtual time and a store that forgets.
//!
//! ```text
//! Submit ─► home? ─► mempool ─► batch sealed, signed ─► to all, Persist ─► acknowledged ───┐
//!             └─► to its home                                                              ▼
//!   Executed ◄─ Execute ◄─ all batches here ◄─ durable ◄─ Persist ◄─ Decide ◄──────── ordering
//!      │                                                                                   ▲
//!      └── roots ──────────────────────────────────────────────────────────────────────────┘
//! ```
//! `spread` has what happens to batches of all authors, `home` who seals a transaction, `backlog`
//! what is decided and waits; `docs/consensus.md` has the rules, and tests that attack them.
//! **Durability.** A batch is durable before it is acknowledged or named; proposal and votes, with all that
//! led to them (the signer's log, a file of its own), before they leave and before what they decide
//! is written; header and certificate before the block is executed, and only an executed block is
//! `final`. So whatever was answered can be computed again.

mod acknowledged;
mod backlog;
mod batches;
mod event;
mod fetching;
mod home;
mod node;
pub mod recovery;
mod seal;
mod spread;
mod verified;
mod wire;

pub use backlog::{BACKLOG_MAX, EXECUTING_MAX, Slot, Waiting};
pub use batches::{AUTHOR_BYTES_MAX, REFUSE_FOR};
pub use event::{Action, Blame, Event, Ticket};
pub use fetching::FETCH_AGAIN;
pub use home::{HAND_OVER_AFTER, homes};
pub use node::{Machine, Setup};
pub use recovery::{Recovered, recover};
pub use verified::{BadBatch, VerifiedBatch, verify_ahead, verify_batch};
pub use wire::{FETCH_MAX, FORWARD_BYTES_MAX, Lane, WIRE_BYTES_MAX, Wire};
