//! Why the contract refuses.

use crate::{state::TradeState, terms::TermsError};
use dure_sdk::{
    domain::{
        freeze::FreezeError, policy::PolicyError, rates::RatesError, roles::RolesError,
        split::ExchangeError,
    },
    prelude::*,
    standard::{Bounds, Reason},
};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role.
    Roles(RolesError),
    /// Something is stopped.
    Freeze(FreezeError),
    /// The policy cannot change so.
    Policy(PolicyError),
    /// Those are no terms.
    Terms(TermsError),
    /// The token's rate cannot change so, is too old, or jumped.
    Rates { token: Address, error: RatesError },
    /// So little gives nothing, or so much cannot be counted.
    Exchange(ExchangeError),
    /// An amount of nought moves nothing.
    Zero,
    /// Not a token of the desk.
    UnknownToken { token: Address },
    /// The desk does not take the token.
    NotTaken { token: Address },
    /// The desk does not give the token.
    NotGiven { token: Address },
    /// One for the same is no exchange.
    Same { token: Address },
    /// Not the account that says what the token is worth.
    NotSource { token: Address, source: Address },
    /// The desk takes no less or no more of it at once.
    Range { token: Address, least: Amount, most: Amount, wanted: Amount },
    /// The desk has less than that.
    Inventory { token: Address, left: Amount, wanted: Amount },
    /// The desk wants no more of it.
    Full { token: Address, most: Amount },
    /// It would give less than the caller insists on.
    Worse { given: Amount, least: Amount },
    /// It was wanted before then.
    Late { deadline: TimestampMs },
    /// The id was used for something else.
    IdUsed { id: Hash },
    /// What is got is bound less than what is given up.
    Loosened { token: Address, gives: Bounds, gets: Bounds },
    /// The token would not move.
    Refused { token: Address, reason: Reason },
    /// The token refused: the bytes are its own error.
    Token { token: Address, error: CallError<Vec<u8>> },
    /// There is no such trade.
    NoTrade { trade: Hash },
    /// The trade stands elsewhere.
    WrongState { trade: Hash, state: TradeState },
    /// It can be neither taken nor settled since then.
    Expired { expires: TimestampMs },
    /// Until then it can be.
    NotExpired { expires: TimestampMs },
    /// The trade is for somebody else, or nobody trades with oneself.
    NotTaker { trade: Hash },
    /// Somebody else settles or voids it.
    NotParty { trade: Hash },
    /// The purse has less, or nothing any more.
    Short { token: Address, left: Amount, wanted: Amount },
    /// The books hold more than the contract has.
    Unbacked { token: Address, held: Amount, balance: Amount },
    /// The purses of a token come to something else than is held of it.
    Miscounted { token: Address, held: Amount, counted: Amount },
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Policy: PolicyError,
    Terms: TermsError,
    Exchange: ExchangeError,
}
