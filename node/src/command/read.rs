//! `dure status`, `dure tx`, `dure events`.

use super::{Remote, contract::receipt_text, exit::Failure, key, output::Output};
use crate::printable::one_line;
use clap::Args;
use dure_client::{Client, ClientError, Place};
use dure_rpc::shape::{EventFilter, EventItem, ExecutionResult};
use serde_json::json;

/// Which node.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    remote: Remote,
}

/// Which transaction.
#[derive(Debug, Args)]
pub(super) struct TxArgs {
    /// Transaction id.
    id: String,
    /// Prove it too.
    #[arg(long)]
    proof: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Which events.
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// Of this contract.
    #[arg(long)]
    contract: Option<String>,
    /// Of this name; needs --contract.
    #[arg(long)]
    event: Option<String>,
    /// Whose fields have these values, a JSON object; needs --contract.
    #[arg(long, value_name = "JSON")]
    fields: Option<String>,
    /// First place: HEIGHT or HEIGHT-INDEX.
    #[arg(long)]
    from: Option<String>,
    /// Most events.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Go on with what comes.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Connects to a node; the path may be left out of the URL.
pub(super) async fn connect(url: &str) -> Result<Client, Failure> {
    let after = url.split_once("://").map_or("", |(_, rest)| rest);
    let bare = after.find('/').is_none_or(|slash| after.len() == slash + 1);
    let full = if bare {
        format!("{}{}", url.trim_end_matches('/'), dure_rpc::PATH)
    } else {
        url.to_owned()
    };
    Client::connect(&full).await.map_err(|error| match error {
        ClientError::Unreachable { url, reason } => {
            let hint = "`dure dev` starts a chain here; --rpc or DURE_RPC names another node";
            ClientError::Unreachable { url, reason: format!("{reason}; {hint}") }.into()
        }
        error => error.into(),
    })
}

pub(super) async fn status(args: StatusArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let (status, health) = (client.status().await?, client.health().await?);
    let value = json!({ "url": client.url(), "chain": status, "node": health });
    output.answer(&value, || {
        let state = if health.running { "running" } else { "stopped" };
        let peer = one_line(health.peer_id.as_deref().unwrap_or("none"));
        format!(
            "chain      {} ({})\nheight     {}, certified {}\nblock      {}\ntime       {}\n\
             node       {state}, {} transactions wait, {} connections\npeer id    {peer}\n\
             version    {}\n",
            one_line(&status.name),
            status.chain,
            status.height,
            status.certified,
            status.block,
            status.time,
            health.mempool.transactions,
            health.connections,
            one_line(&status.version),
        )
    })
}

pub(super) async fn tx(args: TxArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let id = dure_rpc::hex::parse(&args.id)
        .map_err(|reason| ClientError::Hex { found: args.id.clone(), reason })?;
    let answer = client.receipt(id, args.proof).await?;
    output.answer(&answer, || {
        format!("transaction  {}\n{}", answer.receipt.id, receipt_text(&answer.receipt))
    })?;
    // A transaction that failed is shown, and still did not succeed.
    match answer.receipt.result {
        ExecutionResult::Succeeded { .. } => Ok(()),
        ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } => {
            Err(Failure::Client(error.data.into()))
        }
    }
}

pub(super) async fn events(args: EventsArgs, output: &mut Output) -> Result<(), Failure> {
    let contract = args.contract.as_deref().map(key::address).transpose()?;
    let fields = args.fields.as_deref().map(serde_json::from_str).transpose();
    let fields = fields.map_err(|error| Failure::Usage(format!("--fields: {error}")))?;
    let from = args.from.as_deref().map(str::parse::<Place>).transpose();
    let from = from.map_err(|error| Failure::Usage(format!("--from: {error}")))?;
    let mut filter = EventFilter {
        contract: contract.map(Into::into),
        event: args.event.clone(),
        fields,
        from,
        to: None,
        limit: Some(args.limit),
    };
    if args.follow {
        let url = args.remote.rpc.replacen("http", "ws", 1);
        let url = if args.remote.rpc.starts_with("http") { url } else { args.remote.rpc };
        let mut stream = connect(&url).await?.follow_events(filter).await?;
        while let Some(event) = stream.next().await? {
            output.answer(&event, || line(&event))?;
        }
        // The stream has no end of its own.
        let reason = "the connection ended".to_owned();
        return Err(Failure::Client(ClientError::Unreachable { url, reason }));
    }
    let client = connect(&args.remote.rpc).await?;
    let mut left = args.limit;
    while left > 0 {
        let page = client.events(filter.clone()).await?;
        for event in &page.events {
            output.answer(event, || line(event))?;
        }
        left = left.saturating_sub(u32::try_from(page.events.len()).unwrap_or(u32::MAX));
        let Some(next) = page.next else { break };
        (filter.from, filter.limit) = (Some(next), Some(left));
    }
    Ok(())
}

fn line(event: &EventItem) -> String {
    let name = event.name.clone().unwrap_or_else(|| event.topic.to_string());
    let line = format!("{} {} {name} {}", event.place, event.contract, event.fields);
    one_line(&line).into_owned()
}
