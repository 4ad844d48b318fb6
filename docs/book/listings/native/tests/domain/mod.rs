//! Listings of the pages on domain modules.

mod allowance;
mod calendar;
mod caps;
mod cash_out;
mod clearing;
mod freeze;
mod holds;
mod idempotency;
mod lots;
mod netting;
mod policy;
mod pool;
mod rates;
mod recovery;
mod registry;
mod roles;
mod share;
mod split;
mod supply;
mod trace;
mod vault;
