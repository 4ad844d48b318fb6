//! Two banks issue deposits as tokens. A company with an account at one pays the salaries of
//! employees at both; each has the money at once, in tokens of the own bank. What the one bank then
//! owes the other is netted at noon against what went the other way, and only the difference moves.

use clap::Parser;
use dure_client::Key;
use dure_types::{Address, Gas, Hash};
use eyre::ensure;
use serde_json::json;
use stage::{Arguments, Draft, Load, Stage, amount_of, part, plain_token, say, won};
use std::time::{Duration, Instant};

const EMPLOYEES: usize = 200;
const SALARY: u128 = 3_000_000;
/// What an employee pays back to the company's bank: rent, to a landlord there.
const RENT: u128 = 700_000;
const FUNDS: u128 = 1_000_000_000;
/// What a bank may come to owe net in a cycle.
const CAP: u128 = 400_000_000;
/// What the salary may use: without a limit it would be tried first, and that be timed too.
const GAS: Gas = Gas(5_000_000);
const NEVER: Option<u64> = None;
const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let stage = Stage::open(&Arguments::parse()).await?;
    let mut banks = Banks::open(stage).await?;
    banks.one_salary().await?;
    banks.payday().await?;
    banks.rent().await?;
    banks.too_much().await?;
    banks.noon().await
}

struct Bank {
    key: Key,
    deposit: Address,
    number: u32,
}

struct Banks {
    stage: Stage,
    load: Load,
    /// Central bank money.
    reserve: Address,
    clearing: Address,
    ours: Bank,
    theirs: Bank,
    company: Key,
    landlord: Address,
    employees: Vec<Key>,
    /// What the company's bank owes the other by what this story saw become final.
    owed: u128,
}

impl Banks {
    async fn open(stage: Stage) -> eyre::Result<Self> {
        part("A central bank, two banks, a clearing house");
        morning(&stage).await?;
        let central = stage.key("carol")?;
        let reserve = stage
            .deploy_as(
                "central bank money",
                "token",
                &central,
                plain_token("Reserve", "R", "Anyone"),
            )
            .await?;
        let scheme = json!({
            "hold_ms": "604800000", "penalty_bp": 10, "payment_priority": 255,
            "cycle": { "Hours": 12 },
        });
        let init = json!({ "token": reserve.to_string(), "scheme": scheme });
        let clearing = stage.deploy("settlement", &central, init).await?;
        let ours = Self::bank(&stage, &central, (reserve, clearing), ("Hana", "alice"), 0).await?;
        let theirs = Self::bank(&stage, &central, (reserve, clearing), ("Dul", "bob"), 1).await?;
        let load = Load::open(&stage, Some(central.address())).await?;
        let company = stage.key("dave")?;
        let employees = (0..EMPLOYEES).map(|_| Key::generate()).collect::<Result<Vec<_>, _>>()?;
        let landlord = Key::generate()?.address();
        let payroll = SALARY * 2 * EMPLOYEES as u128;
        let deposit = json!({ "to": company.address().to_string(), "amount": payroll.to_string() });
        let deposit = stage.by(&ours.key).call(ours.deposit, "issue", deposit);
        stage.step("the company pays its payroll in at bank Hana", deposit).await?;
        let all = json!({ "spender": clearing.to_string(), "amount": payroll.to_string(), "expires": null });
        let allow = stage.by(&company).call(ours.deposit, "approve", all);
        stage.step("and lets the clearing house take it, payment by payment", allow).await?;
        let owed = 0;
        Ok(Self {
            stage,
            load,
            reserve,
            clearing,
            ours,
            theirs,
            company,
            landlord,
            employees,
            owed,
        })
    }

