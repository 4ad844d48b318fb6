//! `dure upgrade`: new code for a contract that lives, tried first on a copy of its state.

use super::{
    Remote,
    arguments::parse_json,
    exit::Failure,
    key,
    output::Output,
    read::{connect, say_chain},
    trace::{called, tried},
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::{ContractSpec, FieldSpec};
use dure_client::{
    Rehearsal,
    shape::{ExecutionResult, StorageChange},
};
use dure_rpc::{
    hex::Bytes,
    json::{entry_to_json, type_name},
};
use dure_types::{Address, limits::CODE_BYTES_MAX};
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
    let shown = args.file.display().to_string();
    let wasm = crate::file::read(&args.file, CODE_BYTES_MAX)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let migrate =
        parse_json(&args.migrate).map_err(|error| Failure::Usage(format!("--migrate: {error}")))?;
    let contract = key::address(&args.address)?;
    let client = connect(&args.remote.rpc).await?;
    let signer = key::signer(&client, args.key.as_deref()).await?;
    if args.dry_run {
        let account = signer.address();
        let rehearsal = client.rehearse_upgrade(account, contract, &wasm, &migrate).await?;
        return show(contract, &rehearsal, output);
    }
    say_chain(&client, output);
    let done = client.upgrade(&signer, contract, &wasm, &migrate).await.map_err(tried)?;
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

/// Prints a rehearsal; one that failed is a failure of the command, too.
fn show(contract: Address, rehearsal: &Rehearsal, output: &mut Output) -> Result<(), Failure> {
    let (stored, offered) = (&rehearsal.stored, &rehearsal.offered);
    let answer = &rehearsal.answer;
    if let ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } =
        &answer.result
    {
        return Err(called(error.data.clone().into(), &answer.trace));
    }
    let fields = fields(stored, offered);
    let own = answer.changes.iter().filter(|change| change.contract == contract.into());
    let changes: Vec<Value> = own.map(|change| changed(stored, offered, change)).collect();
    let value = json!({
        "contract": contract.to_string(),
        "code": rehearsal.code.to_string(),
        "version": { "from": stored.history.version, "to": offered.history.version },
        "fields": fields,
        "changes": changes,
        "changed": answer.changed,
        "events": answer.events,
        "gas_used": answer.gas_used,
        "height": answer.height,
    });
    output.answer(&value, || text(contract, rehearsal, &fields, &changes))
}

/// How the layout of a field differs; nothing where it does not.
fn fields(stored: &ContractSpec, offered: &ContractSpec) -> Vec<Value> {
    let mut lines = Vec::new();
    for new in &offered.storage {
        let old = stored.storage.iter().find(|old| old.id == new.id);
        let after = layout(offered, new);
        let before = old.map(|old| layout(stored, old));
        let was = old.map(|old| old.name.as_str());
        if before.as_ref() != Some(&after) || was != Some(new.name.as_str()) {
            let (id, name) = (new.id, new.name.as_str());
            lines.push(json!({
                "id": id, "name": name, "was": was, "before": before, "after": after,
            }));
        }
    }
    for old in &stored.storage {
        if !offered.storage.iter().any(|new| new.id == old.id) {
            let before = layout(stored, old);
            let none = Value::Null;
            lines.push(json!({
                "id": old.id, "name": none, "was": old.name, "before": before, "after": none,
            }));
        }
    }
    lines
}

fn layout(spec: &ContractSpec, field: &FieldSpec) -> String {
    let kind = format!("{:?}", field.kind).to_lowercase();
    let value = type_name(&spec.types, field.value);
    match field.key {
        Some(key) => format!("{kind} {} -> {value}", type_name(&spec.types, key)),
        None => format!("{kind} {value}"),
    }
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

fn text(contract: Address, rehearsal: &Rehearsal, fields: &[Value], changes: &[Value]) -> String {
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
    let word = |value: &Value| match value {
        Value::String(text) => one_line(text).into_owned(),
        other => other.to_string(),
    };
    for field in fields {
        let (id, name, was) = (&field["id"], word(&field["name"]), word(&field["was"]));
        let (before, after) = (word(&field["before"]), word(&field["after"]));
        lines.push(match (&field["was"], &field["name"]) {
            (Value::Null, _) => format!("field     + {name} (id {id}): {after}"),
            (_, Value::Null) => {
                format!("field     - {was} (id {id}): retired, what is left in it stays")
            }
            _ if was != name => format!("field     {was} -> {name} (id {id}): {after}"),
            _ => format!("field     ~ {name} (id {id}): {before} -> {after}"),
        });
    }
    for change in changes {
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
        lines.push(format!("change    {field}{key}: {before} -> {after}"));
    }
    let shown = u32::try_from(rehearsal.answer.changes.len()).unwrap_or(u32::MAX);
    if rehearsal.answer.changed > shown {
        lines.push(format!("change    and {} more", rehearsal.answer.changed - shown));
    }
    lines.push(format!("gas       {}", rehearsal.answer.gas_used));
    lines.push("nothing was changed (--dry-run)".to_owned());
    lines.join("\n")
}
