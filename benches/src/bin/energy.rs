//! Clearing a slot of the contract `energy`: 1,000 orders of as many meters in one call, on the
//! real executor, transaction and all. The peer is the budget that the contract was made for.

use dure_sdk::{Address, Amount, Hash, domain::clearing::Side};
use dure_testing::{Account, Chain};
use energy::energy::{EnergyTerms, Meter, Slot, Zone, call};
use std::{path::PathBuf, time::Instant};
use token::token::{Conditions, call as money};

const ORDERS: u64 = 1_000;
const ROUNDS: usize = 15;
const BUDGET_MS: f64 = 20.0;
/// From genesis, by when all orders are in: two hours on.
const AHEAD_SLOTS: u64 = 8;

fn main() {
    let mut chain = Chain::new();
    let operator = chain.account("operator");
    let (market, slot) = market(&mut chain, operator);
    for number in 0..ORDERS {
        // Limits of 60 to 120 won, a hundred different ones, so that many tie.
        let limit = 60_000 + number * 7_919 % 100 * 600;
        let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
        let (meter, id, energy) = (number as u32 + 1, Hash([1; 32]), 100 + number % 900);
        let order = call::order(slot, meter, id, side, energy, limit);
        chain.send(operator, market, &order).expect("an order within its bounds");
    }
    chain.set_time(slot.start()).expect("the slot is ahead");
    let open = chain.snapshot();
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        chain.restore(&open);
        let start = Instant::now();
        let outcome = chain.send(operator, market, &call::clear(slot)).expect("it clears");
        seconds.push(start.elapsed().as_secs_f64());
        assert!(outcome.clearing.is_some_and(|clearing| clearing.volume > 0));
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2] * 1e3;
    let gas = chain.last().map_or(0, |executed| executed.gas_used.0);
    line("clear_1000_orders", median, "ms", BUDGET_MS);
    line("clear_1000_orders_gas", gas as f64 / 1e6, "Mgas", 100.0);
}

fn line(metric: &str, value: f64, unit: &str, budget: f64) {
    println!(
        "{{\"bench\":\"energy\",\"metric\":\"{metric}\",\"value\":{value:.3},\"unit\":\"{unit}\",\
         \"peer\":\"budget\",\"peer_value\":{budget:.3},\"ratio\":{:.3}}}",
        value / budget
    );
}

/// A market whose meters are all the operator's; says a slot of it.
fn market(chain: &mut Chain, operator: Account) -> (Address, Slot) {
    let contracts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
    let token = chain.deploy(contracts.join("token"), operator, won).expect("it builds");
    let own = operator.address();
    let terms = EnergyTerms {
        gate_ms: 300_000,
        reading_ms: 3_600_000,
        retail_mwon: 120_000,
        feed_in_mwon: 60_000,
        least_wh: 1,
        most_wh: 1_000_000,
        substitute_export_bp: 0,
        substitute_import_bp: 10_000,
        utility: own,
        rounding: own,
        zones: vec![Zone { operator: own, import_mwon: 0, export_mwon: 0 }],
    };
    let init = (Hash([7; 32]), token, terms);
    let market = chain.deploy(contracts.join("energy"), operator, init).expect("it builds");
    let plenty = Amount(1_000_000_000);
    chain.send(operator, token, &money::issue(own, plenty)).expect("of the issuer");
    chain.send(operator, token, &money::approve(market, plenty, None)).expect("of the holder");
    chain.send(operator, market, &call::deposit(Hash([1; 32]), plenty)).expect("it has as much");
    for number in 0..ORDERS {
        let key = |signer: u8| {
            let mut key = [signer; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            key
        };
        let keys = [key(1), key(2), key(3)];
        let meter = Meter { owner: own, zone: 0, keys, renewable: false };
        chain.send(operator, market, &call::register_meter(meter)).expect("of an agent");
    }
    (market, Slot(chain.time().0 / energy::energy::SLOT_MS + AHEAD_SLOTS))
}
