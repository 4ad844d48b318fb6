//! What happened.

use dure_sdk::{
    domain::registry::{Merchant, MerchantSet},
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// A merchant was registered or changed.
#[dure::event]
pub struct MerchantChanged {
    #[index]
    pub account: Address,
    pub merchant: Merchant,
    /// Hash of the document that says why.
    pub reason: Option<Hash>,
}

/// A set was defined, for good.
#[dure::event]
pub struct SetDefined {
    #[index]
    pub set: u32,
    pub permitted: MerchantSet,
}

/// A merchant became a member of a group, or is none any more.
#[dure::event]
pub struct MemberChanged {
    #[index]
    pub group: u32,
    #[index]
    pub account: Address,
    pub member: bool,
}

/// An account became a person's.
#[dure::event]
pub struct PersonLinked {
    #[index]
    pub account: Address,
    #[index]
    pub person: Hash,
}

/// An account is nobody's any more.
#[dure::event]
pub struct PersonUnlinked {
    #[index]
    pub account: Address,
}
