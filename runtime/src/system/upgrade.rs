//! Changing the code of a contract that lives.
//!
//! Only its upgrader can: at first whoever created it, later whom that one named, nobody once it
//! named nobody. The code must have been stored in an earlier block, so that every node has it
//! compiled, and must be able to take over what is stored (`schema::plan`). The record is changed,
//! then the migration runs in the same call, and what it left of fields that changed is read by
//! their new types; when either fails, everything is as before.
//!
//! **From when on.** Every call that begins after `upgrade` returned runs the new code, in the same
//! transaction too. No call of the contract can be under way meanwhile: a contract that is on the
//! call stack is not upgraded.

use super::{
    method::{Answer, Refusal, Run},
    record::{ContractRecord, overlay_contract, overlay_write},
};
use crate::{
    schema::{self, Entries, Plan, TooManySteps},
    state::{
        key::{self, SystemField},
        read::Fault,
    },
    vm::{EntryKind, Request, enter as enter_contract, gas, stored_spec},
};
use codec::Encode;
use dure_abi::spec::{ContractSpec, FieldSpec};
use dure_types::{Address, ExecutionError, Hash, SchemaError, SystemError, limits};
use std::ops::ControlFlow;

impl Run {
    pub(super) fn upgrade(&mut self, contract: Address, code: Hash, args: Vec<u8>) -> Answer {
        self.charge(gas::UPGRADE)?;
        let mut record = self.upgradable(contract)?;
        if self.env()?.stack.contains(&contract) {
            return Err(Refusal::Other(ExecutionError::Reentrant { contract }));
        }
        if record.code == code {
            return Err(SystemError::SameCode { contract, code }.into());
        }
        self.usable(code)?;
        let (stored, offered) = (self.spec(record.code)?, self.spec(code)?);
        let plan = self.plan(&stored, &offered)?;
        if plan.migrate_from.is_none() && !args.is_empty() {
            let error = SchemaError::NothingToMigrate { version: stored.history.version };
            return Err(SystemError::Schema(error).into());
        }
        let previous = std::mem::replace(&mut record.code, code);
        self.write_record(contract, &record)?;
        let (from, to) = (stored.history.version, offered.history.version);
        self.event("Upgraded", (contract, code, previous, from, to).encode())?;
        if let Some(from) = plan.migrate_from {
            self.migrate(contract, from, &args)?;
            self.read_anew(contract, &offered, &plan.changed)?;
        }
        Ok(Vec::new())
    }

    pub(super) fn set_upgrader(&mut self, contract: Address, upgrader: Option<Address>) -> Answer {
        let mut record = self.upgradable(contract)?;
        record.upgrader = upgrader;
        self.write_record(contract, &record)?;
        self.event("UpgraderChanged", (contract, upgrader).encode())?;
        Ok(Vec::new())
    }

    /// The record of a contract that the caller may upgrade.
    fn upgradable(&mut self, contract: Address) -> Result<ContractRecord, Refusal> {
        self.charge(gas::STORAGE_READ)?;
        let record = overlay_contract(&mut self.env()?.overlay, contract)?;
        let unknown = Refusal::Other(ExecutionError::UnknownContract { contract });
        let record = record.ok_or(unknown)?;
        match record.upgrader {
            None => Err(SystemError::Frozen { contract }.into()),
            Some(upgrader) if upgrader != self.request.caller => {
                Err(SystemError::NotUpgrader { contract, upgrader }.into())
            }
            Some(_) => Ok(record),
        }
    }

    fn write_record(&mut self, contract: Address, record: &ContractRecord) -> Result<(), Refusal> {
        self.charge(gas::STORAGE_WRITE)?;
        let overlay = &mut self.env()?.overlay;
        overlay_write(overlay, SystemField::Contract, &[&contract.0], record);
        Ok(())
    }

    /// Reads the spec of stored code.
    fn spec(&mut self, code: Hash) -> Result<ContractSpec, Refusal> {
        self.charge(gas::STORAGE_READ)?;
        let bytes = self.env()?.overlay.get(&key::code(code))?;
        let bytes = bytes.ok_or_else(|| Fault::Corrupt(format!("no code {code}")))?;
        let read = (bytes.len() as u64).saturating_mul(gas::COPY_BYTE);
        let (spec, length) = stored_spec(bytes)
            .map_err(|error| Fault::Corrupt(format!("stored code {code}: {error}")))?;
        self.charge(read.saturating_add((length as u64).saturating_mul(gas::SPEC_BYTE)))?;
        Ok(spec)
    }

