//! Queries and simulations: the executor against a snapshot, effects thrown away.

use super::{decode, failure::of_runtime, reader::Reader, spec::SpecView, trace};
use crate::handle::Handle;
use dure_abi::spec::MethodKind;
use dure_rpc::{
    Place, RpcError,
    hex::Bytes,
    shape::{
        CallRequest, CallResult, QueryAnswer, SimulateRequest, SimulationAnswer, StorageChange,
    },
};
use dure_runtime::{BlockContext, StateDelta};
use dure_types::{Address, Call, Failure, Gas, Height, TransactionBody, limits};
use serde_json::Value;

/// Bytes of keys and values after which changes are only counted.
const CHANGES_BYTES: usize = 1_048_576;

/// What contracts see of a block that would follow the snapshot now.
fn next_block(reader: &Reader<'_>, handle: &Handle) -> BlockContext {
    let height = Height(reader.view.height().0.saturating_add(1));
    BlockContext { chain: handle.chain(), height, time: reader.next_time() }
}

/// Asks one or several read-only methods; all together may use the gas of one query.
pub(super) fn query(
    reader: &Reader<'_>,
    handle: &Handle,
    requests: &[CallRequest],
) -> Result<QueryAnswer, RpcError> {
    count("calls", requests.len(), reader.limits.query_calls)?;
    let specs = reader.specs.at(reader.view.state().as_ref());
    let block = next_block(reader, handle);
    let executor = handle.executor();
    let mut gas = Gas(limits::QUERY_GAS_MAX);
    let mut results = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let call = specs.call(index, request, MethodKind::Query)?;
        let input = [call.method.0.as_slice(), &call.args].concat();
        let asked = executor.query(reader.view.state(), &block, call.contract, &input, gas);
        let asked = asked.map_err(of_runtime)?;
        gas = gas.saturating_sub(asked.gas_used);
        let (output, value, error) = match asked.result {
            Ok(bytes) => {
                let spec = specs.need(call.contract)?;
                let method = spec.method_by_selector(call.method);
                let value = method.and_then(|method| {
                    specs.budget.value(&spec, method.returns, &bytes, &method.name).ok()
                });
                (Some(Bytes(bytes)), value.unwrap_or(Value::Null), None)
            }
            Err(error) => {
                let error = RpcError::of_execution(&error, &specs.errors());
                (None, Value::Null, Some(error.into()))
            }
        };
        let (gas_used, debug) = (asked.gas_used.into(), asked.debug);
        results.push(CallResult { gas_used, output, value, error, debug });
    }
    Ok(QueryAnswer { height: reader.height(), time: block.time.into(), results })
}

/// Tries the calls of a transaction, or one query by itself.
pub(super) fn simulate(
    reader: &Reader<'_>,
    handle: &Handle,
    request: SimulateRequest,
) -> Result<SimulationAnswer, RpcError> {
    let account = request.account.check("account")?;
    let sponsor = request.sponsor.as_ref().map(|s| s.check("sponsor")).transpose()?;
    let gas_limit = request.gas_limit.map_or(limits::TRANSACTION_GAS_MAX, |gas| gas.0);
    if gas_limit > limits::TRANSACTION_GAS_MAX {
        let limit = limits::TRANSACTION_GAS_MAX.into();
        return Err(RpcError::GasLimitTooHigh { gas_limit: gas_limit.into(), limit });
    }
    let requests = request.calls.into_vec();
    if requests.is_empty() || requests.len() > limits::CALLS_MAX {
        let (count, limit) = (requests.len() as u64, limits::CALLS_MAX as u64);
        return Err(RpcError::CallCount { count, limit });
    }
    let mut specs = reader.specs.at(reader.view.state().as_ref());
    if let [request] = requests.as_slice()
        && let Ok(call) = specs.call(0, request, MethodKind::Query)
    {
        return simulate_query(reader, handle, &specs, call, Gas(gas_limit));
    }
    let calls = requests.iter().enumerate();
    let calls = calls.map(|(index, request)| specs.call(index, request, MethodKind::Call));
    let calls = calls.collect::<Result<Vec<Call>, RpcError>>()?;
    let block = next_block(reader, handle);
    let body = TransactionBody {
        account,
        lane: 0,
        nonce: 1,
        valid_until: block.time,
        gas_limit: Gas(gas_limit),
        sponsor,
        calls,
    };
    let (executor, state) = (handle.executor(), reader.view.state());
    let tried = if request.rehearse {
        specs.learn(&body.calls);
        executor.rehearse(state, &block, &body)
    } else {
        executor.simulate(state, &block, &body)
    };
    let tried = tried.map_err(of_runtime)?;
    let (changes, changed) = changes(reader, &tried.delta)?;
    let id = body.id(block.chain);
    let events = tried.events.iter().zip(0u32..);
    let trace = trace::calls(&specs, &tried.trace);
    let panic = trace::last_panic(&tried.trace, &trace, tried.panic);
    Ok(SimulationAnswer {
        height: reader.height(),
        time: block.time.into(),
        result: decode::result(&specs, None, (account, &body.calls), &tried.outputs),
        gas_used: tried.gas_used.into(),
        gas_base: tried.gas_base.into(),
        events: events
            .map(|(event, index)| decode::event(&specs, Place::new(block.height, index), id, event))
            .collect(),
        trace,
        debug: tried.debug,
        panic,
        changes,
        changed,
    })
}

