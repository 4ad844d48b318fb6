//! Lots against a plain list of lots, and the vectors of the rules.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::lots::{Class, Division, Lot, LotKey, Lots, LotsError, Price, Purchase, Taken},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ANA: Address = Address([1; 32]);
const BEN: Address = Address([2; 32]);
const NOW: TimestampMs = TimestampMs(1_000);
const LATER: TimestampMs = TimestampMs(5_000);

fn lots() -> Lots {
    Lots::open(Place::field(0))
}

/// Whose account it is: each one's own.
fn person(holder: Address) -> Hash {
    Hash(holder.0)
}

/// Buys at a price, for a set and until an end.
fn buy(
    lots: &mut Lots,
    holder: Address,
    (face, paid): (u128, u128),
    (set, expiry): (u32, TimestampMs),
    now: TimestampMs,
) -> Result<LotKey, LotsError> {
    let (face, paid, bonus) = (Amount(face), Amount(paid), Amount(0));
    let purchase = Purchase { face, paid, bonus, set, expiry };
    lots.buy(holder, person(holder), &purchase, now)
}

fn granted(class: Class, expiry: u64, programme: u32, set: u32) -> LotKey {
    LotKey { class, expiry: TimestampMs(expiry), programme, set, purchase: 0 }
}

fn own(expiry: TimestampMs, set: u32, purchase: u64) -> LotKey {
    LotKey { class: Class::Own, expiry, programme: 0, set, purchase }
}

fn taken(parts: &[(LotKey, u128)]) -> Vec<Taken> {
    parts.iter().map(|(key, amount)| Taken { key: *key, amount: Amount(*amount) }).collect()
}

#[test]
fn fifty_thousand_at_six_percent_costs_forty_seven_thousand() {
    let price = Price::of(Amount(50_000), 600);
    let expected = Price { face: Amount(50_000), paid: Amount(47_000), subsidy: Amount(3_000) };
    assert_eq!(price, Ok(expected));
    // The subsidy is rounded down: the buyer bears the rest.
    assert_eq!(Price::of(Amount(99), 600).unwrap().subsidy, Amount(5));
    let refused = LotsError::BadPrice { face: Amount(1), paid: Amount(0) };
    assert_eq!(Price::of(Amount(1), 10_001), Err(refused));
}

#[test]
fn allowances_go_first_then_bonus_then_own_money_each_by_expiry() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let bought = buy(&mut lots, ANA, (100, 94), (0, LATER), NOW).unwrap();
        let bonus = granted(Class::Bonus, 4_000, 0, 0);
        let late = granted(Class::Policy, 9_000, 7, 0);
        let soon = granted(Class::Policy, 3_000, 8, 0);
        for key in [bonus, late, soon] {
            lots.grant(ANA, key, Amount(10), NOW).unwrap();
        }
        let found = lots.take(ANA, Amount(45), NOW, |_| true);
        assert_eq!(found, Ok(taken(&[(soon, 10), (late, 10), (bonus, 10), (bought, 15)])));
    });
}

#[test]
fn a_lot_is_spent_only_where_its_set_permits_and_before_it_expires() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let school = granted(Class::Policy, 3_000, 1, 9);
        lots.grant(ANA, school, Amount(50), NOW).unwrap();
        let bought = buy(&mut lots, ANA, (20, 20), (1, LATER), NOW).unwrap();
        let asked = std::cell::RefCell::new(Vec::new());
        let permits = |set| {
            asked.borrow_mut().push(set);
            set == 1
        };
        let found = lots.take(ANA, Amount(5), NOW, permits);
        assert_eq!(found, Ok(taken(&[(bought, 5)])));
        assert_eq!(*asked.borrow(), [9, 1]);
        let short = LotsError::Short { left: Amount(15), wanted: Amount(16) };
        assert_eq!(lots.take(ANA, Amount(16), NOW, |set| set == 1), Err(short));
        // At its expiry the allowance is over.
        let found = lots.take(ANA, Amount(1), TimestampMs(2_999), |_| true);
        assert_eq!(found, Ok(taken(&[(school, 1)])));
        let found = lots.take(ANA, Amount(1), TimestampMs(3_000), |_| true);
        assert_eq!(found, Ok(taken(&[(bought, 1)])));
    });
}

