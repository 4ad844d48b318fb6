//! Specifications of contracts, read once from their code and kept.

use super::upgrades::{Replaced, Upgrades};
use crate::view::View;
use codec::Decode;
use dure_abi::spec::{ContractSpec, MethodKind};
use dure_rpc::{
    Place, RefusedCall, RpcError,
    json::{Budget, JSON_BYTES_MAX, arguments_from_json, entry_text},
    shape::CallRequest,
};
use dure_runtime::{Fault, StateRead, system, vm};
use dure_types::{Address, Call, Gas, Hash, Selector, domain, limits};
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
    upgrades: Mutex<Upgrades>,
}

/// The specifications as one snapshot of state needs them.
pub(super) struct SpecView<'a> {
    specs: &'a Specs,
    state: &'a dyn StateRead,
    /// Codes that contracts had before the state's.
    replaced: Arc<Replaced>,
    /// Those of code that only this answer knows: strangers offer it, so nothing keeps them.
    learned: BTreeMap<Hash, Arc<ContractSpec>>,
    /// Memory for the decoded values of the one answer that the view is for.
    pub(super) budget: Budget,
    /// The same for values that a filter looks at and drops: it bounds the work.
    pub(super) looked_at: Budget,
}

impl Specs {
    /// Those of what is now, by a state.
    pub(super) fn at<'a>(&'a self, state: &'a dyn StateRead) -> SpecView<'a> {
        let (budget, looked_at) = (Budget::new(ANSWER_BYTES), Budget::new(ANSWER_BYTES));
        let (learned, replaced) = (BTreeMap::new(), Arc::default());
        SpecView { specs: self, state, replaced, learned, budget, looked_at }
    }

    /// Those of all that ever happened.
    pub(super) fn of<'a>(&'a self, view: &'a View) -> Result<SpecView<'a>, RpcError> {
        let mut upgrades = self.upgrades.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = upgrades.up_to(view).map_err(super::failure::of_fault)?;
        Ok(SpecView { replaced, ..self.at(view.state().as_ref()) })
    }
}

impl SpecView<'_> {
    /// The specification of a contract; none when there is no contract.
    pub(super) fn find(&self, contract: Address) -> Result<Option<Arc<ContractSpec>>, Fault> {
        let code = match contract {
            Address::SYSTEM => Hash::ZERO,
            _ => match system::contract_record(self.state, contract)? {
                Some(record) => record.code,
                None => return Ok(None),
            },
        };
        self.of_code(code)
    }

    /// The specification by which a contract acted at a place. What cannot be read decorates
    /// nothing.
    pub(super) fn find_at(&self, contract: Address, place: Place) -> Option<Arc<ContractSpec>> {
        let replaced = self.replaced.get(&contract);
        let code = replaced.and_then(|codes| codes.range(place..).next()).map(|(_, code)| *code);
        let found = code.map_or_else(|| self.find(contract), |code| self.of_code(code));
        found.ok().flatten()
    }

    /// The specification of stored code; none when it is not stored. The system contract has no
    /// code: the zero hash stands for this release's own.
    pub(super) fn of_code(&self, code: Hash) -> Result<Option<Arc<ContractSpec>>, Fault> {
        if let Some(spec) = self.learned.get(&code) {
            return Ok(Some(Arc::clone(spec)));
        }
        let known = self.specs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spec) = known.get(&code) {
            return Ok(Some(Arc::clone(spec)));
        }
        drop(known);
        let spec = match code {
            Hash::ZERO => system::spec_of(self.state, Address::SYSTEM)?,
            _ => system::spec_of_code(self.state, code)?,
        };
        let Some(spec) = spec.map(Arc::new) else { return Ok(None) };
        let mut known = self.specs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(code, Arc::clone(&spec));
        Ok(Some(spec))
    }

    /// Learns the specifications of modules that calls store: a rehearsal enters code that the
    /// state does not have.
    pub(super) fn learn(&mut self, calls: &[Call]) {
        for call in calls {
            if call.contract == Address::SYSTEM
                && call.method == domain::selector("deploy")
                && let Ok(module) = Vec::<u8>::decode(&mut call.args.as_slice())
                && let Ok(valid) = vm::validate(&module)
            {
                self.learned.insert(domain::blake3_hash(&module), Arc::new(valid.spec));
            }
        }
    }

    /// Gas of a transaction of this length before its first call; none when the state cannot tell.
    pub(super) fn base_gas(&self, length: usize) -> Option<Gas> {
        let parameters = system::parameters(self.state).ok()?;
        Some(dure_runtime::base_gas(&parameters, length))
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
    /// A method is looked up by name, or by selector; only those of `kind` can be reached. `index`
    /// is the request's place among those that were asked at once.
    pub(super) fn call(
        &self,
        index: usize,
        request: &CallRequest,
        kind: MethodKind,
    ) -> Result<Call, RpcError> {
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
            let call = u32::try_from(index).unwrap_or(u32::MAX);
            return Err(RpcError::ArgumentsTooLong { call, length, limit });
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

    /// What reads errors by the state.
    pub(super) fn errors(&self) -> Errors<'_> {
        self.errors_with(Codes::default())
    }

    /// What reads the errors of a transaction in which contracts had these codes.
    pub(super) const fn errors_with(&self, codes: Codes) -> Errors<'_> {
        Errors { specs: self, codes }
    }
}

