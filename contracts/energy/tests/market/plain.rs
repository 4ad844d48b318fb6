//! The market by the words of its rules: sums over lists, every price tried.

use crate::scene::{GRIDS, MINUTE, PAID_IN, PEOPLE, ROUNDING, SLOT, START, UTILITY, person};
use dure_sdk::Address;
use std::collections::BTreeMap;

const RETAIL: u128 = 120_000;
const FEED_IN: u128 = 60_000;
/// Into and out of each zone.
const FEES: [(u64, u64); 2] = [(5_000, 2_000), (9_000, 4_000)];
const MICRO: u128 = 1_000_000;

#[derive(Clone, Debug)]
pub(crate) struct PlainOrder {
    pub(crate) slot: u64,
    pub(crate) who: usize,
    pub(crate) number: u64,
    pub(crate) buys: bool,
    pub(crate) energy: u64,
    pub(crate) limit: u64,
    /// The step in which it came: each is a block.
    pub(crate) step: u64,
    pub(crate) open: bool,
    pub(crate) filled: u64,
}

impl PlainOrder {
    fn at_hub(&self) -> u64 {
        let (import, export) = FEES[self.who % 2];
        if self.buys { self.limit - import } else { self.limit + export }
    }

    pub(crate) fn collateral(&self) -> u128 {
        up(u128::from(self.energy) * if self.buys { self.limit.into() } else { RETAIL })
    }

    /// Whether it is better than a price, or just as good.
    fn takes(&self, price: u64) -> bool {
        if self.buys { self.at_hub() >= price } else { self.at_hub() <= price }
    }
}

/// What a meter did in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainTrade {
    pub(crate) bought: u64,
    pub(crate) sold: u64,
    pub(crate) cost: u128,
    pub(crate) proceeds: u128,
    pub(crate) deposit: u128,
}

pub(crate) struct Plain {
    pub(crate) now: u64,
    pub(crate) free: BTreeMap<Address, u128>,
    pub(crate) owed: [u128; PEOPLE],
    pub(crate) orders: Vec<PlainOrder>,
    /// The price of each slot that was cleared.
    pub(crate) cleared: BTreeMap<u64, Option<u64>>,
    pub(crate) collected: BTreeMap<(u64, usize), PlainTrade>,
    pub(crate) settled: BTreeMap<(u64, usize), (u128, u128, u128)>,
    /// Import, export and revision by participant and slot.
    pub(crate) readings: BTreeMap<(usize, u64), (u64, u64, u32)>,
}

fn up(micro: u128) -> u128 {
    micro.div_ceil(MICRO)
}

impl Plain {
    pub(crate) fn new() -> Self {
        let accounts = (0..PEOPLE).map(person).chain([UTILITY]);
        Self {
            now: START,
            free: accounts.map(|account| (account, PAID_IN)).collect(),
            owed: [0; PEOPLE],
            orders: Vec::new(),
            cleared: BTreeMap::new(),
            collected: BTreeMap::new(),
            settled: BTreeMap::new(),
            readings: BTreeMap::new(),
        }
    }

    pub(crate) fn current(&self) -> u64 {
        (self.now - START) / SLOT
    }

    pub(crate) fn gate_is_open(&self, slot: u64) -> bool {
        self.now + 5 * MINUTE < START + slot * SLOT
    }

    fn is_over(&self, slot: u64) -> bool {
        self.now >= START + (slot + 1) * SLOT
    }

    fn readings_are_over(&self, slot: u64) -> bool {
        self.now >= START + (slot + 1) * SLOT + 60 * MINUTE
    }

    pub(crate) fn free(&self, account: Address) -> u128 {
        self.free.get(&account).copied().unwrap_or(0)
    }

    fn gain(&mut self, account: Address, amount: u128) {
        *self.free.entry(account).or_default() += amount;
    }

    /// Debts are paid first.
    pub(crate) fn credit(&mut self, who: usize, amount: u128) {
        let paid = self.owed[who].min(amount);
        self.owed[who] -= paid;
        self.gain(UTILITY, paid);
        self.gain(person(who), amount - paid);
    }

    pub(crate) fn of(&self, slot: u64, who: usize) -> impl Iterator<Item = &PlainOrder> {
        self.orders.iter().filter(move |order| order.slot == slot && order.who == who)
    }

