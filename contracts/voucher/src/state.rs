//! What the contract keeps, and the types of its answers.

use crate::terms::VoucherTerms;
use dure_sdk::{
    domain::{
        calendar::{Day, Period},
        freeze::Freeze,
        policy::{Policy, Version},
        roles::Roles,
        split::{Legs, Receivables},
        vault::Vault,
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct Vouchers {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    /// The registry of merchants and persons.
    pub(crate) registry: Item<Address>,
    /// The token that everything is settled in.
    pub(crate) token: Item<Address>,
    pub(crate) terms: Policy<VoucherTerms>,
    pub(crate) products: Map<u32, Product>,
    pub(crate) vouchers: Map<u64, Voucher>,
    pub(crate) last: Item<u64>,
    /// What stands behind each voucher.
    pub(crate) escrow: Vault<u64>,
    /// What payees are owed of redemptions.
    pub(crate) receivables: Receivables,
    /// Tokens that came in and did not go out: the escrow and the receivables.
    pub(crate) cash: Balance,
    /// Redemptions by merchant and receipt.
    pub(crate) redemptions: Map<(Address, Hash), Redemption>,
}

/// What a voucher is good for.
#[dure::ty]
#[derive(Copy)]
pub enum Kind {
    /// A sum, spent as one likes.
    Amount,
    /// A thing, spent whole: what is settled is its supply price.
    Goods {
        /// Its supply price.
        price: Amount,
    },
}

/// What is sold.
#[dure::ty]
#[derive(Copy)]
pub struct Product {
    /// A sum or a thing.
    pub kind: Kind,
    /// What is written on it.
    pub face: Amount,
    /// How long it is good.
    pub validity: Period,
    /// Perishable or seasonal: good for less than a year.
    pub short_lived: bool,
    /// Where it is good: a set of the registry.
    pub set: u32,
    /// Whether only holders whom the registry knows redeem it.
    pub identified: bool,
    /// Who gets what of a redemption.
    pub legs: Legs,
    /// Headquarters, issuer, distributor, platform.
    pub payees: [Address; 4],
}

impl Product {
    /// What lies in escrow for one that so much was paid for.
    pub(crate) fn value(&self, paid: Amount) -> Amount {
        match self.kind {
            Kind::Amount => self.face,
            Kind::Goods { price } => price.max(paid),
        }
    }
}

/// Where a voucher stands.
#[dure::ty]
#[derive(Copy)]
pub enum State {
    /// Its holder has it.
    Held,
    /// It was given and waits for who claims it.
    Offered {
        /// Hash of the secret that claims it.
        claim: Hash,
        /// From when on it goes back.
        until: TimestampMs,
    },
    /// Nothing is left of it.
    Ended,
}

/// A voucher.
#[dure::ty]
pub struct Voucher {
    /// What it is.
    pub product: u32,
    /// Whose it is.
    pub holder: Address,
    /// Hash of the next code that redeems it.
    pub code: Hash,
    /// What was paid for it.
    pub paid: Amount,
    /// What was put into escrow for it: its face; of a thing its supply price, or what was paid
    /// where that is more.
    pub value: Amount,
    /// What is left of that.
    pub remaining: Amount,
    /// When it was bought: its terms are of then.
    pub bought: TimestampMs,
    /// The terms.
    pub terms: Version,
    /// When it is over.
    pub expiry: TimestampMs,
    /// How often it was extended.
    pub extended: u32,
    /// How many notices of the expiry there were.
    pub notices: u32,
    /// Whether it was ever given.
    pub given: bool,
    /// Sets that givers and guardians added: it is good only where all of them are.
    pub limits: Vec<u32>,
    /// Who may add limits: the giver, or the guardian whom the giver named.
    pub guardian: Option<Address>,
    /// Where it stands.
    pub state: State,
}

/// What was settled.
#[dure::ty]
#[derive(Copy)]
pub struct Redemption {
    /// Which voucher.
    pub voucher: u64,
    /// What the merchant asked for.
    pub amount: Amount,
    /// Merchant, headquarters, issuer, distributor, platform.
    pub payees: [Address; 5],
    /// What each got: they sum to the amount, and of a thing that was paid more for than it is
    /// supplied at, the issuer has the rest on top.
    pub parts: [Amount; 5],
    /// The first day on which it can no longer be undone.
    pub free_on: Day,
    /// Whether it was.
    pub undone: bool,
}

/// The books.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// What stands behind vouchers.
    pub escrow: Amount,
    /// That, and what payees are owed.
    pub cash: Amount,
    /// Tokens that the contract has.
    pub tokens: Amount,
}
