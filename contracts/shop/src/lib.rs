//! A shop: a menu with stock, orders paid in a token by the standard
//! ([`Token`](dure_sdk::standard::Token)), takings settled to the owner.
//!
//! An order is paid when it is placed: the shop takes the price by allowance and keeps it as
//! *takings* until anybody settles them to the owner. Before it is made the customer may cancel;
//! the owner may refund at any time. What is not settled yet is refunded from the takings, what is
//! settled from the owner's own account, by the allowance that the owner gives the shop.
//!
//! **Invariants.** For every item, stock + sold = stocked. Takings equal the prices of the live
//! orders that are not settled, and the shop holds at least as much of the token. Anybody counts
//! all of it again by `audit`.
#![no_std]

mod books;
mod error;
mod event;
mod state;

use dure_sdk::prelude::*;

/// The contract.
#[dure::contract]
pub mod shop {
    use dure_sdk::{prelude::*, standard::TokenClient};

    #[error]
    pub use crate::error::Error;
    #[event]
    pub use crate::event::{Ordered, Settled, StatusChanged, StockChanged, TakingsChanged};
    #[storage]
    pub use crate::state::Shop;
    pub use crate::state::{Audit, Counted, Dish, Line, Order, Status, Totals};

    /// Lines of one order.
    const LINES_MAX: u32 = 32;
    /// Items on the menu, which one answer has.
    pub const MENU_MAX: u32 = 200;

    impl Shop {
        /// The creator becomes the owner.
        #[init]
        pub fn new(&mut self, cx: &Cx, token: Address) {
            self.owner.set(&cx.caller());
            self.token.set(&token);
            self.last_order.set(&0);
            self.settled.set(&0);
        }

        /// Puts an item on the menu, or changes its name and price.
        #[call]
        pub fn set_item(
            &mut self,
            cx: &Cx,
            item: u32,
            name: String,
            price: Amount,
        ) -> Result<(), Error> {
            self.only_owner(cx)?;
            ensure!(price > Amount::ZERO, Error::NoPrice);
            let dish = match self.menu.get(&item) {
                Some(dish) => Dish { name, price, ..dish },
                None => {
                    let (items, limit) = (self.items().count(), MENU_MAX);
                    ensure!(items < limit as usize, Error::MenuFull { limit });
                    Dish { name, price, stock: 0, sold: 0, stocked: 0 }
                }
            };
            self.menu.set(&item, &dish);
            Ok(())
        }

        /// Brings stock in.
        #[call]
        pub fn restock(&mut self, cx: &Cx, item: u32, quantity: u32) -> Result<(), Error> {
            self.only_owner(cx)?;
            let mut dish = self.dish(item)?;
            dish.stock = dish.stock.checked_add(quantity).ok_or(Error::Overflow)?;
            dish.stocked = dish.stocked.checked_add(quantity).ok_or(Error::Overflow)?;
            self.menu.set(&item, &dish);
            cx.emit(&StockChanged { item, stock: dish.stock });
            Ok(())
        }

        /// Orders and pays; returns the order's number.
        #[call]
        pub fn order(&mut self, cx: &Cx, lines: Vec<Line>) -> Result<u64, Error> {
            ensure!(!lines.is_empty(), Error::Empty);
            let count = lines.len() as u32;
            ensure!(count <= LINES_MAX, Error::TooManyLines { lines: count, limit: LINES_MAX });
            let mut total = Amount::ZERO;
            for line in &lines {
                let price = self.take_stock(cx, line)?;
                total = total.checked_add(price).ok_or(Error::Overflow)?;
            }
            ensure!(total > Amount::ZERO, Error::Empty);
            let customer = cx.caller();
            let order = self.last_order.get() + 1;
            self.last_order.set(&order);
            let record = Order { customer, lines, total, status: Status::Placed };
            self.orders.set(&order, &record);
            self.takings.add(total);
            let paid = self.token().transfer_from(customer, cx.address(), total, None);
            paid.map_err(Error::Token)?;
            cx.emit(&Ordered { order, customer, lines: record.lines, total });
            cx.emit(&TakingsChanged { takings: self.takings.get() });
            Ok(order)
        }

        /// Hands an order over; it can no longer be cancelled.
        #[call]
        pub fn make(&mut self, cx: &Cx, order: u64) -> Result<(), Error> {
            self.only_owner(cx)?;
            let mut record = self.live(order)?;
            ensure!(
                record.status == Status::Placed,
                Error::WrongStatus { order, status: record.status }
            );
            record.status = Status::Made;
            self.save(cx, order, &record);
            Ok(())
        }

        /// Gives back an order that is not made yet: stock and money return.
        #[call]
        pub fn cancel(&mut self, cx: &Cx, order: u64) -> Result<(), Error> {
            let mut record = self.live(order)?;
            let customer = record.customer;
            ensure!(cx.caller() == customer, Error::NotCustomer { customer });
            ensure!(
                record.status == Status::Placed,
                Error::WrongStatus { order, status: record.status }
            );
            self.put_back(cx, &record.lines)?;
            record.status = Status::Cancelled;
            self.save(cx, order, &record);
            self.pay_back(cx, order, &record)
        }

