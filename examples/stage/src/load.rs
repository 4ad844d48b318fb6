//! Many transactions at once: signed on all cores, sent over several connections, each waited for
//! until it is final.

use crate::Stage;
use codec::Encode;
use dure_client::{Client, ClientError, Key, Wait};
use dure_rpc::{DureClient, hex::Unchecked, shape::ExecutionResult};
use dure_types::{Address, Call, Gas, TimestampMs, Transaction, TransactionBody, domain, limits};
use eyre::eyre;
use futures::{StreamExt, TryStreamExt, stream};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    time::{Duration, Instant},
};

/// Connections: a node gives one the requests of one page.
const CONNECTIONS: usize = 8;
/// Transactions under way on each; the node allows 128. Fewer leave cores idle while a block waits
/// for the disk.
const UNDER_WAY: usize = 112;
/// How long a transaction may be under way: sent late in a long load, it must still be valid.
const VALID_FOR: Duration = Duration::from_secs(600);
/// What a call may use unless told. A quota is charged for what it did use, but a block has room
/// for limits: 125 of these.
const GAS: Gas = Gas(2_000_000);

/// A call that somebody is to make.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who calls.
    pub by: Key,
    /// Of which contract.
    pub contract: Address,
    /// Which method.
    pub method: &'static str,
    /// With what, in SCALE.
    pub args: Vec<u8>,
}

impl Draft {
    /// A call with arguments that SCALE writes one after the other: a tuple of them.
    pub fn new(by: &Key, contract: Address, method: &'static str, args: &impl Encode) -> Self {
        Self { by: by.clone(), contract, method, args: args.encode() }
    }
}

/// What became of a load.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// Those that succeeded or failed, in the order of the drafts: a failure by its name.
    pub results: Vec<Result<(), String>>,
    /// From sending to final, ascending, milliseconds.
    pub latencies_ms: Vec<f64>,
    /// From the first sent to the last final.
    pub took: Duration,
}

impl Outcomes {
    /// How many succeeded.
    #[must_use]
    pub fn succeeded(&self) -> usize {
        self.results.iter().filter(|result| result.is_ok()).count()
    }

    /// Failures by name, without what they carry.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<&str, usize> {
        let mut failures = BTreeMap::new();
        for name in self.results.iter().filter_map(|result| result.as_ref().err()) {
            *failures.entry(name.as_str()).or_default() += 1;
        }
        failures
    }

    /// The latency within which a share of all became final, milliseconds.
    #[must_use]
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let last = self.latencies_ms.len().saturating_sub(1);
        self.latencies_ms.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// Sends loads to a node.
#[derive(Debug)]
pub struct Load {
    client: Client,
    connections: Vec<Client>,
    sponsor: Option<Address>,
    gas_limit: Gas,
}

