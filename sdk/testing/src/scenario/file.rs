//! The file, as it is written.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// A scenario: who there is, what is deployed, what is done, and what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub about: String,
    /// Values that the rest names: the text `"$name"` stands for the value.
    #[serde(default)]
    pub policy: Map<String, Value>,
    /// Before the first step.
    pub setup: Setup,
    /// In order.
    pub steps: Vec<Step>,
    /// What is asked after every step, besides what the step expects.
    #[serde(default)]
    pub always: Vec<Query>,
}

/// Accounts and contracts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Time of genesis, RFC 3339; the contracts are deployed from then on. 2026-01-01T00:00:00Z
    /// unless said.
    pub start: Option<String>,
    /// Names of accounts: the text `"@name"` stands for the address.
    pub accounts: Vec<String>,
    /// Contracts, deployed in this order; `"@name"` stands for the address of one before.
    #[serde(default)]
    pub contracts: Vec<Deployment>,
}

/// A contract to deploy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// What the scenario calls it.
    pub name: String,
    /// Folder of its crate, from the folder of the file.
    pub source: PathBuf,
    /// Account that deploys it.
    pub by: String,
    /// Arguments of its init method.
    #[serde(default)]
    pub init: Value,
}

/// One transaction, or none, and what is expected then.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is for.
    #[serde(default)]
    pub about: String,
    /// Time of its block, RFC 3339; one second after the last unless said.
    pub at: Option<String>,
    /// Account that signs.
    pub by: Option<String>,
    /// Contract of the only call.
    pub contract: Option<String>,
    /// Method of the only call.
    pub call: Option<String>,
    /// Arguments of the only call.
    #[serde(default)]
    pub args: Value,
    /// Several calls, all or nothing, in place of one.
    #[serde(default)]
    pub calls: Vec<OneCall>,
    /// What must come of it; success, if neither `error` nor `fails` is said.
    #[serde(default)]
    pub expect: Expect,
}

/// A call of a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCall {
    /// Contract.
    pub contract: String,
    /// Method.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Value,
}

/// What must come of a step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What the call returned; for several calls a list.
    #[serde(default, deserialize_with = "given")]
    pub ok: Option<Value>,
    /// The error of a contract.
    pub error: Option<ExpectedError>,
    /// Part of the text of another failure.
    pub fails: Option<String>,
    /// Contract, holder, amount: what `balance_of` of the standard `Token` says afterwards.
    #[serde(default)]
    pub balances: BTreeMap<String, BTreeMap<String, Value>>,
    /// All events of the transaction, in order.
    pub events: Option<Vec<ExpectedEvent>>,
    /// What queries say afterwards.
    #[serde(default)]
    pub queries: Vec<Query>,
}

/// A contract's error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// Variant.
    pub name: String,
    /// Its fields; those not named may be anything.
    #[serde(default, deserialize_with = "given")]
    pub fields: Option<Value>,
    /// Who refused, if not the contract that was called.
    pub contract: Option<String>,
}

/// An event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEvent {
    /// Who emitted it; any contract unless said.
    pub contract: Option<String>,
    /// Its name.
    pub name: String,
    /// Its fields; those not named may be anything.
    #[serde(default, deserialize_with = "given")]
    pub fields: Option<Value>,
}

/// A question and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Contract.
    pub contract: String,
    /// Method.
    pub query: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Value,
    /// What it must return.
    #[serde(default, deserialize_with = "given")]
    pub returns: Option<Value>,
    /// The error it must return.
    pub error: Option<ExpectedError>,
}

/// `null` is a value here, and not the absence of one.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
