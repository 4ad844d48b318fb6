//! The scheme once more, as plain lists: the rules of the operator, without storage, lots in order
//! or counters. Amounts are small, so nothing overflows.

use crate::city::{ACCOUNTS, DAY, MERCHANTS, START, person};
use std::collections::BTreeMap;

const KST: u64 = 9 * 60 * 60 * 1_000;
/// The programme of bonus that comes with a purchase.
const TOP_UP: u32 = 2;

/// What the scheme says.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) discount_bp: u32,
    pub(crate) top_up_bp: Option<u32>,
    pub(crate) tiers_bp: Vec<u32>,
    pub(crate) base_cap: u128,
    pub(crate) purchase_cap: u128,
    pub(crate) holding_cap: u128,
    pub(crate) supply_cap: u128,
    pub(crate) funded_alone: u128,
    pub(crate) gift_cap: u128,
    pub(crate) cash_out_cap: u128,
    pub(crate) validity_days: u64,
    pub(crate) bonus_days: u64,
    pub(crate) refund_percent: u32,
    pub(crate) reject: bool,
    pub(crate) programme_end: u64,
    pub(crate) grant_cap: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Policy,
    Bonus,
    Own,
}

/// Class, expiry, programme (top-up after cashback), purchase: the order of spending.
type Key = (Class, u64, u32, u64);

#[derive(Clone, Debug)]
struct Lot {
    key: Key,
    left: u128,
    face: u128,
    paid: u128,
    bonus: u128,
    gifted: u128,
    bought: u64,
}

impl Lot {
    /// What of so much of it the holder gets, and what is kept back for the bonus.
    fn divide(&self, amount: u128) -> (u128, u128) {
        if self.face == 0 {
            return (0, 0);
        }
        let to_holder = amount * self.paid / self.face;
        (to_holder, amount * (self.paid + self.bonus) / self.face - to_holder)
    }
}

#[derive(Clone, Debug, Default)]
struct Holder {
    lots: Vec<Lot>,
    unclaimed: u128,
}

/// What holds for a person, whichever account acts.
#[derive(Clone, Debug, Default)]
struct Person {
    debt: u128,
    purchases: u64,
    base: (u64, u128),
    bought: (u64, u128),
    given: (u64, u128),
    /// Of the allowance.
    granted: u128,
    /// By the end of top-ups: what of them went back, and what was kept back for them.
    top_ups: BTreeMap<u64, (i128, i128)>,
}

#[derive(Clone, Debug)]
struct Payment {
    who: usize,
    at: usize,
    time: u64,
    parts: Vec<Part>,
    /// What of the last part was given back at the part's own price.
    divided: u128,
    room: u128,
    bp: u128,
    cashback: u128,
    credit: Option<Key>,
    clawed: Vec<(Key, u128)>,
    owed: u128,
    settled: u128,
}

/// So much of a lot, and that lot as it was.
type Part = (Key, u128, Lot);

#[derive(Clone, Copy, Debug)]
struct Request {
    at: usize,
    amount: u128,
    month: u64,
    /// Whether it was paid, once it ended.
    ended: Option<bool>,
}

/// An order to fund a month.
#[derive(Clone, Copy, Debug)]
struct Order {
    amount: u128,
    month: u64,
    /// Who asked first, and until when it waits.
    waits: Option<(usize, u64)>,
    done: bool,
}

pub(crate) struct Model {
    terms: Terms,
    pub(crate) now: u64,
    holders: Vec<Holder>,
    persons: Vec<Person>,
    payments: Vec<Payment>,
    requests: Vec<Request>,
    orders: Vec<Order>,
    /// What an issuer funded alone on a day.
    alone: BTreeMap<(usize, u64), u128>,
    /// By whom, how much, and whether it ended.
    claims: Vec<(usize, u128, bool)>,
    cashed: Vec<(u64, u128)>,
    pub(crate) receivable: Vec<u128>,
    pub(crate) pool: BTreeMap<u64, u128>,
    pub(crate) programme: u128,
    pub(crate) escrow: u128,
}

