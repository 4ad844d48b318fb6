//! Random days of the market, compared with the plain one after every step.

use crate::{
    plain::{Plain, PlainOrder, PlainTrade},
    scene::{
        GRIDS, MINUTE, PAID_IN, PEOPLE, ROUNDING, SLOT, START, Scene, UTILITY, id, meter, person,
        signed, slot, terms,
    },
};
use dure_sdk::{Amount, Height, TimestampMs, domain::clearing::Side};
use energy::energy::{EnergyTerms, Error, Reading, Trade, call};
use proptest::{collection::vec, prelude::*};

#[derive(Clone, Debug)]
enum Act {
    Order { who: usize, ahead: u64, buys: bool, energy: u64, limit: u64 },
    Again { order: usize },
    Cancel { order: usize },
    Clear { order: usize },
    Collect { order: usize },
    Read { order: usize, before: u64, by: (i64, i64), revision: u32, signers: usize },
    Settle { order: usize },
    Deposit { who: usize, amount: u128 },
    Withdraw { who: usize, amount: u128 },
    Wait { minutes: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..PEOPLE;
    // Few limits, so that many meet at the hub or tie there.
    let limits = prop::sample::select(vec![66_000, 70_000, 74_000, 80_000, 84_000, 95_001]);
    let revision = prop_oneof![9 => Just(0u32), 1 => Just(1)];
    let register = || prop_oneof![6 => 0i64..900, 1 => Just(-1i64)];
    prop_oneof![
        24 => (who.clone(), 0u64..4, any::<bool>(), 10u64..700, limits).prop_map(
            |(who, ahead, buys, energy, limit)| Act::Order { who, ahead, buys, energy, limit }
        ),
        1 => (0usize..8).prop_map(|order| Act::Again { order }),
        2 => (0usize..8).prop_map(|order| Act::Cancel { order }),
        6 => (0usize..12).prop_map(|order| Act::Clear { order }),
        6 => (0usize..16).prop_map(|order| Act::Collect { order }),
        16 => (0usize..30, 0u64..2, (register(), register()), revision, 1usize..=3).prop_map(
            |(order, before, by, revision, signers)| Act::Read {
                order, before, by, revision, signers
            }
        ),
        12 => (4usize..60).prop_map(|order| Act::Settle { order }),
        2 => (who.clone(), 1u128..500).prop_map(|(who, amount)| Act::Deposit { who, amount }),
        1 => (who, 1u128..16_000).prop_map(|(who, amount)| Act::Withdraw { who, amount }),
        7 => (1u64..20).prop_map(|minutes| Act::Wait { minutes }),
    ]
}

struct World {
    scene: Scene,
    plain: Plain,
    steps: u64,
    /// Tokens that came in and did not go out.
    cash: u128,
}

/// What somebody did, and what the model says: its answer, or that it is refused.
type Both = (Result<Vec<u128>, Error>, Option<Vec<u128>>);

impl World {
    fn new() -> Self {
        let cash = PAID_IN * (PEOPLE as u128 + 1);
        Self { scene: Scene::new(), plain: Plain::new(), steps: 0, cash }
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        self.steps += 1;
        self.scene.0.height(Height(self.steps));
        // Most acts are on what an order is for: its slot, its meter.
        let found = match *act {
            Act::Again { order } | Act::Cancel { order } | Act::Clear { order } => Some(order),
            Act::Collect { order } | Act::Settle { order } | Act::Read { order, .. } => Some(order),
            _ => None,
        };
        let Some(back) = found else { return self.free_act(act) };
        let Some(index) = self.plain.orders.len().checked_sub(1 + back) else { return Ok(()) };
        let order = self.plain.orders[index].clone();
        let (number, who) = (order.slot, order.who);
        let (done, expected) = match *act {
            Act::Again { .. } => (nothing(self.send(&order)), Some(vec![])),
            Act::Cancel { .. } => {
                let cancel = call::cancel(slot(number), meter(who), id(order.number));
                let done = self.scene.by(person(who), &cancel);
                (nothing(done), self.plain.cancel(index).then(Vec::new))
            }
            Act::Clear { .. } => self.clear(number),
            Act::Collect { .. } => self.collect(number, who),
            Act::Read { before, by, revision, signers, .. } => {
                self.read(who, number.saturating_sub(before), by, revision, signers)
            }
            _ => self.settle(number, who),
        };
        prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
        Ok(())
    }

    /// What is not on an order that is there.
    fn free_act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        let (done, expected) = match *act {
            Act::Order { who, ahead, buys, energy, limit } => {
                let (slot, step) = (self.plain.current() + ahead, self.steps);
                let (open, filled, number) = (true, 0, step);
                self.order(PlainOrder {
                    slot,
                    who,
                    number,
                    buys,
                    energy,
                    limit,
                    step,
                    open,
                    filled,
                })
            }
            Act::Deposit { who, amount } => {
                let deposit = call::deposit(id(self.steps), Amount(amount));
                let done = self.scene.by(person(who), &deposit);
                self.plain.credit(who, amount);
                self.cash += amount;
                (nothing(done), Some(vec![]))
            }
            Act::Withdraw { who, amount } => self.withdraw(who, amount),
            Act::Wait { minutes } => {
                self.plain.now += minutes * MINUTE;
                self.scene.0.time(TimestampMs(self.plain.now));
                return Ok(());
            }
            _ => return Ok(()),
        };
        prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
        Ok(())
    }

