//! Running the spec build of a contract: `dure build` learns from it what the contract offers.

use super::{
    Vm,
    engine::EngineConfig,
    guest::{Env, Guest},
};
use crate::{BlockContext, state::overlay::Overlay, state::read::Fault};
use dure_abi::entry;
use dure_types::{Address, Gas, Hash, limits};
use std::{collections::BTreeMap, sync::Arc};
use wasmtime::{Module, Store};

/// Says why a module gave no specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Not a module that this engine can run, or without the export `dure_spec`.
    #[error("the spec build cannot be run: {0}")]
    Module(String),
    /// It trapped or returned another code than 0.
    #[error("the spec build failed: {0}")]
    Failed(String),
    /// This machine cannot run WASM.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Runs the export `dure_spec` of a module and returns what it handed to `ret`.
///
/// The module is the author's own, built a moment ago; it runs in the same sandbox as a contract.
///
/// # Errors
/// [`SpecError`] when it cannot be run or fails.
pub fn run_spec(wasm: &[u8]) -> Result<Vec<u8>, SpecError> {
    let vm = Arc::new(Vm::new(EngineConfig { threads: 1, reuse: false })?);
    let module = Module::new(vm.engine(), wasm).map_err(|error| module_error(&error))?;
    let env = Env {
        vm: Arc::clone(&vm),
        overlay: Overlay::new(Arc::new(BTreeMap::new())),
        block: BlockContext::default(),
        transaction: Hash::ZERO,
        gas_limit: Gas(limits::QUERY_GAS_MAX),
        stack: Vec::new(),
        events: Vec::new(),
        read: None,
        notes: Some(super::Notes::default()),
    };
    let mut guest = Guest::default();
    guest.begin(Box::new(env), Address::SYSTEM, Address::SYSTEM, true, Vec::new());
    let mut store = Store::new(vm.engine(), guest);
    store.limiter(|guest| guest);
    store.set_fuel(limits::QUERY_GAS_MAX).map_err(|error| module_error(&error))?;
    let pre = vm.linker().instantiate_pre(&module).map_err(|error| module_error(&error))?;
    let instance = pre.instantiate(&mut store).map_err(|error| module_error(&error))?;
    store.data_mut().memory = instance.get_memory(&mut store, entry::MEMORY);
    let run = instance
        .get_typed_func::<(), i32>(&mut store, entry::SPEC)
        .map_err(|error| module_error(&error))?;
    let exit = run.call(&mut store, ());
    let guest = store.into_data();
    match exit {
        Ok(0) => Ok(guest.output),
        Ok(code) => Err(SpecError::Failed(format!("exit code {code}"))),
        Err(error) => {
            let panic = guest.env.and_then(|env| env.notes).and_then(|notes| notes.panic);
            Err(SpecError::Failed(panic.unwrap_or_else(|| format!("{error:?}"))))
        }
    }
}

fn module_error(error: &wasmtime::Error) -> SpecError {
    SpecError::Module(format!("{error:?}"))
}
