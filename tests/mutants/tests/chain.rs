//! What the test chain shows of a contract: events, refusals, changes, time, gas.

use dure_testing::{
    Account, Address, Amount, Chain, TimestampMs, assert_gas, assert_refused, invoke,
};
use mutants::ledger::{Error, Moved, call};
use std::time::{Duration, Instant};

fn set_up() -> (Chain, Address, [Account; 2]) {
    with_bugs(0)
}

fn with_bugs(bugs: u16) -> (Chain, Address, [Account; 2]) {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let init = (bugs, Amount(1_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    chain.send(issuer, ledger, &call::issue(issuer.address(), Amount(10))).unwrap();
    (chain, ledger, [issuer, guest])
}

#[test]
fn a_refusal_is_matched_and_explained() {
    let (mut chain, ledger, [issuer, guest]) = set_up();
    let refused = chain.send(issuer, ledger, &call::transfer(guest.address(), Amount(11)));
    assert_refused!(refused, Error::Short { left: Amount(10), wanted } if wanted == Amount(11));
    assert_eq!(chain.why(), "ledger::Error::Short { left: 10, wanted: 11 } at ledger.transfer");
    chain.send(issuer, ledger, &call::set_cap(Amount(u128::MAX))).unwrap();
    let most = call::issue(guest.address(), Amount(u128::MAX - 10));
    chain.send(issuer, ledger, &most).unwrap();
    let both = chain.transact(
        guest,
        vec![
            invoke(ledger, &call::transfer(issuer.address(), Amount(1))),
            invoke(ledger, &call::burn(Amount(u128::MAX))),
        ],
    );
    assert!(both.is_err());
    assert!(chain.why().starts_with("ledger::Error::Short"), "{}", chain.why());
    assert!(chain.why().ends_with("at ledger.burn"), "{}", chain.why());
}

/// A place in the contract's source, as a panic there ends.
fn place(code: &str) -> String {
    let mut lines = include_str!("../src/lib.rs").lines();
    let line = lines.position(|line| line.contains(code)).unwrap() + 1;
    format!("src/lib.rs:{line}")
}

#[test]
fn a_panic_of_rust_and_of_the_sdk_says_its_file_and_line() {
    let (mut chain, ledger, [issuer, _]) = with_bugs(1 << 7);
    let share = |chain: &mut Chain, of| {
        let failed = format!("{:?}", chain.ask(ledger, &call::share(of)).unwrap_err());
        assert!(failed.contains(&place("of.0 * 10_000 /")), "{failed}");
        failed
    };
    let overflow = share(&mut chain, Amount::MAX);
    assert!(overflow.contains("attempt to multiply with overflow"), "{overflow}");
    chain.send(issuer, ledger, &call::burn(Amount(10))).unwrap();
    let division = share(&mut chain, Amount(1));
    assert!(division.contains("attempt to divide by zero"), "{division}");
    chain.send(issuer, ledger, &call::issue(issuer.address(), Amount(10))).unwrap();
    chain.send(issuer, ledger, &call::hold(issuer.address(), Amount(0))).unwrap();
    chain.send(issuer, ledger, &call::post(1, Amount::MAX)).unwrap_err();
    let said = "panicked: a balance exceeds the greatest amount at ";
    assert!(chain.why().starts_with(said), "{}", chain.why());
    let place = format!("{} at ledger.post", place("self.held.at(&hold.to).add(amount)"));
    assert!(chain.why().ends_with(&place), "{}", chain.why());
}

#[test]
#[should_panic(expected = "not refused with Error::Paused")]
fn another_refusal_does_not_match() {
    let (mut chain, ledger, [issuer, guest]) = set_up();
    let refused = chain.send(issuer, ledger, &call::transfer(guest.address(), Amount(11)));
    assert_refused!(refused, Error::Paused);
}

#[test]
fn events_and_changes_are_decoded() {
    let (mut chain, ledger, [issuer, guest]) = set_up();
    chain.send(issuer, ledger, &call::transfer(guest.address(), Amount(4))).unwrap();
    let moved = Moved { from: issuer.address(), to: guest.address(), amount: Amount(4) };
    assert_eq!(chain.events_of::<Moved>(), std::slice::from_ref(&moved));
    assert_eq!(chain.events_by::<Moved>(ledger), std::slice::from_ref(&moved));
    assert!(chain.events_by::<Moved>(guest.address()).is_empty());
    let last = chain.last().unwrap().clone();
    assert_eq!(last.events_of::<Moved>(), [moved]);
    let mut changes: Vec<String> = chain.changes(&last).iter().map(ToString::to_string).collect();
    changes.sort();
    assert_eq!(changes, ["ledger.held[@guest]: none -> 4", "ledger.held[@issuer]: 10 -> 6"]);
}

#[test]
fn time_goes_forward_only_and_a_snapshot_brings_it_back() {
    let (mut chain, ledger, [issuer, guest]) = set_up();
    let expires = TimestampMs(chain.time().0 + 86_400_000);
    chain.send(issuer, ledger, &call::approve(guest.address(), Amount(5), expires)).unwrap();
    let (before, height) = (chain.snapshot(), chain.height());
    let take = call::transfer_from(issuer.address(), guest.address(), Amount(1));
    chain.set_time(TimestampMs(expires.0 - 1)).unwrap();
    chain.send(guest, ledger, &take).unwrap();
    assert_eq!(chain.time(), TimestampMs(expires.0 - 1));
    chain.set_time(TimestampMs(expires.0)).unwrap_err();
    chain.advance(1);
    assert_refused!(chain.send(guest, ledger, &take), Error::Expired { .. });
    let late = chain.account("made after the snapshot");
    chain.restore(&before);
    assert_eq!((chain.height(), chain.why()), (height, ""));
    assert_eq!(chain.ask(ledger, &call::balance(guest.address())).unwrap(), Amount(0));
    chain.send(guest, ledger, &take).unwrap();
    chain.send(late, ledger, &call::approve(guest.address(), Amount(5), expires)).unwrap();
}

#[test]
fn gas_is_what_the_committed_file_says() {
    let (mut chain, ledger, [issuer, guest]) = set_up();
    for amount in [1, 2, 3] {
        chain.send(issuer, ledger, &call::transfer(guest.address(), Amount(amount))).unwrap();
    }
    chain.ask(ledger, &call::balance(guest.address())).unwrap();
    let report = chain.gas_report();
    let names: Vec<&str> = report.rows.iter().map(|row| row.method.as_str()).collect();
    let expect =
        ["ledger.balance", "ledger.issue", "ledger.new", "ledger.transfer", "system.deploy"];
    assert_eq!(names, expect);
    let transfer = &report.rows[3];
    assert_eq!(transfer.calls, 3);
    assert!(transfer.min <= transfer.median && transfer.median <= transfer.max);
    assert!(report.to_string().contains("ledger.transfer"), "{report}");
    assert_gas!(chain, "three_transfers");
}

#[test]
fn a_hundred_chains_are_apart() {
    set_up(); // the build
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let (mut chain, ledger, [issuer, guest]) = set_up();
        chain.send(issuer, ledger, &call::transfer(guest.address(), Amount(4))).unwrap();
        assert_eq!(chain.ask(ledger, &call::balance(guest.address())).unwrap(), Amount(4));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (least, middle, all) = (times[0], times[50], times.iter().sum::<Duration>());
    println!("a hundred tests on WASM: least {least:?}, middle {middle:?}, all {all:?}");
}
