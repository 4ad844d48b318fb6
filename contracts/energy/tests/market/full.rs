//! A slot with as many orders as one may have, each of another meter, as it would be on a chain:
//! what a call may use of gas and memory is enough to clear it, collect it and count it again.

use crate::scene::{GRIDS, NAME, SLOT, terms};
use dure_sdk::{
    Address, Amount,
    domain::clearing::Side::{Buy, Sell},
};
use dure_testing::{Account, Chain, Hash, assert_refused, dure_types::Call, invoke};
use energy::energy::{Error, Meter, SLOT_ORDERS_MAX, Slot, call};
use std::path::Path;
use token::token::{Conditions, call as money};

/// Calls in a transaction.
const CALLS: usize = 64;
const METERS: u32 = SLOT_ORDERS_MAX as u32;

fn all(chain: &mut Chain, by: Account, calls: impl Iterator<Item = Call>) {
    let calls: Vec<Call> = calls.collect();
    for calls in calls.chunks(CALLS) {
        chain.transact(by, calls.to_vec()).unwrap();
    }
}

/// A market all of whose meters, one more than a slot has room for, are the operator's.
fn market(chain: &mut Chain, operator: Account) -> Address {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
    let token = chain.deploy(own.join("../token"), operator, won).unwrap();
    let market = chain.deploy(own, operator, (NAME, token, terms())).unwrap();
    let plenty = Amount(1_000_000_000);
    let paid_in = [
        invoke(token, &money::issue(operator.address(), plenty)),
        invoke(token, &money::approve(market, plenty, None)),
        invoke(market, &call::deposit(Hash([1; 32]), plenty)),
    ];
    all(chain, operator, paid_in.into_iter());
    let meters = (1..=METERS + 1).map(|number| {
        let key = |signer: u8| {
            let mut key = [signer; 32];
            key[..4].copy_from_slice(&number.to_le_bytes());
            key
        };
        let (owner, keys) = (operator.address(), [0, 1, 2].map(key));
        let meter = Meter { owner, zone: number as u16 % 2, keys, renewable: false };
        invoke(market, &call::register_meter(meter))
    });
    all(chain, operator, meters);
    market
}

#[test]
fn a_full_slot_is_cleared_in_one_call_and_counted_again() {
    let mut chain = Chain::new();
    let operator = chain.account("operator");
    let market = market(&mut chain, operator);
    let slot = Slot(chain.time().0 / SLOT + 8);
    let order = |meter: u32| {
        // A hundred limits, so that many tie.
        let limit = 60_000 + u64::from(meter) * 7_919 % 101 * 600;
        let (side, energy) =
            (if meter.is_multiple_of(2) { Buy } else { Sell }, 100 + u64::from(meter) % 900);
        call::order(slot, meter, Hash([1; 32]), side, energy, limit)
    };
    let orders = (1..=METERS).map(|meter| invoke(market, &order(meter)));
    all(&mut chain, operator, orders);
    assert_refused!(
        chain.send(operator, market, &order(METERS + 1)),
        Error::SlotFull { limit: SLOT_ORDERS_MAX, .. }
    );

    chain.set_time(slot.start()).unwrap();
    let outcome = chain.send(operator, market, &call::clear(slot)).unwrap();
    assert!(outcome.clearing.unwrap().volume > 0);
    let counted = chain.ask(market, &call::audit_slot(slot)).unwrap();
    assert_eq!(counted.meters, METERS);
    let trades = (1..=METERS).map(|meter| invoke(market, &call::collect(slot, meter)));
    all(&mut chain, operator, trades);
    chain.ask(market, &call::audit_slot(slot)).unwrap();
    chain.ask(market, &call::books()).unwrap();
    let (fees, _) = chain.ask(market, &call::account(GRIDS[0])).unwrap();
    assert!(fees > Amount::ZERO);
}
