//! Why the contract refuses.

use crate::state::Status;
use dure_sdk::prelude::*;

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// Only the owner may do this.
    NotOwner { owner: Address },
    /// Only the customer of the order may do this.
    NotCustomer { customer: Address },
    /// Nothing was ordered.
    Empty,
    /// Too many lines.
    TooManyLines { lines: u32, limit: u32 },
    /// No such item.
    UnknownItem { item: u32 },
    /// Less in stock than that.
    OutOfStock { item: u32, left: u32, wanted: u32 },
    /// A count or a price is beyond what can be counted.
    Overflow,
    /// A price of nought.
    NoPrice,
    /// No such order.
    UnknownOrder { order: u64 },
    /// The order is too far for this.
    WrongStatus { order: u64, status: Status },
    /// There are no takings.
    NothingToSettle,
    /// The token refused: the bytes are its own error.
    Token(CallError<Vec<u8>>),
    /// The menu has as many items as it may have.
    MenuFull { limit: u32 },
    /// The books say other takings than the orders come to.
    Miscounted { takings: Amount, counted: Amount },
    /// Stock and sold are not what came in.
    Misstocked { item: u32 },
    /// The menu says that other pieces were sold than the orders have.
    Missold { sold: u64, counted: u64 },
    /// The shop has fewer tokens than it has taken.
    Unbacked { takings: Amount, tokens: Amount },
}
