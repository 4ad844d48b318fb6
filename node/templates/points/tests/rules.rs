//! The rules of the points. Each test has a chain of its own, in memory.

use dure_testing::{
    Account, Address, Amount, Chain, Refusal, assert_gas, assert_refused, invariants::Moment,
};
use template_points::template_points::{Error, Moved, call};

fn set_up() -> (Chain, Address, [Account; 3]) {
    let mut chain = Chain::new();
    let accounts = ["issuer", "holder", "guest"].map(|name| chain.account(name));
    let name = "Won".to_owned();
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), accounts[0], name).unwrap();
    (chain, token, accounts)
}

#[test]
fn issued_units_are_passed_on() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    chain.send(holder, token, &call::transfer(guest.address(), Amount(4))).unwrap();
    assert_eq!(chain.ask(token, &call::balance(holder.address())).unwrap(), Amount(6));
    assert_eq!(chain.ask(token, &call::balance(guest.address())).unwrap(), Amount(4));
    assert_eq!(chain.ask(token, &call::supply()).unwrap(), Amount(10));
    let moved = chain.events_of::<Moved>();
    assert_eq!(moved.len(), 2);
    assert_eq!(moved[1].to, Some(guest.address()));
    assert_gas!(chain, "issued_units_are_passed_on");
}

#[test]
fn a_transfer_above_the_balance_changes_nothing() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let refused = chain.send(holder, token, &call::transfer(guest.address(), Amount(11)));
    assert_refused!(refused, Error::Short { left: Amount(10), wanted: Amount(11) });
    assert_eq!(chain.ask(token, &call::balance(holder.address())).unwrap(), Amount(10));
}

#[test]
fn only_the_issuer_issues() {
    let (mut chain, token, [issuer, holder, _]) = set_up();
    let refused = chain.send(holder, token, &call::issue(holder.address(), Amount(1)));
    assert_refused!(refused, Error::NotIssuer { issuer: known } if known == issuer.address());
}

#[test]
fn burnt_units_leave_the_supply() {
    let (mut chain, token, [issuer, holder, _]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    chain.send(holder, token, &call::burn(Amount(3))).unwrap();
    assert_eq!(chain.ask(token, &call::supply()).unwrap(), Amount(7));
}

/// Plays thousands of random sequences of calls from what `set_up` made, and asks after each call.
/// A sequence that breaks it is shortened and kept in `tests/corpus`, which belongs into the
/// repository.
#[dure_testing::invariants(set_up)]
fn what_is_held_is_what_there_is(now: &Moment, token: Address) -> Result<bool, Refusal<Error>> {
    now.ask(token, &call::is_conserved())
}
