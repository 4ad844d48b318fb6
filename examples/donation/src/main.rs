//! A winter campaign: three hundred donors give, auditors release, a charity buys coal and supports
//! families under receipts. Then everybody follows the money: each donor to the receipts, each
//! receipt to the donors, and what was not spent back home. All through JSON-RPC.

use clap::Parser;
use dure_client::Key;
use dure_types::{Address, Hash, domain::blake3_hash};
use eyre::{ensure, eyre};
use serde_json::{Value, json};
use stage::{Arguments, Draft, Load, Stage, amount_of, named, part, plain_token, say, won};
use std::{collections::BTreeMap, time::Duration};

const DONORS: usize = 300;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CAMPAIGN: u32 = 1;
/// Everything that is given.
const GOAL: u128 = 30_000_000;
/// What each milestone releases.
const MILESTONE: u128 = 6_000_000;
/// Each donor's first gift.
const ID: Hash = Hash([1; 32]);

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let stage = Stage::open(&Arguments::parse()).await?;
    let winter = Winter::open(stage).await?;
    let gifts = winter.give().await?;
    winter.release().await?;
    let receipts = winter.spend().await?;
    winter.follow(&gifts, &receipts).await?;
    winter.pay_back(&gifts).await
}

struct Donor {
    key: Key,
    /// For the first line of the budget, or for any.
    line: Option<u8>,
    amount: u128,
    /// What the gift is known by.
    gift: Hash,
}

struct Winter {
    stage: Stage,
    city: Key,
    charity: Key,
    auditors: [Key; 2],
    coal_yard: Address,
    family: Address,
    token: Address,
    fund: Address,
}

/// A hash that stands for a document.
fn document(text: &str) -> String {
    named(text).to_string()
}

impl Winter {
    async fn open(stage: Stage) -> eyre::Result<Self> {
        part("A fund opens a campaign");
        let (city, charity) = (stage.key("alice")?, stage.key("bob")?);
        let auditors = [stage.key("carol")?, stage.key("dave")?];
        let (coal_yard, family) = (Key::generate()?.address(), Key::generate()?.address());
        let registry = stage.deploy("merchants", &city, json!({})).await?;
        let token = stage.deploy("token", &city, plain_token("Won", "KRW", "Anyone")).await?;
        let rules = json!({ "overhead_bp": 1_500, "quorum": 2 });
        let init = json!({
            "registry": registry.to_string(), "token": token.to_string(), "rules": rules,
        });
        let fund = stage.deploy("donation", &city, init).await?;
        let this = Self { stage, city, charity, auditors, coal_yard, family, token, fund };
        this.register(registry).await?;
        this.campaign().await?;
        Ok(this)
    }

    async fn register(&self, registry: Address) -> eyre::Result<()> {
        let everywhere =
            json!({ "regions": [], "allowed": [], "denied": [], "tier_max": 9, "groups": [] });
        let yard = json!({
            "owner": document("the owner of the yard"), "region": 1, "category": "0x07010000",
            "tier": 0, "status": "Active",
        });
        let mut register = self
            .stage
            .by(&self.city)
            .call(registry, "define_set", json!({ "set": 1, "permitted": everywhere }))
            .call(
                registry,
                "register",
                json!({ "account": self.coal_yard.to_string(), "merchant": yard, "groups": [] }),
            );
        let persons = [self.charity.address(), self.family]
            .into_iter()
            .chain(self.auditors.iter().map(Key::address));
        for (number, account) in persons.enumerate() {
            let person = document(&format!("salted hash {number}"));
            let link = json!({ "account": account.to_string(), "person": person });
            register = register.call(registry, "link", link);
        }
        for auditor in &self.auditors {
            let role =
                json!({ "account": auditor.address().to_string(), "role": "Auditor", "has": true });
            register = register.call(self.fund, "set_role", role);
        }
        self.stage.step("the city registers who is paid and who judges", register).await?;
        Ok(())
    }

