//! Running a transaction again, to see what it did inside.

use super::{
    decode,
    failure::{of_fault, of_runtime},
    reader::Reader,
    spec::{Codes, SpecView},
};
use crate::{handle::Handle, view::Layered};
use codec::Encode;
use dure_abi::spec::{ContractSpec, MethodSpec};
use dure_rpc::{
    RpcError,
    hex::Bytes,
    shape::{CallTrace, EventTrace, TraceAnswer},
};
use dure_runtime::{BlockContext, Entered, Simulation, StateRead, TracedCall, merkle};
use dure_types::{Address, Event, Hash, Outcome, Selector};
use serde_json::Value;
use std::sync::Arc;

/// The calls of a simulation as answers show them.
pub(super) fn calls(specs: &SpecView<'_>, trace: &[TracedCall]) -> Vec<CallTrace> {
    let below = |index: usize| trace.get(index..).unwrap_or_default();
    trace.iter().enumerate().map(|(index, call)| one(specs, call, below(index))).collect()
}

/// The codes of what the first call entered, which its error may be from: others of the
/// transaction may have entered the same contracts with other code, before or after an upgrade.
fn codes(trace: &[TracedCall]) -> Codes {
    let depth = trace.first().map_or(0, |call| call.depth);
    let inner = trace.iter().skip(1).take_while(|call| call.depth > depth);
    let mut codes = Codes::default();
    for call in trace.iter().take(1).chain(inner) {
        if call.code != Hash::ZERO {
            codes.of.insert(call.contract, call.code);
        } else if let (Entered::Call, Some((method, args))) =
            (call.entered, call.input.split_first_chunk::<4>())
        {
            let offered = decode::offered(call.contract, Selector(*method), args);
            codes.offered = offered.or(codes.offered);
        }
    }
    codes
}

/// What was said by the contract that panicked last, as its call shows it.
pub(super) fn last_panic(
    traced: &[TracedCall],
    shown: &[CallTrace],
    said: Option<String>,
) -> Option<String> {
    let calls = traced.iter().zip(shown);
    let named = calls.rev().find(|(call, _)| call.panic == said).map(|(_, call)| call);
    named.map_or(said, |call| call.panic.clone())
}

/// One call; `trace` begins with it.
fn one(specs: &SpecView<'_>, call: &TracedCall, trace: &[TracedCall]) -> CallTrace {
    let spec = spec_of(specs, call);
    let input = call.input.as_slice();
    let find = |by: &dyn Fn(&ContractSpec) -> Option<MethodSpec>| spec.as_deref().and_then(by);
    let (method, args) = match (call.entered, input.split_first_chunk::<4>()) {
        (Entered::Init, _) => (find(&|spec| spec.init().cloned()), input),
        (Entered::Call | Entered::Query, Some((selector, args))) => {
            let selector = Selector(*selector);
            (find(&|spec| spec.method_by_selector(selector).cloned()), args)
        }
        (Entered::Migrate, Some((from, args))) => {
            let from = u32::from_le_bytes(*from);
            (find(&|spec| Some(spec.history.migration(from)?.as_method())), args)
        }
        (Entered::Call | Entered::Query | Entered::Migrate, None) => (None, input),
    };
    let known = spec.as_ref().zip(method.as_ref());
    let shown = known.and_then(|(spec, method)| specs.budget.arguments(spec, method, args).ok());
    let (value, error) = match &call.result {
        Some(Ok(output)) => (
            known.and_then(|(spec, method)| {
                specs.budget.value(spec, method.returns, output, &method.name).ok()
            }),
            None,
        ),
        Some(Err(error)) => {
            let errors = specs.errors_with(codes(trace));
            (None, Some(RpcError::of_execution(error, &errors).into()))
        }
        None => (None, Some(RpcError::ExecutionPanicked.into())),
    };
    CallTrace {
        depth: call.depth,
        contract: call.contract.into(),
        contract_name: spec.as_ref().map(|spec| spec.name.clone()),
        caller: call.caller.into(),
        method: method.as_ref().map(|method| method.name.clone()),
        args: shown.unwrap_or(Value::Null),
        gas_used: call.gas_used.into(),
        value: value.unwrap_or(Value::Null),
        error,
        panic: call.panic.as_deref().map(|said| {
            let named = spec.as_ref().and_then(|spec| spec.with_field_name(said));
            named.unwrap_or_else(|| said.to_owned())
        }),
        events: call.events.iter().map(|event| emitted(specs, spec.as_deref(), event)).collect(),
    }
}