#[test]
fn equal_lots_merge_and_purchases_do_not() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let bonus = granted(Class::Bonus, 4_000, 2, 3);
        for _ in 0..3 {
            lots.grant(ANA, bonus, Amount(10), NOW).unwrap();
            buy(&mut lots, ANA, (10, 9), (0, LATER), NOW).unwrap();
        }
        let keys: Vec<_> = lots.lots(ANA, None, 10).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [bonus, own(LATER, 0, 1), own(LATER, 0, 2), own(LATER, 0, 3)]);
        assert_eq!(lots.lots(ANA, Some(keys[1]), 1)[0].0, keys[2]);
        assert_eq!((lots.wallet(ANA).bonus, lots.wallet(ANA).own), (Amount(30), Amount(30)));
    });
}

#[test]
fn a_holder_has_sixty_four_open_purchases_and_a_payment_sixteen_parts() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        for _ in 0..64 {
            buy(&mut lots, ANA, (10, 9), (0, LATER), NOW).unwrap();
        }
        let full = LotsError::TooManyLots { limit: 64 };
        assert_eq!(buy(&mut lots, ANA, (10, 9), (0, LATER), NOW), Err(full));
        assert_eq!(
            lots.give(BEN, person(BEN), ANA, Amount(1), NOW),
            Err(LotsError::Short { left: Amount(0), wanted: Amount(1) })
        );
        let long = LotsError::TooManyParts { covered: Amount(160), wanted: Amount(161), limit: 16 };
        assert_eq!(lots.take(ANA, Amount(161), NOW, |_| true), Err(long));
        assert_eq!(lots.take(ANA, Amount(160), NOW, |_| true).map(|parts| parts.len()), Ok(16));
        // Sixteen are closed, so there is room again.
        assert_eq!(lots.wallet(ANA).bought_lots, 48);
        buy(&mut lots, ANA, (10, 9), (0, LATER), NOW).unwrap();
    });
}

#[test]
fn gifts_are_own_money_merge_at_the_receiver_and_are_never_refunded() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        lots.grant(ANA, granted(Class::Bonus, 9_000, 0, 0), Amount(50), NOW).unwrap();
        let short = LotsError::Short { left: Amount(0), wanted: Amount(1) };
        assert_eq!(
            lots.give(ANA, person(ANA), BEN, Amount(1), NOW),
            Err(short),
            "bonus is not given away"
        );
        for _ in 0..2 {
            buy(&mut lots, ANA, (10, 9), (0, LATER), NOW).unwrap();
        }
        lots.give(ANA, person(ANA), BEN, Amount(15), NOW).unwrap();
        let received = own(LATER, 0, 0);
        // 9 of the first purchase and floor(4.5) of the second were paid.
        let (face, paid) = (Amount(15), Amount(13));
        let lot = Lot { face, paid, remaining: face, ..Lot::default() };
        assert_eq!(lots.lots(BEN, None, 9), [(received, lot)]);
        assert_eq!((lots.wallet(BEN).bought_lots, lots.wallet(BEN).gift_lots), (0, 1));
        let refused = LotsError::NotRefundable { key: received };
        assert_eq!(lots.refund(BEN, received, 60, NOW), Err(refused));
        let left = lots.lots(ANA, None, 9)[1];
        let lot = Lot {
            face: Amount(10),
            paid: Amount(9),
            remaining: Amount(5),
            gifted: Amount(5),
            bought: NOW,
            ..Lot::default()
        };
        assert_eq!(left, (own(LATER, 0, 2), lot));
    });
}

/// A purchase of 50,000 for 47,000 of which so much is used: is it refunded at 60 %?
fn check_refund(used: u128, expected: Result<Division, LotsError>) {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let key = buy(&mut lots, ANA, (50_000, 47_000), (0, LATER), NOW).unwrap();
        if used != 0 {
            lots.take(ANA, Amount(used), NOW, |_| true).unwrap();
        }
        assert_eq!(lots.refund(ANA, key, 60, NOW), expected);
    });
}

#[test]
fn a_purchase_is_refunded_when_untouched_or_sixty_percent_used() {
    let refund = |amount, to_holder| {
        let to_pool = Amount(amount - to_holder);
        let (amount, to_holder) = (Amount(amount), Amount(to_holder));
        Ok(Division { amount, to_holder, to_pool, ..Division::default() })
    };
    let refused = |used| {
        Err(LotsError::UsedTooLittle { used: Amount(used), face: Amount(50_000), percent: 60 })
    };
    check_refund(0, refund(50_000, 47_000));
    check_refund(1, refused(1));
    check_refund(29_999, refused(29_999));
    check_refund(30_000, refund(20_000, 18_800));
    // 1 x 47,000 / 50,000 rounded down: the pool gets what is left of it.
    check_refund(49_999, refund(1, 0));
}

