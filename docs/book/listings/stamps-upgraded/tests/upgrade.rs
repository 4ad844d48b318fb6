//! The token before and after its upgrade, on one chain.

// ANCHOR: set_up
use dure_testing::{Account, Address, Amount, Chain, assert_refused};
use stamps::stamps::call as before;
use stamps_upgraded::stamps::{Error, call as after};

/// A token of version 1, of which the holder has a hundred.
fn set_up() -> (Chain, Address, [Account; 3]) {
    let mut chain = Chain::new();
    let accounts = ["issuer", "holder", "guest"].map(|name| chain.account(name));
    let [issuer, holder, _] = accounts;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../stamps");
    let stamps = chain.deploy(folder, issuer, "Café".to_owned()).unwrap();
    chain.send(issuer, stamps, &before::issue(holder.address(), Amount(100))).unwrap();
    (chain, stamps, accounts)
}
// ANCHOR_END: set_up

// ANCHOR: upgrade
#[test]
fn what_is_held_stays_and_the_limit_holds_from_now_on() {
    let (mut chain, stamps, [issuer, holder, guest]) = set_up();
    chain.upgrade(issuer, stamps, env!("CARGO_MANIFEST_DIR"), Amount(50)).unwrap();
    assert_eq!(chain.ask(stamps, &after::balance(holder.address())).unwrap(), Amount(100));
    assert_eq!(chain.ask(stamps, &after::limit()).unwrap(), Amount(50));
    chain.send(holder, stamps, &after::transfer(guest.address(), Amount(50))).unwrap();
    let refused = chain.send(holder, stamps, &after::transfer(guest.address(), Amount(51)));
    assert_refused!(refused, Error::AboveLimit { limit: Amount(50), wanted: Amount(51) });
}
// ANCHOR_END: upgrade

// ANCHOR: refused
#[test]
fn a_migration_that_refuses_leaves_the_old_token() {
    let (mut chain, stamps, [issuer, holder, guest]) = set_up();
    let failed = chain.upgrade(issuer, stamps, env!("CARGO_MANIFEST_DIR"), Amount::ZERO);
    assert_eq!(failed.unwrap_err().contract_error(), Some(Error::Zero));
    chain.send(holder, stamps, &before::transfer(guest.address(), Amount(100))).unwrap();
}
// ANCHOR_END: refused
