//! Deploying a module and instantiating a contract of it.

use crate::{Client, ClientError, Key, RpcError, Submission, Wait};
use codec::Encode;
use dure_abi::spec::ContractSpec;
use dure_rpc::json::arguments_from_json;
use dure_types::{Address, Hash, Height, address, domain::blake3_hash, limits};
use serde_json::{Value, json};

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
    /// Two transactions: code can be used from the block after the one that stored it. `init` are
    /// the arguments of the module's init method, an object by name or a list by position.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with what the node or the system contract refused.
    pub async fn deploy(
        &self,
        key: &Key,
        wasm: &[u8],
        init: &Value,
        salt: &[u8],
    ) -> Result<Deployment, ClientError> {
        let code = blake3_hash(wasm);
        let init = init_arguments(&crate::module::spec(wasm)?, init)?;
        let deployed = self.store(key, code, wasm).await?;
        let instantiated = self.make(key, code, init, salt).await?;
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

    /// Stores a module, and waits until it can be used.
    pub(crate) async fn store(
        &self,
        key: &Key,
        code: Hash,
        wasm: &[u8],
    ) -> Result<Option<Submission>, ClientError> {
        let asked = json!([code.to_string()]);
        let stored = self.query(Address::SYSTEM, "code", asked).await?;
        if !stored.is_null() {
            return Ok(None);
        }
        let submitted = self
            .transaction(key)
            .call_scale(Address::SYSTEM, "deploy", wasm.to_vec().encode())
            .submit(Wait::Final)
            .await;
        match submitted {
            Ok(submission) => {
                let usable = submission.receipt.as_ref().map_or(submission.height, |r| r.height);
                self.reach(Height(usable.0)).await?;
                Ok(Some(submission))
            }
            // Somebody else was faster.
            Err(ClientError::Refused(error)) if matches!(*error, RpcError::CodeExists { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Encodes the arguments of the init method.
fn init_arguments(spec: &ContractSpec, init: &Value) -> Result<Vec<u8>, ClientError> {
    let Some(method) = spec.init() else { return Err(RpcError::ModuleSpec.into()) };
    let args = arguments_from_json(spec, method, init, limits::ARGS_BYTES_MAX);
    Ok(args.map_err(RpcError::from)?)
}
