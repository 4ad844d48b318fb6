//! Where the voucher is taken.

// ANCHOR: test
use dure_sdk::{
    Hash,
    domain::registry::{Category, Merchant, MerchantSet, MerchantsError, NotPermitted, Status},
};
use dure_testing::{Amount, Chain, assert_refused};
use lunch::lunch::{Error, call};

const SUWON: u32 = 41_110;
const SEOUL: u32 = 11_000;
const RESTAURANT: Category = Category([1, 2, 0, 0]);

#[test]
fn a_restaurant_of_the_region_takes_it_and_one_elsewhere_does_not() {
    let mut chain = Chain::new();
    let [city, guest] = ["city", "guest"].map(|name| chain.account(name));
    let [near, far] = ["near", "far"].map(|name| chain.account(name));
    let food = Category([1, 0, 0, 0]);
    let permitted =
        MerchantSet { regions: vec![SUWON], allowed: vec![food], ..MerchantSet::EVERYWHERE };
    let lunch = chain.deploy(env!("CARGO_MANIFEST_DIR"), city, permitted).unwrap();
    for (account, region) in [(near, SUWON), (far, SEOUL)] {
        let (owner, category) = (Hash([7; 32]), RESTAURANT);
        let merchant = Merchant { owner, region, category, tier: 0, status: Status::Active };
        chain.send(city, lunch, &call::register(account.address(), merchant)).unwrap();
    }
    chain.send(city, lunch, &call::issue(guest.address(), Amount(20))).unwrap();

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
// ANCHOR_END: test
