//! What new code of a contract changes, for people and for machines.

use super::inspect::{kind, signature};
use crate::printable::one_line;
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_client::shape::StorageChange;
use dure_rpc::{hex::Bytes, json::entry_to_json};
use dure_runtime::schema::{field_difference, type_difference};
use serde_json::{Value, json};

/// A line: what it is about, and what it says.
pub(super) type Line = (&'static str, String);

/// The version of the storage, before and after, and fields and methods that differ.
pub(super) fn lines(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Line> {
    let (from, to) = (stored.history.version, offered.history.version);
    let storage = match offered.history.migration(from).filter(|_| to > from) {
        Some(migration) => format!("version {from} -> {to} by `{}`", one_line(&migration.name)),
        None => format!("version {from}, nothing is migrated"),
    };
    let fields = fields(stored, offered);
    let methods = methods(stored, offered);
    let fields = fields.iter().map(|field| ("field", field_line(field)));
    let methods = methods.iter().map(|method| ("method", method_line(method)));
    [("storage", storage)].into_iter().chain(fields).chain(methods).collect()
}

/// How fields differ; nothing of those that do not.
pub(super) fn fields(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Value> {
    let mut lines = Vec::new();
    for new in &offered.storage {
        let old = stored.storage.iter().find(|old| old.id == new.id);
        let differs = old.and_then(|old| field_difference((stored, old), (offered, new)));
        let was = old.map(|old| old.name.as_str());
        if differs.is_none() && was == Some(new.name.as_str()) {
            continue;
        }
        let [before, after] = match differs {
            Some(words) => words.map(Some),
            None => [old.map(|old| old.layout(&stored.types)), Some(new.layout(&offered.types))],
        };
        lines.push(json!({
            "id": new.id, "name": new.name, "was": was, "before": before, "after": after,
        }));
    }
    for old in &stored.storage {
        if !offered.storage.iter().any(|new| new.id == old.id) {
            let (before, none) = (old.layout(&stored.types), Value::Null);
            lines.push(json!({
                "id": old.id, "name": none, "was": old.name, "before": before, "after": none,
            }));
        }
    }
    lines
}

/// How methods differ, by name; nothing of those that do not.
pub(super) fn methods(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Value> {
    let line = |name: &str, before: Option<String>, after: Option<String>| json!({ "name": name, "before": before, "after": after });
    let mut lines = Vec::new();
    for new in &offered.methods {
        match stored.method(&new.name) {
            None => lines.push(line(&new.name, None, Some(shown(offered, new)))),
            Some(old) => {
                let [old_more, new_more] = method_types(stored, old, offered, new);
                let (before, after) =
                    (shown(stored, old) + &old_more, shown(offered, new) + &new_more);
                if before != after {
                    lines.push(line(&new.name, Some(before), Some(after)));
                }
            }
        }
    }
    let gone = stored.methods.iter().filter(|old| offered.method(&old.name).is_none());
    lines.extend(gone.map(|old| line(&old.name, Some(shown(stored, old)), None)));
    lines
}

/// What the first types that differ in two methods are made of.
fn method_types(
    stored: &ContractSpec,
    old: &MethodSpec,
    offered: &ContractSpec,
    new: &MethodSpec,
) -> [String; 2] {
    let args = old.args.iter().zip(&new.args).map(|(old, new)| (old.ty, new.ty));
    let mut types = args.chain([(old.returns, new.returns)]);
    let differs = types.find_map(|(old, new)| type_difference((stored, old), (offered, new)));
    differs.unwrap_or_default()
}

fn shown(spec: &ContractSpec, method: &MethodSpec) -> String {
    format!("{} {}", kind(method.kind), signature(spec, method))
}

/// One entry that would change, its values by the code that wrote them.
pub(super) fn changed(
    stored: &ContractSpec,
    offered: &ContractSpec,
    change: &StorageChange,
) -> Value {
    let read = |spec: &ContractSpec, value: &Option<Bytes>| {
        value.as_ref().map(|value| entry_to_json(spec, &change.key.0, &value.0))
    };
    let (before, after) = (read(stored, &change.before), read(offered, &change.after));
    // A field that is gone is known to the old code only.
    let named = after.as_ref().or(before.as_ref());
    json!({
        "field": named.map(|entry| &entry.field),
        "key": named.and_then(|entry| entry.key.as_ref()),
        "before": before.as_ref().map(|entry| &entry.value),
        "after": after.as_ref().map(|entry| &entry.value),
    })
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text).into_owned(),
        other => other.to_string(),
    }
}

fn field_line(field: &Value) -> String {
    let (id, name, was) = (&field["id"], word(&field["name"]), word(&field["was"]));
    let (before, after) = (word(&field["before"]), word(&field["after"]));
    match (&field["was"], &field["name"]) {
        (Value::Null, _) => format!("+ {name} (id {id}): {after}"),
        (_, Value::Null) => {
            format!("- {was} (id {id}): {before}; retired, what is left in it stays")
        }
        _ if was != name && before == after => {
            format!("{was} -> {name} (id {id}): {after}")
        }
        _ if was != name => format!("{was} -> {name} (id {id}): {before} -> {after}"),
        _ => format!("~ {name} (id {id}): {before} -> {after}"),
    }
}

fn method_line(method: &Value) -> String {
    let (before, after) = (word(&method["before"]), word(&method["after"]));
    match (&method["before"], &method["after"]) {
        (Value::Null, _) => format!("+ {after}"),
        (_, Value::Null) => format!("- {before}"),
        _ => format!("~ {before} -> {after}"),
    }
}

/// One entry that would change, in a line.
pub(super) fn change_line(change: &Value) -> String {
    let field = word(&change["field"]);
    let key = match &change["key"] {
        Value::Null => String::new(),
        key => format!("[{}]", word(key)),
    };
    let value = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    let (before, after) = (value(&change["before"]), value(&change["after"]));
    format!("{field}{key}: {before} -> {after}")
}
