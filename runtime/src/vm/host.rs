//! The host functions of `dure_abi::host_functions!`, charged before they work.

use super::{
    EntryKind, Request, enter, gas,
    guest::{Env, Guest, Stop},
};
use crate::state::key::after_prefix;
use codec::Encode;
use dure_abi::{CALL_FAILED_BIT, CallFault, FLAG_READ_ONLY, MODULE, SCAN_REVERSE};
use dure_types::{Address, Event, ExecutionError, LimitKind, Selector, TrapKind, limits};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmtime::{Caller, Linker};

type Context<'a> = Caller<'a, Guest>;

macro_rules! value {
    () => {
        ()
    };
    ($ty:ty) => {
        $ty
    };
}

macro_rules! link_table {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        /// Offers every function of the table to modules.
        pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
            $(
                linker.func_wrap(
                    MODULE,
                    stringify!($name),
                    |mut context: Context<'_>, $($arg: $ty),*| -> wasmtime::Result<value!($($ret)?)> {
                        guarded(|| $name(&mut context, $($arg),*))
                    },
                )?;
            )*
            Ok(())
        }
    };
}
dure_abi::host_functions!(link_table);

/// A panic in our own code ends the transaction, not the node.
fn guarded<T>(body: impl FnOnce() -> Result<T, Stop>) -> wasmtime::Result<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(wasmtime::Error::new),
        Err(_) => Err(wasmtime::Error::new(Stop::Error(ExecutionError::Internal))),
    }
}

fn charge(context: &mut Context<'_>, amount: u64) -> Result<(), Stop> {
    let debt = std::mem::take(&mut context.data_mut().debt);
    let fuel = context.get_fuel().map_err(vm_fault)?;
    let cost = amount.saturating_add(debt);
    let left = fuel.checked_sub(cost);
    context.set_fuel(left.unwrap_or(0)).map_err(vm_fault)?;
    if left.is_some() {
        return Ok(());
    }
    let limit = env(context)?.gas_limit;
    Err(ExecutionError::OutOfGas { limit }.into())
}

fn per_byte(base: u64, price: u64, bytes: usize) -> u64 {
    base.saturating_add(price.saturating_mul(bytes as u64))
}

fn vm_fault(error: wasmtime::Error) -> Stop {
    Stop::Fault(super::engine::fault(error))
}

fn env<'a>(context: &'a mut Context<'_>) -> Result<&'a mut Env, Stop> {
    context.data_mut().env.as_deref_mut().ok_or_else(lost_env)
}

fn lost_env() -> Stop {
    Stop::Fault(super::engine::fault("the shared state of the transaction is missing"))
}

/// The guest's memory beside its data.
fn parts<'a>(context: &'a mut Context<'_>) -> Result<(&'a mut [u8], &'a mut Guest), Stop> {
    let Some(memory) = context.data().memory else {
        // Only code that runs during instantiation could get here, and there is none.
        return Err(Stop::Fault(super::engine::fault("host function before the memory")));
    };
    Ok(memory.data_and_store_mut(context))
}

fn slice(memory: &[u8], at: u32, length: u32, contract: Address) -> Result<&[u8], Stop> {
    let end = u64::from(at).saturating_add(u64::from(length)) as usize;
    memory.get(at as usize..end).ok_or(ExecutionError::BadPointer { contract }.into())
}

fn slice_mut(
    memory: &mut [u8],
    at: u32,
    length: usize,
    contract: Address,
) -> Result<&mut [u8], Stop> {
    let end = (at as usize).saturating_add(length);
    memory.get_mut(at as usize..end).ok_or(ExecutionError::BadPointer { contract }.into())
}

fn write(context: &mut Context<'_>, at: u32, bytes: &[u8]) -> Result<(), Stop> {
    let (memory, guest) = parts(context)?;
    slice_mut(memory, at, bytes.len(), guest.contract)?.copy_from_slice(bytes);
    Ok(())
}

fn limited(
    contract: Address,
    kind: LimitKind,
    value: u32,
    limit: usize,
) -> Result<(), ExecutionError> {
    if value as usize <= limit {
        return Ok(());
    }
    Err(ExecutionError::Limit { contract, kind, limit: limit as u64, value: u64::from(value) })
}

fn writable(guest: &Guest) -> Result<(), ExecutionError> {
    if guest.read_only {
        return Err(ExecutionError::ReadOnly { contract: guest.contract });
    }
    Ok(())
}

/// Puts the contract's address and the guest's key into the guest's key buffer.
fn load_key(memory: &[u8], guest: &mut Guest, key: u32, key_len: u32) -> Result<(), Stop> {
    let contract = guest.contract;
    limited(contract, LimitKind::StorageKey, key_len, limits::STORAGE_KEY_BYTES_MAX)?;
    let bytes = slice(memory, key, key_len, contract)?;
    guest.key.truncate(32);
    guest.key.extend_from_slice(bytes);
    Ok(())
}

