//! The hard parts of settlement, proved once.
//!
//! Contracts of different schemes share the same difficult pieces: money that expires and may be
//! spent in some places only, reservations, exact splits, calendars, two-man rules. Each is a
//! module here with its rules in its documentation (`C0` to `C16` are the rules of the schemes),
//! typed errors that carry the limit and the offending value, and property tests against a plain
//! model.
//!
//! | module | what it is | in storage |
//! |---|---|---|
//! | [`allowance`] | what a holder lets somebody take | [`allowance::Allowances`] |
//! | [`calendar`] | days, months and ends of periods in Korea | |
//! | [`share`] | `a x b / c` exactly, rounded down or up | |
//! | [`split`] | parts that sum to the whole; receivables of payees | [`split::Receivables`] |
//! | [`clearing`] | one price for all orders of a called market, pro rata at the margin | |
//! | [`rates`] | what things are worth, with notice, age and breaker | [`rates::Rates`] |
//! | [`policy`] | data with effective dates, frozen terms, brackets | [`policy::Policy`] |
//! | [`pool`] | budgets by month, drawn whole or not at all | [`pool::Pool`] |
//! | [`caps`] | caps by calendar month | [`caps::Caps`] |
//! | [`lots`] | money by class, expiry and place; cashback, cancels, refunds | [`lots::Lots`] |
//! | [`netting`] | what members owe each other, settled by its net | [`netting::Netting`] |
//! | [`holds`] | two-phase payments | [`holds::Holds`] |
//! | [`cash_out`] | what a merchant is owed becomes money in a bank | [`cash_out::CashOuts`] |
//! | [`idempotency`] | requests that are carried out once | [`idempotency::Idempotency`] |
//! | [`supply`] | how much of a token there is | [`supply::Supply`] |
//! | [`trace`] | each donor's won followed to what it was spent on | [`trace::Trace`] |
//! | [`vault`] | escrow that conserves | [`vault::Vault`] |
//! | [`roles`] | roles, the two-man rule, cooling | [`Roles`](roles::Roles) and two more |
//! | [`freeze`] | pause, frozen accounts and amounts | [`freeze::Freeze`] |
//! | [`recovery`] | a new account for who lost the key | [`recovery::Recovery`] |
//! | [`registry`] | merchants, sets of merchants, persons | [`registry::Merchants`] and one more |
//!
//! **Use.** A module in storage is a field of the contract's `#[storage]` struct, whatever it
//! keeps:
//!
//! ```
//! # #![no_std]
//! # use dure_sdk::prelude::*;
//! #[dure::contract]
//! pub mod shelter {
//!     use dure_sdk::{
//!         domain::{
//!             roles::{Role, Roles, RolesError},
//!             vault::{Vault, VaultError},
//!         },
//!         prelude::*,
//!     };
//!
//!     #[storage]
//!     pub struct Shelter {
//!         roles: Roles,
//!         escrow: Vault<u64>,
//!     }
//!
//!     #[error]
//!     pub enum Error {
//!         Roles(RolesError),
//!         Vault(VaultError),
//!     }
//!
//!     impl Shelter {
//!         #[init]
//!         pub fn new(&mut self, cx: &Cx) {
//!             self.roles.found(cx.caller());
//!         }
//!
//!         /// Books what is spent of a campaign.
//!         #[call]
//!         pub fn spend(&mut self, cx: &Cx, campaign: u64, amount: Amount) -> Result<(), Error> {
//!             self.roles.check(cx.caller(), Role::Agent).map_err(Error::Roles)?;
//!             self.escrow.release(&campaign, amount).map_err(Error::Vault)
//!         }
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! A module decides and books; it knows no caller, emits no event and calls no contract. Who may do
//! something, which event says so and which token moves is the contract's. Time and day are
//! arguments, so that a rule is a function of what it is given.
//!
//! **Errors.** What a method refuses has changed nothing, unless it says so; in a contract's call
//! an error undoes everything anyway. A contract wraps a module's error in a variant of its own:
//! `self.roles.check(caller, Role::Issuer).map_err(Error::Roles)?`.
//!
//! **Concurrency.** What many payers touch is only added to, never read: sums are commutative
//! amounts (DESIGN D9). Where a method reads such a sum its documentation says so.

pub mod allowance;
pub mod calendar;
pub mod caps;
pub mod cash_out;
pub mod clearing;
pub mod freeze;
pub mod holds;
pub mod idempotency;
pub mod lots;
pub mod netting;
pub mod policy;
pub mod pool;
pub mod rates;
pub mod recovery;
pub mod registry;
pub mod roles;
pub mod share;
pub mod split;
pub mod supply;
pub mod trace;
pub mod vault;
