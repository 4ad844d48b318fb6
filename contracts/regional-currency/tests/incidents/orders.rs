//! Orders that arrive twice, by the wrong one, or at the wrong time.

use crate::{
    city::{CITY, DAY, PROGRAMME, REGISTRY, START, WON, account, id, merchant},
    scene::{Scene, scheme},
};
use dure_sdk::{
    Amount, TimestampMs,
    domain::{
        calendar::Month,
        cash_out::{CashOutState, CashOutsError},
        pool::PoolError,
        registry::{MerchantsError, RegistryError, Status},
        roles::Role,
    },
};
use merchants::merchants::{Error as RegistryRefusal, call as registry};
use regional_currency::regional::{
    Bought, Error, Expired, Programme, RoleChanged, Scheme, SchemeScheduled, call,
};

#[test]
fn a_receipt_is_not_taken_by_who_sees_it_first() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.city(&call::sell(id(2), account(2), Amount(1_000))).unwrap();
    let first = call::pay(merchant(0), Amount(1), id(3));
    scene.by(account(2), &first).unwrap();
    assert_eq!(scene.pay(0, 3, 5_000), Ok(Amount(500)));
    scene.cancel(0, 4, 3, 5_000).unwrap();
    assert_eq!(scene.holding()[0], 10_000);
    let other = scene.by(account(2), &call::pay(merchant(0), Amount(2), id(3)));
    assert!(matches!(other, Err(Error::OtherPayment { amount: Amount(1), .. })), "{other:?}");
}

#[test]
fn a_merchant_that_closed_cashes_out_what_it_took_and_a_suspended_one_does_not() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.pay(0, 2, 10_000).unwrap();
    let status = |status| registry::set_status(merchant(0), status, None);
    let ask = |number| call::request_cash_out(id(number), Amount(5_000));
    scene.0.caller(CITY).send(REGISTRY, &status(Status::Suspended)).unwrap();
    assert!(matches!(scene.by(merchant(0), &ask(3)), Err(Error::Registry(_))));
    scene.0.caller(CITY).send(REGISTRY, &status(Status::Closed)).unwrap();
    assert!(matches!(scene.pay(0, 9, 1), Err(Error::Registry(_))));
    for number in [3, 4] {
        scene.by(merchant(0), &ask(number)).unwrap();
        scene.city(&call::confirm_cash_out(merchant(0), id(number))).unwrap();
    }
    assert_eq!(scene.0.ask(WON, &call::balance_of(merchant(0))), Ok(Amount(0)));
    scene.books_balance();
}

#[test]
fn a_month_centuries_ahead_is_not_funded() {
    let mut scene = Scene::new();
    let this = Month::of(TimestampMs(START));
    let fund = |ahead| call::fund_pool(id(9), this.plus(ahead), Amount(1));
    let far = PoolError::TooFar { month: this.plus(25), last: this.plus(24) };
    assert_eq!(scene.city(&fund(25)), Err(Error::Pool(far)));
    scene.city(&fund(24)).unwrap();
    let books = scene.0.ask(WON, &call::books(this, this.plus(24))).unwrap();
    assert_eq!(books.pool, Amount(100_001));
}

#[test]
fn an_order_that_arrives_twice_is_carried_out_once() {
    let mut scene = Scene::new();
    let this = Month::of(TimestampMs(START));
    for _ in 0..2 {
        scene.grant(11, 3_000).unwrap();
        scene.city(&call::fund_pool(id(12), this, Amount(7))).unwrap();
        scene.city(&call::fund_programme(id(13), PROGRAMME, Amount(5))).unwrap();
    }
    assert_eq!((scene.holding()[2], scene.pool(0)), (3_000, 50_007));
    assert_eq!(scene.city(&call::drain_programme(PROGRAMME)), Ok(Amount(17_005)));
    assert_eq!(scene.grant(11, 3_001), Err(Error::IdUsed { id: id(11) }));
    assert_eq!(scene.grant(12, 7), Err(Error::IdUsed { id: id(12) }), "another order");
    scene.books_balance();
}

