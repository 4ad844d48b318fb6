//! The file that `dure apply` makes true: contracts by name, and calls that wire them.
//!
//! ```toml
//! key = "alice"                       # who signs, unless a contract or call says another
//!
//! [contract.won]
//! build = "won"                       # folder of a crate; or wasm = "won.wasm"
//! init = { name = "Won", symbol = "KRW", decimals = 0 }
//!
//! [contract.shop]
//! build = "shop"
//! init = { token = "$won" }           # the address of the contract `won`
//!
//! [[call]]
//! contract = "won"
//! method = "set_merchant"
//! args = { merchant = "@bob", active = true }
//! unless = { query = "is_merchant", args = { who = "@bob" }, is = true }
//! ```
//!
//! A time is a number of milliseconds, or a date as [`dure_rpc::json`] takes it, in quotes or not.
//!
//! A contract's address follows from who signs and its salt (its name unless told), so it is known
//! before the contract is made, and the same file means the same contracts.

use super::exit::Failure;
use dure_rpc::json::replace_names;
use dure_types::Address;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) key: Option<String>,
    #[serde(default, rename = "contract")]
    pub(super) contracts: BTreeMap<String, Planned>,
    #[serde(default, rename = "call")]
    pub(super) calls: Vec<PlannedCall>,
}

/// One contract.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Planned {
    pub(super) build: Option<PathBuf>,
    pub(super) wasm: Option<PathBuf>,
    /// Another contract, whose code it gets; not in a file.
    #[serde(skip)]
    pub(super) like: Option<Address>,
    #[serde(default, deserialize_with = "json")]
    pub(super) init: Value,
    pub(super) salt: Option<String>,
    pub(super) key: Option<String>,
}

/// One call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedCall {
    pub(super) contract: String,
    pub(super) method: String,
    #[serde(default, deserialize_with = "json")]
    pub(super) args: Value,
    pub(super) key: Option<String>,
    pub(super) unless: Unless,
}

/// What a query answers once a call is no longer needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unless {
    pub(super) query: String,
    #[serde(default, deserialize_with = "json")]
    pub(super) args: Value,
    /// Left out, it is none: TOML has no word for that.
    #[serde(default, deserialize_with = "json")]
    pub(super) is: Value,
}

/// A value of the file as JSON; a date without quotes is the text that it was written as.
fn json<'de, D: Deserializer<'de>>(file: D) -> Result<Value, D::Error> {
    toml::Value::deserialize(file).map(plain)
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(fields) => {
            fields.into_iter().map(|(name, field)| (name, plain(field))).collect()
        }
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
    }
}

impl Plan {
    /// Reads the file's text; `name` is for messages.
    pub(super) fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let plan: Self =
            toml::from_str(text).map_err(|error| Failure::File(format!("{name}: {error}")))?;
        let refused = |what: String| Err(Failure::File(format!("{name}: {what}")));
        for (contract, planned) in &plan.contracts {
            if planned.build.is_some() == planned.wasm.is_some() {
                return refused(format!("contract.{contract}: give either build or wasm"));
            }
            if planned.salt.as_ref().unwrap_or(contract).len() > dure_types::limits::SALT_BYTES_MAX
            {
                let limit = dure_types::limits::SALT_BYTES_MAX;
                return refused(format!("contract.{contract}: a salt has at most {limit} bytes"));
            }
        }
        for call in &plan.calls {
            if !plan.contracts.contains_key(&call.contract) {
                return refused(format!("call {}: no contract.{}", call.method, call.contract));
            }
        }
        Ok(plan)
    }

    /// The contracts in an order in which each comes after those that its init method names.
    pub(super) fn order(&self, name: &str) -> Result<Vec<&str>, Failure> {
        let mut order: Vec<&str> = Vec::new();
        while order.len() < self.contracts.len() {
            let next = self.contracts.iter().find(|(contract, planned)| {
                let mut named = Vec::new();
                references(&planned.init, &mut named);
                let ready = named.iter().all(|other| {
                    order.contains(&other.as_str()) || !self.contracts.contains_key(other)
                });
                ready && !order.contains(&contract.as_str())
            });
            let Some((contract, _)) = next else {
                let left: Vec<&str> = self
                    .contracts
                    .keys()
                    .map(String::as_str)
                    .filter(|contract| !order.contains(contract))
                    .collect();
                let text = format!(
                    "{name}: [{}] need each other in init; wire one of them by a [[call]]",
                    left.join(", ")
                );
                return Err(Failure::File(text));
            };
            order.push(contract);
        }
        Ok(order)
    }
}

