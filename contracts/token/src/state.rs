//! What the contract keeps, and the types of its answers.

use crate::{conditions::Conditions, deposit::Deposit};
use dure_sdk::{
    domain::{
        allowance::Allowances,
        caps::Caps,
        freeze::Freeze,
        policy::{Policy, Version},
        registry::{Merchants, Persons},
        roles::Roles,
        supply::Supply,
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct PurposeToken {
    pub(crate) name: Item<String>,
    pub(crate) symbol: Item<String>,
    pub(crate) decimals: Item<u8>,
    pub(crate) policy: Policy<Conditions>,
    pub(crate) roles: Roles,
    /// All units are of one class.
    pub(crate) supply: Supply<u8>,
    pub(crate) held: Map<Address, Balance>,
    pub(crate) allowances: Allowances,
    pub(crate) merchants: Merchants,
    /// Accounts that are admitted, and whose they are.
    pub(crate) persons: Persons,
    /// What a person spent this month.
    pub(crate) spent: Caps<Hash>,
    /// What was issued to a person this month.
    pub(crate) granted: Caps<Hash>,
    /// What a payer paid a merchant and was not refunded.
    pub(crate) paid: Map<(Address, Address), Balance>,
    /// As much of it as was paid this month.
    pub(crate) paid_this_month: Caps<(Address, Address)>,
    /// Whether anything moves.
    pub(crate) freeze: Freeze,
    /// What was swept, which the supply counts as burned.
    pub(crate) swept: Balance,
    /// What covers the units.
    pub(crate) deposit: Deposit,
}

/// A version of the policy.
#[dure::ty]
pub struct PolicyVersion {
    /// Since when it holds, or will.
    pub from: Version,
    /// What it says.
    pub conditions: Conditions,
}

/// What a wallet shows of a token.
#[dure::ty]
pub struct About {
    /// For people.
    pub name: String,
    /// Short, as on a price tag.
    pub symbol: String,
    /// Digits after the point that are shown.
    pub decimals: u8,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// How many units there are.
    pub totals: Totals,
    /// Where to go on; none: all holders were counted, and have what is outstanding.
    pub next: Option<Counted>,
}

/// Holders that were counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// The last of them.
    pub last: Address,
    /// What all of them have.
    pub held: Amount,
}

/// How many units there are.
#[dure::ty]
#[derive(Copy)]
pub struct Totals {
    /// All that was ever issued.
    pub issued: Amount,
    /// All that was redeemed.
    pub redeemed: Amount,
    /// All that was swept: nobody could use it any more.
    pub expired: Amount,
    /// What is held: issued less redeemed and expired.
    pub outstanding: Amount,
}
