//! Many transactions at once: signed on all cores, sent over several connections, each waited for
//! until it is final.

use codec::Encode;
use dure_client::{Client, ClientError, Key, Wait};
use dure_rpc::{DureClient, hex::Unchecked, shape::ExecutionResult};
use dure_types::{Address, Call, Gas, TimestampMs, Transaction, TransactionBody, domain};
use eyre::eyre;
use futures::{StreamExt, TryStreamExt, stream};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

/// Connections: a node gives one the requests of one page.
const CONNECTIONS: usize = 8;
/// Transactions under way on each; the node allows 128. All together they fill the blocks, and more
/// would only wait longer: every block wakes all who wait.
const UNDER_WAY: usize = 48;
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
    clients: Vec<Client>,
    sponsor: Option<Address>,
    gas_limit: Gas,
    nonces: HashMap<Address, u64>,
}

impl Load {
    /// Opens the connections. `sponsor` carries the gas of all who call.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub async fn open(url: &str, sponsor: Option<Address>) -> eyre::Result<Self> {
        let mut clients = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            clients.push(Client::connect(url).await?);
        }
        Ok(Self { clients, sponsor, gas_limit: GAS, nonces: HashMap::new() })
    }

    /// Sets what a call may use: the less, the more calls a block has room for.
    #[must_use]
    pub fn gas_limit(mut self, gas_limit: Gas) -> Self {
        self.gas_limit = gas_limit;
        self
    }

    /// Forgets which nonce an account has next: it acted outside of loads since.
    pub fn forget(&mut self, account: Address) {
        self.nonces.remove(&account);
    }

    /// Signs the drafts and sends them, in no order among different callers' or one caller's.
    /// A caller who is in several loads is one of this [`Load`] only, which counts the nonces; of
    /// one that acts elsewhere too [`Load::forget`] tells.
    ///
    /// # Errors
    /// When one is refused at the door, or the connection breaks. That a call fails is a result.
    pub async fn send(&mut self, drafts: &[Draft]) -> eyre::Result<Outcomes> {
        let signed = self.sign(drafts).await?;
        let started = Instant::now();
        let mut shares = vec![Vec::new(); self.clients.len()];
        for (index, transaction) in signed.into_iter().enumerate() {
            shares[index % self.clients.len()].push((index, transaction));
        }
        let sent = shares.into_iter().zip(&self.clients);
        let sent = sent.map(|(share, client)| tokio::spawn(submit_all(client.clone(), share)));
        let mut answers = Vec::with_capacity(drafts.len());
        for share in sent.collect::<Vec<_>>() {
            answers.extend(share.await??);
        }
        let took = started.elapsed();
        answers.sort_unstable_by_key(|(index, ..)| *index);
        let mut latencies_ms: Vec<f64> =
            answers.iter().map(|(_, _, latency)| latency.as_secs_f64() * 1e3).collect();
        latencies_ms.sort_unstable_by(f64::total_cmp);
        let results = answers.into_iter().map(|(_, result, _)| result).collect();
        Ok(Outcomes { results, latencies_ms, took })
    }

    async fn sign(&mut self, drafts: &[Draft]) -> eyre::Result<Vec<Transaction>> {
        let client = self.clients.first().ok_or_else(|| eyre!("no connection"))?;
        let (chain, now) = (client.chain(), client.status().await?.now.0);
        let valid_for = u64::try_from(VALID_FOR.as_millis()).unwrap_or(u64::MAX);
        let new: BTreeSet<Address> = drafts.iter().map(|draft| draft.by.address()).collect();
        let new = new.into_iter().filter(|account| !self.nonces.contains_key(account));
        let asked = new.map(async |account| {
            let answer = client.account(account).await?;
            Ok::<_, ClientError>((account, answer.nonce_next.0))
        });
        let known: Vec<(Address, u64)> =
            stream::iter(asked).buffer_unordered(UNDER_WAY).try_collect().await?;
        self.nonces.extend(known);
        let mut numbered = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let nonce = self.nonces.entry(draft.by.address()).or_default();
            numbered.push((draft, *nonce));
            *nonce = nonce.saturating_add(1);
        }
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