#[test]
fn a_gift_is_not_use_and_the_share_is_lawful() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let key = buy(&mut lots, ANA, (100, 90), (0, LATER), NOW).unwrap();
        lots.give(ANA, person(ANA), BEN, Amount(40), NOW).unwrap();
        lots.take(ANA, Amount(59), NOW, |_| true).unwrap();
        let refused = LotsError::UsedTooLittle { used: Amount(59), face: Amount(100), percent: 60 };
        assert_eq!(lots.refund(ANA, key, 60, NOW), Err(refused));
        for percent in [59, 81] {
            let refused = LotsError::BadThreshold { percent, least: 60, greatest: 80 };
            assert_eq!(lots.refund(ANA, key, percent, NOW), Err(refused));
        }
        let expired = LotsError::Expired { expiry: LATER, now: LATER };
        assert_eq!(lots.refund(ANA, key, 60, LATER), Err(expired));
    });
}

#[test]
fn what_was_paid_for_expired_money_can_be_claimed_and_the_rest_goes_to_its_source() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        let bonus = granted(Class::Bonus, 5_000, 0, 0);
        lots.grant(ANA, bonus, Amount(7), NOW).unwrap();
        let bought = buy(&mut lots, ANA, (10, 9), (0, LATER), NOW).unwrap();
        assert_eq!(lots.expire(ANA, TimestampMs(4_999), 9), []);
        let ended = lots.expire(ANA, LATER, 9);
        let parts: Vec<_> = ended.iter().map(|ended| ended.lot).collect();
        assert_eq!(parts, taken(&[(bonus, 7), (bought, 10)]));
        // All of the bonus goes to its source, and of own money what was not paid for it.
        let to_pool: Vec<_> = ended.iter().map(|ended| ended.division.to_pool.0).collect();
        assert_eq!(to_pool, [7, 1]);
        assert_eq!(lots.expire(ANA, LATER, 9), []);
        assert_eq!((lots.unclaimed(ANA), lots.holding(ANA)), (Amount(9), Amount(0)));
        lots.claim(ANA, Amount(4)).unwrap();
        let short = LotsError::Short { left: Amount(5), wanted: Amount(6) };
        assert_eq!(lots.claim(ANA, Amount(6)), Err(short));
    });
}

#[test]
fn recovery_moves_everything_to_what_the_other_account_has() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let mut lots = lots();
        // All are one person's.
        let purchase = |face| Purchase {
            face: Amount(face),
            paid: Amount(face),
            bonus: Amount(0),
            set: 0,
            expiry: LATER,
        };
        let buy = |lots: &mut Lots, holder, face| {
            lots.buy(holder, person(ANA), &purchase(face), NOW).unwrap()
        };
        let keys = [(ANA, 50), (ANA, 10), (BEN, 1)].map(|(of, face)| buy(&mut lots, of, face));
        lots.take(ANA, Amount(55), NOW, |_| true).unwrap();
        let bonus = granted(Class::Bonus, 9_000, 0, 0);
        for holder in [ANA, BEN] {
            lots.grant(holder, bonus, Amount(7), NOW).unwrap();
        }
        lots.move_all(ANA, BEN).unwrap();
        let open: Vec<_> = lots.lots(BEN, None, 9);
        let open: Vec<_> = open.iter().map(|(key, lot)| (*key, lot.remaining.0)).collect();
        assert_eq!(open, [(bonus, 14), (keys[1], 5), (keys[2], 1)]);
        let wallet = lots.wallet(BEN);
        assert_eq!((wallet.own, wallet.bonus, wallet.bought_lots), (Amount(6), Amount(14), 2));
        assert_eq!(lots.lots(ANA, None, 9), []);
        // The one that was used up has its price still.
        assert_eq!(lots.refund(BEN, keys[0], 60, NOW), Err(LotsError::UnknownLot { key: keys[0] }));
    });
    let stored = sandbox.storage();
    // Part 5 has the person.
    let left =
        stored.iter().filter(|(key, _)| key[2] != 5 && key.windows(32).any(|w| w == [1; 32]));
    assert_eq!(left.count(), 0, "nothing of the old account is left");
    assert!(stored.keys().any(|key| key.starts_with(&[0, 0, 1])), "a lot that is used up");
}

