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
        policy::{Bracket, Brackets, Version},
        roles::{Role, TwoManError, Verdict},
        supply::SupplyError,
    },
};
use regional_currency::regional::{Error, Programme, Scheme, SchemeError, SecondAwaited, call};

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
    assert_eq!(scene.city(&fund), Ok(waits(0)), "one person is not two");
    assert_eq!(scene.0.events_of::<SecondAwaited>().len(), 1, "and asks once");
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
fn fifty_million_instead_of_fifty_thousand_are_not_granted() {
    // The money is there, both issuers put it aside for a thousand people; one gets no more of it
    // than the programme says.
    let mut scene = Scene::new();
    second(&mut scene);
    let most = Amount(50_000);
    let terms = Programme { set: 2, end: TimestampMs(START + 20 * DAY), most };
    scene.city(&call::define_programme(8, terms)).unwrap();
    let fund = call::fund_programme(id(5), 8, Amount(50_000_000));
    scene.city(&fund).unwrap();
    assert_eq!(scene.by(account(2), &fund), Ok(Verdict::Do));
    let mut grant = |amount| scene.city(&call::grant(id(6), 8, account(0), Amount(amount)));
    for amount in [50_000_000, 50_001] {
        let above = Error::AboveGrant { programme: 8, left: most, wanted: Amount(amount) };
        assert_eq!(grant(amount), Err(above));
    }
    assert_eq!(grant(50_000), Ok(()));
    scene.books_balance();
}

#[test]
fn a_list_of_grants_that_is_carried_out_twice_gives_nobody_more_than_the_programme_says() {
    let mut scene = Scene::new();
    let most = Amount(50_000);
    let terms = Programme { set: 2, end: TimestampMs(START + 20 * DAY), most };
    scene.city(&call::define_programme(8, terms)).unwrap();
    second(&mut scene);
    let fund = call::fund_programme(id(5), 8, Amount(120_000));
    scene.city(&fund).unwrap();
    assert_eq!(scene.by(account(2), &fund), Ok(Verdict::Do));
    let own = account(0);
    let other = scene.another_account(99);
    let mut grant =
        |number, to, amount| scene.city(&call::grant(id(number), 8, to, Amount(amount)));
    // In parts; the very same again is nothing new.
    for (number, amount) in [(6, 30_000), (7, 19_999), (7, 19_999)] {
        assert_eq!(grant(number, own, amount), Ok(()));
    }
    // The list once more under new ids, to whichever account of the person.
    for to in [own, other] {
        let above = Error::AboveGrant { programme: 8, left: Amount(1), wanted: Amount(30_000) };
        assert_eq!(grant(8, to, 30_000), Err(above));
    }
    assert_eq!(grant(9, other, 1), Ok(()));
    assert_eq!(grant(10, account(2), 50_000), Ok(()), "others have theirs");
    assert_eq!(scene.holding_of(own)[2] + scene.holding_of(other)[2], 50_000);
    scene.books_balance();
}

#[test]
fn what_a_stolen_key_asked_for_is_not_waited_for_once_it_is_revoked() {
    let mut scene = Scene::new();
    second(&mut scene);
    let (stolen, fresh) = (account(2), account(1));
    let fund = call::fund_programme(id(5), PROGRAMME, Amount(1_000_000));
    assert_eq!(scene.by(stolen, &fund), Ok(waits(0)));
    scene.city(&call::set_role(stolen, Role::Issuer, false)).unwrap();
    scene.city(&call::set_role(fresh, Role::Issuer, true)).unwrap();
    // The first of those who still are issuers, not the second.
    assert_eq!(scene.at(DAY).city(&fund), Ok(waits(DAY)));
    assert_eq!(scene.by(fresh, &fund), Ok(Verdict::Do));
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
fn one_issuer_does_not_undo_a_bound_before_it_holds() {
    let mut scene = Scene::new();
    second(&mut scene);
    let [first, then] = [1, 2].map(|days| TimestampMs(START + days * DAY));
    let stricter = Scheme { funded_alone: Amount(1), ..scheme() };
    scene.city(&call::schedule_scheme(stricter.clone(), first)).unwrap();
    // By what holds now, a moment after it; by withdrawing it.
    let again = call::schedule_scheme(scheme(), then);
    assert_eq!(scene.city(&again), Ok(waits(0)));
    let withdraw = call::withdraw_scheme(Version(first));
    assert_eq!(scene.city(&withdraw), Ok(waits(0)));
    // What bounds them no less in its place one issuer takes back.
    scene.city(&call::schedule_scheme(stricter, then)).unwrap();
    assert_eq!(scene.city(&call::withdraw_scheme(Version(then))), Ok(Verdict::Do));
    for call in [&again, &withdraw] {
        assert_eq!(scene.by(account(2), call), Ok(Verdict::Do), "as two they do");
    }
    scene.at(DAY);
    assert_eq!(scene.0.ask(WON, &call::scheme()).unwrap().1, scheme());
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

#[test]
fn rates_that_rise_with_what_was_bought_in_the_month_are_refused() {
    let mut scene = Scene::new();
    let table = |rates: [u32; 3]| {
        let bounds = [10_000, 20_000, 30_000].map(Amount);
        let brackets = bounds.into_iter().zip(rates);
        let brackets = brackets.map(|(up_to, rate_bp)| Bracket { up_to, rate_bp });
        Brackets::new(brackets.collect()).unwrap()
    };
    let schedule =
        |discount| call::schedule_scheme(Scheme { discount, ..scheme() }, TimestampMs(START + DAY));
    let rising = Err(Error::Scheme(SchemeError::Rising { bracket: 2 }));
    assert_eq!(scene.city(&schedule(table([500, 500, 1_000]))), rising);
    assert_eq!(scene.city(&schedule(table([1_000, 500, 500]))), Ok(Verdict::Do));
}
