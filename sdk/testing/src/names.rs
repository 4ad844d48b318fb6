//! What accounts, contracts and methods are called, for people.

use codec::DecodeAll;
use dure_abi::spec::ContractSpec;
use dure_json::{entry_text, error_text, hex::to_text};
use dure_runtime::{Entered, StateRead, TracedCall, system};
use dure_types::{Address, ExecutionError, Hash, SchemaError, Selector, SystemError};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Locks what a panic of another test cannot have left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names of accounts, and of a scenario's contracts, as the test gave them, and the specifications of contracts.
#[derive(Default)]
pub(crate) struct Names {
    accounts: BTreeMap<Address, String>,
    /// By code hash: code never changes.
    specs: Mutex<BTreeMap<Hash, Arc<ContractSpec>>>,
}

impl Names {
    pub(crate) fn account(&mut self, address: Address, name: &str) {
        self.accounts.insert(address, name.to_owned());
    }

    /// Addresses and names of the accounts.
    pub(crate) const fn accounts(&self) -> &BTreeMap<Address, String> {
        &self.accounts
    }

    /// The specification of a contract.
    pub(crate) fn spec(
        &self,
        state: &dyn StateRead,
        contract: Address,
    ) -> Option<Arc<ContractSpec>> {
        let code = match contract {
            Address::SYSTEM => Hash::ZERO,
            _ => system::contract_record(state, contract).ok().flatten()?.code,
        };
        self.of_code(state, code)
    }

    /// The specification of code; the zero hash stands for the system contract's.
    fn of_code(&self, state: &dyn StateRead, code: Hash) -> Option<Arc<ContractSpec>> {
        let known = lock(&self.specs).get(&code).cloned();
        if known.is_some() {
            return known;
        }
        let spec = match code {
            Hash::ZERO => system::spec_of(state, Address::SYSTEM),
            _ => system::spec_of_code(state, code),
        };
        let spec = Arc::new(spec.ok().flatten()?);
        lock(&self.specs).insert(code, Arc::clone(&spec));
        Some(spec)
    }

    /// That of a contract when it was entered: one whose init method refused is not there.
    fn entered(&self, state: &dyn StateRead, call: &TracedCall) -> Option<Arc<ContractSpec>> {
        let is_contract = call.contract == Address::SYSTEM || call.code != Hash::ZERO;
        is_contract.then(|| self.of_code(state, call.code)).flatten()
    }

    /// Contract and method, `points.transfer`; an init method has no selector.
    pub(crate) fn method(
        &self,
        state: &dyn StateRead,
        contract: Address,
        method: Option<Selector>,
    ) -> String {
        method_of(self.spec(state, contract).as_deref(), contract, method)
    }

    /// Puts the names of fields into what contracts said when they panicked; `last` is the text of
    /// the last one.
    pub(crate) fn put_into_panics(
        &self,
        state: &dyn StateRead,
        trace: &mut [TracedCall],
        last: &mut Option<String>,
    ) {
        for call in trace {
            let Some(said) = &call.panic else { continue };
            let spec = self.entered(state, call);
            let Some(named) = spec.and_then(|spec| spec.with_field_name(said)) else { continue };
            if last.as_ref() == Some(said) {
                *last = Some(named.clone());
            }
            call.panic = Some(named);
        }
    }

    /// Puts the names of accounts in the place of their digits.
    pub(crate) fn put_into(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let named = self.accounts.iter().find(|(address, _)| to_text(&address.0) == *text);
                if let Some((_, name)) = named {
                    *text = format!("@{name}");
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.put_into(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.put_into(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Why a transaction failed: the innermost error that led to it, and the path of calls there.
    pub(crate) fn failure(
        &self,
        state: &dyn StateRead,
        trace: &[TracedCall],
        error: &ExecutionError,
    ) -> String {
        let mut path = Vec::new();
        let mut innermost = None;
        for (index, call) in trace.iter().enumerate() {
            // The last call at each depth is the one that the failure went through.
            let later = trace.get(index + 1..).unwrap_or_default();
            let is_last = !later
                .iter()
                .take_while(|other| other.depth >= call.depth)
                .any(|other| other.depth == call.depth);
            let failed = call.result.as_ref().is_some_and(Result::is_err);
            if is_last && failed && call.depth as usize == path.len() {
                let spec = self.entered(state, call);
                path.push(match (call.entered, &spec) {
                    (Entered::Migrate, Some(spec)) => migration_of(spec),
                    _ => method_of(spec.as_deref(), call.contract, selector(call)),
                });
                innermost = Some((call, spec));
            }
        }
        let Some((call, spec)) = innermost else { return error.to_string() };
        // Of an upgrade, the new code: it knows the entries that it reads.
        let migrated = trace.iter().rev().find(|call| call.entered == Entered::Migrate);
        let offered = migrated.and_then(|call| self.entered(state, call));
        let said = match (&call.panic, &call.result) {
            (Some(panic), _) => format!("panicked: {panic}"),
            (None, Some(Err(error))) => said(spec.as_deref(), offered.as_deref(), error),
            (None, _) => error.to_string(),
        };
        format!("{said} at {}", path.join(" -> "))
    }
}

/// Contract and method, `points.transfer`, by the contract's specification.
fn method_of(spec: Option<&ContractSpec>, contract: Address, method: Option<Selector>) -> String {
    let known = spec.and_then(|spec| match method {
        Some(selector) => spec.method_by_selector(selector),
        None => spec.init(),
    });
    let name = known.map(|known| known.name.clone()).unwrap_or_else(|| {
        method.map_or_else(|| "init".to_owned(), |selector| selector.to_string())
    });
    let contract = spec.map_or_else(|| contract.to_string(), |spec| spec.name.clone());
    format!("{contract}.{name}")
}

/// Contract and migration, `till.from_1`, by the new code's specification.
fn migration_of(spec: &ContractSpec) -> String {
    let migration = spec.history.migrations.first();
    let name = migration.map_or("migrate", |migration| migration.name.as_str());
    format!("{}.{name}", spec.name)
}

/// What the error of a contract says, by its specification; a refused upgrade may name an entry of
/// what is offered.
fn said(
    spec: Option<&ContractSpec>,
    offered: Option<&ContractSpec>,
    error: &ExecutionError,
) -> String {
    let ExecutionError::Contract { contract, error: bytes } = error else {
        return error.to_string();
    };
    if *contract == Address::SYSTEM {
        let refusal = SystemError::decode_all(&mut bytes.as_slice());
        return refusal.map_or_else(|_| error.to_string(), |refusal| named(refusal, offered));
    }
    spec.map_or_else(|| error.to_string(), |spec| error_text(spec, bytes))
}

/// A refusal of the system contract; the entry that a migration left, as its field's new type has it.
fn named(refusal: SystemError, offered: Option<&ContractSpec>) -> String {
    match (refusal, offered) {
        (SystemError::Schema(SchemaError::FieldUnread { id, key, .. }), Some(offered)) => {
            let field = entry_text(offered, id, &key).into_bytes();
            SystemError::Schema(SchemaError::FieldUnread { field, id, key: Vec::new() })
        }
        (refusal, _) => refusal,
    }
    .to_string()
}

/// The method that a traced call entered; none for an init.
fn selector(call: &TracedCall) -> Option<Selector> {
    match (call.entered, call.input.get(..4)) {
        (Entered::Call | Entered::Query, Some(&[a, b, c, d])) => Some(Selector([a, b, c, d])),
        _ => None,
    }
}
