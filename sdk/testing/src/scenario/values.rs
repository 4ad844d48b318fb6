//! Names put in the place of values, and values compared.

use super::ScenarioError;
use dure_json::{hex::to_text, replace_names};
use dure_types::Address;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the texts `@name` and `$name` stand for.
#[derive(Default)]
pub(super) struct Words {
    pub(super) addresses: BTreeMap<String, Address>,
    pub(super) policy: Map<String, Value>,
}

impl Words {
    /// The address of an account or a contract.
    pub(super) fn address(&self, name: &str, place: &str) -> Result<Address, ScenarioError> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        self.addresses.get(bare).copied().ok_or_else(|| {
            let known: Vec<&str> = self.addresses.keys().map(String::as_str).collect();
            let text = format!("nobody is called `{bare}`; known: {}", known.join(", "));
            ScenarioError::Meaning { place: place.to_owned(), text }
        })
    }

    /// The value with every name replaced. `@@` and `$$` begin texts with one such sign.
    pub(super) fn replace(&self, value: &Value, place: &str) -> Result<Value, ScenarioError> {
        replace_names(value, &['@', '$'], place, &|text: &str, place: &str| self.text(text, place))
    }

    fn text(&self, text: &str, place: &str) -> Result<Value, ScenarioError> {
        let Some(name) = text.strip_prefix('$') else {
            return Ok(Value::String(to_text(&self.address(text, place)?.0)));
        };
        self.policy.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.policy.keys().map(String::as_str).collect();
            let text = format!("the policy has no `{name}`; known: {}", known.join(", "));
            ScenarioError::Meaning { place: place.to_owned(), text }
        })
    }
}

/// Whether a value is what was expected, and if not, where it differs first, as a path.
///
/// Of an object the fields that are expected count. A wide integer, which is a decimal string, may
/// be expected as a number.
pub(super) fn difference<'v>(
    expected: &'v Value,
    found: &'v Value,
    path: &str,
) -> Option<(String, Option<&'v Value>, Option<&'v Value>)> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().find_map(|(name, wanted)| {
                let path = format!("{path}.{name}");
                match found.get(name) {
                    Some(found) => difference(wanted, found, &path),
                    None => Some((path, Some(wanted), None)),
                }
            })
        }
        (Value::Array(wanted), Value::Array(given)) => {
            let length = wanted.len().max(given.len());
            (0..length).find_map(|index| {
                let path = format!("{path}[{index}]");
                match (wanted.get(index), given.get(index)) {
                    (Some(wanted), Some(given)) => difference(wanted, given, &path),
                    (wanted, given) => Some((path, wanted, given)),
                }
            })
        }
        (Value::Number(wanted), Value::String(given)) if wanted.to_string() == *given => None,
        _ if expected == found => None,
        _ => Some((path.to_owned(), Some(expected), Some(found))),
    }
}
