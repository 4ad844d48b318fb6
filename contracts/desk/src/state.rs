//! What the contract keeps, and the types of its arguments.

use dure_sdk::prelude::*;

/// What the contract keeps.
#[dure::storage]
pub struct Desk {
    pub(crate) owner: Item<Address>,
    pub(crate) takes: Item<Address>,
    pub(crate) gives: Item<Address>,
    pub(crate) rate: Item<Rate>,
}

/// `give` units for each `take` units.
#[dure::ty]
#[derive(Copy)]
pub struct Rate {
    /// Units of the token given.
    pub give: Amount,
    /// Units of the token taken.
    pub take: Amount,
}
