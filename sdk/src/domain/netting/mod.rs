//! Multilateral netting with partial netting in gridlock (rules C11, C12).
//!
//! Members owe each other; once in a while a *cycle* is closed, and each member pays or receives
//! only what it owes less what it is owed. What a member has put in beforehand are its *funds*.
//!
//! ```text
//! open ──► cut ──► no member is short ──────────────► settled: funds change by the positions
//!   ▲       │              ▲
//!   │       └─ one is: an obligation of its is taken out, and carried into the open cycle
//!   └ a new cycle opens at the cut
//! ```
//!
//! **Positions.** `p` = what a member is owed in the cycle less what it owes; they sum to nought.
//! Only `p` is kept, as one amount that is added to and taken from: entering an obligation reads
//! nothing that others write, and a close costs the same however many obligations there are. That
//! amount is the member's *room*, its debit cap and `p`: it never falls below nought, so nobody
//! comes to owe more than the cap.
//!
//! **Gridlock.** A member is short iff `funds + p < 0`. While any is, the short member of lowest id
//! loses its outgoing obligation of lowest priority, of these the newest (entered in the same
//! instant: the one of the lower id), whole. It can unravel everything. What is taken out is
//! carried into the next cycle with a penalty of `floor(amount x bp / 10,000)` to the creditor, anew each
//! time it is carried, on the amount and never on earlier penalties. Obligations are found by their
//! debtor, so gridlock costs what is taken out, not what there is.
//!
//! **Caps.** A cap holds from the next cycle on. What is carried counts against the cap as far as
//! there is room, and is owed beyond it: a debt that exists is not refused.
//!
//! **A close in parts.** One call takes out as many as it is allowed to. Until no member is short,
//! nothing is settled and funds stand still, while the next cycle is open already; where calls are
//! split does not change what comes out.
//!
//! An obligation is in one cycle: the one in which it was entered, or into which it was carried
//! last. It is settled iff that cycle is.

mod book;
mod close;
mod obligation;
mod recount;

pub use book::Netting;
pub use close::{Carried, Position, Report, Step};
pub use obligation::{Debt, Net, NettingError, Obligation, Open, Rank};
pub use recount::Recount;

/// Members that there may be: what is kept of all of them together fits into one stored value.
pub const MEMBERS_MAX: u32 = 1_024;
/// The greatest amount, cap and funds of a member, so that sums of as many as a chain can carry are
/// exact.
pub const AMOUNT_MAX: crate::Amount = crate::Amount(1 << 96);
