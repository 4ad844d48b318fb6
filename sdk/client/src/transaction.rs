//! Building, signing and submitting transactions.

use crate::{Client, ClientError, Key, key::random};
use codec::Encode;
use dure_abi::spec::MethodKind;
use dure_rpc::{
    DureClient, RpcError,
    hex::to_text,
    json::arguments_from_json,
    shape::{CallRequest, ExecutionResult, OneOrMany, SimulateRequest, Submission, Wait},
};
use dure_types::{
    Address, Call, Gas, Selector, TimestampMs, Transaction, TransactionBody, domain, limits,
};
use serde_json::Value;
use std::time::Duration;

/// How long a transaction stays valid unless told: long enough for a slow link, short enough that
/// a lost one is known to be lost soon.
const VALID_FOR: Duration = Duration::from_secs(120);
/// And up to so much longer, by chance: two programs that pay the same with one key in the same
/// millisecond would else have made one transaction, which is paid once.
const VALID_LONGER: Duration = Duration::from_secs(60);
/// Other nonces that are tried where the next one was taken by somebody with the same key.
const NONCE_TRIES: u32 = 8;

/// Collects calls and settings of one transaction.
#[must_use = "a transaction does nothing until it is submitted"]
pub struct TransactionBuilder<'a> {
    client: &'a Client,
    key: &'a Key,
    account: Address,
    nonce: Nonce,
    valid_for: Option<Duration>,
    gas_limit: Option<Gas>,
    sponsor: Option<Address>,
    calls: Vec<Draft>,
}

enum Nonce {
    Next,
    Random,
    Given(u64),
}

enum Draft {
    Json { contract: Address, method: String, args: Value },
    Ready(Call),
}

impl<'a> TransactionBuilder<'a> {
    pub(crate) fn new(client: &'a Client, key: &'a Key) -> Self {
        Self {
            client,
            key,
            account: key.address(),
            nonce: Nonce::Next,
            valid_for: None,
            gas_limit: None,
            sponsor: None,
            calls: Vec::new(),
        }
    }

    /// Adds a call with arguments in JSON, an object by name or a list by position.
    pub fn call(mut self, contract: Address, method: &str, args: Value) -> Self {
        self.calls.push(Draft::Json { contract, method: method.to_owned(), args });
        self
    }

    /// Adds a call with arguments in SCALE.
    pub fn call_scale(mut self, contract: Address, method: &str, args: Vec<u8>) -> Self {
        self.calls.push(Draft::Ready(Call { contract, method: domain::selector(method), args }));
        self
    }

    /// Lets someone else carry the gas, who consented in genesis.
    pub const fn sponsor(mut self, sponsor: Address) -> Self {
        self.sponsor = Some(sponsor);
        self
    }

    /// Sets the gas limit. Without one the calls are simulated first, and what would fail is
    /// refused without being submitted.
    pub const fn gas_limit(mut self, gas: Gas) -> Self {
        self.gas_limit = Some(gas);
        self
    }

    /// Sets the nonce; without one, the next that neither the chain nor this client has used.
    pub const fn nonce(mut self, nonce: u64) -> Self {
        self.nonce = Nonce::Given(nonce);
        self
    }

    /// Takes a random free nonce of the window: for several programs that share a key.
    pub const fn random_nonce(mut self) -> Self {
        self.nonce = Nonce::Random;
        self
    }

    /// Sets how long the transaction stays valid; at most 24 hours.
    pub const fn valid_for(mut self, duration: Duration) -> Self {
        self.valid_for = Some(duration);
        self
    }

    /// Signs the transaction without submitting it.
    ///
    /// # Errors
    /// [`ClientError`] when arguments do not fit; [`ClientError::Tried`] when the simulation fails.
    pub async fn sign(self) -> Result<Transaction, ClientError> {
        Ok(self.key.sign(self.client.chain(), self.body().await?))
    }

    async fn body(&self) -> Result<TransactionBody, ClientError> {
        let mut calls = Vec::with_capacity(self.calls.len());
        for draft in &self.calls {
            calls.push(self.encode(draft).await?);
        }
        let gas_limit = match self.gas_limit {
            Some(gas) => gas,
            None => self.estimate(&calls).await?,
        };
        // Not by our clock, which could be wrong, nor by the last block's time, which stands still
        // while the chain is idle.
        let now = self.client.status().await?.now.0;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let valid_for = match self.valid_for {
            Some(told) => millis(told),
            None => millis(VALID_FOR) + u64::from_le_bytes(random()?) % millis(VALID_LONGER),
        };
        let nonce = match self.nonce {
            Nonce::Given(nonce) => nonce,
            Nonce::Next => self.client.nonce(self.account).await?,
            Nonce::Random => self.random_free().await?,
        };
        Ok(TransactionBody {
            account: self.account,
            lane: 0,
            nonce,
            valid_until: TimestampMs(now.saturating_add(valid_for)),
            gas_limit,
            sponsor: self.sponsor,
            calls,
        })
    }

