//! Why the contract refuses.

use currency::currency::Error as TokenError;
use dure_sdk::prelude::*;

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// Only the owner may do this.
    NotOwner { owner: Address },
    /// A rate needs two amounts above nought.
    BadRate,
    /// The desk would give nothing for so little.
    TooLittle { taken: Amount },
    /// The product is beyond what can be counted.
    TooMuch { taken: Amount },
    /// The desk would give less than the caller insists on.
    Worse { given: Amount, least: Amount },
    /// The desk has less than that.
    Inventory { left: Amount, wanted: Amount },
    /// Not one of the desk's tokens.
    UnknownToken { token: Address },
    /// The token that the desk takes refused.
    Taking(CallError<TokenError>),
    /// The token that the desk gives refused.
    Giving(CallError<TokenError>),
}
