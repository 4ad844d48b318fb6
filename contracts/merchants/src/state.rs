//! What the contract keeps.

use dure_sdk::{
    domain::{
        registry::{Merchants, Persons},
        roles::Roles,
    },
    prelude::*,
};

/// What the contract keeps. Other contracts read merchants and persons without a call.
#[dure::storage]
pub struct Registry {
    pub(crate) roles: Roles,
    /// Merchants, groups, and sets that say where money may be spent.
    #[published]
    pub(crate) merchants: Merchants,
    /// Accounts, and whose they are, by salted hash.
    #[published]
    pub(crate) persons: Persons,
}
