//! `dure deploy`, `dure call`, `dure query`.

use super::{
    Remote,
    arguments::{OF_CALL, OF_QUERY, Rest, parse_json},
    exit::Failure,
    help::Help,
    inspect, key, module,
    output::Output,
    read::{connect, say_chain},
    trace::{explain, submit, tried},
    words::Specs,
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_client::{Client, RpcError, Wait};
use dure_rpc::{
    json::{Ordered, arguments_from_json},
    shape::{CallRequest, ExecutionResult, Number, ReceiptShape, Submission},
};
use dure_types::{Address, Gas, limits::ARGS_BYTES_MAX};
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};

/// What to deploy.
#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    /// The module that `dure build` wrote.
    file: PathBuf,
    /// Arguments of the init method: a JSON object by name, or a list by position; `"@NAME"` is the
    /// address of a key.
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
    #[arg(required_unless_present = "help")]
    address: Option<String>,
    /// Name of the method.
    #[arg(required_unless_present = "help")]
    method: Option<String>,
    /// `--args JSON`, or `--name value` for each argument, where `@NAME` is the address of a key;
    /// among them `--rpc URL`, and of a call `--key NAME`, `--sponsor ADDRESS`, `--gas LIMIT`,
    /// `--wait accepted|final|certified`, of a simulation `--by ADDRESS` or `--key NAME`,
    /// `--sponsor ADDRESS`, `--gas LIMIT`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
    /// Show help; after a contract, that of its methods; after a method, that of its arguments.
    #[arg(short, long)]
    help: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// What the words after a command ask for.
pub(super) enum Asked {
    /// A method of a contract.
    Method(String, String, Rest),
    /// Help.
    Help(Help),
}

impl CallArgs {
    /// Reads the words, of a command that has these options.
    pub(super) fn read(&self, command: &'static str, options: &[&str]) -> Result<Asked, Failure> {
        let rest = Rest::parse(&self.rest, options)?;
        let (address, method) = (self.address.clone(), self.method.clone());
        match (address, method) {
            (Some(address), Some(method)) if !self.help && !rest.help => {
                Ok(Asked::Method(address, method, rest))
            }
            (address, method) => {
                let rpc = rest.option("rpc").unwrap_or(&self.remote.rpc).to_owned();
                Ok(Asked::Help(Help { command, address, method, json: rest.json, rpc }))
            }
        }
    }
}

pub(super) async fn deploy(args: DeployArgs, output: &mut Output) -> Result<(), Failure> {
    let (wasm, spec) = module::read(&args.file)?;
    let salt = match &args.salt {
        None => random_salt()?,
        Some(text) if text.starts_with("0x") => dure_rpc::hex::to_bytes(text)
            .map_err(|error| Failure::Usage(format!("--salt: {error}")))?,
        Some(text) => text.clone().into_bytes(),
    };
    let init = parse_json(&args.init).map_err(|error| {
        let takes =
            spec.init().map_or_else(String::new, |method| inspect::arguments(&spec, method));
        Failure::Usage(format!("--init: {error}; the init method takes ({takes})"))
    })?;
    fits(&spec, &init)?;
    let client = connect(&args.remote.rpc).await?;
    say_chain(&client, output);
    let signer = key::signer(&client, args.key.as_deref()).await?;
    let done = client.deploy(&signer, &wasm, &init, &salt).await.map_err(tried)?;
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
        format!("code      {}{stored}\ncontract  {}  (its address)\n", done.code, done.contract)
    })
}

/// Checks the arguments of the init method before anything is sent.
fn fits(spec: &ContractSpec, init: &Value) -> Result<(), Failure> {
    let Some(method) = spec.init() else { return Ok(()) };
    let Err(error) = arguments_from_json(spec, method, init, ARGS_BYTES_MAX) else {
        return Ok(());
    };
    let takes = if method.args.is_empty() {
        "no arguments".to_owned()
    } else {
        let args = inspect::arguments(spec, method);
        format!("({args}): give them by --init JSON, or in a deploy.toml to `dure apply`")
    };
    let takes = format!("the init method takes {takes}");
    Err(Failure::Arguments { error: Box::new(error.into()), place: "--init: ", takes })
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
    let (address, method, rest) = match args.read("call", OF_CALL)? {
        Asked::Method(address, method, rest) => (address, method, rest),
        Asked::Help(help) => return help.show(&[MethodKind::Call], output).await,
    };
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
    let (client, contract) = target(&address, &args.remote.rpc, &rest).await?;
    say_chain(&client, output);
    let value = arguments(&client, contract, &method, &[MethodKind::Call], &rest).await?;
    let signer = key::signer(&client, rest.option("key")).await?;
    let mut transaction = client.transaction(&signer).call(contract, &method, value);
    if let Some(sponsor) = rest.option("sponsor") {
        transaction = transaction.sponsor(key::address(sponsor)?);
    }
    if let Some(gas) = rest.option("gas") {
        let gas =
            gas.parse().map_err(|_| Failure::Usage(format!("--gas {gas}: expected a number")))?;
        transaction = transaction.gas_limit(Gas(gas));
    }
    let done = submit(&client, transaction, wait).await?;
    let specs = Specs::of_receipt(&client, done.receipt.as_ref(), output).await;
    output.answer(&done, || submission_text(&done, &specs))
}

