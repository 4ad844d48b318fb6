//! What every example does on a node, through JSON-RPC only: it opens the development keys, deploys
//! contracts, plays steps and says how long each took until it was final, and sends load.
//!
//! ```no_run
//! # async fn story() -> eyre::Result<()> {
//! use clap::Parser;
//! use serde_json::json;
//! use stage::{Arguments, Stage};
//! let stage = Stage::open(&Arguments::parse()).await?;
//! let bank = stage.key("alice")?;
//! let token = stage.deploy("token", &bank, json!({ "name": "Won" })).await?;
//! let issue = stage.by(&bank).call(token, "issue", json!({ "amount": "5" }));
//! stage.step("the bank issues 5 won", issue).await?;
//! # Ok(()) }
//! ```

mod load;

pub use load::{Draft, Load, Outcomes};

use clap::Parser;
use dure_client::{Client, ClientError, Key, Submission, TransactionBuilder, Wait};
use dure_types::{Address, Gas, Hash};
use eyre::{WrapErr, ensure, eyre};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// What a step may use that must be refused.
const REFUSED_GAS: Gas = Gas(5_000_000);

/// Where a story is played.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// The node, over WebSocket: that of `dure dev`, whose clock a story may move.
    #[arg(long, default_value = "ws://127.0.0.1:9944/v1")]
    pub rpc: String,
    /// Folder with the keys `alice.key` to `frank.key`, as `dure dev` writes it.
    #[arg(long)]
    pub keys: PathBuf,
    /// Folder with the modules of the contracts, as `dure build` writes them.
    #[arg(long)]
    pub contracts: PathBuf,
}

/// A node with what a story needs of it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The node.
    pub client: Client,
    arguments: Arguments,
}

impl Stage {
    /// Connects to the node.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn open(arguments: &Arguments) -> eyre::Result<Self> {
        let client = Client::connect(&arguments.rpc).await?;
        Ok(Self { client, arguments: arguments.clone() })
    }

    /// A development key, by its name.
    ///
    /// # Errors
    /// When there is no such file, or it is none.
    pub fn key(&self, name: &str) -> eyre::Result<Key> {
        Ok(Key::from_file(self.arguments.keys.join(format!("{name}.key")))?)
    }

    /// Deploys the module `name` and makes a contract of it. Any node that played the story before
    /// has the code already, and takes the contract again.
    ///
    /// # Errors
    /// When the module is missing, or refused.
    pub async fn deploy(&self, name: &str, by: &Key, init: Value) -> eyre::Result<Address> {
        self.deploy_as(name, name, by, init).await
    }

    /// The same for a module of which a story makes several contracts: `title` is this one's.
    ///
    /// # Errors
    /// As [`Stage::deploy`].
    pub async fn deploy_as(
        &self,
        title: &str,
        module: &str,
        by: &Key,
        init: Value,
    ) -> eyre::Result<Address> {
        let path = self.arguments.contracts.join(format!("{}.wasm", module.replace('-', "_")));
        let wasm = std::fs::read(&path).wrap_err_with(|| path.display().to_string())?;
        let (started, status) = (Instant::now(), self.client.status().await?);
        // Any salt will do that this creator has not used: a story may be played twice.
        let salt = format!("{title}-{}", status.height);
        let deployed = self.client.deploy(by, &wasm, &init, salt.as_bytes()).await;
        let contract = deployed.wrap_err_with(|| title.to_owned())?.contract;
        say(&format!("{title} at {}", short(contract)), Some(started.elapsed()));
        Ok(contract)
    }

    /// Begins a transaction of a key's account.
    pub fn by<'a>(&'a self, key: &'a Key) -> TransactionBuilder<'a> {
        self.client.transaction(key)
    }

    /// Plays a step, says how long it took until it was final, and answers what became of it.
    ///
    /// # Errors
    /// When it was refused or failed.
    pub async fn step(
        &self,
        text: &str,
        transaction: TransactionBuilder<'_>,
    ) -> eyre::Result<Submission> {
        let started = Instant::now();
        let done = transaction.submit(Wait::Final).await.wrap_err_with(|| text.to_owned())?;
        say(text, Some(started.elapsed()));
        Ok(done)
    }

    /// Plays a step that must be refused, with an error whose words contain `error`. With a gas
    /// limit of its own it is sent, and not only tried before.
    ///
    /// # Errors
    /// When it succeeds, or is refused for another reason.
    pub async fn refused(
        &self,
        text: &str,
        transaction: TransactionBuilder<'_>,
        error: &str,
    ) -> eyre::Result<()> {
        let started = Instant::now();
        let refused = match transaction.gas_limit(REFUSED_GAS).submit(Wait::Final).await {
            Ok(done) => return Err(eyre!("{text}: succeeded at height {}", done.height)),
            Err(refused @ ClientError::Refused(_)) => refused.to_string(),
            Err(other) => return Err(other).wrap_err_with(|| text.to_owned()),
        };
        ensure!(refused.contains(error), "{text}: refused otherwise than as {error}: {refused}");
        say(&format!("{text}: {error}"), Some(started.elapsed()));
        Ok(())
    }

    /// Asks a contract.
    ///
    /// # Errors
    /// What it refused.
    pub async fn query(&self, contract: Address, method: &str, args: Value) -> eyre::Result<Value> {
        self.client.query(contract, method, args).await.wrap_err_with(|| method.to_owned())
    }

    /// Asks for an amount.
    ///
    /// # Errors
    /// What it refused, or that it is no amount.
    pub async fn amount(&self, contract: Address, method: &str, args: Value) -> eyre::Result<u128> {
        amount_of(&self.query(contract, method, args).await?)
    }

    /// Has a contract count all that it keeps, page by page, as `dure audit` does; answers how many
    /// pages that took.
    ///
    /// # Errors
    /// The difference that it found.
    pub async fn audit(&self, contract: Address) -> eyre::Result<u32> {
        let (mut counted, mut pages) = (Value::Null, 0);
        loop {
            let page = json!({ "counted": counted, "limit": 200 });
            let answer = self.query(contract, "audit", page).await?;
            counted = answer["next"].clone();
            pages += 1;
            if counted.is_null() {
                return Ok(pages);
            }
        }
    }

    /// Lets time pass on the node.
    ///
    /// # Errors
    /// When the node's clock cannot be moved.
    pub async fn pass(&self, text: &str, time: Duration) -> eyre::Result<u64> {
        let now = self.client.advance(time).await?;
        say(text, None);
        Ok(now.0)
    }
}

