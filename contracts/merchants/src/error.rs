//! Why the contract refuses.

use dure_sdk::{
    domain::{
        registry::{MerchantsError, PersonsError},
        roles::RolesError,
    },
    prelude::*,
};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role, or has it.
    Roles(RolesError),
    /// The merchant is unknown, known already, or does not count.
    Merchants(MerchantsError),
    /// The account is nobody's, or somebody's already.
    Persons(PersonsError),
    /// The account is a person's: a merchant has one of its own, in which no money of holders lies.
    IsPerson { account: Address },
    /// The account is a merchant's, and nobody's to hold money with.
    IsMerchant { account: Address },
    /// Nobody holds an account at that address.
    NoAccount { account: Address },
}
