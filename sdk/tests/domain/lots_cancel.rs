//! Cashback and cancels of lots (rules C4 and C5).

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::{
        calendar::Date,
        lots::{
            Cancelled, Class, Credited, Earning, LotKey, Lots, LotsError, Part, PaymentOrder,
            Purchase, Standing,
        },
    },
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ANA: Address = Address([1; 32]);
const PERSON: Hash = Hash([7; 32]);
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn lots() -> Lots {
    Lots::open(Place::field(0))
}

/// Midnight in Korea.
fn on(month: u32, day: u32) -> TimestampMs {
    Date::new(2026, month, day).expect("a date").day().start()
}

fn id(number: u8) -> Hash {
    Hash([number; 32])
}

/// A bonus that expires at the beginning of that month of 2027.
fn bonus(month: u32) -> LotKey {
    let expiry = Date::new(2027, month, 1).expect("a date").day().start();
    LotKey { class: Class::Bonus, expiry, programme: 1, set: 0, purchase: 0 }
}

fn allowance(programme: u32) -> LotKey {
    LotKey { class: Class::Policy, programme, ..bonus(1) }
}

/// Ten percent of the first 500,000 a month.
fn terms() -> Earning {
    Earning { tier_bp: 1_000, base_cap: Amount(500_000), credit: bonus(6) }
}

/// Pays as a contract does, and says what was credited.
fn pay(lots: &mut Lots, number: u8, amount: u128, terms: &Earning, now: TimestampMs) -> Credited {
    try_pay(lots, number, amount, terms, now).expect("enough money")
}

fn try_pay(
    lots: &mut Lots,
    number: u8,
    amount: u128,
    terms: &Earning,
    now: TimestampMs,
) -> Result<Credited, LotsError> {
    let plan = lots.plan(ANA, Amount(amount), now, |_| true)?;
    let accrual = lots.earn(PERSON, &plan, terms, now);
    let (id, payee) = (lots.new_id(id(number))?, Address([9; 32]));
    let order = PaymentOrder { id, payer: ANA, person: PERSON, payee, time: now };
    lots.pay(order, plan, &accrual, terms.credit)
}

fn standing(lots: &Lots) -> Standing {
    lots.standing(PERSON)
}

fn purchase(face: u128, paid: u128, expiry: TimestampMs) -> Purchase {
    let (face, paid, bonus) = (Amount(face), Amount(paid), Amount(0));
    Purchase { face, paid, bonus, set: 0, expiry }
}

fn buy(lots: &mut Lots, face: u128, now: TimestampMs) {
    lots.buy(ANA, PERSON, &purchase(face, face, on(12, 31)), now).expect("room");
}

fn cancelled(spendable: u128, recovered: u128, owed: u128) -> Result<Cancelled, LotsError> {
    Ok(Cancelled {
        spendable: Amount(spendable),
        recovered: Amount(recovered),
        owed: Amount(owed),
        ..Cancelled::default()
    })
}

#[test]
fn only_own_money_earns_and_only_up_to_the_base_of_the_month() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        buy(&mut lots, 700_000, now);
        lots.grant(ANA, allowance(7), Amount(30_000), now).unwrap();
        // 30,000 of the allowance earn nothing, 400,000 of own money earn 40,000.
        let credited = pay(&mut lots, 1, 430_000, &terms(), now);
        assert_eq!(credited, Credited { recovered: Amount(0), credited: Amount(40_000) });
        // 40,000 of bonus first, then 160,000 of own money, of which 100,000 are left of the base.
        let credited = pay(&mut lots, 2, 200_000, &terms(), now);
        assert_eq!(credited.credited, Amount(10_000));
        assert_eq!(standing(&lots).base_used, Amount(500_000));
        // The next month has its own base.
        let credited = pay(&mut lots, 3, 20_009, &terms(), on(4, 1));
        assert_eq!(credited.credited, Amount(1_000), "10,009 of own money, rounded down");
        assert_eq!(standing(&lots).base_used, Amount(10_009));
    });
}

