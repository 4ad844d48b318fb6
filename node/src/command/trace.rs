//! `dure simulate` and `dure trace`: what happens inside a transaction.

use super::{
    Remote,
    arguments::{OF_TRIAL, Rest},
    contract::{Asked, CallArgs, arguments, execution_text, gas_text, target},
    dev_key::{DEV_NAMES, dev_key},
    exit::Failure,
    key,
    output::Output,
    read::connect,
    words::Specs,
};
use crate::printable::one_line;
use clap::Args;
use dure_abi::spec::MethodKind;
use dure_client::{Client, ClientError, Key, Submission, TransactionBuilder, Wait};
use dure_rpc::{
    RpcError,
    shape::{
        CallRequest, CallTrace, ExecutionResult, OneOrMany, SimulateRequest, SimulationAnswer,
    },
};
use dure_types::Address;
use serde_json::Value;

/// What to look into.
#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// A transaction id, of the last heights, whose state is kept: 64, of a `dure dev` 3,600 while
    /// they changed less than 64 MiB; or a contract, and after it a method with its arguments, to
    /// see what the call would do.
    what: String,
    /// Name of the method.
    method: Option<String>,
    /// `--args JSON`, or `--name value` for each argument; among them `--by ADDRESS` or
    /// `--key NAME`, `--sponsor ADDRESS`, `--gas LIMIT`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn trace(args: TraceArgs, output: &mut Output) -> Result<(), Failure> {
    let Some(method) = args.method.filter(|method| !method.starts_with("--")) else {
        return past(&args.what, &args.remote.rpc, output).await;
    };
    let rest = Rest::parse(&args.rest, OF_TRIAL)?;
    output.also_json(rest.json);
    let (client, answer) = simulated(&args.what, &method, &rest, &args.remote.rpc).await?;
    let specs = Specs::of_trace(&client, &answer.trace, output).await;
    output.answer(&answer, || simulation_text(&answer, &specs))?;
    ended(&answer.result, &answer.trace)
}

/// A transaction of the chain, run again.
async fn past(what: &str, rpc: &str, output: &mut Output) -> Result<(), Failure> {
    let client = connect(rpc).await?;
    let id = dure_rpc::hex::parse(what)
        .map_err(|reason| ClientError::Hex { found: what.to_owned(), reason })?;
    let answer = client.trace(id).await?;
    let specs = Specs::of_trace(&client, &answer.trace, output).await;
    // Why it failed is in its receipt: a trace that is not exact may have ended otherwise.
    let result = client.receipt(id, false).await?.receipt.result;
    let told = Told::of(&result, &answer.trace);
    output.answer(&answer, || {
        let exact = if answer.exact { "" } else { "  (not as the receipt says)" };
        let mut text = format!(
            "height {}, index {}{exact}\ngas          {}\n{}",
            answer.height,
            answer.index,
            gas_text(answer.gas_used, answer.gas_base),
            tree(&answer.trace, &specs, told)
        );
        debug(&answer.debug, &mut text);
        text
    })?;
    ended(&result, &answer.trace)
}

pub(super) async fn simulate(args: CallArgs, output: &mut Output) -> Result<(), Failure> {
    let (address, method, rest) = match args.read("simulate", OF_TRIAL)? {
        Asked::Method(address, method, rest) => (address, method, rest),
        Asked::Help(help) => {
            return help.show(&[MethodKind::Call, MethodKind::Query], output).await;
        }
    };
    output.also_json(rest.json);
    let (client, answer) = simulated(&address, &method, &rest, &args.remote.rpc).await?;
    let specs = Specs::of_trace(&client, &answer.trace, output).await;
    output.answer(&answer, || {
        let mut text = match &answer.result {
            succeeded @ ExecutionResult::Succeeded { .. } => execution_text(succeeded, &specs),
            _ => String::new(),
        };
        text.push_str(&simulation_text(&answer, &specs));
        text
    })?;
    ended(&answer.result, &answer.trace)
}

