//! The books once more, as plain lists: what every holder and merchant must have, to the won.
//!
//! It knows the rules of the scheme and nothing of the contract: no storage, no counters. Acts of
//! one load are of different holders, so that their order among each other changes nothing.

use crate::calendar::{Now, after_days, after_years};
use codec::Encode;
use std::collections::BTreeMap;

/// Where citizens' money may be spent, and where the allowance may: sets of the registry.
pub(crate) const TOWN: u32 = 1;
pub(crate) const MARKETS: u32 = 2;
/// The programme of cashback, which the contract names so.
const CASHBACK: u32 = 1;
/// The allowance of spring.
pub(crate) const SPRING: u32 = 7;
/// Days in which cashback is spent, and years in which bought money is.
pub(crate) const CASHBACK_DAYS: u32 = 90;
pub(crate) const OWN_YEARS: u32 = 5;
pub(crate) const HOLDING_CAP: u128 = 1_500_000;
pub(crate) const GIFT_CAP: u128 = 200_000;
pub(crate) const REFUND_PERCENT: u128 = 60;
/// Tiers of annual sales that the city's money is taken at.
pub(crate) const TIERS: usize = 3;
/// Lots that one payment takes from.
const PARTS_MAX: usize = 16;

/// What changes at mid-year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) discount_bp: u32,
    pub(crate) purchase_cap: u128,
    pub(crate) tiers_bp: [u32; TIERS],
    pub(crate) base_cap: u128,
}

/// What kind of money, in the order in which it is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode)]
pub(crate) enum Class {
    Policy,
    Bonus,
    Own,
}

/// Names a lot, as the contract does; keys sort in the order of spending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode)]
pub(crate) struct LotKey {
    pub(crate) class: Class,
    expiry: u64,
    #[codec(compact)]
    programme: u32,
    #[codec(compact)]
    set: u32,
    #[codec(compact)]
    purchase: u64,
}

/// All but `left` is of what was bought.
#[derive(Clone, Copy, Debug, Default)]
struct Lot {
    left: u128,
    face: u128,
    paid: u128,
    gifted: u128,
    refunded: u128,
    bought: u32,
}

/// A citizen with one account. Totals of a month carry it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    lots: BTreeMap<LotKey, Lot>,
    purchases: u64,
    bought: (u32, u128),
    earned_on: (u32, u128),
    given: (u32, u128),
}

/// A merchant's account, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    pub(crate) tier: usize,
    pub(crate) category: usize,
    pub(crate) market: bool,
    pub(crate) suspended: bool,
    pub(crate) receivable: u128,
    pub(crate) pending: u128,
}

/// A payment, for the cancel that may follow in its half of the month.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) who: usize,
    pub(crate) shop: usize,
    pub(crate) amount: u128,
    pub(crate) receipt: u64,
    parts: Vec<(LotKey, u128)>,
    room: u128,
    bp: u128,
    credit: Option<(LotKey, u128)>,
}

/// What a month came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) funded: u128,
    pub(crate) bought: u128,
    pub(crate) subsidy: u128,
    pub(crate) granted: u128,
    pub(crate) spent: u128,
    pub(crate) cashback: [u128; TIERS],
    pub(crate) by_category: BTreeMap<usize, u128>,
    pub(crate) given: u128,
    pub(crate) cancelled: u128,
    pub(crate) refunded: u128,
    pub(crate) paid_out: u128,
    pub(crate) closed_with: u128,
}

/// The books.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) now: Now,
    pub(crate) terms: Terms,
    pub(crate) holders: Vec<Holder>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) pool: BTreeMap<u32, u128>,
    pub(crate) budget: u128,
    pub(crate) escrow: u128,
    pub(crate) figures: BTreeMap<u32, Figures>,
}

impl Mirror {
    pub(crate) fn new(terms: Terms, now: Now, holders: usize, shops: Vec<Shop>) -> Self {
        let holders = vec![Holder::default(); holders];
        let (pool, figures) = (BTreeMap::new(), BTreeMap::new());
        Self { now, terms, holders, shops, pool, budget: 0, escrow: 0, figures }
    }

    /// The figures of this month.
    pub(crate) fn month(&mut self) -> &mut Figures {
        self.figures.entry(self.now.month).or_default()
    }

