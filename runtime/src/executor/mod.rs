//! The executor: a block's transactions in order, each all or nothing.
//!
//! `execute_block` is a pure function of (state, block): the pre-pass settles replay, authority and
//! quota sequentially and without WASM; then each admitted transaction runs in the overlay; at the
//! end quotas get back what was reserved and not charged, and the overlay becomes the delta.

mod block;
mod prepass;
mod records;
mod transaction;

pub use block::{deployed, leaf as receipt_leaf, receipts_root};
pub use prepass::base_gas;

use crate::state::overlay::Overlay;
use crate::{
    state::read::{Before, Fault, StateDelta, StateRead},
    vm::{
        CodeCache, Compiled, EngineConfig, EntryKind, Env, Notes, Request, TracedCall, Vm, enter,
    },
};
use dure_types::{
    Address, Event, ExecutionError, Failure, Gas, Hash, Height, Outcome, TimestampMs,
    TransactionBody, limits,
};
use std::sync::Arc;

/// How an executor is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecutorConfig {
    /// What the virtual machine keeps ready.
    pub engine: EngineConfig,
}

/// What a contract can learn of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockContext {
    /// The chain id.
    pub chain: Hash,
    /// Height being executed.
    pub height: Height,
    /// The block's time.
    pub time: TimestampMs,
}

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutput {
    /// Outcome of every transaction, in order.
    pub outcomes: Vec<TransactionOutput>,
    /// What changed in state.
    pub delta: StateDelta,
    /// What those keys were before, in the order of `delta`.
    pub before: Vec<Before>,
    /// Root over the outcomes.
    pub receipts_root: Hash,
    /// Gas that all transactions used.
    pub gas_used: Gas,
}

/// What one transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionOutput {
    /// Transaction id.
    pub id: Hash,
    /// Receipt, or why it was skipped.
    pub outcome: Outcome,
    /// Its events, in order.
    pub events: Vec<Event>,
}

/// What a query answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryOutput {
    /// SCALE value, or what was wrong.
    pub result: Result<Vec<u8>, ExecutionError>,
    /// Gas that it used.
    pub gas_used: Gas,
    /// Text from `debug`.
    pub debug: Vec<String>,
    /// Text from `panic`.
    pub panic: Option<String>,
    /// Every contract that was entered, in the order of entering.
    pub trace: Vec<TracedCall>,
}

/// What a transaction would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The output of each call, or what stopped the transaction.
    pub outputs: Result<Vec<Vec<u8>>, Failure>,
    /// Events it would emit.
    pub events: Vec<Event>,
    /// Gas it would use, its base cost included.
    pub gas_used: Gas,
    /// Gas before its first call.
    pub gas_base: Gas,
    /// What it would change.
    pub delta: StateDelta,
    /// Text from `debug`.
    pub debug: Vec<String>,
    /// Text from `panic`.
    pub panic: Option<String>,
    /// Every contract that was entered, in the order of entering.
    pub trace: Vec<TracedCall>,
}

/// Executes blocks, queries and simulations on one virtual machine.
pub struct Executor {
    vm: Arc<Vm>,
}

impl Executor {
    /// Sets up the virtual machine.
    ///
    /// # Errors
    /// [`Fault::Vm`] when this machine cannot run it.
    pub fn new(config: ExecutorConfig) -> Result<Self, Fault> {
        Ok(Self { vm: Arc::new(Vm::new(config.engine)?) })
    }

    /// The same, with a cache of compiled modules.
    ///
    /// # Errors
    /// As [`Executor::new`].
    pub fn caching(config: ExecutorConfig, cache: Arc<dyn CodeCache>) -> Result<Self, Fault> {
        Ok(Self { vm: Arc::new(Vm::new(config.engine)?.caching(cache)) })
    }

    /// Compiles stored code ahead of its first call, unless it is compiled.
    ///
    /// Whoever calls a contract whose code is not compiled waits for it; the chain lets code be used
    /// when there was time for this ([`dure_types::limits::COMPILE_WORK_PER_MS`]). May run beside
    /// everything else of the executor.
    ///
    /// # Errors
    /// [`Fault`] when the code is not stored, was never valid, or this machine cannot compile it.
    pub fn prepare(&self, state: &dyn StateRead, code: Hash) -> Result<(), Fault> {
        if self.vm.cached(code).is_some() {
            return Ok(());
        }
        let bytes = crate::system::code(state, code)?;
        let bytes = bytes.ok_or_else(|| Fault::Corrupt(format!("no code {code}")))?;
        self.vm.prepare(code, &bytes)
    }

