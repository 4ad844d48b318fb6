//! Ordering: which batches come next, behind `step(Event) -> Vec<Action>`.
//!
//! Pure: no clock, disk, socket or thread. The host (the node's machine) makes durable, signs and
//! sends what the actions ask for, and answers with events.
//!
//! ```text
//! Start ─────► rests ──(batch, root, heartbeat)──► Persist(header)
//!   ▲                                                  │ Durable
//!   │                                                  ▼
//!   └── host makes it durable ◄── Decide ◄── Vote ◄── Sign(precommit)
//! ```
//! **Rules.** The proposal is durable before the precommit on it is signed, so that a restart
//! signs the same one again and no other. The next height starts only when the host says so, after
//! header and certificate are durable: else a crash could lose both the lock and the decision.
//!
//! [`Lone`] is the ordering of a chain with one validator: it fills the same header, signs the same
//! precommit and makes a 1-of-1 certificate. It has no rounds but 0, no prevotes and no timeouts,
//! since nobody else's word is waited for.

mod event;
mod lone;
mod proposal;

pub use event::{Action, Event, Now, OrderingError, ReadyBatch, SignRequest, Start};
pub use lone::Lone;
pub use proposal::{
    BATCHES_LAG_MAX, BLOCK_INTERVAL_MIN, HEARTBEAT, Limits, Results, pace, propose,
};