impl Model {
    pub(crate) fn new(terms: Terms, now: u64) -> Self {
        Self {
            terms,
            now,
            holders: vec![Holder::default(); ACCOUNTS],
            persons: vec![Person::default(); ACCOUNTS],
            claims: Vec::new(),
            payments: Vec::new(),
            requests: Vec::new(),
            orders: Vec::new(),
            alone: BTreeMap::new(),
            cashed: vec![(0, 0); MERCHANTS],
            receivable: vec![0; MERCHANTS],
            pool: BTreeMap::new(),
            programme: 0,
            escrow: 0,
        }
    }

    fn month(&self) -> u64 {
        month(self.now)
    }

    /// Whole days later, the day of the act not counted: over at midnight in Korea.
    fn end(&self, days: u64) -> u64 {
        end_of(self.now, days)
    }

    /// Bonus or an allowance is over: it goes to its source.
    fn over(&mut self, who: usize, key: Key, amount: u128) {
        match key.0 {
            Class::Policy => self.programme += amount,
            _ => *self.room() += amount,
        }
        if key.2 == TOP_UP {
            let more = self.top_up(who, key.1, amount as i128, 0);
            self.claimable(who, more);
        }
    }

    /// More of a top-up went back, or was kept back for it. Nobody loses both: the lesser of the
    /// two is the holder's, and the answer is by how much that grew.
    fn top_up(&mut self, who: usize, end: u64, ended: i128, kept: i128) -> i128 {
        let sums = self.person(who).top_ups.entry(end).or_default();
        let before = sums.0.min(sums.1);
        *sums = (sums.0 + ended, sums.1 + kept);
        sums.0.min(sums.1) - before
    }

    /// What is kept back of a purchase: how much more that is the holder's after all.
    fn kept(&mut self, who: usize, bought: u64, kept: i128) -> i128 {
        self.top_up(who, end_of(bought, self.terms.bonus_days), 0, kept)
    }

    /// Out of the pool to what a holder can claim.
    fn claimable(&mut self, who: usize, amount: i128) {
        let holder = &mut self.holders[who];
        holder.unclaimed = holder.unclaimed.strict_add_signed(amount);
        let room = self.room();
        *room = room.strict_sub_signed(amount);
    }

    fn room(&mut self) -> &mut u128 {
        let month = self.month();
        self.pool.entry(month).or_default()
    }

    /// All of it, nothing, or a refusal.
    fn draw(&mut self, amount: u128) -> Option<u128> {
        let reject = self.terms.reject;
        let room = self.room();
        if amount <= *room {
            *room -= amount;
            Some(amount)
        } else if reject {
            None
        } else {
            Some(0)
        }
    }

    pub(crate) fn outstanding(&self) -> u128 {
        let held = self
            .holders
            .iter()
            .map(|holder| holder.unclaimed + holder.lots.iter().map(|lot| lot.left).sum::<u128>());
        let pending = (0..MERCHANTS).map(|at| self.pending(at));
        let claims = self.claims.iter().filter(|claim| !claim.2).map(|claim| claim.1);
        held.sum::<u128>()
            + claims.sum::<u128>()
            + self.receivable.iter().sum::<u128>()
            + pending.sum::<u128>()
    }

    pub(crate) fn pending(&self, at: usize) -> u128 {
        let open = self.requests.iter().filter(|request| request.ended.is_none());
        open.filter(|request| request.at == at).map(|request| request.amount).sum()
    }

    /// Own, bonus, allowances, debt, unclaimed.
    pub(crate) fn holding(&self, who: usize) -> [u128; 5] {
        let holder = &self.holders[who];
        let of = |class| {
            holder.lots.iter().filter(|lot| lot.key.0 == class).map(|lot| lot.left).sum::<u128>()
        };
        let debt = self.persons[owner(who)].debt;
        [of(Class::Own), of(Class::Bonus), of(Class::Policy), debt, holder.unclaimed]
    }