/// The specification by which a call was answered; none of an address that is no contract.
fn spec_of(specs: &SpecView<'_>, call: &TracedCall) -> Option<Arc<ContractSpec>> {
    let is_contract = call.contract == Address::SYSTEM || call.code != Hash::ZERO;
    is_contract.then(|| specs.of_code(call.code).ok().flatten()).flatten()
}

/// An event of a contract that has this specification.
fn emitted(specs: &SpecView<'_>, spec: Option<&ContractSpec>, event: &Event) -> EventTrace {
    let known = spec.and_then(|spec| Some((spec, spec.event_by_topic(event.topic)?)));
    let fields = known.and_then(|(spec, known)| specs.budget.event(spec, known, &event.data).ok());
    EventTrace {
        topic: event.topic.into(),
        name: known.map(|(_, known)| known.name.clone()),
        fields: fields.unwrap_or(Value::Null),
        data: Bytes(event.data.clone()),
    }
}

/// Runs a transaction of a block again, after those before it in the block.
///
/// What contracts see is the same as then but for the quotas of accounts, which are not replayed.
pub(super) fn of_transaction(
    reader: &Reader<'_>,
    handle: &Handle,
    id: Hash,
) -> Result<TraceAnswer, RpcError> {
    let located = reader.view.receipt(id).map_err(of_fault)?;
    let located = located.ok_or(RpcError::UnknownTransaction { id: id.into() })?;
    if let Outcome::Skipped(reason) = &located.outcome {
        return Err(RpcError::Skipped { reason: reason.to_string() });
    }
    let height = located.height;
    let state = reader.view.state_before(height).map_err(of_fault)?;
    let state = state.ok_or_else(|| {
        let oldest = handle.chain.undo.oldest().unwrap_or(reader.view.height());
        RpcError::StateGone { height: height.into(), oldest: oldest.into() }
    })?;
    let header = reader.view.header(height).map_err(of_fault)?;
    let header = header.ok_or_else(|| RpcError::UnknownBlock { block: height.to_string() })?;
    let block = BlockContext { chain: handle.chain(), height, time: header.time };
    let outcomes = reader.view.block_outcomes(height).map_err(of_fault)?;
    let transactions = reader.view.block_transactions(height).map_err(of_fault)?;
    let mut past = Arc::new(Layered::over(state));
    for (index, (transaction, (_, outcome))) in transactions.iter().zip(&outcomes).enumerate() {
        if matches!(outcome, Outcome::Skipped(_)) {
            continue;
        }
        let before = Arc::clone(&past) as Arc<dyn StateRead>;
        let ran = handle.executor().simulate(&before, &block, &transaction.body);
        let ran = ran.map_err(of_runtime)?;
        if index == located.index as usize {
            let specs = reader.specs.at(before.as_ref());
            return Ok(TraceAnswer {
                transaction: id.into(),
                height: height.into(),
                index: located.index,
                gas_used: ran.gas_used.into(),
                gas_base: ran.gas_base.into(),
                exact: is_exact(&ran, outcome),
                trace: calls(&specs, &ran.trace),
                debug: ran.debug,
            });
        }
        // Nobody else holds it any more, so this copies nothing.
        drop(before);
        Arc::make_mut(&mut past).write(ran.delta);
    }
    Err(RpcError::UnknownTransaction { id: id.into() })
}

fn is_exact(ran: &Simulation, outcome: &Outcome) -> bool {
    let Outcome::Receipt(receipt) = outcome else { return false };
    ran.outputs == receipt.result
        && ran.gas_used == receipt.gas_used
        && merkle::root(ran.events.iter().map(Encode::encode)) == receipt.events_root
}