    /// Removes from the cache of compiled modules those of other settings or another gas table, and
    /// those of code that is not stored.
    ///
    /// # Errors
    /// [`Fault`] when the store fails; what it does not answer for is kept.
    pub fn prune_cache(&self, state: &dyn StateRead) -> Result<(), Fault> {
        let mut failed = None;
        self.vm.prune_cache(&mut |code| match crate::system::code_record(state, code) {
            Ok(record) => record.is_some(),
            Err(fault) => {
                failed = Some(fault);
                true
            }
        });
        failed.map_or(Ok(()), Err)
    }

    /// Calls so far that ran in an instance that had run before.
    #[must_use]
    pub fn instances_reused(&self) -> u64 {
        self.vm.instances_reused()
    }

    /// Modules compiled so far.
    #[must_use]
    pub fn modules_compiled(&self) -> u64 {
        self.vm.modules_compiled()
    }

    fn env(
        &self,
        overlay: Overlay,
        block: &BlockContext,
        gas_limit: Gas,
        notes: Option<Notes>,
    ) -> Box<Env> {
        Box::new(Env {
            vm: Arc::clone(&self.vm),
            overlay,
            block: *block,
            transaction: Hash::ZERO,
            gas_limit,
            stack: Vec::new(),
            events: Vec::new(),
            read: None,
            notes,
        })
    }

    /// Asks a contract; nothing changes. `input` is selector and arguments.
    ///
    /// # Errors
    /// [`Fault`] when this node's store or machine fails.
    pub fn query(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        contract: Address,
        input: &[u8],
        gas_limit: Gas,
    ) -> Result<QueryOutput, Fault> {
        let gas_limit = gas_limit.min(Gas(limits::QUERY_GAS_MAX));
        let overlay = Overlay::new(Arc::clone(state));
        let env = self.env(overlay, block, gas_limit, Some(Notes::default()));
        let request = Request {
            contract,
            caller: Address::SYSTEM,
            kind: EntryKind::Query,
            input: input.to_vec(),
            gas: gas_limit.0,
            read_only: true,
        };
        let (env, done) = enter(env, request);
        let done = done?;
        let notes = env.and_then(|env| env.notes).unwrap_or_default();
        Ok(QueryOutput {
            result: done.result,
            gas_used: gas_limit.saturating_sub(Gas(done.gas_left)),
            debug: notes.debug,
            panic: notes.panic,
            trace: notes.trace.into_calls(),
        })
    }

    /// Runs a transaction as if it were alone in the next block, without signature, nonce or
    /// quota; nothing changes.
    ///
    /// # Errors
    /// [`Fault`] when this node's store or machine fails.
    pub fn simulate(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        body: &TransactionBody,
    ) -> Result<Simulation, Fault> {
        self.simulate_with(state, block, body, Notes::default())
    }

    /// As [`Executor::simulate`], but code that the transaction itself stores can be used at once:
    /// for trying an upgrade whose code is not on the chain.
    ///
    /// # Errors
    /// [`Fault`] when this node's store or machine fails.
    pub fn rehearse(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        body: &TransactionBody,
    ) -> Result<Simulation, Fault> {
        let notes = Notes { rehearsal: Some(Compiled::default()), ..Notes::default() };
        self.simulate_with(state, block, body, notes)
    }

    fn simulate_with(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        body: &TransactionBody,
        notes: Notes,
    ) -> Result<Simulation, Fault> {
        let gas_limit = body.gas_limit.min(Gas(limits::TRANSACTION_GAS_MAX));
        let overlay = Overlay::new(Arc::clone(state));
        let env = self.env(overlay, block, gas_limit, Some(notes));
        let id = body.id(block.chain);
        let length = codec::Encode::encoded_size(body).saturating_add(SIGNATURE_BYTES);
        let parameters = crate::system::parameters(state.as_ref())?;
        let base = prepass::base_gas(&parameters, length);
        let (env, ran) = transaction::run(env, id, body, gas_limit, base);
        let ran = ran?;
        let Some(env) = env else {
            return Err(Fault::Vm("the state of a simulation is lost".into()));
        };
        let env = *env;
        let notes = env.notes.unwrap_or_default();
        Ok(Simulation {
            outputs: ran.result,
            events: ran.events,
            gas_used: ran.gas_used,
            gas_base: base.min(gas_limit),
            delta: env.overlay.into_delta()?,
            debug: notes.debug,
            panic: notes.panic,
            trace: notes.trace.into_calls(),
        })
    }
}

/// A witness of one Ed25519 signature, SCALE-encoded.
const SIGNATURE_BYTES: usize = 98;
