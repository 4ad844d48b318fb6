//! The till before and after its upgrade, on one chain.

use dure_testing::{Account, Address, Amount, Chain, TestFailure};
use till_after::till::{Error, Price, call as after};
use till_before::till::call as before;

/// A till of version 1 that sold coffee twice.
fn till() -> (Chain, Account, Address) {
    let mut chain = Chain::new();
    let owner = chain.account("owner");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../before");
    let till = chain.deploy(folder, owner, ()).unwrap();
    chain.send(owner, till, &before::price("coffee".into(), 4_500)).unwrap();
    chain.send(owner, till, &before::price("tea".into(), 4_000)).unwrap();
    for _ in 0..2 {
        chain.send(owner, till, &before::sell("coffee".into())).unwrap();
    }
    (chain, owner, till)
}

fn note(chain: &Chain, till: Address) -> Option<Vec<u8>> {
    chain.storage(till, &3u16.to_be_bytes()).unwrap()
}

#[test]
fn what_was_stored_is_there_after_the_upgrade() {
    let (mut chain, owner, till) = till();
    assert!(note(&chain, till).is_some());
    chain.upgrade(owner, till, env!("CARGO_MANIFEST_DIR"), 1_000u16).unwrap();
    let since = chain.time();
    let price = |amount| Some(Price { amount: Amount(amount), since });
    assert_eq!(chain.ask(till, &after::price_of("coffee".into())).unwrap(), price(4_500));
    assert_eq!(chain.ask(till, &after::price_of("tea".into())).unwrap(), price(4_000));
    assert_eq!(chain.ask(till, &after::earned()).unwrap(), 9_000);
    assert_eq!(chain.ask(till, &after::vat()).unwrap(), 1_000);
    assert_eq!(note(&chain, till), None);
    let (from, amount) = (owner.address(), Amount(5));
    chain.send(owner, till, &after::on_receive(from, amount, None)).unwrap();
    assert_eq!(chain.ask(till, &after::received(from)).unwrap(), amount);
}

// ANCHOR: refused
#[test]
fn a_migration_that_refuses_leaves_the_old_till() {
    let (mut chain, owner, till) = till();
    let failure = chain.upgrade(owner, till, env!("CARGO_MANIFEST_DIR"), 10_001u16).unwrap_err();
    assert_eq!(failure.contract_error(), Some(Error::Vat { vat: 10_001 }));
    assert_eq!(chain.ask(till, &before::taken()).unwrap(), 9_000);
    assert!(note(&chain, till).is_some());
    let failure = chain.upgrade(owner, till, env!("CARGO_MANIFEST_DIR"), ()).unwrap_err();
    assert!(matches!(failure, TestFailure::Failed { .. }), "{failure}");
    assert_eq!(chain.ask(till, &before::taken()).unwrap(), 9_000);
}
// ANCHOR_END: refused
