//! Giving a contract new code, and trying it first.

use crate::{Client, ClientError, Key, RpcError, Submission, Wait};
use codec::{Decode, Encode};
use dure_abi::spec::ContractSpec;
use dure_rpc::{
    json::{arguments_from_json, entry_text, error_text, return_to_json},
    shape::{CallRequest, ExecutionResult, OneOrMany, SimulateRequest, SimulationAnswer},
};
use dure_types::{Address, Hash, Height, domain::blake3_hash, limits};
use serde_json::Value;

/// What [`Client::upgrade`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Upgraded {
    /// BLAKE3 of the module: its name on chain.
    pub code: Hash,
    /// The transaction that stored the code; none when it was stored already.
    pub deployed: Option<Submission>,
    /// The transaction that gave it to the contract.
    pub upgraded: Submission,
}

/// What an upgrade would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// BLAKE3 of the module.
    pub code: Hash,
    /// Specification of the code that runs.
    pub stored: ContractSpec,
    /// Specification of the module.
    pub offered: ContractSpec,
    /// What the upgrade would do to live state.
    pub answer: SimulationAnswer,
}

impl Client {
    /// Stores a module unless it is stored already, and gives it to a contract.
    ///
    /// Two transactions, since code can be used when the nodes have compiled it; and a rehearsal
    /// before them, so that nothing is stored for an upgrade that is refused. `migrate` are the
    /// arguments of the migration that runs, an object by name or a list by position; an empty
    /// object when none runs.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with what the node, the system contract or the migration refused.
    pub async fn upgrade(
        &self,
        key: &Key,
        contract: Address,
        wasm: &[u8],
        migrate: &Value,
    ) -> Result<Upgraded, ClientError> {
        let rehearsal = self.rehearse_upgrade(key.address(), contract, wasm, migrate).await?;
        if let Some(error) = refusal(&rehearsal.answer.result) {
            return Err(error.clone().into());
        }
        let Rehearsal { code, stored, offered, .. } = rehearsal;
        let args = migration_arguments(&stored, &offered, migrate)?;
        let deployed = self.store(key, code, wasm).await?;
        let upgraded = self
            .transaction(key)
            .call_scale(Address::SYSTEM, "upgrade", (contract, code, args).encode())
            .submit(Wait::Final)
            .await
            .map_err(|error| match error {
                ClientError::Refused(error) => read_by(&offered, contract, *error).into(),
                other => other,
            })?;
        self.reach(Height(upgraded.height.0)).await?;
        self.forget_spec(contract);
        Ok(Upgraded { code, deployed, upgraded })
    }

    /// Tries an upgrade on a copy of live state; nothing is stored and nothing changes.
    ///
    /// # Errors
    /// [`ClientError`]; that the upgrade would be refused is in the answer.
    pub async fn rehearse_upgrade(
        &self,
        account: Address,
        contract: Address,
        wasm: &[u8],
        migrate: &Value,
    ) -> Result<Rehearsal, ClientError> {
        let code = blake3_hash(wasm);
        let (stored, offered) = self.specs(account, contract, wasm).await?;
        let args = migration_arguments(&stored, &offered, migrate)?;
        let known = self.query(Address::SYSTEM, "code", serde_json::json!([code.to_string()]));
        let system = |method: &str, args: Vec<u8>| CallRequest {
            contract: Address::SYSTEM.into(),
            method: method.to_owned(),
            args: Value::String(dure_rpc::hex::to_text(&args)),
        };
        let mut calls = Vec::new();
        if known.await?.is_null() {
            calls.push(system("deploy", wasm.to_vec().encode()));
        }
        calls.push(system("upgrade", (contract, code, args).encode()));
        let request = SimulateRequest {
            account: account.into(),
            calls: OneOrMany::Many(calls),
            gas_limit: None,
            sponsor: None,
            rehearse: true,
        };
        let mut answer = self.simulate(request).await?;
        if let ExecutionResult::Failed { error, .. } = &mut answer.result {
            *error = read_by(&offered, contract, error.data.clone()).into();
        }
        Ok(Rehearsal { code, stored, offered, answer })
    }

    /// The specification of the contract as it is, and that of the module.
    ///
    /// Whom the contract does not let upgrade it, and who gives it the code that it has, is told
    /// that, not what else is wrong: the chain's own order.
    async fn specs(
        &self,
        account: Address,
        contract: Address,
        wasm: &[u8],
    ) -> Result<(ContractSpec, ContractSpec), ClientError> {
        let offered = crate::module::spec(wasm)?;
        // Read anew: another upgrade may have changed what this client remembers.
        let answer = self.contract(contract).await?;
        let (contract, code) = (contract.into(), blake3_hash(wasm).into());
        match answer.contract.upgrader {
            None => return Err(RpcError::Frozen { contract }.into()),
            Some(upgrader) if upgrader != account.into() => {
                return Err(RpcError::NotUpgrader { contract, upgrader }.into());
            }
            Some(_) if answer.contract.code == code => {
                return Err(RpcError::SameCode { contract, code }.into());
            }
            Some(_) => {}
        }
        let stored = ContractSpec::decode(&mut answer.scale.0.as_slice())
            .map_err(|error| ClientError::Malformed(format!("specification: {error}")))?;
        Ok((stored, offered))
    }
}

/// Why a rehearsal says that the upgrade would not be done.
///
/// Gas that ran out says nothing where the module was stored too: in earnest, that is a transaction
/// of its own.
fn refusal(result: &ExecutionResult) -> Option<&RpcError> {
    match result {
        ExecutionResult::Succeeded { .. } => None,
        ExecutionResult::Failed { call: 1.., error }
            if matches!(error.data, RpcError::OutOfGas { .. }) =>
        {
            None
        }
        ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } => {
            Some(&error.data)
        }
    }
}

/// Reads what a migration refused with, an error of the new code, and the key of an entry that it
/// left. The node reads them by the code that it has, the old one since nothing was upgraded.
fn read_by(offered: &ContractSpec, upgraded: Address, error: RpcError) -> RpcError {
    match error {
        RpcError::ContractRefused { contract, error, .. } if contract == upgraded.into() => {
            let decoded =
                offered.error.and_then(|ty| return_to_json(offered, ty, &error.0, "error").ok());
            let (decoded, text) = (decoded.unwrap_or_default(), error_text(offered, &error.0));
            RpcError::ContractRefused { contract, error, decoded, text }
        }
        RpcError::FieldUnread { field, id, key, .. } => {
            let entry = entry_text(offered, id, &key.0);
            RpcError::FieldUnread { field, id, key, entry }
        }
        other => other,
    }
}

/// Encodes the arguments of the migration that would run.
fn migration_arguments(
    stored: &ContractSpec,
    offered: &ContractSpec,
    migrate: &Value,
) -> Result<Vec<u8>, ClientError> {
    let (from, to) = (stored.history.version, offered.history.version);
    if to <= from {
        let nothing = match migrate {
            Value::Null => true,
            Value::Object(object) => object.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        // That the version falls is for the chain to refuse.
        return if nothing {
            Ok(Vec::new())
        } else {
            Err(RpcError::NothingToMigrate { version: from }.into())
        };
    }
    let Some(migration) = offered.history.migration(from) else {
        return Err(RpcError::NoMigration { stored: from, offered: to }.into());
    };
    let method = migration.as_method();
    let args = arguments_from_json(offered, &method, migrate, limits::ARGS_BYTES_MAX);
    Ok(args.map_err(RpcError::from)?)
}
