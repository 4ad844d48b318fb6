//! The year: what happens in a month, in which order, and what must come of it.

use crate::{
    calendar::{Now, noon},
    mirror::{GIFT_CAP, HOLDING_CAP, Mirror, Payment, SPRING, Terms},
    town::{CATEGORIES, CITIZENS, MERCHANTS, Town, scheme},
};
use dure_client::Key;
use dure_types::{Address, Hash};
use eyre::{bail, ensure};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde_json::json;
use stage::{Draft, Load, Stage, part, say};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Purchases and payments of half a month.
const PURCHASES: usize = 3_000;
pub(crate) const PAYMENTS: usize = 4_750;
/// Gifts, cancels and refunds of half a month.
const GIFTS: usize = 150;
const CANCELS: usize = 120;
const REFUNDS: usize = 30;
/// What the city puts into a month's pool.
const POOL: u128 = 65_000_000;
/// The allowance of spring: how many get it, and how much.
const FAMILIES: usize = 2_000;
const ALLOWANCE: u128 = 50_000;
/// Every hundredth cash-out is not paid: the account at the bank is another.
const VOID: usize = 100;

/// A call, and the error by which it must be refused: none where it must succeed.
pub(crate) struct Order {
    pub(crate) draft: Draft,
    pub(crate) refused: Option<&'static str>,
}

/// What the whole year came to, besides the books.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) transactions: usize,
    pub(crate) took: Duration,
    pub(crate) latencies_ms: Vec<f64>,
    /// Refusals of the wave by the title of their kind.
    pub(crate) refused: BTreeMap<&'static str, usize>,
    /// Where the year is, in months from its first, and what the pool has left then.
    pub(crate) pool: Vec<(f64, u128)>,
    /// In which part of the year a second went.
    pub(crate) spent_on: BTreeMap<&'static str, Duration>,
}

/// The story.
pub(crate) struct Year {
    pub(crate) stage: Stage,
    pub(crate) load: Load,
    pub(crate) town: Town,
    pub(crate) mirror: Mirror,
    pub(crate) log: Log,
    pub(crate) first: i32,
    /// Payments of half a month.
    wanted: usize,
    pub(crate) rng: ChaCha8Rng,
    ids: u64,
}

impl Year {
    pub(crate) fn new(
        stage: Stage,
        load: Load,
        town: Town,
        mirror: Mirror,
        (first, wanted): (i32, usize),
    ) -> Self {
        let (log, rng) = (Log::default(), ChaCha8Rng::seed_from_u64(2_027));
        Self { stage, load, town, mirror, log, first, wanted, rng, ids: 0 }
    }

    /// Plays all twelve months; `later` is the scheme from July on.
    pub(crate) async fn play(&mut self, later: Terms) -> eyre::Result<()> {
        let started = Instant::now();
        for month in 1..=12 {
            self.month(month, later).await?;
        }
        self.log.took = started.elapsed();
        Ok(())
    }

    async fn month(&mut self, month: u32, later: Terms) -> eyre::Result<()> {
        part(&format!("{}-{month:02}", self.first));
        let (started, before) = (Instant::now(), self.log.transactions);
        self.go_to(month, 1).await?;
        self.open(month, later).await?;
        self.note(month, 0.0);
        for (half, day) in [(0.1, 5), (0.6, 20)] {
            self.go_to(month, day).await?;
            if month == 4 && day == 5 {
                self.allowance().await?;
            }
            let payments = self.half().await?;
            if month == 8 && day == 20 {
                self.wave(&payments).await?;
            }
            self.after(payments).await?;
            self.note(month, half + 0.3);
        }
        self.go_to(month, 27).await?;
        self.cash_out(month).await?;
        let count = self.log.transactions - before;
        let seconds = started.elapsed().as_secs_f64();
        let rate = count as f64 / seconds;
        say(&format!("{count} transactions, {rate:.0} a second"), Some(started.elapsed()));
        Ok(())
    }

    fn note(&mut self, month: u32, part: f64) {
        let left = self.mirror.pool.get(&self.mirror.now.month).copied().unwrap_or_default();
        self.log.pool.push((f64::from(month - 1) + part, left));
    }

    /// Lets time pass until noon of a day.
    async fn go_to(&mut self, month: u32, day: u8) -> eyre::Result<()> {
        let to = noon(self.first, month, day)?;
        let now = self.stage.client.status().await?.now.0;
        let Some(by) = to.time.checked_sub(now) else { bail!("{now} is after {}", to.time) };
        self.stage.client.advance(Duration::from_millis(by)).await?;
        self.mirror.now = to;
        Ok(())
    }

