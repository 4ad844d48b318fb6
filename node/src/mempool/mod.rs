//! The mempool: waiting transactions, and admission, the check at the door.
//!
//! ```text
//! bytes -> Transaction -> VerifiedTransaction -> Admissible -> waiting -> batch -> block
//!        decode, shape    signatures, in bulk    state's view   duplicates, bounds
//! ```
//! Each stage is a type, so that none can be left out. Nothing is charged or reserved before the
//! signature holds. **Invariant:** a transaction id is in here at most once, a nonce of a lane is
//! held by at most one id.

pub mod admission;
pub mod pool;
pub mod rejection;

pub use admission::{Admissible, Admission, admit};
pub use pool::{MempoolStatus, Pool, Submitted};
pub use rejection::Rejection;