async fn simulated(
    address: &str,
    method: &str,
    rest: &Rest,
    rpc: &str,
) -> Result<(Client, SimulationAnswer), Failure> {
    let (client, contract) = target(address, rpc, rest).await?;
    let kinds = &[MethodKind::Call, MethodKind::Query];
    let args = arguments(&client, contract, method, kinds, rest).await?;
    let by = match (rest.option("by"), rest.option("key")) {
        (Some(text), None) => key::address(text)?,
        (None, Some(name)) => key::named(name)?.address(),
        (None, None) => dev_key(DEV_NAMES[0]).map(|key| key.address()).unwrap_or_default(),
        (Some(_), Some(_)) => {
            let text = "give either --by ADDRESS or --key NAME, not both: each says who calls";
            return Err(Failure::Usage(text.to_owned()));
        }
    };
    let gas = rest.option("gas").map(|gas| {
        gas.parse::<u64>().map_err(|_| Failure::Usage(format!("--gas {gas}: expected a number")))
    });
    let gas_limit = gas.transpose()?.map(Into::into);
    let sponsor = rest.option("sponsor").map(key::address).transpose()?;
    let request = SimulateRequest {
        account: by.into(),
        calls: OneOrMany::One(CallRequest {
            contract: contract.into(),
            method: method.into(),
            args,
        }),
        gas_limit,
        sponsor: sponsor.map(Into::into),
        rehearse: false,
    };
    let answer = client.simulate(request).await?;
    Ok((client, answer))
}

/// What did not succeed is shown, and still is a failure.
fn ended(result: &ExecutionResult, trace: &[CallTrace]) -> Result<(), Failure> {
    match result {
        ExecutionResult::Succeeded { .. } => Ok(()),
        ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } => {
            Err(called(error.data.clone().into(), trace))
        }
    }
}

fn simulation_text(answer: &SimulationAnswer, specs: &Specs) -> String {
    let gas = gas_text(answer.gas_used, answer.gas_base);
    let told = Told::of(&answer.result, &answer.trace);
    let mut text = format!("gas          {gas}\n{}", tree(&answer.trace, specs, told));
    debug(&answer.debug, &mut text);
    text
}

fn debug(lines: &[String], text: &mut String) {
    for line in lines {
        text.push_str(&format!("debug        {}\n", one_line(line)));
    }
}

/// The calls whose refusals the failure of the command tells: the innermost on the way to it, and the
/// first. The tree does not repeat them.
#[derive(Clone, Copy)]
struct Told(Option<(usize, usize)>);

impl Told {
    fn of(result: &ExecutionResult, trace: &[CallTrace]) -> Self {
        let failed = !matches!(result, ExecutionResult::Succeeded { .. });
        let way = way(trace);
        let ends = way.first().copied().zip(way.last().copied());
        Self(ends.filter(|_| failed))
    }

    fn has(self, index: usize) -> bool {
        self.0.is_some_and(|(first, last)| index == first || index == last)
    }
}

/// The calls as an indented tree; the gas of each has that of those below it in it.
fn tree(trace: &[CallTrace], specs: &Specs, told: Told) -> String {
    let mut text = String::new();
    for (index, call) in trace.iter().enumerate() {
        let depth = usize::try_from(call.depth).unwrap_or(usize::MAX).min(16);
        let indent = "  ".repeat(depth);
        let (args, value) = specs.call(call);
        let answer = match (&call.panic, &call.error) {
            (Some(_), _) if told.has(index) => "panicked".to_owned(),
            (None, Some(error)) if told.has(index) => match error.data {
                RpcError::ContractRefused { .. } => "refused".to_owned(),
                _ => "failed".to_owned(),
            },
            (Some(panic), _) => format!("panicked: {panic}"),
            (None, Some(error)) => refusal(&error.data),
            (None, None) if call.value == Value::Array(Vec::new()) => "ok".to_owned(),
            (None, None) => format!("ok: {value}"),
        };
        let line = format!("{indent}{} {args}  gas {}  -> {answer}", name(call), call.gas_used);
        text.push_str(&format!("{}\n", one_line(&line)));
        for event in &call.events {
            let name = event.name.as_deref();
            let said = specs.event(call.contract.0, event.topic.0, name, &event.fields);
            text.push_str(&format!("{indent}  event {said}\n"));
        }
    }
    text
}

/// Contract and method: `voucher.pay`.
fn name(call: &CallTrace) -> String {
    let contract = call.contract_name.clone().unwrap_or_else(|| call.contract.to_string());
    format!("{contract}.{}", call.method.as_deref().unwrap_or("?"))
}

