//! Entries of a contract's storage, by its specification.

use super::{Budget, JSON_BYTES_MAX, hex::to_text, key_to_json, value_text};
use dure_abi::spec::ContractSpec;
use serde_json::Value;

/// One stored entry, decoded as far as the specification goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name of the field, of a part behind that of the whole: `merchants.sets`; its number where the
    /// specification has no such field.
    pub field: String,
    /// The key within the field; none where the field is one value.
    pub key: Option<Value>,
    /// The value.
    pub value: Value,
}

/// Decodes an entry; what does not decode is shown as hexadecimal text, so that a stranger's
/// storage can always be looked at. `key` is as the contract wrote it: field id, then ordered key.
#[must_use]
pub fn entry_to_json(spec: &ContractSpec, key: &[u8], value: &[u8]) -> Entry {
    entry_within(&Budget::new(JSON_BYTES_MAX), spec, key, value)
}

/// Names an entry as `prices[coffee]`, that of a field with one value by the field. `key` is what
/// follows the field's id.
#[must_use]
pub fn entry_text(spec: &ContractSpec, id: u16, key: &[u8]) -> String {
    let entry = entry_to_json(spec, &[&id.to_be_bytes(), key].concat(), &[]);
    match entry.key {
        Some(key) => format!("{}[{}]", entry.field, value_text(&key)),
        None => entry.field,
    }
}

pub(super) fn entry_within(
    budget: &Budget,
    spec: &ContractSpec,
    key: &[u8],
    value: &[u8],
) -> Entry {
    let raw = |bytes: &[u8]| Value::String(to_text(bytes));
    let (id, rest) = match key.split_first_chunk::<2>() {
        Some((id, rest)) => (u16::from_be_bytes(*id), rest),
        None => return Entry { field: to_text(key), key: None, value: raw(value) },
    };
    let Some(mut field) = spec.storage.iter().find(|field| field.id == id) else {
        let key = (!rest.is_empty()).then(|| raw(rest));
        return Entry { field: id.to_string(), key, value: raw(value) };
    };
    let (mut name, mut rest) = (field.name.clone(), rest);
    while let Some((part, after)) = rest.split_first()
        && let Some(found) = field.parts.iter().find(|of| of.id == u16::from(*part))
    {
        name = format!("{name}.{}", found.name);
        (field, rest) = (found, after);
    }
    let ordered = |ty: Option<u32>| match ty {
        Some(ty) => key_to_json(&spec.types, ty, rest, "key").unwrap_or_else(|_| raw(rest)),
        None => raw(rest),
    };
    let decoded = budget.value(spec, field.value, value, &name);
    Entry {
        key: (!rest.is_empty()).then(|| ordered(field.key)),
        value: decoded.unwrap_or_else(|_| raw(value)),
        field: name,
    }
}
