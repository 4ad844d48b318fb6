//! What one issuer does not do alone.

use crate::{
    city::{DAY, PROGRAMME, START, WON, account, id},
    scene::{Scene, scheme},
};
use dure_sdk::{
    Amount, TimestampMs,
    domain::{
        calendar::Month,
        caps::CapsError,
        roles::{Role, TwoManError, Verdict},
        supply::SupplyError,
    },
};
use regional_currency::regional::{Error, Scheme, SecondAwaited, call};

/// Makes the second person an issuer too.
fn second(scene: &mut Scene) {
    scene.city(&call::set_role(account(2), Role::Issuer, true)).unwrap();
}

fn waits(from: u64) -> Verdict {
    Verdict::Waits { until: TimestampMs(START + from + 3 * DAY) }
}

#[test]
fn a_thousand_shares_instead_of_a_thousand_won_are_not_issued() {
    // Samsung Securities, 2018: one clerk, and nothing behind what was issued. Here money is granted
    // out of what was put aside, and a second issuer must put that much aside too.
    let mut scene = Scene::new();
    second(&mut scene);
    let wanted = Amount(20_000_000);
    let fund = call::fund_programme(id(5), PROGRAMME, wanted);
    assert_eq!(scene.city(&fund), Ok(waits(0)));
    let short = Error::ProgrammeShort { programme: PROGRAMME, left: Amount(20_000), wanted };
    assert_eq!(scene.grant(1, 20_000_000), Err(short));
    let same = TwoManError::SamePerson { by: crate::city::CITY };
    assert_eq!(scene.city(&fund), Err(Error::TwoMan(same)), "one person is not two");
    let won = call::fund_programme(id(5), PROGRAMME, Amount(20_000));
    let other = TwoManError::OtherAmount { asked: wanted, amount: Amount(20_000) };
    assert_eq!(scene.by(account(2), &won), Err(Error::TwoMan(other)), "the second one reads it");
    // Should the second not look either, there is not so much money as may be out.
    assert_eq!(scene.by(account(2), &fund), Ok(Verdict::Do));
    let above = SupplyError::AboveCap { outstanding: Amount(0), wanted, cap: Amount(1_000_000) };
    assert_eq!(scene.grant(1, 20_000_000), Err(Error::Supply(above)));
    let cap = Amount(100_000);
    let above = CapsError::AboveCap { left: cap, wanted: Amount(100_000_000), cap };
    assert_eq!(scene.buy(1, 100_000_000), Err(Error::Caps(above)));
    assert_eq!(scene.holding(), [0; 5]);
    scene.books_balance();
}

#[test]
fn what_two_issuers_fund_is_funded_once() {
    let mut scene = Scene::new();
    second(&mut scene);
    let fund = call::fund_pool(id(5), Month::of(TimestampMs(START)), Amount(30_001));
    // 120,000 were funded on the first day, and 150,000 are what one may.
    assert_eq!(scene.city(&fund), Ok(waits(0)));
    assert_eq!(scene.pool(0), 50_000);
    for _ in 0..2 {
        assert_eq!(scene.by(account(2), &fund), Ok(Verdict::Do));
        assert_eq!(scene.city(&fund), Ok(Verdict::Do), "whoever sends it again");
    }
    assert_eq!(scene.pool(0), 80_001);
    scene.books_balance();
}

#[test]
fn splitting_what_is_funded_does_not_pass_the_limit_of_a_day() {
    let mut scene = Scene::new();
    let month = Month::of(TimestampMs(START));
    let fund = |scene: &mut Scene, number, amount| {
        scene.city(&call::fund_pool(id(number), month, Amount(amount)))
    };
    assert_eq!(fund(&mut scene, 5, 30_000), Ok(Verdict::Do), "the limit itself is allowed");
    assert_eq!(fund(&mut scene, 6, 1), Ok(waits(0)));
    scene.at(DAY);
    assert_eq!(fund(&mut scene, 7, 150_000), Ok(Verdict::Do), "a new day");
    scene.books_balance();
}

#[test]
fn a_request_that_nobody_seconds_is_void_or_taken_back() {
    let mut scene = Scene::new();
    second(&mut scene);
    let fund = call::fund_programme(id(5), PROGRAMME, Amount(1_000_000));
    assert_eq!(scene.city(&fund), Ok(waits(0)));
    // At the instant at which it is void the next one to ask is the first again.
    assert_eq!(scene.at(3 * DAY).by(account(2), &fund), Ok(waits(3 * DAY)));
    let SecondAwaited { action, .. } = scene.0.events_of()[0];
    scene.city(&call::withdraw_request(action)).unwrap();
    let unknown = TwoManError::Unknown { action };
    assert_eq!(scene.city(&call::withdraw_request(action)), Err(Error::TwoMan(unknown)));
    assert_eq!(scene.city(&fund), Ok(waits(3 * DAY)), "nobody agrees to what was taken back");
}

#[test]
fn one_issuer_does_not_loosen_what_bounds_one_issuer() {
    let mut scene = Scene::new();
    second(&mut scene);
    let from = TimestampMs(START + DAY);
    let free = Scheme { funded_alone: Amount::MAX, ..scheme() };
    let endless = Scheme { supply_cap: Amount::MAX, ..scheme() };
    for looser in [free, endless] {
        let schedule = call::schedule_scheme(looser.clone(), from);
        assert_eq!(scene.city(&schedule), Ok(waits(0)));
        assert_eq!(scene.0.ask(WON, &call::scheme()).unwrap().1, scheme());
        assert_eq!(scene.by(account(2), &schedule), Ok(Verdict::Do));
        scene.at(DAY);
        assert_eq!(scene.0.ask(WON, &call::scheme()).unwrap().1, looser);
        scene = Scene::new();
        second(&mut scene);
    }
    let stricter = Scheme { funded_alone: Amount(1), supply_cap: Amount(1), ..scheme() };
    assert_eq!(scene.city(&call::schedule_scheme(stricter, from)), Ok(Verdict::Do));
}

#[test]
fn at_the_cap_of_the_supply_nothing_is_sold_or_granted_and_payments_go_on() {
    let mut scene = Scene::new();
    let capped = Scheme { supply_cap: Amount(21_000), ..scheme() };
    scene.city(&call::schedule_scheme(capped, TimestampMs(START + 1))).unwrap();
    scene.at(1).buy(1, 20_000).unwrap();
    let above = |outstanding, wanted| {
        let (outstanding, wanted) = (Amount(outstanding), Amount(wanted));
        Err(Error::Supply(SupplyError::AboveCap { outstanding, wanted, cap: Amount(21_000) }))
    };
    assert_eq!(scene.grant(2, 1_001), above(20_000, 1_001));
    scene.grant(2, 1_000).unwrap();
    assert_eq!(scene.buy(3, 1).map(|_| ()), above(21_000, 1));
    // Cashback comes out of the month's pool, which bounds it.
    assert_eq!(scene.pay(0, 4, 6_000), Ok(Amount(500)));
    scene.books_balance();
}