fn input(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    let cost = per_byte(gas::HOST, gas::COPY_BYTE, context.data().input.len());
    charge(context, cost)?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    slice_mut(memory, out, guest.input.len(), contract)?.copy_from_slice(&guest.input);
    Ok(())
}

fn ret(context: &mut Context<'_>, data: u32, data_len: u32) -> Result<(), Stop> {
    charge(context, per_byte(gas::HOST, gas::COPY_BYTE, data_len as usize))?;
    let (memory, guest) = parts(context)?;
    limited(guest.contract, LimitKind::Output, data_len, limits::OUTPUT_BYTES_MAX)?;
    let bytes = slice(memory, data, data_len, guest.contract)?;
    guest.output.clear();
    guest.output.extend_from_slice(bytes);
    Ok(())
}

fn storage_get(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    out: u32,
    out_cap: u32,
) -> Result<i64, Stop> {
    charge(context, per_byte(gas::STORAGE_READ, gas::COPY_BYTE, key_len as usize))?;
    let (memory, guest) = parts(context)?;
    load_key(memory, guest, key, key_len)?;
    let contract = guest.contract;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let Some(value) = env.overlay.get(&guest.key)? else { return Ok(-1) };
    let length = value.len();
    if length <= out_cap as usize {
        slice_mut(memory, out, length, contract)?.copy_from_slice(value);
    }
    charge(context, per_byte(0, gas::COPY_BYTE, length))?;
    Ok(length as i64)
}

fn storage_set(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
) -> Result<(), Stop> {
    let bytes = (key_len as usize).saturating_add(value_len as usize);
    charge(context, per_byte(gas::STORAGE_WRITE, gas::KEEP_BYTE, bytes))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    load_key(memory, guest, key, key_len)?;
    let limit = limits::STORAGE_VALUE_BYTES_MAX;
    limited(guest.contract, LimitKind::StorageValue, value_len, limit)?;
    let value = slice(memory, value, value_len, guest.contract)?.to_vec();
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    env.overlay.set(&guest.key, Some(value));
    Ok(())
}

fn storage_remove(context: &mut Context<'_>, key: u32, key_len: u32) -> Result<(), Stop> {
    charge(context, per_byte(gas::STORAGE_WRITE, gas::KEEP_BYTE, key_len as usize))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    load_key(memory, guest, key, key_len)?;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    env.overlay.set(&guest.key, None);
    Ok(())
}

fn storage_scan(
    context: &mut Context<'_>,
    prefix: u32,
    prefix_len: u32,
    from: u32,
    from_len: u32,
    limit: u32,
    flags: u32,
) -> Result<i64, Stop> {
    let entries = u64::from(limit).saturating_mul(gas::SCAN_ENTRY);
    charge(context, entries.saturating_add(gas::STORAGE_READ))?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    limited(contract, LimitKind::ScanEntries, limit, limits::SCAN_ENTRIES_MAX as usize)?;
    load_key(memory, guest, prefix, prefix_len)?;
    let mut start = guest.key.clone();
    let mut end = after_prefix(&start).ok_or(ExecutionError::BadPointer { contract })?;
    let reverse = flags & SCAN_REVERSE != 0;
    if from_len > 0 {
        load_key(memory, guest, from, from_len)?;
        if reverse {
            // The key itself belongs to the range: its successor is the bound.
            let mut after = guest.key.clone();
            after.push(0);
            end = end.min(after);
        } else {
            start = start.max(guest.key.clone());
        }
    }
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let found = env.overlay.scan(&start, &end, reverse, limit as usize)?;
    let mut bytes = 0usize;
    let mut page: Vec<(&[u8], &[u8])> = Vec::with_capacity(found.len());
    for (key, value) in &found {
        let key = key.get(32..).unwrap_or_default();
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len()).saturating_add(8);
        // A page always holds one entry: a caller that asks on always gets further.
        if bytes > limits::OUTPUT_BYTES_MAX && !page.is_empty() {
            break;
        }
        page.push((key, value));
    }
    guest.aside = page.encode();
    let length = guest.aside.len();
    charge(context, per_byte(0, gas::COPY_BYTE, length))?;
    Ok(length as i64)
}

fn output(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    let cost = per_byte(gas::HOST, gas::COPY_BYTE, context.data().aside.len());
    charge(context, cost)?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    slice_mut(memory, out, guest.aside.len(), contract)?.copy_from_slice(&guest.aside);
    Ok(())
}

