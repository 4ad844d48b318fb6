//! What the contract keeps, and the types of its answers.

use crate::scheme::Scheme;
use dure_sdk::{
    domain::{
        calendar::{Day, Month},
        caps::Caps,
        cash_out::CashOuts,
        freeze::Freeze,
        lots::{LotKey, Lots, PaymentId},
        policy::Policy,
        pool::Pool,
        recovery::Recovery,
        roles::{Roles, TwoMan},
        split::Receivables,
        supply::Supply,
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct RegionalCurrency {
    pub(crate) name: Item<String>,
    pub(crate) symbol: Item<String>,
    /// The registry of merchants and persons.
    pub(crate) registry: Item<Address>,
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    pub(crate) recovery: Recovery,
    pub(crate) scheme: Policy<Scheme>,
    /// The money of holders.
    pub(crate) lots: Lots,
    /// What merchants have taken and not cashed out.
    pub(crate) receivables: Receivables,
    pub(crate) cash_outs: CashOuts,
    /// Own money that expired, asked for by its holders and not paid yet.
    pub(crate) claims: CashOuts,
    /// The city's budget for discounts, bonuses and cashback.
    pub(crate) pool: Pool,
    pub(crate) programmes: Map<u32, Programme>,
    /// What a programme has left to grant.
    pub(crate) budgets: Map<u32, Balance>,
    pub(crate) budgets_total: Balance,
    /// Everything outstanding is of one class: money is neither made nor lost by a payment.
    pub(crate) supply: Supply<u8>,
    /// What was paid in and not paid out, as issuers and agents said: it stands behind all of it.
    pub(crate) escrow: Balance,
    /// Face of a person's discounted purchases of the month.
    pub(crate) bought: Caps<Hash>,
    /// What a person gave away this month.
    pub(crate) given: Caps<Hash>,
    /// What a merchant cashed out this month.
    pub(crate) cashed: Caps<Address>,
    /// Purchases by the agent that was paid and its id.
    pub(crate) sales: Map<(Address, Hash), Sale>,
    /// Amounts of cancels by the payment and their id.
    pub(crate) cancels: Map<(PaymentId, Hash), Amount>,
    /// What the issuers ordered under an id, as a hash; the address is the contract's own.
    pub(crate) orders: Map<(Address, Hash), Hash>,
    /// Bonus of purchases that went back to the pool when it expired, by person and lot, and for
    /// which nothing was kept back.
    pub(crate) ended_bonus: Map<(Hash, LotKey), Amount>,
    /// What one issuer asked for and a second must ask for too.
    pub(crate) two_man: TwoMan,
    /// What a person was granted of a programme.
    pub(crate) granted: Map<(u32, Hash), Balance>,
    /// What was kept back of purchases for bonus that has not gone back, by person and lot.
    pub(crate) kept_bonus: Map<(Hash, LotKey), Amount>,
}

/// An allowance for a purpose: who gets it spends it where the set says, until the end.
#[dure::ty]
#[derive(Copy)]
pub struct Programme {
    /// Where it can be spent: a set of the registry.
    pub set: u32,
    /// When it is over.
    pub end: TimestampMs,
    /// What a person is granted of it at most, in all accounts and grants together: neither a slip
    /// of a clerk nor a list that is carried out twice is the whole budget.
    pub most: Amount,
}

/// A purchase, and what came of it.
#[dure::ty]
#[derive(Copy)]
pub struct Sale {
    /// Who bought.
    pub buyer: Address,
    /// What.
    pub face: Amount,
    /// What the buyer pays the agent.
    pub paid: Amount,
    /// What the city added to it.
    pub subsidy: Amount,
    /// Bonus on top.
    pub bonus: Amount,
    /// Its lot.
    pub lot: LotKey,
}

/// What a purchase would come to.
#[dure::ty]
#[derive(Copy)]
pub struct Quote {
    /// What the buyer would pay.
    pub paid: Amount,
    /// What the city would add to it.
    pub subsidy: Amount,
    /// Bonus on top.
    pub bonus: Amount,
    /// Face that can still be bought with a discount this month, before it.
    pub purchase_left: Amount,
}

/// A merchant's account.
#[dure::ty]
#[derive(Copy)]
pub struct MerchantAccount {
    /// What it can cash out or cancel.
    pub receivable: Amount,
    /// What the bank is paying.
    pub pending: Amount,
    /// What it cashed out this month.
    pub cashed_this_month: Amount,
}

/// What somebody has, as a wallet shows it.
#[dure::ty]
#[derive(Copy)]
pub struct Holding {
    /// Bought, or given by who bought it.
    pub own: Amount,
    /// Cashback and bonus.
    pub bonus: Amount,
    /// Allowances.
    pub policy: Amount,
    /// Cashback that was cancelled and spent before: the person's, whichever account acts.
    pub debt: Amount,
    /// Own money that expired and can be claimed.
    pub unclaimed: Amount,
    /// Face that can still be bought with a discount this month.
    pub purchase_left: Amount,
}

/// Where money of the supply lies, besides in lots.
#[dure::ty]
#[derive(Copy)]
pub enum Owed {
    /// Expired own money that holders can claim.
    Unclaimed,
    /// Claims that an agent has not paid.
    Claims,
    /// What merchants can cash out.
    Receivable,
    /// Cash-outs that the bank has not paid.
    CashOuts,
}

/// The books: what stands behind what.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// All money that is out: with holders, merchants, pending or unclaimed.
    pub outstanding: Amount,
    /// All that was ever issued.
    pub issued: Amount,
    /// All that was taken back.
    pub burned: Amount,
    /// What was paid in and not paid out, as issuers and agents said.
    pub escrow: Amount,
    /// What the pool has left in the months asked for.
    pub pool: Amount,
    /// What programmes have left.
    pub budgets: Amount,
    /// The day of the answer.
    pub today: Day,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// Where to go on; none: all was counted, and is what supply, pool and escrow say.
    pub next: Option<Counted>,
}

/// Where a count goes on, after the entry that it names.
#[dure::ty]
#[derive(Copy)]
pub enum Uncounted {
    /// With lots.
    Lots(Option<(Address, LotKey)>),
    /// With what lies elsewhere.
    Owed(Owed, Option<Address>),
    /// With the pool, from that month on.
    Months(Month),
}

/// What was counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// What was not.
    pub next: Uncounted,
    /// Money that is out.
    pub money: Amount,
    /// What the months of the pool have left.
    pub pool: Amount,
    /// What was drawn in them.
    pub drawn: Amount,
}
