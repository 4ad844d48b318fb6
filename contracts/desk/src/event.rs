//! What happened.

use crate::state::Rate;
use dure_sdk::prelude::*;

/// An exchange happened.
#[dure::event]
pub struct Exchanged {
    #[index]
    pub by: Address,
    pub taken: Amount,
    pub given: Amount,
}

/// The rate changed.
#[dure::event]
pub struct RateChanged {
    pub rate: Rate,
}

/// The owner took out inventory.
#[dure::event]
pub struct Withdrawn {
    #[index]
    pub token: Address,
    pub amount: Amount,
}
