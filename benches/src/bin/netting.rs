//! The close of a netting cycle of 1,000 members of the contract `settlement`, in one call on the
//! real executor: with few obligations and with many, and a call that takes 512 of them out of a
//! gridlock. The peer is the budget that the contract was made for; no signature and no state root.

use dure_testing::{Account, Address, Amount, Chain, Hash, invoke};
use settlement::settlement::{Cycle, Scheme, TAKEN_OUT_MAX, call as hub};
use std::{path::PathBuf, time::Instant};
use token::token::{Conditions, call as money};

const MEMBERS: u64 = 1_000;
const ROUNDS: usize = 15;
const BUDGET_MS: f64 = 50.0;
const TRANSACTION_MGAS: f64 = 100.0;
/// Calls of one transaction that prepares something.
const CALLS: usize = 60;
const HOUR_MS: u64 = 60 * 60 * 1_000;
const SCHEME: Scheme = Scheme { penalty_bp: 100, cycle: Cycle::Hours(24), ..Scheme::DAILY };

fn main() {
    let mut members = Members::new(1_000_000);
    members.owe(2);
    members.close("netting_close_1000_of_2000");
    members.owe(CALLS as u64);
    members.close("netting_close_1000");
    let mut poor = Members::new(0);
    poor.owe(2);
    poor.close("netting_gridlock_512");
}

/// Members of a hub.
struct Members {
    chain: Chain,
    accounts: Vec<Account>,
    hub: Address,
    obligations: u64,
}

impl Members {
    /// Each with so much put in.
    fn new(funds: u128) -> Self {
        let mut chain = Chain::new();
        let operator = chain.account("operator");
        let accounts: Vec<_> =
            (0..MEMBERS).map(|index| chain.account(&format!("member {index}"))).collect();
        let contract = |name| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
        let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
        let token = chain.deploy(contract("../contracts/token"), operator, won);
        let token = token.expect("the token deploys");
        let hub = chain.deploy(contract("../contracts/settlement"), operator, (token, SCHEME));
        let hub = hub.expect("the contract deploys");
        for some in accounts.chunks(CALLS / 2) {
            let calls = some.iter().flat_map(|account| {
                let issue = money::issue(account.address(), Amount(1 << 60));
                let admit = hub::admit(account.address(), None, Amount(1 << 60));
                [invoke(token, &issue), invoke(hub, &admit)]
            });
            chain.transact(operator, calls.collect()).expect("members are admitted");
        }
        for account in accounts.iter().filter(|_| funds > 0) {
            let approve = money::approve(hub, Amount(funds), None);
            let fund = hub::fund(Hash([0; 32]), Amount(funds));
            let calls = vec![invoke(token, &approve), invoke(hub, &fund)];
            chain.transact(*account, calls).expect("funds are put in");
        }
        Self { chain, accounts, hub, obligations: 0 }
    }

    /// Every member owes so many others something more.
    fn owe(&mut self, each: u64) {
        for (debtor, account) in (0..).zip(&self.accounts) {
            let calls = (0..each).map(|number| {
                self.obligations += 1;
                let mut id = [1; 32];
                id[..8].copy_from_slice(&self.obligations.to_be_bytes());
                let creditor = (debtor + 1 + number * 37 % (MEMBERS - 1)) % MEMBERS;
                let amount = Amount(u128::from(1_000 + debtor * 7 + number));
                invoke(self.hub, &hub::owe(Hash(id), creditor as u32, amount, 5))
            });
            self.chain.transact(*account, calls.collect()).expect("an obligation within the cap");
        }
    }

    /// Closes again and again what is open, and keeps nothing of it.
    fn close(&mut self, metric: &str) {
        self.chain.advance(24 * HOUR_MS);
        let (mut seconds, mut gas) = (Vec::new(), 0);
        let close = vec![invoke(self.hub, &hub::close(TAKEN_OUT_MAX))];
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let done = self.chain.simulate(self.accounts[0], close.clone());
            seconds.push(start.elapsed().as_secs_f64());
            let done = done.expect("the executor works");
            gas = done.gas_used.0;
            assert!(done.outputs.is_ok(), "{:?}", done.outputs);
        }
        seconds.sort_by(f64::total_cmp);
        let value = seconds[seconds.len() / 2] * 1e3;
        line(metric, value, "ms", BUDGET_MS);
        line(&format!("{metric}_gas"), gas as f64 / 1e6, "Mgas", TRANSACTION_MGAS);
    }
}

fn line(metric: &str, value: f64, unit: &str, budget: f64) {
    println!(
        "{{\"bench\":\"netting\",\"metric\":\"{metric}\",\"value\":{value:.3},\
         \"unit\":\"{unit}\",\"peer\":\"budget\",\"peer_value\":{budget:.3},\"ratio\":{:.3}}}",
        value / budget
    );
}
