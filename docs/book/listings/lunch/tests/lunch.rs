//! Where the voucher is taken.

// ANCHOR: test
use dure_sdk::{
    Hash,
    domain::{
        calendar::Date,
        lots::LotsError,
        registry::{Category, Merchant, MerchantSet, MerchantsError, NotPermitted, Status},
    },
};
use dure_testing::{Account, Address, Amount, Chain, TimestampMs, assert_refused};
use lunch::lunch::{Error, call};

const SUWON: u32 = 41_110;
const SEOUL: u32 = 11_000;
const RESTAURANT: Category = Category([1, 2, 0, 0]);

/// The end of the year's last day in Korea: the first instant after it.
fn until() -> TimestampMs {
    Date::new(2027, 1, 1).unwrap().day().start()
}

/// A city, a guest with 20, and two restaurants, one of them elsewhere.
fn town(chain: &mut Chain) -> (Address, [Account; 4]) {
    chain.set_time(Date::new(2026, 12, 1).unwrap().day().start()).unwrap();
    let [city, guest, near, far] = ["city", "guest", "near", "far"].map(|name| chain.account(name));
    let food = Category([1, 0, 0, 0]);
    let permitted =
        MerchantSet { regions: vec![SUWON], allowed: vec![food], ..MerchantSet::EVERYWHERE };
    let lunch = chain.deploy(env!("CARGO_MANIFEST_DIR"), city, permitted).unwrap();
    for (account, region) in [(near, SUWON), (far, SEOUL)] {
        let (owner, category) = (Hash([7; 32]), RESTAURANT);
        let merchant = Merchant { owner, region, category, tier: 0, status: Status::Active };
        chain.send(city, lunch, &call::register(account.address(), merchant)).unwrap();
    }
    chain.send(city, lunch, &call::issue(guest.address(), Amount(20), until())).unwrap();
    (lunch, [city, guest, near, far])
}

#[test]
fn a_restaurant_of_the_region_takes_it_and_one_elsewhere_does_not() {
    let mut chain = Chain::new();
    let (lunch, [city, guest, near, far]) = town(&mut chain);
    chain.send(guest, lunch, &call::pay(near.address(), Amount(8))).unwrap();
    assert_eq!(chain.ask(lunch, &call::taken(near.address())).unwrap(), Amount(8));

    let refused = chain.send(guest, lunch, &call::pay(far.address(), Amount(8)));
    let reason = NotPermitted::Region { region: SEOUL };
    let expect = MerchantsError::NotPermitted { set: 1, reason };
    assert_refused!(refused, Error::Merchants(error) if error == expect);
    let refused = chain.send(guest, lunch, &call::pay(city.address(), Amount(8)));
    assert_refused!(refused, Error::Merchants(MerchantsError::Unknown { .. }));
    assert_eq!(chain.ask(lunch, &call::balance(guest.address())).unwrap(), Amount(12));
}

#[test]
fn what_is_not_spent_in_time_goes_back_and_what_was_spent_is_paid() {
    let mut chain = Chain::new();
    let (lunch, [_, guest, near, _]) = town(&mut chain);
    chain.send(guest, lunch, &call::pay(near.address(), Amount(8))).unwrap();
    assert_eq!(chain.send(guest, lunch, &call::expire(guest.address())).unwrap(), Amount::ZERO);

    chain.set_time(until()).unwrap();
    let refused = chain.send(guest, lunch, &call::pay(near.address(), Amount(1)));
    let short = LotsError::Short { left: Amount::ZERO, wanted: Amount(1) };
    assert_refused!(refused, Error::Lots(error) if error == short);
    assert_eq!(chain.ask(lunch, &call::balance(guest.address())).unwrap(), Amount::ZERO);
    assert_eq!(chain.send(near, lunch, &call::expire(guest.address())).unwrap(), Amount(12));

    chain.send(near, lunch, &call::redeem(Amount(5))).unwrap();
    let refused = chain.send(near, lunch, &call::redeem(Amount(5)));
    assert_refused!(refused, Error::Short { left: Amount(3), wanted: Amount(5) });
    assert_eq!(chain.ask(lunch, &call::ended()).unwrap(), (Amount(5), Amount(12)));
}
// ANCHOR_END: test
