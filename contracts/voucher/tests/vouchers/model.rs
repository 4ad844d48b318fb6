//! Random years of vouchers, compared with a plain list after every step: in memory, and on a chain
//! where each call runs as WASM and natively.

use crate::shop::{
    City, DAY, FACES, HOLDERS, LEAST, LEGS, PRICE, SHOPS, START, holder, id, issuer, key, payees,
    phone, secret, shop,
};
use dure_sdk::{Invocation, domain::calendar::Period};
use dure_testing::{Account, Address, Amount, Hash, TimestampMs, codec::Decode};
use proptest::{collection::vec, prelude::*, sample::select};
use std::collections::BTreeMap;
use voucher::voucher::{Error, RefundKind, State, call};

/// The secret of every present, and one that is not.
const LINK: u64 = 7;
const NOT_THE_LINK: u64 = 8;

/// What is wrong with a code that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spoilt {
    No,
    Key,
    Count,
}

#[derive(Clone, Debug)]
enum Act {
    Issue { product: usize, who: usize, paid_bp: u128 },
    Offer { voucher: usize, by: usize, limited: bool },
    Claim { voucher: usize, by: usize, knows: bool },
    TakeBack { voucher: usize, by: usize },
    SetKey { voucher: usize, by: usize },
    Redeem { voucher: usize, at: usize, amount: u128, spoilt: Spoilt },
    Pay { voucher: usize, at: usize, by: usize, amount: u128 },
    Again { redemption: usize },
    Undo { redemption: usize },
    Refund { voucher: usize, by: usize, kind: RefundKind },
    Extend { voucher: usize, by: usize },
    Collect { payee: usize },
    Pause,
    Withdraw { product: usize },
    Wait { days: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    use RefundKind::{Balance, Breakage, Expired, Points, Unavailable, Withdrawn};
    let kinds = select(vec![Balance, Breakage, Expired, Points, Withdrawn, Unavailable]);
    let (voucher, by) = (0usize..4, 0..HOLDERS);
    let amount =
        prop_oneof![8 => 1u128..10_000, 2 => Just(PRICE), 2 => Just(10_000), 1 => 1..LEAST];
    let wrong = select(vec![Spoilt::Key, Spoilt::Count]);
    let spoilt = prop_oneof![5 => Just(Spoilt::No), 1 => wrong];
    prop_oneof![
        6 => (0..FACES.len(), by.clone(), 0u128..=10_000)
            .prop_map(|(product, who, paid_bp)| Act::Issue { product, who, paid_bp }),
        4 => (voucher.clone(), by.clone(), any::<bool>())
            .prop_map(|(voucher, by, limited)| Act::Offer { voucher, by, limited }),
        6 => (voucher.clone(), by.clone(), any::<bool>())
            .prop_map(|(voucher, by, knows)| Act::Claim { voucher, by, knows }),
        2 => (voucher.clone(), by.clone()).prop_map(|(voucher, by)| Act::TakeBack { voucher, by }),
        1 => (voucher.clone(), by.clone()).prop_map(|(voucher, by)| Act::SetKey { voucher, by }),
        12 => (voucher.clone(), 0..SHOPS, amount.clone(), spoilt)
            .prop_map(|(voucher, at, amount, spoilt)| Act::Redeem { voucher, at, amount, spoilt }),
        6 => (voucher.clone(), 0..SHOPS, by.clone(), amount)
            .prop_map(|(voucher, at, by, amount)| Act::Pay { voucher, at, by, amount }),
        2 => (0usize..3).prop_map(|redemption| Act::Again { redemption }),
        6 => (0usize..3).prop_map(|redemption| Act::Undo { redemption }),
        6 => (voucher.clone(), by.clone(), kinds)
            .prop_map(|(voucher, by, kind)| Act::Refund { voucher, by, kind }),
        2 => (voucher, by).prop_map(|(voucher, by)| Act::Extend { voucher, by }),
        4 => (0..SHOPS + 4).prop_map(|payee| Act::Collect { payee }),
        1 => Just(Act::Pause),
        1 => (0..FACES.len()).prop_map(|product| Act::Withdraw { product }),
        6 => prop_oneof![4 => 0u64..20, 1 => 100u64..700].prop_map(|days| Act::Wait { days }),
    ]
}

#[derive(Clone, Debug)]
struct Plain {
    product: usize,
    holder: usize,
    purchaser: usize,
    paid: u128,
    value: u128,
    left: u128,
    bought: u64,
    expiry: u64,
    extended: bool,
    /// Until when, and whether for food alone.
    offered: Option<(u64, bool)>,
    limited: bool,
    refunded: bool,
    /// What signs its codes, and how often anything changed.
    phone: u64,
    count: u32,
}

struct Redeemed {
    voucher: usize,
    at: usize,
    amount: u128,
    holder: usize,
    parts: [u128; 5],
    day: u64,
    receipt: Hash,
    undone: bool,
}

struct World {
    city: City,
    vouchers: Vec<Plain>,
    redeemed: Vec<Redeemed>,
    owed: BTreeMap<Address, u128>,
    paid_out: BTreeMap<Address, u128>,
    /// Since when.
    withdrawn: [Option<u64>; 3],
    paused: bool,
    /// When the last pause ended.
    resumed: u64,
    acts: u64,
}

/// What the contract did and what it should have: a number, or a refusal.
type Both = (Result<u128, Error>, Option<u128>);

impl World {
    fn new(city: City) -> Self {
        let (vouchers, redeemed) = (Vec::new(), Vec::new());
        let (owed, paid_out, withdrawn) = Default::default();
        let (paused, resumed, acts) = (false, 0, 0);
        Self { city, vouchers, redeemed, owed, paid_out, withdrawn, paused, resumed, acts }
    }

