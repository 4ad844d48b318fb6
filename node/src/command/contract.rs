//! `dure deploy`, `dure call`, `dure query`.

use super::{
    Remote,
    arguments::{OF_CALL, OF_QUERY, Rest},
    exit::Failure,
    key,
    output::Output,
    read::connect,
    trace::explain,
    words::Specs,
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::MethodKind;
use dure_client::{Client, RpcError, Wait};
use dure_rpc::shape::{CallRequest, ExecutionResult, ReceiptShape, Submission};
use dure_types::{Address, Gas, limits::CODE_BYTES_MAX};
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};

/// What to deploy.
#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    /// The module that `dure build` wrote.
    file: PathBuf,
    /// Arguments of the init method: a JSON object by name, or a list by position.
    #[arg(long, default_value = "{}", value_name = "JSON")]
    init: String,
    /// Part of the contract's address: text, or 0x and digits; random unless told.
    #[arg(long)]
    salt: Option<String>,
    /// Who signs: name or file of a key; alice of `dure dev` unless told.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// What to call or ask.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The contract; `system` for the system contract.
    pub(super) address: String,
    /// Name of the method.
    pub(super) method: String,
    /// `--args JSON`, or `--name value` for each argument; among them `--rpc URL`, and of a call
    /// `--key NAME`, `--sponsor ADDRESS`, `--gas LIMIT`, `--wait accepted|final|certified`, of a
    /// simulation `--by ADDRESS` or `--key NAME`, `--sponsor ADDRESS`, `--gas LIMIT`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) rest: Vec<String>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) async fn deploy(args: DeployArgs, output: &mut Output) -> Result<(), Failure> {
    let shown = args.file.display().to_string();
    let wasm = crate::file::read(&args.file, CODE_BYTES_MAX)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let init: Value = serde_json::from_str(&args.init)
        .map_err(|error| Failure::Usage(format!("--init: {error}")))?;
    let salt = match &args.salt {
        None => random_salt()?,
        Some(text) if text.starts_with("0x") => dure_rpc::hex::to_bytes(text)
            .map_err(|error| Failure::Usage(format!("--salt: {error}")))?,
        Some(text) => text.clone().into_bytes(),
    };
    let client = connect(&args.remote.rpc).await?;
    let signer = key::signer(&client, args.key.as_deref()).await?;
    let done = client.deploy(&signer, &wasm, &init, &salt).await?;
    let value = json!({
        "code": done.code.to_string(),
        "address": done.contract.to_string(),
        "salt": dure_rpc::hex::to_text(&salt),
        "creator": signer.address().to_string(),
        "deployed": done.deployed.as_ref().map(|submission| submission.id.to_string()),
        "instantiated": done.instantiated.id.to_string(),
        "height": done.instantiated.height,
    });
    output.answer(&value, || {
        let stored = if done.deployed.is_some() { "" } else { "  (was stored already)" };
        format!("code     {}{stored}\naddress  {}\n", done.code, done.contract)
    })
}

fn random_salt() -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let mut salt = vec![0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut salt))
        .map_err(|error| Failure::File(format!("no randomness: {error}")))?;
    Ok(salt)
}

pub(super) async fn call(args: CallArgs, output: &mut Output) -> Result<(), Failure> {
    let rest = Rest::parse(&args.rest, OF_CALL)?;
    output.also_json(rest.json);
    let wait = match rest.option("wait") {
        None | Some("final") => Wait::Final,
        Some("certified") => Wait::Certified,
        Some("accepted") => Wait::Accepted,
        Some(other) => {
            let text = format!("--wait {other}: expected accepted, final or certified");
            return Err(Failure::Usage(text));
        }
    };
    let (client, contract) = target(&args.address, &args.remote.rpc, &rest).await?;
    let value = arguments(&client, contract, &args.method, MethodKind::Call, &rest).await?;
    let signer = key::signer(&client, rest.option("key")).await?;
    let request =
        CallRequest { contract: contract.into(), method: args.method.clone(), args: value.clone() };
    let mut transaction = client.transaction(&signer).call(contract, &args.method, value);
    if let Some(sponsor) = rest.option("sponsor") {
        transaction = transaction.sponsor(key::address(sponsor)?);
    }
    if let Some(gas) = rest.option("gas") {
        let gas =
            gas.parse().map_err(|_| Failure::Usage(format!("--gas {gas}: expected a number")))?;
        transaction = transaction.gas_limit(Gas(gas));
    }
    let done = match transaction.submit(wait).await {
        Ok(done) => done,
        Err(error) => return Err(explain(&client, signer.address(), request, error).await),
    };
    let specs = Specs::of_receipt(&client, done.receipt.as_ref(), output).await;
    output.answer(&done, || submission_text(&done, &specs))
}