    fn person(&mut self, who: usize) -> &mut Person {
        &mut self.persons[owner(who)]
    }

    /// Own money and bonus in all accounts of a person.
    fn held_by(&self, who: usize) -> u128 {
        let accounts = (0..ACCOUNTS).filter(|other| owner(*other) == owner(who));
        accounts.map(|other| self.holding(other)).map(|[own, bonus, ..]| own + bonus).sum()
    }

    fn add(&mut self, who: usize, key: Key, amount: u128) {
        let holder = &mut self.holders[who];
        match holder.lots.iter_mut().find(|lot| lot.key == key) {
            Some(lot) => lot.left += amount,
            None => {
                let bought = self.now;
                let lot = Lot { key, left: amount, face: 0, paid: 0, bonus: 0, gifted: 0, bought };
                holder.lots.push(lot);
                holder.lots.sort_by_key(|lot| lot.key);
            }
        }
    }

    fn take(&mut self, who: usize, key: Key, amount: u128) {
        let lot = self.holders[who].lots.iter_mut().find(|lot| lot.key == key).unwrap();
        lot.left -= amount;
    }

    /// A gift is joined by another: of two prices, what was paid of each is rounded down.
    fn receive(&mut self, who: usize, key: Key, amount: u128, paid: u128) {
        let lot = self.holders[who].lots.iter().find(|lot| lot.key == key && lot.left > 0);
        let before = lot.map_or(0, |lot| lot.divide(lot.left).0);
        self.add(who, key, amount);
        let lot = self.holders[who].lots.iter_mut().find(|lot| lot.key == key).unwrap();
        (lot.face, lot.paid) = (lot.left, before + paid);
    }

    /// The parts of an amount, out of what may be spent: 16, and gifts besides.
    fn parts(
        &self,
        who: usize,
        amount: u128,
        permits: impl Fn(Class) -> bool,
    ) -> Option<Vec<Part>> {
        let (mut parts, mut wanted) = (Vec::new(), amount);
        for lot in &self.holders[who].lots {
            if lot.left > 0 && self.now < lot.key.1 && permits(lot.key.0) && wanted > 0 {
                let part = lot.left.min(wanted);
                parts.push((lot.key, part, lot.clone()));
                wanted -= part;
            }
        }
        let counted = parts.iter().filter(|(key, ..)| !is_gift(*key)).count();
        (wanted == 0 && counted <= 16).then_some(parts)
    }

    /// An issuer sends an order to fund the month in which it was made; 1 is that it waits.
    pub(crate) fn fund(&mut self, by: usize, order: usize) -> Option<u128> {
        let (now, today) = (self.now, (self.now + KST) / DAY);
        let Order { amount, month, waits, done } = self.orders[order];
        if done {
            return Some(0);
        }
        let spent = self.alone.entry((by, today)).or_default();
        let first = match waits.filter(|(_, until)| now < *until) {
            Some((first, _)) if first == by => return Some(1),
            Some(_) => false,
            None => true,
        };
        if first && *spent + amount > self.terms.funded_alone {
            self.orders[order].waits = Some((by, now + 3 * DAY));
            return Some(1);
        }
        if month != self.month() {
            return None;
        }
        if first {
            *self.alone.entry((by, today)).or_default() += amount;
        }
        self.orders[order].done = true;
        *self.room() += amount;
        self.escrow += amount;
        Some(0)
    }

    /// Makes an order to fund this month.
    pub(crate) fn order(&mut self, amount: u128) {
        let month = self.month();
        self.orders.push(Order { amount, month, waits: None, done: false });
    }

    pub(crate) fn sell(&mut self, who: usize, face: u128) -> Option<u128> {
        let before = self.snapshot();
        let sold = self.try_sell(who, face);
        self.unless_refused(before, sold)
    }

