//! What the contract keeps, and the types of its arguments.

use dure_sdk::{domain::allowance::Allowances, prelude::*};

/// What the contract keeps.
#[dure::storage]
pub struct Currency {
    pub(crate) name: Item<String>,
    pub(crate) symbol: Item<String>,
    pub(crate) decimals: Item<u8>,
    pub(crate) issuer: Item<Address>,
    pub(crate) deposit: Balance,
    pub(crate) supply: Balance,
    pub(crate) held: Map<Address, Balance>,
    pub(crate) allowances: Allowances,
    pub(crate) merchants: Map<Address, Merchant>,
}

/// Where the currency can be paid, and who may redeem it.
#[dure::ty]
pub struct Merchant {
    /// For people.
    pub name: String,
    /// Whether it takes payments and may redeem.
    pub active: bool,
}

/// What a wallet shows of a currency.
#[dure::ty]
pub struct About {
    /// For people.
    pub name: String,
    /// Short, as on a price tag.
    pub symbol: String,
    /// Digits after the point that are shown.
    pub decimals: u8,
    /// Who issues and owes it.
    pub issuer: Address,
}