    /// Judges the upgrade in as many steps as the gas pays for.
    fn plan(&mut self, stored: &ContractSpec, offered: &ContractSpec) -> Result<Plan, Refusal> {
        let paid = self.gas.checked_div(gas::SCHEMA_STEP).unwrap_or(0);
        let limit = limits::SCHEMA_STEPS_MAX;
        match schema::plan(stored, offered, limit.min(paid)) {
            Ok(Ok(plan)) => {
                self.charge(plan.steps.saturating_mul(gas::SCHEMA_STEP))?;
                Ok(plan)
            }
            Ok(Err(error)) => Err(SystemError::Schema(error).into()),
            Err(TooManySteps) if paid < limit => Err(Refusal::OutOfGas),
            Err(TooManySteps) => Err(SystemError::Schema(SchemaError::TooLarge { limit }).into()),
        }
    }

    fn migrate(&mut self, contract: Address, from: u32, args: &[u8]) -> Result<(), Refusal> {
        let mut input = from.to_le_bytes().to_vec();
        input.extend_from_slice(args);
        let request = Request {
            contract,
            caller: self.request.caller,
            kind: EntryKind::Migrate,
            input,
            gas: self.gas,
            read_only: false,
        };
        let env = self.env.take().ok_or_else(|| Fault::Vm("the state is lost".into()))?;
        let (env, done) = enter_contract(env, request);
        self.env = env;
        let done = done?;
        self.gas = done.gas_left;
        done.result.map(drop).map_err(Refusal::Other)
    }
    /// Reads the entries of fields that changed by their new types: one that the migration left
    /// behind would end every later call that reads it.
    fn read_anew(
        &mut self,
        contract: Address,
        offered: &ContractSpec,
        changed: &[u16],
    ) -> Result<(), Refusal> {
        for field in offered.storage.iter().filter(|field| changed.contains(&field.id)) {
            self.charge(gas::STORAGE_READ)?;
            let start = key::of_contract(contract, &field.id.to_be_bytes());
            let Some(end) = key::after_prefix(&start) else { continue };
            let mut gas = self.gas;
            let done = self.env()?.overlay.visit(&start, &end, |key, value| {
                let key = key.get(start.len()..).unwrap_or_default();
                match read_entry(offered, field, key, value, gas) {
                    Ok(left) => {
                        gas = left;
                        ControlFlow::Continue(())
                    }
                    Err(refusal) => ControlFlow::Break(refusal),
                }
            });
            if let ControlFlow::Break(refusal) = done? {
                return Err(refusal);
            }
            self.gas = gas;
        }
        Ok(())
    }
}

/// Reads one entry by the type of its field; returns the gas that is left.
fn read_entry(
    offered: &ContractSpec,
    field: &FieldSpec,
    key: &[u8],
    value: &[u8],
    gas: u64,
) -> Result<u64, Refusal> {
    let bytes = (key.len() as u64).saturating_add(value.len() as u64);
    let cost = gas::SCAN_ENTRY.saturating_add(bytes.saturating_mul(gas::COPY_BYTE));
    let gas = gas.checked_sub(cost).ok_or(Refusal::OutOfGas)?;
    let paid = gas.checked_div(gas::READ_STEP).unwrap_or(0);
    let mut entries = Entries::new(&offered.types, paid);
    match entries.reads(field, key, value) {
        Ok(true) => Ok(gas.saturating_sub(entries.steps().saturating_mul(gas::READ_STEP))),
        Ok(false) => {
            let shown = key.get(..limits::REFUSAL_NAME_BYTES_MAX).unwrap_or(key);
            let (field, id, key) = (field.name.as_bytes().to_vec(), field.id, shown.to_vec());
            Err(SystemError::Schema(SchemaError::FieldUnread { field, id, key }).into())
        }
        Err(TooManySteps) => Err(Refusal::OutOfGas),
    }
}