/// Asks one query, and shows what it entered on the way.
fn simulate_query(
    reader: &Reader<'_>,
    handle: &Handle,
    specs: &SpecView<'_>,
    call: Call,
    gas: Gas,
) -> Result<SimulationAnswer, RpcError> {
    let block = next_block(reader, handle);
    let input = [call.method.0.as_slice(), &call.args].concat();
    let asked = handle.executor().query(reader.view.state(), &block, call.contract, &input, gas);
    let asked = asked.map_err(of_runtime)?;
    let outputs = match asked.result {
        Ok(output) => Ok(vec![output]),
        Err(error) => Err(Failure { call: 0, error }),
    };
    let trace = trace::calls(specs, &asked.trace);
    Ok(SimulationAnswer {
        height: reader.height(),
        time: block.time.into(),
        result: decode::result(specs, None, (Address::SYSTEM, &[call]), &outputs),
        gas_used: asked.gas_used.into(),
        gas_base: Gas::ZERO.into(),
        events: Vec::new(),
        debug: asked.debug,
        panic: trace::last_panic(&asked.trace, &trace, asked.panic),
        trace,
        changes: Vec::new(),
        changed: 0,
    })
}

/// What a delta changes in the storage of contracts, and how many changes it has.
fn changes(reader: &Reader<'_>, delta: &StateDelta) -> Result<(Vec<StorageChange>, u32), RpcError> {
    let mut changes = Vec::new();
    let (mut changed, mut bytes) = (0u32, 0usize);
    // Short keys first: those of single values, of which a caller asks whether they were set.
    let mut delta: Vec<_> = delta.iter().collect();
    delta.sort_by_key(|(key, _)| key.len());
    for (key, after) in delta {
        let Some((contract, own)) = key.split_first_chunk::<32>() else { continue };
        let contract = Address(*contract);
        if contract == Address::SYSTEM {
            continue;
        }
        changed = changed.saturating_add(1);
        let before = reader.view.state().get(key).map_err(of_runtime)?;
        let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        bytes = bytes.saturating_add(key.len() + length(&before) + length(after));
        if bytes > CHANGES_BYTES {
            // The rest is counted only.
            continue;
        }
        let after = after.clone().map(Bytes);
        let (contract, before) = (contract.into(), before.map(Bytes));
        changes.push(StorageChange { contract, key: Bytes(own.to_vec()), before, after });
    }
    changes.sort_by(|a, b| (a.contract.0, &a.key.0).cmp(&(b.contract.0, &b.key.0)));
    Ok((changes, changed))
}

fn count(argument: &str, found: usize, limit: usize) -> Result<(), RpcError> {
    if found <= limit {
        return Ok(());
    }
    let (found, limit) = ((found as u64).into(), (limit as u64).into());
    Err(RpcError::OutOfRange { argument: argument.to_owned(), found, limit })
}
