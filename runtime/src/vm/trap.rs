//! The one table that sorts what stopped WASM: the contract's doing, or this machine's.

use super::guest::Stop;
use crate::state::read::Fault;
use dure_types::{Address, ExecutionError, Gas, TrapKind};
use wasmtime::Trap;

/// Why a contract did not return, sorted.
pub(crate) fn classify(
    error: &wasmtime::Error,
    contract: Address,
    gas_limit: Gas,
) -> Result<ExecutionError, Fault> {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Error(error) => Ok(error.clone()),
            Stop::Fault(fault) => Err(fault.clone()),
        };
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return Err(Fault::Vm(format!("{error:?}")));
    };
    let kind = match trap {
        Trap::OutOfFuel => return Ok(ExecutionError::OutOfGas { limit: gas_limit }),
        Trap::StackOverflow => TrapKind::StackOverflow,
        Trap::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull => TrapKind::IndirectCallToNull,
        Trap::BadSignature => TrapKind::BadSignature,
        Trap::IntegerOverflow => TrapKind::IntegerOverflow,
        Trap::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        // Everything else needs a feature that `validate` refuses, or an engine that this one is
        // not configured to be. `Trap` is non-exhaustive: a new one stops the node, too.
        other => return Err(Fault::Vm(format!("unexpected trap: {other}"))),
    };
    Ok(ExecutionError::Trap { contract, kind })
}
