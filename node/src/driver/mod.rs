//! The production driver: threads, clock and channels around the machine.
//!
//! | thread | does | so that |
//! |---|---|---|
//! | door | checks signatures in bulk, looks at the state | the machine sees only what may wait |
//! | machine | every step | there is one order of events, and no lock |
//! | ledger | writes, one fsync for all that came meanwhile | a step never waits for the disk |
//! | signer | writes the signer's mark, with an fsync of its own file | it does not queue behind batches |
//! | execution | runs blocks, writes the state | nor for a contract |
//! | urgent, inbox, checks, archive | with the other validators: `peers.rs` | nor for their messages |
//! | flush | makes the state durable now and then | nor does execution |
//!
//! **Invariant:** decides nothing. What a thread fails with, or panics with, becomes the node's
//! [`crate::fault::Fault`], after which no thread takes up anything new.

mod clock;
mod door;
mod node;
mod peers;
mod threads;

pub use clock::{AHEAD_MAX_MS, WallClock};
pub use door::Door;
pub use node::Node;
pub use peers::{Held, Inbox, Outgoing};