    fn room(&mut self) -> &mut u128 {
        self.pool.entry(self.now.month).or_default()
    }

    pub(crate) fn fund(&mut self, amount: u128) {
        *self.room() += amount;
        self.escrow += amount;
        self.month().funded += amount;
    }

    /// The month before is closed: what it has left leaves the bank.
    pub(crate) fn close(&mut self, month: u32) {
        let left = self.pool.insert(month, 0).unwrap_or_default();
        self.escrow -= left;
        self.figures.entry(month).or_default().closed_with = left;
    }

    /// Whether a purchase fits the caps and the pool.
    pub(crate) fn may_buy(&self, who: usize, face: u128) -> bool {
        let holder = &self.holders[who];
        let room = self.pool.get(&self.now.month).copied().unwrap_or_default();
        of(holder.bought, self.now.month) + face <= self.terms.purchase_cap
            && holder.counted(self.now.time) + face <= HOLDING_CAP
            && self.subsidy(face) <= room
    }

    /// What can still be bought with a discount this month.
    pub(crate) fn cap_left(&self, who: usize) -> u128 {
        self.terms.purchase_cap - of(self.holders[who].bought, self.now.month)
    }

    fn subsidy(&self, face: u128) -> u128 {
        face * u128::from(self.terms.discount_bp) / 10_000
    }

    pub(crate) fn buy(&mut self, who: usize, face: u128) {
        self.expire(who);
        let (subsidy, month) = (self.subsidy(face), self.now.month);
        *self.room() -= subsidy;
        self.escrow += face - subsidy;
        let holder = &mut self.holders[who];
        holder.bought = (month, of(holder.bought, month) + face);
        holder.purchases += 1;
        let expiry = after_years(self.now.time, OWN_YEARS);
        let purchase = holder.purchases;
        let key = LotKey { class: Class::Own, expiry, programme: 0, set: TOWN, purchase };
        let paid = face - subsidy;
        holder.lots.insert(key, Lot { left: face, face, paid, bought: month, ..Lot::default() });
        let figures = self.month();
        figures.bought += face;
        figures.subsidy += subsidy;
    }

    pub(crate) fn fund_programme(&mut self, amount: u128) {
        self.budget += amount;
        self.escrow += amount;
    }

    /// What a programme has left leaves the bank.
    pub(crate) fn drain_programme(&mut self) {
        self.escrow -= std::mem::take(&mut self.budget);
    }

    pub(crate) fn grant(&mut self, who: usize, amount: u128, end: u64) {
        self.budget -= amount;
        let key = LotKey {
            class: Class::Policy,
            expiry: end,
            programme: SPRING,
            set: MARKETS,
            purchase: 0,
        };
        self.holders[who].lots.entry(key).or_default().left += amount;
        self.month().granted += amount;
    }

    /// What somebody can spend in one payment at a shop.
    pub(crate) fn spendable(&self, who: usize, shop: usize) -> u128 {
        let lots = self.open(who, |key| self.permits(key, shop));
        let mut counted = 0;
        let fits = lots.take_while(|(key, _)| {
            counted += usize::from(!key.is_gift());
            counted <= PARTS_MAX
        });
        fits.map(|(_, lot)| lot.left).sum()
    }

    fn permits(&self, key: &LotKey, shop: usize) -> bool {
        key.set == TOWN || self.shops[shop].market
    }

    fn open(
        &self,
        who: usize,
        permits: impl Fn(&LotKey) -> bool,
    ) -> impl Iterator<Item = (&LotKey, &Lot)> {
        let now = self.now.time;
        let lots = self.holders[who].lots.iter();
        lots.filter(move |(key, lot)| lot.left > 0 && now < key.expiry && permits(key))
    }

    fn parts(&self, who: usize, amount: u128, permits: impl Fn(&LotKey) -> bool) -> Parts {
        let (mut parts, mut wanted) = (Vec::new(), amount);
        for (key, lot) in self.open(who, permits) {
            let part = lot.left.min(wanted);
            if part > 0 {
                parts.push((*key, part));
            }
            wanted -= part;
        }
        assert_eq!(wanted, 0, "the story pays more than there is");
        parts
    }

