//! Specifications of contracts, read once from their code and kept.

use dure_abi::spec::{ContractSpec, MethodKind};
use dure_rpc::{
    RefusedCall, RpcError,
    json::{Budget, JSON_BYTES_MAX, arguments_from_json},
    shape::CallRequest,
};
use dure_runtime::{Fault, StateRead, system};
use dure_types::{Address, Call, Hash, Selector, domain, limits};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Specifications that are kept; past it all are forgotten, which costs reading them again.
const KEPT_MAX: usize = 1_024;

/// Memory that the decoded values of one answer may take; what does not fit is raw bytes only. As
/// much again may be decoded for filters only.
pub(super) const ANSWER_BYTES: usize = 4 * JSON_BYTES_MAX;

/// A name in a list, beyond its letters.
const NAME_BYTES: usize = 64;

/// Specifications by code hash. Code never changes, so an entry is never wrong.
#[derive(Default)]
pub(super) struct Specs {
    known: Mutex<BTreeMap<Hash, Arc<ContractSpec>>>,
}

/// The specifications as one snapshot of state needs them.
pub(super) struct SpecView<'a> {
    specs: &'a Specs,
    state: &'a dyn StateRead,
    /// Memory for the decoded values of the one answer that the view is for.
    pub(super) budget: Budget,
    /// The same for values that a filter looks at and drops: it bounds the work.
    pub(super) looked_at: Budget,
}

impl Specs {
    pub(super) const fn at<'a>(&'a self, state: &'a dyn StateRead) -> SpecView<'a> {
        let (budget, looked_at) = (Budget::new(ANSWER_BYTES), Budget::new(ANSWER_BYTES));
        SpecView { specs: self, state, budget, looked_at }
    }
}

impl SpecView<'_> {
    /// The specification of a contract; none when there is no contract.
    pub(super) fn find(&self, contract: Address) -> Result<Option<Arc<ContractSpec>>, Fault> {
        // The system contract has no code; its zero hash stands for this release's own.
        let code = if contract == Address::SYSTEM {
            Hash::ZERO
        } else {
            match system::contract_record(self.state, contract)? {
                Some(record) => record.code,
                None => return Ok(None),
            }
        };
        let known = self.specs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spec) = known.get(&code) {
            return Ok(Some(Arc::clone(spec)));
        }
        drop(known);
        let Some(spec) = system::spec_of(self.state, contract)?.map(Arc::new) else {
            return Ok(None);
        };
        let mut known = self.specs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(code, Arc::clone(&spec));
        Ok(Some(spec))
    }

    /// Whether any one value more can be looked at and answered: else the page ends, with a next.
    pub(super) fn has_room(&self) -> bool {
        self.budget.has_room() && self.looked_at.has_room()
    }

    /// The same, with the refusal that a caller gets.
    pub(super) fn need(&self, contract: Address) -> Result<Arc<ContractSpec>, RpcError> {
        let spec = self.find(contract).map_err(super::failure::of_runtime)?;
        spec.ok_or(RpcError::UnknownContract { contract: contract.into() })
    }

    /// Turns a caller's request into a call, by the specification.
    ///
    /// A method is looked up by name, or by selector; only those of `kind` can be reached.
    pub(super) fn call(&self, request: &CallRequest, kind: MethodKind) -> Result<Call, RpcError> {
        let contract = request.contract.check("contract")?;
        let spec = self.need(contract)?;
        let selector = dure_rpc::hex::parse::<Selector>(&request.method);
        let method = match selector {
            Ok(selector) => spec.method_by_selector(selector),
            Err(_) => spec.method(&request.method),
        };
        let Some(method) = method.filter(|method| method.kind == kind) else {
            let of_kind = spec.methods.iter().filter(|method| method.kind == kind);
            return Err(RpcError::UnknownMethod {
                contract: contract.into(),
                method: request.method.chars().take(80).collect(),
                known: of_kind.map(|method| method.name.clone()).collect(),
            });
        };
        let limit = if contract == Address::SYSTEM {
            limits::TRANSACTION_BYTES_MAX
        } else {
            limits::ARGS_BYTES_MAX
        };
        let args = match &request.args {
            Value::String(text) => {
                let hex = dure_rpc::hex::Unchecked::<Vec<u8>>::from_text(text.clone());
                hex.check("args")?
            }
            json => arguments_from_json(&spec, method, json, limit)?,
        };
        if args.len() > limit {
            let (length, limit) = (args.len() as u64, limit as u64);
            return Err(RpcError::ArgumentsTooLong { call: 0, length, limit });
        }
        Ok(Call { contract, method: method.selector, args })
    }

    /// The topic of an event that a filter names by name or by topic.
    pub(super) fn topic(
        &self,
        contract: Option<Address>,
        event: &str,
    ) -> Result<Selector, RpcError> {
        if let Ok(topic) = dure_rpc::hex::parse::<Selector>(event) {
            return Ok(topic);
        }
        let argument = "event".to_owned();
        let contract = contract.ok_or(RpcError::FilterNeedsContract { argument })?;
        let spec = self.need(contract)?;
        if spec.events.iter().any(|known| known.name == event) {
            return Ok(domain::selector(event));
        }
        Err(RpcError::UnknownEvent {
            contract: contract.into(),
            event: event.chars().take(80).collect(),
            known: spec.events.iter().map(|known| known.name.clone()).collect(),
        })
    }

    /// What only decorates an answer: a contract that cannot be read has none.
    fn lenient(&self, contract: Address) -> Option<Arc<ContractSpec>> {
        self.find(contract).ok().flatten()
    }
}

impl RefusedCall for SpecView<'_> {
    fn error_to_json(&self, contract: Address, error: &[u8]) -> Value {
        let Some(spec) = self.lenient(contract) else { return Value::Null };
        let Some(ty) = spec.error else { return Value::Null };
        self.budget.value(&spec, ty, error, "error").unwrap_or(Value::Null)
    }

    fn error_to_text(&self, contract: Address, error: &[u8]) -> String {
        let spec = self.lenient(contract);
        let raw = || dure_rpc::hex::to_text(error);
        spec.map_or_else(raw, |spec| self.budget.error_text(&spec, error))
    }

    fn method_name(&self, contract: Address, method: Selector) -> String {
        let spec = self.lenient(contract);
        let known = spec.as_ref().and_then(|spec| spec.method_by_selector(method));
        known.map_or_else(|| method.to_string(), |method| method.name.clone())
    }

    fn methods(&self, contract: Address) -> Vec<String> {
        let spec = self.lenient(contract);
        let mut known = Vec::new();
        for method in spec.iter().flat_map(|spec| &spec.methods) {
            if !self.budget.take(NAME_BYTES + method.name.len()) {
                known.push("...".to_owned());
                break;
            }
            known.push(method.name.clone());
        }
        known
    }
}
