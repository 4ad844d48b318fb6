//! Looking for sequences of calls that break what must always hold.
//!
//! [`Invariants`] takes a chain as a test has set it up, makes sequences of calls from the
//! specifications of the contracts on it, and checks after every call. A call that the contract
//! refuses changes nothing, and the sequence goes on; what must always hold is then checked again
//! only if time has passed. A sequence that breaks an invariant is
//! shortened, its numbers made small, and kept in a folder that belongs into the repository, whose
//! sequences are played first from then on.
//!
//! Calls run on the real executor without signature, nonce or quota, which is what makes tens of
//! thousands of them a second. The same seed makes the same sequences on every machine.
//!
//! Arguments are not merely random: accounts and contracts that the test knows, the ends of every
//! integer's range, and numbers that occurred before in arguments, results and storage, and their
//! neighbours, since that is where rules break.

mod corpus;
mod generate;
mod leaf;
mod moment;
mod play;
mod report;
mod run;
mod shrink;

pub use moment::{Moment, Played};
pub use report::{Explored, MethodCount, Violation};
pub use run::Invariants;
