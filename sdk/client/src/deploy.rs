//! Deploying a module and instantiating a contract of it.

use crate::{Client, ClientError, Key, RpcError, Submission, Wait, transaction::limit_for};
use codec::Encode;
use dure_abi::spec::ContractSpec;
use dure_rpc::{
    hex::to_text,
    json::arguments_from_json,
    shape::{CallRequest, ExecutionResult, OneOrMany, SimulateRequest, SimulationAnswer},
};
use dure_types::{Address, Gas, Hash, Height, address, domain::blake3_hash, limits};
use serde_json::{Value, json};
use std::time::Duration;

/// What [`Client::deploy`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// BLAKE3 of the module: its name on chain.
    pub code: Hash,
    /// The new contract.
    pub contract: Address,
    /// The transaction that stored the code; none when it was stored already.
    pub deployed: Option<Submission>,
    /// The transaction that made the contract.
    pub instantiated: Submission,
}

impl Client {
    /// Stores a module unless it is stored already, and makes a contract of it under `salt`.
    ///
    /// Two transactions: code can be used when the nodes have compiled it, which is waited for.
    /// Both are tried before the first, unless the node is busy with other trials: nothing is stored
    /// for a contract that is refused. `init` are the arguments of the module's init method, an
    /// object by name or a list by position.
    ///
    /// # Errors
    /// [`ClientError::Tried`] or [`ClientError::Refused`] with what the node, the system contract or
    /// the init method refused.
    pub async fn deploy(
        &self,
        key: &Key,
        wasm: &[u8],
        init: &Value,
        salt: &[u8],
    ) -> Result<Deployment, ClientError> {
        let code = blake3_hash(wasm);
        let init = init_arguments(&crate::module::spec(wasm)?, init)?;
        let mut gas = None;
        if self.code_ready(code).await?.is_none() {
            let args = (code, salt.to_vec(), &init).encode();
            match self.rehearse(key.address(), Some(wasm), "instantiate", args).await {
                Ok(answer) => {
                    gas = storing_gas(&answer);
                    refusal(answer)?;
                }
                // What is refused then has stored its code, and no more.
                Err(error) if matches!(error.refusal(), Some(RpcError::Busy { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        let deployed = self.store(key, code, wasm, gas).await?;
        let instantiated = self.make(key, code, init, salt).await;
        let instantiated = instantiated.map_err(|error| error.after(deployed.as_ref()))?;
        let contract = address::contract(key.address(), salt);
        Ok(Deployment { code, contract, deployed, instantiated })
    }

    /// Makes a contract of the code that another contract has, under `salt`.
    ///
    /// # Errors
    /// As [`Client::deploy`], and when there is no contract `like`.
    pub async fn instantiate_like(
        &self,
        key: &Key,
        like: Address,
        init: &Value,
        salt: &[u8],
    ) -> Result<Deployment, ClientError> {
        let code = self.contract(like).await?.contract.code.0;
        let spec = self.spec(like).await?;
        let init = init_arguments(&spec, init)?;
        let instantiated = self.make(key, code, init, salt).await?;
        let contract = address::contract(key.address(), salt);
        Ok(Deployment { code, contract, deployed: None, instantiated })
    }

    async fn make(
        &self,
        key: &Key,
        code: Hash,
        init: Vec<u8>,
        salt: &[u8],
    ) -> Result<Submission, ClientError> {
        let instantiated = self
            .transaction(key)
            .call_scale(Address::SYSTEM, "instantiate", (code, salt.to_vec(), init).encode())
            .submit(Wait::Final)
            .await?;
        // The contract can be called from the next block on.
        self.reach(Height(instantiated.height.0)).await?;
        Ok(instantiated)
    }

    /// Tries a call of the system contract on a copy of live state, after storing a module where one
    /// is given; nothing changes.
    pub(crate) async fn rehearse(
        &self,
        account: Address,
        module: Option<&[u8]>,
        method: &str,
        args: Vec<u8>,
    ) -> Result<SimulationAnswer, ClientError> {
        let system = |method: &str, args: &[u8]| CallRequest {
            contract: Address::SYSTEM.into(),
            method: method.to_owned(),
            args: Value::String(to_text(args)),
        };
        let stored = module.map(|wasm| system("deploy", &wasm.to_vec().encode()));
        let calls = stored.into_iter().chain([system(method, &args)]).collect();
        self.simulate(SimulateRequest {
            account: account.into(),
            calls: OneOrMany::Many(calls),
            gas_limit: None,
            sponsor: None,
            rehearse: true,
        })
        .await
    }

    /// Stores a module, and waits until it can be used. `gas` is its limit where a rehearsal said
    /// what it takes: else the module, which is large, would be sent once more to find that out.
    pub(crate) async fn store(
        &self,
        key: &Key,
        code: Hash,
        wasm: &[u8],
        gas: Option<Gas>,
    ) -> Result<Option<Submission>, ClientError> {
        if let Some(ready) = self.code_ready(code).await? {
            self.await_compiler(ready).await?;
            return Ok(None);
        }
        let stores = self.transaction(key);
        let stores = stores.call_scale(Address::SYSTEM, "deploy", wasm.to_vec().encode());
        let stores = match gas {
            Some(gas) => stores.gas_limit(gas),
            None => stores,
        };
        let deployed = match stores.submit(Wait::Final).await {
            Ok(submission) => {
                let usable = submission.receipt.as_ref().map_or(submission.height, |r| r.height);
                self.reach(Height(usable.0)).await?;
                Some(submission)
            }
            Err(error) => match error.refusal() {
                // Somebody else was faster.
                Some(RpcError::CodeExists { .. }) => None,
                _ => return Err(error),
            },
        };
        self.await_compiler(self.code_ready(code).await?.unwrap_or_default()).await?;
        Ok(deployed)
    }

    /// First block time at which stored code can be used; none when it is not stored.
    pub(crate) async fn code_ready(&self, code: Hash) -> Result<Option<u64>, ClientError> {
        let record = self.query(Address::SYSTEM, "code", json!([code.to_string()])).await?;
        if record.is_null() {
            return Ok(None);
        }
        let ready = record.get("ready").and_then(Value::as_str).and_then(|ms| ms.parse().ok());
        let malformed = || ClientError::Malformed(format!("record of code {code}: {record}"));
        ready.map(Some).ok_or_else(malformed)
    }

    /// Waits until a block time, at which code is compiled, by the node's clock: an idle chain makes
    /// no block.
    async fn await_compiler(&self, ready: u64) -> Result<(), ClientError> {
        let left = ready.saturating_sub(self.status().await?.now.0);
        tokio::time::sleep(Duration::from_millis(left)).await;
        Ok(())
    }
}

/// The gas limit of the transaction that stores the module of a rehearsal; none when it stored none.
pub(crate) fn storing_gas(answer: &SimulationAnswer) -> Option<Gas> {
    let first = answer.trace.first()?;
    let stored = first.contract == Address::SYSTEM.into()
        && first.method.as_deref() == Some("deploy")
        && first.error.is_none();
    // The base cost is that of a longer transaction.
    stored.then(|| limit_for(answer.gas_base.0.saturating_add(first.gas_used.0)))
}

/// Refuses what a rehearsal says would be refused.
///
/// Gas that ran out says nothing where the module was stored too: in earnest, that is a transaction
/// of its own.
pub(crate) fn refusal(answer: SimulationAnswer) -> Result<(), ClientError> {
    match &answer.result {
        ExecutionResult::Failed { call: 1.., error }
            if matches!(error.data, RpcError::OutOfGas { .. }) =>
        {
            Ok(())
        }
        _ => ClientError::tried(answer).map_or(Ok(()), Err),
    }
}

/// Encodes the arguments of the init method.
fn init_arguments(spec: &ContractSpec, init: &Value) -> Result<Vec<u8>, ClientError> {
    let Some(method) = spec.init() else { return Err(RpcError::ModuleSpec.into()) };
    let args = arguments_from_json(spec, method, init, limits::ARGS_BYTES_MAX);
    Ok(args.map_err(RpcError::from)?)
}
