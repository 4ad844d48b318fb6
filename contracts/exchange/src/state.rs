//! What the contract keeps, and the types of its arguments and answers.

use crate::terms::Terms;
use dure_sdk::{
    domain::{freeze::Freeze, policy::Policy, rates::Rates, roles::Roles},
    prelude::*,
};

/// What the contract keeps.
#[dure::storage]
pub struct Exchange {
    pub(crate) roles: Roles,
    pub(crate) freeze: Freeze,
    pub(crate) terms: Policy<Terms>,
    /// What a unit of each token is worth, in a unit common to all.
    pub(crate) rates: Rates<Address>,
    /// Exchanges by who wanted them and the id.
    pub(crate) receipts: Map<(Address, Hash), Receipt>,
    /// What agents brought and took out, by agent and id.
    pub(crate) stocked: Map<(Address, Hash), Stocking>,
    pub(crate) trades: Map<Hash, Trade>,
    /// Whose the units are that the contract holds, token by token.
    pub(crate) purses: Map<(Address, Purse), Balance>,
    /// The sum of a token's purses.
    pub(crate) held: Map<Address, Balance>,
}

/// What a purse is for.
#[dure::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub enum PurseKind {
    /// What the desk gives from.
    Inventory,
    /// Fees that wait for their payee.
    Fees,
    /// What the maker of a trade allocated.
    Maker,
    /// What the taker of a trade allocated.
    Taker,
}

/// Whose units they are.
#[dure::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Purse {
    /// What it is for.
    pub kind: PurseKind,
    /// The payee of fees, the trade; nought for the inventory.
    pub of: Hash,
}

impl Purse {
    /// What the desk gives from.
    pub const INVENTORY: Self = Self { kind: PurseKind::Inventory, of: Hash::ZERO };

    pub(crate) const fn fees(payee: Address) -> Self {
        Self { kind: PurseKind::Fees, of: Hash(payee.0) }
    }

    pub(crate) const fn of_trade(side: Side, trade: Hash) -> Self {
        let kind = match side {
            Side::Maker => PurseKind::Maker,
            Side::Taker => PurseKind::Taker,
        };
        Self { kind, of: trade }
    }
}

/// What somebody wants exchanged at the desk.
#[dure::ty]
#[derive(Copy)]
pub struct Request {
    /// The token that is given up.
    pub offer: Address,
    /// The most of it that is taken.
    pub offered: Amount,
    /// The token that is wanted.
    pub want: Address,
    /// The least of it that will do, the fee taken off.
    pub least: Amount,
    /// First block time at which it is too late.
    pub deadline: TimestampMs,
}

/// What came of a request.
#[dure::ty]
#[derive(Copy)]
pub struct Receipt {
    /// The request.
    pub request: Request,
    /// What was taken; the rest stayed.
    pub taken: Amount,
    /// What was given.
    pub given: Amount,
    /// The fee, of the token that was given.
    pub fee: Amount,
}

/// What an agent brought or took out.
#[dure::ty]
#[derive(Copy)]
pub struct Stocking {
    /// Of which token.
    pub token: Address,
    /// How much.
    pub amount: Amount,
    /// Whether it was taken out.
    pub taken_out: bool,
}

/// What a request would come to.
#[dure::ty]
#[derive(Copy)]
pub struct Quote {
    /// What would be taken.
    pub taken: Amount,
    /// What would be given.
    pub given: Amount,
    /// The fee, of the token that would be given.
    pub fee: Amount,
    /// First block time at which rates or terms may be others.
    pub valid_until: TimestampMs,
    /// What the desk has of it.
    pub inventory: Amount,
}

/// One side of a trade.
#[dure::ty]
#[derive(Copy)]
pub struct Leg {
    /// The token.
    pub token: Address,
    /// How much of it.
    pub amount: Amount,
}

/// A party of a trade.
#[dure::ty]
#[derive(Copy)]
pub enum Side {
    /// Who proposed it.
    Maker,
    /// Who took it.
    Taker,
}

/// What is proposed.
#[dure::ty]
#[derive(Copy)]
pub struct Proposal {
    /// What the maker gives; it is allocated at once.
    pub gives: Leg,
    /// What the maker wants.
    pub wants: Leg,
    /// Who may take it; none: anybody.
    pub taker: Option<Address>,
    /// Who settles once both sides are allocated, or voids; none: it is settled when it is taken.
    pub agent: Option<Address>,
    /// First block time at which it can be neither taken nor settled.
    pub expires: TimestampMs,
}

/// Where a trade stands.
#[dure::ty]
#[derive(Copy)]
pub enum TradeState {
    /// The maker's side is allocated.
    Proposed,
    /// Both sides are.
    Allocated,
    /// Each has what it wanted.
    Settled,
    /// Each takes back what it allocated.
    Voided,
}

/// A trade.
#[dure::ty]
#[derive(Copy)]
pub struct Trade {
    /// Who proposed it.
    pub maker: Address,
    /// Who took it; none yet.
    pub taker: Option<Address>,
    /// What was proposed.
    pub proposal: Proposal,
    /// Where it stands.
    pub state: TradeState,
}

/// The books of a token.
#[dure::ty]
#[derive(Copy)]
pub struct Books {
    /// What the desk gives from.
    pub inventory: Amount,
    /// All purses: inventory, fees, and sides of trades.
    pub held: Amount,
    /// What the contract has.
    pub balance: Amount,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// Where to go on; none: all was counted, and is what the books say.
    pub next: Option<Counted>,
}

/// Where a count goes on, after the entry that it names.
#[dure::ty]
#[derive(Copy)]
pub enum Uncounted {
    /// With purses.
    Purses(Option<(Address, Purse)>),
    /// With what is held of each token.
    Held(Option<Address>),
}

/// What was counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// What was not.
    pub next: Uncounted,
    /// What the purses of the last token have.
    pub held: Amount,
}
