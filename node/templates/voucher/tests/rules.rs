//! The rules of the voucher. Each test has a chain of its own, in memory.

use dure_testing::{
    Account, Address, Amount, Chain, Refusal, TimestampMs, assert_gas, assert_refused,
    invariants::Moment,
};
use template_voucher::template_voucher::{Error, Paid, call};

const DAY_MS: u64 = 86_400_000;

fn set_up() -> (Chain, Address, [Account; 3]) {
    let mut chain = Chain::new();
    let accounts = ["issuer", "holder", "merchant"].map(|name| chain.account(name));
    let [issuer, holder, merchant] = accounts;
    let expires = TimestampMs(chain.time().0 + 30 * DAY_MS);
    let voucher = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, expires).unwrap();
    chain.send(issuer, voucher, &call::set_merchant(merchant.address(), true)).unwrap();
    chain.send(issuer, voucher, &call::issue(holder.address(), Amount(10))).unwrap();
    (chain, voucher, accounts)
}

#[test]
fn a_merchant_takes_and_redeems() {
    let (mut chain, voucher, [_, holder, merchant]) = set_up();
    chain.send(holder, voucher, &call::pay(merchant.address(), Amount(4))).unwrap();
    chain.send(merchant, voucher, &call::redeem(Amount(4))).unwrap();
    assert_eq!(chain.ask(voucher, &call::balance(holder.address())).unwrap(), Amount(6));
    assert_eq!(chain.ask(voucher, &call::taken(merchant.address())).unwrap(), Amount(0));
    let paid = Paid { from: holder.address(), merchant: merchant.address(), amount: Amount(4) };
    assert_eq!(chain.events_of::<Paid>(), [paid]);
    assert_gas!(chain, "a_merchant_takes_and_redeems");
}

#[test]
fn nobody_but_a_merchant_is_paid() {
    let (mut chain, voucher, [issuer, holder, merchant]) = set_up();
    let refused = chain.send(holder, voucher, &call::pay(issuer.address(), Amount(1)));
    assert_refused!(refused, Error::NoMerchant { .. });
    chain.send(issuer, voucher, &call::set_merchant(merchant.address(), false)).unwrap();
    let refused = chain.send(holder, voucher, &call::pay(merchant.address(), Amount(1)));
    assert_refused!(refused, Error::NoMerchant { .. });
}

#[test]
fn an_expired_voucher_goes_back_to_the_issuer_alone() {
    let (mut chain, voucher, [issuer, holder, merchant]) = set_up();
    let early = chain.send(issuer, voucher, &call::take_back(holder.address()));
    assert_refused!(early, Error::NotExpired { .. });
    chain.advance(31 * DAY_MS);
    let refused = chain.send(holder, voucher, &call::pay(merchant.address(), Amount(1)));
    assert_refused!(refused, Error::Expired { .. });
    let refused = chain.send(holder, voucher, &call::take_back(holder.address()));
    assert_refused!(refused, Error::NotIssuer { .. });
    let taken = chain.send(issuer, voucher, &call::take_back(holder.address())).unwrap();
    assert_eq!(taken, Amount(10));
}

#[test]
fn more_than_is_held_is_not_spent() {
    let (mut chain, voucher, [_, holder, merchant]) = set_up();
    let refused = chain.send(holder, voucher, &call::pay(merchant.address(), Amount(11)));
    assert_refused!(refused, Error::Short { left: Amount(10), wanted: Amount(11) });
}

/// Plays thousands of random sequences of calls from what `set_up` made, and asks after each call.
/// A sequence that breaks it is shortened and kept in `tests/corpus`, which belongs into the
/// repository.
#[dure_testing::invariants(set_up)]
fn what_is_held_is_what_there_is(now: &Moment, voucher: Address) -> Result<bool, Refusal<Error>> {
    now.ask(voucher, &call::is_conserved())
}