pub(super) async fn query(args: CallArgs, output: &mut Output) -> Result<(), Failure> {
    let (address, method, rest) = match args.read("query", OF_QUERY)? {
        Asked::Method(address, method, rest) => (address, method, rest),
        Asked::Help(help) => return help.show(&[MethodKind::Query], output).await,
    };
    output.also_json(rest.json);
    let (client, contract) = target(&address, &args.remote.rpc, &rest).await?;
    let value = arguments(&client, contract, &method, &[MethodKind::Query], &rest).await?;
    let request =
        CallRequest { contract: contract.into(), method: method.clone(), args: value.clone() };
    let answer = match client.query(contract, &method, value).await {
        Ok(answer) => answer,
        Err(error) => return Err(explain(&client, request, error).await),
    };
    let spec = client.spec(contract).await?;
    let answer = match spec.method(&method) {
        Some(method) => Ordered::new(&spec.types, method.returns, &answer),
        None => Ordered::Plain(&answer),
    };
    output.bare(&answer, || pretty(&answer))
}

/// Connects, and reads which contract is meant.
pub(super) async fn target(
    address: &str,
    rpc: &str,
    rest: &Rest,
) -> Result<(Client, Address), Failure> {
    let client = connect(rest.option("rpc").unwrap_or(rpc)).await?;
    Ok((client, key::address(address)?))
}

/// The arguments of a method of one of these kinds as JSON, checked against the specification.
pub(super) async fn arguments(
    client: &Client,
    contract: Address,
    name: &str,
    kinds: &[MethodKind],
    rest: &Rest,
) -> Result<Value, Failure> {
    let spec = client.spec(contract).await?;
    rest.value(&spec, method_of(&spec, contract, name, kinds)?)
}

/// A method of one of these kinds, by its name.
pub(super) fn method_of<'s>(
    spec: &'s ContractSpec,
    contract: Address,
    name: &str,
    kinds: &[MethodKind],
) -> Result<&'s MethodSpec, Failure> {
    match spec.method(name) {
        Some(method) if kinds.contains(&method.kind) => Ok(method),
        Some(MethodSpec { kind: MethodKind::Query, .. }) => {
            Err(Failure::Usage(format!("{name} is a query: use `dure query`")))
        }
        Some(MethodSpec { kind: MethodKind::Call, .. }) => {
            Err(Failure::Usage(format!("{name} is a call: use `dure call`")))
        }
        _ => {
            let of_kind = spec.methods.iter().filter(|method| kinds.contains(&method.kind));
            let known = of_kind.map(|method| method.name.clone()).collect();
            let (contract, method) = (contract.into(), name.to_owned());
            let error = RpcError::UnknownMethod { contract, method, known };
            Err(Failure::Client(error.into()))
        }
    }
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
    let gas = gas_text(receipt.gas_used, receipt.gas_base);
    let mut text = format!("final        height {}, gas {gas}\n", receipt.height);
    text.push_str(&execution_text(&receipt.result, specs));
    for event in &receipt.events {
        let said =
            specs.event(event.contract.0, event.topic.0, event.name.as_deref(), &event.fields);
        let _ = writeln!(text, "event        {} {said}", event.place);
    }
    text
}

/// The gas of a transaction with its parts: the lines of its calls, in a trace, add up to theirs.
pub(super) fn gas_text(used: Number, base: Number) -> String {
    match base.0 {
        0 => used.to_string(),
        base => format!("{used} = base cost {base} + calls {}", used.0.saturating_sub(base)),
    }
}

/// How execution ended, for people; why it failed is told as the failure of the command.
pub(super) fn execution_text(result: &ExecutionResult, specs: &Specs) -> String {
    let mut text = String::new();
    match result {
        ExecutionResult::Succeeded { outputs } => {
            for output in outputs {
                let method = output.method.as_deref().unwrap_or("?");
                // Of `()` there are no bytes; an empty list has one.
                let value = if output.output.0.is_empty() {
                    "ok".to_owned()
                } else {
                    pretty(&specs.output(output))
                };
                let _ = writeln!(text, "output       {}: {value}", one_line(method));
            }
        }
        ExecutionResult::Failed { call, .. } => {
            let _ = writeln!(text, "failed       call {call}");
        }
        ExecutionResult::Skipped { .. } => text.push_str("skipped\n"),
    }
    text
}

fn pretty(value: &Ordered<'_>) -> String {
    match value {
        Ordered::Plain(Value::String(text)) => one_line(text).into_owned(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.text()),
    }
}
