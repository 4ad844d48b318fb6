//! Random years of vouchers, compared with a plain list after every step.

#[allow(dead_code, reason = "the rules use more of it")]
mod shop;

use dure_sdk::{Address, Amount, Hash, TimestampMs, native::Sandbox};
use proptest::{collection::vec, prelude::*};
use shop::{
    CODES, DAY, FACES, HOLDERS, ISSUER, LEGS, PAYEES, PRICE, SHOPS, START, VOUCHERS, codes, holder,
    id, sandbox, shop, tokens,
};
use std::collections::BTreeMap;
use voucher::voucher::{RefundKind, State, call, code_before};

#[derive(Clone, Debug)]
enum Act {
    Issue { product: usize, who: usize, paid_bp: u128 },
    Offer { voucher: usize, by: usize },
    Claim { voucher: usize, by: usize, knows: bool },
    TakeBack { voucher: usize, by: usize },
    Redeem { voucher: usize, at: usize, skip: usize, amount: u128 },
    Pay { voucher: usize, at: usize, by: usize, amount: u128 },
    Undo { redemption: usize },
    Refund { voucher: usize, by: usize, kind: RefundKind },
    Extend { voucher: usize, by: usize },
    Collect { payee: usize },
    Wait { days: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    use RefundKind::{Balance, Breakage, Expired, Points, Withdrawn};
    let kinds = prop::sample::select(vec![Balance, Breakage, Expired, Points, Withdrawn]);
    let (voucher, by) = (0usize..4, 0..HOLDERS);
    let amount = prop_oneof![1u128..10_000, Just(PRICE), Just(10_000)];
    prop_oneof![
        3 => (0..FACES.len(), by.clone(), 0u128..=10_000)
            .prop_map(|(product, who, paid_bp)| Act::Issue { product, who, paid_bp }),
        2 => (voucher.clone(), by.clone()).prop_map(|(voucher, by)| Act::Offer { voucher, by }),
        3 => (voucher.clone(), by.clone(), any::<bool>())
            .prop_map(|(voucher, by, knows)| Act::Claim { voucher, by, knows }),
        1 => (voucher.clone(), by.clone()).prop_map(|(voucher, by)| Act::TakeBack { voucher, by }),
        6 => (voucher.clone(), 0..SHOPS, prop_oneof![5 => Just(0usize), 1 => 1usize..3], amount.clone())
            .prop_map(|(voucher, at, skip, amount)| Act::Redeem { voucher, at, skip, amount }),
        3 => (voucher.clone(), 0..SHOPS, by.clone(), amount)
            .prop_map(|(voucher, at, by, amount)| Act::Pay { voucher, at, by, amount }),
        3 => (0usize..3).prop_map(|redemption| Act::Undo { redemption }),
        3 => (voucher.clone(), by.clone(), kinds)
            .prop_map(|(voucher, by, kind)| Act::Refund { voucher, by, kind }),
        1 => (voucher, by).prop_map(|(voucher, by)| Act::Extend { voucher, by }),
        2 => (0..SHOPS + PAYEES.len()).prop_map(|payee| Act::Collect { payee }),
        3 => prop_oneof![4 => 0u64..20, 1 => 100u64..700].prop_map(|days| Act::Wait { days }),
    ]
}

#[derive(Clone, Debug)]
struct Plain {
    product: usize,
    holder: usize,
    paid: u128,
    value: u128,
    left: u128,
    bought: u64,
    expiry: u64,
    extended: bool,
    given: bool,
    offered: Option<u64>,
    /// Codes of its holder that were shown.
    shown: usize,
    codes: Vec<Hash>,
}

struct Redeemed {
    voucher: usize,
    at: usize,
    parts: [u128; 5],
    day: u64,
    receipt: Hash,
    undone: bool,
}

struct World {
    sandbox: Sandbox,
    now: u64,
    vouchers: Vec<Plain>,
    redeemed: Vec<Redeemed>,
    owed: BTreeMap<Address, u128>,
    paid_out: BTreeMap<Address, u128>,
    acts: u64,
}

impl World {
    fn new() -> Self {
        let (vouchers, redeemed) = (Vec::new(), Vec::new());
        let (owed, paid_out) = Default::default();
        Self { sandbox: sandbox(), now: START, vouchers, redeemed, owed, paid_out, acts: 0 }
    }

