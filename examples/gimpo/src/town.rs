//! The town: who lives and trades in it, and how it comes onto the chain.

use crate::mirror::{
    CASHBACK_DAYS, GIFT_CAP, HOLDING_CAP, MARKETS, OWN_YEARS, REFUND_PERCENT, Shop, TOWN, Terms,
};
use codec::Encode;
use dure_client::{Key, Wait};
use dure_types::{Address, Gas, Hash, domain::blake3_hash};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use stage::{Stage, part, say};
use std::time::Instant;

pub(crate) const CITIZENS: usize = 10_000;
pub(crate) const MERCHANTS: usize = 500;
/// Merchants who hold money of their own too, which a friend gave them: holders after the citizens.
pub(crate) const OWNERS: usize = 40;
/// Shops of the next town, in the same registry.
pub(crate) const NEIGHBOURS: usize = 20;
/// Agents of banks, each with a key of its own.
const AGENTS: [&str; 5] = ["bob", "carol", "dave", "erin", "frank"];
/// What one of the city's keys may put aside in a day alone, and what may be out: the goal of 2019.
const FUNDED_ALONE: u128 = 200_000_000;
const SUPPLY_CAP: u128 = 29_200_000_000;
/// Calls of one transaction of the set-up, and such transactions at once.
const CALLS: usize = 40;
const AT_ONCE: usize = 12;
/// What such a transaction may use.
const GAS: Gas = Gas(50_000_000);

/// Where people spend: the branch of the registry's tree, its names, its share of visits in
/// percent, and what is paid there at most.
pub(crate) struct Category {
    branch: u8,
    pub(crate) korean: &'static str,
    pub(crate) english: &'static str,
    pub(crate) visits: usize,
    pub(crate) most: u128,
}

const fn category(
    branch: u8,
    korean: &'static str,
    english: &'static str,
    visits: usize,
    most: u128,
) -> Category {
    Category { branch, korean, english, visits, most }
}

pub(crate) const CATEGORIES: [Category; 8] = [
    category(1, "식당", "Restaurants", 26, 60_000),
    category(2, "시장·식료품", "Markets, groceries", 24, 70_000),
    category(3, "카페·빵집", "Cafes, bakeries", 14, 25_000),
    category(4, "병원·약국", "Health", 10, 80_000),
    category(5, "학원", "Lessons", 8, 150_000),
    category(6, "옷·잡화", "Clothes", 7, 90_000),
    category(7, "이·미용", "Hair, beauty", 6, 60_000),
    category(8, "책·문화", "Books, culture", 5, 50_000),
];
/// Where the allowance of spring is spent.
const MARKET: usize = 1;

/// Keys and contracts.
pub(crate) struct Town {
    pub(crate) city: Key,
    pub(crate) agents: Vec<Key>,
    pub(crate) citizens: Vec<Key>,
    pub(crate) shops: Vec<Key>,
    pub(crate) neighbours: Vec<Address>,
    pub(crate) registry: Address,
    pub(crate) won: Address,
}

/// A key that is the same in every run.
fn key(kind: &str, number: usize) -> Key {
    Key::from_seed(blake3_hash(format!("gimpo {kind} {number}").as_bytes()).0)
}

/// Who somebody is, salted: a merchant's owner is the holder of the same number after the citizens.
fn person(kind: &str, number: usize) -> Hash {
    blake3_hash(format!("salt gimpo {kind} {number}").as_bytes())
}

/// The merchants as they begin.
pub(crate) fn shops() -> Vec<Shop> {
    let visits = |number: usize| (number * 37 + 11) % 100;
    let shop = |number: usize| {
        let (mut category, mut seen) = (0, CATEGORIES[0].visits);
        while seen <= visits(number) {
            category += 1;
            seen += CATEGORIES[category].visits;
        }
        // Six of ten are small, three of ten are of the middle.
        let tier = [0, 0, 1, 0, 0, 2, 0, 1, 0, 1][number % 10];
        let (market, suspended) = (category == MARKET, false);
        Shop { tier, category, market, suspended, receivable: 0, pending: 0 }
    };
    (0..MERCHANTS).map(shop).collect()
}