#[test]
fn a_cancel_gives_back_the_very_lots_in_reverse() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        lots.grant(ANA, allowance(7), Amount(100), now).unwrap();
        lots.grant(ANA, bonus(2), Amount(50), now).unwrap();
        buy(&mut lots, 200, now);
        let before = lots.lots(ANA, None, 9);
        let free = Earning { tier_bp: 0, ..terms() };
        pay(&mut lots, 1, 300, &free, now);
        // Own money comes back first, to the price it was bought at.
        assert_eq!(lots.cancel(id(1), ANA, Amount(150), now), cancelled(150, 0, 0));
        assert_eq!(lots.wallet(ANA).own, Amount(200));
        assert_eq!(lots.lots(ANA, None, 9), before[2..]);
        assert_eq!(lots.cancel(id(1), ANA, Amount(20), now), cancelled(20, 0, 0));
        assert_eq!((lots.wallet(ANA).bonus, lots.wallet(ANA).policy), (Amount(20), Amount(0)));
        let above = LotsError::AbovePayment { left: Amount(130), wanted: Amount(131) };
        assert_eq!(lots.cancel(id(1), ANA, Amount(131), now), Err(above));
        assert_eq!(lots.cancel(id(1), ANA, Amount(130), now), cancelled(130, 0, 0));
        assert_eq!(lots.lots(ANA, None, 9), before);
        assert_eq!(lots.cancel(id(1), ANA, Amount(0), now), Err(LotsError::Nought));
    });
}

#[test]
fn a_lot_that_was_used_up_comes_back_with_its_price() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        let free = Earning { tier_bp: 0, ..terms() };
        let key = lots.buy(ANA, PERSON, &purchase(100, 94, on(12, 31)), now).unwrap();
        let before = lots.lots(ANA, None, 9);
        pay(&mut lots, 1, 60, &free, now);
        lots.give(ANA, PERSON, Address([2; 32]), Amount(10), now).unwrap();
        pay(&mut lots, 2, 30, &free, now);
        assert_eq!(lots.lots(ANA, None, 9), []);
        lots.cancel(id(1), ANA, Amount(60), now).unwrap();
        lots.cancel(id(2), ANA, Amount(30), now).unwrap();
        let (found, lot) = lots.lots(ANA, None, 9)[0];
        assert_eq!((found, lot.remaining, lot.gifted), (key, Amount(90), Amount(10)));
        assert_eq!((lot.face, lot.paid), (before[0].1.face, before[0].1.paid));
    });
    // Part 1 of the field has the lots that are used up.
    let stored = sandbox.storage();
    assert!(!stored.keys().any(|key| key.starts_with(&[0, 0, 1])), "it is open again");
}

#[test]
fn cashback_is_clawed_from_its_lot_then_any_bonus_then_owed() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        buy(&mut lots, 1_000, now);
        assert_eq!(pay(&mut lots, 1, 1_000, &terms(), now).credited, Amount(100));
        // 60 of the cashback are spent; 25 of another bonus are there.
        pay(&mut lots, 2, 60, &terms(), now);
        lots.grant(ANA, bonus(1), Amount(25), now).unwrap();
        assert_eq!(lots.cancel(id(1), ANA, Amount(1_000), now), cancelled(1_000, 65, 35));
        let wallet = lots.wallet(ANA);
        assert_eq!(
            (wallet.bonus, wallet.own, standing(&lots).debt),
            (Amount(0), Amount(1_000), Amount(35))
        );
        // The next cashback pays the debt before the holder gets any.
        let credited = pay(&mut lots, 3, 500, &terms(), now);
        assert_eq!(credited, Credited { recovered: Amount(35), credited: Amount(15) });
        assert_eq!(standing(&lots).debt, Amount(0));
    });
}