    fn send(&mut self, order: &PlainOrder) -> Result<(), Error> {
        let side = if order.buys { Side::Buy } else { Side::Sell };
        let (at, of, id) = (slot(order.slot), meter(order.who), id(order.number));
        let call = call::order(at, of, id, side, order.energy, order.limit);
        self.scene.by(person(order.who), &call)
    }

    fn order(&mut self, order: PlainOrder) -> Both {
        let done = self.send(&order);
        (nothing(done), self.plain.order(order).then(Vec::new))
    }

    fn clear(&mut self, number: u64) -> Both {
        let done = self.scene.by(UTILITY, &call::clear(slot(number)));
        let price = done.map(|outcome| outcome.clearing.map(|clearing| clearing.price));
        if let Ok(Some(price)) = price {
            let EnergyTerms { feed_in_mwon, retail_mwon, .. } = terms();
            assert!((feed_in_mwon..=retail_mwon).contains(&price), "{price} is outside the band");
        }
        let expected = self.plain.clear(number);
        (price.map(prices), expected.map(prices))
    }

    fn collect(&mut self, number: u64, who: usize) -> Both {
        let done = self.scene.by(UTILITY, &call::collect(slot(number), meter(who)));
        let expected = self.plain.collect(number, who);
        let plain = |trade: PlainTrade| {
            let (bought, sold) = (trade.bought.into(), trade.sold.into());
            vec![bought, sold, trade.cost, trade.proceeds, trade.deposit]
        };
        let found = |trade: Trade| {
            let (bought, sold) = (trade.bought_wh.into(), trade.sold_wh.into());
            vec![bought, sold, trade.cost.0, trade.proceeds.0, trade.deposit.0]
        };
        (done.map(found), expected.map(plain))
    }

    fn read(
        &mut self,
        who: usize,
        number: u64,
        by: (i64, i64),
        revision: u32,
        signers: usize,
    ) -> Both {
        let old = self.plain.readings.get(&(who, number));
        // All three correct one that is there; two bring it again.
        let revision = match (old, signers) {
            (Some(old), 3) => old.2 + 1,
            (Some(old), _) => old.2,
            (None, _) => revision,
        };
        let (import, export) = self.plain.registers(who, number);
        let import_wh = import.saturating_add_signed(by.0);
        let export_wh = export.saturating_add_signed(by.1);
        let reading = Reading { import_wh, export_wh, revision };
        let all = [2, 0, 1];
        let signatures = signed(meter(who), slot(number), &reading, &all[..signers]);
        let read = call::read(meter(who), slot(number), reading, signatures);
        let done = self.scene.by(person(0), &read);
        let read = self.plain.read(who, number, (import_wh, export_wh, revision), signers);
        (nothing(done), read.then(Vec::new))
    }

    fn settle(&mut self, number: u64, who: usize) -> Both {
        let done = self.scene.by(UTILITY, &call::settle(slot(number), meter(who)));
        let found = done.map(|done| vec![done.charge.0, done.credit.0, done.owed.0]);
        let expected = self.plain.settle(number, who);
        (found, expected.map(|(charge, credit, owed)| vec![charge, credit, owed]))
    }

    fn withdraw(&mut self, who: usize, amount: u128) -> Both {
        let free = self.plain.free(person(who));
        // Now and then all there is, so that what comes later is owed.
        let amount = if amount > 8_000 { free } else { amount };
        let withdraw = call::withdraw(id(self.steps), Amount(amount));
        let done = self.scene.by(person(who), &withdraw);
        let enough = amount > 0 && free >= amount;
        if enough {
            *self.plain.free.get_mut(&person(who)).unwrap() -= amount;
            self.cash -= amount;
        }
        (nothing(done), enough.then(Vec::new))
    }

    /// Everything that anybody can see of the money is as in the plain market.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        for who in 0..PEOPLE {
            let expected = (self.plain.free(person(who)), self.plain.owed[who]);
            prop_assert_eq!(self.scene.account(person(who)), expected, "of {}", who);
            prop_assert!(expected.0 == 0 || expected.1 == 0, "who owes has nothing free");
        }
        for account in [UTILITY, ROUNDING].into_iter().chain(GRIDS) {
            prop_assert_eq!(self.scene.account(account), (self.plain.free(account), 0));
        }
        let books = self.scene.ask(&call::books());
        let escrow = self.plain.escrow(self.cash);
        let found = (books.cash.0, books.tokens.0, books.escrow.0);
        prop_assert_eq!(found, (self.cash, self.cash, escrow));
        let page = self.scene.ask(&call::accounts(None, 100));
        prop_assert_eq!(page.items.iter().map(|(_, free)| free.0).sum::<u128>(), books.funds.0);
        // Every slot that has orders, counted again, sums to the escrow.
        let mut slots: Vec<u64> = self.plain.orders.iter().map(|order| order.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let counted = slots
            .into_iter()
            .map(|number| self.scene.ask(&call::audit_slot(slot(number))).escrow.0);
        prop_assert_eq!(counted.sum::<u128>(), escrow);
        prop_assert_eq!(self.scene.audit(), Ok(()));
        Ok(())
    }
}

fn nothing(done: Result<(), Error>) -> Result<Vec<u128>, Error> {
    done.map(|()| vec![])
}

fn prices(price: Option<u64>) -> Vec<u128> {
    price.map(u128::from).into_iter().collect()
}

#[test]
fn slots_of_the_model_are_those_of_the_market() {
    assert_eq!(slot(3).start(), TimestampMs(START + 3 * SLOT));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn days_are_those_of_a_plain_market(acts in vec(act(), 100..500)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act)?;
            world.compare()?;
        }
    }
}