/// The scheme as JSON.
pub(crate) fn scheme(terms: Terms) -> Value {
    let Terms { discount_bp, purchase_cap, tiers_bp, base_cap } = terms;
    json!({
        "discount": {
            "brackets": [{ "up_to": purchase_cap.to_string(), "rate_bp": discount_bp }],
        },
        "discount_on_short": "Reject",
        "top_up": null,
        "cashback": {
            "tiers_bp": tiers_bp, "base_cap": base_cap.to_string(),
            "validity": { "Days": CASHBACK_DAYS }, "set": TOWN, "on_short": "Zero",
        },
        "purchase_cap": purchase_cap.to_string(),
        "holding_cap": HOLDING_CAP.to_string(),
        "validity": { "Years": OWN_YEARS },
        "own_set": TOWN,
        "refund_percent": REFUND_PERCENT as u32,
        "gift_cap": GIFT_CAP.to_string(),
        "cash_out_cap": null,
        "funded_alone": FUNDED_ALONE.to_string(),
        "supply_cap": SUPPLY_CAP.to_string(),
    })
}

impl Town {
    /// Contracts, merchants, persons: before the year begins.
    pub(crate) async fn found(stage: &Stage, terms: Terms) -> eyre::Result<Self> {
        part("Gimpo prepares");
        let city = stage.key("alice")?;
        let registry = stage.deploy("merchants", &city, json!({})).await?;
        let init = json!({
            "name": "Gimpo won", "symbol": "GPW", "registry": registry.to_string(),
            "scheme": scheme(terms),
        });
        let won = stage.deploy("regional-currency", &city, init).await?;
        let agents = AGENTS.iter().map(|name| stage.key(name)).collect::<eyre::Result<_>>()?;
        let keys = |kind, count| (0..count).map(|number| key(kind, number)).collect();
        let mut citizens: Vec<Key> = keys("citizen", CITIZENS);
        citizens.extend((0..OWNERS).map(|number| key("owner", number)));
        let shops = keys("shop", MERCHANTS);
        let neighbours = (0..NEIGHBOURS).map(|number| key("neighbour", number).address()).collect();
        let this = Self { city, agents, citizens, shops, neighbours, registry, won };
        this.orders(stage).await?;
        this.register(stage).await?;
        Ok(this)
    }

    /// Sets of merchants, and the agents' role.
    async fn orders(&self, stage: &Stage) -> eyre::Result<()> {
        let set = |allowed: &[&str], tier_max: usize| {
            json!({
                "regions": [1], "allowed": allowed, "denied": ["0x09000000"],
                "tier_max": tier_max, "groups": [],
            })
        };
        let town = json!({ "set": TOWN, "permitted": set(&[], 2) });
        let markets = json!({ "set": MARKETS, "permitted": set(&["0x02000000"], 2) });
        let mut orders = stage.by(&self.city).call(self.registry, "define_set", town).call(
            self.registry,
            "define_set",
            markets,
        );
        for agent in &self.agents {
            let role =
                json!({ "account": agent.address().to_string(), "role": "Agent", "has": true });
            orders = orders.call(self.won, "set_role", role);
        }
        stage.step("where money may be spent, and which banks sell it", orders).await?;
        Ok(())
    }

    async fn register(&self, stage: &Stage) -> eyre::Result<()> {
        let merchant = |account: Address, owner: Hash, region: u32, branch: u8, tier: u8| {
            let merchant = (owner, region, [branch, 0, 0, 0], tier, 0u8);
            ("register", (account, merchant, Vec::<u32>::new()).encode())
        };
        let mut calls = Vec::new();
        for (number, (key, shop)) in self.shops.iter().zip(shops()).enumerate() {
            let (branch, tier) = (CATEGORIES[shop.category].branch, u8::try_from(shop.tier)?);
            calls.push(merchant(key.address(), person("owner", number), 1, branch, tier));
        }
        for (number, account) in self.neighbours.iter().enumerate() {
            calls.push(merchant(*account, person("neighbour", number), 2, 1, 0));
        }
        for (number, key) in self.citizens.iter().enumerate() {
            let person = match number.checked_sub(CITIZENS) {
                Some(owner) => person("owner", owner),
                None => person("citizen", number),
            };
            calls.push(("link", (key.address(), person).encode()));
        }
        let started = Instant::now();
        let sent = calls.chunks(CALLS).map(|calls| {
            let begin = stage.by(&self.city).gas_limit(GAS);
            calls.iter().fold(begin, |transaction, (method, args)| {
                transaction.call_scale(self.registry, method, args.clone())
            })
        });
        let sent = sent.map(|transaction| transaction.submit(Wait::Final));
        stream::iter(sent).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
        let text = format!("{MERCHANTS} merchants and {CITIZENS} citizens are registered");
        say(&text, Some(started.elapsed()));
        Ok(())
    }
}
