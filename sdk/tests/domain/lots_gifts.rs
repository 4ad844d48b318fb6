//! What a gift is worth when it is over (rules C5 and C6): never more than what was paid for it,
//! rounded down once, whatever is spent, given on and cancelled before.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::lots::{Accrual, Class, Lot, LotKey, Lots, LotsError, PaymentOrder, Purchase},
    native::Sandbox,
};
use proptest::prelude::*;

const ANA: Address = Address([1; 32]);
/// Who are given something.
const GIVEN: [Address; 2] = [Address([2; 32]), Address([3; 32])];
const SHOP: Address = Address([9; 32]);
const NOW: TimestampMs = TimestampMs(1_000);
const END: TimestampMs = TimestampMs(9_000);

fn person(holder: Address) -> Hash {
    Hash(holder.0)
}

/// Buys at a price, and gives all of it away.
fn gift(lots: &mut Lots, to: Address, (face, paid): (u128, u128)) {
    let (face, paid, bonus) = (Amount(face), Amount(paid), Amount(0));
    let purchase = Purchase { face, paid, bonus, set: 0, expiry: END };
    lots.buy(ANA, person(ANA), &purchase, NOW).expect("room");
    lots.give(ANA, person(ANA), to, face, NOW).expect("it is there");
}

fn pay(lots: &mut Lots, by: Address, number: u8, amount: u128) -> Result<(), LotsError> {
    let plan = lots.plan(by, Amount(amount), NOW, |_| true)?;
    let id = lots.new_id(Hash([number; 32]))?;
    let order = PaymentOrder { id, payer: by, person: person(by), payee: SHOP, time: NOW };
    let none = LotKey { class: Class::Bonus, expiry: END, programme: 1, set: 0, purchase: 0 };
    lots.pay(order, plan, &Accrual::nothing(), none).map(drop)
}

/// What is there, and what of it could be claimed if it were over now.
fn worth(lots: &Lots) -> (u128, u128) {
    let all = GIVEN.into_iter().flat_map(|holder| lots.lots(holder, None, 99));
    let of = |lot: Lot| (lot.remaining.0, lot.divide(lot.remaining).to_holder.0);
    all.map(|(_, lot)| of(lot)).fold((0, 0), |sum, lot| (sum.0 + lot.0, sum.1 + lot.1))
}

/// What holders claim once all is over.
fn claims(lots: &mut Lots) -> u128 {
    GIVEN.into_iter().for_each(|holder| drop(lots.expire(holder, END, 99)));
    GIVEN.map(|holder| lots.unclaimed(holder).0).iter().sum()
}

/// A gift of which so many single won are spent, and what is claimed of the rest.
fn check_singles(price: (u128, u128), spent: u8, claimed: u128) {
    Sandbox::new().run(|_| {
        let mut lots = Lots::open(Place::field(0));
        gift(&mut lots, GIVEN[0], price);
        (0..spent).for_each(|number| pay(&mut lots, GIVEN[0], number, 1).expect("it is there"));
        assert_eq!(claims(&mut lots), claimed, "{price:?} less {spent}");
    });
}

#[test]
fn single_won_spent_of_a_gift_take_their_price_along() {
    check_singles((100, 94), 6, 88);
    check_singles((10_000, 9_000), 200, 8_820);
    check_singles((100, 94), 0, 94);
}

#[derive(Clone, Debug)]
enum Step {
    Pay {
        by: usize,
        amount: u128,
    },
    Give {
        from: usize,
        amount: u128,
    },
    Cancel {
        which: prop::sample::Index,
        amount: u128,
    },
    /// A gift of another price.
    Join {
        to: usize,
        price: (u128, u128),
    },
}

fn any_price() -> impl Strategy<Value = (u128, u128)> {
    (1u128..400, 0u128..=100).prop_map(|(face, percent)| (face, face * percent / 100))
}