#[test]
fn gifts_are_limited_at_the_receiver_and_stop_no_payment() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        for expiry in 0..17 {
            buy(&mut lots, BEN, (10, 10), (0, TimestampMs(5_000 + expiry)), NOW).unwrap();
        }
        for _ in 0..16 {
            lots.give(BEN, person(BEN), ANA, Amount(10), NOW).unwrap();
        }
        let full = Err(LotsError::TooManyGifts { limit: 16 });
        assert_eq!(lots.give(BEN, person(BEN), ANA, Amount(1), NOW), full);
        for _ in 0..64 {
            buy(&mut lots, ANA, (10, 10), (0, LATER), NOW).unwrap();
        }
        // 16 gifts and 16 purchases.
        let taken = lots.take(ANA, Amount(320), NOW, |_| true).unwrap();
        assert_eq!(taken.len(), 32);
        let give = lots.give(BEN, person(BEN), ANA, Amount(1), NOW);
        assert!(give.is_ok(), "there is room again");
    });
}

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Buy { face: u128, expiry: u64, set: u32 },
    Grant { class: bool, expiry: u64, set: u32, amount: u128 },
    Take { amount: u128, sets: u32 },
    Give { amount: u128 },
    Expire,
    Wait { ms: u64 },
}

fn any_step() -> impl Strategy<Value = (bool, Step)> {
    let step = prop_oneof![
        (1u128..60, 1u64..6, 0u32..3).prop_map(|(face, expiry, set)| Step::Buy {
            face,
            expiry: expiry * 1_000,
            set
        }),
        (any::<bool>(), 1u64..6, 0u32..3, 1u128..60).prop_map(|(class, expiry, set, amount)| {
            Step::Grant { class, expiry: expiry * 1_000, set, amount }
        }),
        (0u128..120, 0u32..8).prop_map(|(amount, sets)| Step::Take { amount, sets }),
        (0u128..60).prop_map(|amount| Step::Give { amount }),
        Just(Step::Expire),
        (0u64..700).prop_map(|ms| Step::Wait { ms }),
    ];
    (any::<bool>(), step)
}

/// Lots as a plain map, and what became of the rest.
#[derive(Default)]
struct Model {
    lots: BTreeMap<(Address, LotKey), u128>,
    purchases: BTreeMap<Address, u64>,
    now: u64,
}

impl Model {
    /// Takes by sorting everything that may be spent, as the rule reads.
    fn take(
        &mut self,
        who: Address,
        amount: u128,
        may: impl Fn(&LotKey) -> bool,
    ) -> Option<Vec<(LotKey, u128)>> {
        let mut keys: Vec<_> = self.lots.keys().filter(|(of, _)| *of == who).copied().collect();
        keys.retain(|(_, key)| self.now < key.expiry.0 && may(key));
        keys.sort_by_key(|(_, key)| {
            let rank = match key.class {
                Class::Policy => 0,
                Class::Bonus => 1,
                Class::Own => 2,
            };
            (rank, key.expiry, key.programme, key.set, key.purchase)
        });
        let (mut left, mut parts) = (amount, Vec::new());
        for entry in keys {
            let part = left.min(self.lots[&entry]);
            if part > 0 {
                parts.push((entry.1, part));
                left -= part;
            }
        }
        let counted = parts.iter().filter(|(key, _)| key.class != Class::Own || key.is_bought());
        if left > 0 || amount == 0 || counted.count() > 16 {
            return None;
        }
        for (key, part) in &parts {
            let lot = self.lots.get_mut(&(who, *key)).expect("it was there");
            *lot -= part;
            if *lot == 0 {
                self.lots.remove(&(who, *key));
            }
        }
        Some(parts)
    }

    fn step(&mut self, who: Address, step: &Step) -> Option<Vec<(LotKey, u128)>> {
        match *step {
            Step::Buy { face, expiry, set } => {
                let alive = self.now < expiry;
                let open =
                    self.lots.keys().filter(|(of, key)| *of == who && key.is_bought()).count();
                if !alive || open >= 64 {
                    return None;
                }
                let purchases = self.purchases.entry(who).or_default();
                *purchases += 1;
                self.lots.insert((who, own(TimestampMs(expiry), set, *purchases)), face);
                Some(vec![])
            }
            Step::Grant { class, expiry, set, amount } => {
                let class = if class { Class::Policy } else { Class::Bonus };
                let key = granted(class, expiry, 0, set);
                (self.now < expiry).then(|| {
                    *self.lots.entry((who, key)).or_default() += amount;
                    vec![]
                })
            }
            Step::Take { amount, sets } => self.take(who, amount, |key| sets >> key.set & 1 == 1),
            Step::Give { amount } => {
                let to = if who == ANA { BEN } else { ANA };
                let parts = self.take(who, amount, |key| key.class == Class::Own)?;
                for (key, part) in &parts {
                    let key = LotKey { purchase: 0, ..*key };
                    *self.lots.entry((to, key)).or_default() += part;
                }
                Some(parts)
            }
            Step::Expire => {
                let now = self.now;
                let over = |of: Address, key: &LotKey| of == who && key.expiry.0 <= now;
                let parts = self.lots.iter().filter(|((of, key), _)| over(*of, key));
                let parts = parts.map(|((_, key), amount)| (*key, *amount)).collect();
                self.lots.retain(|(of, key), _| !over(*of, key));
                Some(parts)
            }
            Step::Wait { ms } => {
                self.now += ms;
                Some(vec![])
            }
        }
    }
}

