//! `dure status`, `dure advance`, `dure tx`, `dure events`.

use super::{
    Remote, contract::receipt_text, exit::Failure, key, output::Output, plan::resolve, words::Specs,
};
use crate::printable::one_line;
use clap::Args;
use dure_client::{Client, ClientError, Place};
use dure_rpc::shape::{EventFilter, EventItem, ExecutionResult};
use dure_types::Height;
use serde_json::{Map, Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// Which node.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    remote: Remote,
}

/// How far.
#[derive(Debug, Args)]
pub(super) struct AdvanceArgs {
    /// By how much: `90s`, `36h`, `15days`; it never goes back.
    #[arg(value_parser = duration)]
    by: Duration,
    #[command(flatten)]
    remote: Remote,
}

/// Which transaction.
#[derive(Debug, Args)]
pub(super) struct TxArgs {
    /// Transaction id.
    id: String,
    /// Ask for the proof of its receipt too; `--json` shows it.
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
    /// Whose fields have these values, a JSON object, where "@bob" is the address of a key;
    /// needs --contract.
    #[arg(long, value_name = "JSON")]
    fields: Option<String>,
    /// First place: HEIGHT or HEIGHT-INDEX.
    #[arg(long)]
    from: Option<String>,
    /// Most events.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on with what comes; without --from it begins with the block that comes next.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Reads a duration. Months and years are not taken: they are not always as long, and a calendar's
/// would be meant.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let mut units = text.split(|sign: char| !sign.is_ascii_alphabetic());
    let unsure = ["M", "month", "months", "y", "yr", "yrs", "year", "years"];
    match units.find(|unit| unsure.contains(unit)) {
        None => Ok(duration),
        Some(unit) => Err(format!(
            "a {} is not always as long; say how many days, as 365days",
            if unit.starts_with('y') { "year" } else { "month" }
        )),
    }
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

/// Says which chain a command acts on: another node than meant may listen where it was sought.
pub(super) fn say_chain(client: &Client, output: &Output) {
    let id = client.chain().to_string();
    let (name, head) = (one_line(client.chain_name()), id.get(..10).unwrap_or(&id));
    output.progress(&format!("chain {name} ({head}..) at {}", client.url()));
}

pub(super) async fn status(args: StatusArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let (status, health) = (client.status().await?, client.health().await?);
    let value = json!({ "url": client.url(), "chain": status, "node": health });
    output.answer(&value, || {
        let state = if health.running { "running" } else { "stopped" };
        let peer = one_line(health.peer_id.as_deref().unwrap_or("none"));
        format!(
            "chain      {} ({})\nheight     {}, certified {}\nblock      {}\ntime       {}, clock {}\n\
             node       {state}, {} transactions wait, {} connections\npeer id    {peer}\n\
             version    {}\n",
            one_line(&status.name),
            status.chain,
            status.height,
            status.certified,
            status.block,
            status.time,
            status.now,
            health.mempool.transactions,
            health.connections,
            one_line(&status.version),
        )
    })
}

pub(super) async fn advance(args: AdvanceArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let now = client.advance(args.by).await?;
    output.answer(&json!({ "now": now.0.to_string() }), || {
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(now.0));
        let time = time.map_or_else(String::new, |time| {
            format!(" ({})", humantime::format_rfc3339_seconds(time))
        });
        format!("now  {}{time}\n", now.0)
    })
}

pub(super) async fn tx(args: TxArgs, output: &mut Output) -> Result<(), Failure> {
    let client = connect(&args.remote.rpc).await?;
    let id = dure_rpc::hex::parse(&args.id)
        .map_err(|reason| ClientError::Hex { found: args.id.clone(), reason })?;
    let answer = client.receipt(id, args.proof).await?;
    let specs = Specs::of_receipt(&client, Some(&answer.receipt), output).await;
    output.answer(&answer, || {
        let proved = answer.certified.as_ref().map_or_else(String::new, |proof| {
            format!(
                "proof        up to the certified header of height {}; --json has it\n",
                proof.height
            )
        });
        let receipt = receipt_text(&answer.receipt, &specs);
        format!("transaction  {}\n{receipt}{proved}", answer.receipt.id)
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
    let fields: Option<Map<String, Value>> =
        fields.map_err(|error| Failure::Usage(format!("--fields: {error}")))?;
    let address = |text: &str| Ok(key::address(text)?.to_string());
    let named = |(name, value)| Ok::<_, Failure>((name, resolve(&value, &['@'], &address)?));
    let fields = fields.map(|fields| fields.into_iter().map(named).collect()).transpose()?;
    let from = args.from.as_deref().map(str::parse::<Place>).transpose();
    let from = from.map_err(|error| Failure::Usage(format!("--from: {error}")))?;
    let mut filter = EventFilter {
        contract: contract.map(Into::into),
        event: args.event.clone(),
        fields,
        from,
        to: None,
        // What is followed has no end.
        limit: (!args.follow).then_some(args.limit),
    };
    let mut specs = Specs::default();
    if args.follow {
        let url = args.remote.rpc.replacen("http", "ws", 1);
        let url = if args.remote.rpc.starts_with("http") { url } else { args.remote.rpc };
        let client = connect(&url).await?;
        let next = Height(client.status().await?.height.0.saturating_add(1));
        let from = *filter.from.get_or_insert(Place::new(next, 0));
        let mut stream = client.follow_events(filter).await?;
        output.progress(&format!("following from block {}", from.height));
        while let Some(event) = stream.next().await? {
            specs.learn(&client, event.contract.0, output).await;
            output.answer(&event, || line(&event, &specs))?;
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
            specs.learn(&client, event.contract.0, output).await;
            output.answer(event, || line(event, &specs))?;
        }
        left = left.saturating_sub(u32::try_from(page.events.len()).unwrap_or(u32::MAX));
        let Some(next) = page.next else { break };
        (filter.from, filter.limit) = (Some(next), Some(left));
    }
    Ok(())
}

fn line(event: &EventItem, specs: &Specs) -> String {
    let said = specs.event(event.contract.0, event.topic.0, event.name.as_deref(), &event.fields);
    format!("{} {} {said}", event.place, event.contract)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_as_long_wherever_it_begins() {
        for (text, ms) in [("90s", 90_000), ("1m 5ms", 60_005), ("36h", 129_600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for (text, unit) in [
            ("1yr", "a year"),
            ("2 years", "a year"),
            ("1day 1y", "a year"),
            ("1month", "a month"),
            ("3M", "a month"),
        ] {
            let said = duration(text).unwrap_err();
            assert!(said.starts_with(unit) && said.contains("days"), "{text}: {said}");
        }
        assert!(duration("soon").is_err());
    }
}