    fn try_sell(&mut self, who: usize, face: u128) -> Option<u128> {
        self.expire(who);
        let (month, cap) = (self.month(), self.terms.purchase_cap);
        let used = of_month(self.person(who).bought, month);
        // The only bracket ends at the cap.
        let counted = face.min(cap.saturating_sub(used));
        let share = |bp: u32| counted * u128::from(bp) / 10_000;
        let subsidy = self.draw(share(self.terms.discount_bp))?;
        let bonus = match self.terms.top_up_bp {
            Some(bp) => self.draw(share(bp))?,
            None => 0,
        };
        if subsidy + bonus > 0 {
            if used + face > cap {
                return None;
            }
            self.person(who).bought = (month, used + face);
        }
        if self.held_by(who) + face + bonus > self.terms.holding_cap {
            return None;
        }
        let open = self.holders[who].lots.iter().filter(|lot| lot.left > 0);
        if open.filter(|lot| lot.key.0 == Class::Own && !is_gift(lot.key)).count() >= 64 {
            return None;
        }
        self.person(who).purchases += 1;
        let paid = face - subsidy;
        let number = self.person(who).purchases;
        let key = (Class::Own, self.end(self.terms.validity_days), 0, number);
        self.add(who, key, face);
        let lot = self.holders[who].lots.iter_mut().find(|lot| lot.key == key).unwrap();
        let bonus_paid = bonus.min(paid);
        (lot.face, lot.paid, lot.bonus) = (face, paid - bonus_paid, bonus_paid);
        if bonus > 0 {
            self.add(who, (Class::Bonus, self.end(self.terms.bonus_days), TOP_UP, 0), bonus);
        }
        if self.outstanding() > self.terms.supply_cap {
            return None;
        }
        self.escrow += paid;
        Some(paid)
    }

    pub(crate) fn grant(&mut self, who: usize, amount: u128) -> Option<u128> {
        let end = self.terms.programme_end;
        let above = self.outstanding() + amount > self.terms.supply_cap;
        let granted = self.persons[owner(who)].granted + amount;
        if amount > self.programme || self.now >= end || above || granted > self.terms.grant_cap {
            return None;
        }
        self.person(who).granted = granted;
        self.programme -= amount;
        self.add(who, (Class::Policy, end, 7, 0), amount);
        Some(0)
    }

    pub(crate) fn pay(&mut self, who: usize, at: usize, amount: u128) -> Option<u128> {
        let before = self.snapshot();
        let paid = self.try_pay(who, at, amount);
        self.unless_refused(before, paid)
    }

    fn try_pay(&mut self, who: usize, at: usize, amount: u128) -> Option<u128> {
        let parts = self.parts(who, amount, |class| class == Class::Policy || at <= 1)?;
        for (key, part, _) in &parts {
            self.take(who, *key, *part);
        }
        let month = self.month();
        let mut bp = self.terms.tiers_bp.get(at).copied().map_or(0, u128::from);
        let mut room = self.terms.base_cap - of_month(self.person(who).base, month);
        let mut cashback = own(&parts).min(room) * bp / 10_000;
        if bp == 0 || self.draw(cashback)? != cashback {
            (bp, room, cashback) = (0, 0, 0);
        }
        let earning = own(&parts).min(room);
        if earning > 0 {
            self.person(who).base = (month, of_month(self.person(who).base, month) + earning);
        }
        let recovered = self.pay_debt(who, cashback);
        *self.room() += recovered;
        let credit = (Class::Bonus, self.end(self.terms.bonus_days), 1, 0);
        if cashback > recovered {
            self.add(who, credit, cashback - recovered);
        }
        self.receivable[at] += amount;
        let credit = (cashback > 0).then_some(credit);
        let (time, clawed, divided, owed, settled) = (self.now, Vec::new(), 0, 0, 0);
        self.payments.push(Payment {
            who,
            at,
            time,
            parts,
            divided,
            room,
            bp,
            cashback,
            credit,
            clawed,
            owed,
            settled,
        });
        Some(cashback - recovered)
    }