    /// The day in Korea; March begins with one.
    fn day(&self) -> u64 {
        (self.city.now() - START) / DAY
    }

    fn voucher(&self, back: usize) -> Option<usize> {
        self.vouchers.len().checked_sub(1 + back)
    }

    fn send<T: Decode>(
        &mut self,
        by: Account,
        invocation: &Invocation<T, Error>,
        value: impl Fn(T) -> u128,
    ) -> Result<u128, Error> {
        self.city.send(by, self.city.vouchers, invocation).map(value)
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        self.acts += 1;
        let both = match *act {
            Act::Issue { product, who, paid_bp } => Some(self.issue(product, who, paid_bp)),
            Act::Again { redemption } => self.again(redemption),
            Act::Undo { redemption } => self.undo(redemption),
            Act::Collect { payee } => Some(self.collect(payee)?),
            Act::Pause => Some(self.pause()),
            Act::Withdraw { product } => Some(self.withdraw(product)),
            Act::Wait { days } => {
                self.city.at(self.city.now() + days * DAY);
                None
            }
            Act::Offer { voucher, .. }
            | Act::Claim { voucher, .. }
            | Act::TakeBack { voucher, .. }
            | Act::SetKey { voucher, .. }
            | Act::Redeem { voucher, .. }
            | Act::Pay { voucher, .. }
            | Act::Refund { voucher, .. }
            | Act::Extend { voucher, .. } => {
                self.voucher(voucher).map(|number| self.act_on(number, act))
            }
        };
        if let Some((done, expected)) = both {
            prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
        }
        Ok(())
    }

    fn act_on(&mut self, number: usize, act: &Act) -> Both {
        let voucher = number as u64 + 1;
        match *act {
            Act::Offer { by, limited, .. } => {
                let set = limited.then_some(2);
                let offer = call::offer(voucher, key(&secret(LINK)), set, None);
                let done = self.send(holder(by), &offer, |()| 0);
                (done, self.offer(number, by, limited))
            }
            Act::Claim { by, knows, .. } => {
                let (fresh, count) = (1_000 + self.acts, self.vouchers[number].count);
                let (link, theirs) =
                    (if knows { LINK } else { NOT_THE_LINK }, phone(fresh).address());
                let signed = self.city.claim(&secret(link), (voucher, count), holder(by), theirs);
                let done = self.send(holder(by), &call::claim(voucher, theirs, signed), |()| 0);
                (done, self.claim(number, by, knows, fresh))
            }
            Act::TakeBack { by, .. } => {
                let done = self.send(holder(by), &call::take_back(voucher), |()| 0);
                (done, self.take_back(number, by))
            }
            Act::SetKey { by, .. } => {
                let fresh = 1_000 + self.acts;
                let set_key = call::set_key(voucher, phone(fresh).address());
                let done = self.send(holder(by), &set_key, |()| 0);
                (done, self.set_key(number, by, fresh))
            }
            Act::Redeem { at, amount, spoilt, .. } => {
                let receipt = id(self.acts);
                let Plain { count, phone, .. } = self.vouchers[number];
                let phone = self.city.phone(if spoilt == Spoilt::Key { 1 } else { phone });
                let (count, to) = (count + u32::from(spoilt == Spoilt::Count), shop(at).address());
                let code = call::redeem(voucher, count, to, Amount(amount), receipt);
                let done = self.send(phone, &code, |_| 0);
                let good = spoilt == Spoilt::No;
                (done, good.then(|| self.redeem(number, at, amount, receipt)).flatten())
            }
            Act::Pay { at, by, amount, .. } => {
                let receipt = id(self.acts);
                let pay = call::pay(voucher, shop(at).address(), Amount(amount), receipt);
                let done = self.send(holder(by), &pay, |_| 0);
                let own = self.vouchers[number].holder == by;
                (done, own.then(|| self.redeem(number, at, amount, receipt)).flatten())
            }
            Act::Refund { by, kind, .. } => {
                let refund = call::refund(voucher, kind);
                let done = self.send(holder(by), &refund, |amount| amount.0);
                (done, self.refund(number, by, kind))
            }
            _ => {
                let Act::Extend { by, .. } = *act else { unreachable!("{act:?} is on a voucher") };
                let extend = call::extend(voucher);
                let done = self.send(holder(by), &extend, |expiry| u128::from(expiry.0));
                (done, self.extend(number, by))
            }
        }
    }