    async fn random_free(&self) -> Result<u64, ClientError> {
        let free = self.client.account(self.account).await?.nonce_next.0;
        let offset = u64::from_le_bytes(random()?) % (limits::NONCE_WINDOW / 2);
        Ok(free.saturating_add(offset))
    }

    /// Signs and submits, and waits as far as asked; that a call failed is an answer. Where another
    /// program with the same key took the nonce first, a random free one is taken, unless it was
    /// given by [`TransactionBuilder::nonce`].
    ///
    /// # Errors
    /// [`ClientError::Tried`] when its calls would fail; [`ClientError::Refused`] when it is refused
    /// at the door.
    pub async fn send(self, wait: Wait) -> Result<Submitted, ClientError> {
        let mut body = self.body().await?;
        let mut tries = if matches!(self.nonce, Nonce::Given(_)) { 0 } else { NONCE_TRIES };
        loop {
            let signed = self.key.sign(self.client.chain(), body.clone());
            let error = match self.client.submit(&signed, wait).await {
                Ok(submitted) => return Ok(submitted),
                Err(error) => error,
            };
            let taken = matches!(
                error.refusal(),
                Some(RpcError::NoncePending { .. } | RpcError::NonceUsed { .. })
            );
            if !taken || tries == 0 {
                return Err(error);
            }
            tries -= 1;
            body.nonce = self.random_free().await?;
        }
    }

    /// Signs and submits, and waits as far as asked.
    ///
    /// # Errors
    /// [`ClientError::Tried`] when its calls would fail; [`ClientError::Refused`] when it is refused
    /// at the door; and, from [`Wait::Final`] on, when a call failed or the transaction was skipped.
    pub async fn submit(self, wait: Wait) -> Result<Submission, ClientError> {
        self.send(wait).await?.into_success()
    }

    async fn encode(&self, draft: &Draft) -> Result<Call, ClientError> {
        let (contract, name, args) = match draft {
            Draft::Ready(call) => return Ok(call.clone()),
            Draft::Json { contract, method, args } => (*contract, method, args),
        };
        let spec = self.client.spec(contract).await?;
        let callable = |kind| kind == MethodKind::Call;
        let method = spec.method(name).filter(|method| callable(method.kind));
        let Some(method) = method else {
            let known = spec.methods.iter().filter(|method| callable(method.kind));
            return Err(RpcError::UnknownMethod {
                contract: contract.into(),
                method: name.clone(),
                known: known.map(|method| method.name.clone()).collect(),
            }
            .into());
        };
        let limit = args_limit(contract);
        let args = arguments_from_json(&spec, method, args, limit).map_err(RpcError::from)?;
        Ok(Call { contract, method: method.selector, args })
    }

    /// Simulates, and asks for the limit that what was used then needs.
    async fn estimate(&self, calls: &[Call]) -> Result<Gas, ClientError> {
        let request = SimulateRequest {
            account: self.account.into(),
            calls: OneOrMany::Many(calls.iter().map(request_of).collect()),
            gas_limit: None,
            sponsor: self.sponsor.map(Into::into),
            rehearse: false,
        };
        let answer = self.client.simulate(request).await?;
        let used = answer.gas_used.0;
        match ClientError::tried(answer) {
            Some(refused) => Err(refused),
            None => Ok(limit_for(used)),
        }
    }
}

impl Client {
    /// Submits a signed transaction. Safe to repeat: the same transaction has one outcome.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when it is refused at the door; that a call failed is an answer.
    pub async fn submit(
        &self,
        transaction: &Transaction,
        wait: Wait,
    ) -> Result<Submitted, ClientError> {
        let bytes = transaction.encode().into();
        let answer = self.transport().tx_submit(bytes, Some(wait), Some(self.chain().into()));
        answer.await.map(Submitted).map_err(|error| self.error(error))
    }
}

/// What became of a submission, well or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted(pub Submission);

impl Submitted {
    /// The submission, unless its receipt says that it failed or was skipped.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with what stopped it.
    pub fn into_success(self) -> Result<Submission, ClientError> {
        let result = self.0.receipt.as_ref().map(|receipt| &receipt.result);
        match result {
            Some(ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error }) => {
                Err(error.data.clone().into())
            }
            _ => Ok(self.0),
        }
    }
}

/// The gas limit of what used so much in a trial: half more, for what may differ in earnest.
pub(crate) fn limit_for(used: u64) -> Gas {
    Gas(used.saturating_add(used / 2).min(limits::TRANSACTION_GAS_MAX))
}

fn request_of(call: &Call) -> CallRequest {
    CallRequest {
        contract: call.contract.into(),
        method: selector_text(call.method),
        args: Value::String(to_text(&call.args)),
    }
}

fn selector_text(selector: Selector) -> String {
    to_text(&selector.0)
}

/// Bytes that the arguments of one call may have.
pub(crate) fn args_limit(contract: Address) -> usize {
    if contract == Address::SYSTEM { limits::TRANSACTION_BYTES_MAX } else { limits::ARGS_BYTES_MAX }
}
