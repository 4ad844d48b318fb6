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
    /// Nobody holds an account at that address.
    NoAccount { account: Address },
}
