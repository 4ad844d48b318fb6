//! What a settlement scheme costs beside a plain transfer, in time and in gas.
//!
//! A payment of regional currency asks whether payer, merchant and money permit it, takes an
//! allowance and own money, draws cashback from the city's pool and credits it. A voucher is
//! redeemed by a fresh code each time, signed by its key, with settlement to merchant,
//! headquarters, issuer, distributor and platform. The peer is a transfer of the token of
//! `dure new`. All run in blocks of one executor on one state; signatures are checked outside the
//! clock, one of each transaction, and nothing is committed, so that every round does the same
//! work.

use dure_runtime::VerifiedTransaction;
use dure_sdk::{
    Amount, Hash,
    domain::{
        calendar::{Month, Period},
        policy::{Bracket, Brackets},
        pool::OnShort,
        registry::{Category, Merchant, MerchantSet, Status},
        split::Legs,
    },
};
use dure_testing::{Account, Address, Chain, TestFailure, call, invoke};
use dure_types::{Call, Gas, Outcome, Receipt};
use merchants::merchants::call as registry;
use regional_currency::regional::{Cashback, Programme, Scheme, call as won};
use std::{path::Path, time::Instant};
use voucher::voucher::{Kind, Product, VoucherTerms, call as vouchers};

/// Payers, each with one transaction in a block.
const PAYERS: usize = 200;
const ROUNDS: usize = 15;
/// What each may use: all of them fit into a block.
const GAS: Gas = Gas(1_000_000);
/// Calls of one transaction of the set-up.
const CALLS: usize = 16;

