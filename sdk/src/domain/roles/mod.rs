//! Who may do what, and what no one may do alone (1.12; the share error of Samsung Securities,
//! April 2018).
//!
//! On that day a clerk of one company paid out 1,000 shares a person instead of 1,000 won. Nobody
//! had to agree, nothing bounded the issue, and the shares could be sold within minutes. Three
//! rules each would have stopped it; the fourth, that an issue is an amount of one asset, is what
//! [`crate::Amount`] and a `supply` with a cap are for.
//!
//! - **Roles** ([`Roles`]). An administrator gives and takes the roles issuer, agent, auditor and
//!   pauser, and that of administrator. The last administrator cannot be removed.
//! - **The two-man rule** ([`TwoMan`]). What one person does in a day without a second is bounded
//!   by a limit; an action above it needs a second person of the role, who names the very same
//!   action before it expires. The limit is on the sum of the day, since a limit on each action is
//!   passed by splitting it. A person is an account here: give the role to one account of each,
//!   which [`crate::domain::registry::Persons`] can tell.
//! - **Cooling** ([`Cooling`]). Newly issued units can be held and counted at once, but not sold
//!   before a time is over, in which an error can be seen and undone.

mod cooling;
mod grant;
mod two_man;

pub use cooling::{COOLING_STEP_MS, Cooling, CoolingError};
pub use grant::{Role, Roles, RolesError};
pub use two_man::{TwoMan, TwoManError, Verdict};