        /// Gives the customer the money back, whether the order was made or not; one that was not is
        /// cancelled, and in stock again.
        #[call]
        pub fn refund(&mut self, cx: &Cx, order: u64) -> Result<(), Error> {
            self.only_owner(cx)?;
            let mut record = self.live(order)?;
            record.status = if record.status == Status::Placed {
                self.put_back(cx, &record.lines)?;
                Status::Cancelled
            } else {
                Status::Refunded
            };
            self.save(cx, order, &record);
            self.pay_back(cx, order, &record)
        }

        /// Pays all takings out to the owner. Anybody may ask for it.
        #[call]
        pub fn settle(&mut self, cx: &Cx) -> Result<Amount, Error> {
            let amount = self.takings.get();
            ensure!(amount > Amount::ZERO, Error::NothingToSettle);
            let owner = self.owner.get();
            self.takings.sub(amount).map_err(|_| Error::Overflow)?;
            self.settled.set(&self.last_order.get());
            self.token().transfer(owner, amount, None).map_err(Error::Token)?;
            cx.emit(&Settled { owner, amount });
            cx.emit(&TakingsChanged { takings: Amount::ZERO });
            Ok(amount)
        }

        /// The menu.
        #[query]
        pub fn menu(&self) -> Vec<(u32, Dish)> {
            self.items().collect()
        }

        /// One order.
        #[query]
        pub fn order_by_number(&self, order: u64) -> Option<Order> {
            self.orders.get(&order)
        }

        /// The number of the last order.
        #[query]
        pub fn last_order(&self) -> u64 {
            self.last_order.get()
        }

        /// Paid and not settled.
        #[query]
        pub fn takings(&self) -> Amount {
            self.takings.get()
        }

        /// Every order up to this number is settled.
        #[query]
        pub fn settled(&self) -> u64 {
            self.settled.get()
        }

        /// What was ordered and taken, in one read each.
        #[query]
        pub fn totals(&self) -> Totals {
            self.books()
        }

        /// Counts orders, at most `limit` (254 at most) after those that were counted, and refuses
        /// unless they are in the end what takings and menu say, and tokens cover the takings. Ask
        /// for all pages at one height.
        #[query]
        pub fn audit(&self, cx: &Cx, counted: Option<Counted>, limit: u32) -> Result<Audit, Error> {
            self.audited(cx, counted, limit)
        }

        fn items(&self) -> impl Iterator<Item = (u32, Dish)> {
            self.menu.entries(None, dure::Order::Ascending)
        }

        fn only_owner(&self, cx: &Cx) -> Result<(), Error> {
            let owner = self.owner.get();
            ensure!(cx.caller() == owner, Error::NotOwner { owner });
            Ok(())
        }

        fn token(&self) -> TokenClient {
            TokenClient::at(self.token.get())
        }

        fn dish(&self, item: u32) -> Result<Dish, Error> {
            self.menu.get(&item).ok_or(Error::UnknownItem { item })
        }

        fn take_stock(&mut self, cx: &Cx, line: &Line) -> Result<Amount, Error> {
            let (item, wanted) = (line.item, line.quantity);
            let mut dish = self.dish(item)?;
            let left = dish.stock;
            dish.stock =
                left.checked_sub(wanted).ok_or(Error::OutOfStock { item, left, wanted })?;
            dish.sold = dish.sold.checked_add(wanted).ok_or(Error::Overflow)?;
            self.menu.set(&item, &dish);
            cx.emit(&StockChanged { item, stock: dish.stock });
            dish.price.checked_mul(wanted.into()).ok_or(Error::Overflow)
        }

        fn put_back(&mut self, cx: &Cx, lines: &[Line]) -> Result<(), Error> {
            for line in lines {
                let mut dish = self.dish(line.item)?;
                dish.stock = dish.stock.checked_add(line.quantity).ok_or(Error::Overflow)?;
                dish.sold = dish.sold.checked_sub(line.quantity).ok_or(Error::Overflow)?;
                self.menu.set(&line.item, &dish);
                cx.emit(&StockChanged { item: line.item, stock: dish.stock });
            }
            Ok(())
        }

        /// An order that is not given back.
        fn live(&self, order: u64) -> Result<Order, Error> {
            let record = self.orders.get(&order).ok_or(Error::UnknownOrder { order })?;
            let status = record.status;
            let live = status == Status::Placed || status == Status::Made;
            ensure!(live, Error::WrongStatus { order, status });
            Ok(record)
        }

        fn save(&mut self, cx: &Cx, order: u64, record: &Order) {
            self.orders.set(&order, record);
            let (customer, status) = (record.customer, record.status);
            cx.emit(&StatusChanged { order, customer, status });
        }

        fn pay_back(&mut self, cx: &Cx, order: u64, record: &Order) -> Result<(), Error> {
            let (customer, total) = (record.customer, record.total);
            let token = self.token();
            if order <= self.settled.get() {
                let owner = self.owner.get();
                return token.transfer_from(owner, customer, total, None).map_err(Error::Token);
            }
            self.takings.sub(total).map_err(|_| Error::Overflow)?;
            token.transfer(customer, total, None).map_err(Error::Token)?;
            cx.emit(&TakingsChanged { takings: self.takings.get() });
            Ok(())
        }
    }
}