#[test]
fn an_agent_claims_nothing_behind_the_holders_back() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.at(40 * DAY);
    let unknown = scene.city(&call::confirm_claim(account(0), id(5)));
    assert!(matches!(unknown, Err(Error::CashOuts(CashOutsError::Unknown { .. }))), "{unknown:?}");
    // A claim is the caller's own.
    let found = scene.city(&call::claim(id(5), Amount(9_000)));
    assert!(matches!(found, Err(Error::Registry(RegistryError::Persons(_)))), "{found:?}");
    // The holder asks, once; an agent refuses, then pays another one, and answers twice.
    for _ in 0..2 {
        scene.by(account(0), &call::claim(id(5), Amount(4_000))).unwrap();
        scene.city(&call::void_claim(account(0), id(5))).unwrap();
    }
    for _ in 0..2 {
        scene.by(account(0), &call::claim(id(6), Amount(4_000))).unwrap();
        scene.city(&call::confirm_claim(account(0), id(6))).unwrap();
    }
    let state = |number| call::claimed(account(0), id(number));
    let found = [5, 6].map(|number| scene.0.ask(WON, &state(number)).unwrap().unwrap().state);
    assert_eq!(found, [CashOutState::Void, CashOutState::Confirmed]);
    assert_eq!(scene.holding(), [0, 0, 0, 0, 5_000]);
    scene.books_balance();
}

#[test]
fn while_all_is_paused_no_money_moves() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.pay(0, 2, 1_000).unwrap();
    scene.by(merchant(0), &call::request_cash_out(id(3), Amount(10))).unwrap();
    let (lot, _) = scene.0.ask(WON, &call::lots(account(0), None, 9)).unwrap()[1];
    scene.city(&call::pause(id(7))).unwrap();
    let this = Month::of(TimestampMs(START));
    let of_city = [
        call::grant(id(22), PROGRAMME, account(0), Amount(1)),
        call::confirm_cash_out(merchant(0), id(3)),
        call::void_cash_out(merchant(0), id(3)),
        call::complete_recovery(account(0)),
    ];
    for (index, call) in of_city.iter().enumerate() {
        let found = scene.city(call);
        assert!(matches!(found, Err(Error::Freeze(_))), "{index}: {found:?}");
    }
    let paused = |found: Result<(), Error>| matches!(found, Err(Error::Freeze(_)));
    assert!(paused(scene.city(&call::fund_pool(id(20), this, Amount(1))).map(|_| ())));
    let fund = call::fund_programme(id(21), PROGRAMME, Amount(1));
    assert!(paused(scene.city(&fund).map(|_| ())));
    assert!(paused(scene.city(&call::close_month(this)).map(|_| ())));
    assert!(paused(scene.city(&call::drain_programme(PROGRAMME)).map(|_| ())));
    assert!(paused(scene.city(&call::expire(account(0), 1)).map(|_| ())));
    assert!(paused(scene.buy(8, 1).map(|_| ())) && paused(scene.pay(0, 8, 1).map(|_| ())));
    assert!(paused(scene.cancel(0, 8, 2, 1)));
    assert!(paused(scene.by(account(0), &call::give(account(2), Amount(1)))));
    assert!(paused(scene.by(account(0), &call::claim(id(8), Amount(1)))));
    assert!(paused(scene.by(account(0), &call::refund(lot)).map(|_| ())));
    assert!(paused(scene.by(merchant(0), &call::request_cash_out(id(8), Amount(1)))));
    // What was carried out is still answered alike.
    assert_eq!(scene.pay(0, 2, 1_000), Ok(Amount(100)));
    scene.city(&call::resume()).unwrap();
    scene.city(&call::confirm_cash_out(merchant(0), id(3))).unwrap();
}

#[test]
fn a_cash_out_or_a_claim_that_is_sent_again_is_answered_whatever_stopped_since() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.pay(0, 2, 5_000).unwrap();
    let (holder, shop) = (account(0), merchant(0));
    let ask = |number| call::request_cash_out(id(number), Amount(10));
    let claim = |number| call::claim(id(number), Amount(10));
    scene.at(40 * DAY);
    for number in 3..6 {
        scene.by(shop, &ask(number)).unwrap();
        scene.by(holder, &claim(number)).unwrap();
    }
    // The third of each waits for its answer.
    let answers = [
        call::confirm_cash_out(shop, id(3)),
        call::void_cash_out(shop, id(4)),
        call::confirm_claim(holder, id(3)),
        call::void_claim(holder, id(4)),
    ];
    for answer in &answers {
        scene.city(answer).unwrap();
    }
    let (holding, stored) = (scene.holding(), scene.0.storage_of(WON));
    scene.city(&call::pause(id(7))).unwrap();
    for account in [holder, shop] {
        scene.city(&call::freeze(account, id(7))).unwrap();
    }
    let suspend = registry::set_status(shop, Status::Suspended, None);
    scene.0.caller(CITY).send(REGISTRY, &suspend).unwrap();
    for answer in &answers {
        assert_eq!(scene.city(answer), Ok(()));
    }
    for number in 3..6 {
        assert_eq!(scene.by(shop, &ask(number)), Ok(()));
        assert_eq!(scene.by(holder, &claim(number)), Ok(()));
    }
    assert_eq!(scene.holding(), holding);
    assert_eq!(scene.0.storage_of(WON).len(), stored.len() + 3, "the orders to stop alone");
    // What waits, waits.
    let waiting = [
        call::confirm_cash_out(shop, id(5)),
        call::void_cash_out(shop, id(5)),
        call::confirm_claim(holder, id(5)),
        call::void_claim(holder, id(5)),
    ];
    for call in &waiting {
        assert!(matches!(scene.city(call), Err(Error::Freeze(_))));
    }
    assert_eq!(scene.0.storage_of(WON).len(), stored.len() + 3);
}