    pub(crate) fn order(&mut self, order: PlainOrder) -> bool {
        let (slot, who, collateral) = (order.slot, order.who, order.collateral());
        let room = self.of(slot, who).count() < 16;
        if !self.gate_is_open(slot) || !room || self.free(person(who)) < collateral {
            return false;
        }
        *self.free.get_mut(&person(who)).unwrap() -= collateral;
        self.orders.push(order);
        true
    }

    /// Cancelled twice is cancelled once.
    pub(crate) fn cancel(&mut self, index: usize) -> bool {
        let order = self.orders[index].clone();
        if order.open && !self.gate_is_open(order.slot) {
            return false;
        }
        if order.open {
            self.orders[index].open = false;
            self.credit(order.who, order.collateral());
        }
        true
    }

    /// The price, if it is cleared; `None` when it cannot be.
    pub(crate) fn clear(&mut self, slot: u64) -> Option<Option<u64>> {
        if let Some(price) = self.cleared.get(&slot) {
            return Some(*price);
        }
        if self.gate_is_open(slot) || !self.orders.iter().any(|order| order.slot == slot) {
            return None;
        }
        let here = |order: &&mut PlainOrder| order.slot == slot && order.open;
        let mut orders: Vec<&mut PlainOrder> = self.orders.iter_mut().filter(here).collect();
        let sum = |orders: &[&mut PlainOrder], buys: bool, price: u64| -> u64 {
            let side = orders.iter().filter(|order| order.buys == buys && order.takes(price));
            side.map(|order| order.energy).sum()
        };
        let limits: Vec<u64> = orders.iter().map(|order| order.at_hub()).collect();
        let at = |price: &u64| sum(&orders, true, *price).min(sum(&orders, false, *price));
        let volume = limits.iter().map(at).max().unwrap_or(0);
        fill(&mut orders, true, volume);
        fill(&mut orders, false, volume);
        let price = (volume > 0).then(|| price(&orders));
        self.cleared.insert(slot, price);
        self.pay_fees(slot, price);
        Some(price)
    }

    fn pay_fees(&mut self, slot: u64, price: Option<u64>) {
        let trades: Vec<PlainTrade> = (0..PEOPLE).map(|who| self.trade(slot, who, price)).collect();
        let mut rest = trades.iter().map(|trade| trade.cost).sum::<u128>();
        rest -= trades.iter().map(|trade| trade.proceeds).sum::<u128>();
        for (zone, (import, export)) in FEES.iter().enumerate() {
            let own = trades.iter().skip(zone).step_by(2);
            let micro = own.map(|trade| trade.bought * import + trade.sold * export).sum::<u64>();
            let fee = u128::from(micro) / MICRO;
            self.gain(GRIDS[zone], fee);
            rest -= fee;
        }
        self.gain(ROUNDING, rest);
    }

    fn trade(&self, slot: u64, who: usize, price: Option<u64>) -> PlainTrade {
        let Some(price) = price else { return PlainTrade::default() };
        let (import, export) = FEES[who % 2];
        let sum = |buys| -> u64 {
            self.of(slot, who).filter(|order| order.buys == buys).map(|order| order.filled).sum()
        };
        let (bought, sold) = (sum(true), sum(false));
        PlainTrade {
            bought,
            sold,
            cost: up(u128::from(bought) * u128::from(price + import)),
            proceeds: if sold == 0 {
                0
            } else {
                u128::from(sold) * u128::from(price - export) / MICRO
            },
            deposit: up(u128::from(sold) * RETAIL),
        }
    }

    pub(crate) fn collect(&mut self, slot: u64, who: usize) -> Option<PlainTrade> {
        if let Some(done) = self.collected.get(&(slot, who)) {
            return Some(*done);
        }
        self.of(slot, who).next()?;
        let trade = self.trade(slot, who, *self.cleared.get(&slot)?);
        let open = self.of(slot, who).filter(|order| order.open);
        let collateral = open.map(PlainOrder::collateral).sum::<u128>();
        self.credit(who, collateral + trade.proceeds - trade.cost - trade.deposit);
        self.collected.insert((slot, who), trade);
        Some(trade)
    }