#[test]
fn what_was_paid_of_a_debt_is_not_taken_again() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        buy(&mut lots, 1_000, now);
        pay(&mut lots, 1, 800, &terms(), now);
        pay(&mut lots, 2, 80, &terms(), now);
        // Half of the first is cancelled with no bonus there: 40 are owed; then 20 are earned.
        assert_eq!(lots.cancel(id(1), ANA, Amount(400), now), cancelled(400, 0, 40));
        let credited = pay(&mut lots, 3, 200, &terms(), now);
        assert_eq!(credited, Credited { recovered: Amount(20), credited: Amount(0) });
        assert_eq!(lots.cancel(id(1), ANA, Amount(400), now), cancelled(400, 0, 40));
        assert_eq!(standing(&lots).debt, Amount(60));
        assert_eq!(lots.payment(id(1)).map(|payment| payment.settled), Some(Amount(20)));
    });
}

#[test]
fn a_cancel_in_the_month_of_the_payment_restores_the_base_and_later_does_not() {
    for (cancelled_on, left) in [(on(3, 31), Amount(60_000)), (on(4, 1), Amount(100_000))] {
        Sandbox::new().run(|_| {
            let (mut lots, now) = (lots(), on(3, 5));
            buy(&mut lots, 100_000, now);
            pay(&mut lots, 1, 100_000, &terms(), now);
            lots.cancel(id(1), ANA, Amount(40_000), cancelled_on).unwrap();
            assert_eq!(standing(&lots).base_used, left);
        });
    }
}

#[test]
fn a_cancel_of_last_months_payment_leaves_this_months_base_alone() {
    Sandbox::new().run(|_| {
        let mut lots = lots();
        buy(&mut lots, 100_000, on(3, 5));
        pay(&mut lots, 1, 40_000, &terms(), on(3, 5));
        pay(&mut lots, 2, 30_000, &terms(), on(4, 1));
        let earned = standing(&lots).base_used;
        assert_eq!(earned, Amount(26_000), "4,000 of the payment was cashback");
        lots.cancel(id(1), ANA, Amount(40_000), on(4, 2)).unwrap();
        assert_eq!(standing(&lots).base_used, earned);
    });
}

#[test]
fn the_terms_of_the_payment_decide_what_a_cancel_claws_back() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        buy(&mut lots, 600_000, now);
        // Only 500,000 of 600,000 earn: cancelling 100,000 takes nothing back, one more does.
        pay(&mut lots, 1, 600_000, &terms(), now);
        assert_eq!(lots.cancel(id(1), ANA, Amount(100_000), now), cancelled(100_000, 0, 0));
        assert_eq!(lots.cancel(id(1), ANA, Amount(1), now), cancelled(1, 1, 0));
        assert_eq!(lots.cancel(id(1), ANA, Amount(9), now), cancelled(9, 0, 0));
        assert_eq!(lots.cancel(id(1), ANA, Amount(1), now), cancelled(1, 1, 0));
    });
}

#[test]
fn what_expired_meanwhile_is_not_given_back_for_spending() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        let free = Earning { tier_bp: 0, ..terms() };
        let [grant, gain] = [allowance(7), bonus(1)].map(|key| LotKey { expiry: on(6, 1), ..key });
        lots.grant(ANA, grant, Amount(10), now).unwrap();
        lots.grant(ANA, gain, Amount(20), now).unwrap();
        let bought = lots.buy(ANA, PERSON, &purchase(30, 28, on(6, 1)), now).unwrap();
        pay(&mut lots, 1, 60, &free, now);
        lots.expire(ANA, on(6, 1), 9);
        let found = lots.cancel(id(1), ANA, Amount(55), on(6, 1));
        let found = found.unwrap();
        let ended = found.expired.iter().map(|ended| {
            let division = ended.division;
            (ended.lot.key, division.amount.0, division.to_holder.0, division.to_pool.0)
        });
        // 28 were paid for the 30 of own money.
        let expected = [(bought, 30, 28, 2), (gain, 20, 0, 20), (grant, 5, 0, 5)];
        assert_eq!(ended.collect::<Vec<_>>(), expected);
        assert_eq!(found.spendable, Amount(0));
        assert_eq!((lots.unclaimed(ANA), lots.holding(ANA)), (Amount(28), Amount(0)));
    });
}

