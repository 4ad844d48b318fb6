//! Why the contract refuses.

use crate::conditions::{Condition, ConditionsError};
use dure_sdk::{
    domain::{
        allowance::AllowanceError,
        caps::CapsError,
        freeze::FreezeError,
        policy::PolicyError,
        registry::{MerchantsError, NotPermitted, PersonsError},
        roles::RolesError,
        supply::SupplyError,
    },
    prelude::*,
    standard::Reason,
};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// An amount of nought moves nothing.
    Zero,
    /// The holder has less than that.
    Short { left: Amount, wanted: Amount },
    /// Units do not move before then.
    NotYet { from: TimestampMs },
    /// Units do not move since then.
    Expired { until: TimestampMs },
    /// Units are spent at merchants alone, and the account is none.
    NotMerchant { account: Address },
    /// The conditions do not permit this merchant.
    NotPermitted { merchant: Address, reason: NotPermitted },
    /// Only admitted accounts may do this.
    NotAdmitted { account: Address },
    /// One purchase is at most that.
    AbovePurchase { limit: Amount, wanted: Amount },
    /// The conditions do not let the account give units back.
    NotRedeemer { account: Address },
    /// The payer has paid the merchant less than that, what was refunded taken off.
    AbovePaid { left: Amount, wanted: Amount },
    /// The allowance is less than that.
    AllowanceShort { left: Amount, wanted: Amount },
    /// The allowance is void since then.
    AllowanceExpired { expires: TimestampMs },
    /// A holder needs no allowance of its own, and the zero address calls nothing.
    NoSpender { spender: Address },
    /// Holders have better terms, and keep them.
    Worse { condition: Condition },
    /// No merchant, a suspended one, or the payer's own.
    Merchants(MerchantsError),
    /// A cap of a month, or of what is held.
    Caps(CapsError),
    /// The cap of all that is issued.
    Supply(SupplyError),
    /// The account is admitted already, or is not.
    Persons(PersonsError),
    /// The account lacks the role.
    Roles(RolesError),
    /// The policy cannot change so.
    Policy(PolicyError),
    /// These are no conditions.
    Conditions(ConditionsError),
    /// Nothing moves, or nothing was stopped.
    Freeze(FreezeError),
    /// Units can be used until then, or for ever: nothing is to be swept.
    NotExpired { until: Option<TimestampMs> },
    /// Holders may still give their units back: nothing is to be swept.
    Redeemable,
    /// Nobody holds units at that address.
    NoHolder { account: Address },
    /// The deposit does not cover it.
    Uncovered { deposit: Amount, supply: Amount, wanted: Amount },
    /// More money than can be counted.
    TooMuch { deposit: Amount, wanted: Amount },
}

/// `Reason::Other`: units do not move yet.
pub(crate) const NOT_YET: u32 = 1;
/// `Reason::Other`: nothing of what a transfer asks.
const ELSE: u32 = 0;

impl Error {
    /// A holder has less than is wanted.
    pub(crate) const fn short(short: Short) -> Self {
        Self::Short { left: short.left, wanted: short.wanted }
    }

    /// The refusal in the words of the standards.
    pub(crate) fn reason(&self) -> Reason {
        match *self {
            Self::Zero => Reason::Zero,
            Self::Freeze(FreezeError::Paused { .. }) => Reason::Paused,
            Self::Short { left, wanted } => Reason::Short { left, wanted },
            Self::NotYet { .. } => Reason::Other { code: NOT_YET },
            Self::Expired { until } => Reason::Expired { at: until },
            Self::NotMerchant { account }
            | Self::NotAdmitted { account }
            | Self::NotRedeemer { account }
            | Self::NoHolder { account }
            | Self::NotPermitted { merchant: account, .. }
            | Self::Merchants(
                MerchantsError::Unknown { merchant: account }
                | MerchantsError::NotActive { merchant: account, .. }
                | MerchantsError::OwnShop { merchant: account },
            ) => Reason::NotPermitted { account },
            Self::AbovePurchase { limit, wanted }
            | Self::Caps(
                CapsError::AboveCap { left: limit, wanted, .. }
                | CapsError::AboveHolding { left: limit, wanted, .. },
            ) => Reason::Limit { limit, wanted },
            _ => Reason::Other { code: ELSE },
        }
    }
}

impl From<AllowanceError> for Error {
    fn from(error: AllowanceError) -> Self {
        match error {
            AllowanceError::NoSpender { spender } => Self::NoSpender { spender },
            AllowanceError::Expired { expires } => Self::AllowanceExpired { expires },
            AllowanceError::Short { left, wanted } => Self::AllowanceShort { left, wanted },
        }
    }
}
