//! The one way into a contract.

use super::{
    EntryKind,
    engine::{Code, fault},
    gas,
    guest::Env,
    trap::classify,
};
use crate::{state::read::Fault, system};
use dure_abi::entry;
use dure_types::{Address, ExecutionError, Gas, Hash, Selector, TrapKind, limits};
use std::sync::Arc;

/// What to run.
pub(crate) struct Request {
    pub(crate) contract: Address,
    pub(crate) caller: Address,
    pub(crate) kind: EntryKind,
    /// Selector and arguments; of `Init`, the arguments only; of `Migrate`, version and arguments.
    pub(crate) input: Vec<u8>,
    pub(crate) gas: u64,
    pub(crate) read_only: bool,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) result: Result<Vec<u8>, ExecutionError>,
    pub(crate) gas_left: u64,
}

impl Done {
    fn error(error: ExecutionError, gas_left: u64) -> Self {
        Self { result: Err(error), gas_left }
    }
}

/// Runs one entry point of one contract. When it fails, its writes and events are undone.
///
/// # Errors
/// [`Fault`]: this node must stop; the state in `env` is no longer meaningful.
pub(crate) fn enter(
    mut env: Box<Env>,
    request: Request,
) -> (Option<Box<Env>>, Result<Done, Fault>) {
    let savepoint = env.overlay.savepoint();
    let events = env.events.len();
    if env.notes.is_some() {
        let record = match system::overlay_contract(&mut env.overlay, request.contract) {
            Ok(record) => record,
            Err(fault) => return (Some(env), Err(fault)),
        };
        if let Some(notes) = env.notes.as_mut() {
            notes.trace.begin(&request, record.map_or(Hash::ZERO, |record| record.code));
        }
    }
    let (env, done) = enter_unguarded(env, request);
    let Some(mut env) = env else { return (None, done) };
    if let Some(notes) = env.notes.as_mut() {
        notes.trace.end(done.as_ref().ok(), &env.events, events);
    }
    if let Ok(Done { result: Err(_), .. }) = &done {
        env.undo(savepoint);
        env.events.truncate(events);
    }
    (Some(env), done)
}

fn enter_unguarded(mut env: Box<Env>, request: Request) -> (Option<Box<Env>>, Result<Done, Fault>) {
    let limit = limits::CALL_DEPTH_MAX as u32;
    if env.stack.len() >= limits::CALL_DEPTH_MAX {
        return (Some(env), Ok(Done::error(ExecutionError::CallDepth { limit }, request.gas)));
    }
    let Some(gas) = request.gas.checked_sub(gas::ENTER) else {
        let error = ExecutionError::OutOfGas { limit: env.gas_limit };
        return (Some(env), Ok(Done::error(error, 0)));
    };
    let request = Request { gas, ..request };
    if request.contract == Address::SYSTEM {
        let (mut env, done) = system::enter(env, request);
        if let Some(env) = env.as_mut() {
            env.read = None;
        }
        return (env, done);
    }
    match find(&mut env, &request) {
        Ok(Ok(code)) => run(env, &code, request),
        Ok(Err(error)) => (Some(env), Ok(Done::error(error, gas))),
        Err(fault) => (Some(env), Err(fault)),
    }
}

fn selector(request: &Request) -> Selector {
    match (request.kind, request.input.get(..4)) {
        (EntryKind::Call | EntryKind::Query, Some(&[a, b, c, d])) => Selector([a, b, c, d]),
        _ => Selector::default(),
    }
}

/// The code of a contract, ready to be entered; `None` when no contract has that address.
pub(super) fn code(env: &mut Env, contract: Address) -> Result<Option<Arc<Code>>, Fault> {
    let Some(record) = system::overlay_contract(&mut env.overlay, contract)? else {
        return Ok(None);
    };
    let rehearsed = env.notes.as_ref().and_then(|notes| notes.rehearsal.as_ref());
    let known = rehearsed.and_then(|compiled| compiled.get(record.code));
    if let Some(code) = known.or_else(|| env.vm.cached(record.code)) {
        return Ok(Some(code));
    }
    let bytes = env.overlay.get(&crate::state::key::code(record.code))?;
    let bytes = bytes.ok_or_else(|| Fault::Corrupt(format!("no code {}", record.code)))?.to_vec();
    let Some(compiled) = env.notes.as_mut().and_then(|notes| notes.rehearsal.as_mut()) else {
        return env.vm.compile(record.code, &bytes).map(Some);
    };
    let code = env.vm.compile_apart(record.code, &bytes)?;
    compiled.keep(record.code, &code);
    Ok(Some(code))
}