/// Codes that only the transaction tells, not the state.
#[derive(Default)]
pub(super) struct Codes {
    /// Those of contracts that it entered, made or upgraded.
    pub(super) of: BTreeMap<Address, Hash>,
    /// The one that an upgrade offered that may have been refused.
    pub(super) offered: Option<Hash>,
    /// Where the transaction stands; none when it does not stand yet.
    pub(super) place: Option<Place>,
}

/// Reads errors of contracts by their specifications.
///
/// A transaction that failed has made no contract and upgraded none, so the state does not say by
/// which code to read what its `init` or migration refused with: `codes` does.
pub(super) struct Errors<'a> {
    specs: &'a SpecView<'a>,
    codes: Codes,
}

impl Errors<'_> {
    /// What only decorates an answer: a contract that cannot be read has none.
    fn spec(&self, contract: Address) -> Option<Arc<ContractSpec>> {
        match (self.codes.of.get(&contract), self.codes.place) {
            (Some(code), _) => self.specs.of_code(*code).ok().flatten(),
            (None, Some(place)) => self.specs.find_at(contract, place),
            (None, None) => self.specs.find(contract).ok().flatten(),
        }
    }
}

impl RefusedCall for Errors<'_> {
    fn error_to_json(&self, contract: Address, error: &[u8]) -> Value {
        let Some(spec) = self.spec(contract) else { return Value::Null };
        let Some(ty) = spec.error else { return Value::Null };
        self.specs.budget.value(&spec, ty, error, "error").unwrap_or(Value::Null)
    }

    fn error_to_text(&self, contract: Address, error: &[u8]) -> String {
        let spec = self.spec(contract);
        let raw = || dure_rpc::hex::to_text(error);
        spec.map_or_else(raw, |spec| self.specs.budget.error_text(&spec, error))
    }

    fn method_name(&self, contract: Address, method: Selector) -> String {
        let spec = self.spec(contract);
        let known = spec.as_ref().and_then(|spec| spec.method_by_selector(method));
        known.map_or_else(|| method.to_string(), |method| method.name.clone())
    }

    fn methods(&self, contract: Address) -> Vec<String> {
        let spec = self.spec(contract);
        let mut known = Vec::new();
        for method in spec.iter().flat_map(|spec| &spec.methods) {
            if !self.specs.budget.take(NAME_BYTES + method.name.len()) {
                known.push("...".to_owned());
                break;
            }
            known.push(method.name.clone());
        }
        known
    }

    fn entry_name(&self, field: u16, key: &[u8]) -> Option<String> {
        let spec = self.specs.of_code(self.codes.offered?).ok().flatten()?;
        Some(entry_text(&spec, field, key))
    }
}
