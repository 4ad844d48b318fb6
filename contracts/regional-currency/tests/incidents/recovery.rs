//! Lost keys.

use crate::{
    city::{CITY, DAY, REGISTRY, WON, account, id, merchant, person},
    scene::Scene,
};
use dure_sdk::{
    Amount, Hash,
    domain::{lots::LotsError, recovery::RecoveryError, registry::Status},
    native::Sandbox,
};
use merchants::merchants::call as registry;
use regional_currency::regional::{Error, call};

const OLD: usize = 0;

#[test]
fn a_lost_key_takes_nothing_along_and_a_cancel_finds_the_new_account() {
    let mut scene = Scene::new();
    scene.buy(1, 50_000).unwrap();
    scene.pay(0, 2, 20_000).unwrap();
    let new = scene.another_account(77);
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
    assert!(scene.city(&call::complete_recovery(account(OLD))).is_err());
    scene.at(7 * DAY).city(&call::complete_recovery(account(OLD))).unwrap();
    assert_eq!(scene.holding(), [0; 5]);
    scene.cancel(0, 3, 2, 20_000).unwrap();
    assert_eq!(scene.holding_of(new), [50_000, 0, 0, 0, 0]);
    let moved = scene.buy(4, 1_000);
    assert!(matches!(moved, Err(Error::Recovery(_))), "{moved:?}");
    scene.books_balance();
}

#[test]
fn a_won_given_to_the_new_account_does_not_stop_a_recovery() {
    let mut scene = Scene::new();
    scene.buy(1, 50_000).unwrap();
    scene.pay(0, 2, 20_000).unwrap();
    let new = scene.another_account(77);
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
    // A stranger with money of the same expiry, and the person too, put money into it.
    scene.city(&call::sell(id(3), account(2), Amount(1_000))).unwrap();
    scene.by(account(2), &call::give(new, Amount(1))).unwrap();
    scene.city(&call::sell(id(4), new, Amount(5_000))).unwrap();
    scene.at(7 * DAY).city(&call::complete_recovery(account(OLD))).unwrap();
    assert_eq!(scene.holding(), [0; 5]);
    assert_eq!(scene.holding_of(new), [35_001, 2_000, 0, 0, 0]);
    // The purchases are still apart, each with its price, and a cancel finds the very lot.
    scene.cancel(0, 5, 2, 20_000).unwrap();
    let lots = scene.0.ask(WON, &call::lots(new, None, 9)).unwrap();
    let bought: Vec<_> = lots.iter().filter(|(key, _)| key.purchase != 0).collect();
    let remaining: Vec<_> = bought.iter().map(|(_, lot)| lot.remaining.0).collect();
    assert_eq!(remaining, [50_000, 5_000]);
    let (key, _) = *bought[1];
    assert_eq!(scene.by(new, &call::refund(key)), Ok(Amount(4_500)));
    scene.books_balance();
}

#[test]
fn a_recovery_is_not_stopped_by_how_many_lots_there_are() {
    let mut scene = Scene::new();
    let new = scene.another_account(77);
    for number in 0..64 {
        scene.buy(number, 500).unwrap();
        scene.city(&call::sell(id(100 + number), new, Amount(500))).unwrap();
    }
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
    scene.at(7 * DAY).city(&call::complete_recovery(account(OLD))).unwrap();
    assert_eq!(scene.holding_of(new)[0], 64_000);
    // No purchase more until there are fewer.
    let sell = call::sell(id(300), new, Amount(500));
    let full = LotsError::TooManyLots { limit: 64 };
    assert_eq!(scene.city(&sell), Err(Error::Lots(full)));
    scene.books_balance();
}

#[test]
fn an_agent_drops_a_request_that_cannot_be_completed() {
    let mut scene = Scene::new();
    let new = scene.another_account(77);
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
    let pending = scene.0.ask(WON, &call::recovery(account(OLD))).unwrap().unwrap();
    assert_eq!((pending.to, pending.by, pending.reason), (new, CITY, id(9)));
    let stranger = scene.by(account(2), &call::drop_recovery(account(OLD)));
    assert!(matches!(stranger, Err(Error::Roles(_))), "{stranger:?}");
    scene.city(&call::drop_recovery(account(OLD))).unwrap();
    assert_eq!(scene.0.ask(WON, &call::recovery(account(OLD))), Ok(None));
    let none = RecoveryError::NoRequest { account: account(OLD) };
    assert_eq!(scene.city(&call::drop_recovery(account(OLD))), Err(Error::Recovery(none)));
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
}

#[test]
fn a_thief_who_has_the_account_frozen_does_not_silence_the_old_key() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    let new = scene.another_account(77);
    scene.city(&call::request_recovery(account(OLD), new, id(9))).unwrap();
    scene.city(&call::freeze(account(OLD), id(8))).unwrap();
    scene.city(&call::pause(id(8))).unwrap();
    scene.by(account(OLD), &call::object_to_recovery(account(OLD))).unwrap();
    scene.city(&call::resume()).unwrap();
    let late = scene.at(7 * DAY).city(&call::complete_recovery(account(OLD)));
    assert!(matches!(late, Err(Error::Recovery(RecoveryError::NoRequest { .. }))), "{late:?}");
    assert_eq!(scene.holding(), [10_000, 0, 0, 0, 0]);
}

#[test]
fn a_recovery_goes_to_no_other_person_and_to_no_merchant() {
    let mut scene = Scene::new();
    scene.buy(1, 10_000).unwrap();
    let other = Error::OtherPerson { account: account(OLD), to: account(2) };
    let ask = |to| call::request_recovery(account(OLD), to, id(9));
    assert_eq!(scene.city(&ask(account(2))), Err(other));
    assert!(matches!(scene.city(&ask(merchant(0))), Err(Error::Registry(_))));
    // Whose account it is counts when it is completed, too.
    let new = scene.another_account(77);
    scene.city(&ask(new)).unwrap();
    let link = |sandbox: &mut Sandbox, person| {
        sandbox.caller(CITY).send(REGISTRY, &registry::unlink(new)).unwrap();
        sandbox.send(REGISTRY, &registry::link(new, person)).unwrap();
    };
    link(&mut scene.0, Hash([99; 32]));
    scene.at(7 * DAY);
    let other = Error::OtherPerson { account: account(OLD), to: new };
    assert_eq!(scene.city(&call::complete_recovery(account(OLD))), Err(other));
    scene.0.caller(CITY).send(REGISTRY, &registry::unlink(new)).unwrap();
    let shop = scene.0.ask(REGISTRY, &registry::merchant(merchant(0))).unwrap().unwrap();
    let shop = dure_sdk::domain::registry::Merchant { status: Status::Active, ..shop };
    scene.0.caller(CITY).send(REGISTRY, &registry::register(new, shop, vec![])).unwrap();
    let refused = scene.city(&call::complete_recovery(account(OLD)));
    assert!(matches!(refused, Err(Error::Registry(_))), "{refused:?}");
    assert_eq!(person(0), person(1));
    assert_eq!(scene.holding(), [10_000, 0, 0, 0, 0]);
}
