//! Gift vouchers: issued against an escrow, given by a link, claimed, shown at a till, and settled
//! to merchant, headquarters, issuer, distributor and platform in the very transaction that redeems
//! them. Today that takes a month-end, an invoice and a transfer: 30 to 60 days.

mod present;

use clap::Parser;
use codec::Encode;
use dure_client::Key;
use dure_types::Address;
use eyre::{ensure, eyre};
use present::Present;
use serde_json::{Value, json};
use stage::{Arguments, Draft, Load, Stage, amount_of, named, part, plain_token, say, won};
use std::time::Duration;

const PRESENTS: usize = 200;
const FACE: u128 = 10_000;
/// What the distributor pays the issuer for one.
const PAID: u128 = 9_500;
/// What each till takes.
const COFFEE: u128 = 8_200;
/// Merchant, headquarters, issuer, distributor, platform.
const SHARES_BP: [u32; 5] = [9_200, 300, 250, 150, 100];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// `RefundKind::Expired`, in SCALE.
const EXPIRED: u8 = 2;

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let stage = Stage::open(&Arguments::parse()).await?;
    let mut shop = Shop::open(stage).await?;
    shop.issue().await?;
    shop.give().await?;
    shop.redeem().await?;
    shop.collect().await?;
    shop.expire().await?;
    shop.books().await
}

struct Shop {
    stage: Stage,
    load: Load,
    token: Address,
    vouchers: Address,
    issuer: Key,
    cafe: Key,
    payees: [Key; 4],
    presents: Vec<Present>,
}

/// The terms of the Fair Trade Commission, with the bounds of 2025.
fn terms() -> Value {
    let all = u128::MAX.to_string();
    let bracket = |up_to: &str, rate_bp: u32| json!({ "up_to": up_to, "rate_bp": rate_bp });
    json!({
        "withdrawal_days": 7,
        "used_bp": { "brackets": [bracket("10000", 8_000), bracket(&all, 6_000)] },
        "expired_bp": { "brackets": [bracket("50000", 9_000), bracket(&all, 9_500)] },
        "claims": { "Years": 5 },
        "extension": { "Months": 3 },
        "extensions": 1,
        "notice_days": [30, 14, 7],
        "claim_days": 10,
        "expired_to_purchaser": false,
    })
}

fn product(payees: &[Key; 4]) -> Value {
    let payees: Vec<String> = payees.iter().map(|payee| payee.address().to_string()).collect();
    json!({
        "kind": { "Amount": { "least": "100" } }, "face": FACE.to_string(),
        "validity": { "Years": 1 }, "short_lived": false, "set": 1, "identified": false,
        "undo_days": 0, "legs": { "shares_bp": SHARES_BP },
        "payees": payees,
    })
}

impl Shop {
    async fn open(stage: Stage) -> eyre::Result<Self> {
        part("An issuer, a café, and who has a share in each cup");
        let (issuer, cafe) = (stage.key("alice")?, stage.key("bob")?);
        let payees = [stage.key("carol")?, issuer.clone(), stage.key("dave")?, stage.key("erin")?];
        let registry = stage.deploy("merchants", &issuer, json!({})).await?;
        let token = stage.deploy("token", &issuer, plain_token("Won", "KRW", "Anyone")).await?;
        let init = json!({
            "registry": registry.to_string(), "token": token.to_string(), "terms": terms(),
        });
        let vouchers = stage.deploy("voucher", &issuer, init).await?;
        let everywhere =
            json!({ "regions": [], "allowed": [], "denied": [], "tier_max": 9, "groups": [] });
        let merchant = json!({
            "owner": named("the owner of the café").to_string(), "region": 1,
            "category": "0x05020000", "tier": 0, "status": "Active",
        });
        let account = cafe.address().to_string();
        let all = (PRESENTS as u128 * FACE).to_string();
        let own = json!({ "to": issuer.address().to_string(), "amount": all });
        let allow = json!({ "spender": vouchers.to_string(), "amount": all, "expires": null });
        let register = json!({ "account": account, "merchant": merchant, "groups": [] });
        let set_up = stage
            .by(&issuer)
            .call(registry, "define_set", json!({ "set": 1, "permitted": everywhere }))
            .call(registry, "register", register)
            .call(vouchers, "define_product", json!({ "product": 1, "terms": product(&payees) }))
            .call(token, "issue", own)
            .call(token, "approve", allow);
        stage.step("a voucher of 10,000 won is defined, good for a year", set_up).await?;
        let load = Load::open(&stage, Some(issuer.address())).await?;
        let mut presents = Vec::with_capacity(PRESENTS);
        for number in 0..PRESENTS {
            presents.push(Present::new(number as u64 + 1)?);
        }
        Ok(Self { stage, load, token, vouchers, issuer, cafe, payees, presents })
    }

