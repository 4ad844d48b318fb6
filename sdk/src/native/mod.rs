//! The host outside WASM: a sandbox in memory, for tests of contracts, storage and modules.
//!
//! [`Sandbox`] holds what a chain would: stored values, events, the block's height and time. Code
//! inside [`Sandbox::run`] is a contract to the SDK, and contracts whose storage struct implements
//! [`Contract`] (the `contract` attribute sees to that) can be called at addresses. Everything
//! runs on the test's own thread at full speed, in a debugger, under coverage and in property
//! tests.
//!
//! **Meaning.** Bounds, denied re-entrance, codes of failed calls, and undoing what did not
//! succeed are those of the runtime. What differs: gas is not metered, memory and stack are the
//! test's, the system contract is absent, and a pointer cannot be wrong. A contract that traps is
//! a panic here, whose text [`Sandbox::panic_text`] keeps.
//!
//! ```
//! use dure_sdk::{native::Sandbox, prelude::*};
//!
//! #[dure::composite]
//! struct Till {
//!     cash: Balance,
//! }
//!
//! let mut sandbox = Sandbox::new();
//! sandbox.caller(Address([7; 32])).time(TimestampMs(1_000));
//! let cash = sandbox.run(|cx| {
//!     assert_eq!(cx.caller(), Address([7; 32]));
//!     let mut till = Till::open(Place::field(0));
//!     till.cash.add(Amount(3));
//!     till.cash.get()
//! });
//! assert_eq!(cash, Amount(3));
//! ```
//!
//! **Invariant:** exists only where the target is not `wasm32`; nothing in a contract names it.

mod contract;
mod sandbox;
pub(crate) mod table;
mod touched;
mod world;

pub use contract::{Contract, EntryPoint};
pub use sandbox::{Outputs, Sandbox};
pub use touched::Touched;
pub use world::Emitted;