pub(super) async fn query(args: CallArgs, output: &mut Output) -> Result<(), Failure> {
    let rest = Rest::parse(&args.rest, OF_QUERY)?;
    output.also_json(rest.json);
    let (client, contract) = target(&args.address, &args.remote.rpc, &rest).await?;
    let value = arguments(&client, contract, &args.method, MethodKind::Query, &rest).await?;
    let answer = client.query(contract, &args.method, value).await?;
    output.answer(&answer, || pretty(&answer))
}

/// Connects, and reads which contract is meant.
pub(super) async fn target(
    address: &str,
    rpc: &str,
    rest: &Rest,
) -> Result<(Client, Address), Failure> {
    let client = connect(rest.option("rpc").unwrap_or(rpc)).await?;
    let contract = match address {
        "system" => Address::SYSTEM,
        text => key::address(text)?,
    };
    Ok((client, contract))
}

/// The arguments of a method as JSON, checked against the specification.
pub(super) async fn arguments(
    client: &Client,
    contract: Address,
    name: &str,
    kind: MethodKind,
    rest: &Rest,
) -> Result<Value, Failure> {
    let spec = client.spec(contract).await?;
    let method = spec.method(name).filter(|method| method.kind == kind);
    let Some(method) = method else {
        match spec.method(name).map(|method| method.kind) {
            Some(MethodKind::Query) => {
                return Err(Failure::Usage(format!("{name} is a query: use `dure query`")));
            }
            Some(MethodKind::Call) => {
                return Err(Failure::Usage(format!("{name} is a call: use `dure call`")));
            }
            _ => {}
        }
        let of_kind = spec.methods.iter().filter(|method| method.kind == kind);
        let known: Vec<String> = of_kind.map(|method| method.name.clone()).collect();
        let error =
            RpcError::UnknownMethod { contract: contract.into(), method: name.to_owned(), known };
        return Err(Failure::Client(error.into()));
    };
    rest.value(&spec, method)
}

fn submission_text(done: &Submission, specs: &Specs) -> String {
    let mut text = format!("transaction  {}\n", done.id);
    match &done.receipt {
        Some(receipt) => text.push_str(&receipt_text(receipt, specs)),
        None => text.push_str("accepted; ask `dure tx` for its receipt\n"),
    }
    text
}

/// A receipt for people.
pub(super) fn receipt_text(receipt: &ReceiptShape, specs: &Specs) -> String {
    let mut text = format!("final        height {}, gas {}\n", receipt.height, receipt.gas_used);
    text.push_str(&execution_text(&receipt.result));
    for event in &receipt.events {
        let said =
            specs.event(event.contract.0, event.topic.0, event.name.as_deref(), &event.fields);
        let _ = writeln!(text, "event        {} {said}", event.place);
    }
    text
}

/// How execution ended, for people.
pub(super) fn execution_text(result: &ExecutionResult) -> String {
    let mut text = String::new();
    match result {
        ExecutionResult::Succeeded { outputs } => {
            for output in outputs {
                let method = output.method.as_deref().unwrap_or("?");
                let (method, value) = (one_line(method), pretty(&output.value));
                let _ = writeln!(text, "output       {method}: {value}");
            }
        }
        ExecutionResult::Failed { call, error } => {
            let _ = writeln!(text, "failed       call {call}: {}", one_line(&error.message));
        }
        ExecutionResult::Skipped { error } => {
            let _ = writeln!(text, "skipped      {}", one_line(&error.message));
        }
    }
    text
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text).into_owned(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    }
}
