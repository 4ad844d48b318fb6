//! A guest's memory and gas, as host functions reach them.

use super::super::guest::{Env, Guest, Stop};
use dure_types::{Address, ExecutionError, LimitKind, limits};
use wasmtime::Caller;

/// The guest that called a host function.
pub(super) type Context<'a> = Caller<'a, Guest>;

pub(super) fn charge(context: &mut Context<'_>, amount: u64) -> Result<(), Stop> {
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

pub(super) fn per_byte(base: u64, price: u64, bytes: usize) -> u64 {
    base.saturating_add(price.saturating_mul(bytes as u64))
}

pub(super) fn vm_fault(error: wasmtime::Error) -> Stop {
    Stop::Fault(super::super::engine::fault(error))
}

pub(super) fn env<'a>(context: &'a mut Context<'_>) -> Result<&'a mut Env, Stop> {
    context.data_mut().env.as_deref_mut().ok_or_else(lost_env)
}

pub(super) fn lost_env() -> Stop {
    Stop::Fault(super::super::engine::fault("the shared state of the transaction is missing"))
}

/// The guest's memory beside its data.
pub(super) fn parts<'a>(
    context: &'a mut Context<'_>,
) -> Result<(&'a mut [u8], &'a mut Guest), Stop> {
    let Some(memory) = context.data().memory else {
        // Only code that runs during instantiation could get here, and there is none.
        return Err(Stop::Fault(super::super::engine::fault("host function before the memory")));
    };
    Ok(memory.data_and_store_mut(context))
}

pub(super) fn slice(memory: &[u8], at: u32, length: u32, contract: Address) -> Result<&[u8], Stop> {
    let end = u64::from(at).saturating_add(u64::from(length)) as usize;
    memory.get(at as usize..end).ok_or(ExecutionError::BadPointer { contract }.into())
}

pub(super) fn slice_mut(
    memory: &mut [u8],
    at: u32,
    length: usize,
    contract: Address,
) -> Result<&mut [u8], Stop> {
    let end = (at as usize).saturating_add(length);
    memory.get_mut(at as usize..end).ok_or(ExecutionError::BadPointer { contract }.into())
}

pub(super) fn write(context: &mut Context<'_>, at: u32, bytes: &[u8]) -> Result<(), Stop> {
    let (memory, guest) = parts(context)?;
    slice_mut(memory, at, bytes.len(), guest.contract)?.copy_from_slice(bytes);
    Ok(())
}

pub(super) fn limited(
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

pub(super) fn writable(guest: &Guest) -> Result<(), ExecutionError> {
    if guest.read_only {
        return Err(ExecutionError::ReadOnly { contract: guest.contract });
    }
    Ok(())
}

/// Reads 32 bytes: an address, a hash or a key.
pub(super) fn bytes32(memory: &[u8], at: u32, contract: Address) -> Result<[u8; 32], Stop> {
    let bytes = slice(memory, at, 32, contract)?;
    bytes.try_into().map_err(|_| ExecutionError::BadPointer { contract }.into())
}

/// Puts the contract's address and the guest's key into the guest's key buffer.
pub(super) fn load_key(
    memory: &[u8],
    guest: &mut Guest,
    key: u32,
    key_len: u32,
) -> Result<(), Stop> {
    let contract = guest.contract;
    limited(contract, LimitKind::StorageKey, key_len, limits::STORAGE_KEY_BYTES_MAX)?;
    let bytes = slice(memory, key, key_len, contract)?;
    guest.key.truncate(32);
    guest.key.extend_from_slice(bytes);
    Ok(())
}