    fn pay_debt(&mut self, who: usize, with: u128) -> u128 {
        let paid = self.person(who).debt.min(with);
        self.person(who).debt -= paid;
        paid
    }

    pub(crate) fn cancel(&mut self, index: usize, amount: u128) -> Option<u128> {
        let mut payment = self.payments[index].clone();
        let (who, at) = (payment.who, payment.at);
        let left = payment.parts.iter().map(|(_, part, _)| part).sum::<u128>();
        if amount > self.receivable[at] || amount > left {
            return None;
        }
        self.receivable[at] -= amount;
        // What the cancels before took back is given back, to be taken anew for all of them.
        let before: u128 = payment.clawed.iter().map(|(_, part)| part).sum();
        for (key, part) in std::mem::take(&mut payment.clawed) {
            self.add(who, key, part);
        }
        let open = self.pay_debt(who, payment.owed);
        payment.settled += payment.owed - open;
        let own_before = own(&payment.parts);
        self.give_back(&mut payment, amount);
        let eligible = |own: u128| own.min(payment.room);
        let earned = |own: u128| eligible(own) * payment.bp / 10_000;
        let same = month(payment.time) == self.month();
        if same && self.person(who).base.0 == self.month() {
            let restored = eligible(own_before) - eligible(own(&payment.parts));
            let base = &mut self.person(who).base.1;
            *base = base.saturating_sub(restored);
        }
        let due = (payment.cashback - earned(own(&payment.parts))).saturating_sub(payment.settled);
        payment.clawed = self.claw(who, payment.credit, due);
        let clawed: u128 = payment.clawed.iter().map(|(_, part)| part).sum();
        payment.owed = due - clawed;
        self.person(who).debt += payment.owed;
        *self.room() += clawed;
        // What was given back above had been booked to the pool before.
        *self.room() -= before;
        self.payments[index] = payment;
        Some(0)
    }

    /// Gives back from the end of what was taken.
    fn give_back(&mut self, payment: &mut Payment, amount: u128) {
        let (who, mut wanted) = (payment.who, amount);
        while wanted > 0 {
            let (key, part, lot) = payment.parts.pop().unwrap();
            let back = part.min(wanted);
            wanted -= back;
            // All of a part that is divided so far is rounded down once.
            let done = std::mem::take(&mut payment.divided);
            let (all, old) = (lot.divide(done + back), lot.divide(done));
            let divided = if back < part { done + back } else { 0 };
            if back < part {
                payment.parts.push((key, part - back, lot.clone()));
            }
            let found = self.holders[who].lots.iter().find(|open| open.key == key && open.left > 0);
            let price = found.map_or((lot.face, lot.paid), |open| (open.face, open.paid));
            let joined = is_gift(key) && (done > 0 || price != (lot.face, lot.paid));
            if self.now < key.1 && joined {
                self.receive(who, key, back, all.0 - old.0);
                payment.divided = divided;
            } else if self.now < key.1 {
                self.add(who, key, back);
                let lots = &mut self.holders[who].lots;
                let open = lots.iter_mut().find(|open| open.key == key).unwrap();
                (open.face, open.paid) = (lot.face, lot.paid);
            } else if key.0 == Class::Own {
                payment.divided = divided;
                let kept = all.1 as i128 - old.1 as i128;
                let claim = (all.0 - old.0) as i128 + self.kept(who, lot.bought, kept);
                *self.room() += back;
                self.claimable(who, claim);
            } else {
                self.over(who, key, back);
            }
        }
    }