    fn collect(&mut self, payee: usize) -> Result<Both, TestCaseError> {
        let payee = all_payees().nth(payee).unwrap();
        let free = if self.paused { 0 } else { self.free(payee.address()) };
        let collect = |amount| call::collect(payee.address(), Amount(amount));
        let done = self.send(payee, &collect(free), |()| 0);
        let one_more = self.send(payee, &collect(1), |()| 0);
        prop_assert!(one_more.is_err(), "{:?} takes what can be undone", payee);
        if free > 0 {
            *self.owed.entry(payee.address()).or_default() -= free;
            *self.paid_out.entry(payee.address()).or_default() += free;
        }
        Ok((done, (free > 0).then_some(0)))
    }

    fn pause(&mut self) -> Both {
        let reason = (!self.paused).then_some(id(9));
        let done = self.send(issuer(), &call::set_paused(reason), |()| 0);
        self.paused = !self.paused;
        if !self.paused {
            self.resumed = self.city.now();
        }
        (done, Some(0))
    }

    fn withdraw(&mut self, product: usize) -> Both {
        let done = self.send(issuer(), &call::withdraw_product(product as u32), |()| 0);
        let first = self.withdrawn[product].is_none();
        self.withdrawn[product].get_or_insert(self.city.now());
        (done, first.then_some(0))
    }

    fn issue(&mut self, product: usize, who: usize, paid_bp: u128) -> Both {
        let (paid, fresh) = (FACES[product] * paid_bp / 10_000, 1_000 + self.acts);
        let (receipt, keys) = (id(self.acts), vec![phone(fresh).address()]);
        let to = holder(who).address();
        let issue = call::issue(receipt, product as u32, to, Amount(paid), keys);
        let done = self.send(issuer(), &issue, u128::from);
        if self.paused || self.withdrawn[product].is_some() {
            return (done, None);
        }
        let now = self.city.now();
        let validity = if product == 2 { Period::Months(3) } else { Period::Years(1) };
        let value = if product == 2 { PRICE.max(paid) } else { FACES[product] };
        self.vouchers.push(Plain {
            product,
            holder: who,
            purchaser: who,
            paid,
            value,
            left: value,
            bought: now,
            expiry: end(validity, now),
            extended: false,
            offered: None,
            limited: false,
            refunded: false,
            phone: fresh,
            count: 0,
        });
        (done, Some(self.vouchers.len() as u128))
    }

    fn offer(&mut self, number: usize, by: usize, limited: bool) -> Option<u128> {
        let (now, paused) = (self.city.now(), self.paused);
        let found = self.vouchers.get_mut(number).filter(|found| found.is_held_by(by))?;
        if paused || now >= found.expiry {
            return None;
        }
        found.offered = Some(((now + 10 * DAY).min(found.expiry), limited));
        found.count += 1;
        Some(0)
    }

    fn claim(&mut self, number: usize, by: usize, knows: bool, fresh: u64) -> Option<u128> {
        let (now, paused) = (self.city.now(), self.paused);
        let found = &mut self.vouchers[number];
        let (until, limited) = found.offered.filter(|_| !found.is_over())?;
        if paused || !knows || now >= until {
            return None;
        }
        (found.holder, found.offered, found.phone) = (by, None, fresh);
        found.limited |= limited;
        found.count += 1;
        Some(0)
    }