    async fn all(&mut self, text: &str, drafts: &[Draft]) -> eyre::Result<()> {
        let done = self.load.send(drafts).await?;
        ensure!(done.succeeded() == drafts.len(), "{text}: {:?}", done.failures());
        let half = done.percentile_ms(50);
        say(&format!("{text}: {}, half within {half:.0} ms", drafts.len()), Some(done.took));
        Ok(())
    }

    /// What is on all vouchers lies in escrow from the beginning.
    async fn issue(&mut self) -> eyre::Result<()> {
        part("Issued");
        for (index, presents) in self.presents.chunks(50).enumerate() {
            let keys: Vec<String> =
                presents.iter().map(|present| present.buyer.address().to_string()).collect();
            let buyer = self.issuer.address().to_string();
            let issue = json!({
                "id": named(&format!("order {index}")).to_string(), "product": 1, "holder": buyer,
                "paid": PAID.to_string(), "keys": keys,
            });
            let issue = self.stage.by(&self.issuer).call(self.vouchers, "issue", issue);
            self.stage.step(&format!("{} vouchers", presents.len()), issue).await?;
        }
        let books = self.stage.query(self.vouchers, "books", json!([])).await?;
        let escrow = amount_of(&books["escrow"])?;
        ensure!(escrow == PRESENTS as u128 * FACE, "in escrow: {books}");
        say(&format!("in escrow: {}", won(escrow)), None);
        Ok(())
    }

    /// A link is sent; who has it claims the voucher. Nobody else can.
    async fn give(&mut self) -> eyre::Result<()> {
        part("Given");
        let offers: Vec<Draft> = self
            .presents
            .iter()
            .map(|present| {
                let args = (present.voucher, present.link_key(), None::<u32>, None::<Address>);
                Draft::new(&self.issuer, self.vouchers, "offer", &args)
            })
            .collect();
        self.all("links sent", &offers).await?;
        let counts = self.counts().await?;
        let claims: Vec<Draft> = self
            .presents
            .iter()
            .zip(&counts)
            .map(|(present, count)| {
                let (key, signature) = present.claim(self.vouchers, *count);
                let args = (present.voucher, key, signature);
                Draft::new(&present.friend, self.vouchers, "claim", &args)
            })
            .collect();
        self.all("presents claimed", &claims).await
    }

    /// How often each voucher changed: a signature is good for one count alone.
    async fn counts(&self) -> eyre::Result<Vec<u32>> {
        let mut counts = Vec::with_capacity(self.presents.len());
        for present in &self.presents {
            let voucher = self
                .stage
                .query(self.vouchers, "voucher", json!([present.voucher.to_string()]))
                .await?;
            let count = voucher["count"].as_u64().and_then(|count| u32::try_from(count).ok());
            counts.push(count.ok_or_else(|| eyre!("{voucher} has no count"))?);
        }
        Ok(counts)
    }

    /// Every second friend has a coffee.
    async fn redeem(&mut self) -> eyre::Result<()> {
        part("Shown at the till");
        let counts = self.counts().await?;
        let till = self.cafe.address();
        let receipt = |present: &Present| named(&format!("receipt {}", present.voucher));
        // What the phone shows is a transaction, signed; the till sends it on.
        let redeem: Vec<Draft> = self
            .presents
            .iter()
            .zip(&counts)
            .step_by(2)
            .map(|(present, count)| {
                let args = (present.voucher, *count, till, COFFEE, receipt(present));
                Draft::new(&present.phone, self.vouchers, "redeem", &args)
            })
            .collect();
        let first = redeem.first().map(|draft| draft.args.clone()).unwrap_or_default();
        self.all("coffees", &redeem).await?;
        let (present, count) = (&self.presents[0], counts[0]);
        let by_phone = || self.stage.by(&present.phone).sponsor(self.issuer.address());
        let twice = (present.voucher, count, till, 1_000u128, named("again")).encode();
        let twice = by_phone().call_scale(self.vouchers, "redeem", twice);
        self.stage
            .refused("of two barcodes shown at once the first counts", twice, "OtherCount")
            .await?;
        let again = by_phone().call_scale(self.vouchers, "redeem", first);
        self.stage.step("the till asks again under its receipt: the same answer", again).await?;
        Ok(())
    }

