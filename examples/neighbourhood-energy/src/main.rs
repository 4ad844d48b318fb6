//! A day of a hundred homes, forty of them with panels on the roof. The evening before, each places
//! an order for every quarter of an hour; each quarter has one price for all. Meters and the grid
//! operator sign what was drawn and fed in, and what deviates is settled with the utility.

mod day;

use clap::Parser;
use codec::Encode;
use day::{Home, SLOTS};
use dure_client::Key;
use dure_types::{Address, Hash};
use ed25519_dalek::{Signer, SigningKey};
use eyre::ensure;
use serde_json::{Value, json};
use stage::{Arguments, Draft, Load, Outcomes, Stage, amount_of, part, plain_token, say, won};
use std::time::Duration;

const HOMES: u32 = 100;
const SLOT_MS: u64 = 15 * 60 * 1_000;
const DAY_MS: u64 = 96 * SLOT_MS;
/// What each home pays in.
const CASH: u128 = 300_000;
/// What the utility has ready for what it buys at feed-in.
const UTILITY_CASH: u128 = 50_000_000;
/// Thousandths of a won for a kWh.
const RETAIL: u64 = 180_000;
const FEED_IN: u64 = 80_000;

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let stage = Stage::open(&Arguments::parse()).await?;
    let mut market = Market::open(stage).await?;
    market.order().await?;
    market.clear().await?;
    market.read().await?;
    market.settle().await?;
    market.books().await
}

struct Market {
    stage: Stage,
    load: Load,
    token: Address,
    energy: Address,
    utility: Key,
    grid: SigningKey,
    name: Hash,
    homes: Vec<Home>,
    /// The first quarter of the day.
    first: u64,
    /// What the quarters in which homes traded would have brought them with the utility alone, in
    /// millionths of a won.
    alone: i128,
}

impl Market {
    async fn open(stage: Stage) -> eyre::Result<Self> {
        part("A neighbourhood opens a market");
        let (city, utility) = (stage.key("alice")?, stage.key("bob")?);
        let token = stage.deploy("token", &city, plain_token("Won", "KRW", "Anyone")).await?;
        let operator = stage.key("carol")?.address().to_string();
        let zone = |import: u64, export: u64| json!({ "operator": operator, "import_mwon": import.to_string(), "export_mwon": export.to_string() });
        let terms = json!({
            "gate_ms": SLOT_MS.to_string(), "reading_ms": (2 * DAY_MS).to_string(),
            "retail_mwon": RETAIL.to_string(), "feed_in_mwon": FEED_IN.to_string(),
            "least_wh": "1", "most_wh": "100000",
            "substitute_export_bp": 0, "substitute_import_bp": 10_000,
            "utility": utility.address().to_string(),
            "rounding": stage.key("dave")?.address().to_string(),
            "zones": [zone(4_000, 2_000), zone(9_000, 5_000)],
        });
        let name = Hash(city.address().0);
        let init = json!({ "name": name.to_string(), "token": token.to_string(), "terms": terms });
        let energy = stage.deploy("energy", &city, init).await?;
        let load = Load::open(&stage, Some(city.address())).await?;
        let now = stage.client.status().await?.now.0;
        // Tomorrow in Korea, 00:00.
        let kst = 9 * 60 * 60 * 1_000;
        let first = ((now + kst) / DAY_MS + 1) * (DAY_MS / SLOT_MS) - kst / SLOT_MS;
        let mut homes = Vec::with_capacity(HOMES as usize);
        for number in 0..HOMES {
            homes.push(Home::new(number, Key::generate()?));
        }
        let grid = SigningKey::from_bytes(&city.address().0);
        let alone = 0;
        let mut this =
            Self { stage, load, token, energy, utility, grid, name, homes, first, alone };
        this.register(&city).await?;
        this.pay_in(&city).await?;
        Ok(this)
    }

    async fn all(&mut self, text: &str, drafts: &[Draft]) -> eyre::Result<Outcomes> {
        let done = self.load.send(drafts).await?;
        ensure!(done.succeeded() == drafts.len(), "{text}: {:?}", done.failures());
        say(&format!("{text}: {}", drafts.len()), Some(done.took));
        Ok(done)
    }

