//! Why the contract refuses.

use dure_sdk::{domain::allowance::AllowanceError, prelude::*};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// Only the issuer may do this.
    NotIssuer { issuer: Address },
    /// An amount of nought moves nothing.
    Zero,
    /// The holder has less than that.
    Short { left: Amount, wanted: Amount },
    /// The deposit does not cover it.
    Uncovered { deposit: Amount, supply: Amount, wanted: Amount },
    /// The allowance is less than that.
    AllowanceShort { left: Amount, wanted: Amount },
    /// The allowance is void since then.
    AllowanceExpired { expires: TimestampMs },
    /// Not registered as a merchant.
    NotMerchant { account: Address },
    /// Registered, but suspended.
    MerchantSuspended { account: Address },
    /// Nobody holds units at that address.
    NoHolder { account: Address },
    /// Nobody can use an allowance there: the holder itself, or an address that calls nothing.
    NoSpender { spender: Address },
    /// More than can be counted.
    TooMuch { deposit: Amount, wanted: Amount },
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