    fn take_back(&mut self, number: usize, by: usize) -> Option<u128> {
        let now = self.city.now();
        let found = &mut self.vouchers[number];
        let (until, _) = found.offered.filter(|_| !found.is_over())?;
        if by != found.holder && now < until {
            return None;
        }
        found.offered = None;
        found.count += 1;
        Some(0)
    }

    fn set_key(&mut self, number: usize, by: usize, fresh: u64) -> Option<u128> {
        let found = self.vouchers.get_mut(number).filter(|found| found.is_held_by(by))?;
        found.phone = fresh;
        found.count += 1;
        Some(0)
    }

    fn redeem(&mut self, number: usize, at: usize, amount: u128, receipt: Hash) -> Option<u128> {
        let (now, day) = (self.city.now(), self.day());
        let found = &mut self.vouchers[number];
        let thing = found.product == 2;
        let released = if thing { found.left } else { amount };
        let enough = amount >= LEAST || amount == found.left;
        let right = if thing { amount == PRICE } else { amount <= found.left && enough };
        let open = !self.paused && !found.is_over() && found.offered.is_none();
        if !open || now >= found.expiry || !right || found.limited && at == 1 {
            return None;
        }
        found.left -= released;
        found.count += 1;
        let holder = found.holder;
        let mut parts = split(amount);
        parts[2] += released - amount;
        for (payee, part) in five(at).zip(parts) {
            *self.owed.entry(payee.address()).or_default() += part;
        }
        let (voucher, undone) = (number, false);
        self.redeemed.push(Redeemed { voucher, at, amount, holder, parts, day, receipt, undone });
        Some(0)
    }

    /// The holder's terminal sends it once more: nothing happens, whatever has happened since.
    fn again(&mut self, back: usize) -> Option<Both> {
        let done = self.redeemed.get(self.redeemed.len().checked_sub(1 + back)?)?;
        let (undone, by) = (done.undone, self.vouchers[done.voucher].holder);
        let merchant = shop(done.at).address();
        let (voucher, amount) = (done.voucher as u64 + 1, Amount(done.amount));
        let pay = call::pay(voucher, merchant, amount, done.receipt);
        Some((self.send(holder(by), &pay, |_| 0), (!undone).then_some(0)))
    }

    fn undo(&mut self, back: usize) -> Option<Both> {
        let index = self.redeemed.len().checked_sub(1 + back)?;
        let (at, number) = (self.redeemed[index].at, self.redeemed[index].voucher);
        let undo = call::undo(number as u64 + 1, self.redeemed[index].receipt);
        let sent = self.send(shop(at), &undo, |()| 0);
        let (day, done) = (self.day(), &mut self.redeemed[index]);
        let found = &mut self.vouchers[number];
        let same = found.holder == done.holder && found.offered.is_none() && !found.refunded;
        if done.undone || done.day != day || !same {
            return Some((sent, None));
        }
        done.undone = true;
        found.left += done.parts.iter().sum::<u128>();
        found.count += 1;
        for (payee, part) in five(at).zip(done.parts) {
            *self.owed.entry(payee.address()).or_default() -= part;
        }
        Some((sent, Some(0)))
    }

    fn refund(&mut self, number: usize, by: usize, kind: RefundKind) -> Option<u128> {
        let now = self.city.now();
        let found = &mut self.vouchers[number];
        let (used, over) = (found.value - found.left, now >= found.expiry);
        let late = end(Period::Months(1), found.expiry.max(self.resumed));
        let late = if found.paid == 0 {
            found.expiry
        } else {
            late.max(end(Period::Years(5), found.bought))
        };
        let claims_over = now >= late;
        let withdrawn = self.withdrawn[found.product];
        let good_when_withdrawn = withdrawn.is_some_and(|since| since < found.expiry);
        let own = found.holder == by && found.offered.is_none() && found.paid > 0;
        let least_bp = if FACES[found.product] <= 10_000 { 8_000 } else { 6_000 };
        if self.paused || found.is_over() {
            return None;
        }
        let share = found.left * found.paid / found.value;
        let back = match kind {
            RefundKind::Breakage if claims_over => 0,
            _ if !own => return None,
            RefundKind::Withdrawn if used == 0 && now < end(Period::Days(7), found.bought) => {
                found.paid
            }
            RefundKind::Balance if !over && used > 0 && used * 10_000 >= found.value * least_bp => {
                share
            }
            RefundKind::Expired if over && !claims_over => {
                found.left * found.paid * 9_000 / (found.value * 10_000)
            }
            RefundKind::Points if over && !claims_over => found.left,
            RefundKind::Unavailable if good_when_withdrawn && !claims_over => share,
            _ => return None,
        };
        let money = if kind == RefundKind::Points { 0 } else { back };
        let to = if kind == RefundKind::Withdrawn { found.purchaser } else { found.holder };
        *self.owed.entry(issuer().address()).or_default() += found.left - money;
        *self.paid_out.entry(holder(to).address()).or_default() += money;
        (found.left, found.refunded) = (0, true);
        found.offered = None;
        found.count += 1;
        Some(back)
    }