impl Load {
    /// Opens the connections. `sponsor` carries the gas of all who call.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub async fn open(stage: &Stage, sponsor: Option<Address>) -> eyre::Result<Self> {
        let client = stage.client.clone();
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            connections.push(Client::connect(client.url()).await?);
        }
        Ok(Self { client, connections, sponsor, gas_limit: GAS })
    }

    /// Sets what a call may use: the less, the more calls a block has room for.
    #[must_use]
    pub fn gas_limit(mut self, gas_limit: Gas) -> Self {
        self.gas_limit = gas_limit;
        self
    }

    /// Signs the drafts and sends them, in no order among different callers' or one caller's.
    /// Nonces are the stage's client's: callers may act outside of loads too, through it alone.
    ///
    /// # Errors
    /// When one is refused at the door, or the connection breaks. That a call fails is a result.
    pub async fn send(&self, drafts: &[Draft]) -> eyre::Result<Outcomes> {
        let signed = self.sign(drafts).await?;
        let started = Instant::now();
        let (mut counts, mut rounds) = (HashMap::<Address, u64>::new(), Vec::<Vec<_>>::new());
        for (index, transaction) in signed.into_iter().enumerate() {
            // A connection may be behind another: what goes out together fits into a lane's window.
            let count = counts.entry(transaction.body.account).or_default();
            let round = usize::try_from(*count / limits::NONCE_WINDOW)?;
            *count += 1;
            rounds.resize(rounds.len().max(round + 1), Vec::new());
            rounds[round].push((index, transaction));
        }
        let mut answers = Vec::with_capacity(drafts.len());
        for round in rounds {
            answers.extend(self.submit_round(round).await?);
        }
        let took = started.elapsed();
        answers.sort_unstable_by_key(|(index, ..)| *index);
        let mut latencies_ms: Vec<f64> =
            answers.iter().map(|(_, _, latency)| latency.as_secs_f64() * 1e3).collect();
        latencies_ms.sort_unstable_by(f64::total_cmp);
        let results = answers.into_iter().map(|(_, result, _)| result).collect();
        Ok(Outcomes { results, latencies_ms, took })
    }

    /// Sends transactions over all connections at once.
    async fn submit_round(&self, round: Vec<(usize, Transaction)>) -> eyre::Result<Vec<Answer>> {
        let mut shares = vec![Vec::new(); self.connections.len()];
        for (turn, transaction) in round.into_iter().enumerate() {
            shares[turn % self.connections.len()].push(transaction);
        }
        let sent = shares.into_iter().zip(&self.connections);
        let sent = sent.map(|(share, client)| tokio::spawn(submit_all(client.clone(), share)));
        let mut answers = Vec::new();
        for share in sent.collect::<Vec<_>>() {
            answers.extend(share.await??);
        }
        Ok(answers)
    }

    async fn sign(&self, drafts: &[Draft]) -> eyre::Result<Vec<Transaction>> {
        let (chain, now) = (self.client.chain(), self.client.status().await?.now.0);
        let valid_for = u64::try_from(VALID_FOR.as_millis()).unwrap_or(u64::MAX);
        let mut counts: BTreeMap<Address, u64> = BTreeMap::new();
        for draft in drafts {
            *counts.entry(draft.by.address()).or_default() += 1;
        }
        let taken = counts.into_iter().map(async |(account, count)| {
            Ok::<_, ClientError>((account, self.client.nonces(account, count).await?))
        });
        let mut taken: HashMap<Address, Range<u64>> =
            stream::iter(taken).buffer_unordered(UNDER_WAY).try_collect().await?;
        let numbered: Option<Vec<(&Draft, u64)>> = drafts
            .iter()
            .map(|draft| Some((draft, taken.get_mut(&draft.by.address())?.next()?)))
            .collect();
        let numbered = numbered.ok_or_else(|| eyre!("an account has no nonces"))?;
        let (sponsor, gas_limit) = (self.sponsor, self.gas_limit);
        let body = |draft: &Draft, nonce| TransactionBody {
            account: draft.by.address(),
            lane: 0,
            nonce,
            valid_until: TimestampMs(now.saturating_add(valid_for)),
            gas_limit,
            sponsor: sponsor.filter(|sponsor| *sponsor != draft.by.address()),
            calls: vec![Call {
                contract: draft.contract,
                method: domain::selector(draft.method),
                args: draft.args.clone(),
            }],
        };
        let sign = |(draft, nonce): (&Draft, u64)| draft.by.sign(chain, body(draft, nonce));
        Ok(numbered.into_par_iter().map(sign).collect())
    }
}

/// What became of a transaction, by its place among the drafts.
type Answer = (usize, Result<(), String>, Duration);

/// Sends a connection's share, so many at once as it may have.
async fn submit_all(client: Client, share: Vec<(usize, Transaction)>) -> eyre::Result<Vec<Answer>> {
    let client = &client;
    let sent = stream::iter(share).map(async |(index, transaction)| {
        let (result, took) = submit(client, &transaction).await?;
        Ok((index, result, took))
    });
    sent.buffer_unordered(UNDER_WAY).try_collect().await
}

async fn submit(
    client: &Client,
    transaction: &Transaction,
) -> eyre::Result<(Result<(), String>, Duration)> {
    let started = Instant::now();
    let bytes = Unchecked::from(transaction.encode());
    let answer = client.raw().tx_submit(bytes, Some(Wait::Final), None).await?;
    let result = match answer.receipt.map(|receipt| receipt.result) {
        Some(ExecutionResult::Succeeded { .. }) => Ok(()),
        Some(ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error }) => {
            Err(name(&error.message))
        }
        None => return Err(eyre!("a final transaction has no receipt")),
    };
    Ok((result, started.elapsed()))
}

/// A failure by its name: of `regional::Error::Caps { AboveCap: { left: 5 } }` it is
/// `Caps::AboveCap`.
fn name(message: &str) -> String {
    let said = message.rsplit_once("Error::").map_or(message, |(_, said)| said);
    let words = said.split(" { ").map(|word| word.trim_end_matches(':'));
    let names = words.take_while(|word| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.chars().all(char::is_alphanumeric)
    });
    let names: Vec<&str> = names.collect();
    if names.is_empty() { message.to_owned() } else { names.join("::") }
}
