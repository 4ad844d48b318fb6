//! What the contract keeps, and the types of its arguments.

use dure_sdk::prelude::*;

/// What the contract keeps.
#[dure::storage]
pub struct Shop {
    pub(crate) owner: Item<Address>,
    pub(crate) token: Item<Address>,
    pub(crate) menu: Map<u32, Dish>,
    pub(crate) orders: Map<u64, Order>,
    pub(crate) last_order: Item<u64>,
    /// Every order up to this one is settled.
    pub(crate) settled: Item<u64>,
    pub(crate) takings: Balance,
}

/// An item of the menu.
#[dure::ty]
pub struct Dish {
    /// For people.
    pub name: String,
    /// Price of one.
    pub price: Amount,
    /// How many can still be ordered.
    pub stock: u32,
    /// How many were ordered and not given back.
    pub sold: u32,
    /// How many ever came in.
    pub stocked: u32,
}

/// One line of an order.
#[dure::ty]
pub struct Line {
    /// Number on the menu.
    pub item: u32,
    /// How many.
    pub quantity: u32,
}

/// How far an order is.
#[dure::ty]
#[derive(Copy)]
pub enum Status {
    /// Paid, to be made.
    Placed,
    /// Handed over.
    Made,
    /// Given back by the customer, restocked.
    Cancelled,
    /// Given back by the owner.
    Refunded,
}

/// An order.
#[dure::ty]
pub struct Order {
    /// Who ordered and paid.
    pub customer: Address,
    /// What.
    pub lines: Vec<Line>,
    /// Price of all.
    pub total: Amount,
    /// How far it is.
    pub status: Status,
}

/// What the shop has taken, in one read each.
#[dure::ty]
#[derive(Copy)]
pub struct Totals {
    /// Orders that were ever placed: they count from 1.
    pub orders: u64,
    /// Every order up to this one is settled.
    pub settled: u64,
    /// What is paid and not settled.
    pub takings: Amount,
}

/// What a page of an audit found.
#[dure::ty]
#[derive(Copy)]
pub struct Audit {
    /// What the books say.
    pub totals: Totals,
    /// Where to go on; none: all orders were counted, and they are what the books say.
    pub next: Option<Counted>,
}

/// Orders that were counted.
#[dure::ty]
#[derive(Copy)]
pub struct Counted {
    /// The last of them.
    pub last: u64,
    /// What those that are live and not settled cost.
    pub due: Amount,
    /// Pieces of those that were not cancelled.
    pub sold: u64,
}