    /// Out of the lot of the cashback, then out of any bonus in order.
    fn claw(&mut self, who: usize, first: Option<Key>, due: u128) -> Vec<(Key, u128)> {
        let bonus = self.holders[who].lots.iter().map(|lot| lot.key);
        let bonus = bonus.filter(|key| key.0 == Class::Bonus && Some(*key) != first);
        let keys: Vec<Key> = first.into_iter().chain(bonus).collect();
        let (mut clawed, mut left) = (Vec::new(), due);
        for key in keys {
            let lot = self.holders[who].lots.iter_mut().find(|lot| lot.key == key);
            let Some(lot) = lot.filter(|lot| lot.left > 0 && left > 0) else { continue };
            let part = lot.left.min(left);
            lot.left -= part;
            left -= part;
            clawed.push((key, part));
        }
        clawed
    }

    pub(crate) fn give(&mut self, from: usize, to: usize, amount: u128) -> Option<u128> {
        let before = self.snapshot();
        let given = self.try_give(from, to, amount);
        self.unless_refused(before, given)
    }

    fn try_give(&mut self, from: usize, to: usize, amount: u128) -> Option<u128> {
        self.expire(to);
        let month = self.month();
        let used = of_month(self.person(from).given, month);
        if self.person(from).debt > 0 || used + amount > self.terms.gift_cap {
            return None;
        }
        if owner(from) != owner(to) && self.held_by(to) + amount > self.terms.holding_cap {
            return None;
        }
        self.person(from).given = (month, used + amount);
        let parts = self.parts(from, amount, |class| class == Class::Own)?;
        let gifts =
            |lots: &[Lot]| lots.iter().filter(|lot| lot.left > 0 && is_gift(lot.key)).count();
        let before = gifts(&self.holders[to].lots);
        for (key, part, Lot { face, paid, .. }) in parts {
            self.take(from, key, part);
            let lots = &mut self.holders[from].lots;
            lots.iter_mut().find(|lot| lot.key == key).unwrap().gifted += part;
            let gift = (key.0, key.1, key.2, 0);
            self.receive(to, gift, part, part * paid / face);
        }
        let after = gifts(&self.holders[to].lots);
        (after <= 16 || after <= before).then_some(0)
    }

    /// `index` is among the lots of which something remains.
    pub(crate) fn refund(&mut self, who: usize, index: usize) -> Option<u128> {
        let before = self.snapshot();
        let refunded = self.try_refund(who, index);
        self.unless_refused(before, refunded)
    }

    fn try_refund(&mut self, who: usize, index: usize) -> Option<u128> {
        let mut open = self.holders[who].lots.iter().filter(|lot| lot.left > 0);
        let lot = open.nth(index)?.clone();
        self.expire(who);
        let used = lot.face.saturating_sub(lot.left).saturating_sub(lot.gifted);
        let enough = used * 100 >= lot.face * u128::from(self.terms.refund_percent);
        let bought = lot.key.0 == Class::Own && lot.key.3 != 0 && self.now < lot.key.1;
        if !bought || (lot.left != lot.face && !enough) {
            return None;
        }
        if lot.left == lot.face && lot.paid < lot.face && month(lot.bought) == self.month() {
            self.person(who).bought.1 -= lot.face;
        }
        self.take(who, lot.key, lot.left);
        let (to_holder, kept) = lot.divide(lot.left);
        let due = (to_holder as i128 + self.kept(who, lot.bought, kept as i128)) as u128;
        let paid = due - self.pay_debt(who, due);
        *self.room() += lot.left - paid;
        self.escrow -= paid;
        // What was refunded is no use: nothing of the lot ever comes back to be refunded again
        // but by a cancel, and then it counts as gifted does.
        let lots = &mut self.holders[who].lots;
        lots.iter_mut().find(|other| other.key == lot.key).unwrap().gifted += lot.left;
        Some(paid)
    }

    /// Ends what is over, and says how many lots that were.
    pub(crate) fn expire(&mut self, who: usize) -> u128 {
        let mut count = 0;
        for index in 0..self.holders[who].lots.len() {
            let lot = &mut self.holders[who].lots[index];
            if lot.left == 0 || self.now < lot.key.1 {
                continue;
            }
            count += 1;
            let left = std::mem::take(&mut lot.left);
            let lot = lot.clone();
            if lot.key.0 != Class::Own {
                self.over(who, lot.key, left);
                continue;
            }
            let (to_holder, kept) = lot.divide(left);
            let claim = to_holder as i128 + self.kept(who, lot.bought, kept as i128);
            *self.room() += left;
            self.claimable(who, claim);
        }
        count
    }

