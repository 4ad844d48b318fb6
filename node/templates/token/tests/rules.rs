//! The rules of the token. Each test has a chain of its own, in memory.

use dure_sdk::{domain::allowance::AllowanceError, standard::Reason};
use dure_testing::{
    Account, Address, Amount, Chain, Refusal, TimestampMs, assert_gas, assert_refused,
    invariants::Moment,
};
use template_token::template_token::{Error, Moved, call};

fn set_up() -> (Chain, Address, [Account; 3]) {
    let mut chain = Chain::new();
    let accounts = ["issuer", "holder", "guest"].map(|name| chain.account(name));
    let init = ("Won".to_owned(), "KRW".to_owned(), 0u8);
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), accounts[0], init).unwrap();
    (chain, token, accounts)
}

#[test]
fn issued_units_are_passed_on() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let memo = Some(b"rent".to_vec());
    chain.send(holder, token, &call::transfer(guest.address(), Amount(4), memo.clone())).unwrap();
    assert_eq!(chain.ask(token, &call::balance_of(holder.address())).unwrap(), Amount(6));
    assert_eq!(chain.ask(token, &call::balance_of(guest.address())).unwrap(), Amount(4));
    assert_eq!(chain.ask(token, &call::total_supply()).unwrap(), Amount(10));
    let (from, to) = (Some(holder.address()), Some(guest.address()));
    assert_eq!(chain.events_of::<Moved>()[1], Moved { from, to, amount: Amount(4), memo });
    assert_gas!(chain, "issued_units_are_passed_on");
}

#[test]
fn only_the_issuer_issues() {
    let (mut chain, token, [issuer, holder, _]) = set_up();
    let refused = chain.send(holder, token, &call::issue(holder.address(), Amount(1)));
    assert_refused!(refused, Error::NotIssuer { issuer: known } if known == issuer.address());
}

#[test]
fn what_cannot_be_transferred_is_told_before_and_changes_nothing() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let short = Reason::Short { left: Amount(10), wanted: Amount(11) };
    for (to, amount, reason) in [
        (guest.address(), 11, short),
        (guest.address(), 0, Reason::Zero),
        (Address::SYSTEM, 1, Reason::NotPermitted { account: Address::SYSTEM }),
    ] {
        let ask = call::can_transfer(holder.address(), to, Amount(amount));
        assert_eq!(chain.ask(token, &ask).unwrap(), Err(reason));
        let refused = chain.send(holder, token, &call::transfer(to, Amount(amount), None));
        assert_refused!(refused, Error::Transfer(found) if found == reason);
    }
    let ask = call::can_transfer(holder.address(), guest.address(), Amount(10));
    assert_eq!(chain.ask(token, &ask).unwrap(), Ok(()));
    assert_eq!(chain.ask(token, &call::balance_of(holder.address())).unwrap(), Amount(10));
}

#[test]
fn an_allowance_is_taken_up_to_its_amount_and_its_end() {
    let (mut chain, token, [issuer, holder, guest]) = set_up();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(10))).unwrap();
    let expires = TimestampMs(chain.time().0 + 60_000);
    let approve = call::approve(guest.address(), Amount(5), Some(expires));
    chain.send(holder, token, &approve).unwrap();
    let take =
        |amount| call::transfer_from(holder.address(), guest.address(), Amount(amount), None);
    chain.send(guest, token, &take(3)).unwrap();
    let short = AllowanceError::Short { left: Amount(2), wanted: Amount(3) };
    let refused = chain.send(guest, token, &take(3));
    assert_refused!(refused, Error::Allowance(found) if found == short);
    chain.set_time(expires).unwrap();
    let refused = chain.send(guest, token, &take(1));
    assert_refused!(refused, Error::Allowance(AllowanceError::Expired { .. }));
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