    /// Charge, credit and what is owed of it.
    pub(crate) fn settle(&mut self, slot: u64, who: usize) -> Option<(u128, u128, u128)> {
        if let Some(done) = self.settled.get(&(slot, who)) {
            return Some(*done);
        }
        self.of(slot, who).next()?;
        let trade = self.trade(slot, who, *self.cleared.get(&slot)?);
        if (trade.bought, trade.sold) == (0, 0) || !self.readings_are_over(slot) {
            return None;
        }
        let start = slot.checked_sub(1).and_then(|slot| self.readings.get(&(who, slot)));
        let (drawn, fed) = match (start, self.readings.get(&(who, slot))) {
            (Some(start), Some(end)) => (end.0 - start.0, end.1 - start.1),
            _ => (trade.bought, 0),
        };
        let more = |a: u64, b: u64| u128::from(a.saturating_sub(b));
        let charge = up((more(trade.sold, fed) + more(drawn, trade.bought)) * RETAIL);
        let credit = (more(fed, trade.sold) + more(trade.bought, drawn)) * FEED_IN / MICRO;
        let before = (self.free.clone(), self.owed, self.collected.clone());
        self.collect(slot, who);
        if self.free(UTILITY) < credit {
            (self.free, self.owed, self.collected) = before;
            return None;
        }
        *self.free.get_mut(&UTILITY).unwrap() -= credit;
        self.credit(who, trade.deposit + credit);
        let taken = self.free(person(who)).min(charge);
        *self.free.get_mut(&person(who)).unwrap() -= taken;
        self.gain(UTILITY, taken);
        self.owed[who] += charge - taken;
        self.settled.insert((slot, who), (charge, credit, charge - taken));
        Some((charge, credit, charge - taken))
    }

    /// The registers of the last reading of a participant at or before a slot.
    pub(crate) fn registers(&self, who: usize, slot: u64) -> (u64, u64) {
        let before = self.readings.range((who, 0)..=(who, slot)).next_back();
        before.map_or((1_000, 1_000), |(_, (import, export, _))| (*import, *export))
    }

    pub(crate) fn read(
        &mut self,
        who: usize,
        slot: u64,
        (import, export, revision): (u64, u64, u32),
        signers: usize,
    ) -> bool {
        let old = self.readings.get(&(who, slot));
        let next = old.map_or(0, |old| old.2 + 1);
        let signed = signers >= if old.is_some() { 3 } else { 2 };
        let others = self.readings.iter().filter(|((of, at), _)| *of == who && *at != slot);
        let mut between = others.map(|((_, at), (i, e, _))| {
            if *at < slot { *i <= import && *e <= export } else { *i >= import && *e >= export }
        });
        let right = next == revision && signed && between.all(|right| right);
        if !right || !self.is_over(slot) || self.readings_are_over(slot) {
            return false;
        }
        self.readings.insert((who, slot), (import, export, revision));
        true
    }

    /// What lies in escrow: all that was paid in and nobody has free.
    pub(crate) fn escrow(&self, cash: u128) -> u128 {
        cash - self.free.values().sum::<u128>()
    }
}

/// Fills a side, the best first; of equal ones each its share and a unit more by remainder.
fn fill(orders: &mut [&mut PlainOrder], buys: bool, volume: u64) {
    let mut limits: Vec<u64> =
        orders.iter().filter(|order| order.buys == buys).map(|order| order.at_hub()).collect();
    limits.sort_unstable();
    limits.dedup();
    if buys {
        limits.reverse();
    }
    let mut left = volume;
    for limit in limits {
        let equal = |order: &&mut &mut PlainOrder| order.buys == buys && order.at_hub() == limit;
        let mut level: Vec<&mut &mut PlainOrder> = orders.iter_mut().filter(equal).collect();
        level.sort_by_key(|order| order.step);
        let offered: u64 = level.iter().map(|order| order.energy).sum();
        let take = left.min(offered);
        left -= take;
        let mut units = take;
        for order in &mut level {
            order.filled = order.energy * take / offered;
            units -= order.filled;
        }
        level.sort_by_key(|order| u64::MAX - order.energy * take % offered);
        for order in level.iter_mut().take(units as usize) {
            order.filled += 1;
        }
    }
}

/// Half way between those who trade or would not, and those who trade or would.
fn price(orders: &[&mut PlainOrder]) -> u64 {
    let lo = orders
        .iter()
        .filter(|order| if order.buys { order.filled < order.energy } else { order.filled > 0 });
    let hi = orders
        .iter()
        .filter(|order| if order.buys { order.filled > 0 } else { order.filled < order.energy });
    let lo = lo.map(|order| order.at_hub()).max().unwrap();
    let hi = hi.map(|order| order.at_hub()).min().unwrap();
    (lo + hi) / 2
}
