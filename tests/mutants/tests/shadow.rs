//! A contract that does natively something else than its WASM is caught by its shadow.

use dure_sdk::{Cx, native::Contract, prelude::*};
use dure_testing::{Account, Chain, TestFailure, call as call_of, invoke};
use mutants::ledger::{Error, Ledger, Moved, call};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The ledger, but for one thing that its code would do on this machine only.
struct Bent<const WHAT: u8>;

const RESULT: u8 = 0;
const EVENT: u8 = 1;
const STORAGE: u8 = 2;
const PANIC: u8 = 3;

impl<const WHAT: u8> Contract for Bent<WHAT> {
    const REENTRANT: &'static [Selector] = Ledger::REENTRANT;
    const PUBLISHED: &'static [u16] = Ledger::PUBLISHED;

    fn init(cx: &Cx, arguments: &[u8]) -> i32 {
        Ledger::init(cx, arguments)
    }

    fn call(cx: &Cx, selector: u32, arguments: &[u8]) -> i32 {
        let nobody = Address([0; 32]);
        match WHAT {
            RESULT => return dure_sdk::entry::result::<(), _>(Err(Error::Paused)),
            EVENT => cx.emit(&Moved { from: nobody, to: nobody, amount: Amount(7) }),
            PANIC => panic!("only here"),
            _ => {}
        }
        let exit = Ledger::call(cx, selector, arguments);
        if WHAT == STORAGE {
            Item::<bool>::open(Place::field(3)).set(&true);
        }
        exit
    }

    fn query(cx: &Cx, selector: u32, arguments: &[u8]) -> i32 {
        Ledger::query(cx, selector, arguments)
    }
}

fn set_up<C: Contract>() -> (Chain, Address, [Account; 2]) {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let init = (0u16, Amount(1_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    chain.send(issuer, ledger, &call::issue(issuer.address(), Amount(10))).unwrap();
    chain.shadow::<C>(ledger);
    (chain, ledger, [issuer, guest])
}

/// What a transfer of 4 says when it panics; nothing when it does not.
fn caught<C: Contract>(amount: u128) -> String {
    let (mut chain, ledger, [issuer, guest]) = set_up::<C>();
    let transfer = call::transfer(guest.address(), Amount(amount));
    let sent = catch_unwind(AssertUnwindSafe(|| chain.send(issuer, ledger, &transfer)));
    match sent {
        Ok(_) => String::new(),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
}

#[track_caller]
fn shows(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{said}\ndoes not show {part:?}");
    }
}

#[test]
fn every_kind_of_difference_is_shown_with_both_sides() {
    assert_eq!(caught::<Ledger>(4), "");
    shows(
        &caught::<Bent<RESULT>>(4),
        &[
            "ledger.transfer by @issuer: WASM and native code do not do the same",
            "result\n    WASM    ok: []\n    native  ledger::Error::Paused",
            "events\n    WASM    Moved { from: 0x",
        ],
    );
    shows(
        &caught::<Bent<EVENT>>(4),
        &["native  Moved { from: 0x", ", amount: 7 }; Moved { from: 0x"],
    );
    shows(
        &caught::<Bent<STORAGE>>(4),
        &["changes of storage\n    WASM    none\n    native  ledger.paused: false -> true"],
    );
    shows(&caught::<Bent<PANIC>>(4), &["native  Trapped: only here"]);
    // Where both are refused, but not with the same error.
    assert_eq!(caught::<Ledger>(11), "");
    shows(&caught::<Bent<RESULT>>(11), &["WASM    ledger::Error::Short { left: 10, wanted: 11 }"]);
    // What is refused has changed nothing, whatever it did on the way.
    assert_eq!(caught::<Bent<EVENT>>(11), "");
}

#[test]
fn transactions_are_all_or_nothing_on_both_sides() {
    let (mut chain, ledger, [issuer, guest]) = set_up::<Ledger>();
    let transfer = |amount| invoke(ledger, &call::transfer(guest.address(), Amount(amount)));
    chain.transact(issuer, vec![transfer(1), transfer(2)]).unwrap();
    chain.transact(issuer, vec![transfer(3), transfer(5)]).unwrap_err();
    assert_eq!(chain.ask(ledger, &call::balance(guest.address())).unwrap(), Amount(3));
    let unknown = chain.call::<()>(issuer, ledger, "teleport", ()).unwrap_err();
    assert!(matches!(unknown, TestFailure::Failed { .. }), "{unknown}");
    let cut = chain.call::<()>(issuer, ledger, "transfer", 1u8).unwrap_err();
    assert!(matches!(cut, TestFailure::Failed { .. }), "{cut}");
}

#[test]
fn a_contract_without_a_shadow_beside_one_that_has_it_is_named() {
    let (mut chain, ledger, [issuer, guest]) = set_up::<Ledger>();
    let other = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, (0u16, Amount(5))).unwrap();
    let both = vec![
        invoke(ledger, &call::transfer(guest.address(), Amount(1))),
        call_of(other, "pause", true),
    ];
    let failure = chain.transact(issuer, both.clone()).unwrap_err();
    assert_eq!(failure, TestFailure::NotShadowed { contract: other });
    chain.send(issuer, other, &call::pause(false)).unwrap();
    chain.shadow::<Ledger>(other);
    chain.transact(issuer, both).unwrap();
}