fn real(lots: &mut Lots, who: Address, step: &Step, now: u64) -> Result<Vec<Taken>, LotsError> {
    let (now, none) = (TimestampMs(now), Vec::new());
    match *step {
        Step::Buy { face, expiry, set } => {
            buy(lots, who, (face, face), (set, TimestampMs(expiry)), now).map(|_| none)
        }
        Step::Grant { class, expiry, set, amount } => {
            let class = if class { Class::Policy } else { Class::Bonus };
            lots.grant(who, granted(class, expiry, 0, set), Amount(amount), now).map(|()| none)
        }
        Step::Take { amount, sets } => {
            lots.take(who, Amount(amount), now, |set| sets >> set & 1 == 1)
        }
        Step::Give { amount } => {
            lots.give(who, person(who), if who == ANA { BEN } else { ANA }, Amount(amount), now)
        }
        Step::Expire => {
            Ok(lots.expire(who, now, 1_000).into_iter().map(|ended| ended.lot).collect())
        }
        Step::Wait { .. } => Ok(none),
    }
}

/// All lots, read page by page.
fn paged(lots: &Lots) -> Vec<((Address, LotKey), Amount)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = lots.page(after.as_ref(), 3);
        found.extend(page.items.into_iter().map(|(entry, lot)| (entry, lot.remaining)));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

proptest! {
    #[test]
    fn lots_are_those_of_a_plain_list(steps in prop::collection::vec(any_step(), 1..60)) {
        let (mut sandbox, mut lots, mut model) = (Sandbox::new(), lots(), Model::default());
        for (first, step) in steps {
            let who = if first { ANA } else { BEN };
            let before = sandbox.storage();
            let found = sandbox.run(|_| real(&mut lots, who, &step, model.now));
            let expected = model.step(who, &step).map(|parts| taken(&parts));
            prop_assert_eq!(found.as_ref().ok(), expected.as_ref(), "{:?}", step);
            if found.is_err() {
                prop_assert_eq!(sandbox.storage(), before, "a refusal changes nothing");
            }
            let (pages, all) = (sandbox.run(|_| paged(&lots)), model.lots.iter());
            let all: Vec<_> = all.map(|(entry, left)| (*entry, Amount(*left))).collect();
            prop_assert_eq!(pages, all);
            let mut behind = 0;
            for who in [ANA, BEN] {
                let mine = model.lots.iter().filter(|((of, _), _)| *of == who);
                let mine: Vec<_> = mine.map(|((_, key), left)| (*key, Amount(*left))).collect();
                let (open, wallet) = sandbox.run(|_| (lots.lots(who, None, 999), lots.wallet(who)));
                let open: Vec<_> = open.iter().map(|(key, lot)| (*key, lot.remaining)).collect();
                prop_assert_eq!(&open, &mine);
                behind += mine.len().saturating_sub(8);
                for class in [Class::Policy, Class::Bonus, Class::Own] {
                    let lots = mine.iter().filter(|(key, _)| key.class == class);
                    let sum = lots.map(|(_, amount)| amount.0).sum();
                    prop_assert_eq!(wallet.of(class), Amount(sum));
                }
                let own = mine.iter().filter(|(key, _)| key.class == Class::Own);
                let bought = own.clone().filter(|(key, _)| key.is_bought()).count();
                let counts = (wallet.bought_lots as usize, wallet.gift_lots as usize);
                prop_assert_eq!(counts, (bought, own.count() - bought));
            }
            let apart = sandbox.storage().into_keys().filter(|key| key.starts_with(&[0, 0, 0]));
            prop_assert_eq!(apart.count(), behind, "the first eight lie with the sums");
        }
    }
}
