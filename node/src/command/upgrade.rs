//! `dure upgrade`: new code for a contract that lives, tried first on a copy of its state.

use super::{
    Remote,
    arguments::parse_json,
    exit::Failure,
    inspect::{arguments, kind, signature},
    key, module,
    output::Output,
    read::{connect, say_chain},
    trace::{called, tried},
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_client::{
    ClientError, Rehearsal, RpcError,
    shape::{ExecutionResult, StorageChange},
};
use dure_rpc::{hex::Bytes, json::entry_to_json};
use dure_runtime::schema::{field_difference, type_difference};
use dure_types::Address;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to upgrade to what.
#[derive(Debug, Args)]
pub(super) struct UpgradeArgs {
    /// The contract.
    address: String,
    /// The module that `dure build` wrote.
    file: PathBuf,
    /// Arguments of the migration that runs: a JSON object by name, or a list by position.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    migrate: String,
    /// Change nothing; show what the upgrade would change.
    #[arg(long)]
    dry_run: bool,
    /// Who signs, the contract's upgrader: name or file of a key; alice of `dure dev` unless told.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: UpgradeArgs, output: &mut Output) -> Result<(), Failure> {
    let (wasm, spec) = module::read(&args.file)?;
    let migrate =
        parse_json(&args.migrate).map_err(|error| Failure::Usage(format!("--migrate: {error}")))?;
    let contract = key::address(&args.address)?;
    let client = connect(&args.remote.rpc).await?;
    let signer = key::signer(&client, args.key.as_deref()).await?;
    if args.dry_run {
        let account = signer.address();
        let rehearsal = client.rehearse_upgrade(account, contract, &wasm, &migrate).await;
        let rehearsal = rehearsal.map_err(|error| fits(&spec, error))?;
        return show(contract, &rehearsal, output);
    }
    say_chain(&client, output);
    let done = client.upgrade(&signer, contract, &wasm, &migrate).await;
    let done = done.map_err(|error| fits(&spec, error))?;
    let value = json!({
        "contract": contract.to_string(),
        "code": done.code.to_string(),
        "deployed": done.deployed.as_ref().map(|submission| submission.id.to_string()),
        "upgraded": done.upgraded.id.to_string(),
        "height": done.upgraded.height,
    });
    output.answer(&value, || {
        let stored = if done.deployed.is_some() { "" } else { "  (was stored already)" };
        format!(
            "contract     {contract}\ncode         {}{stored}\ntransaction  {}\n\
             final        height {}\n",
            done.code, done.upgraded.id, done.upgraded.height
        )
    })
}

/// Says what the migration takes, where its arguments are what is wrong.
fn fits(spec: &ContractSpec, error: ClientError) -> Failure {
    match (error.refusal(), spec.history.migrations.first()) {
        (Some(wrong @ RpcError::InvalidArguments { .. }), Some(migration)) => {
            let args = arguments(spec, &migration.as_method());
            let takes = format!("the migration takes ({args}): give them by --migrate JSON");
            let (error, takes) = (Box::new(wrong.clone()), one_line(&takes).into());
            Failure::Arguments { error, place: "--migrate: ", takes }
        }
        _ => tried(error),
    }
}

/// Prints a rehearsal; one that failed is a failure of the command, too.
fn show(contract: Address, rehearsal: &Rehearsal, output: &mut Output) -> Result<(), Failure> {
    let (stored, offered) = (&rehearsal.stored, &rehearsal.offered);
    let answer = &rehearsal.answer;
    if let ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } =
        &answer.result
    {
        return Err(called(error.data.clone().into(), &answer.trace));
    }
    let (fields, methods) = (fields(stored, offered), methods(stored, offered));
    let own = answer.changes.iter().filter(|change| change.contract == contract.into());
    let changes: Vec<Value> = own.map(|change| changed(stored, offered, change)).collect();
    let value = json!({
        "contract": contract.to_string(),
        "code": rehearsal.code.to_string(),
        "version": { "from": stored.history.version, "to": offered.history.version },
        "fields": fields,
        "methods": methods,
        "changes": changes,
        "changed": answer.changed,
        "events": answer.events,
        "gas_used": answer.gas_used,
        "height": answer.height,
    });
    output.answer(&value, || text(contract, rehearsal, &value))
}

/// How fields differ; nothing of those that do not.
fn fields(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Value> {
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
fn methods(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Value> {
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
fn changed(stored: &ContractSpec, offered: &ContractSpec, change: &StorageChange) -> Value {
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

fn text(contract: Address, rehearsal: &Rehearsal, value: &Value) -> String {
    let (stored, offered) = (&rehearsal.stored, &rehearsal.offered);
    let (from, to) = (stored.history.version, offered.history.version);
    let mut lines = vec![
        format!("contract  {contract}  {}", one_line(&stored.name)),
        format!("code      {}", rehearsal.code),
    ];
    lines.push(match offered.history.migration(from).filter(|_| to > from) {
        Some(migration) => {
            format!("storage   version {from} -> {to} by `{}`", one_line(&migration.name))
        }
        None => format!("storage   version {from}, nothing is migrated"),
    });
    let listed = |name: &str| value[name].as_array().into_iter().flatten();
    lines.extend(listed("fields").map(field_line));
    lines.extend(listed("methods").map(method_line));
    lines.extend(listed("changes").map(change_line));
    let shown = u32::try_from(rehearsal.answer.changes.len()).unwrap_or(u32::MAX);
    if rehearsal.answer.changed > shown {
        lines.push(format!("change    and {} more", rehearsal.answer.changed - shown));
    }
    lines.push(format!("gas       {}", rehearsal.answer.gas_used));
    lines.push("nothing was changed (--dry-run)".to_owned());
    lines.join("\n")
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
        (Value::Null, _) => format!("field     + {name} (id {id}): {after}"),
        (_, Value::Null) => {
            format!("field     - {was} (id {id}): {before}; retired, what is left in it stays")
        }
        _ if was != name && before == after => {
            format!("field     {was} -> {name} (id {id}): {after}")
        }
        _ if was != name => format!("field     {was} -> {name} (id {id}): {before} -> {after}"),
        _ => format!("field     ~ {name} (id {id}): {before} -> {after}"),
    }
}

fn method_line(method: &Value) -> String {
    let (before, after) = (word(&method["before"]), word(&method["after"]));
    match (&method["before"], &method["after"]) {
        (Value::Null, _) => format!("method    + {after}"),
        (_, Value::Null) => format!("method    - {before}"),
        _ => format!("method    ~ {before} -> {after}"),
    }
}

fn change_line(change: &Value) -> String {
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
    format!("change    {field}{key}: {before} -> {after}")
}
