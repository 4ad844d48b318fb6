//! `dure token policy`, `sweep`, `pause`, `resume`: what an operator does to a token that lives.

use super::{
    super::{Remote, key, read::connect, trace::call},
    Failure, Output,
    day::{Day, shown},
    policy::PolicyFile,
    refused,
    show::{AboutDiffers, Token},
};
use clap::Args;
use dure_client::{Client, Key};
use dure_rpc::shape::ExecutionResult;
use dure_types::{Address, domain::blake3_hash};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Bytes of a document that gives a reason.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// Holders that one transaction of a sweep looks at.
const HOLDERS_AT_ONCE: u32 = 50;

/// Which token, and who signs.
#[derive(Debug, Args)]
pub(in crate::command) struct Target {
    /// The token's address.
    address: String,
    /// Who signs; alice of `dure dev` unless told.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Which conditions, and from when.
#[derive(Debug, Args)]
pub(in crate::command) struct PolicyArgs {
    #[command(flatten)]
    target: Target,
    /// The policy file; its name and symbol are those of the token, its accounts are left alone.
    file: PathBuf,
    /// First day on which the conditions hold, in Korea, as 2027-03-01.
    #[arg(long, value_name = "DATE")]
    from: String,
}

/// Which token, and why.
#[derive(Debug, Args)]
pub(in crate::command) struct PauseArgs {
    #[command(flatten)]
    target: Target,
    /// A document that says why; the token keeps its hash.
    #[arg(long, value_name = "FILE")]
    reason: PathBuf,
}

/// A token that is changed by somebody.
struct Operator {
    client: Client,
    key: Key,
    token: Address,
}

impl Operator {
    async fn of(target: &Target) -> Result<Self, Failure> {
        let token = key::address(&target.address)?;
        let client = connect(&target.remote.rpc).await?;
        let key = key::signer(&client, target.key.as_deref()).await?;
        Ok(Self { client, key, token })
    }

    /// Calls a method, and gives its value once that is final.
    async fn call(&self, method: &str, args: Value) -> Result<Value, Failure> {
        let done = call(&self.client, &self.key, self.token, method, args).await;
        let done = done.map_err(refused::told)?;
        let result = done.receipt.map(|receipt| receipt.result);
        let Some(ExecutionResult::Succeeded { outputs }) = result else { return Ok(Value::Null) };
        Ok(outputs.into_iter().next().map_or(Value::Null, |output| output.value))
    }

    /// Reads the token again and shows it.
    async fn show(&self, changed: bool, output: &mut Output) -> Result<(), Failure> {
        let token = Token::read(&self.client, self.token).await?;
        let mut value = token.to_json(self.token);
        value["changed"] = json!(changed);
        output.answer(&value, || token.text(self.token))
    }
}

/// Schedules the conditions of a file.
pub(super) async fn policy(args: PolicyArgs, output: &mut Output) -> Result<(), Failure> {
    let file = args.file.display().to_string();
    let text = crate::file::read_text(&args.file)
        .map_err(|error| Failure::File(format!("{file}: {error}")))?;
    let policy = PolicyFile::parse(&text, &file)?;
    let from = Day::parse(&args.from).ok_or_else(|| {
        Failure::Usage(format!("--from \"{}\": expected a day, as 2027-03-01", args.from))
    })?;
    let operator = Operator::of(&args.target).await?;
    let token = Token::read(&operator.client, operator.token).await?;
    token.is_about(&policy).map_err(|AboutDiffers { what, of_file, of_token }| {
        Failure::Usage(format!(
            "{file}: is of a token whose {what} is {of_file}, this one has {of_token}; a policy is \
             the token's own"
        ))
    })?;
    let start = from.start().0.to_string();
    let is_so = token.last["conditions"] == policy.conditions && token.last["from"] == start;
    if !is_so {
        let args = json!({ "conditions": policy.conditions, "from": start });
        operator.call("schedule_policy", args).await?;
        output.progress(&format!("the conditions of {file} hold from {}", shown(from.start())));
    }
    operator.show(!is_so, output).await
}

/// Takes expired units off the books, page by page.
pub(super) async fn sweep(target: Target, output: &mut Output) -> Result<(), Failure> {
    let operator = Operator::of(&target).await?;
    let before = Token::read(&operator.client, operator.token).await?;
    let mut after = Value::Null;
    loop {
        let args = json!({ "after": after, "limit": HOLDERS_AT_ONCE });
        after = operator.call("sweep", args).await?;
        if after.is_null() {
            break;
        }
        output.progress(&format!("swept up to {}", after.as_str().unwrap_or("?")));
    }
    let now = Token::read(&operator.client, operator.token).await?;
    operator.show(now.expired() != before.expired(), output).await
}

/// Stops whatever moves units.
pub(super) async fn pause(args: PauseArgs, output: &mut Output) -> Result<(), Failure> {
    let shown = args.reason.display().to_string();
    let document = crate::file::read(&args.reason, DOCUMENT_BYTES_MAX)
        .map_err(|error| Failure::File(format!("{shown}: {error}")))?;
    let operator = Operator::of(&args.target).await?;
    let reason = blake3_hash(&document).to_string();
    operator.call("pause", json!({ "reason": reason })).await?;
    operator.show(true, output).await
}

/// Lets units move again.
pub(super) async fn resume(target: Target, output: &mut Output) -> Result<(), Failure> {
    let operator = Operator::of(&target).await?;
    operator.call("resume", json!({})).await?;
    operator.show(true, output).await
}