    /// What the city does on the first of a month.
    async fn open(&mut self, month: u32, later: Terms) -> eyre::Result<()> {
        let Now { month: number, .. } = self.mirror.now;
        let (id, city, money) = (self.id(), self.town.city.clone(), self.town.won);
        let mut orders = vec![self.order(&city, "fund_pool", &(id, number, POOL))];
        self.mirror.fund(POOL);
        if month > 1 {
            orders.push(self.order(&city, "close_month", &(number - 1)));
            self.mirror.close(number - 1);
        }
        if month == 9 {
            self.reinstate(&mut orders);
        }
        self.send("city", orders).await?;
        if month == 9 {
            let answers = self.pay_reinstated();
            self.send("city", answers).await?;
        }
        if month == 6 {
            let from = noon(self.first, 7, 1)?.time - 12 * 60 * 60 * 1_000;
            let args = json!({ "scheme": scheme(later), "from": from.to_string() });
            let schedule = self.stage.by(&city).call(money, "schedule_scheme", args);
            self.stage.step("from July on other discounts and caps hold", schedule).await?;
        }
        if month == 7 {
            self.mirror.terms = later;
            let drain = json!({ "programme": SPRING });
            let drain = self.stage.by(&city).call(money, "drain_programme", drain);
            self.stage.step("what the allowance has left goes back to the city", drain).await?;
            self.mirror.drain_programme();
        }
        Ok(())
    }

    /// The allowance of spring: for two thousand families, at markets, until the end of June.
    async fn allowance(&mut self) -> eyre::Result<()> {
        let end = noon(self.first, 7, 1)?.time - 12 * 60 * 60 * 1_000;
        let (city, money) = (self.town.city.clone(), self.town.won);
        let most = ALLOWANCE.to_string();
        let terms = json!({ "set": crate::mirror::MARKETS, "end": end.to_string(), "most": most });
        let all = ALLOWANCE * FAMILIES as u128 + 1_000_000;
        let fund =
            json!({ "id": self.id().to_string(), "programme": SPRING, "amount": all.to_string() });
        let define = self
            .stage
            .by(&city)
            .call(money, "define_programme", json!({ "programme": SPRING, "terms": terms }))
            .call(money, "fund_programme", fund);
        self.stage.step("an allowance for families, to be spent at markets", define).await?;
        self.mirror.fund_programme(all);
        let mut orders = Vec::new();
        for who in self.some(FAMILIES) {
            let args = (self.id(), SPRING, self.town.citizens[who].address(), ALLOWANCE);
            orders.push(self.order(&city, "grant", &args));
            self.mirror.grant(who, ALLOWANCE, end);
        }
        self.send("grants", orders).await
    }

    /// Purchases, then payments, until there are as many as half a month has.
    async fn half(&mut self) -> eyre::Result<Vec<Payment>> {
        let orders = self.purchases();
        self.send("purchases", orders).await?;
        let (mut all, mut wanted) = (BTreeMap::new(), self.wanted);
        while wanted > 0 {
            let (orders, payments) = self.payments(wanted);
            ensure!(!orders.is_empty(), "nobody has money to spend");
            wanted -= orders.len();
            self.send("payments", orders).await?;
            // Of several payments of one citizen the last can be cancelled.
            all.extend(payments.into_iter().map(|payment| (payment.who, payment)));
        }
        Ok(all.into_values().collect())
    }

    fn purchases(&mut self) -> Vec<Order> {
        let (mut orders, wanted) = (Vec::new(), self.wanted * PURCHASES / PAYMENTS);
        for who in self.some(CITIZENS) {
            let face = [30_000, 50_000, 50_000, 70_000, 100_000][self.below(5)];
            if orders.len() == wanted {
                break;
            }
            if self.mirror.may_buy(who, face) {
                let args = (self.id(), self.town.citizens[who].address(), face);
                let agent = self.town.agents[orders.len() % self.town.agents.len()].clone();
                orders.push(self.order(&agent, "sell", &args));
                self.mirror.buy(who, face);
            }
        }
        orders
    }

    /// At most one payment of each citizen.
    fn payments(&mut self, count: usize) -> (Vec<Order>, Vec<Payment>) {
        let (mut orders, mut payments) = (Vec::new(), Vec::new());
        for who in self.some(CITIZENS) {
            let shop = self.shop();
            let most = CATEGORIES[self.mirror.shops[shop].category].most;
            let wanted = most / 8 + u128::from(self.rng.next_u32()) % most;
            let amount = wanted.min(self.mirror.spendable(who, shop)) / 100 * 100;
            if orders.len() == count {
                break;
            }
            if amount >= 1_000 {
                let receipt = self.next();
                let args = (self.town.shops[shop].address(), amount, id(receipt));
                let payer = self.town.citizens[who].clone();
                orders.push(self.order(&payer, "pay", &args));
                payments.push(self.mirror.pay(who, shop, amount, receipt));
            }
        }
        (orders, payments)
    }

