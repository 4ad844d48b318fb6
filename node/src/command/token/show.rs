//! `dure token show`.

use super::{
    super::{Remote, key, read::connect},
    Failure, Output,
    day::shown,
    describe::{lines, time, units},
    policy::PolicyFile,
};
use crate::printable::one_line;
use clap::Args;
use dure_client::Client;
use dure_rpc::shape::CallRequest;
use dure_types::Address;
use serde_json::{Value, json};

/// Which token.
#[derive(Debug, Args)]
pub(in crate::command) struct ShowArgs {
    /// The token's address.
    address: String,
    #[command(flatten)]
    remote: Remote,
}

/// Something of a token that never changes, and that a file has otherwise.
pub(super) struct AboutDiffers {
    /// `name`, `symbol` or `decimals`.
    pub(super) what: &'static str,
    /// As JSON: text in quotes.
    pub(super) of_file: String,
    /// As JSON: text in quotes.
    pub(super) of_token: String,
}

/// A token as the chain has it now.
pub(super) struct Token {
    pub(super) about: Value,
    /// The policy in force: since when, and its conditions.
    pub(super) policy: Value,
    /// The policy that was set last.
    pub(super) last: Value,
    totals: Value,
    /// The order by which nothing moves; null where things move.
    paused: Value,
    /// The money that covers the units; null where none was ever booked.
    deposit: Value,
}

pub(super) async fn run(args: ShowArgs, output: &mut Output) -> Result<(), Failure> {
    let address = key::address(&args.address)?;
    let client = connect(&args.remote.rpc).await?;
    let token = Token::read(&client, address).await?;
    output.answer(&token.to_json(address), || token.text(address))
}

impl Token {
    /// Reads a token, everything at one height.
    pub(super) async fn read(client: &Client, address: Address) -> Result<Self, Failure> {
        let request = |method: &str| CallRequest {
            contract: address.into(),
            method: method.to_owned(),
            args: json!({}),
        };
        let methods = ["about", "policy", "last_policy", "totals", "paused", "deposit"];
        let answer = client.query_many(methods.map(request).into()).await?;
        let mut values = Vec::new();
        for result in answer.results {
            match result.error {
                Some(error) => return Err(Failure::Client(error.data.into())),
                None => values.push(result.value),
            }
        }
        let mut next = values.into_iter();
        let mut next = || next.next().unwrap_or_default();
        Ok(Self {
            about: next(),
            policy: next(),
            last: next(),
            totals: next(),
            paused: next(),
            deposit: next(),
        })
    }

    /// Checks that a policy file has the token's name, symbol and decimals.
    pub(super) fn is_about(&self, policy: &PolicyFile) -> Result<(), AboutDiffers> {
        let of_file = [
            ("name", json!(policy.name)),
            ("symbol", json!(policy.symbol)),
            ("decimals", json!(policy.decimals)),
        ];
        match of_file.into_iter().find(|(what, of_file)| self.about[*what] != *of_file) {
            None => Ok(()),
            Some((what, of_file)) => {
                let of_token = one_line(&self.about[what].to_string()).into_owned();
                Err(AboutDiffers { what, of_file: of_file.to_string(), of_token })
            }
        }
    }

    /// What was swept.
    pub(super) fn expired(&self) -> &str {
        self.totals["expired"].as_str().unwrap_or_default()
    }

    fn decimals(&self) -> u64 {
        self.about["decimals"].as_u64().unwrap_or_default()
    }

    /// The policy that was set last, where it does not hold yet.
    fn scheduled(&self) -> Option<&Value> {
        Some(&self.last).filter(|last| !last.is_null() && last["from"] != self.policy["from"])
    }

    pub(super) fn to_json(&self, address: Address) -> Value {
        json!({
            "address": address.to_string(),
            "about": self.about,
            "policy": self.policy,
            "scheduled": self.scheduled(),
            "totals": self.totals,
            "paused": self.paused,
            "deposit": self.deposit,
        })
    }

    /// The token for people.
    pub(super) fn text(&self, address: Address) -> String {
        let word = |value: &Value| one_line(value.as_str().unwrap_or("?")).into_owned();
        let (name, symbol) = (word(&self.about["name"]), word(&self.about["symbol"]));
        let total = |key: &str| units(&word(&self.totals[key]), self.decimals());
        let mut text = format!("token          {name} ({symbol})\naddress        {address}\n");
        text.push_str(&format!(
            "units          {} issued, {} redeemed, {} expired, {} held\n",
            total("issued"),
            total("redeemed"),
            total("expired"),
            total("outstanding")
        ));
        if !self.deposit.is_null() {
            let deposit = units(&word(&self.deposit), self.decimals());
            text.push_str(&format!("deposit        {deposit}, which covers what is held\n"));
        }
        if !self.paused.is_null() {
            let since = time(&self.paused["since"]).map_or_else(String::new, shown);
            let (by, reason) = (word(&self.paused["by"]), word(&self.paused["reason"]));
            text.push_str(&format!("paused         since {since} by {by}, reason {reason}\n"));
        }
        text.push_str(&policy(&self.policy, "since", self.decimals()));
        if let Some(scheduled) = self.scheduled() {
            text.push_str(&policy(scheduled, "from", self.decimals()));
        }
        text
    }
}

fn policy(version: &Value, since: &str, decimals: u64) -> String {
    let from = time(&version["from"]).map_or_else(String::new, shown);
    let mut text = format!("policy         {since} {from}\n");
    for (name, told) in lines(&version["conditions"], decimals) {
        text.push_str(&format!("  {name:<12} {told}\n"));
    }
    text
}