fn call(
    context: &mut Context<'_>,
    address: u32,
    data: u32,
    data_len: u32,
    gas: u64,
    flags: u32,
) -> Result<i64, Stop> {
    charge(context, per_byte(gas::HOST, gas::COPY_BYTE, data_len as usize))?;
    let left = context.get_fuel().map_err(vm_fault)?;
    let given = if gas == 0 { left } else { gas.min(left) };
    let (memory, guest) = parts(context)?;
    limited(guest.contract, LimitKind::CallInput, data_len, limits::ARGS_BYTES_MAX)?;
    let mut callee = [0u8; 32];
    callee.copy_from_slice(slice(memory, address, 32, guest.contract)?);
    let input = slice(memory, data, data_len, guest.contract)?.to_vec();
    let query = flags & FLAG_READ_ONLY != 0;
    let request = Request {
        contract: Address(callee),
        caller: guest.contract,
        kind: if query { EntryKind::Query } else { EntryKind::Call },
        input,
        gas: given,
        read_only: query || guest.read_only,
    };
    let env = guest.env.take().ok_or_else(lost_env)?;
    let (env, done) = enter(env, request);
    guest.env = env;
    let done = done?;
    let rest = left.saturating_sub(given).saturating_add(done.gas_left);
    context.set_fuel(rest).map_err(vm_fault)?;
    let guest = context.data_mut();
    let code = match done.result {
        Ok(output) => {
            guest.aside = output;
            guest.aside.len() as i64
        }
        Err(ExecutionError::Contract { error, .. }) => {
            guest.aside = error;
            (guest.aside.len() as i64) | CALL_FAILED_BIT
        }
        Err(error) => {
            guest.aside.clear();
            call_fault(&error) as i64
        }
    };
    Ok(code)
}

fn call_fault(error: &ExecutionError) -> CallFault {
    match error {
        ExecutionError::UnknownContract { .. } => CallFault::UnknownContract,
        ExecutionError::Reentrant { .. } => CallFault::Reentrant,
        ExecutionError::CallDepth { .. } => CallFault::Depth,
        ExecutionError::OutOfGas { .. } => CallFault::OutOfGas,
        ExecutionError::UnknownMethod { .. } => CallFault::UnknownMethod,
        ExecutionError::BadArguments { .. } => CallFault::BadArguments,
        ExecutionError::Contract { .. }
        | ExecutionError::Trap { .. }
        | ExecutionError::ReadOnly { .. }
        | ExecutionError::Limit { .. }
        | ExecutionError::BadPointer { .. }
        | ExecutionError::Internal => CallFault::Trapped,
    }
}

fn event(context: &mut Context<'_>, topic: u32, data: u32, data_len: u32) -> Result<(), Stop> {
    charge(context, per_byte(gas::EVENT, gas::KEEP_BYTE, data_len as usize))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    let contract = guest.contract;
    limited(contract, LimitKind::EventData, data_len, limits::EVENT_BYTES_MAX)?;
    let mut selector = [0u8; 4];
    selector.copy_from_slice(slice(memory, topic, 4, contract)?);
    let data = slice(memory, data, data_len, contract)?.to_vec();
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let count = u32::try_from(env.events.len()).unwrap_or(u32::MAX).saturating_add(1);
    limited(contract, LimitKind::EventCount, count, limits::EVENTS_MAX)?;
    env.events.push(Event { contract, topic: Selector(selector), data });
    Ok(())
}

fn caller(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let caller = context.data().caller;
    write(context, out, &caller.0)
}

fn self_address(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let contract = context.data().contract;
    write(context, out, &contract.0)
}

fn transaction_id(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let id = env(context)?.transaction;
    write(context, out, &id.0)
}

fn height(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    Ok(env(context)?.block.height.0)
}

fn time_ms(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    Ok(env(context)?.block.time.0)
}

fn gas_left(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    context.get_fuel().map_err(vm_fault)
}

/// Text that a guest shows: read for simulations, charged always.
fn text(context: &mut Context<'_>, at: u32, length: u32) -> Result<Option<String>, Stop> {
    charge(context, per_byte(gas::HOST, gas::COPY_BYTE, length as usize))?;
    let (memory, guest) = parts(context)?;
    let bytes = slice(memory, at, length, guest.contract)?;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    if env.notes.is_none() {
        return Ok(None);
    }
    let kept = bytes.get(..limits::TEXT_BYTES_MAX).unwrap_or(bytes);
    Ok(Some(String::from_utf8_lossy(kept).into_owned()))
}

fn debug(context: &mut Context<'_>, at: u32, length: u32) -> Result<(), Stop> {
    let text = text(context, at, length)?;
    if let (Some(text), Some(notes)) = (text, env(context)?.notes.as_mut())
        && notes.debug.len() < limits::EVENTS_MAX
    {
        notes.debug.push(text);
    }
    Ok(())
}

fn panic(context: &mut Context<'_>, at: u32, length: u32) -> Result<(), Stop> {
    let text = text(context, at, length)?;
    if let (Some(text), Some(notes)) = (text, env(context)?.notes.as_mut()) {
        notes.trace.panicked(&text);
        notes.panic = Some(text);
    }
    let contract = context.data().contract;
    Err(ExecutionError::Trap { contract, kind: TrapKind::Panic }.into())
}