fn main() -> Result<(), TestFailure> {
    let town = Town::new()?;
    let blocks = [town.transfers()?, town.pays()?, town.redeems()?];
    let (mut times, mut gas) = ([const { Vec::new() }; 3], [0.0; 3]);
    for round in 0..=ROUNDS {
        for (index, block) in blocks.iter().enumerate() {
            let (time, used) = town.run(block)?;
            // The first round warms caches and code.
            if round > 0 {
                times[index].push(time);
            }
            gas[index] = used;
        }
    }
    let [transfer, pay, redeem] = times.map(median);
    let [transfer_gas, pay_gas, redeem_gas] = gas;
    print("regional_pay", "us", pay, transfer);
    print("regional_pay_gas", "gas", pay_gas, transfer_gas);
    print("voucher_redeem", "us", redeem, transfer);
    print("voucher_redeem_gas", "gas", redeem_gas, transfer_gas);
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

/// A city with its money, and a token and vouchers beside it.
struct Town {
    chain: Chain,
    payers: Vec<Account>,
    /// What signs the codes of each payer's voucher, the first one's of the first voucher.
    phones: Vec<Account>,
    shop: Address,
    token: Address,
    money: Address,
    vouchers: Address,
}

impl Town {
    fn new() -> Result<Self, TestFailure> {
        let mut chain = Chain::new();
        let city = chain.account("city");
        let shop = chain.account("shop").address();
        let mut accounts = |name| -> Vec<Account> {
            (0..PAYERS).map(|index| chain.account(&format!("{name} {index}"))).collect()
        };
        let (payers, phones) = (accounts("payer"), accounts("phone"));
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
        let plain = contracts.join("../node/templates/token");
        let token = chain.deploy(plain, city, ("Won", "KRW", 0u8))?;
        let known = chain.deploy(contracts.join("merchants"), city, ())?;
        let init = ("Won", "W", known, scheme());
        let money = chain.deploy(contracts.join("regional-currency"), city, init)?;
        let vouchers = chain.deploy(contracts.join("voucher"), city, (known, token, terms()))?;
        let mut calls = open(&chain, known, money, shop);
        let all = 1_000_000u128 * PAYERS as u128;
        calls.push(call(token, "issue", (city.address(), all)));
        calls.push(call(token, "approve", (vouchers, all, None::<u64>)));
        calls.push(invoke(vouchers, &vouchers::define_product(1, product(city.address()))));
        for (payer, phone) in payers.iter().zip(&phones) {
            let (payer, phone) = (payer.address(), phone.address());
            let (id, person) = (Hash(payer.0), Hash(payer.0));
            calls.push(invoke(known, &registry::link(payer, person)));
            calls.push(invoke(money, &won::sell(id, payer, Amount(100_000))));
            calls.push(invoke(money, &won::grant(id, 7, payer, Amount(1_000))));
            calls.push(call(token, "issue", (payer, 1_000_000u128)));
            let issue = vouchers::issue(id, 1, payer, Amount(9_500), vec![phone]);
            calls.push(invoke(vouchers, &issue));
        }
        for calls in calls.chunks(CALLS) {
            chain.transact(city, calls.to_vec())?;
        }
        Ok(Self { chain, payers, phones, shop, token, money, vouchers })
    }

    fn transfers(&self) -> Result<Vec<VerifiedTransaction>, TestFailure> {
        let transfer = call(self.token, "transfer", (self.shop, 5u128, None::<Vec<u8>>));
        self.block(self.payers.iter().map(|payer| (*payer, transfer.clone())))
    }

    /// 1,000 of the allowance and 2,000 of own money, which earn 10 %.
    fn pays(&self) -> Result<Vec<VerifiedTransaction>, TestFailure> {
        let pay = invoke(self.money, &won::pay(self.shop, Amount(3_000), Hash([1; 32])));
        self.block(self.payers.iter().map(|payer| (*payer, pay.clone())))
    }

    /// 8,200 of 10,000 on each voucher, in five parts.
    fn redeems(&self) -> Result<Vec<VerifiedTransaction>, TestFailure> {
        let redeem = |voucher: usize| {
            let receipt = Hash(self.phones[voucher].address().0);
            let number = voucher as u64 + 1;
            let redeem = vouchers::redeem(number, 0, self.shop, Amount(8_200), receipt);
            (self.phones[voucher], invoke(self.vouchers, &redeem))
        };
        self.block((0..PAYERS).map(redeem))
    }

    fn block(
        &self,
        calls: impl Iterator<Item = (Account, Call)>,
    ) -> Result<Vec<VerifiedTransaction>, TestFailure> {
        calls.map(|(by, call)| self.chain.verified(by, vec![call], GAS)).collect()
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
    let allowance = Programme { set: 2, end: month.plus(3).end(), most: Amount(1_000) };
    vec![
        invoke(known, &registry::define_set(1, small)),
        invoke(known, &registry::define_set(2, here)),
        invoke(known, &registry::register(shop, merchant, vec![])),
        invoke(money, &won::fund_pool(Hash([2; 32]), month, all)),
        invoke(money, &won::define_programme(7, allowance)),
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
        funded_alone: Amount(2_000_000_000),
        supply_cap: Amount::MAX,
    }
}

/// A voucher of 10,000 that all five have a share in, and that can be undone on its day.
fn product(issuer: Address) -> Product {
    let payees = ["headquarters", "issuer", "distributor", "platform"];
    let mut payees = payees.map(|name| Account::named(name).address());
    payees[1] = issuer;
    Product {
        kind: Kind::Amount { least: Amount(100) },
        face: Amount(10_000),
        validity: Period::Years(1),
        short_lived: false,
        set: 2,
        identified: true,
        undo_days: 1,
        legs: Legs::new([9_200, 300, 250, 150, 100]).expect("the shares are whole"),
        payees,
    }
}

fn terms() -> VoucherTerms {
    VoucherTerms {
        withdrawal_days: 7,
        used_bp: VoucherTerms::flat(6_000),
        expired_bp: VoucherTerms::flat(9_000),
        claims: Period::Years(5),
        extension: Period::Months(3),
        extensions: 1,
        notice_days: vec![30, 14, 7],
        claim_days: 10,
        expired_to_purchaser: false,
    }
}
