//! What happened.

use dure_sdk::prelude::*;

/// A merchant was paid.
#[dure::event]
pub struct Paid {
    #[index]
    pub by: Address,
    #[index]
    pub merchant: Address,
    pub amount: Amount,
    pub reference: Option<Vec<u8>>,
}

/// A merchant gave units back; the issuer owes it as much money.
#[dure::event]
pub struct Redeemed {
    #[index]
    pub merchant: Address,
    pub amount: Amount,
    pub reference: Option<Vec<u8>>,
}

/// The deposit changed.
#[dure::event]
pub struct DepositChanged {
    pub deposit: Amount,
}

/// A merchant was registered, renamed, suspended or taken back.
#[dure::event]
pub struct MerchantChanged {
    #[index]
    pub merchant: Address,
    pub name: String,
    pub active: bool,
}
