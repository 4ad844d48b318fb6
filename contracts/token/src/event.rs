//! What happened.

use crate::conditions::Conditions;
use dure_sdk::{
    domain::{freeze::FreezeOrder, policy::Version, registry::Merchant},
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// A merchant was paid by the call `pay`.
#[dure::event]
pub struct Paid {
    #[index]
    pub by: Address,
    #[index]
    pub merchant: Address,
    pub amount: Amount,
    pub reference: Option<Vec<u8>>,
}

/// A merchant gave a payer units back.
#[dure::event]
pub struct Refunded {
    #[index]
    pub merchant: Address,
    #[index]
    pub payer: Address,
    pub amount: Amount,
    pub reference: Option<Vec<u8>>,
}

/// Units were given back to the issuer, who owes what they stand for.
#[dure::event]
pub struct Redeemed {
    #[index]
    pub by: Address,
    pub amount: Amount,
    pub reference: Option<Vec<u8>>,
}

/// Money was booked or taken out. What is redeemed leaves the deposit too, as `Redeemed` says.
#[dure::event]
pub struct DepositChanged {
    pub deposit: Amount,
}

/// Units that nobody could use any more were taken off the books, each holder's by a `Moved`.
#[dure::event]
pub struct Swept {
    pub holders: u32,
    pub amount: Amount,
}

/// Nothing moves until further notice, by an order; or things move again.
#[dure::event]
pub struct PauseChanged {
    pub order: Option<FreezeOrder>,
}

/// Conditions were set that hold from then on.
#[dure::event]
pub struct PolicyScheduled {
    pub from: Version,
    pub conditions: Conditions,
}

/// Conditions that did not hold yet never will.
#[dure::event]
pub struct PolicyWithdrawn {
    pub from: Version,
}

/// A merchant was registered or changed.
#[dure::event]
pub struct MerchantChanged {
    #[index]
    pub account: Address,
    pub merchant: Merchant,
}

/// A merchant became a member of a group, or is none any more.
#[dure::event]
pub struct MemberChanged {
    #[index]
    pub group: u32,
    #[index]
    pub merchant: Address,
    pub member: bool,
}

/// An account was admitted, or is no longer.
#[dure::event]
pub struct AdmissionChanged {
    #[index]
    pub account: Address,
    pub admitted: bool,
}
