//! What everyday calls use.

mod merchant;

use dure_sdk::domain::registry::MerchantSet;
use dure_testing::{Amount, Chain, Hash, assert_gas};
use merchant::MERCHANT;
use token::token::{Conditions, Limits, call};

#[test]
fn gas_of_everyday_calls_is_what_the_committed_file_says() {
    let mut chain = Chain::new();
    let [issuer, ana, ben, shop] = ["issuer", "ana", "ben", "shop"].map(|name| chain.account(name));
    // Every condition of a payment is there to be looked at.
    let caps = Limits {
        per_purchase: Some(Amount(500)),
        spent_per_month: Some(Amount(900)),
        held: Some(Amount(5_000)),
        issued_per_month: Some(Amount(5_000)),
        issued_in_total: Some(Amount(1_000_000)),
    };
    let merchants = Some(MerchantSet { regions: vec![MERCHANT.region], ..MerchantSet::EVERYWHERE });
    let conditions = Conditions { merchants, caps, ..Conditions::NONE };
    let init = ("Meals".to_owned(), "MEAL".to_owned(), 0u8, conditions);
    let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    let merchant = call::register_merchant(shop.address(), MERCHANT, vec![]);
    chain.send(issuer, token, &merchant).unwrap();
    for (holder, person) in [(ana, 1), (ben, 2)] {
        let admit = call::admit(holder.address(), Some(Hash([person; 32])));
        chain.send(issuer, token, &admit).unwrap();
        chain.send(issuer, token, &call::issue(holder.address(), Amount(2_000))).unwrap();
    }
    for amount in [100, 200] {
        chain.send(ana, token, &call::pay(shop.address(), Amount(amount), None)).unwrap();
    }
    chain.send(ana, token, &call::transfer(ben.address(), Amount(50), None)).unwrap();
    chain.send(shop, token, &call::refund(ana.address(), Amount(100), None)).unwrap();
    chain.send(shop, token, &call::redeem(Amount(150), None)).unwrap();
    chain.ask(token, &call::balance_of(ana.address())).unwrap();
    assert_gas!(chain, "everyday_calls");
}
