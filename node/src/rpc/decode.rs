//! Outcomes and events as answers show them, decoded by the specifications.

use super::{
    failure::of_fault,
    spec::{Codes, SpecView},
};
use crate::view::{Located, NumberedEvent, View};
use codec::{Decode, Encode};
use dure_rpc::{
    Place, RpcError,
    hex::Bytes,
    shape::{CallOutput, EventItem, ExecutionResult, Number, ReceiptShape},
};
use dure_types::{
    Address, Call, Event, Failure, Hash, Outcome, Selector, Transaction, address, domain::selector,
};
use serde_json::Value;

/// One event.
pub(super) fn event(specs: &SpecView<'_>, place: Place, id: Hash, event: &Event) -> EventItem {
    let spec = specs.find_at(event.contract, place);
    let known = spec.as_ref().and_then(|spec| Some((spec, spec.event_by_topic(event.topic)?)));
    let fields = known.and_then(|(spec, known)| specs.budget.event(spec, known, &event.data).ok());
    EventItem {
        place,
        transaction: id.into(),
        contract: event.contract.into(),
        topic: event.topic.into(),
        name: known.map(|(_, known)| known.name.clone()),
        fields: fields.unwrap_or(Value::Null),
        data: Bytes(event.data.clone()),
    }
}

/// One stored event.
pub(super) fn numbered(specs: &SpecView<'_>, stored: &NumberedEvent) -> EventItem {
    let place = Place::new(stored.height, stored.index);
    event(specs, place, stored.transaction, &stored.event)
}

/// Outputs of the calls of an account, or what stopped them; they were made at a place, unless they
/// are only tried.
pub(super) fn result(
    specs: &SpecView<'_>,
    place: Option<Place>,
    (account, calls): (Address, &[Call]),
    result: &Result<Vec<Vec<u8>>, Failure>,
) -> ExecutionResult {
    match result {
        Ok(outputs) => {
            let decoded = calls.iter().zip(outputs);
            let decoded = decoded.map(|(call, bytes)| output(specs, place, call, bytes));
            ExecutionResult::Succeeded { outputs: decoded.collect() }
        }
        Err(failure) => {
            let ran = calls.iter().take(usize::from(failure.call).saturating_add(1));
            let mut codes = Codes { place, ..Codes::default() };
            for call in ran {
                codes.of.extend(given(account, call));
                codes.offered = offered(call.contract, call.method, &call.args);
            }
            let errors = specs.errors_with(codes);
            let error = RpcError::of_execution(&failure.error, &errors).into();
            ExecutionResult::Failed { call: failure.call, error }
        }
    }
}

/// The contract that a call makes or upgrades, with the code that it gives it.
fn given(account: Address, call: &Call) -> Option<(Address, Hash)> {
    let mut args = call.args.as_slice();
    if call.contract != Address::SYSTEM {
        None
    } else if call.method == selector("instantiate") {
        let (code, salt) = <(Hash, Vec<u8>)>::decode(&mut args).ok()?;
        Some((address::contract(account, &salt), code))
    } else {
        upgrade(call.contract, call.method, args)
    }
}

/// The code that a call offers to a contract.
pub(super) fn offered(contract: Address, method: Selector, args: &[u8]) -> Option<Hash> {
    upgrade(contract, method, args).map(|(_, code)| code)
}

/// The contract and the code of a call that upgrades.
fn upgrade(contract: Address, method: Selector, mut args: &[u8]) -> Option<(Address, Hash)> {
    let upgrades = contract == Address::SYSTEM && method == selector("upgrade");
    upgrades.then(|| <(Address, Hash)>::decode(&mut args).ok()).flatten()
}

fn output(specs: &SpecView<'_>, place: Option<Place>, call: &Call, bytes: &[u8]) -> CallOutput {
    let spec = match place {
        Some(place) => specs.find_at(call.contract, place),
        None => specs.find(call.contract).ok().flatten(),
    };
    let known = spec.as_ref().and_then(|spec| Some((spec, spec.method_by_selector(call.method)?)));
    let value = known.and_then(|(spec, method)| {
        specs.budget.value(spec, method.returns, bytes, &method.name).ok()
    });
    CallOutput {
        contract: call.contract.into(),
        selector: call.method.into(),
        method: known.map(|(_, method)| method.name.clone()),
        output: Bytes(bytes.to_vec()),
        value: value.unwrap_or(Value::Null),
    }
}

/// The receipt of a transaction with its events.
pub(super) fn receipt(
    view: &View,
    specs: &SpecView<'_>,
    located: &Located,
) -> Result<ReceiptShape, RpcError> {
    let (height, index) = (located.height, located.index);
    let transaction = view.transaction(height, index).map_err(of_fault)?;
    let Some(transaction) = transaction else {
        tracing::error!(%height, index, "an outcome has no transaction");
        return Err(RpcError::InternalError);
    };
    let events = view.transaction_events(located).map_err(of_fault)?;
    Ok(shape(specs, located, &transaction, &events))
}

/// The receipt from its parts.
pub(super) fn shape(
    specs: &SpecView<'_>,
    located: &Located,
    transaction: &Transaction,
    events: &[NumberedEvent],
) -> ReceiptShape {
    let nought = Number::default();
    let (result, gas_used, gas_base, gas_charged) = match &located.outcome {
        Outcome::Receipt(receipt) => {
            let body = &transaction.body;
            // Without an event it is not known between which events of its block it stands.
            let first = events.first().map_or(0, |first| first.index);
            let place = Some(Place::new(located.height, first));
            let result = result(specs, place, (body.account, &body.calls), &receipt.result);
            let base = specs.base_gas(transaction.encoded_size()).map_or(nought, Into::into);
            (result, receipt.gas_used.into(), base, receipt.gas_charged.into())
        }
        Outcome::Skipped(reason) => {
            let error = RpcError::Skipped { reason: reason.to_string() };
            (ExecutionResult::Skipped { error: error.into() }, nought, nought, nought)
        }
    };
    ReceiptShape {
        id: located.id.into(),
        height: located.height.into(),
        index: located.index,
        account: transaction.body.account.into(),
        result,
        gas_used,
        gas_base,
        gas_charged,
        events: events.iter().map(|stored| numbered(specs, stored)).collect(),
    }
}
