//! What the contract keeps, and the types of its answers.

use crate::scheme::Scheme;
use dure_sdk::{
    domain::{
        freeze::Freeze,
        holds::{Holds, Rest},
        netting::{Net, Netting, Recount},
        policy::Policy,
        roles::Roles,
        vault::Vault,
    },
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct Settlement {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    /// The token that members settle in.
    pub(crate) token: Item<Address>,
    pub(crate) scheme: Policy<Scheme>,
    pub(crate) members: Map<u32, Member>,
    pub(crate) by_account: Map<Address, u32>,
    /// Banks by their deposit tokens.
    pub(crate) by_deposit: Map<Address, u32>,
    /// Funds, positions, obligations.
    pub(crate) netting: Netting,
    /// Authorisations.
    pub(crate) holds: Holds,
    /// Whose deposit tokens an authorisation is in, and at which bank the merchant is.
    pub(crate) routes: Map<Hash, Route>,
    /// Deposit tokens of each bank that are authorised.
    pub(crate) escrow: Vault<u32>,
    /// Requests that moved money, by who made them and the id that he chose.
    pub(crate) requests: Map<(Address, Hash), Request>,
    /// Authorisations that ended while the bank's token refused to go back to their payers.
    pub(crate) refused: Set<Hash>,
    /// What members put in and did not take out: a close moves it between them.
    pub(crate) put_in: Balance,
}

/// A bank, or a company.
#[dure::ty]
#[derive(Copy)]
pub struct Member {
    /// Who acts for it; a bank's deposit tokens are given out of this account, by allowance.
    pub account: Address,
    /// The token of its customers' deposits; none: not a bank.
    pub deposit: Option<Address>,
}

/// Between which banks a payment goes.
#[dure::ty]
#[derive(Copy)]
pub struct Route {
    /// The payer's.
    pub from: u32,
    /// The payee's.
    pub to: u32,
}

/// What was asked for under an id.
#[dure::ty]
#[derive(Copy)]
pub enum Request {
    /// `fund`
    Fund { amount: Amount },
    /// `withdraw`
    Withdraw { amount: Amount },
    /// `owe`
    Owe { creditor: u32, amount: Amount, priority: u8 },
    /// `pay`
    Pay { route: Route, payee: Address, amount: Amount },
    /// `authorise`
    Authorise { route: Route, merchant: Address, amount: Amount },
    /// `capture`
    Capture { hold: Hash, amount: Amount, rest: Rest },
    /// `refund`
    Refund { hold: Hash, amount: Amount },
}

/// Where a member stands.
#[dure::ty]
#[derive(Copy)]
pub struct Standing {
    /// What it put in, as the last close left it.
    pub funds: Amount,
    /// Its position in the open cycle.
    pub position: Net,
    /// What it may still come to owe.
    pub room: Amount,
}

/// The cycle.
#[dure::ty]
#[derive(Copy)]
pub struct CycleView {
    /// The one that is open.
    pub number: u64,
    /// When it was opened.
    pub opened: TimestampMs,
    /// From when on anybody may close it.
    pub due: TimestampMs,
    /// One before it that was cut and is not settled: `close` goes on with it.
    pub closing: Option<u64>,
}

/// What a page of an audit of authorisations found.
#[dure::ty]
#[derive(Copy)]
pub struct HoldsAudit {
    /// What the bank has in escrow.
    pub books: Amount,
    /// Where to go on; none: all were counted, and are what is in escrow and covered by tokens.
    pub next: Option<CountedHolds>,
}

/// Where a count goes on.
#[dure::ty]
#[derive(Copy)]
pub enum Uncounted {
    /// With authorisations that wait, this one first: when it is over, and its id.
    Waiting(TimestampMs, Hash),
    /// With what could not go back to payers, after this one.
    Refused(Option<Hash>),
}

/// Authorisations that were counted.
#[dure::ty]
#[derive(Copy)]
pub struct CountedHolds {
    /// Those that were not.
    pub next: Uncounted,
    /// What the bank's among them come to.
    pub held: Amount,
}

/// The books.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// What all members have put in.
    pub funds: Amount,
    /// Tokens of settlement that the contract has.
    pub tokens: Amount,
}

/// What a page of an audit found.
#[dure::ty]
pub struct Audit {
    /// The books.
    pub books: Books,
    /// Where to go on; none: all was counted, and is what the books say.
    pub next: Option<Counted>,
}

/// Where a count goes on.
#[dure::ty]
pub enum Counted {
    /// With what is owed.
    Debts(Recount),
    /// With the authorisations of a bank.
    Holds {
        /// Of which.
        bank: u32,
        /// Those of it that were counted; none yet.
        holds: Option<CountedHolds>,
    },
}
