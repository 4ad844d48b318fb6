//! What lies in a wallet: prices, expiry, gifts of strangers.

use crate::{
    city::{DAY, START, WON, account, id, merchant},
    scene::{Scene, scheme},
};
use dure_sdk::{
    Amount, TimestampMs,
    domain::{
        calendar::Period,
        lots::LotsError,
        policy::{Bracket, Brackets},
        pool::OnShort,
    },
};
use regional_currency::regional::{Error, Scheme, TopUp, call};

#[test]
fn the_citys_part_of_money_that_expired_is_not_claimed() {
    let mut scene = Scene::new();
    scene.buy(1, 9_999).unwrap();
    // 999 were the city's; of 5,000 that remain floor(5,000 x 9,000 / 9,999) = 4,500 were paid.
    scene.pay(0, 2, 4_999).unwrap();
    let pool = scene.pool(1);
    assert_eq!(scene.at(40 * DAY).city(&call::expire(account(0), 9)), Ok(2));
    assert_eq!(scene.holding(), [0, 0, 0, 0, 4_500]);
    assert_eq!(scene.pool(1), pool + 500 + 499, "the city's part, and the cashback");
    scene.books_balance();
}

#[test]
fn a_gift_that_expired_is_worth_what_was_paid_for_it() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.by(account(0), &call::give(account(2), Amount(5_001))).unwrap();
    // Used up and given back, it has its price still.
    let pay = call::pay(merchant(1), Amount(5_001), id(2));
    scene.by(account(2), &pay).unwrap();
    let cancel = call::cancel(id(3), account(2), id(2), Amount(5_001));
    scene.by(merchant(1), &cancel).unwrap();
    scene.at(40 * DAY).city(&call::expire(account(2), 9)).unwrap();
    assert_eq!(scene.holding_of(account(2)), [0, 0, 0, 0, 4_500], "4,500.9 rounded down");
    scene.books_balance();
}

#[test]
fn what_was_spent_of_a_gift_does_not_price_the_next_one() {
    let none = Brackets::new(vec![]).unwrap();
    let plain = Scheme { discount: none, cashback: None, ..scheme() };
    for (spent, worth) in [(100, 100), (50, 145)] {
        let mut scene = Scene::new();
        assert_eq!(scene.buy(1, 100), Ok(Amount(90)));
        scene.by(account(0), &call::give(account(2), Amount(100))).unwrap();
        scene.by(account(2), &call::pay(merchant(1), Amount(spent), id(2))).unwrap();
        // The next one was paid in full, and is of the same day and for the same shops.
        scene.city(&call::schedule_scheme(plain.clone(), TimestampMs(START + 1))).unwrap();
        assert_eq!(scene.at(1).buy(3, 100), Ok(Amount(100)));
        scene.by(account(0), &call::give(account(2), Amount(100))).unwrap();
        scene.at(40 * DAY).city(&call::expire(account(2), 9)).unwrap();
        assert_eq!(scene.holding_of(account(2))[4], worth, "{spent} of 100 at 90 was spent");
        scene.books_balance();
    }
}

#[test]
fn a_payment_cancelled_in_parts_after_the_expiry_is_divided_as_one() {
    let mut ends = Vec::new();
    for parts in [&[10u128][..], &[3, 3, 3, 1]] {
        let mut scene = Scene::new();
        scene.buy(1, 11).unwrap();
        scene.pay(1, 2, 10).unwrap();
        scene.at(40 * DAY).city(&call::expire(account(0), 9)).unwrap();
        for (number, part) in (10..).zip(parts) {
            scene.cancel(1, number, 2, *part).unwrap();
        }
        scene.books_balance();
        ends.push((scene.holding(), scene.pool(1)));
    }
    assert_eq!(ends[0], ends[1]);
    // floor(1 x 10 / 11) and floor(10 x 10 / 11).
    assert_eq!(ends[0].0, [0, 0, 0, 0, 9]);
}