    /// A bank with its deposit token, admitted, with funds in the clearing house.
    async fn bank(
        stage: &Stage,
        central: &Key,
        (reserve, clearing): (Address, Address),
        (name, key): (&str, &str),
        number: u32,
    ) -> eyre::Result<Bank> {
        let key = stage.key(key)?;
        let title = format!("deposits of bank {name}");
        let plain = plain_token(&title, name, "Anyone");
        let deposit = stage.deploy_as(&title, "token", &key, plain).await?;
        let account = key.address().to_string();
        let admit = json!({
            "account": account, "deposit": deposit.to_string(), "cap": CAP.to_string(),
        });
        let admit = stage.by(central).call(clearing, "admit", admit).call(
            reserve,
            "issue",
            json!({ "to": account, "amount": FUNDS.to_string() }),
        );
        stage.step(&format!("bank {name} is admitted"), admit).await?;
        // The bank gives its tokens out of what it keeps ready for incoming payments.
        let ready = json!({ "to": account, "amount": FUNDS.to_string() });
        let allow = json!({
            "spender": clearing.to_string(), "amount": FUNDS.to_string(), "expires": null,
        });
        let fund = json!({ "id": Hash([7; 32]).to_string(), "amount": FUNDS.to_string() });
        let prepare = stage
            .by(&key)
            .call(deposit, "issue", ready)
            .call(deposit, "approve", allow.clone())
            .call(reserve, "approve", allow)
            .call(clearing, "fund", fund);
        stage.step(&format!("bank {name} funds its account: {}", won(FUNDS)), prepare).await?;
        Ok(Bank { key, deposit, number })
    }

