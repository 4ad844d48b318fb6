//! What happened.

use crate::state::{Line, Status};
use dure_sdk::prelude::*;

/// An order was placed and paid.
#[dure::event]
pub struct Ordered {
    #[index]
    pub order: u64,
    #[index]
    pub customer: Address,
    pub lines: Vec<Line>,
    pub total: Amount,
}

/// An order went on.
#[dure::event]
pub struct StatusChanged {
    #[index]
    pub order: u64,
    #[index]
    pub customer: Address,
    pub status: Status,
}

/// Stock of an item, after a change.
#[dure::event]
pub struct StockChanged {
    #[index]
    pub item: u32,
    pub stock: u32,
}

/// Takings, after a change.
#[dure::event]
pub struct TakingsChanged {
    pub takings: Amount,
}

/// Takings were paid out to the owner.
#[dure::event]
pub struct Settled {
    #[index]
    pub owner: Address,
    pub amount: Amount,
}
