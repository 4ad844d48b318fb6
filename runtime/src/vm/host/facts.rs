//! Facts of the call: who, where, when, and the gas that is left.

use super::{
    super::{gas, guest::Stop},
    memory::{Context, charge, env, vm_fault, write},
};

pub(super) fn caller(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let caller = context.data().caller;
    write(context, out, &caller.0)
}

pub(super) fn self_address(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let contract = context.data().contract;
    write(context, out, &contract.0)
}

pub(super) fn transaction_id(context: &mut Context<'_>, out: u32) -> Result<(), Stop> {
    charge(context, gas::HOST)?;
    let id = env(context)?.transaction;
    write(context, out, &id.0)
}

pub(super) fn height(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    Ok(env(context)?.block.height.0)
}

pub(super) fn time_ms(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    Ok(env(context)?.block.time.0)
}

pub(super) fn gas_left(context: &mut Context<'_>) -> Result<u64, Stop> {
    charge(context, gas::HOST)?;
    context.get_fuel().map_err(vm_fault)
}