    /// The registrar numbers meters in its own order, so one after the other.
    async fn register(&mut self, city: &Key) -> eyre::Result<()> {
        let grid = self.grid.verifying_key().to_bytes();
        for homes in self.homes.chunks(25) {
            let mut register = self.stage.by(city);
            for home in homes {
                let keys = [home.meter_key.verifying_key().to_bytes(), grid, [9; 32]];
                let meter = (home.owner.address(), home.zone, keys, home.has_panels());
                register = register.call_scale(self.energy, "register_meter", meter.encode());
            }
            let text = format!("{} meters are registered", homes.len());
            let done = self.stage.step(&text, register).await?;
            ensure!(done.receipt.is_some(), "no receipt");
        }
        let last = self.stage.query(self.energy, "meter", json!([HOMES])).await?;
        let owner = self.homes.last().map(|home| home.owner.address().to_string());
        ensure!(
            last["owner"].as_str() == owner.as_deref(),
            "meters are numbered otherwise: {last}"
        );
        Ok(())
    }

    async fn pay_in(&mut self, city: &Key) -> eyre::Result<()> {
        let expires: Option<u64> = None;
        let mut payers: Vec<(Key, u128)> =
            self.homes.iter().map(|home| (home.owner.clone(), CASH)).collect();
        payers.push((self.utility.clone(), UTILITY_CASH));
        let (token, energy) = (self.token, self.energy);
        let issue: Vec<Draft> = payers
            .iter()
            .map(|(key, cash)| Draft::new(city, token, "issue", &(key.address(), *cash)))
            .collect();
        let allow: Vec<Draft> = payers
            .iter()
            .map(|(key, cash)| Draft::new(key, token, "approve", &(energy, *cash, expires)))
            .collect();
        let deposit: Vec<Draft> = payers
            .iter()
            .map(|(key, cash)| Draft::new(key, energy, "deposit", &(Hash([1; 32]), *cash)))
            .collect();
        self.all("won are issued", &issue).await?;
        self.all("allowances", &allow).await?;
        self.all("and deposits", &deposit).await?;
        Ok(())
    }

    async fn order(&mut self) -> eyre::Result<()> {
        part("The evening before");
        let mut drafts = Vec::new();
        for home in &self.homes {
            for slot in 0..SLOTS {
                let order = home.order(slot);
                let mut id = [0; 32];
                id[..8].copy_from_slice(&slot.to_be_bytes());
                let args = (
                    self.first + slot,
                    home.number,
                    Hash(id),
                    u8::from(order.sells),
                    order.energy_wh,
                    order.limit_mwon,
                );
                drafts.push(Draft::new(&home.owner, self.energy, "order", &args));
            }
        }
        let done = self.all("orders, one a home and a quarter of an hour", &drafts).await?;
        let rate = drafts.len() as f64 / done.took.as_secs_f64();
        say(&format!("that is {rate:.0} a second"), None);
        Ok(())
    }

    /// The day passes; every quarter is cleared by one call.
    async fn clear(&mut self) -> eyre::Result<()> {
        part("The day");
        let now = self.stage.client.status().await?.now.0;
        let over = (self.first + SLOTS) * SLOT_MS;
        let left = Duration::from_millis(over.saturating_sub(now) + 1);
        self.stage.pass("a day passes", left).await?;
        let (utility, energy, first) = (self.utility.clone(), self.energy, self.first);
        let late = (first, 1u32, Hash([3; 32]), 0u8, 10u64, FEED_IN);
        let owner = &self.homes[0].owner;
        let sponsored = self.stage.by(owner).sponsor(utility.address());
        let late = sponsored.call_scale(energy, "order", late.encode());
        self.stage.refused("an order after the gate", late, "GateClosed").await?;
        let drafts: Vec<Draft> =
            (0..SLOTS).map(|slot| Draft::new(&utility, energy, "clear", &(first + slot))).collect();
        self.all("quarters cleared, one call each", &drafts).await?;
        let mut volumes = 0;
        for hour in 0..SLOTS / 4 {
            let slot = first + hour * 4;
            let outcome = self.stage.query(energy, "outcome", json!([slot.to_string()])).await?;
            let clearing = &outcome["clearing"];
            if clearing.is_null() {
                say(&format!("{hour:02}:00  nothing changes hands"), None);
                continue;
            }
            let (volume, price) = (amount_of(&clearing["volume"])?, amount_of(&clearing["price"])?);
            volumes += volume;
            let bar = "#".repeat(usize::try_from(price / 4_000).unwrap_or_default());
            say(
                &format!("{hour:02}:00 {:>6} Wh at {:>5.1} won {bar}", volume, price as f64 / 1e3),
                None,
            );
        }
        ensure!(volumes > 0, "nothing was traded all day");
        Ok(())
    }