/// The names of contracts in a value.
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            names.extend(text.strip_prefix('$').filter(|n| !n.starts_with('$')).map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| references(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts addresses in the place of what begins with one of the signs, as `$contract` and `@key`; a
/// doubled sign stands for itself.
pub(super) fn resolve(
    value: &Value,
    signs: &[char],
    lookup: &impl Fn(&str) -> Result<String, Failure>,
) -> Result<Value, Failure> {
    replace_names(value, signs, "", &|text: &str, _: &str| lookup(text).map(Value::String))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(text: &str) -> Result<Vec<String>, String> {
        let plan = Plan::parse(text, "deploy.toml").map_err(|error| error.to_string())?;
        let order = plan.order("deploy.toml").map_err(|error| error.to_string())?;
        Ok(order.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn contracts_come_after_those_that_they_name() {
        let text = r#"
            [contract.a]
            wasm = "a.wasm"
            init = { list = ["$c", "@bob", "$$b"] }
            [contract.b]
            wasm = "b.wasm"
            [contract.c]
            wasm = "c.wasm"
            init = ["$b"]
        "#;
        assert_eq!(order(text), Ok(vec!["b".into(), "c".into(), "a".into()]));
    }

    #[test]
    fn a_date_without_quotes_is_the_text_of_it() {
        let text = "[contract.a]\nwasm = \"a\"\ninit = { days = [2026-03-01, \"2026-03-02\"], at = \
                    2026-03-01T09:30:00+09:00, sum = 5 }";
        let plan = Plan::parse(text, "deploy.toml").unwrap();
        let expect = json!({
            "days": ["2026-03-01", "2026-03-02"], "at": "2026-03-01T09:30:00+09:00", "sum": 5,
        });
        assert_eq!(plan.contracts["a"].init, expect);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |text: &str, expect: &str| {
            let refused = order(text).unwrap_err();
            assert!(refused.contains(expect), "{refused}");
        };
        let circle = "[contract.a]\nwasm = \"a\"\ninit = [\"$b\"]\n[contract.b]\nwasm = \"b\"\n\
                      init = [\"$a\"]";
        check(circle, "[a, b] need each other");
        check("[contract.a]\n", "either build or wasm");
        check("[contract.a]\nbuild = \"a\"\nwasm = \"b\"\n", "either build or wasm");
        check("[contract.a]\nwsm = \"a\"\n", "unknown field `wsm`");
        let call = "[[call]]\ncontract = \"a\"\nmethod = \"m\"\n";
        check(call, "missing field `unless`");
        check(&format!("{call}unless = {{ query = \"q\", is = true }}"), "no contract.a");
    }

    #[test]
    fn names_become_addresses_and_doubled_signs_stay() {
        let lookup = |text: &str| match text {
            "$won" => Ok("0x01".to_owned()),
            other => Err(Failure::Usage(other.to_owned())),
        };
        let value = json!({ "to": ["$won", 5], "note": "$$5", "mail": "@@home" });
        let expect = json!({ "to": ["0x01", 5], "note": "$5", "mail": "@home" });
        assert_eq!(resolve(&value, &['$', '@'], &lookup).unwrap_or_default(), expect);
        assert!(resolve(&json!("$other"), &['$', '@'], &lookup).is_err());
        let kept = json!({ "note": "$other" });
        assert_eq!(resolve(&kept, &['@'], &lookup).unwrap_or_default(), kept);
    }
}
