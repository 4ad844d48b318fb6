//! State between two calls of a sequence, as an invariant sees it.

use super::leaf::split;
use crate::{FailureWords, Refusal, TestFailure};
use codec::{Decode, DecodeAll, Encode};
use dure_abi::spec::ContractSpec;
use dure_runtime::{BlockContext, Executor, Fault, StateDelta, StateRead};
use dure_sdk::Invocation;
use dure_types::{Address, ExecutionError, Gas, TimestampMs, domain::selector, limits};
use std::{collections::BTreeMap, fmt, ops::Bound, sync::Arc};

/// The chain as the test set it up, under what a sequence has changed since.
#[derive(Clone)]
pub(super) struct Layered {
    base: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    top: StateDelta,
}

impl Layered {
    pub(super) fn new(base: Arc<BTreeMap<Vec<u8>, Vec<u8>>>) -> Self {
        Self { base, top: StateDelta::new() }
    }

    pub(super) fn apply(&mut self, delta: StateDelta) {
        self.top.extend(delta);
    }
}

impl StateRead for Layered {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(match self.top.get(key) {
            Some(value) => value.clone(),
            None => self.base.get(key).cloned(),
        })
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let mut merged: BTreeMap<&Vec<u8>, Option<&Vec<u8>>> =
            self.base.range::<[u8], _>(bounds).map(|(key, value)| (key, Some(value))).collect();
        for (key, value) in self.top.range::<[u8], _>(bounds) {
            merged.insert(key, value.as_ref());
        }
        let live = merged.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if reverse {
            live.rev().take(limit).map(own).collect()
        } else {
            live.take(limit).map(own).collect()
        })
    }
}

/// A moment of a sequence: what an invariant may look at.
#[derive(Clone)]
pub struct Moment {
    pub(super) executor: Arc<Executor>,
    pub(super) state: Arc<Layered>,
    pub(super) block: BlockContext,
}

impl Moment {
    /// Time of the last block.
    #[must_use]
    pub const fn time(&self) -> TimestampMs {
        self.block.time
    }

    /// Asks with the types of the client, as [`crate::Chain::ask`] does.
    ///
    /// # Errors
    /// [`Refusal`] with the contract's own error, or what else was wrong.
    pub fn ask<T: Decode, E: Decode>(
        &self,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, Refusal<E>> {
        let bytes = self.query_bytes(contract, invocation.input()).map_err(TestFailure::typed)?;
        let mut rest = bytes.as_slice();
        let value = T::decode(&mut rest).ok().filter(|_| rest.is_empty());
        value.ok_or_else(|| Refusal::Other(TestFailure::Output("of another type".into())))
    }

    /// Asks a method by name; `args` is a tuple of its arguments.
    ///
    /// # Errors
    /// [`TestFailure`] when it fails.
    pub fn query<T: DecodeAll>(
        &self,
        contract: Address,
        method: &str,
        args: impl Encode,
    ) -> Result<T, TestFailure> {
        let mut input = selector(method).0.to_vec();
        args.encode_to(&mut input);
        let bytes = self.query_bytes(contract, &input)?;
        T::decode_all(&mut bytes.as_slice()).map_err(|error| TestFailure::Output(error.to_string()))
    }

    /// Reads a value of a contract's storage by the key that it wrote.
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the state cannot be read.
    pub fn storage(&self, contract: Address, key: &[u8]) -> Result<Option<Vec<u8>>, TestFailure> {
        let key = dure_runtime::state::key::of_contract(contract, key);
        self.state.get(&key).map_err(crate::chain::fault)
    }

    fn query_bytes(&self, contract: Address, input: &[u8]) -> Result<Vec<u8>, TestFailure> {
        let state = Arc::clone(&self.state) as Arc<dyn StateRead>;
        let gas = Gas(limits::QUERY_GAS_MAX);
        let asked = self.executor.query(&state, &self.block, contract, input, gas);
        let asked = asked.map_err(crate::chain::fault)?;
        let panic = asked.panic;
        asked.result.map_err(|error| {
            let said = panic.as_ref().map_or_else(String::new, |said| format!(": {said}"));
            let why = format!("{error}{said}");
            TestFailure::Failed { call: 0, error, words: Box::new(FailureWords { why, panic }) }
        })
    }
}

/// A call that was played, for invariants of what one call may do.
#[derive(Clone)]
pub struct Played {
    /// Who called.
    pub by: Address,
    /// The contract.
    pub contract: Address,
    /// Name of the method.
    pub method: String,
    /// SCALE arguments.
    pub args: Vec<u8>,
    /// SCALE output, or why nothing happened.
    pub result: Result<Vec<u8>, ExecutionError>,
    /// What the contract said when it panicked.
    pub panic: Option<String>,
    pub(super) spec: Arc<ContractSpec>,
}

impl Played {
    /// An argument by its name: `call.arg::<Amount>("amount")`.
    ///
    /// # Errors
    /// [`TestFailure::Output`] when the method has no argument of that name, or one of another type.
    pub fn arg<T: DecodeAll>(&self, name: &str) -> Result<T, TestFailure> {
        let wrong = |what: &str| {
            TestFailure::Output(format!("{} has no argument `{name}`{what}", self.method))
        };
        let method = self.spec.method(&self.method).ok_or_else(|| wrong(""))?;
        let at = method.args.iter().position(|arg| arg.name == name).ok_or_else(|| wrong(""))?;
        let types: Vec<u32> = method.args.iter().map(|arg| arg.ty).collect();
        let parts = split(&self.spec.types, &types, &self.args).unwrap_or_default();
        let bytes = parts.get(at).map(Vec::as_slice).unwrap_or_default();
        T::decode_all(&mut &*bytes).map_err(|_| wrong(" of that type"))
    }
}

impl fmt::Debug for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The specification says nothing of this call.
        f.debug_struct("Played")
            .field("by", &self.by)
            .field("contract", &self.contract)
            .field("method", &self.method)
            .field("args", &self.args)
            .field("result", &self.result)
            .field("panic", &self.panic)
            .finish()
    }
}