    fn extend(&mut self, number: usize, by: usize) -> Option<u128> {
        let now = self.city.now();
        let found = self.vouchers.get_mut(number).filter(|found| found.is_held_by(by))?;
        if now >= found.expiry || found.extended {
            return None;
        }
        found.extended = true;
        found.expiry = end(Period::Months(3), found.expiry - 1);
        Some(u128::from(found.expiry))
    }

    fn free(&self, payee: Address) -> u128 {
        let today = self.day();
        let open = self.redeemed.iter().filter(|done| !done.undone && done.day == today);
        let open = open.flat_map(|done| five(done.at).zip(done.parts));
        let open = open.filter(|(of, _)| of.address() == payee).map(|(_, part)| part).sum::<u128>();
        self.owed.get(&payee).copied().unwrap_or(0) - open
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let Self { city, vouchers, owed, paid_out, .. } = self;
        let at = city.vouchers;
        for (number, plain) in (1u64..).zip(vouchers.iter()) {
            let found = city.ask(at, &call::voucher(number)).unwrap();
            prop_assert_eq!(found.remaining.0, plain.left, "voucher {}", number);
            prop_assert_eq!(found.holder, holder(plain.holder).address());
            prop_assert_eq!((found.count, found.expiry.0), (plain.count, plain.expiry));
            prop_assert_eq!(!found.limits.is_empty(), plain.limited);
            let offered = matches!(found.state, State::Offered { .. });
            prop_assert_eq!(offered, plain.offered.is_some());
            prop_assert_eq!(matches!(found.state, State::Refunded(_)), plain.refunded);
        }
        for payee in all_payees().map(|payee| payee.address()) {
            let found = city.ask(at, &call::owed(payee)).0;
            prop_assert_eq!(found.0, owed.get(&payee).copied().unwrap_or(0), "{:?}", payee);
        }
        let left: u128 = vouchers.iter().map(|plain| plain.left).sum();
        prop_assert_eq!(city.audit(), (left, owed.values().sum::<u128>()));
        let others = (0..HOLDERS).map(holder).chain(all_payees()).filter(|who| *who != issuer());
        for who in others {
            let paid = paid_out.get(&who.address()).copied().unwrap_or(0);
            prop_assert_eq!(city.tokens(who), paid);
        }
        Ok(())
    }
}

impl Plain {
    fn is_over(&self) -> bool {
        self.left == 0
    }

    fn is_held_by(&self, by: usize) -> bool {
        self.holder == by && !self.is_over() && self.offered.is_none()
    }
}

/// When a period ends is the calendar's, which has tests of its own.
fn end(period: Period, start: u64) -> u64 {
    period.end(TimestampMs(start)).unwrap().0
}

fn five(at: usize) -> impl Iterator<Item = Account> {
    [shop(at)].into_iter().chain(payees())
}

fn all_payees() -> impl Iterator<Item = Account> {
    (0..SHOPS).map(shop).chain(payees())
}

/// The largest remainder, ties to the lower index.
fn split(amount: u128) -> [u128; 5] {
    let mut parts = LEGS.map(|bp| amount * u128::from(bp) / 10_000);
    let mut order: Vec<usize> = (0..5).collect();
    order.sort_by_key(|leg| std::cmp::Reverse(amount * u128::from(LEGS[*leg]) % 10_000));
    let rest = amount - parts.iter().sum::<u128>();
    for leg in order.into_iter().take(rest as usize) {
        parts[leg] += 1;
    }
    parts
}

fn years(city: City, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::new(city);
    for act in acts {
        world.act(act)?;
        world.compare()?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn years_of_vouchers_are_those_of_a_plain_list(acts in vec(act(), 1..70)) {
        years(City::native(), &acts)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn years_of_vouchers_on_wasm_are_those_of_a_plain_list(acts in vec(act(), 60..90)) {
        years(City::chain(), &acts)?;
    }
}