    pub(crate) fn pay(&mut self, who: usize, shop: usize, amount: u128, receipt: u64) -> Payment {
        let parts = self.parts(who, amount, |key| self.permits(key, shop));
        let (month, tier) = (self.now.month, self.shops[shop].tier);
        let bp = u128::from(self.terms.tiers_bp[tier]);
        let room = self.terms.base_cap - of(self.holders[who].earned_on, month);
        let holder = &mut self.holders[who];
        for (key, part) in &parts {
            holder.lots.entry(*key).or_default().left -= part;
        }
        let eligible = own(&parts).min(room);
        let cashback = eligible * bp / 10_000;
        let mut credit = None;
        if bp > 0 && eligible > 0 {
            holder.earned_on = (month, of(holder.earned_on, month) + eligible);
        }
        if cashback > 0 {
            let expiry = after_days(self.now.time, CASHBACK_DAYS);
            let key =
                LotKey { class: Class::Bonus, expiry, programme: CASHBACK, set: TOWN, purchase: 0 };
            holder.lots.entry(key).or_default().left += cashback;
            credit = Some((key, cashback));
        }
        *self.room() -= cashback;
        let category = self.shops[shop].category;
        self.shops[shop].receivable += amount;
        let figures = self.month();
        figures.spent += amount;
        figures.cashback[tier] += cashback;
        *figures.by_category.entry(category).or_default() += amount;
        Payment { who, shop, amount, receipt, parts, room, bp, credit }
    }

    /// Before the payer spends again: the cashback is still there to be taken back.
    pub(crate) fn cancel(&mut self, payment: Payment, amount: u128) {
        let Payment { who, shop, mut parts, room, bp, credit, .. } = payment;
        let month = self.now.month;
        let eligible = |parts: &Parts| if bp > 0 { own(parts).min(room) } else { 0 };
        let before = eligible(&parts);
        let holder = &mut self.holders[who];
        let mut wanted = amount;
        while wanted > 0 {
            let Some((key, part)) = parts.pop() else { break };
            let back = part.min(wanted);
            wanted -= back;
            if back < part {
                parts.push((key, part - back));
            }
            holder.lots.entry(key).or_default().left += back;
        }
        let after = eligible(&parts);
        holder.earned_on = (month, of(holder.earned_on, month) - (before - after));
        let mut due = 0;
        if let Some((key, cashback)) = credit {
            due = cashback - after * bp / 10_000;
            holder.lots.entry(key).or_default().left -= due;
        }
        *self.room() += due;
        self.shops[shop].receivable -= amount;
        let Shop { tier, category, .. } = self.shops[shop];
        let figures = self.month();
        figures.cancelled += amount;
        figures.spent -= amount;
        figures.cashback[tier] -= due;
        *figures.by_category.entry(category).or_default() -= amount;
    }

    /// What somebody may give to somebody now.
    pub(crate) fn givable(&self, from: usize, to: usize) -> u128 {
        let own = self.open(from, |key| key.class == Class::Own).map(|(_, lot)| lot.left);
        let cap = GIFT_CAP - of(self.holders[from].given, self.now.month);
        let held = HOLDING_CAP - self.holders[to].counted(self.now.time);
        own.take(PARTS_MAX).sum::<u128>().min(cap).min(held)
    }

    pub(crate) fn give(&mut self, from: usize, to: usize, amount: u128) {
        self.expire(to);
        let month = self.now.month;
        let parts = self.parts(from, amount, |key| key.class == Class::Own);
        let giver = &mut self.holders[from];
        giver.given = (month, of(giver.given, month) + amount);
        for (key, part) in &parts {
            let lot = giver.lots.entry(*key).or_default();
            lot.left -= part;
            lot.gifted += part;
        }
        for (key, part) in parts {
            let gift = LotKey { purchase: 0, ..key };
            self.holders[to].lots.entry(gift).or_default().left += part;
        }
        self.month().given += amount;
    }

    /// A purchase of which enough is used, or nothing, and something is left.
    pub(crate) fn refundable(&self, who: usize) -> Option<LotKey> {
        let bought = self.open(who, |key| key.class == Class::Own && !key.is_gift());
        let mut ready = bought.filter(|(_, lot)| {
            let used = lot.face - lot.left - lot.gifted - lot.refunded;
            lot.left == lot.face || used * 100 >= lot.face * REFUND_PERCENT
        });
        ready.next().map(|(key, _)| *key)
    }

