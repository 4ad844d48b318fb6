//! Input, output, and calls of other contracts.

use super::{
    super::{EntryKind, Request, enter, gas, guest::Stop},
    memory::{
        Context, bytes32, charge, limited, lost_env, parts, per_byte, slice, slice_mut, vm_fault,
    },
};
use dure_abi::{CALL_FAILED_BIT, CallFault, FLAG_READ_ONLY};
use dure_types::{Address, ExecutionError, LimitKind, limits};

pub(super) fn input(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    let cost = per_byte(gas::HOST, gas::COPY_BYTE, context.data().input.len());
    charge(context, cost)?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    slice_mut(memory, out, guest.input.len(), contract)?.copy_from_slice(&guest.input);
    Ok(())
}

pub(super) fn ret(context: &mut Context<'_>, data: u32, data_len: u32) -> Result<(), Stop> {
    charge(context, per_byte(gas::HOST, gas::COPY_BYTE, data_len as usize))?;
    let (memory, guest) = parts(context)?;
    limited(guest.contract, LimitKind::Output, data_len, limits::OUTPUT_BYTES_MAX)?;
    let bytes = slice(memory, data, data_len, guest.contract)?;
    guest.output.clear();
    guest.output.extend_from_slice(bytes);
    Ok(())
}

pub(super) fn output(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    let cost = per_byte(gas::HOST, gas::COPY_BYTE, context.data().aside.len());
    charge(context, cost)?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    slice_mut(memory, out, guest.aside.len(), contract)?.copy_from_slice(&guest.aside);
    Ok(())
}

pub(super) fn call(
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
    let callee = bytes32(memory, address, guest.contract)?;
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
