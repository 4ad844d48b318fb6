//! What no sequence of calls breaks, whoever calls what.

use currency::currency::{Error, call};
use dure_testing::{
    Account, Address, Amount, Chain, Refusal,
    invariants::{Moment, Played},
};

/// A currency with a deposit, a holder, a merchant and an allowance.
fn set_up() -> (Chain, Address) {
    let mut chain = Chain::new();
    let [issuer, holder, shop] = ["issuer", "holder", "shop"].map(|name| chain.account(name));
    let init = ("Won".to_owned(), "KRW".to_owned(), 0u8);
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    chain.send(issuer, token, &call::book_deposit(Amount(1_000))).unwrap();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(500))).unwrap();
    chain.send(issuer, token, &call::set_merchant(shop.address(), "Shop".into(), true)).unwrap();
    chain.send(holder, token, &call::approve(shop.address(), Amount(200), None)).unwrap();
    (chain, token)
}

#[dure_testing::invariants(set_up)]
fn what_is_held_is_the_supply_and_covered(
    now: &Moment,
    token: Address,
) -> Result<bool, Refusal<Error>> {
    let holders = now.ask(token, &call::holders(None, 200))?;
    let held = holders.iter().try_fold(Amount::ZERO, |sum, (_, held)| sum.checked_add(*held));
    let (supply, deposit) = (now.ask(token, &call::supply())?, now.ask(token, &call::deposit())?);
    Ok(held == Some(supply) && supply <= deposit)
}

#[dure_testing::invariants(set_up, effort(64, 64))]
fn only_the_issuer_changes_what_there_is_but_for_what_is_redeemed(
    before: &Moment,
    played: &Played,
    after: &Moment,
    token: Address,
) -> Result<bool, Refusal<Error>> {
    let both = |at: &Moment| -> Result<_, Refusal<Error>> {
        Ok((at.ask(token, &call::supply())?, at.ask(token, &call::deposit())?))
    };
    let by_issuer = played.by == Account::named("issuer").address();
    Ok(by_issuer || played.method == "redeem" || both(before)? == both(after)?)
}
