//! Why the contract refuses.

use crate::scheme::SchemeError;
use dure_sdk::{
    domain::{
        freeze::FreezeError, holds::HoldsError, netting::NettingError, policy::PolicyError,
        roles::RolesError, vault::VaultError,
    },
    prelude::*,
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
    /// That is no scheme.
    Scheme(SchemeError),
    /// An account acts for one member.
    AccountTaken { member: u32 },
    /// A deposit token is of one bank, and not what members settle in.
    DepositTaken { token: Address },
    /// The caller acts for no member.
    NotMember { account: Address },
    /// There is no such member, or it has no deposit token.
    NotBank { member: u32 },
    /// The authorisation is for another merchant.
    NotMerchant { hold: Hash, merchant: Address },
    /// The caller has used the id for another request.
    IdUsed { id: Hash },
    /// An amount of nought.
    Zero,
    /// The cycle is not due before then.
    NotDue { due: TimestampMs },
    /// Funds, positions, obligations.
    Netting(NettingError),
    /// Authorisations.
    Holds(HoldsError),
    /// Deposit tokens that are authorised.
    Vault(VaultError),
    /// A token refused: the bytes are its own error.
    Token(CallError<Vec<u8>>),
    /// The contract has fewer tokens than its books say.
    Unbacked { books: Amount, tokens: Amount },
    /// Authorisations of a bank's tokens are not what the escrow says.
    Uncounted { bank: u32, books: Amount, counted: Amount },
    /// What members have is not what they put in and did not take out.
    Miscounted { books: Amount, counted: Amount },
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Policy: PolicyError,
    Scheme: SchemeError,
    Netting: NettingError,
    Holds: HoldsError,
    Vault: VaultError,
}
