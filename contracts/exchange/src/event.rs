//! What happened.

use crate::{
    state::{Proposal, Receipt, Side},
    terms::Terms,
};
use dure_sdk::{
    domain::{freeze::FreezeOrder, policy::Version, rates::Jump},
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// The inventory of a token grew by what an agent brought, or fell by what it took out.
#[dure::event]
pub struct Stocked {
    #[index]
    pub token: Address,
    #[index]
    pub by: Address,
    pub id: Hash,
    pub amount: Amount,
    pub taken_out: bool,
}

/// An exchange happened at the desk.
#[dure::event]
pub struct Exchanged {
    #[index]
    pub by: Address,
    pub id: Hash,
    pub receipt: Receipt,
}

/// A payee took its fees.
#[dure::event]
pub struct FeesCollected {
    #[index]
    pub payee: Address,
    #[index]
    pub token: Address,
    pub amount: Amount,
}

/// A token is worth that from an instant on; `None`: what was to hold then does not.
#[dure::event]
pub struct RateSet {
    #[index]
    pub token: Address,
    pub worth: Option<Ratio>,
    pub from: TimestampMs,
}

/// The breaker of a token opened for a jump, or was closed.
#[dure::event]
pub struct BreakerChanged {
    #[index]
    pub token: Address,
    pub jump: Jump,
    pub open: bool,
}

/// Terms hold from an instant on.
#[dure::event]
pub struct TermsScheduled {
    pub from: Version,
    pub terms: Terms,
}

/// Terms that did not hold yet were withdrawn.
#[dure::event]
pub struct TermsWithdrawn {
    pub from: Version,
}

/// A trade was proposed, and the maker's side allocated.
#[dure::event]
pub struct Proposed {
    #[index]
    pub trade: Hash,
    #[index]
    pub maker: Address,
    pub id: Hash,
    pub proposal: Proposal,
}

/// A trade was taken: both sides are allocated.
#[dure::event]
pub struct Allocated {
    #[index]
    pub trade: Hash,
    #[index]
    pub taker: Address,
}

/// A trade was settled: each side went to the other.
#[dure::event]
pub struct Settled {
    #[index]
    pub trade: Hash,
}

/// A trade was voided: each side may be taken back.
#[dure::event]
pub struct Voided {
    #[index]
    pub trade: Hash,
}

/// A side of a voided trade went back.
#[dure::event]
pub struct TakenBack {
    #[index]
    pub trade: Hash,
    pub side: Side,
}

/// The contract was paused, or goes on.
#[dure::event]
pub struct PauseChanged {
    pub order: Option<FreezeOrder>,
}

/// An account was frozen, or is free.
#[dure::event]
pub struct FreezeChanged {
    #[index]
    pub account: Address,
    pub order: Option<FreezeOrder>,
}
