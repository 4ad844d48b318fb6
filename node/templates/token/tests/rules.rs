//! The rules of the token. Each test has a chain of its own, in memory.

use dure_testing::{
    Account, Address, Amount, Chain, Refusal, TimestampMs, assert_gas, assert_refused,
    invariants::Moment,
};
use template_token::template_token::{Error, Moved, call};

fn set_up() -> (Chain, Address, [Account; 3]) {
    let mut chain = Chain::new();
    let accounts = ["issuer", "holder", "guest"].map(|name| chain.account(name));
    let about = ("Won".to_owned(), "KRW".to_owned(), 0u8);
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), accounts[0], about).unwrap();
    (chain, token, accounts)
}

#[test]
fn issued_units_are_passed_on() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    chain.send(holder, token, &call::transfer(guest.address(), Amount(4), None)).unwrap();
    assert_eq!(chain.ask(token, &call::balance_of(holder.address())).unwrap(), Amount(6));
    assert_eq!(chain.ask(token, &call::balance_of(guest.address())).unwrap(), Amount(4));
    assert_eq!(chain.ask(token, &call::total_supply()).unwrap(), Amount(10));
    let moved = chain.events_of::<Moved>();
    assert_eq!(moved.len(), 2);
    assert_eq!(moved[1].to, Some(guest.address()));
    assert_gas!(chain, "issued_units_are_passed_on");
}

#[test]
fn a_transfer_above_the_balance_changes_nothing() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let refused = chain.send(holder, token, &call::transfer(guest.address(), Amount(11), None));
    assert_refused!(refused, Error::Short { left: Amount(10), wanted: Amount(11) });
    assert_eq!(chain.ask(token, &call::balance_of(holder.address())).unwrap(), Amount(10));
}

#[test]
fn only_the_issuer_issues() {
    let (mut chain, token, [issuer, holder, _]) = set_up();
    let refused = chain.send(holder, token, &call::issue(holder.address(), Amount(1)));
    assert_refused!(refused, Error::NotIssuer { issuer: known } if known == issuer.address());
}

#[test]
fn an_allowance_is_used_up_and_expires() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let expires = TimestampMs(chain.time().0 + 60_000);
    let approved = call::approve(guest.address(), Amount(5), Some(expires));
    chain.send(holder, token, &approved).unwrap();
    let take = call::transfer_from(holder.address(), guest.address(), Amount(3), None);
    chain.send(guest, token, &take).unwrap();
    let refused = chain.send(guest, token, &take);
    assert_refused!(refused, Error::NotAllowed { left: Amount(2), wanted: Amount(3) });
    chain.advance(60_000);
    let late = call::transfer_from(holder.address(), guest.address(), Amount(1), None);
    assert_refused!(chain.send(guest, token, &late), Error::Expired { expires: at } if at == expires);
    assert_eq!(chain.ask(token, &call::balance_of(guest.address())).unwrap(), Amount(3));
}

#[test]
fn burnt_units_leave_the_supply() {
    let (mut chain, token, [issuer, holder, _]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    chain.send(holder, token, &call::burn(Amount(3))).unwrap();
    assert_eq!(chain.ask(token, &call::total_supply()).unwrap(), Amount(7));
}

/// Plays thousands of random sequences of calls from what `set_up` made, and asks after each call.
/// A sequence that breaks it is shortened and kept in `tests/corpus`, which belongs into the
/// repository.
#[dure_testing::invariants(set_up)]
fn what_is_held_is_what_there_is(now: &Moment, token: Address) -> Result<bool, Refusal<Error>> {
    now.ask(token, &call::is_conserved())
}
