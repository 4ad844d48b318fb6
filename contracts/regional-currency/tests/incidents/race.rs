//! Purchases of one block, on the real executor, and a pool that is not enough for all.

use crate::{city::id, scene::scheme};
use dure_sdk::domain::{
    calendar::Month,
    pool::{OnShort, PoolError},
    registry::MerchantSet,
    roles::Role,
};
use dure_testing::{
    Amount, Chain, ExecutionError, Gas, Hash, Outcome, Receipt, codec::Decode, invoke,
};
use merchants::merchants::call as registry;
use regional_currency::regional::{Error, Sale, Scheme, call};

const GAS: Gas = Gas(10_000_000);

/// Three agents sell 60,000, 60,000 and 30,000 in one block, and the pool has 9,000: what the city
/// adds to each, or why it is refused.
fn in_one_block(discount_on_short: OnShort) -> Vec<Result<u128, Error>> {
    let mut chain = Chain::new();
    let city = chain.account("city");
    let folder = env!("CARGO_MANIFEST_DIR");
    let known = chain.deploy(format!("{folder}/../merchants"), city, ()).unwrap();
    let init = ("Won", "W", known, Scheme { discount_on_short, ..scheme() });
    let money = chain.deploy(folder, city, init).unwrap();
    let mut calls = vec![
        invoke(known, &registry::define_set(1, MerchantSet::EVERYWHERE)),
        invoke(money, &call::fund_pool(id(1), Month::of(chain.time()), Amount(9_000))),
    ];
    let mut sales = Vec::new();
    for (number, face) in [60_000, 60_000, 30_000].into_iter().enumerate() {
        let agent = chain.account(&format!("agent {number}"));
        let buyer = chain.account(&format!("buyer {number}")).address();
        calls.push(invoke(money, &call::set_role(agent.address(), Role::Agent, true)));
        calls.push(invoke(known, &registry::link(buyer, Hash(buyer.0))));
        sales.push((agent, invoke(money, &call::sell(id(2), buyer, Amount(face)))));
    }
    chain.transact(city, calls).unwrap();
    let signed = |(agent, sell)| chain.verified(agent, vec![sell], GAS).unwrap();
    let block: Vec<_> = sales.into_iter().map(signed).collect();
    let output = chain.executor().execute_block(&chain.state(), &chain.context(), &block);
    let outcomes = output.unwrap().outcomes.into_iter();
    outcomes
        .map(|done| match done.outcome {
            Outcome::Receipt(Receipt { result: Ok(outputs), .. }) => {
                Ok(Sale::decode(&mut outputs[0].as_slice()).unwrap().subsidy.0)
            }
            Outcome::Receipt(Receipt { result: Err(failure), .. }) => match failure.error {
                ExecutionError::Contract { error, .. } => {
                    Err(Error::decode(&mut error.as_slice()).unwrap())
                }
                other => panic!("{other:?}"),
            },
            skipped => panic!("{skipped:?}"),
        })
        .collect()
}

#[test]
fn pool_exhaustion_race() {
    // The first in the block has all of it, the second nothing of what is left, and the third, for
    // whom it is enough, all of that.
    let month = Month::of(Chain::new().time());
    let short = PoolError::Short { month, left: Amount(3_000), wanted: Amount(6_000) };
    let found = in_one_block(OnShort::Reject);
    assert_eq!(found, [Ok(6_000), Err(Error::Pool(short)), Ok(3_000)]);
    assert_eq!(in_one_block(OnShort::Zero), [Ok(6_000), Ok(0), Ok(3_000)]);
}