/// The code of a contract whose published fields are read: several reads in a row are of one.
pub(super) fn read_code(env: &mut Env, contract: Address) -> Result<Option<Arc<Code>>, Fault> {
    match &env.read {
        Some((known, code)) if *known == contract => Ok(Some(Arc::clone(code))),
        _ => {
            let found = code(env, contract)?;
            env.read = found.clone().map(|code| (contract, code));
            Ok(found)
        }
    }
}

/// Finds the contract's code and judges re-entrance.
fn find(env: &mut Env, request: &Request) -> Result<Result<Arc<Code>, ExecutionError>, Fault> {
    let contract = request.contract;
    let Some(code) = code(env, contract)? else {
        return Ok(Err(ExecutionError::UnknownContract { contract }));
    };
    let entered = env.stack.contains(&contract);
    if entered && !code.reentrant.contains(&selector(request)) {
        return Ok(Err(ExecutionError::Reentrant { contract }));
    }
    Ok(Ok(code))
}

fn run(
    mut env: Box<Env>,
    code: &Arc<Code>,
    request: Request,
) -> (Option<Box<Env>>, Result<Done, Fault>) {
    let contract = request.contract;
    let gas_limit = env.gas_limit;
    let vm = Arc::clone(&env.vm);
    let mut instance = match vm.instance(code) {
        Ok(instance) => instance,
        Err(error) => return (Some(env), Err(not_instantiated(&error, contract, gas_limit))),
    };
    env.stack.push(contract);
    let method = selector(&request);
    let input_len = request.input.len();
    let guest = instance.store.data_mut();
    guest.begin(env, contract, request.caller, request.read_only, request.input);
    let exit = instance.call(request.kind, request.gas, input_len);
    let fuel = instance.store.get_fuel().unwrap_or(0);
    let guest = instance.store.data_mut();
    let (mut env, output) = (guest.env.take(), std::mem::take(&mut guest.output));
    let debt = guest.debt;
    if exit.is_ok() {
        vm.keep(code, instance);
    }
    if let Some(env) = env.as_mut() {
        env.stack.pop();
    }
    let result = match exit {
        Ok(entry::OK) => Ok(output),
        Ok(code) => Err(exit_error(code, contract, method, output)),
        Err(error) => match classify(&error, contract, gas_limit) {
            Ok(error) => Err(error),
            Err(fault) => return (env, Err(fault)),
        },
    };
    let out_of_gas = ExecutionError::OutOfGas { limit: gas_limit };
    let done = match (fuel.checked_sub(debt), result) {
        (None, _) => Done::error(out_of_gas, 0),
        (Some(_), Err(error)) if error == out_of_gas => Done::error(error, 0),
        (Some(gas_left), result) => Done { result, gas_left },
    };
    (env, Ok(done))
}

/// Validation leaves no module that cannot be instantiated: when one is not, it is this machine.
fn not_instantiated(error: &wasmtime::Error, contract: Address, gas_limit: Gas) -> Fault {
    match classify(error, contract, gas_limit) {
        Ok(error) => fault(format!("a validated module was not instantiated: {error:?}")),
        Err(fault) => fault,
    }
}

fn exit_error(code: i32, contract: Address, method: Selector, output: Vec<u8>) -> ExecutionError {
    match code {
        entry::CONTRACT_ERROR => ExecutionError::Contract { contract, error: output },
        entry::UNKNOWN_METHOD => ExecutionError::UnknownMethod { contract, method },
        entry::BAD_ARGUMENTS => ExecutionError::BadArguments { contract, method },
        _ => ExecutionError::Trap { contract, kind: TrapKind::BadExitCode },
    }
}