#[test]
fn gifts_of_one_won_stop_neither_a_purchase_nor_a_payment() {
    let mut scene = Scene::new();
    scene.buy(1, 20_000).unwrap();
    // A stranger has money of many expiries.
    for day in 0..17 {
        scene.at(day * DAY);
        scene.city(&call::sell(id(100 + day), account(2), Amount(100))).unwrap();
    }
    let mut give = || scene.by(account(2), &call::give(account(0), Amount(100)));
    for _ in 0..16 {
        give().unwrap();
    }
    let full = LotsError::TooManyGifts { limit: 16 };
    assert_eq!(give(), Err(Error::Lots(full)), "the stranger is refused");
    for number in 2..18 {
        scene.buy(number, 1_000).unwrap();
    }
    // 16 gifts and 16 purchases in one payment; who has more pays in two.
    let parts =
        LotsError::TooManyParts { covered: Amount(36_600), wanted: Amount(36_601), limit: 16 };
    assert_eq!(scene.pay(1, 300, 36_601), Err(Error::Lots(parts)));
    scene.pay(1, 300, 36_600).unwrap();
    scene.pay(1, 301, 1_000).unwrap();
    scene.books_balance();
}

#[test]
fn the_price_of_a_bonus_that_went_back_is_not_kept_back_again() {
    let rates = Brackets::new(vec![Bracket { up_to: Amount(100_000), rate_bp: 1_000 }]).unwrap();
    let validity = Period::Days(5);
    let top_up = TopUp { rates, validity, set: 1, on_short: OnShort::Reject };
    let none = Brackets::new(vec![]).unwrap();
    let with = Scheme { discount: none, top_up: Some(top_up), cashback: None, ..scheme() };
    for (spent, refund) in [(0, 10_000), (400, 9_600), (1_000, 9_000)] {
        let mut scene = Scene::new();
        scene.city(&call::schedule_scheme(with.clone(), TimestampMs(START + 1))).unwrap();
        scene.at(1);
        assert_eq!(scene.buy(1, 10_000), Ok(Amount(10_000)));
        if spent > 0 {
            scene.pay(0, 2, spent).unwrap();
        }
        let lots = scene.0.ask(WON, &call::lots(account(0), None, 9)).unwrap();
        let (lot, _) = lots[lots.len() - 1];
        scene.at(10 * DAY);
        assert_eq!(scene.by(account(0), &call::refund(lot)), Ok(Amount(refund)), "{spent}");
        assert_eq!(scene.pool(0), 50_000, "what was spent of the bonus was kept back, once");
        scene.books_balance();
    }
}

#[test]
fn a_bonus_that_comes_back_too_late_costs_its_holder_nothing() {
    let rates = Brackets::new(vec![Bracket { up_to: Amount(100_000), rate_bp: 1_000 }]).unwrap();
    let validity = Period::Days(5);
    let top_up = TopUp { rates, validity, set: 1, on_short: OnShort::Reject };
    let none = Brackets::new(vec![]).unwrap();
    let with = Scheme { discount: none, top_up: Some(top_up), cashback: None, ..scheme() };
    // Own money comes back first, so a cancel in parts ends it before the bonus.
    for (face, parts) in [
        (10_000, vec![11_000]),
        (10_000, vec![10_000, 1_000]),
        (9_999, vec![10_998]),
        (9_999, vec![47; 234]),
    ] {
        let mut scene = Scene::new();
        scene.city(&call::schedule_scheme(with.clone(), TimestampMs(START + 1))).unwrap();
        scene.at(1).buy(1, face).unwrap();
        scene.pay(0, 2, parts.iter().sum()).unwrap();
        scene.at(40 * DAY);
        for (number, part) in (3..).zip(&parts) {
            scene.cancel(0, number, 2, *part).unwrap();
        }
        assert_eq!(scene.holding(), [0, 0, 0, 0, face], "{parts:?}");
        let bonus = face / 10;
        assert_eq!((scene.pool(0), scene.pool(1)), (50_000 - bonus, 50_000 + bonus));
        scene.books_balance();
    }
}