    fn signed(&self, home: &Home, slot: u64, reading: (u64, u64, u32)) -> Draft {
        let mut message = b"dure/energy/reading".to_vec();
        message.extend_from_slice(&self.name.0);
        message.extend_from_slice(&self.energy.0);
        message.extend_from_slice(&home.number.to_le_bytes());
        message.extend_from_slice(&slot.to_le_bytes());
        message.extend_from_slice(&reading.0.to_le_bytes());
        message.extend_from_slice(&reading.1.to_le_bytes());
        message.extend_from_slice(&reading.2.to_le_bytes());
        let signatures = vec![
            (0u8, home.meter_key.sign(&message).to_bytes()),
            (1u8, self.grid.sign(&message).to_bytes()),
        ];
        Draft::new(&home.owner, self.energy, "read", &(home.number, slot, reading, signatures))
    }

    /// Registers at the end of each quarter, and before the first.
    async fn read(&mut self) -> eyre::Result<()> {
        part("Meters are read");
        let mut drafts = Vec::new();
        for home in &self.homes {
            let (mut import, mut export) = (0, 0);
            drafts.push(self.signed(home, self.first - 1, (import, export, 0)));
            for slot in 0..SLOTS {
                let (drawn, fed) = home.metered(slot);
                (import, export) = (import + drawn, export + fed);
                drafts.push(self.signed(home, self.first + slot, (import, export, 0)));
            }
        }
        self.all("readings, signed by the meter and the grid operator", &drafts).await?;
        let again = self.signed(&self.homes[0], self.first, (0, 0, 0));
        let owner = &self.homes[0].owner;
        let sponsored = self.stage.by(owner).sponsor(self.utility.address());
        let again = sponsored.call_scale(self.energy, "read", again.args);
        self.stage.refused("a reading is sent again", again, "Replayed").await?;
        Ok(())
    }

    async fn settle(&mut self) -> eyre::Result<()> {
        part("Settled");
        self.stage
            .pass("two days in which readings can be disputed", Duration::from_millis(2 * DAY_MS))
            .await?;
        let drafts = |method| -> Vec<Draft> {
            let quarters =
                self.homes.iter().flat_map(|home| (0..SLOTS).map(move |slot| (home, slot)));
            quarters
                .map(|(home, slot)| {
                    let args = (self.first + slot, home.number);
                    Draft::new(&home.owner, self.energy, method, &args)
                })
                .collect()
        };
        let (collect, settle) = (drafts("collect"), drafts("settle"));
        self.all("trades collected, and what did not trade is free", &collect).await?;
        let done = self.load.send(&settle).await?;
        let untraded = done.failures().into_keys().all(|name| name == "NotTraded");
        ensure!(untraded, "{:?}", done.failures());
        say(
            &format!("quarters settled in which a home traded: {}", done.succeeded()),
            Some(done.took),
        );
        for (index, _) in done.results.iter().enumerate().filter(|(_, result)| result.is_ok()) {
            let (home, slot) = (index / SLOTS as usize, index % SLOTS as usize);
            self.alone += self.homes[home].without_market(slot as u64);
        }
        Ok(())
    }

    /// What all have is what all paid in; what was sold was bought.
    async fn books(&self) -> eyre::Result<()> {
        part("The books");
        for slot in 0..SLOTS {
            let slot = (self.first + slot).to_string();
            let books = self.stage.query(self.energy, "audit_slot", json!([slot])).await?;
            ensure!(amount_of(&books["escrow"])? == 0, "something lies in quarter {slot}: {books}");
        }
        let pages = self.stage.audit(self.energy).await?;
        say(&format!("all accounts and quarters, counted again on {pages} pages"), None);
        let paid_in = CASH * u128::from(HOMES) + UTILITY_CASH;
        let books = self.stage.query(self.energy, "books", json!([])).await?;
        let (funds, tokens) = (amount_of(&books["funds"])?, amount_of(&books["tokens"])?);
        ensure!(funds == paid_in && tokens == paid_in, "{paid_in} was paid in: {books}");
        let mut together = 0;
        for home in &self.homes {
            let account = json!([home.owner.address().to_string()]);
            let account = self.stage.query(self.energy, "account", account).await?;
            together += change(&account)?;
        }
        say(&format!("{} paid in, and all of it is there: the books close", won(paid_in)), None);
        let better = together - self.alone / 1_000_000;
        ensure!(better > 0, "the market is of no use: {together} won, {} alone", self.alone);
        let better = won(u128::try_from(better)?);
        say(&format!("than with the utility alone the homes have {better} more"), None);
        Ok(())
    }
}

/// What a home has more or less than it paid in.
fn change(account: &Value) -> eyre::Result<i128> {
    let (free, debt) = (amount_of(&account[0])?, amount_of(&account[1])?);
    Ok(i128::try_from(free)? - i128::try_from(debt)? - i128::try_from(CASH)?)
}