    fn id(number: usize, what: u8) -> Hash {
        let mut id = [what; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Hash(id)
    }

    /// The one payment that this is about.
    async fn one_salary(&mut self) -> eyre::Result<()> {
        part("A salary across banks");
        let employee = self.employees[0].address();
        let args = json!({
            "id": Self::id(0, 1).to_string(),
            "route": { "from": self.ours.number, "to": self.theirs.number },
            "payee": employee.to_string(), "amount": SALARY.to_string(),
        });
        let pay =
            self.stage.by(&self.company).gas_limit(GAS).call(self.clearing, "pay", args.clone());
        let begun = Instant::now();
        self.stage.step(&format!("the company pays {} to bank Dul", won(SALARY)), pay).await?;
        let took = begun.elapsed();
        ensure!(took < Duration::from_secs(1), "final after {took:?}, which is a second or more");
        let has = self.balance(self.theirs.deposit, employee).await?;
        ensure!(has == SALARY, "the employee has {has}");
        let again = self.stage.by(&self.company).call(self.clearing, "pay", args);
        self.stage.step("sent again under its id, it is paid once", again).await?;
        ensure!(self.balance(self.theirs.deposit, employee).await? == SALARY, "paid twice");
        self.owed += SALARY;
        Ok(())
    }

    /// Everybody else, every second one at the company's own bank.
    async fn payday(&mut self) -> eyre::Result<()> {
        part("Payday");
        let (from, mut drafts) = (self.ours.number, Vec::new());
        for (number, employee) in self.employees.iter().enumerate().skip(1) {
            let to = if number % 2 == 0 { self.theirs.number } else { self.ours.number };
            let args = (Self::id(number, 1), (from, to), employee.address(), SALARY);
            drafts.push(Draft::new(&self.company, self.clearing, "pay", &args));
            self.owed += if to == from { 0 } else { SALARY };
        }
        let done = self.load.send(&drafts).await?;
        ensure!(done.succeeded() == drafts.len(), "{:?}", done.failures());
        let text = format!(
            "{} salaries: half within {:.0} ms, all but one in a hundred within {:.0} ms",
            drafts.len(),
            done.percentile_ms(50),
            done.percentile_ms(99)
        );
        say(&text, Some(done.took));
        Ok(())
    }

    /// Money flows back: what is netted is less than what was paid.
    async fn rent(&mut self) -> eyre::Result<()> {
        part("The first of the month");
        let payers: Vec<&Key> = self.employees.iter().step_by(2).collect();
        let allow = |payer: &&Key| {
            Draft::new(payer, self.theirs.deposit, "approve", &(self.clearing, RENT, NEVER))
        };
        let allowed: Vec<Draft> = payers.iter().map(allow).collect();
        let route = (self.theirs.number, self.ours.number);
        let pay = |payer: &&Key| {
            let args = (Self::id(0, 2), route, self.landlord, RENT);
            Draft::new(payer, self.clearing, "pay", &args)
        };
        let paid: Vec<Draft> = payers.iter().map(pay).collect();
        for drafts in [&allowed, &paid] {
            let done = self.load.send(drafts).await?;
            ensure!(done.succeeded() == drafts.len(), "{:?}", done.failures());
        }
        let back = RENT * payers.len() as u128;
        let landlord = self.balance(self.ours.deposit, self.landlord).await?;
        ensure!(landlord == back, "the landlord has {landlord}, not {back}");
        say(&format!("rents of {} go the other way", won(back)), None);
        self.owed -= back;
        Ok(())
    }

    /// A bank's cap bounds what the others can lose by it.
    async fn too_much(&self) -> eyre::Result<()> {
        let args = json!({
            "id": Self::id(1, 3).to_string(),
            "route": { "from": self.ours.number, "to": self.theirs.number },
            "payee": self.landlord.to_string(), "amount": (CAP + 1).to_string(),
        });
        let pay = self.stage.by(&self.company).call(self.clearing, "pay", args);
        self.stage.refused("a payment above the bank's cap", pay, "Cap").await
    }

    /// The cycle is closed: only the net moves, in central bank money.
    async fn noon(&self) -> eyre::Result<()> {
        part("Noon");
        let cycle = self.stage.query(self.clearing, "cycle", json!([])).await?;
        let (now, due) = (self.stage.client.status().await?.now.0, amount_of(&cycle["due"])?);
        let due = u64::try_from(due)?;
        ensure!(of_day(due) == 12 * HOUR_MS, "the cycle is due at {due}, no noon in Korea");
        let left = due.saturating_sub(now) + 1;
        self.stage.pass("the cycle is due", Duration::from_millis(left)).await?;
        let close = self.stage.by(&self.ours.key).call(self.clearing, "close", json!([100]));
        self.stage.step("anybody closes it", close).await?;
        let report = self.stage.query(self.clearing, "report", json!([cycle["number"]])).await?;
        ensure!(!report.is_null(), "the cycle is not settled: {report}");
        say(&format!("report: {report}"), None);
        let funds = async |bank: &Bank| {
            let standing =
                self.stage.query(self.clearing, "standing", json!([bank.number])).await?;
            amount_of(&standing["funds"])
        };
        let (ours, theirs) = (funds(&self.ours).await?, funds(&self.theirs).await?);
        let owed = self.owed;
        ensure!(ours == FUNDS - owed && theirs == FUNDS + owed, "{ours} and {theirs}, {owed} owed");
        let books = self.stage.query(self.clearing, "books", json!([])).await?;
        ensure!(books["funds"] == books["tokens"], "funds without tokens: {books}");
        let held = self.balance(self.reserve, self.clearing).await?;
        ensure!(held == 2 * FUNDS, "the clearing house has {held}");
        self.counted().await?;
        say(&format!("bank Hana pays bank Dul {}: the books close", won(owed)), None);
        Ok(())
    }

    /// Everything is counted again: the clearing house, and what holders have of each token.
    async fn counted(&self) -> eyre::Result<()> {
        let mut pages = self.stage.audit(self.clearing).await?;
        let payroll = SALARY * 2 * EMPLOYEES as u128;
        for (token, issued) in [
            (self.reserve, 2 * FUNDS),
            (self.ours.deposit, FUNDS + payroll),
            (self.theirs.deposit, FUNDS),
        ] {
            pages += self.stage.audit(token).await?;
            let supply = self.stage.amount(token, "total_supply", json!([])).await?;
            ensure!(supply == issued, "{issued} were issued of {token}, {supply} are there");
        }
        say(&format!("all of it and three tokens, counted again on {pages} pages"), None);
        Ok(())
    }

    async fn balance(&self, token: Address, holder: Address) -> eyre::Result<u128> {
        self.stage.amount(token, "balance_of", json!([holder.to_string()])).await
    }
}

/// Cycles end at midnight and at noon in Korea: a story that is begun later than in the morning
/// begins in the next one.
async fn morning(stage: &Stage) -> eyre::Result<()> {
    let now = of_day(stage.client.status().await?.now.0);
    if now >= 11 * HOUR_MS {
        let night = Duration::from_millis(DAY_MS + 9 * HOUR_MS - now);
        stage.pass("until nine in the morning", night).await?;
    }
    Ok(())
}

/// What has passed of the day in Korea.
const fn of_day(time: u64) -> u64 {
    (time + 9 * HOUR_MS) % DAY_MS
}
