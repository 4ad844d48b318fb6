//! The domain modules against plain models and the rules, outside WASM. One program: each would
//! compile the generators and link the SDK again.

mod allowance;
mod calendar;
mod cash_out;
mod clearing;
mod freeze;
mod holds;
mod idempotency;
mod layout;
mod lots;
mod lots_cancel;
mod lots_gifts;
mod netting;
mod policy;
mod pool;
mod rates;
mod recovery;
mod registry;
mod roles;
mod split;
mod split_receivables;
mod supply;
mod trace;
mod vault;