#[test]
fn a_frozen_account_neither_gives_nor_receives() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    scene.pay(0, 2, 1_000).unwrap();
    for frozen in [account(0), merchant(0)] {
        scene.city(&call::freeze(frozen, id(7))).unwrap();
        assert!(matches!(scene.pay(0, 3, 1), Err(Error::Freeze(_))));
        let preview = scene.0.ask(WON, &call::preview(account(0), merchant(0), Amount(1)));
        assert!(preview.is_err());
        scene.city(&call::unfreeze(frozen)).unwrap();
    }
    scene.city(&call::freeze(account(0), id(7))).unwrap();
    assert!(matches!(scene.grant(4, 1), Err(Error::Freeze(_))));
    assert!(matches!(scene.by(account(0), &call::claim(id(5), Amount(1))), Err(Error::Freeze(_))));
    // A cancel is the merchant's: it reaches the frozen account, and stays there.
    scene.city(&call::freeze(merchant(0), id(7))).unwrap();
    scene.cancel(0, 6, 2, 1_000).unwrap();
    assert_eq!(scene.holding()[0], 10_000);
}

#[test]
fn an_account_with_money_does_not_become_a_merchants() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    let shop = scene.0.ask(REGISTRY, &registry::merchant(merchant(0))).unwrap().unwrap();
    let register = registry::register(account(0), shop, vec![]);
    let found =
        scene.0.caller(CITY).send(REGISTRY, &register).map_err(|error| format!("{error:?}"));
    let person = RegistryRefusal::IsPerson { account: account(0) };
    assert!(found.clone().is_err_and(|said| said.contains(&format!("{person:?}"))), "{found:?}");
    // Nobody's, it becomes one, and spends nothing.
    scene.0.caller(CITY).send(REGISTRY, &registry::unlink(account(0))).unwrap();
    scene.0.send(REGISTRY, &register).unwrap();
    assert!(matches!(scene.pay(0, 2, 1), Err(Error::Registry(RegistryError::Persons(_)))));
}

#[test]
fn money_is_not_issued_on_a_set_that_is_not_defined() {
    let mut scene = Scene::new();
    let unknown =
        |set| Error::Registry(RegistryError::Merchants(MerchantsError::UnknownSet { set }));
    let terms = Programme { set: 8, end: TimestampMs(START + DAY), most: Amount(1) };
    assert_eq!(scene.city(&call::define_programme(9, terms)), Err(unknown(8)));
    let scheme = Scheme { own_set: 9, ..scheme() };
    let schedule = call::schedule_scheme(scheme, TimestampMs(START + 1));
    assert_eq!(scene.city(&schedule), Err(unknown(9)));
}

#[test]
fn an_indexer_learns_all_from_the_events() {
    let mut scene = Scene::new();
    let roles = scene.0.events_of::<RoleChanged>();
    let roles: Vec<_> = roles.iter().filter(|event| event.has).map(|event| event.role).collect();
    assert_eq!(roles, [Role::Administrator, Role::Issuer, Role::Agent, Role::Pauser]);
    let first = scene.0.events_of::<SchemeScheduled>();
    assert_eq!(first.iter().map(|event| event.scheme.clone()).collect::<Vec<_>>(), [scheme()]);
    scene.buy(5, 10_000).unwrap();
    let bought = scene.0.events_of::<Bought>();
    assert_eq!((bought[0].agent, bought[0].id, bought[0].buyer), (CITY, id(5), account(0)));
    // What expired before it was cancelled is told apart.
    scene.pay(1, 6, 10_000).unwrap();
    scene.at(40 * DAY).cancel(1, 7, 6, 10_000).unwrap();
    let ended = scene.0.events_of::<Expired>();
    let ended: Vec<_> = ended.iter().map(|event| (event.lot.amount, event.to_holder)).collect();
    assert_eq!(ended, [(Amount(10_000), Amount(9_000))]);
}
