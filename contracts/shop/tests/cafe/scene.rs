//! A café with coffee and cake, its token and its guests.

use ::token::token::{Conditions, PurposeToken, call as token};
use dure_testing::{Account, Address, Amount, Chain, Refusal, invoke};
use shop::shop::{Error, Line, Shop, call};

const TOKEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../token");
pub(crate) const SHOP: &str = env!("CARGO_MANIFEST_DIR");
/// What each guest has at first.
pub(crate) const PURSE: u128 = 1_000;
/// Number, name, price, and how many come in.
pub(crate) const DISHES: [(u32, &str, u128, u32); 2] = [(1, "coffee", 30, 10), (2, "cake", 50, 3)];

pub(crate) struct Cafe {
    pub(crate) chain: Chain,
    pub(crate) owner: Account,
    pub(crate) guests: [Account; 2],
    pub(crate) coin: Address,
    pub(crate) shop: Address,
}

impl Cafe {
    pub(crate) fn new() -> Self {
        let mut chain = Chain::new();
        let owner = chain.account("owner");
        let guests = ["guest", "friend"].map(|name| chain.account(name));
        let coin = issue(&mut chain, owner, "CAF", Conditions::NONE);
        for guest in guests {
            chain.send(owner, coin, &token::issue(guest.address(), Amount(PURSE))).unwrap();
        }
        chain.shadow::<Shop>(chain.next_address(owner));
        let shop = chain.deploy(SHOP, owner, coin).unwrap();
        for (item, name, price, stock) in DISHES {
            let set = call::set_item(item, name.to_owned(), Amount(price));
            chain.send(owner, shop, &set).unwrap();
            chain.send(owner, shop, &call::restock(item, stock)).unwrap();
        }
        Self { chain, owner, guests, coin, shop }
    }

    /// The guest allows so much and orders.
    pub(crate) fn order(
        &mut self,
        guest: usize,
        allowed: u128,
        lines: &[(u32, u32)],
    ) -> Result<u64, Refusal<Error>> {
        let lines = lines.iter().map(|&(item, quantity)| Line { item, quantity }).collect();
        let approve = token::approve(self.shop, Amount(allowed), None);
        let calls = vec![invoke(self.coin, &approve), invoke(self.shop, &call::order(lines))];
        let executed = self.chain.transact(self.guests[guest], calls);
        executed.map_err(|failure| failure.typed()).map(|done| done.output(1).unwrap())
    }

    pub(crate) fn holds(&self, who: Address) -> u128 {
        self.chain.ask(self.coin, &token::balance_of(who)).unwrap().0
    }

    pub(crate) fn stock(&self, item: u32) -> u32 {
        let menu = self.chain.ask(self.shop, &call::menu()).unwrap();
        menu.iter().find(|(number, _)| *number == item).unwrap().1.stock
    }

    /// Counts everything again, in pages of two orders.
    pub(crate) fn audit(&self) {
        let mut counted = None;
        loop {
            counted = self.chain.ask(self.shop, &call::audit(counted, 2)).unwrap().next;
            if counted.is_none() {
                break;
            }
        }
    }
}

/// A token of somebody's.
pub(crate) fn issue(chain: &mut Chain, by: Account, name: &str, conditions: Conditions) -> Address {
    chain.shadow::<PurposeToken>(chain.next_address(by));
    chain.deploy(TOKEN, by, (name.to_owned(), name.to_owned(), 0u8, conditions)).unwrap()
}