#[test]
fn a_payment_id_is_used_once() {
    Sandbox::new().run(|_| {
        let (mut lots, now) = (lots(), on(3, 5));
        buy(&mut lots, 100, now);
        pay(&mut lots, 1, 10, &terms(), now);
        let again = try_pay(&mut lots, 1, 10, &terms(), now);
        assert_eq!(again, Err(LotsError::PaymentExists { id: id(1) }));
        let unknown = Err(LotsError::UnknownPayment { id: id(9) });
        assert_eq!(lots.cancel(id(9), ANA, Amount(1), now), unknown);
        let terms = Earning { credit: allowance(1), ..terms() };
        let refused = try_pay(&mut lots, 2, 10, &terms, now);
        assert_eq!(refused, Err(LotsError::WrongClass { class: Class::Policy }));
    });
}

/// A wallet with some lots, and payments after each of which bonus may be granted.
#[derive(Clone, Debug)]
struct Story {
    bought: Vec<u128>,
    granted: Vec<(bool, u32, u128)>,
    /// Amount, month in which the cashback expires, base cap; then a grant of bonus.
    payments: Vec<(u128, u32, u128, (u32, u128))>,
}

fn any_story() -> impl Strategy<Value = Story> {
    // Sometimes more lots than the front of a purse has.
    let bought = prop::collection::vec(1u128..3_000, 1..12);
    let granted = prop::collection::vec((any::<bool>(), 1u32..4, 1u128..500), 0..5);
    let payment = (1u128..4_000, 1u32..4, 0u128..6_000, (1u32..4, 0u128..60));
    let payments = prop::collection::vec(payment, 1..5);
    (bought, granted, payments).prop_map(|(bought, granted, payments)| Story {
        bought,
        granted,
        payments,
    })
}

/// Plays a story, and says which payments were made and what the pool gave less what it got back.
fn play(lots: &mut Lots, story: &Story) -> (Vec<u8>, u128) {
    let now = on(3, 5);
    for face in &story.bought {
        buy(lots, *face, now);
    }
    for (is_bonus, month, amount) in &story.granted {
        let key = if *is_bonus { bonus(*month) } else { allowance(*month) };
        lots.grant(ANA, key, Amount(*amount), now).expect("it is live");
    }
    let (mut made, mut pool) = (Vec::new(), 0);
    for (number, (amount, month, cap, (granted, bonus_amount))) in (0..).zip(&story.payments) {
        let terms = Earning { tier_bp: 1_300, base_cap: Amount(*cap), credit: bonus(*month) };
        if let Ok(credited) = try_pay(lots, number, *amount, &terms, now) {
            made.push(number);
            pool += credited.credited.0;
        }
        if *bonus_amount > 0 {
            lots.grant(ANA, bonus(*granted), Amount(*bonus_amount), now).expect("it is live");
        }
    }
    (made, pool)
}