    async fn campaign(&self) -> eyre::Result<()> {
        let now = self.stage.client.status().await?.now.0;
        let after = |days: u32| (now + u64::from(days) * 86_400_000).to_string();
        let auditors: Vec<String> =
            self.auditors.iter().map(|auditor| auditor.address().to_string()).collect();
        let plan = json!({
            "charity": self.charity.address().to_string(),
            "document": document("a warm winter"),
            "goal": GOAL.to_string(),
            "least": "1000000",
            "gifts_until": after(30),
            "spend_until": after(120),
            "overhead_bp": 1_000,
            "overhead_payees": { "Merchants": { "set": 1 } },
            "lines": [
                { "name": "coal", "cap": "9000000", "payees": { "Merchants": { "set": 1 } } },
                { "name": "allowances", "cap": "5000000", "payees": "Persons" },
            ],
            "milestones": [MILESTONE.to_string(), MILESTONE.to_string()],
            "auditors": auditors,
            "quorum": 2,
        });
        let open = json!({ "campaign": CAMPAIGN, "plan": plan });
        let open = self.stage.by(&self.city).call(self.fund, "open", open);
        self.stage.step("a campaign is opened: its plan never changes", open).await?;
        Ok(())
    }

    /// All give at once.
    async fn give(&self) -> eyre::Result<Vec<Donor>> {
        part(&format!("{DONORS} donors give"));
        let mut donors = Vec::with_capacity(DONORS);
        for number in 0..DONORS {
            let key = Key::generate()?;
            let amount = 10_000 + (number as u128 * 7_919) % 60_000;
            let line = (number % 2 == 0).then_some(0);
            // As the contract has it: the donor, then the donor's id.
            let gift = blake3_hash(&[key.address().0, ID.0].concat());
            donors.push(Donor { key, line, amount, gift });
        }
        let issue = |donor: &Donor| {
            Draft::new(&self.city, self.token, "issue", &(donor.key.address(), donor.amount))
        };
        let expires: Option<u64> = None;
        let allow = |donor: &Donor| {
            let args = (self.fund, donor.amount, expires);
            Draft::new(&donor.key, self.token, "approve", &args)
        };
        let give = |donor: &Donor| {
            let args = (ID, CAMPAIGN, donor.line, donor.amount);
            Draft::new(&donor.key, self.fund, "donate", &args)
        };
        let sponsor = Some(self.city.address());
        let load = Load::open(&self.stage, sponsor).await?;
        for (text, draft) in [
            ("won are issued to them", &issue as &dyn Fn(&Donor) -> Draft),
            ("each allows the fund to take the gift", &allow),
            ("each gives, under an id of their own", &give),
        ] {
            let drafts: Vec<Draft> = donors.iter().map(draft).collect();
            let done = load.send(&drafts).await?;
            ensure!(done.succeeded() == DONORS, "{text}: {:?}", done.failures());
            say(&format!("{text}: half within {:.0} ms", done.percentile_ms(50)), Some(done.took));
        }
        Ok(donors)
    }

    /// The charity reports, both auditors agree: twice.
    async fn release(&self) -> eyre::Result<()> {
        part("Auditors release money");
        let spend = self.spend_of(0, self.coal_yard, 1, "too early");
        let early = self.stage.by(&self.charity).call(self.fund, "spend", spend);
        self.stage.refused("the charity buys before a milestone", early, "NotReleased").await?;
        for milestone in 0..2u8 {
            let about = json!({
                "campaign": CAMPAIGN, "milestone": milestone,
                "evidence": document(&format!("report {milestone}")),
            });
            let report = self.stage.by(&self.charity).call(self.fund, "report", about.clone());
            self.stage.step("the charity reports", report).await?;
            for auditor in &self.auditors {
                let approve = self.stage.by(auditor).call(self.fund, "approve", about.clone());
                self.stage.step("an auditor approves", approve).await?;
            }
        }
        Ok(())
    }

    fn spend_of(&self, line: u8, to: Address, amount: u128, receipt: &str) -> Value {
        json!({
            "campaign": CAMPAIGN, "purpose": { "Line": line }, "to": to.to_string(),
            "amount": amount.to_string(), "receipt": document(receipt),
        })
    }