    pub(crate) fn request(&mut self, at: usize, amount: u128) -> Option<u128> {
        let month = self.month();
        let used = of_month(self.cashed[at], month);
        if used + amount > self.terms.cash_out_cap || amount > self.receivable[at] {
            return None;
        }
        self.cashed[at] = (month, used + amount);
        self.receivable[at] -= amount;
        self.requests.push(Request { at, amount, month, ended: None });
        Some(0)
    }

    pub(crate) fn end_request(&mut self, index: usize, paid: bool) -> Option<u128> {
        let month = self.month();
        let request = &mut self.requests[index];
        if let Some(ended) = request.ended {
            return (ended == paid).then_some(0);
        }
        request.ended = Some(paid);
        let request = *request;
        if paid {
            self.escrow -= request.amount;
        } else {
            self.receivable[request.at] += request.amount;
            if request.month == month {
                self.cashed[request.at].1 -= request.amount;
            }
        }
        Some(0)
    }

    pub(crate) fn claim(&mut self, who: usize, amount: u128) -> Option<u128> {
        let before = self.snapshot();
        let claimed = self.try_claim(who, amount);
        self.unless_refused(before, claimed)
    }

    fn try_claim(&mut self, who: usize, amount: u128) -> Option<u128> {
        self.expire(who);
        let recovered = self.pay_debt(who, self.holders[who].unclaimed);
        self.holders[who].unclaimed -= recovered;
        *self.room() += recovered;
        let unclaimed = &mut self.holders[who].unclaimed;
        *unclaimed = unclaimed.checked_sub(amount)?;
        self.claims.push((who, amount, false));
        Some(0)
    }

    /// The agent's answer to the last claim.
    pub(crate) fn end_last_claim(&mut self, paid: bool) {
        let (who, amount, ended) = self.claims.last_mut().unwrap();
        *ended = true;
        if paid {
            self.escrow -= *amount;
        } else {
            self.holders[*who].unclaimed += *amount;
        }
    }

    fn snapshot(&self) -> (Vec<Holder>, Vec<Person>, BTreeMap<u64, u128>, u128) {
        (self.holders.clone(), self.persons.clone(), self.pool.clone(), self.programme)
    }

    /// What was refused changed nothing.
    fn unless_refused(
        &mut self,
        before: (Vec<Holder>, Vec<Person>, BTreeMap<u64, u128>, u128),
        outcome: Option<u128>,
    ) -> Option<u128> {
        if outcome.is_none() {
            (self.holders, self.persons, self.pool, self.programme) = before;
        }
        outcome
    }
}

/// The first account of the person whose account it is.
fn owner(who: usize) -> usize {
    (0..ACCOUNTS).find(|other| person(*other) == person(who)).unwrap()
}

fn is_gift(key: Key) -> bool {
    key.0 == Class::Own && key.3 == 0
}

fn end_of(time: u64, days: u64) -> u64 {
    ((time + KST) / DAY + 1 + days) * DAY - KST
}

fn own(parts: &[Part]) -> u128 {
    parts.iter().filter(|(key, ..)| key.0 == Class::Own).map(|(_, part, _)| part).sum()
}

fn of_month((month, used): (u64, u128), now: u64) -> u128 {
    if month == now { used } else { 0 }
}

/// Months since March 2026, by the lengths of those that a test reaches.
fn month(time: u64) -> u64 {
    let mut day = (time - START) / DAY;
    let lengths = [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28];
    for (month, length) in (1..).zip(lengths.iter().cycle()) {
        if day < *length {
            return month;
        }
        day -= length;
    }
    0
}
