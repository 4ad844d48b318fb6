//! What went wrong elsewhere, and what a reviewer found here, by name.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[path = "../../../altered.rs"]
mod altered;
#[path = "../city/mod.rs"]
mod city;
mod issuers;
mod orders;
mod persons;
mod race;
mod recovery;
mod scene;
mod wallets;

use altered::altered;
use city::{CITY, DAY, PROGRAMME, REGISTRY, START, WON, account, id, merchant};
use dure_sdk::{
    Amount, TimestampMs,
    domain::{
        calendar::Month,
        lots::LotsError,
        policy::{Bracket, Brackets},
        pool::PoolError,
        registry::Status,
        split::ReceivablesError,
    },
};
use merchants::merchants::call as registry;
use regional_currency::regional::{Error, Scheme, call};
use scene::{HOUR, Scene, scheme};
use std::collections::BTreeSet;

#[test]
fn cashback_farmed_by_cancelling_is_taken_back() {
    let mut scene = Scene::new();
    scene.buy(1, 50_000).unwrap();
    for round in 0..5 {
        assert_eq!(scene.pay(0, 10 + round, 20_000), Ok(Amount(2_000)));
        scene.cancel(0, 20 + round, 10 + round, 20_000).unwrap();
        assert_eq!(scene.holding(), [50_000, 0, 0, 0, 0]);
    }
    assert_eq!(scene.pool(0), 45_000, "the discount alone was given");
    scene.books_balance();
}

#[test]
fn a_cancel_after_the_lots_expired_gives_back_to_their_sources() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.grant(2, 5_000).unwrap();
    // The allowance first, then own money.
    scene.pay(0, 2, 8_000).unwrap();
    assert_eq!(scene.holding(), [7_000, 300, 0, 0, 0]);
    scene.at(40 * DAY).cancel(0, 3, 2, 8_000).unwrap();
    // What was paid for own money can be claimed; the allowance is the programme's; the cashback
    // and the discount are the pool's of April.
    assert_eq!(scene.holding(), [7_000, 0, 0, 0, 2_700]);
    assert_eq!(scene.pool(1), 50_600);
    assert_eq!(scene.city(&call::drain_programme(PROGRAMME)), Ok(Amount(20_000)));
    scene.books_balance();
}

#[test]
fn a_cancel_in_the_next_month_restores_nothing_of_either() {
    let mut scene = Scene::new();
    scene.at(29 * DAY).buy(1, 100_000).unwrap();
    assert_eq!(scene.pay(0, 2, 50_000), Ok(Amount(5_000)));
    let march = scene.pool(0);
    scene.at(31 * DAY + HOUR).cancel(0, 3, 2, 50_000).unwrap();
    assert_eq!((scene.pool(0), scene.pool(1)), (march, 55_000), "booked when it came back");
    // April's base is untouched: 50,000 earn in full.
    assert_eq!(scene.pay(0, 4, 50_000), Ok(Amount(5_000)));
    assert_eq!(scene.pay(0, 5, 1_000), Ok(Amount(0)));
    scene.books_balance();
}

#[test]
fn at_midnight_in_korea_a_month_begins_and_what_ends_then_is_over() {
    let mut scene = Scene::new();
    let last = 31 * DAY;
    scene.at(last - 1).buy(1, 100_000).unwrap();
    // March is used up: no discount, and what has none is not capped.
    assert_eq!(scene.buy(2, 1_000), Ok(Amount(1_000)));
    assert_eq!(scene.at(last).buy(3, 1_000), Ok(Amount(900)));
    // Bought on 31 March for 30 days: the first is not counted, so it ends with 30 April.
    assert_eq!(scene.at(61 * DAY - 1).pay(0, 3, 1).map(|_| ()), Ok(()));
    // At that instant it is over, and only what was bought on 1 April is left.
    let short = LotsError::Short { left: Amount(1_000), wanted: Amount(1_001) };
    assert_eq!(scene.at(61 * DAY).pay(0, 4, 1_001), Err(Error::Lots(short)));
    let short = scene.at(62 * DAY).pay(0, 4, 1);
    assert!(
        matches!(short, Err(Error::Lots(LotsError::Short { left: Amount(0), .. }))),
        "{short:?}"
    );
}

#[test]
fn who_comes_last_to_an_empty_pool_gets_all_of_a_discount_or_none() {
    let mut scene = Scene::new();
    scene.buy(1, 100_000).unwrap();
    let now = TimestampMs(START);
    scene
        .city(&call::schedule_scheme(
            Scheme {
                discount: Brackets::new(vec![Bracket { up_to: Amount(100_000), rate_bp: 9_000 }])
                    .unwrap(),
                ..scheme()
            },
            TimestampMs(START + 1),
        ))
        .unwrap();
    scene.at(1);
    let buy = call::sell(id(2), account(2), Amount(50_000));
    let short =
        PoolError::Short { month: Month::of(now), left: Amount(40_000), wanted: Amount(45_000) };
    assert_eq!(scene.city(&buy), Err(Error::Pool(short)));
    assert_eq!(scene.pool(0), 40_000);
    scene.books_balance();
}