/// What a `token` without conditions is made of; `redeem` says who gives it back: `"Anyone"`, or
/// `"Merchants"`.
#[must_use]
pub fn plain_token(name: &str, symbol: &str, redeem: &str) -> Value {
    let unbounded = json!({
        "per_purchase": null, "spent_per_month": null, "held": null,
        "issued_per_month": null, "issued_in_total": null,
    });
    let conditions = json!({
        "from": null, "until": null, "merchants": null, "hold": "Anyone", "spend": "Anyone",
        "gifts": true, "redeem": redeem, "caps": unbounded,
    });
    json!({ "name": name, "symbol": symbol, "decimals": 0, "conditions": conditions })
}

/// A hash that stands for whatever the text names: a document, a person.
#[must_use]
pub fn named(text: &str) -> Hash {
    let mut bytes = [0; 32];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    Hash(bytes)
}

/// An amount as JSON-RPC has it: decimal digits.
///
/// # Errors
/// When it is none.
pub fn amount_of(value: &Value) -> eyre::Result<u128> {
    let digits = value.as_str().and_then(|text| text.parse().ok());
    digits.ok_or_else(|| eyre!("{value} is no amount"))
}

/// Prints a line of the story.
pub fn say(text: &str, took: Option<Duration>) {
    let took =
        took.map_or_else(String::new, |took| format!("{:>8.1} ms", took.as_secs_f64() * 1e3));
    println!("  {text:<68} {took}");
}

/// Prints the title of a part.
pub fn part(title: &str) {
    println!("{title}");
}

/// Won as people write them.
#[must_use]
pub fn won(amount: u128) -> String {
    let digits = amount.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " won"
}

/// The ends of an address, enough to tell two apart.
#[must_use]
pub fn short(address: Address) -> String {
    let text = address.to_string();
    format!("{}…{}", text.get(..8).unwrap_or_default(), text.get(62..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn won_are_grouped_by_thousands() {
        let cases =
            [(0, "0 won"), (999, "999 won"), (1_000, "1,000 won"), (1_234_567, "1,234,567 won")];
        for (amount, text) in cases {
            assert_eq!(super::won(amount), text);
        }
    }
}
