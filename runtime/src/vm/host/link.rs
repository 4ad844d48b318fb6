//! Offering the table to modules.

use super::{
    super::guest::{Guest, Stop},
    amount::{storage_add, storage_sub},
    call::{call, input, output, ret},
    event::{debug, event, panic},
    facts::{caller, gas_left, height, self_address, time_ms, transaction_id},
    hash::{blake3, sha256},
    memory::Context,
    proof::{ed25519_verify, merkle_verify},
    published::storage_read,
    storage::{storage_get, storage_remove, storage_scan, storage_set},
};
use dure_abi::MODULE;
use dure_types::ExecutionError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmtime::Linker;

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
