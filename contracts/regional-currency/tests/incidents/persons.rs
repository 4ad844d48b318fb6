//! What holds for a person, whichever account acts.

use crate::{
    city::{CITY, DAY, REGISTRY, START, WON, account, id, merchant},
    scene::{Scene, scheme},
};
use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        caps::CapsError,
        lots::LotsError,
        registry::{MerchantsError, RegistryError},
    },
};
use merchants::merchants::call as registry;
use regional_currency::regional::{Error, Scheme, call};

/// 50,000 are paid, the cashback of 5,000 spent, and the payment cancelled: 5,000 are owed.
fn in_debt() -> Scene {
    let mut scene = Scene::new();
    scene.buy(1, 60_000).unwrap();
    assert_eq!(scene.pay(0, 2, 50_000), Ok(Amount(5_000)));
    assert_eq!(scene.pay(0, 3, 5_000), Ok(Amount(0)));
    scene.cancel(0, 4, 2, 50_000).unwrap();
    assert_eq!(scene.holding(), [60_000, 0, 0, 5_000, 0]);
    scene
}

#[test]
fn cashback_that_was_kept_is_paid_out_of_a_refund() {
    let mut scene = in_debt();
    let pool = scene.pool(0);
    let (lot, _) = scene.0.ask(WON, &call::lots(account(0), None, 1)).unwrap()[0];
    // 60,000 cost 54,000.
    assert_eq!(scene.by(account(0), &call::refund(lot)), Ok(Amount(49_000)));
    assert_eq!(scene.holding(), [0; 5]);
    assert_eq!(scene.pool(0), pool + 6_000 + 5_000);
    scene.books_balance();
}

#[test]
fn who_owes_cashback_gives_nothing_away_from_whichever_account() {
    let mut scene = in_debt();
    let owes = Error::Lots(LotsError::Indebted { debt: Amount(5_000) });
    assert_eq!(scene.by(account(0), &call::give(account(2), Amount(1))), Err(owes.clone()));
    scene.city(&call::sell(id(5), account(1), Amount(1_000))).unwrap();
    assert_eq!(scene.by(account(1), &call::give(account(2), Amount(1))), Err(owes));
}

#[test]
fn cashback_that_was_kept_is_paid_out_of_a_claim() {
    let mut scene = in_debt();
    let pool = scene.pool(1);
    let claim = |amount| call::claim(id(6), Amount(amount));
    scene.at(40 * DAY);
    let short = LotsError::Short { left: Amount(49_000), wanted: Amount(49_001) };
    assert_eq!(scene.by(account(0), &claim(49_001)), Err(Error::Lots(short)));
    scene.by(account(0), &claim(49_000)).unwrap();
    assert_eq!(scene.holding(), [0; 5]);
    assert_eq!(scene.pool(1), pool + 6_000 + 5_000);
    scene.books_balance();
}

#[test]
fn a_merchants_owner_neither_buys_nor_pays_in_the_own_shop() {
    let mut scene = Scene::new();
    let owner = Address([78; 32]);
    let link = registry::link(owner, Hash([200; 32]));
    scene.0.caller(CITY).send(REGISTRY, &link).unwrap();
    let sold = scene.city(&call::sell(id(1), owner, Amount(1_000)));
    assert!(matches!(sold, Err(Error::Owner(_))), "{sold:?}");
    // What a friend gives is spent in other shops.
    scene.buy(2, 1_000).unwrap();
    scene.by(account(0), &call::give(owner, Amount(1_000))).unwrap();
    let pay = |at| call::pay(merchant(at), Amount(500), id(3));
    let own = MerchantsError::OwnShop { merchant: merchant(0) };
    let own = Error::Registry(RegistryError::Merchants(own));
    assert_eq!(scene.by(owner, &pay(0)), Err(own));
    assert_eq!(scene.by(owner, &pay(1)), Ok(Amount(25)));
    scene.books_balance();
}

#[test]
fn a_second_account_has_no_second_base_of_cashback() {
    let mut scene = Scene::new();
    scene.buy(1, 50_000).unwrap();
    scene.city(&call::sell(id(2), account(1), Amount(50_000))).unwrap();
    assert_eq!(scene.pay(0, 3, 50_000), Ok(Amount(5_000)));
    let pay = |number, amount| call::pay(merchant(0), Amount(amount), id(number));
    let preview = call::preview(account(1), merchant(0), Amount(50_000));
    assert_eq!(scene.0.ask(WON, &preview), Ok(Amount(0)));
    assert_eq!(scene.by(account(1), &pay(4, 50_000)), Ok(Amount(0)));
    // Nor is the first one's debt another's.
    scene.cancel(0, 5, 3, 50_000).unwrap();
    assert_eq!(scene.holding_of(account(1))[3], 0);
    scene.books_balance();
}

#[test]
fn a_debt_is_the_persons_and_is_paid_by_cashback_of_any_account() {
    let mut scene = in_debt();
    scene.city(&call::sell(id(5), account(1), Amount(20_000))).unwrap();
    assert_eq!(scene.holding_of(account(1)), [20_000, 0, 0, 5_000, 0]);
    let preview = call::preview(account(1), merchant(0), Amount(20_000));
    assert_eq!(scene.0.ask(WON, &preview), Ok(Amount(0)), "2,000 pay the debt");
    let pay = call::pay(merchant(0), Amount(20_000), id(6));
    assert_eq!(scene.by(account(1), &pay), Ok(Amount(0)));
    assert_eq!(scene.holding(), [60_000, 0, 0, 3_000, 0]);
    scene.books_balance();
}

#[test]
fn sixteen_accounts_hold_no_more_than_one() {
    let mut scene = Scene::new();
    let low = Scheme { holding_cap: Amount(30_000), ..scheme() };
    scene.city(&call::schedule_scheme(low, TimestampMs(START + 1))).unwrap();
    scene.at(1).buy(1, 20_000).unwrap();
    let (left, wanted, cap) = (Amount(10_000), Amount(10_001), Amount(30_000));
    let above = Error::Caps(CapsError::AboveHolding { left, wanted, cap });
    assert_eq!(scene.city(&call::sell(id(2), account(1), wanted)), Err(above.clone()));
    scene.city(&call::sell(id(3), account(2), Amount(20_000))).unwrap();
    assert_eq!(scene.by(account(2), &call::give(account(1), wanted)), Err(above));
    // What goes from one account to the other is held already.
    scene.by(account(0), &call::give(account(1), Amount(20_000))).unwrap();
    assert_eq!(scene.holding_of(account(1))[0], 20_000);
}
