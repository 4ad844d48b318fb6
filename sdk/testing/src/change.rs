//! What a transaction changed in storage, decoded by the specification.

use crate::{Chain, Executed};
use dure_json::{Entry, entry_to_json, value_text};
use dure_types::Address;
use serde_json::Value;
use std::fmt;

/// One entry of a contract's storage that a transaction changed, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whose storage.
    pub contract: Address,
    /// Field id and ordered key.
    pub key: Vec<u8>,
    /// Value before; none when there was no entry.
    pub before: Option<Vec<u8>>,
    /// Value after; none when the entry is gone.
    pub after: Option<Vec<u8>>,
}

/// One entry of a contract's storage that a transaction changed.
///
/// Shown as `points.held[@guest]: none -> 5`.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Name of the contract.
    pub contract: String,
    /// Name of the field.
    pub field: String,
    /// Key within the field, as JSON with the names of accounts; none for a single value.
    pub key: Option<Value>,
    /// Value before, as JSON.
    pub before: Option<Value>,
    /// Value after, as JSON.
    pub after: Option<Value>,
}

impl Changed {
    /// Splits a state key; none for entries of the system contract, which are bookkeeping.
    pub(crate) fn new(
        key: Vec<u8>,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    ) -> Option<Self> {
        let (contract, key) = key.split_first_chunk::<32>()?;
        let contract = Address(*contract);
        let key = key.to_vec();
        (contract != Address::SYSTEM).then_some(Self { contract, key, before, after })
    }
}

impl Chain {
    /// Decodes what a transaction changed in the storage of contracts, by key.
    #[must_use]
    pub fn changes(&self, executed: &Executed) -> Vec<Change> {
        executed.changed.iter().filter_map(|changed| self.change(changed)).collect()
    }

    pub(crate) fn change(&self, changed: &Changed) -> Option<Change> {
        let spec = self.names.spec(self.state.as_ref(), changed.contract)?;
        let decoded = |value: &Option<Vec<u8>>| {
            let value = value.as_ref()?;
            let Entry { field, mut key, mut value } = entry_to_json(&spec, &changed.key, value);
            self.names.put_into(&mut value);
            if let Some(key) = &mut key {
                self.names.put_into(key);
            }
            Some(Entry { field, key, value })
        };
        let (before, after) = (decoded(&changed.before), decoded(&changed.after));
        let Entry { field, key, .. } = after.clone().or_else(|| before.clone())?;
        Some(Change {
            contract: spec.name.clone(),
            field,
            key,
            before: before.map(|entry| entry.value),
            after: after.map(|entry| entry.value),
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.contract, self.field)?;
        if let Some(key) = &self.key {
            write!(f, "[{}]", value_text(key))?;
        }
        let shown = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), value_text);
        write!(f, ": {} -> {}", shown(&self.before), shown(&self.after))
    }
}
