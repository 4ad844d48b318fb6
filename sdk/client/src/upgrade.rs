//! Giving a contract new code, and trying it first.

use crate::{
    Client, ClientError, Key, RpcError, Submission, Unset, Wait,
    deploy::{refusal, storing_gas},
};
use codec::{Decode, Encode};
use dure_abi::spec::ContractSpec;
use dure_rpc::{
    json::arguments_from_json,
    shape::{ExecutionResult, SimulationAnswer},
};
use dure_types::{Address, Hash, Height, domain::blake3_hash, limits};
use serde_json::Value;

/// What [`Client::upgrade`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Upgraded {
    /// BLAKE3 of the module: its name on chain.
    pub code: Hash,
    /// Specification of the code that ran until then.
    pub stored: ContractSpec,
    /// Specification of the module.
    pub offered: ContractSpec,
    /// The transaction that stored the code; none when it was stored already.
    pub deployed: Option<Submission>,
    /// The transaction that gave it to the contract.
    pub upgraded: Submission,
}

/// What becomes of an upgrade that adds a field of one value and does not set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFields {
    /// It is refused: `Item::get` would end every call that reads the field.
    MustBeSet,
    /// It is done: the code reads the field by `try_get`, or sets it before it reads it.
    MayBeUnset,
}

/// What an upgrade would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// The contract.
    pub contract: Address,
    /// BLAKE3 of the module.
    pub code: Hash,
    /// Specification of the code that runs.
    pub stored: ContractSpec,
    /// Specification of the module.
    pub offered: ContractSpec,
    /// What the upgrade would do to live state.
    pub answer: SimulationAnswer,
}

impl Rehearsal {
    /// Fields of one value that the code adds and that would have none; none of an upgrade that
    /// would fail.
    #[must_use]
    pub fn unset(&self) -> Option<Unset> {
        let ExecutionResult::Succeeded { .. } = self.answer.result else { return None };
        let contract = self.contract.into();
        let own = self.answer.changes.iter().filter(|change| change.contract == contract);
        let changed: Vec<_> = own.filter(|change| change.after.is_some()).collect();
        let is_set = |key: &[u8]| changed.iter().any(|change| change.key.0 == key);
        Unset::find(&self.stored, &self.offered, is_set)
    }

    fn check(&self, fields: NewFields) -> Result<(), ClientError> {
        match self.unset().filter(|_| fields == NewFields::MustBeSet) {
            Some(unset) => Err(ClientError::Unset(unset)),
            None => Ok(()),
        }
    }
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
    /// [`ClientError::Tried`] or [`ClientError::Refused`] with what the node, the system contract or
    /// the migration refused; [`ClientError::Unset`] with fields that would have no value, unless
    /// they may.
    pub async fn upgrade(
        &self,
        key: &Key,
        contract: Address,
        wasm: &[u8],
        migrate: &Value,
        fields: NewFields,
    ) -> Result<Upgraded, ClientError> {
        let rehearsal = self.rehearse_upgrade(key.address(), contract, wasm, migrate).await?;
        rehearsal.check(fields)?;
        let succeeds = matches!(rehearsal.answer.result, ExecutionResult::Succeeded { .. });
        let Rehearsal { code, stored, offered, answer, .. } = rehearsal;
        let gas = storing_gas(&answer);
        refusal(answer)?;
        let args = migration_arguments(&stored, &offered, migrate)?;
        let deployed = self.store(key, code, wasm, gas).await?;
        if !succeeds {
            // Its gas ran out beside that of storing: only now can be seen what it comes to.
            let again = self.rehearse_upgrade(key.address(), contract, wasm, migrate).await?;
            again.check(fields)?;
        }
        let upgraded = self
            .transaction(key)
            .call_scale(Address::SYSTEM, "upgrade", (contract, code, args).encode())
            .submit(Wait::Final)
            .await
            .map_err(|error| error.after(deployed.as_ref()))?;
        self.reach(Height(upgraded.height.0)).await?;
        self.forget_spec(contract);
        Ok(Upgraded { code, stored, offered, deployed, upgraded })
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
        let module = self.code_ready(code).await?.is_none().then_some(wasm);
        let args = (contract, code, args).encode();
        let answer = self.rehearse(account, module, "upgrade", args).await?;
        Ok(Rehearsal { contract, code, stored, offered, answer })
    }

    /// The specification of the contract as it is, and that of the module.
    ///
    /// Whom the contract does not let upgrade it, and who gives it the code that it has or that of
    /// another contract, is told that, not what else is wrong: the chain's own order.
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
            None => return Err(ClientError::unsent(RpcError::Frozen { contract })),
            Some(upgrader) if upgrader != account.into() => {
                return Err(ClientError::unsent(RpcError::NotUpgrader { contract, upgrader }));
            }
            Some(_) if answer.contract.code == code => {
                return Err(ClientError::unsent(RpcError::SameCode { contract, code }));
            }
            Some(_) => {}
        }
        let stored = ContractSpec::decode(&mut answer.scale.0.as_slice())
            .map_err(|error| ClientError::Malformed(format!("specification: {error}")))?;
        if stored.name != offered.name {
            let (stored, offered) = (stored.name, offered.name);
            return Err(ClientError::unsent(RpcError::SchemaForeign { stored, offered }));
        }
        Ok((stored, offered))
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