    /// What follows on payments: cancels, whole or half, then gifts and refunds.
    async fn after(&mut self, payments: Vec<Payment>) -> eyre::Result<()> {
        let mut orders = Vec::new();
        let step = (payments.len() / CANCELS).max(1);
        for payment in payments.into_iter().step_by(step) {
            let whole = payment.amount;
            let amount = [whole, whole / 2][self.below(2)];
            if self.mirror.shops[payment.shop].receivable < amount {
                continue;
            }
            let payer = self.town.citizens[payment.who].address();
            let args = (self.id(), payer, id(payment.receipt), amount);
            let shop = self.town.shops[payment.shop].clone();
            orders.push(self.order(&shop, "cancel", &args));
            self.mirror.cancel(payment, amount);
        }
        self.send("cancels", orders).await?;
        let people = self.some(2 * GIFTS + 20 * REFUNDS);
        let (givers, others) = people.split_at(2 * GIFTS);
        let mut orders = Vec::new();
        for pair in givers.chunks(2) {
            let amount = self.mirror.givable(pair[0], pair[1]).min(20_000);
            orders.extend(self.gift(pair[0], pair[1], amount));
        }
        let mut refunds = 0;
        for who in others {
            let Some(key) = self.mirror.refundable(*who).filter(|_| refunds < REFUNDS) else {
                continue;
            };
            let holder = self.town.citizens[*who].clone();
            orders.push(self.order(&holder, "refund", &key));
            self.mirror.refund(*who, key);
            refunds += 1;
        }
        self.send("gifts, refunds", orders).await
    }

    /// A gift, unless it is of nothing.
    pub(crate) fn gift(&mut self, from: usize, to: usize, amount: u128) -> Option<Order> {
        assert!(amount <= GIFT_CAP.min(HOLDING_CAP));
        let (giver, to_account) =
            (self.town.citizens[from].clone(), self.town.citizens[to].address());
        (amount > 0).then(|| {
            self.mirror.give(from, to, amount);
            self.order(&giver, "give", &(to_account, amount))
        })
    }

    /// Month end: merchants ask for all they are owed, and the bank answers.
    async fn cash_out(&mut self, month: u32) -> eyre::Result<()> {
        let (mut requests, mut answers) = (Vec::new(), Vec::new());
        for shop in 0..MERCHANTS {
            let of = self.mirror.shops[shop];
            if of.suspended || of.receivable == 0 {
                continue;
            }
            let (id, key) = (self.id(), self.town.shops[shop].clone());
            let amount = self.mirror.request(shop, 100);
            requests.push(self.order(&key, "request_cash_out", &(id, amount)));
            // What was asked for last in the year is answered in the next.
            if month == 12 && shop % 4 == 0 {
                continue;
            }
            let paid = !(shop + month as usize).is_multiple_of(VOID);
            let method = if paid { "confirm_cash_out" } else { "void_cash_out" };
            let agent = self.town.agents[shop % self.town.agents.len()].clone();
            answers.push(self.order(&agent, method, &(key.address(), id)));
            self.mirror.answered(shop, paid);
        }
        self.send("cash-outs", requests).await?;
        self.send("cash-outs", answers).await
    }

    /// Sends orders, and holds each against what must become of it.
    pub(crate) async fn send(
        &mut self,
        what: &'static str,
        orders: Vec<Order>,
    ) -> eyre::Result<()> {
        let started = Instant::now();
        let (drafts, expected): (Vec<Draft>, Vec<Option<&str>>) =
            orders.into_iter().map(|order| (order.draft, order.refused)).unzip();
        let done = self.load.send(&drafts).await?;
        let mut otherwise: BTreeMap<_, usize> = BTreeMap::new();
        for ((result, expected), draft) in done.results.iter().zip(expected).zip(&drafts) {
            let error = result.as_ref().err().map(String::as_str);
            if error != expected {
                *otherwise.entry((draft.method, error, expected)).or_default() += 1;
            }
        }
        ensure!(otherwise.is_empty(), "{what} went otherwise than they must: {otherwise:?}");
        self.log.transactions += drafts.len();
        self.log.latencies_ms.extend(done.latencies_ms);
        *self.log.spent_on.entry(what).or_default() += started.elapsed();
        Ok(())
    }

    /// A call of the currency that must succeed.
    pub(crate) fn order(&self, by: &Key, method: &'static str, args: &impl codec::Encode) -> Order {
        Order { draft: Draft::new(by, self.town.won, method, args), refused: None }
    }

    /// So many citizens, each once, in no order.
    pub(crate) fn some(&mut self, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..CITIZENS).collect();
        for place in 0..count.min(CITIZENS - 1) {
            let other = place + self.below(CITIZENS - place);
            all.swap(place, other);
        }
        all.truncate(count);
        all
    }

    /// A shop that is open, by how often people go to its category.
    fn shop(&mut self) -> usize {
        loop {
            let shop = self.below(MERCHANTS);
            if !self.mirror.shops[shop].suspended {
                return shop;
            }
        }
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u64() % bound as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// An id that nobody used.
    pub(crate) fn id(&mut self) -> Hash {
        id(self.next())
    }

    pub(crate) fn shop_address(&self, shop: usize) -> Address {
        self.town.shops[shop].address()
    }
}

/// The hash that stands for a number.
pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Hash(bytes)
}