    /// What each payee has of all coffees: rounded by the largest remainder at each by itself.
    fn parts() -> [u128; 5] {
        let share = |index: usize| COFFEE * u128::from(SHARES_BP[index]);
        let mut parts = [0, 1, 2, 3, 4].map(|index| share(index) / 10_000);
        let rest = COFFEE - parts.iter().sum::<u128>();
        let mut order: Vec<usize> = (0..5).collect();
        order.sort_by_key(|index| std::cmp::Reverse(share(*index) % 10_000));
        for index in order.into_iter().take(usize::try_from(rest).unwrap_or_default()) {
            parts[index] += 1;
        }
        parts
    }

    async fn collect(&mut self) -> eyre::Result<()> {
        part("Settled: at once, not in 30 days");
        let coffees = self.presents.len().div_ceil(2) as u128;
        let payees: Vec<Key> =
            std::iter::once(self.cafe.clone()).chain(self.payees.iter().cloned()).collect();
        let names =
            ["the café", "its headquarters", "the issuer", "the distributor", "the platform"];
        for ((key, name), part) in payees.iter().zip(names).zip(Self::parts()) {
            let account = key.address().to_string();
            let owed = self.stage.query(self.vouchers, "owed", json!([account])).await?;
            let (owed, free) = (amount_of(&owed[0])?, amount_of(&owed[1])?);
            ensure!(owed == part * coffees && free == owed, "{name} is owed {owed}, free {free}");
            let before = self.balance(&account).await?;
            let collect = json!({ "payee": account, "amount": owed.to_string() });
            let collect = self.stage.by(key).call(self.vouchers, "collect", collect);
            self.stage.step(&format!("{name} has {}", won(owed)), collect).await?;
            ensure!(self.balance(&account).await? == before + owed, "{name} was paid otherwise");
        }
        Ok(())
    }

    async fn balance(&self, account: &str) -> eyre::Result<u128> {
        self.stage.amount(self.token, "balance_of", json!([account])).await
    }

    /// The others forget theirs, and have 90 % of what was paid back.
    async fn expire(&mut self) -> eyre::Result<()> {
        part("A year later");
        self.stage.pass("the vouchers are over", 367 * DAY).await?;
        let voucher = self.presents[1].voucher;
        let args = (voucher, self.cafe.address(), 5_000u128, named("late")).encode();
        let friend = &self.presents[1].friend;
        let late = self.stage.by(friend).sponsor(self.issuer.address());
        let late = late.call_scale(self.vouchers, "pay", args);
        self.stage.refused("a voucher is shown too late", late, "Expired").await?;
        let refunds: Vec<Draft> = self
            .presents
            .iter()
            .skip(1)
            .step_by(2)
            .map(|present| {
                Draft::new(&present.friend, self.vouchers, "refund", &(present.voucher, EXPIRED))
            })
            .collect();
        self.all("refunds", &refunds).await?;
        let back = PAID * 9_000 / 10_000;
        let friend = self.presents[1].friend.address().to_string();
        let has = self.balance(&friend).await?;
        ensure!(has == back, "a friend has {has} back, not {back}");
        say(&format!("each has {} back", won(back)), None);
        let rest = (FACE - back) * refunds.len() as u128;
        let issuer = self.issuer.address().to_string();
        let collect = json!({ "payee": issuer, "amount": rest.to_string() });
        let collect = self.stage.by(&self.issuer).call(self.vouchers, "collect", collect);
        self.stage.step(&format!("the issuer has the rest, {}", won(rest)), collect).await?;
        Ok(())
    }

    async fn books(&self) -> eyre::Result<()> {
        part("The books");
        let books = self.stage.query(self.vouchers, "books", json!([])).await?;
        let (escrow, cash) = (amount_of(&books["escrow"])?, amount_of(&books["cash"])?);
        let pages = self.stage.audit(self.vouchers).await?;
        say(&format!("all vouchers and payees, counted again on {pages} pages"), None);
        // What is left on the vouchers of which a coffee was had.
        let left = (FACE - COFFEE) * self.presents.len().div_ceil(2) as u128;
        ensure!(escrow == left, "{left} left: {books}");
        let held = self.balance(&self.vouchers.to_string()).await?;
        ensure!(cash == escrow && held == cash, "{held} in tokens: {books}");
        say(&format!("{} of the coffees' change are in escrow: the books close", won(left)), None);
        Ok(())
    }
}