#[test]
fn a_suspended_merchant_with_money_pending_waits_and_its_customers_do_not() {
    let mut scene = Scene::new();
    scene.buy(1, 50_000).unwrap();
    scene.pay(0, 2, 30_000).unwrap();
    let shop = merchant(0);
    let request = call::request_cash_out(id(3), Amount(20_000));
    scene.0.caller(shop).send(WON, &request).unwrap();
    let suspend = |status| registry::set_status(merchant(0), status, None);
    scene.0.caller(CITY).send(REGISTRY, &suspend(Status::Suspended)).unwrap();
    let confirm = call::confirm_cash_out(shop, id(3));
    assert!(matches!(scene.city(&confirm), Err(Error::Registry(_))));
    scene.cancel(0, 4, 2, 10_000).unwrap();
    // What is pending bears no cancel.
    let short = ReceivablesError::Short { payee: shop, free: Amount(0), wanted: Amount(1) };
    assert_eq!(scene.cancel(0, 5, 2, 1), Err(Error::Receivables(short)));
    scene.0.caller(CITY).send(REGISTRY, &suspend(Status::Active)).unwrap();
    scene.city(&confirm).unwrap();
    scene.books_balance();
}

#[test]
fn a_holder_has_sixty_four_lots_and_a_payment_takes_sixteen() {
    let mut scene = Scene::new();
    for number in 0..64 {
        scene.buy(number, 1_000).unwrap();
    }
    let limit = 64;
    assert_eq!(scene.buy(64, 1_000), Err(Error::Lots(LotsError::TooManyLots { limit })));
    let (covered, wanted) = (Amount(16_000), Amount(16_001));
    let parts = LotsError::TooManyParts { covered, wanted, limit: 16 };
    assert_eq!(scene.pay(0, 100, 16_001), Err(Error::Lots(parts)));
    scene.pay(0, 100, 16_000).unwrap();
    assert!(scene.buy(65, 1_000).is_ok());
    scene.books_balance();
}

#[test]
fn a_payment_with_sixty_five_lots_is_made_in_as_many_parts_as_the_errors_say() {
    let mut scene = Scene::new();
    for number in 0..64 {
        scene.buy(number, 1_000).unwrap();
    }
    scene.grant(64, 500).unwrap();
    assert_eq!(scene.0.ask(WON, &call::lots(account(0), None, 100)).unwrap().len(), 65);
    let (mut left, mut parts) = (64_500, 0);
    while left > 0 {
        parts += 1;
        let part = match scene.pay(1, 100 + parts, left) {
            Err(Error::Lots(LotsError::TooManyParts { covered, wanted, limit: 16 })) => {
                assert_eq!(wanted, Amount(left));
                scene.pay(1, 100 + parts, covered.0).unwrap();
                covered.0
            }
            paid => paid.map(|_| left).unwrap(),
        };
        left -= part;
    }
    // 16 lots at most each time, and cashback of one is spent in the next.
    assert_eq!(parts, 5);
    let owed = scene.0.ask(WON, &call::merchant_account(merchant(1))).unwrap().receivable;
    assert_eq!(owed, Amount(64_500));
    scene.books_balance();
}

#[test]
fn payers_of_one_merchant_do_not_wait_for_each_other() {
    let mut scene = Scene::new();
    for (number, who) in [(1, 0), (2, 2)] {
        let sell = call::sell(id(number), account(who), Amount(20_000));
        scene.city(&sell).unwrap();
    }
    let [one, other] = [0, 2].map(|who| {
        let pay = call::pay(merchant(0), Amount(5_000), id(3));
        assert_eq!(scene.by(account(who), &pay), Ok(Amount(500)));
        scene.0.touched().clone()
    });
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    // What the merchant is owed, what the month's pool has left, what is outstanding.
    assert_eq!(one.amounts_shared(&other), 3);
}

#[test]
fn an_audit_finds_one_won_that_bypassed_the_books() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.pay(0, 2, 4_000).unwrap();
    scene.by(merchant(0), &call::request_cash_out(id(3), Amount(1_000))).unwrap();
    scene.at(40 * DAY).city(&call::expire(account(0), 9)).unwrap();
    let right = scene.0.storage_of(WON);
    // By number of the field, and of its part: unclaimed, receivable, pending, the pool's room,
    // budget and returns, what programmes have left, the supply in three sums, the escrow.
    let fields: [&[u8]; 11] = [
        &[7, 3],
        &[8, 0],
        &[9, 1],
        &[11, 0],
        &[11, 1],
        &[11, 2],
        &[14],
        &[15, 0],
        &[15, 1],
        &[15, 2],
        &[16],
    ];
    for (key, wrong) in altered(&right, &fields) {
        scene.0.load(WON, wrong);
        assert!(scene.audit().is_err(), "{key:?}");
    }
    scene.0.load(WON, right);
    scene.audit().unwrap();
}