    /// The day in Korea; March begins with one.
    fn day(&self) -> u64 {
        (self.now - START) / DAY
    }

    fn voucher(&self, back: usize) -> Option<usize> {
        self.vouchers.len().checked_sub(1 + back)
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        self.acts += 1;
        let fresh = id(self.acts);
        let (done, expected): (Result<u128, String>, Option<u128>) = match *act {
            Act::Issue { product, who, paid_bp } => self.issue(product, who, paid_bp, fresh),
            Act::Offer { voucher, by } => {
                let Some(number) = self.voucher(voucher) else { return Ok(()) };
                let claim = self.sandbox.run(|_| code_before(id(7)));
                let offer = call::offer(number as u64 + 1, claim, None, None);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &offer);
                (said(done, 0), self.offer(number, by))
            }
            Act::Claim { voucher, by, knows } => {
                let Some(number) = self.voucher(voucher) else { return Ok(()) };
                let (first, codes) = codes(&mut self.sandbox, fresh);
                let secret = if knows { id(7) } else { id(8) };
                let claim = call::claim(number as u64 + 1, secret, first);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &claim);
                (said(done, 0), self.claim(number, by, knows, codes))
            }
            Act::TakeBack { voucher, by } => {
                let Some(number) = self.voucher(voucher) else { return Ok(()) };
                let back = call::take_back(number as u64 + 1);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &back);
                (said(done, 0), self.take_back(number, by))
            }
            Act::Redeem { voucher, at, skip, amount } => {
                let Some(number) = self.voucher(voucher) else { return Ok(()) };
                let found = &self.vouchers[number];
                let Some(code) = found.codes.get(found.shown + skip).copied() else {
                    return Ok(());
                };
                let redeem = call::redeem(number as u64 + 1, code, Amount(amount), fresh);
                let done = self.sandbox.caller(shop(at)).send(VOUCHERS, &redeem);
                let expected =
                    if skip == 0 { self.redeem(number, at, amount, fresh) } else { None };
                if expected.is_some() {
                    self.vouchers[number].shown += 1;
                }
                (said(done, 0), expected)
            }
            Act::Pay { voucher, at, by, amount } => {
                let Some(number) = self.voucher(voucher) else { return Ok(()) };
                let pay = call::pay(number as u64 + 1, shop(at), Amount(amount), fresh);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &pay);
                let own = self.vouchers[number].holder == by;
                let expected = if own { self.redeem(number, at, amount, fresh) } else { None };
                (said(done, 0), expected)
            }
            Act::Collect { payee } => self.collect(payee)?,
            Act::Wait { days } => {
                self.now += days * DAY;
                self.sandbox.time(TimestampMs(self.now));
                (Ok(0), Some(0))
            }
            ref other => match self.end(other) {
                Some(both) => both,
                None => return Ok(()),
            },
        };
        prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
        Ok(())
    }

    /// What ends, postpones or undoes; none when there is nothing to do it to.
    fn end(&mut self, act: &Act) -> Option<(Result<u128, String>, Option<u128>)> {
        Some(match *act {
            Act::Undo { redemption } => {
                let index = self.redeemed.len().checked_sub(1 + redemption)?;
                let (at, receipt) = (self.redeemed[index].at, self.redeemed[index].receipt);
                let done = self.sandbox.caller(shop(at)).send(VOUCHERS, &call::undo(receipt));
                (said(done, 0), self.undo(index))
            }
            Act::Refund { voucher, by, kind } => {
                let number = self.voucher(voucher)?;
                let refund = call::refund(number as u64 + 1, kind);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &refund);
                let done = done.map(|amount| amount.0).map_err(|error| format!("{error:?}"));
                (done, self.refund(number, by, kind))
            }
            Act::Extend { voucher, by } => {
                let number = self.voucher(voucher)?;
                let extend = call::extend(number as u64 + 1);
                let done = self.sandbox.caller(holder(by)).send(VOUCHERS, &extend);
                let done = done.map(|expiry| u128::from(expiry.0));
                let done = done.map_err(|error| format!("{error:?}"));
                let expiry = done.as_ref().ok().copied();
                (done, self.extend(number, by, expiry))
            }
            _ => return None,
        })
    }

    fn collect(
        &mut self,
        payee: usize,
    ) -> Result<(Result<u128, String>, Option<u128>), TestCaseError> {
        let payee = payees().nth(payee).unwrap();
        let free = self.free(payee);
        let collect = call::collect(Amount(free));
        let done = self.sandbox.caller(payee).send(VOUCHERS, &collect);
        let one_more = self.sandbox.send(VOUCHERS, &call::collect(Amount(1)));
        prop_assert!(one_more.is_err(), "{:?} takes what can be undone", payee);
        if free > 0 {
            *self.owed.entry(payee).or_default() -= free;
            *self.paid_out.entry(payee).or_default() += free;
        }
        Ok((said(done, 0), (free > 0).then_some(0)))
    }

    fn issue(
        &mut self,
        product: usize,
        who: usize,
        paid_bp: u128,
        secret: Hash,
    ) -> (Result<u128, String>, Option<u128>) {
        let paid = FACES[product] * paid_bp / 10_000;
        let (first, codes) = codes(&mut self.sandbox, secret);
        let issue = call::issue(product as u32, holder(who), Amount(paid), vec![first]);
        let done = self.sandbox.caller(ISSUER).send(VOUCHERS, &issue);
        let value = if product == 2 { PRICE.max(paid) } else { FACES[product] };
        // The first day does not count; a year of 365 days, or 366 across a 29 February.
        let expiry = self.sandbox.ask(VOUCHERS, &call::voucher(self.vouchers.len() as u64 + 1));
        let expiry = expiry.unwrap().map_or(0, |voucher| voucher.expiry.0);
        self.vouchers.push(Plain {
            product,
            holder: who,
            paid,
            value,
            left: value,
            bought: self.now,
            expiry,
            extended: false,
            given: false,
            offered: None,
            shown: 0,
            codes,
        });
        let number = self.vouchers.len() as u128;
        (done.map(u128::from).map_err(|error| format!("{error:?}")), Some(number))
    }

    fn offer(&mut self, number: usize, by: usize) -> Option<u128> {
        let now = self.now;
        let found = &mut self.vouchers[number];
        let can = found.holder == by && found.left > 0 && found.offered.is_none();
        if !can || now >= found.expiry {
            return None;
        }
        found.offered = Some((now + 10 * DAY).min(found.expiry));
        Some(0)
    }

    fn claim(&mut self, number: usize, by: usize, knows: bool, codes: Vec<Hash>) -> Option<u128> {
        let now = self.now;
        let found = &mut self.vouchers[number];
        let until = found.offered?;
        if !knows || now >= until {
            return None;
        }
        (found.holder, found.offered, found.given) = (by, None, true);
        (found.codes, found.shown) = (codes, 0);
        Some(0)
    }

    fn take_back(&mut self, number: usize, by: usize) -> Option<u128> {
        let now = self.now;
        let found = &mut self.vouchers[number];
        let until = found.offered?;
        if by != found.holder && now < until {
            return None;
        }
        found.offered = None;
        Some(0)
    }

    fn redeem(&mut self, number: usize, at: usize, amount: u128, receipt: Hash) -> Option<u128> {
        let (now, day) = (self.now, self.day());
        let found = &mut self.vouchers[number];
        let thing = found.product == 2;
        let released = if thing { found.left } else { amount };
        let right = if thing { amount == PRICE } else { amount > 0 && amount <= found.left };
        if found.left == 0 || found.offered.is_some() || now >= found.expiry || !right {
            return None;
        }
        found.left -= released;
        let mut parts = split(amount);
        parts[2] += released - amount;
        for (payee, part) in [shop(at)].into_iter().chain(PAYEES).zip(parts) {
            *self.owed.entry(payee).or_default() += part;
        }
        let undone = false;
        self.redeemed.push(Redeemed { voucher: number, at, parts, day, receipt, undone });
        Some(0)
    }

    fn undo(&mut self, index: usize) -> Option<u128> {
        let day = self.day();
        let redeemed = &mut self.redeemed[index];
        if redeemed.undone || redeemed.day != day {
            return None;
        }
        redeemed.undone = true;
        for (payee, part) in [shop(redeemed.at)].into_iter().chain(PAYEES).zip(redeemed.parts) {
            *self.owed.entry(payee).or_default() -= part;
        }
        self.vouchers[redeemed.voucher].left += redeemed.parts.iter().sum::<u128>();
        Some(0)
    }

    fn refund(&mut self, number: usize, by: usize, kind: RefundKind) -> Option<u128> {
        let now = self.now;
        let found = &mut self.vouchers[number];
        let since = |time: u64| (now - START) / DAY - (time - START) / DAY;
        // 2028 is far: five years hold one 29 February, and the day of the purchase is not counted.
        let claims_over = since(found.bought) > 5 * 365 + 1;
        let claims_over = claims_over && now >= found.expiry + 31 * DAY;
        let used = found.value - found.left;
        let over = now >= found.expiry;
        let own = found.holder == by && found.offered.is_none() && found.paid > 0;
        let least_bp = if FACES[found.product] <= 10_000 { 8_000 } else { 6_000 };
        let to_holder = match kind {
            RefundKind::Breakage if claims_over && found.left > 0 => 0,
            _ if !own || found.left == 0 => return None,
            RefundKind::Withdrawn if used == 0 && !found.given && since(found.bought) <= 7 => {
                found.paid
            }
            RefundKind::Balance if !over && used > 0 && used * 10_000 >= found.value * least_bp => {
                found.left * found.paid / found.value
            }
            RefundKind::Expired if over && !claims_over => {
                found.left * found.paid * 9_000 / (found.value * 10_000)
            }
            RefundKind::Points if over && !claims_over => found.left,
            _ => return None,
        };
        let money = if kind == RefundKind::Points { 0 } else { to_holder };
        *self.owed.entry(ISSUER).or_default() += found.left - money;
        *self.paid_out.entry(holder(by)).or_default() += money;
        found.left = 0;
        Some(to_holder)
    }

    /// By how much is the calendar's, which has tests of its own.
    fn extend(&mut self, number: usize, by: usize, expiry: Option<u128>) -> Option<u128> {
        let now = self.now;
        let found = &mut self.vouchers[number];
        let can = found.holder == by && found.left > 0 && found.offered.is_none();
        if !can || now >= found.expiry || found.extended {
            return None;
        }
        found.extended = true;
        found.expiry = expiry.unwrap_or(0) as u64;
        expiry
    }

    fn free(&self, payee: Address) -> u128 {
        let today = self.day();
        let open = self.redeemed.iter().filter(|done| !done.undone && done.day == today);
        let open = open.flat_map(|done| [shop(done.at)].into_iter().chain(PAYEES).zip(done.parts));
        let open: u128 = open.filter(|(of, _)| *of == payee).map(|(_, part)| part).sum();
        self.owed.get(&payee).copied().unwrap_or(0) - open
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let Self { sandbox, vouchers, owed, paid_out, .. } = self;
        for (number, plain) in (1u64..).zip(vouchers.iter()) {
            let found = sandbox.ask(VOUCHERS, &call::voucher(number)).unwrap().unwrap();
            prop_assert_eq!(found.remaining.0, plain.left, "voucher {}", number);
            prop_assert_eq!(found.holder, holder(plain.holder));
            let offered = matches!(found.state, State::Offered { .. });
            prop_assert_eq!(offered, plain.offered.is_some() && plain.left > 0);
            prop_assert_eq!(found.state == State::Ended, plain.left == 0);
        }
        for payee in payees() {
            let found = sandbox.ask(VOUCHERS, &call::owed(payee)).unwrap().0;
            prop_assert_eq!(found.0, owed.get(&payee).copied().unwrap_or(0), "{:?}", payee);
        }
        let books = sandbox.ask(VOUCHERS, &call::audit()).unwrap();
        let left: u128 = vouchers.iter().map(|plain| plain.left).sum();
        prop_assert_eq!(books.escrow.0, left);
        prop_assert_eq!(books.cash.0, left + owed.values().sum::<u128>());
        prop_assert_eq!(books.tokens, books.cash);
        for (who, paid) in paid_out.iter().filter(|(who, _)| **who != ISSUER) {
            prop_assert_eq!(tokens(sandbox, *who), *paid);
        }
        Ok(())
    }
}

fn payees() -> impl Iterator<Item = Address> {
    (0..SHOPS).map(shop).chain(PAYEES)
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

fn said<T, E: std::fmt::Debug>(result: Result<T, E>, value: u128) -> Result<u128, String> {
    result.map(|_| value).map_err(|error| format!("{error:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn years_of_vouchers_are_those_of_a_plain_list(acts in vec(act(), 1..70)) {
        let mut world = World::new();
        prop_assert!(CODES > 2);
        for act in &acts {
            world.act(act)?;
            world.compare()?;
        }
    }
}
