//! What accounts, contracts and methods are called, for people.

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
    /// In an upgrade, whose new code it is and what that offers: its migration speaks for itself.
    pub(crate) offered: Option<(Address, ContractSpec)>,
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
        let known = lock(&self.specs).get(&code).cloned();
        if known.is_some() {
            return known;
        }
        let spec = Arc::new(system::spec_of(state, contract).ok().flatten()?);
        lock(&self.specs).insert(code, Arc::clone(&spec));
        Some(spec)
    }

    /// Contract and method, `points.transfer`; an init method has no selector.
    pub(crate) fn method(
        &self,
        state: &dyn StateRead,
        contract: Address,
        method: Option<Selector>,
    ) -> String {
        let spec = self.spec(state, contract);
        let known = spec.as_ref().and_then(|spec| match method {
            Some(selector) => spec.method_by_selector(selector),
            None => spec.init(),
        });
        let name = known.map(|known| known.name.clone()).unwrap_or_else(|| {
            method.map_or_else(|| "init".to_owned(), |selector| selector.to_string())
        });
        let contract = spec.as_ref().map_or_else(|| contract.to_string(), |spec| spec.name.clone());
        format!("{contract}.{name}")
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
            let spec = self.spec(state, call.contract);
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

    /// What an error says, with the names of its contract.
    fn error(&self, state: &dyn StateRead, error: &ExecutionError) -> String {
        self.refusal(state, error).map_or_else(|| error.to_string(), String::from)
    }

    /// What a contract refused with, by its specification; the system contract in words.
    pub(crate) fn refusal(
        &self,
        state: &dyn StateRead,
        error: &ExecutionError,
    ) -> Option<Box<str>> {
        let ExecutionError::Contract { contract, error: bytes } = error else { return None };
        if *contract == Address::SYSTEM {
            let refusal = codec::DecodeAll::decode_all(&mut bytes.as_slice()).ok()?;
            return Some(self.named(refusal).to_string().into());
        }
        match &self.offered {
            Some((upgraded, offered)) if upgraded == contract => {
                Some(error_text(offered, bytes).into())
            }
            _ => self.spec(state, *contract).map(|spec| error_text(&spec, bytes).into()),
        }
    }

    /// Names the entry that a migration left as its field's new type has it.
    fn named(&self, refusal: SystemError) -> SystemError {
        match (refusal, &self.offered) {
            (SystemError::Schema(SchemaError::FieldUnread { id, key, .. }), Some((_, offered))) => {
                let field = entry_text(offered, id, &key).into_bytes();
                SystemError::Schema(SchemaError::FieldUnread { field, id, key: Vec::new() })
            }
            (refusal, _) => refusal,
        }
    }

    /// Contract and method that a traced call entered.
    fn entered(&self, state: &dyn StateRead, call: &TracedCall) -> String {
        match (call.entered, &self.offered) {
            (Entered::Migrate, Some((_, offered))) => {
                let migration = offered.history.migrations.first();
                let name = migration.map_or("migrate", |migration| migration.name.as_str());
                format!("{}.{name}", offered.name)
            }
            _ => self.method(state, call.contract, selector(call)),
        }
    }

    /// Why a transaction failed: the innermost error that led to it, and the path of calls there.
    pub(crate) fn failure(&self, state: &dyn StateRead, trace: &[TracedCall]) -> String {
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
                path.push(self.entered(state, call));
                innermost = Some(call);
            }
        }
        let Some(call) = innermost else { return String::new() };
        let said = match (&call.panic, &call.result) {
            (Some(panic), _) => format!("panicked: {panic}"),
            (None, Some(Err(error))) => self.error(state, error),
            (None, _) => String::new(),
        };
        format!("{said} at {}", path.join(" -> "))
    }
}

/// The method that a traced call entered; none for an init.
fn selector(call: &TracedCall) -> Option<Selector> {
    match (call.entered, call.input.get(..4)) {
        (Entered::Call | Entered::Query, Some(&[a, b, c, d])) => Some(Selector([a, b, c, d])),
        _ => None,
    }
}
