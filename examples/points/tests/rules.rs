//! The rules of the points.

use dure_testing::{Amount, Chain, Refusal};
use points::points::{Error, call};

#[test]
fn points_above_the_balance_do_not_move() {
    let mut chain = Chain::new();
    let (shop, guest) = (chain.account("shop"), chain.account("guest"));
    let points = chain.deploy(env!("CARGO_MANIFEST_DIR"), shop, ()).unwrap();
    chain.send(shop, points, &call::issue(guest.address(), Amount(5))).unwrap();

    let refused = chain.send(guest, points, &call::transfer(shop.address(), Amount(6)));

    let error = Error::Short { left: Amount(5), wanted: Amount(6) };
    assert_eq!(refused, Err(Refusal::Contract(error)));
    assert_eq!(chain.ask(points, &call::balance(guest.address())).unwrap(), Amount(5));
    assert_eq!(chain.ask(points, &call::supply()).unwrap(), Amount(5));
}

#[test]
fn nobody_but_the_issuer_issues() {
    let mut chain = Chain::new();
    let (shop, guest) = (chain.account("shop"), chain.account("guest"));
    let points = chain.deploy(env!("CARGO_MANIFEST_DIR"), shop, ()).unwrap();

    let refused = chain.send(guest, points, &call::issue(guest.address(), Amount(1)));

    assert_eq!(refused, Err(Refusal::Contract(Error::NotIssuer { issuer: shop.address() })));
}