    /// Any purchase of somebody: to be asked for by another.
    pub(crate) fn purchase_of(&self, who: usize) -> Option<LotKey> {
        let mut bought = self.open(who, |key| key.class == Class::Own && !key.is_gift());
        bought.next().map(|(key, _)| *key)
    }

    pub(crate) fn refund(&mut self, who: usize, key: LotKey) {
        self.expire(who);
        let month = self.now.month;
        let holder = &mut self.holders[who];
        let lot = holder.lots.entry(key).or_default();
        let (left, untouched) = (lot.left, lot.left == lot.face && lot.paid < lot.face);
        let to_holder = left * lot.paid / lot.face;
        lot.left = 0;
        lot.refunded += left;
        if untouched && lot.bought == month {
            holder.bought.1 -= lot.face;
        }
        *self.room() += left - to_holder;
        self.escrow -= to_holder;
        self.month().refunded += left;
    }

    /// A merchant asks for a part of its money, in hundredths of it.
    pub(crate) fn request(&mut self, shop: usize, percent: u128) -> u128 {
        let shop = &mut self.shops[shop];
        let amount = shop.receivable * percent / 100;
        shop.receivable -= amount;
        shop.pending += amount;
        amount
    }

    /// The bank has paid all that is pending, or will not.
    pub(crate) fn answered(&mut self, shop: usize, paid: bool) {
        let amount = std::mem::take(&mut self.shops[shop].pending);
        if paid {
            self.escrow -= amount;
            self.month().paid_out += amount;
        } else {
            self.shops[shop].receivable += amount;
        }
    }

    /// What is over goes to its source: at the next act that adds to the holder's money.
    fn expire(&mut self, who: usize) {
        let (mut to_pool, mut to_budget) = (0, 0);
        for (key, lot) in &mut self.holders[who].lots {
            if self.now.time < key.expiry {
                continue;
            }
            match key.class {
                Class::Bonus => to_pool += std::mem::take(&mut lot.left),
                Class::Policy => to_budget += std::mem::take(&mut lot.left),
                Class::Own => assert_eq!(lot.left, 0, "bought money outlives the year"),
            }
        }
        *self.room() += to_pool;
        self.budget += to_budget;
    }

    /// All money that is out.
    pub(crate) fn outstanding(&self) -> u128 {
        self.in_lots() + self.receivable() + self.pending()
    }

    pub(crate) fn in_lots(&self) -> u128 {
        self.holders.iter().flat_map(|holder| holder.lots.values()).map(|lot| lot.left).sum()
    }

    pub(crate) fn receivable(&self) -> u128 {
        self.shops.iter().map(|shop| shop.receivable).sum()
    }

    pub(crate) fn pending(&self) -> u128 {
        self.shops.iter().map(|shop| shop.pending).sum()
    }

    /// Own money, bonus and allowances of a holder, until they are ended.
    pub(crate) fn holding(&self, who: usize) -> [u128; 3] {
        [Class::Own, Class::Bonus, Class::Policy].map(|class| {
            let lots = self.holders[who].lots.iter().filter(|(key, _)| key.class == class);
            lots.map(|(_, lot)| lot.left).sum()
        })
    }
}

impl LotKey {
    fn is_gift(&self) -> bool {
        self.class == Class::Own && self.purchase == 0
    }
}

impl Holder {
    /// What counts against the holding cap once what is over is ended.
    fn counted(&self, now: u64) -> u128 {
        let live = |key: &LotKey| key.class != Class::Policy && now < key.expiry;
        self.lots.iter().filter(|(key, _)| live(key)).map(|(_, lot)| lot.left).sum()
    }
}

type Parts = Vec<(LotKey, u128)>;

fn own(parts: &Parts) -> u128 {
    parts.iter().filter(|(key, _)| key.class == Class::Own).map(|(_, part)| part).sum()
}

/// What a total of a month is in this one.
fn of((month, total): (u32, u128), now: u32) -> u128 {
    if month == now { total } else { 0 }
}
