//! What a running contract carries with it, and what all contracts of a transaction share.

use super::{Vm, engine::Code, gas, trace::Trace};
use crate::{
    BlockContext,
    state::{
        overlay::{Overlay, Savepoint},
        read::Fault,
    },
};
use dure_types::{Address, Event, ExecutionError, Gas, Hash, limits};
use std::{collections::BTreeMap, fmt, sync::Arc};
use wasmtime::{Memory, ResourceLimiter};

/// Shared by every contract that one transaction enters. It moves into the store of the contract
/// that runs and back out, so that exactly one holds it.
pub(crate) struct Env {
    pub(crate) vm: Arc<Vm>,
    pub(crate) overlay: Overlay,
    pub(crate) block: BlockContext,
    pub(crate) transaction: Hash,
    /// The transaction's limit, for the error that names it.
    pub(crate) gas_limit: Gas,
    /// Contracts entered and not yet left, outermost first.
    pub(crate) stack: Vec<Address>,
    pub(crate) events: Vec<Event>,
    /// The contract whose published fields were read last, and its code. Forgotten whenever a
    /// contract may have got other code: when the system contract ran, or writes were undone.
    pub(crate) read: Option<(Address, Arc<Code>)>,
    /// Text for people, kept in simulations only.
    pub(crate) notes: Option<Notes>,
}

impl Env {
    /// Undoes every write since the savepoint; code may be other than it was read to be.
    pub(crate) fn undo(&mut self, savepoint: Savepoint) {
        self.overlay.rollback(savepoint);
        self.read = None;
    }
}

/// Text that contracts showed. Never reaches a receipt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    pub(crate) debug: Vec<String>,
    pub(crate) panic: Option<String>,
    pub(crate) trace: Trace,
    /// Of a rehearsal, whose own code may be used at once: what it compiled, gone with it. None: no
    /// rehearsal.
    pub(crate) rehearsal: Option<Compiled>,
}

/// Code that is compiled for one rehearsal, each once: whoever calls it in a loop has paid for one
/// compilation.
#[derive(Clone, Default)]
pub(crate) struct Compiled(BTreeMap<Hash, Arc<Code>>);

impl Compiled {
    pub(super) fn get(&self, hash: Hash) -> Option<Arc<Code>> {
        self.0.get(&hash).cloned()
    }

    pub(super) fn keep(&mut self, hash: Hash, code: &Arc<Code>) {
        self.0.insert(hash, Arc::clone(code));
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Ends a contract from within a host function.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Error(ExecutionError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ExecutionError> for Stop {
    fn from(error: ExecutionError) -> Self {
        Self::Error(error)
    }
}

/// The data of one contract's store.
#[derive(Default)]
pub(crate) struct Guest {
    /// Absent only while a contract that this one called runs.
    pub(crate) env: Option<Box<Env>>,
    pub(crate) contract: Address,
    pub(crate) caller: Address,
    pub(crate) read_only: bool,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// Result of the last `call` or `storage_scan`, until the guest fetches it.
    pub(crate) aside: Vec<u8>,
    /// State key of the access at hand: the contract's address is always in front.
    pub(crate) key: Vec<u8>,
    /// State key of a published value of another contract.
    pub(crate) read_key: Vec<u8>,
    pub(crate) memory: Option<Memory>,
    /// Gas owed for pages, settled by the next host function or at the end.
    pub(crate) debt: u64,
}

impl Guest {
    /// Readies the data for a call; what the last one left is gone.
    pub(crate) fn begin(
        &mut self,
        env: Box<Env>,
        contract: Address,
        caller: Address,
        read_only: bool,
        input: Vec<u8>,
    ) {
        self.env = Some(env);
        (self.contract, self.caller, self.read_only) = (contract, caller, read_only);
        self.input = input;
        self.output.clear();
        self.aside.clear();
        self.key.clear();
        self.key.extend_from_slice(&contract.0);
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let pages = |bytes: usize| (bytes / 65_536) as u64;
        if pages(desired) > limits::MEMORY_PAGES_MAX {
            return Ok(false);
        }
        // The first page is part of `gas::ENTER`.
        let charged = pages(current).max(1);
        let new = pages(desired).saturating_sub(charged);
        self.debt = self.debt.saturating_add(new.saturating_mul(gas::PAGE));
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired as u64 <= limits::TABLE_ELEMENTS_MAX)
    }
}
