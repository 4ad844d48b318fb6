//! Random days of a café, compared with plain lists after every act.

use crate::scene::{Cafe, DISHES, PURSE};
use ::token::token::call as token;
use dure_sdk::Invocation;
use dure_testing::{Account, Address, Amount, Refusal, codec::Decode};
use proptest::{collection::vec, prelude::*};
use shop::shop::{Error, Line, Status, call};
use std::collections::BTreeMap;

/// Two guests and the owner.
const PEOPLE: usize = 3;
const OWNER: usize = 2;

#[derive(Clone, Debug)]
enum Act {
    Order {
        guest: usize,
        allowed: u128,
        lines: Vec<(u32, u32)>,
    },
    Make {
        by: usize,
        back: u64,
    },
    Cancel {
        by: usize,
        back: u64,
    },
    Refund {
        by: usize,
        back: u64,
    },
    Settle {
        by: usize,
    },
    Restock {
        by: usize,
        item: u32,
        quantity: u32,
    },
    Price {
        by: usize,
        item: u32,
        price: u128,
    },
    /// The owner lets the shop pay settled orders back, up to so much.
    Allow {
        amount: u128,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let by = prop_oneof![3 => Just(OWNER), 1 => 0..PEOPLE];
    let (back, item) = (0u64..5, 1u32..5);
    prop_oneof![
        8 => (0..OWNER, 60u128..300, vec((1u32..4, 0u32..4), 0..3))
            .prop_map(|(guest, allowed, lines)| Act::Order { guest, allowed, lines }),
        2 => (by.clone(), back.clone()).prop_map(|(by, back)| Act::Make { by, back }),
        4 => (0..PEOPLE, back.clone()).prop_map(|(by, back)| Act::Cancel { by, back }),
        3 => (by.clone(), back).prop_map(|(by, back)| Act::Refund { by, back }),
        3 => (0..PEOPLE).prop_map(|by| Act::Settle { by }),
        2 => (by.clone(), item.clone(), 0u32..4)
            .prop_map(|(by, item, quantity)| Act::Restock { by, item, quantity }),
        2 => (by, item, 0u128..80).prop_map(|(by, item, price)| Act::Price { by, item, price }),
        1 => (0u128..200).prop_map(|amount| Act::Allow { amount }),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Dish {
    price: u128,
    stock: u32,
    sold: u32,
    stocked: u32,
}

struct Ordered {
    guest: usize,
    lines: Vec<(u32, u32)>,
    total: u128,
    status: Status,
}

struct Plain {
    menu: BTreeMap<u32, Dish>,
    orders: Vec<Ordered>,
    settled: usize,
    purses: [u128; PEOPLE],
    allowed: u128,
}

impl Plain {
    fn new() -> Self {
        let dish =
            |(item, _, price, stocked)| (item, Dish { price, stock: stocked, sold: 0, stocked });
        let menu = DISHES.map(dish).into_iter().collect();
        Self { menu, orders: vec![], settled: 0, purses: [PURSE, PURSE, 0], allowed: 0 }
    }

    /// What the live orders cost that are not settled.
    fn takings(&self) -> u128 {
        let live = |order: &&Ordered| matches!(order.status, Status::Placed | Status::Made);
        self.orders[self.settled..].iter().filter(live).map(|order| order.total).sum()
    }

    /// Its number, for an act that names an order: the last one, or so many before it.
    fn number(&self, back: u64) -> u64 {
        (self.orders.len() as u64).saturating_sub(back)
    }

    fn order(&mut self, guest: usize, allowed: u128, lines: &[(u32, u32)]) -> Option<u128> {
        let (mut menu, mut total) = (self.menu.clone(), 0);
        for (item, quantity) in lines {
            let dish = menu.get_mut(item)?;
            dish.stock = dish.stock.checked_sub(*quantity)?;
            dish.sold += quantity;
            total += dish.price * u128::from(*quantity);
        }
        if total == 0 || total > allowed || total > self.purses[guest] {
            return None;
        }
        self.purses[guest] -= total;
        self.menu = menu;
        self.orders.push(Ordered { guest, lines: lines.to_vec(), total, status: Status::Placed });
        Some(self.orders.len() as u128)
    }

    /// Ends an order that is in one of these states; gives its money back.
    fn end(&mut self, number: u64, from: &[Status], to: Status) -> Option<u128> {
        let index = usize::try_from(number).unwrap().checked_sub(1)?;
        let (settled, order) = (index < self.settled, self.orders.get_mut(index)?);
        if !from.contains(&order.status) {
            return None;
        }
        if settled {
            self.allowed = self.allowed.checked_sub(order.total)?;
            self.purses[OWNER] = match self.purses[OWNER].checked_sub(order.total) {
                Some(left) => left,
                None => {
                    self.allowed += order.total;
                    return None;
                }
            };
        }
        let unmade = order.status == Status::Placed;
        order.status = if unmade { Status::Cancelled } else { to };
        self.purses[order.guest] += order.total;
        if unmade {
            for (item, quantity) in &order.lines {
                let dish = self.menu.get_mut(item).unwrap();
                dish.stock += quantity;
                dish.sold -= quantity;
            }
        }
        Some(0)
    }

    fn act(&mut self, act: &Act) -> Option<u128> {
        match act {
            Act::Order { guest, allowed, lines } => self.order(*guest, *allowed, lines),
            Act::Cancel { by, back } => {
                let number = self.number(*back);
                let order = self.orders.get(usize::try_from(number).unwrap().checked_sub(1)?)?;
                let own = order.guest == *by;
                own.then(|| self.end(number, &[Status::Placed], Status::Cancelled)).flatten()
            }
            Act::Settle { .. } => {
                let takings = Some(self.takings()).filter(|takings| *takings > 0)?;
                self.purses[OWNER] += takings;
                self.settled = self.orders.len();
                Some(takings)
            }
            Act::Allow { amount } => {
                self.allowed = *amount;
                Some(0)
            }
            Act::Make { by, .. }
            | Act::Refund { by, .. }
            | Act::Restock { by, .. }
            | Act::Price { by, .. }
                if *by != OWNER =>
            {
                None
            }
            Act::Make { back, .. } => {
                let index = usize::try_from(self.number(*back)).unwrap().checked_sub(1)?;
                let order = self.orders.get_mut(index)?;
                (order.status == Status::Placed).then(|| order.status = Status::Made)?;
                Some(0)
            }
            Act::Refund { back, .. } => {
                let live = [Status::Placed, Status::Made];
                self.end(self.number(*back), &live, Status::Refunded)
            }
            Act::Restock { item, quantity, .. } => {
                let dish = self.menu.get_mut(item)?;
                dish.stock += quantity;
                dish.stocked += quantity;
                Some(0)
            }
            Act::Price { price: 0, .. } => None,
            Act::Price { item, price, .. } => {
                let new = Dish { price: 0, stock: 0, sold: 0, stocked: 0 };
                self.menu.entry(*item).or_insert(new).price = *price;
                Some(0)
            }
        }
    }
}

struct World {
    cafe: Cafe,
    plain: Plain,
}

impl World {
    fn person(&self, index: usize) -> Account {
        self.cafe.guests.get(index).copied().unwrap_or(self.cafe.owner)
    }

    fn send<T: Decode>(
        &mut self,
        by: usize,
        invocation: &Invocation<T, Error>,
        value: impl Fn(T) -> u128,
    ) -> Result<u128, Refusal<Error>> {
        let by = self.person(by);
        self.cafe.chain.send(by, self.cafe.shop, invocation).map(value)
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        let nothing = |()| 0;
        let number = |world: &Self, back| world.plain.number(back);
        let done = match act {
            Act::Order { guest, allowed, lines } => {
                self.cafe.order(*guest, *allowed, lines).map(u128::from)
            }
            Act::Make { by, back } => self.send(*by, &call::make(number(self, *back)), nothing),
            Act::Cancel { by, back } => self.send(*by, &call::cancel(number(self, *back)), nothing),
            Act::Refund { by, back } => self.send(*by, &call::refund(number(self, *back)), nothing),
            Act::Settle { by } => self.send(*by, &call::settle(), |amount| amount.0),
            Act::Restock { by, item, quantity } => {
                self.send(*by, &call::restock(*item, *quantity), nothing)
            }
            Act::Price { by, item, price } => {
                self.send(*by, &call::set_item(*item, "dish".to_owned(), Amount(*price)), nothing)
            }
            Act::Allow { amount } => {
                let approve = token::approve(self.cafe.shop, Amount(*amount), None);
                let (owner, coin) = (self.cafe.owner, self.cafe.coin);
                self.cafe.chain.send(owner, coin, &approve).unwrap();
                Ok(0)
            }
        };
        let expected = self.plain.act(act);
        prop_assert_eq!(done.as_ref().ok().copied(), expected, "{:?}: {:?}", act, done);
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let Self { cafe, plain } = self;
        let ask = |number| cafe.chain.ask(cafe.shop, &call::order_by_number(number)).unwrap();
        let menu = cafe.chain.ask(cafe.shop, &call::menu()).unwrap();
        let dish = |(item, dish): (u32, shop::shop::Dish)| {
            let shop::shop::Dish { price: Amount(price), stock, sold, stocked, .. } = dish;
            (item, Dish { price, stock, sold, stocked })
        };
        prop_assert_eq!(&menu.into_iter().map(dish).collect::<BTreeMap<_, _>>(), &plain.menu);
        for (number, order) in (1u64..).zip(&plain.orders) {
            let found = ask(number).unwrap();
            let line = |line: &Line| (line.item, line.quantity);
            prop_assert_eq!(&found.lines.iter().map(line).collect::<Vec<_>>(), &order.lines);
            let same = (found.customer, found.total.0, found.status);
            let customer = self.person(order.guest).address();
            prop_assert_eq!(same, (customer, order.total, order.status), "order {}", number);
        }
        prop_assert!(ask(plain.orders.len() as u64 + 1).is_none());
        let totals = cafe.chain.ask(cafe.shop, &call::totals()).unwrap();
        let found = (totals.orders, totals.settled, totals.takings.0);
        let (orders, settled) = (plain.orders.len() as u64, plain.settled as u64);
        prop_assert_eq!(found, (orders, settled, plain.takings()));
        let purses: Vec<Address> = (0..PEOPLE).map(|who| self.person(who).address()).collect();
        let held: Vec<u128> = purses.into_iter().map(|who| cafe.holds(who)).collect();
        prop_assert_eq!(&held, &plain.purses);
        prop_assert_eq!(cafe.holds(cafe.shop), plain.takings());
        cafe.audit();
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn days_of_a_cafe_are_those_of_plain_lists(acts in vec(act(), 1..40)) {
        let mut world = World { cafe: Cafe::new(), plain: Plain::new() };
        for act in &acts {
            world.act(act)?;
            world.compare()?;
        }
    }
}