fn amount_of(parts: &[Part], own_only: bool) -> u128 {
    let parts = parts.iter().filter(|part| !own_only || part.key.class == Class::Own);
    parts.map(|part| part.amount.0).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_split_of_a_full_cancel_ends_in_the_same_state(
        story in any_story(),
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(1u128..2_000, 0..6),
        hours in 0u64..23,
    ) {
        let mut ends: Vec<BTreeMap<_, _>> = Vec::new();
        let mut sums = Vec::new();
        for split in [false, true] {
            let (mut sandbox, mut lots) = (Sandbox::new(), lots());
            let sum = sandbox.run(|_| {
                let (made, _) = play(&mut lots, &story);
                if made.is_empty() {
                    return None;
                }
                let id = id(*which.get(&made));
                let mut left = amount_of(&lots.payment(id)?.taken, false);
                let cuts: &[u128] = if split { &cuts } else { &[] };
                let (mut got, mut now) = (Cancelled::default(), on(3, 5));
                for part in cuts.iter().copied().chain([u128::MAX]) {
                    let part = part.min(left);
                    if part == 0 {
                        break;
                    }
                    let now_ms = if left == part { hours * 60 * 60 * 1_000 } else { 0 };
                    now = TimestampMs(now.0.max(on(3, 5).0 + now_ms));
                    let step = lots.cancel(id, ANA, Amount(part), now).expect("it remains");
                    got.spendable = Amount(got.spendable.0 + step.spendable.0);
                    got.recovered = Amount(got.recovered.0 + step.recovered.0);
                    left -= part;
                }
                Some((got.spendable, got.recovered, lots.wallet(ANA), standing(&lots)))
            });
            ends.push(sandbox.storage());
            sums.push(sum);
        }
        prop_assert_eq!(&sums[0], &sums[1]);
        prop_assert_eq!(&ends[0], &ends[1], "every stored byte is the same");
    }

    #[test]
    fn the_pool_has_given_what_payments_earn_and_what_is_owed(
        story in any_story(),
        cancels in prop::collection::vec((any::<prop::sample::Index>(), 1u128..3_000), 0..8),
        later in 0u64..3,
    ) {
        Sandbox::new().run(|_| {
            let mut lots = lots();
            let (made, mut pool) = play(&mut lots, &story);
            if made.is_empty() {
                return Ok(());
            }
            let now = TimestampMs(on(3, 30).0 + later * DAY_MS);
            let mut number = 100;
            for (which, amount) in cancels {
                let id = id(*which.get(&made));
                let mut parts = lots.payment(id).expect("made").taken;
                let left = amount_of(&parts, false);
                if left == 0 {
                    continue;
                }
                let before = lots.wallet(ANA);
                let amount = amount.min(left);
                let got = lots.cancel(id, ANA, Amount(amount), now).expect("it remains");
                pool -= got.recovered.0;
                prop_assert_eq!(got.spendable, Amount(amount), "nothing has expired");
                // What was given back is the end of what was taken.
                let after = lots.payment(id).expect("made").taken;
                let mut back = amount;
                while back > 0 {
                    let last = parts.last_mut().expect("there is some");
                    let part = back.min(last.amount.0);
                    last.amount.0 -= part;
                    back -= part;
                    if last.amount.0 == 0 {
                        parts.pop();
                    }
                }
                prop_assert_eq!(after, parts);
                let (wallet, debt) = (lots.wallet(ANA), standing(&lots).debt);
                let all = |wallet: &dure_sdk::domain::lots::Wallet| {
                    wallet.own.0 + wallet.bonus.0 + wallet.policy.0
                };
                prop_assert_eq!(all(&wallet), all(&before) + amount - got.recovered.0);
                // A payment between cancels: its cashback pays the debt first.
                let terms = Earning { base_cap: Amount(9_000), ..terms() };
                if let Ok(credited) = try_pay(&mut lots, number, 37, &terms, now) {
                    let paid = debt.min(Amount(credited.credited.0 + credited.recovered.0));
                    prop_assert_eq!(credited.recovered, paid);
                    pool += credited.credited.0;
                }
                number += 1;
            }
            // For every payment what it earns on what remains, by the formula.
            let payments = made.into_iter().chain(100..number);
            let earned = payments.filter_map(|number| lots.payment(id(number))).map(|payment| {
                let own = amount_of(&payment.taken, true).min(payment.earned.base_room.0);
                own * u128::from(payment.earned.tier_bp) / 10_000
            });
            prop_assert_eq!(pool, earned.sum::<u128>() + standing(&lots).debt.0);
            Ok(())
        })?;
    }
}