fn any_step() -> impl Strategy<Value = Step> {
    let small = || prop_oneof![Just(1u128), 1u128..4, 1u128..200];
    prop_oneof![
        4 => (0..2usize, small()).prop_map(|(by, amount)| Step::Pay { by, amount }),
        2 => (0..2usize, small()).prop_map(|(from, amount)| Step::Give { from, amount }),
        3 => (any::<prop::sample::Index>(), small())
            .prop_map(|(which, amount)| Step::Cancel { which, amount }),
        1 => (0..2usize, any_price()).prop_map(|(to, price)| Step::Join { to, price }),
    ]
}

/// Payments: by whom, and what of each is not cancelled.
type Made = Vec<(Address, u128)>;

fn cancel(lots: &mut Lots, made: &mut Made, which: usize, amount: u128, now: TimestampMs) -> u128 {
    let (payer, left) = &mut made[which];
    let amount = amount.min(*left);
    if amount > 0 {
        let id = Hash([which as u8; 32]);
        lots.cancel(id, *payer, Amount(amount), now).expect("it remains");
        *left -= amount;
    }
    amount
}

/// Plays a step; says whether it was a gift of another price.
fn play(lots: &mut Lots, made: &mut Made, step: &Step) -> Option<u128> {
    match step {
        Step::Pay { by, amount } => {
            if pay(lots, GIVEN[*by], made.len() as u8, *amount).is_ok() {
                made.push((GIVEN[*by], *amount));
            }
        }
        Step::Give { from, amount } => {
            let (from, to) = (GIVEN[*from], GIVEN[1 - from]);
            // Refused where there is less.
            let _ = lots.give(from, person(from), to, Amount(*amount), NOW);
        }
        Step::Cancel { which, amount } if !made.is_empty() => {
            let which = which.index(made.len());
            cancel(lots, made, which, *amount, NOW);
        }
        Step::Cancel { .. } => {}
        Step::Join { to, price } => {
            gift(lots, GIVEN[*to], *price);
            return Some(price.1);
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn nobody_claims_more_of_gifts_than_their_price_rounded_down(
        price in any_price(),
        steps in prop::collection::vec(any_step(), 1..40),
        late in prop::collection::vec((any::<prop::sample::Index>(), 1u128..9), 0..20),
    ) {
        let (face, paid) = price;
        Sandbox::new().run(|_| {
            let (mut lots, mut made) = (Lots::open(Place::field(0)), Made::new());
            gift(&mut lots, GIVEN[0], price);
            let (mut paid_in, mut alone) = (paid, true);
            for step in &steps {
                if let Some(more) = play(&mut lots, &mut made, step) {
                    (paid_in, alone) = (paid_in + more, false);
                }
                let (left, claimable) = worth(&lots);
                prop_assert!(claimable <= paid_in);
                if alone {
                    prop_assert!(claimable <= left * paid / face, "{} of {}", claimable, left);
                }
            }
            // What is cancelled once all is over counts alike.
            let (mut left, _) = worth(&lots);
            let _ = claims(&mut lots);
            for (which, amount) in late.iter().take(if made.is_empty() { 0 } else { late.len() }) {
                let which = which.index(made.len());
                left += cancel(&mut lots, &mut made, which, *amount, END);
                let claimed = claims(&mut lots);
                prop_assert!(claimed <= paid_in);
                if alone {
                    prop_assert!(claimed <= left * paid / face, "{} of {}", claimed, left);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_gift_that_is_spent_and_cancelled_in_parts_is_as_it_was(
        price in any_price(),
        pays in prop::collection::vec(1u128..60, 1..12),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1u128..20), 0..40),
    ) {
        Sandbox::new().run(|_| {
            let (mut lots, mut made) = (Lots::open(Place::field(0)), Made::new());
            gift(&mut lots, GIVEN[0], price);
            let before = lots.lots(GIVEN[0], None, 9);
            for amount in pays {
                let _ = play(&mut lots, &mut made, &Step::Pay { by: 0, amount });
            }
            for (which, amount) in cuts.iter().take(if made.is_empty() { 0 } else { cuts.len() }) {
                let which = which.index(made.len());
                cancel(&mut lots, &mut made, which, *amount, NOW);
            }
            for which in 0..made.len() {
                cancel(&mut lots, &mut made, which, u128::MAX, NOW);
            }
            prop_assert_eq!(lots.lots(GIVEN[0], None, 9), before);
            Ok(())
        })?;
    }
}