    async fn spend(&self) -> eyre::Result<Vec<(String, u128)>> {
        part("The charity spends, under receipts");
        let mut receipts = Vec::new();
        for (line, to, amount, name) in [
            (0, self.coal_yard, 2_500_000, "coal for December"),
            (1, self.family, 900_000, "a family of four"),
            (0, self.coal_yard, 1_750_001, "coal for January"),
            (1, self.family, 600_000, "the same in January"),
        ] {
            let spend = self.spend_of(line, to, amount, name);
            let spend = self.stage.by(&self.charity).call(self.fund, "spend", spend);
            self.stage.step(&format!("{name}: {}", won(amount)), spend).await?;
            receipts.push((document(name), amount));
        }
        let again = self.spend_of(1, self.family, 5, "coal for January");
        let again = self.stage.by(&self.charity).call(self.fund, "spend", again);
        self.stage.refused("a receipt is used twice", again, "ReceiptUsed").await?;
        Ok(receipts)
    }

    /// From each donor to the receipts and back: both ways say the same, to the won.
    async fn follow(&self, donors: &[Donor], receipts: &[(String, u128)]) -> eyre::Result<()> {
        part("Every won is followed");
        let mut by_receipt: BTreeMap<String, u128> = BTreeMap::new();
        for donor in donors {
            for (receipt, amount) in
                self.steps("trace", "donation", &donor.gift.to_string()).await?
            {
                *by_receipt.entry(receipt).or_default() += amount;
            }
        }
        for (receipt, amount) in receipts {
            let found = by_receipt.get(receipt).copied().unwrap_or_default();
            ensure!(found == *amount, "donors' parts of {receipt} are {found}, not {amount}");
            let givers = self.steps("trace_of_spend", "receipt", receipt).await?;
            let sum: u128 = givers.iter().map(|(_, amount)| amount).sum();
            ensure!(sum == *amount, "a receipt of {amount} was paid with {sum}");
            say(&format!("a receipt over {}: {} gifts", won(*amount), givers.len()), None);
        }
        ensure!(by_receipt.len() == receipts.len(), "money went where no receipt is");
        Ok(())
    }

    /// All steps of a trace: of what, and how much.
    async fn steps(&self, query: &str, name: &str, of: &str) -> eyre::Result<Vec<(String, u128)>> {
        let (mut steps, mut after) = (Vec::new(), Value::Null);
        loop {
            let args = json!({ name: of, "after": after, "limit": 100 });
            let page = self.stage.query(self.fund, query, args).await?;
            for step in page["items"].as_array().into_iter().flatten() {
                let interval = &step["interval"];
                let amount = amount_of(&interval["end"])? - amount_of(&interval["start"])?;
                let of = step["of"].as_str().ok_or_else(|| eyre!("{step} names nothing"))?;
                steps.push((of.to_owned(), amount));
            }
            after = page["next"].clone();
            if after.is_null() {
                return Ok(steps);
            }
        }
    }

    /// The campaign is over; everybody has the own unspent part back.
    async fn pay_back(&self, donors: &[Donor]) -> eyre::Result<()> {
        part("The campaign ends");
        self.stage.pass("four months later", 121 * DAY).await?;
        let refund = |donor: &Donor| Draft::new(&donor.key, self.fund, "refund", &donor.gift);
        let drafts: Vec<Draft> = donors.iter().map(refund).collect();
        let load = Load::open(&self.stage, Some(self.city.address())).await?;
        let done = load.send(&drafts).await?;
        let allowed = done.failures().into_keys().all(|name| name.contains("AllSpent"));
        ensure!(allowed, "{:?}", done.failures());
        say(&format!("{} donors have something back", done.succeeded()), Some(done.took));
        let books = self.stage.query(self.fund, "books", json!([CAMPAIGN])).await?;
        let amount = |name: &str| amount_of(&books[name]);
        let (given, spent, refunded) = (amount("given")?, amount("spent")?, amount("refunded")?);
        let all: u128 = donors.iter().map(|donor| donor.amount).sum();
        ensure!(given == all && given == spent + refunded, "the books do not close: {books}");
        ensure!(amount("held")? == 0, "something stayed behind: {books}");
        let pages = self.stage.audit(self.fund).await?;
        say(&format!("every gift and every spend, counted again on {pages} pages"), None);
        say(&format!("given {}, spent {}", won(given), won(spent)), None);
        say(&format!("paid back {}; nothing is left: the books close", won(refunded)), None);
        Ok(())
    }
}
