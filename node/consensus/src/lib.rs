//! Ordering: which batches come next, behind `step(Event) -> Vec<Action>`.
//!
//! Pure: no clock, disk, socket, thread or randomness. The host makes durable, signs and sends what
//! the actions ask for, and answers with events. The agreement itself is Malachite's core
//! (Tendermint, arXiv 1807.04938), which only `core` names; one validator is the same code.
//!
//! ```text
//! Start ──► rests ──(batch, root, a call, heartbeat)──► round 0, 1, ..
//!   ▲                                                      │ Sign ► Signed
//!   │                                                      │ Append ► Appended
//!   │                                                      ▼ Broadcast
//!   └── host makes it durable ◄── Decide ◄── quorum of precommits, or a certificate of others
//! ```
//! `docs/consensus.md` states every rule, the attack that it answers, and the test that shows it.

mod active;
mod consensus;
mod core;
mod drill;
mod event;
mod log;
mod message;
mod named;
mod observing;
mod offences;
mod outbox;
mod peers;
mod proposal;
mod ready;
mod rotation;
mod sets;
mod signatures;
mod signer;
mod timeout;
mod validity;
mod verify;

pub use consensus::{Consensus, Setup, history_from};
#[cfg(feature = "drills")]
pub use drill::play;
pub use drill::{DRILLS, Drill};
pub use event::{Action, Event, Now, OrderingError, ReadyBatch, Report, SignRequest, Start};
pub use log::{LOG_BYTES_MAX, Log, LogError, Record};
pub use message::{DECIDED_MAX, MESSAGE_BYTES_MAX, Message, Polka, RoundProof};
pub use named::{Named, in_time};
pub use proposal::{BATCHES_LAG_MAX, BLOCK_INTERVAL_MIN, HEARTBEAT, Limits};
pub use sets::Sets;
pub use signatures::Signatures;
pub use signer::{Checked, Signer, SignerError, ToSign};
pub use timeout::{Step, Timeout};
pub use validity::Invalid;
