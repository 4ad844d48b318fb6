//! The one way into a contract.

use super::{
    EntryKind,
    engine::{Code, entry_name, fault},
    gas,
    guest::{Env, Guest},
    trap::classify,
};
use crate::{state::read::Fault, system};
use dure_abi::entry;
use dure_types::{Address, ExecutionError, Selector, TrapKind, limits};
use std::sync::Arc;
use wasmtime::Store;

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
pub(crate) fn enter(env: Box<Env>, request: Request) -> (Option<Box<Env>>, Result<Done, Fault>) {
    let savepoint = env.overlay.savepoint();
    let events = env.events.len();
    let (env, done) = enter_unguarded(env, request);
    let Some(mut env) = env else { return (None, done) };
    if let Ok(Done { result: Err(_), .. }) = &done {
        env.overlay.rollback(savepoint);
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
        return system::enter(env, request);
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

/// Finds the contract's code and judges re-entrance.
fn find(env: &mut Env, request: &Request) -> Result<Result<Arc<Code>, ExecutionError>, Fault> {
    let contract = request.contract;
    let Some(record) = system::overlay_contract(&mut env.overlay, contract)? else {
        return Ok(Err(ExecutionError::UnknownContract { contract }));
    };
    let code = match env.vm.cached(record.code) {
        Some(code) => code,
        None => {
            let key = crate::state::key::code(record.code);
            let bytes = env.overlay.get(&key)?;
            let bytes =
                bytes.ok_or_else(|| Fault::Corrupt(format!("no code {}", record.code)))?.to_vec();
            if env.notes.as_ref().is_some_and(|notes| notes.fresh_code) {
                env.vm.compile_apart(record.code, &bytes)?
            } else {
                env.vm.compile(record.code, &bytes)?
            }
        }
    };
    let entered = env.stack.contains(&contract);
    if entered && !code.reentrant.contains(&selector(request)) {
        return Ok(Err(ExecutionError::Reentrant { contract }));
    }
    Ok(Ok(code))
}

fn run(
    mut env: Box<Env>,
    code: &Code,
    request: Request,
) -> (Option<Box<Env>>, Result<Done, Fault>) {
    let contract = request.contract;
    let gas_limit = env.gas_limit;
    env.stack.push(contract);
    let vm = Arc::clone(&env.vm);
    let method = selector(&request);
    let input_len = request.input.len();
    let guest = Guest::new(env, contract, request.caller, request.read_only, request.input);
    let mut store = Store::new(vm.engine(), guest);
    store.limiter(|guest| guest);
    let exit = start(&mut store, code, request.kind, request.gas, input_len);
    let fuel = store.get_fuel().unwrap_or(0);
    let mut guest = store.into_data();
    let mut env = guest.env.take();
    if let Some(env) = env.as_mut() {
        env.stack.pop();
    }
    let result = match exit {
        Ok(entry::OK) => Ok(guest.output),
        Ok(code) => Err(exit_error(code, contract, method, guest.output)),
        Err(error) => match classify(&error, contract, gas_limit) {
            Ok(error) => Err(error),
            Err(fault) => return (env, Err(fault)),
        },
    };
    let out_of_gas = ExecutionError::OutOfGas { limit: gas_limit };
    let done = match (fuel.checked_sub(guest.debt), result) {
        (None, _) => Done::error(out_of_gas, 0),
        (Some(_), Err(error)) if error == out_of_gas => Done::error(error, 0),
        (Some(gas_left), result) => Done { result, gas_left },
    };
    (env, Ok(done))
}

fn start(
    store: &mut Store<Guest>,
    code: &Code,
    kind: EntryKind,
    gas: u64,
    input_len: usize,
) -> wasmtime::Result<i32> {
    store.set_fuel(gas)?;
    let instance = code.pre.instantiate(&mut *store)?;
    let memory = instance
        .get_memory(&mut *store, entry::MEMORY)
        .ok_or_else(|| fault_error("validated module without memory"))?;
    store.data_mut().memory = Some(memory);
    let function = instance.get_typed_func::<u32, i32>(&mut *store, entry_name(kind))?;
    let length = u32::try_from(input_len).map_err(|_| fault_error("input above 4 GiB"))?;
    function.call(store, length)
}

fn fault_error(text: &'static str) -> wasmtime::Error {
    wasmtime::Error::new(super::guest::Stop::Fault(fault(text)))
}

fn exit_error(code: i32, contract: Address, method: Selector, output: Vec<u8>) -> ExecutionError {
    match code {
        entry::CONTRACT_ERROR => ExecutionError::Contract { contract, error: output },
        entry::UNKNOWN_METHOD => ExecutionError::UnknownMethod { contract, method },
        entry::BAD_ARGUMENTS => ExecutionError::BadArguments { contract, method },
        _ => ExecutionError::Trap { contract, kind: TrapKind::BadExitCode },
    }
}
