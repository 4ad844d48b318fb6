//! Two-phase payments (rules C7, C12): reserve now, settle later.
//!
//! An account has *free* money and *held* money. A hold moves money from free to held at once, so
//! that it cannot be spent twice while it waits: the limit is checked when the hold is made, never
//! when it is settled. Then one of these happens:
//!
//! | | from held | to the payee | to free |
//! |---|---|---|---|
//! | `post(amount, Rest::Release)` | all of it | the amount | the rest |
//! | `post(amount, Rest::Keep)` | the amount | the amount | nothing; the hold stays for the rest |
//! | `void` | all of it | nothing | all of it |
//! | `expire` | all of it | nothing | all of it |
//!
//! **Posting.** At most what the hold still has. Posting nought with `Release` lets all go and
//! still counts as posted; `post_all` takes all. Keeping a rest of nought ends the hold.
//!
//! **Expiry.** A hold is over at `time >= expires`, whether or not anybody has noticed: neither
//! `post` nor `void` works then, and anybody may `expire` it, which frees the money. A post before
//! that instant stands.
//!
//! **Refunds.** What was captured can be given back, at most all of it in sum.
//!
//! **Ids.** Making the same hold again is harmless and says so; another one under its id is
//! refused. An id is never free again, also when its hold was voided or expired.
//!
//! This is TigerBeetle's two-phase transfer, with `Keep` added for captures in parts and an
//! absolute instant in place of a timeout in seconds. A settled hold is kept, with what was
//! captured and refunded, since ids must stay taken.

mod book;
mod hold;

pub use book::Holds;
pub use hold::{Difference, Hold, HoldId, HoldState, HoldsError, Made, Rest};