/// What a refusal says, without the digits of the contract where its name is known.
fn refusal(error: &RpcError) -> String {
    match error {
        RpcError::ContractRefused { text, .. } => text.clone(),
        other => other.to_string(),
    }
}

/// The innermost call that failed last, and the path of calls to it: where a failure came from.
fn origin(trace: &[CallTrace]) -> Option<(&CallTrace, String)> {
    let path: Vec<&CallTrace> = way(trace).into_iter().filter_map(|at| trace.get(at)).collect();
    let names: Vec<String> = path.iter().map(|call| name(call)).collect();
    path.last().map(|call| (*call, names.join(" -> ")))
}

/// The calls on the way to the innermost one that failed last, by their place in the trace.
fn way(trace: &[CallTrace]) -> Vec<usize> {
    let mut path = Vec::new();
    for (index, call) in trace.iter().enumerate() {
        let later = trace.get(index + 1..).unwrap_or_default();
        let inside = later.iter().take_while(|other| other.depth >= call.depth);
        let is_last = !inside.into_iter().any(|other| other.depth == call.depth);
        let depth = usize::try_from(call.depth).unwrap_or(usize::MAX);
        if is_last && call.error.is_some() && depth == path.len() {
            path.push(index);
        }
    }
    path
}

/// The failure of calls, with where it came from and what a panic said; what the system contract
/// refused says all itself.
pub(super) fn called(error: ClientError, trace: &[CallTrace]) -> Failure {
    if let Some(RpcError::NotUpgrader { upgrader, .. }) = error.refusal() {
        let hint = key::whose(upgrader.0);
        return Failure::Client(error).hinted(Some(hint));
    }
    let origin = origin(trace).filter(|_| in_execution(&error));
    let Some((call, path)) = origin else { return Failure::Client(error) };
    let said = match (&call.panic, &call.error) {
        (Some(panic), _) => format!("panicked: {panic}"),
        (None, Some(error)) => refusal(&error.data),
        (None, None) => String::new(),
    };
    Failure::Called { error, said, path }
}

/// Whether a contract failed, and not what is around it.
fn in_execution(error: &ClientError) -> bool {
    error.refusal().is_some_and(|refusal| (4_001..=4_010).contains(&refusal.code()))
}

/// Calls a method, and waits until that is final; says why it was refused as [`explain`] does.
pub(super) async fn call(
    client: &Client,
    key: &Key,
    contract: Address,
    method: &str,
    args: Value,
) -> Result<Submission, Failure> {
    submit(client, client.transaction(key).call(contract, method, args), Wait::Final).await
}

/// Sends a transaction; says why it was refused, and its id where it is on the chain.
pub(super) async fn submit(
    client: &Client,
    transaction: TransactionBuilder<'_>,
    wait: Wait,
) -> Result<Submission, Failure> {
    let submitted = transaction.send(wait).await.map_err(tried)?;
    let id = submitted.0.id;
    match submitted.into_success() {
        Ok(done) => Ok(done),
        Err(error) => {
            // Where it is no longer known how it ran, what it came to still is.
            let ran = client.trace(id.0).await.ok().filter(|ran| ran.exact);
            let trace = ran.map_or_else(Vec::new, |ran| ran.trace);
            let failure = Box::new(called(error, &trace));
            Err(Failure::Sent { id: id.to_string(), failure })
        }
    }
}

/// Says where calls failed that were tried before they were sent.
pub(super) fn tried(mut error: ClientError) -> Failure {
    let trace = match &mut error {
        ClientError::Tried { trace, .. } => std::mem::take(trace),
        _ => Vec::new(),
    };
    called(error, &trace)
}

/// Says where a query failed, by trying it once more; the failure as it was when that succeeds.
pub(super) async fn explain(client: &Client, query: CallRequest, error: ClientError) -> Failure {
    if !in_execution(&error) {
        return Failure::Client(error);
    }
    let request = SimulateRequest {
        account: Address::default().into(),
        calls: OneOrMany::One(query),
        gas_limit: None,
        sponsor: None,
        rehearse: false,
    };
    match client.simulate(request).await {
        // Time has passed since, and what it says of it is as true as before.
        Ok(SimulationAnswer { result: ExecutionResult::Failed { error, .. }, trace, .. }) => {
            called(error.data.into(), &trace)
        }
        _ => Failure::Client(error),
    }
}
