//! Looking for sequences of calls that break what must always hold.
//!
//! A function under `#[dure_testing::invariants(set_up)]` says what must hold after every call and
//! becomes a test. `set_up` returns the chain to begin with, the contract that is called, and what
//! else it likes ([`Start`]):
//!
//! ```no_run
//! use dure_testing::{Address, Chain, TestFailure, invariants::{Moment, Played}};
//!
//! fn set_up() -> (Chain, Address) {
//!     let mut chain = Chain::new();
//!     let issuer = chain.account("issuer");
//!     chain.account("guest");
//!     let points = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, ()).unwrap();
//!     (chain, points)
//! }
//!
//! // A query of the contract that must answer true.
//! #[dure_testing::invariants(set_up)]
//! fn what_is_held_is_the_supply(now: &Moment, points: Address) -> Result<bool, TestFailure> {
//!     now.query(points, "is_conserved", ())
//! }
//!
//! // What every call must keep to: the moment before it, the call, the moment after it.
//! #[dure_testing::invariants(set_up, without("issue"), effort(64, 32))]
//! fn the_supply_stays(
//!     before: &Moment,
//!     _call: &Played,
//!     after: &Moment,
//!     points: Address,
//! ) -> Result<bool, TestFailure> {
//!     let supply = |at: &Moment| at.query::<u128>(points, "supply", ());
//!     Ok(supply(before)? == supply(after)?)
//! }
//! # fn main() {}
//! ```
//!
//! The test fails, too, when a call panics, and when no call of some method was accepted: what it
//! does was not tested. Of methods that hardly got through it warns on standard error. Beside
//! `without` and `effort` there is `within_days(60)`, the longest time of a sequence. The function
//! answers `bool`, `Result<bool, E>` or `Result<(), E>`. Failing sequences are kept in
//! `tests/corpus/` under the function's name.
//!
//! Behind the attribute is [`Invariants`], for what it cannot say. It takes a chain as a test has
//! set it up, makes sequences of calls from the specifications of the contracts on it, and checks
//! after every call. A call that the contract refuses changes nothing, and the sequence goes on;
//! what must always hold is then checked again only if time has passed. A sequence that breaks an
//! invariant is shortened, its numbers made small, and kept in a folder that belongs into the
//! repository, whose sequences are played first from then on. The run goes on after it, and so does
//! the sequence: what is reported is the first sequence for each invariant that was broken.
//!
//! Calls run on the real executor without signature, nonce or quota, which is what makes tens of
//! thousands of them a second. The same seed makes the same sequences on every machine.
//!
//! Calls are not merely random, since a contract refuses most of what is. Half of them are calls
//! that were accepted before, in the same sequence or when the test set the chain up, with one
//! thing changed; others are about one stored entry, whose numbers and accounts belong together,
//! and take over arguments of the same name. New numbers are small, or occurred in arguments,
//! results and storage, or are near one that did, a part of it, a difference of two; seldom, they
//! are the ends of an integer's range. Time passes before one call in eight, an hour, a day, a part
//! of what the sequence has, or until just before, at or after an instant that occurred, as an
//! expiry does.

mod choose;
mod corpus;
mod generate;
mod leaf;
mod learned;
mod lesson;
mod moment;
mod play;
mod report;
mod run;
mod search;
mod shrink;
mod start;

pub use moment::{Moment, Played};
pub use report::{Explored, MethodCount, Violation};
pub use run::Invariants;
pub use start::{Contracts, Start, Verdict, conclude, search};
