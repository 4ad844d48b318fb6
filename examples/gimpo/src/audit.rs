//! The end of the year: the chain's books against the mirror's, to the won.

use crate::{
    town::{CITIZENS, OWNERS},
    year::Year,
};
use dure_client::shape::CallRequest;
use eyre::{ensure, eyre};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use stage::{amount_of, part, say, won};
use std::time::Instant;

/// Entries of a page, and queries of one request.
const PAGE: u32 = 500;
const AT_ONCE: usize = 64;

impl Year {
    /// Compares everything.
    pub(crate) async fn audit(&self) -> eyre::Result<()> {
        part("The books");
        let started = Instant::now();
        self.totals().await?;
        self.stage.audit(self.town.won).await?;
        let lots = self.pages("count_lots", None).await?;
        equal("all lots, counted again", lots, self.mirror.in_lots())?;
        let counted = [
            ("Unclaimed", 0),
            ("Claims", 0),
            ("Receivable", self.mirror.receivable()),
            ("CashOuts", self.mirror.pending()),
        ];
        let mut owed = 0;
        for (name, expected) in counted {
            let sum = self.pages("count_owed", Some(name)).await?;
            equal(&format!("{name}, counted again"), sum, expected)?;
            owed += sum;
        }
        let supply = self.stage.amount(self.town.won, "supply", json!({})).await?;
        equal("lots and what is owed are the supply", lots + owed, supply)?;
        self.holders().await?;
        self.merchants().await?;
        say("every holder and every merchant, to the won", Some(started.elapsed()));
        Ok(())
    }

    async fn totals(&self) -> eyre::Result<()> {
        let last = self.mirror.now.month;
        let args = json!({ "first": last - 11, "last": last });
        let books = self.stage.query(self.town.won, "books", args).await?;
        let pool: u128 = self.mirror.pool.values().sum();
        for (name, expected) in [
            ("escrow", self.mirror.escrow),
            ("outstanding", self.mirror.outstanding()),
            ("pool", pool),
            ("budgets", self.mirror.budget),
        ] {
            equal(name, amount_of(&books[name])?, expected)?;
        }
        let sum = self.mirror.outstanding() + pool + self.mirror.budget;
        equal("the bank holds what is out and what is left to give", self.mirror.escrow, sum)
    }

    /// The sum of all pages of a count.
    async fn pages(&self, method: &str, of: Option<&str>) -> eyre::Result<u128> {
        let (mut sum, mut after) = (0, Value::Null);
        loop {
            let mut args: Vec<Value> = of.into_iter().map(Value::from).collect();
            args.extend([after, json!(PAGE)]);
            let page = self.stage.query(self.town.won, method, Value::from(args)).await?;
            sum += amount_of(&page[0])?;
            after = page[1].clone();
            if after.is_null() {
                return Ok(sum);
            }
        }
    }

    async fn holders(&self) -> eyre::Result<()> {
        let all: Vec<usize> = (0..CITIZENS + OWNERS).collect();
        let account = |who: &usize| self.town.citizens[*who].address().to_string();
        let pages = all.chunks(AT_ONCE).map(async |page| {
            let values = self.ask("holding", page.iter().map(account)).await?;
            for (who, value) in page.iter().zip(values) {
                let [own, bonus, policy] = self.mirror.holding(*who);
                for (name, expected) in [("own", own), ("bonus", bonus), ("policy", policy)] {
                    let found = amount_of(&value[name])?;
                    ensure!(found == expected, "{name} of {}: {value}", account(who));
                }
                ensure!(amount_of(&value["debt"])? == 0, "{} has a debt: {value}", account(who));
            }
            Ok::<_, eyre::Report>(())
        });
        stream::iter(pages).buffer_unordered(4).try_collect().await
    }

    async fn merchants(&self) -> eyre::Result<()> {
        let accounts = self.town.shops.iter().map(|key| key.address().to_string());
        let accounts: Vec<String> = accounts.collect();
        for (page, shops) in accounts.chunks(AT_ONCE).zip(self.mirror.shops.chunks(AT_ONCE)) {
            let values = self.ask("merchant_account", page.iter().cloned()).await?;
            for (value, shop) in values.iter().zip(shops) {
                let found = (amount_of(&value["receivable"])?, amount_of(&value["pending"])?);
                ensure!(found == (shop.receivable, shop.pending), "a merchant: {value}, {shop:?}");
            }
        }
        Ok(())
    }

    /// Asks one thing of many accounts at one height.
    async fn ask(
        &self,
        method: &str,
        accounts: impl Iterator<Item = String>,
    ) -> eyre::Result<Vec<Value>> {
        let calls = accounts.map(|account| CallRequest {
            contract: self.town.won.into(),
            method: method.to_owned(),
            args: json!([account]),
        });
        let answer = self.stage.client.query_many(calls.collect()).await?;
        let results = answer.results.into_iter().map(|result| match result.error {
            Some(error) => Err(eyre!("{method}: {}", error.message)),
            None => Ok(result.value),
        });
        results.collect()
    }
}

fn equal(what: &str, found: u128, expected: u128) -> eyre::Result<()> {
    ensure!(found == expected, "{what}: {} instead of {}", won(found), won(expected));
    say(&format!("{what}: {}", won(found)), None);
    Ok(())
}
