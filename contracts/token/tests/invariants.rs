//! What no sequence of calls breaks, whoever calls what.

mod merchant;

use dure_sdk::domain::registry::MerchantSet;
use dure_testing::{
    Account, Address, Amount, Chain, Refusal,
    invariants::{Moment, Played},
};
use merchant::MERCHANT;
use token::token::{Conditions, Error, call};

/// A token with a deposit, a holder, a merchant that was paid and an allowance.
fn set_up() -> (Chain, Address) {
    let mut chain = Chain::new();
    let [issuer, holder, shop] = ["issuer", "holder", "shop"].map(|name| chain.account(name));
    let conditions = Conditions { merchants: Some(MerchantSet::EVERYWHERE), ..Conditions::NONE };
    let init = ("Won".to_owned(), "KRW".to_owned(), 0u8, conditions);
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    chain.send(issuer, token, &call::book_deposit(Amount(1_000))).unwrap();
    chain.send(issuer, token, &call::issue(holder.address(), Amount(500))).unwrap();
    chain.send(issuer, token, &call::register_merchant(shop.address(), MERCHANT, vec![])).unwrap();
    chain.send(holder, token, &call::approve(shop.address(), Amount(200), None)).unwrap();
    chain.send(holder, token, &call::pay(shop.address(), Amount(100), None)).unwrap();
    (chain, token)
}

/// Without what needs its period to be over, and what says conditions.
#[dure_testing::invariants(set_up, without("sweep", "schedule_policy", "withdraw_policy"))]
fn what_is_held_is_the_supply_and_covered(
    now: &Moment,
    token: Address,
) -> Result<bool, Refusal<Error>> {
    let holders = now.ask(token, &call::holders(None, 200))?;
    let held = holders.iter().try_fold(Amount::ZERO, |sum, (_, held)| sum.checked_add(*held));
    let audit = now.ask(token, &call::audit(None, 200))?;
    let deposit = now.ask(token, &call::deposit())?;
    let outstanding = Some(audit.totals.outstanding);
    Ok(audit.next.is_none() && held == outstanding && outstanding <= deposit)
}

/// Without what makes others issuers.
#[dure_testing::invariants(
    set_up,
    without("set_role", "sweep", "schedule_policy", "withdraw_policy"),
    effort(64, 64)
)]
fn only_the_issuer_changes_what_there_is_but_for_what_is_redeemed(
    before: &Moment,
    played: &Played,
    after: &Moment,
    token: Address,
) -> Result<bool, Refusal<Error>> {
    let both = |at: &Moment| -> Result<_, Refusal<Error>> {
        Ok((at.ask(token, &call::total_supply())?, at.ask(token, &call::deposit())?))
    };
    let by_issuer = played.by == Account::named("issuer").address();
    Ok(by_issuer || played.method == "redeem" || both(before)? == both(after)?)
}
