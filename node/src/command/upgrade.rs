//! `dure upgrade`: new code for a contract that lives, tried first on a copy of its state.

use super::{
    Remote,
    arguments::parse_json,
    difference::{self, Line},
    exit::Failure,
    inspect::arguments,
    key, module,
    output::Output,
    read::{connect, say_chain},
    trace::{called, tried},
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::ContractSpec;
use dure_client::{
    ClientError, NewFields, Rehearsal, RpcError, Unset, Upgraded, shape::ExecutionResult,
};
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
    /// Go on where a new field would have no value: the code reads it by `try_get`.
    #[arg(long)]
    allow_unset: bool,
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
    let fields = if args.allow_unset { NewFields::MayBeUnset } else { NewFields::MustBeSet };
    if args.dry_run {
        let account = signer.address();
        let rehearsal = client.rehearse_upgrade(account, contract, &wasm, &migrate).await;
        let rehearsal = rehearsal.map_err(|error| fits(&spec, error))?;
        return show(contract, &rehearsal, fields, output);
    }
    say_chain(&client, output);
    let done = client.upgrade(&signer, contract, &wasm, &migrate, fields).await;
    let done = done.map_err(|error| fits(&spec, error))?;
    let (stored, offered) = (&done.stored, &done.offered);
    let value = json!({
        "contract": contract.to_string(),
        "code": done.code.to_string(),
        "version": { "from": stored.history.version, "to": offered.history.version },
        "fields": difference::fields(stored, offered),
        "methods": difference::methods(stored, offered),
        "deployed": done.deployed.as_ref().map(|submission| submission.id.to_string()),
        "upgraded": done.upgraded.id.to_string(),
        "height": done.upgraded.height,
    });
    output.answer(&value, || done_text(contract, &done))
}

fn done_text(contract: Address, done: &Upgraded) -> String {
    let stored = if done.deployed.is_some() { "" } else { "  (was stored already)" };
    let mut lines = vec![
        ("contract", format!("{contract}  {}", one_line(&done.stored.name))),
        ("code", format!("{}{stored}", done.code)),
    ];
    lines.extend(difference::lines(&done.stored, &done.offered));
    lines.push(("transaction", done.upgraded.id.to_string()));
    lines.push(("final", format!("height {}", done.upgraded.height)));
    aligned(&lines, 13)
}

/// That fields would have no value, and how to go on in spite of it.
fn unset(unset: Unset) -> Failure {
    let hint = "where the code does so already, --allow-unset goes on";
    Failure::from(ClientError::Unset(unset)).hinted(Some(hint.to_owned()))
}

/// Says what the migration takes, where its arguments are what is wrong.
fn fits(spec: &ContractSpec, error: ClientError) -> Failure {
    if let ClientError::Unset(fields) = error {
        return unset(fields);
    }
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
fn show(
    contract: Address,
    rehearsal: &Rehearsal,
    fields: NewFields,
    output: &mut Output,
) -> Result<(), Failure> {
    let (stored, offered) = (&rehearsal.stored, &rehearsal.offered);
    let answer = &rehearsal.answer;
    if let ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } =
        &answer.result
    {
        return Err(called(error.data.clone().into(), &answer.trace));
    }
    let unset_fields = rehearsal.unset();
    let names = unset_fields.iter().flat_map(|unset| &unset.fields).map(|field| &field.name);
    let own = answer.changes.iter().filter(|change| change.contract == contract.into());
    let changes: Vec<Value> =
        own.map(|change| difference::changed(stored, offered, change)).collect();
    let value = json!({
        "contract": contract.to_string(),
        "code": rehearsal.code.to_string(),
        "version": { "from": stored.history.version, "to": offered.history.version },
        "fields": difference::fields(stored, offered),
        "methods": difference::methods(stored, offered),
        "unset": names.collect::<Vec<_>>(),
        "changes": changes,
        "changed": answer.changed,
        "events": answer.events,
        "gas_used": answer.gas_used,
        "height": answer.height,
    });
    output.answer(&value, || text(contract, rehearsal, &value))?;
    match unset_fields.filter(|_| fields == NewFields::MustBeSet) {
        Some(fields) => Err(unset(fields)),
        None => Ok(()),
    }
}

fn text(contract: Address, rehearsal: &Rehearsal, value: &Value) -> String {
    let (stored, offered) = (&rehearsal.stored, &rehearsal.offered);
    let mut lines = vec![
        ("contract", format!("{contract}  {}", one_line(&stored.name))),
        ("code", rehearsal.code.to_string()),
    ];
    lines.extend(difference::lines(stored, offered));
    let changes = value["changes"].as_array().into_iter().flatten();
    lines.extend(changes.map(|change| ("change", difference::change_line(change))));
    let shown = u32::try_from(rehearsal.answer.changes.len()).unwrap_or(u32::MAX);
    if rehearsal.answer.changed > shown {
        let more = rehearsal.answer.changed - shown;
        lines.push(("change", format!("and {more} more")));
    }
    lines.push(("gas", rehearsal.answer.gas_used.to_string()));
    aligned(&lines, 10) + "nothing was changed (--dry-run)\n"
}

/// Lines whose texts begin at one column.
fn aligned(lines: &[Line], width: usize) -> String {
    lines.iter().map(|(what, text)| format!("{what:<width$}{text}\n")).collect()
}
