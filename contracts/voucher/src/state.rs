//! What the contract keeps, and the types of its answers.

use crate::{event::RefundKind, terms::VoucherTerms};
use dure_sdk::{
    domain::{
        calendar::{Day, Period},
        freeze::Freeze,
        policy::{Policy, Version},
        recovery::Recovery,
        roles::Roles,
        split::{Legs, Receivables},
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct Vouchers {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    /// When an account was freed; the zero address stands for the whole contract.
    pub(crate) freed: Map<Address, TimestampMs>,
    /// Accounts whose keys are lost.
    pub(crate) recovery: Recovery,
    /// The registry of merchants and persons.
    pub(crate) registry: Item<Address>,
    /// The token that everything is settled in.
    pub(crate) token: Item<Address>,
    pub(crate) terms: Policy<VoucherTerms>,
    pub(crate) products: Map<u32, Product>,
    /// Those that are not to be had any more, and since when.
    pub(crate) withdrawn: Map<u32, TimestampMs>,
    pub(crate) vouchers: Map<u64, Voucher>,
    pub(crate) last: Item<u64>,
    /// What was issued, by who issued it and the id it gave.
    pub(crate) issues: Map<(Address, Hash), Issue>,
    /// What stands behind all vouchers.
    pub(crate) escrow: Balance,
    /// What payees are owed of redemptions.
    pub(crate) receivables: Receivables,
    /// Tokens that came in and did not go out: the escrow and the receivables.
    pub(crate) cash: Balance,
    /// Redemptions by voucher, merchant and receipt.
    pub(crate) redemptions: Map<(u64, Address, Hash), Redemption>,
}

/// What a voucher is good for.
#[dure::ty]
#[derive(Copy)]
pub enum Kind {
    /// A sum, spent as one likes.
    Amount {
        /// The least of one redemption, unless less is left.
        least: Amount,
    },
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
    /// Days, that of the redemption included, on which a merchant can undo it; none: never, and
    /// payees take what they are owed at once.
    pub undo_days: u32,
    /// Who gets what of a redemption.
    pub legs: Legs,
    /// Headquarters, issuer, distributor, platform.
    pub payees: [Address; 4],
}

impl Product {
    /// What lies in escrow for one that so much was paid for.
    pub(crate) fn value(&self, paid: Amount) -> Amount {
        match self.kind {
            Kind::Amount { .. } => self.face,
            Kind::Goods { price } => price.max(paid),
        }
    }

    /// Merchant, headquarters, issuer, distributor, platform.
    pub(crate) fn payees(&self, merchant: Address) -> [Address; 5] {
        let [headquarters, issuer, distributor, platform] = self.payees;
        [merchant, headquarters, issuer, distributor, platform]
    }
}

/// The Ed25519 key of a present: who has its secret claims it.
#[dure::ty]
#[derive(Copy)]
pub struct ClaimKey(pub [u8; 32]);

/// Where a voucher stands.
#[dure::ty]
#[derive(Copy)]
pub enum State {
    /// Its holder has it.
    Held,
    /// It was given and waits for who claims it.
    Offered {
        /// The key that claims it.
        claim: ClaimKey,
        /// From when on it goes back.
        until: TimestampMs,
        /// A set where it has to be good, too, once it is claimed.
        limit: Option<u32>,
        /// Who may add such sets, once it is claimed.
        guardian: Option<Address>,
    },
    /// All of it was redeemed.
    Used,
    /// What was left of it was paid back, or is the issuer's.
    Refunded(RefundKind),
}

/// A voucher.
#[dure::ty]
pub struct Voucher {
    /// What it is.
    pub product: u32,
    /// Whose it is.
    pub holder: Address,
    /// Who bought it.
    pub purchaser: Address,
    /// The account of the key that signs its codes.
    pub key: Address,
    /// How often it changed hands, key or value: a code or claim is good for one count alone.
    pub count: u32,
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
    /// Who may add limits, as the giver said.
    pub guardian: Option<Address>,
    /// Where it stands.
    pub state: State,
}

/// What was issued under an id.
#[dure::ty]
#[derive(Copy)]
pub struct Issue {
    /// Of what.
    pub product: u32,
    /// To whom.
    pub holder: Address,
    /// What was paid for each.
    pub paid: Amount,
    /// The first voucher.
    pub first: u64,
    /// How many.
    pub count: u32,
}

/// What was settled.
#[dure::ty]
#[derive(Copy)]
pub struct Redemption {
    /// Whose voucher it was.
    pub holder: Address,
    /// What the merchant asked for.
    pub amount: Amount,
    /// What merchant, headquarters, issuer, distributor and platform got: they sum to the amount,
    /// and of a thing that was paid more for than it is supplied at, the issuer has the rest on
    /// top.
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

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// The books.
    pub books: Books,
    /// Where to go on; none: all was counted, and is what the books say.
    pub next: Option<Counted>,
}

/// Where a count goes on, after the entry that it names.
#[dure::ty]
#[derive(Copy)]
pub enum Uncounted {
    /// With vouchers.
    Vouchers(Option<u64>),
    /// With what payees are owed and was found free.
    Owed(Option<Address>),
    /// With what they are owed besides.
    Undoable(Option<(Address, Day)>),
}

/// What was counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// What was not.
    pub next: Uncounted,
    /// What is left of vouchers.
    pub vouchers: Amount,
    /// What payees are owed.
    pub payees: Amount,
}
