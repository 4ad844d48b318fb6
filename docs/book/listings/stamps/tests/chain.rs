//! What the test chain shows: why something failed, what changed, other times.

// ANCHOR: set_up
use dure_testing::{
    Account, Address, Amount, Chain, Invariants, TimestampMs, assert_refused, invariants::Moment,
    invoke,
};
use stamps::stamps::{Error, Moved, Stamps, call};

fn set_up() -> (Chain, Address, [Account; 2]) {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let stamps = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, "Café".to_owned()).unwrap();
    chain.send(issuer, stamps, &call::issue(issuer.address(), Amount(10))).unwrap();
    (chain, stamps, [issuer, guest])
}
// ANCHOR_END: set_up

// ANCHOR: why
#[test]
fn a_failure_says_where_it_came_from() {
    let (mut chain, stamps, [issuer, guest]) = set_up();
    let refused = chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(11)));
    assert_refused!(refused, Error::Short { left: Amount(10), wanted } if wanted == Amount(11));
    assert_eq!(chain.why(), "stamps::Error::Short { left: 10, wanted: 11 } at stamps.transfer");
}
// ANCHOR_END: why

// ANCHOR: changes
#[test]
fn events_and_changes_are_decoded() {
    let (mut chain, stamps, [issuer, guest]) = set_up();
    chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(4))).unwrap();
    let last = chain.last().unwrap().clone();
    let (from, to) = (Some(issuer.address()), Some(guest.address()));
    assert_eq!(last.events_of::<Moved>(), [Moved { from, to, amount: Amount(4) }]);
    let mut changes: Vec<String> = chain.changes(&last).iter().map(ToString::to_string).collect();
    changes.sort();
    assert_eq!(changes, ["stamps.held[@guest]: none -> 4", "stamps.held[@issuer]: 10 -> 6"]);
}
// ANCHOR_END: changes

// ANCHOR: shadow
#[test]
fn a_transfer_does_natively_what_its_wasm_does() {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    // Before it is deployed, so that `new` runs on both sides as well.
    chain.shadow::<Stamps>(chain.next_address(issuer));
    let stamps = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, "Café".to_owned()).unwrap();
    chain.send(issuer, stamps, &call::issue(issuer.address(), Amount(10))).unwrap();
    // Breakpoints in `transfer` are hit here.
    let refused = chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(11)));
    assert_refused!(refused, Error::Short { .. });
    chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(4))).unwrap();
    assert_eq!(chain.ask(stamps, &call::balance(guest.address())).unwrap(), Amount(4));
}
// ANCHOR_END: shadow

// ANCHOR: all_or_nothing
#[test]
fn two_calls_of_one_transaction_happen_both_or_not_at_all() {
    let (mut chain, stamps, [issuer, guest]) = set_up();
    let calls = vec![
        invoke(stamps, &call::transfer(guest.address(), Amount(4))),
        invoke(stamps, &call::burn(Amount(7))),
    ];
    assert!(chain.transact(issuer, calls).is_err());
    assert_eq!(chain.ask(stamps, &call::balance(guest.address())).unwrap(), Amount(0));
}
// ANCHOR_END: all_or_nothing

// ANCHOR: time
#[test]
fn a_snapshot_brings_a_moment_back() {
    let (mut chain, stamps, [issuer, guest]) = set_up();
    let (before, began) = (chain.snapshot(), chain.time());
    chain.advance(24 * 60 * 60 * 1_000);
    chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(4))).unwrap();
    // A block comes a second after the one before, and here a day later.
    assert_eq!(chain.time(), TimestampMs(began.0 + 24 * 60 * 60 * 1_000 + 1_000));
    assert!(chain.set_time(began).is_err(), "time never goes back");
    chain.restore(&before);
    assert_eq!(chain.time(), began);
    assert_eq!(chain.ask(stamps, &call::balance(guest.address())).unwrap(), Amount(0));
}
// ANCHOR_END: time

// ANCHOR: gas
#[test]
fn gas_is_counted_by_method() {
    let (mut chain, stamps, [issuer, guest]) = set_up();
    for amount in [1, 2] {
        chain.send(issuer, stamps, &call::transfer(guest.address(), Amount(amount))).unwrap();
    }
    let report = chain.gas_report();
    let transfer = report.rows.iter().find(|row| row.method == "stamps.transfer").unwrap();
    assert_eq!(transfer.calls, 2);
    println!("{report}");
}
// ANCHOR_END: gas

// ANCHOR: invariants
#[test]
fn units_leave_the_supply_by_burning_only() {
    let (chain, stamps, accounts) = set_up();
    let explored = Invariants::of(&chain)
        .accounts(accounts)
        .contract(stamps)
        .without("burn")
        .query(stamps, "is_conserved")
        .each("the supply does not fall", |before, call, after| {
            let supply = |at: &Moment| at.query::<Amount>(stamps, "supply", ());
            let was = supply(before).map_err(|error| error.to_string())?;
            let is = supply(after).map_err(|error| error.to_string())?;
            if is >= was { Ok(()) } else { Err(format!("{was} -> {is} by {}", call.method)) }
        })
        .no_panic()
        .effort(16, 32)
        .run()
        .unwrap();
    explored.assert_all_accepted();
}
// ANCHOR_END: invariants
