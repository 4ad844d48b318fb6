//! What a settlement scheme costs beside a plain transfer, in time and in gas.
//!
//! A payment of regional currency asks whether payer, merchant and money permit it, takes an
//! allowance and own money, draws cashback from the city's pool and credits it. The peer is a
//! transfer of the token of `dure new`. Both run in blocks of one executor on one state; signatures
//! are checked outside the clock, and nothing is committed, so that every round does the same work.

use dure_runtime::VerifiedTransaction;
use dure_sdk::{
    Amount, Hash,
    domain::{
        calendar::{Month, Period},
        policy::{Bracket, Brackets},
        pool::OnShort,
        registry::{Category, Merchant, MerchantSet, Status},
    },
};
use dure_testing::{Account, Address, Chain, TestFailure, call, invoke};
use dure_types::{Call, Gas, Outcome, Receipt};
use merchants::merchants::call as registry;
use regional_currency::regional::{Cashback, Programme, Scheme, call as won};
use std::{path::Path, time::Instant};

/// Payers, each with one transaction in a block.
const PAYERS: usize = 200;
const ROUNDS: usize = 15;
/// What each may use: all of them fit into a block.
const GAS: Gas = Gas(1_000_000);
/// Calls of one transaction of the set-up.
const CALLS: usize = 16;

fn main() -> Result<(), TestFailure> {
    let town = Town::new()?;
    let pays: Vec<_> = town.payers.iter().map(|payer| (*payer, town.pay())).collect();
    let transfers: Vec<_> = town.payers.iter().map(|payer| (*payer, town.transfer())).collect();
    let (pays, transfers) = (town.block(pays)?, town.block(transfers)?);
    let (mut pay_times, mut transfer_times, mut gas) = (Vec::new(), Vec::new(), (0.0, 0.0));
    for round in 0..=ROUNDS {
        let ((pay_time, pay_gas), (transfer_time, transfer_gas)) =
            (town.run(&pays)?, town.run(&transfers)?);
        // The first round warms caches and code.
        if round > 0 {
            pay_times.push(pay_time);
            transfer_times.push(transfer_time);
        }
        gas = (pay_gas, transfer_gas);
    }
    print("regional_pay", "us", median(pay_times), median(transfer_times));
    print("regional_pay_gas", "gas", gas.0, gas.1);
    Ok(())
}

fn print(metric: &str, unit: &str, value: f64, peer_value: f64) {
    println!(
        "{{\"bench\":\"settlement\",\"metric\":\"{metric}\",\"value\":{value:.3},\
         \"unit\":\"{unit}\",\"peer\":\"token transfer\",\"peer_value\":{peer_value:.3},\
         \"ratio\":{:.3}}}",
        value / peer_value
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A city with its money, and a token beside it.
struct Town {
    chain: Chain,
    payers: Vec<Account>,
    shop: Address,
    token: Address,
    money: Address,
}

impl Town {
    fn new() -> Result<Self, TestFailure> {
        let mut chain = Chain::new();
        let city = chain.account("city");
        let shop = chain.account("shop").address();
        let payers: Vec<_> =
            (0..PAYERS).map(|index| chain.account(&format!("payer {index}"))).collect();
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
        let plain = contracts.join("../node/templates/token");
        let token = chain.deploy(plain, city, ("Won", "KRW", 0u8))?;
        let known = chain.deploy(contracts.join("merchants"), city, ())?;
        let init = ("Won", "W", known, scheme());
        let money = chain.deploy(contracts.join("regional-currency"), city, init)?;
        let mut calls = open(&chain, known, money, shop);
        for payer in payers.iter().map(|payer| payer.address()) {
            let (id, person) = (Hash(payer.0), Hash(payer.0));
            calls.push(invoke(known, &registry::link(payer, person)));
            calls.push(invoke(money, &won::sell(id, payer, Amount(100_000))));
            calls.push(invoke(money, &won::grant(id, 7, payer, Amount(1_000))));
            calls.push(call(token, "issue", (payer, 1_000_000u128)));
        }
        for calls in calls.chunks(CALLS) {
            chain.transact(city, calls.to_vec())?;
        }
        Ok(Self { chain, payers, shop, token, money })
    }

    /// 1,000 of the allowance and 2,000 of own money, which earn 10 %.
    fn pay(&self) -> Call {
        invoke(self.money, &won::pay(self.shop, Amount(3_000), Hash([1; 32])))
    }

    fn transfer(&self) -> Call {
        call(self.token, "transfer", (self.shop, 5u128, None::<Vec<u8>>))
    }

    fn block(&self, calls: Vec<(Account, Call)>) -> Result<Vec<VerifiedTransaction>, TestFailure> {
        calls.into_iter().map(|(by, call)| self.chain.verified(by, vec![call], GAS)).collect()
    }

    /// Microseconds and gas for each transaction of a block.
    fn run(&self, block: &[VerifiedTransaction]) -> Result<(f64, f64), TestFailure> {
        let (state, context) = (self.chain.state(), self.chain.context());
        let started = Instant::now();
        let output = self.chain.executor().execute_block(&state, &context, block);
        let seconds = started.elapsed().as_secs_f64();
        let output = output.map_err(|fault| TestFailure::Fault(fault.to_string()))?;
        let mut gas = 0;
        for outcome in &output.outcomes {
            match &outcome.outcome {
                Outcome::Receipt(Receipt { result: Ok(_), gas_used, .. }) => gas += gas_used.0,
                other => return Err(TestFailure::Fault(format!("it failed: {other:?}"))),
            }
        }
        let count = block.len() as f64;
        Ok((seconds * 1e6 / count, gas as f64 / count))
    }
}

/// The calls by which the city begins.
fn open(chain: &Chain, known: Address, money: Address, shop: Address) -> Vec<Call> {
    let here = MerchantSet { regions: vec![1], ..MerchantSet::EVERYWHERE };
    let small = MerchantSet { tier_max: 1, ..here.clone() };
    let merchant = Merchant {
        owner: Hash([9; 32]),
        region: 1,
        category: Category([1, 0, 0, 0]),
        tier: 0,
        status: Status::Active,
    };
    let month = Month::of(chain.time());
    let all = Amount(1_000_000_000);
    vec![
        invoke(known, &registry::define_set(1, small)),
        invoke(known, &registry::define_set(2, here)),
        invoke(known, &registry::register(shop, merchant, vec![])),
        invoke(money, &won::fund_pool(Hash([2; 32]), month, all)),
        invoke(money, &won::define_programme(7, Programme { set: 2, end: month.plus(3).end() })),
        invoke(money, &won::fund_programme(Hash([3; 32]), 7, all)),
    ]
}

/// 6 % discount, 10 % cashback, all for five years.
fn scheme() -> Scheme {
    let validity = Period::Years(5);
    let bracket = Bracket { up_to: Amount(700_000), rate_bp: 600 };
    let discount = Brackets::new(vec![bracket]).expect("one bracket is a table of rates");
    let (set, on_short) = (1, OnShort::Zero);
    Scheme {
        discount,
        discount_on_short: OnShort::Reject,
        top_up: None,
        cashback: Some(Cashback {
            tiers_bp: vec![1_000, 500],
            base_cap: Amount(300_000),
            validity,
            set,
            on_short,
        }),
        purchase_cap: Amount(700_000),
        holding_cap: Amount(1_500_000),
        validity,
        own_set: set,
        refund_percent: 60,
        gift_cap: None,
        cash_out_cap: None,
    }
}
