//! The chain itself.

use crate::{
    Account, Executed, FailureWords, Refusal, TestFailure,
    gas::GasLog,
    names::{Names, lock},
    shadow::Shadows,
    transaction::call,
};
use codec::{Decode, DecodeAll, Encode};
use dure_runtime::{BlockContext, Executor, ExecutorConfig, Fault, StateRead, genesis, system};
use dure_sdk::Invocation;
use dure_types::{
    Address, Call, Event, Gas, Genesis, Hash, Height, Selector, Tier, TimestampMs, TransactionBody,
    ValidatorSet, address, limits,
};
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

/// Time from one block to the next, unless more passes.
pub(crate) const BLOCK_MS: u64 = 1_000;
/// Tier of the accounts of a test: it may deploy, and its quota does not run out.
const TIER: u8 = 9;

/// A chain in memory. Every call is a block of its own, one second after the last.
pub struct Chain {
    pub(crate) executor: Arc<Executor>,
    pub(crate) state: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(crate) chain: Hash,
    pub(crate) height: Height,
    pub(crate) time: TimestampMs,
    pub(crate) events: Vec<Event>,
    instances: u64,
    pub(crate) names: Names,
    pub(crate) gas: Mutex<GasLog>,
    pub(crate) last: Option<Executed>,
    pub(crate) why: String,
    pub(crate) shadows: Shadows,
    /// The latest calls of contracts that were accepted: random sequences begin with what they know.
    pub(crate) accepted: VecDeque<Accepted>,
    /// Upgrades may leave new fields of one value without one.
    pub(crate) may_be_unset: bool,
}

/// Calls that are remembered.
const ACCEPTED_KEPT: usize = 256;

/// A call that was accepted.
#[derive(Clone)]
pub(crate) struct Accepted {
    pub(crate) by: Address,
    pub(crate) call: Call,
    pub(crate) output: Vec<u8>,
}

/// A moment of a chain, to go back to: see [`Chain::snapshot`].
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    height: Height,
    time: TimestampMs,
    events: Vec<Event>,
    instances: u64,
    shadows: Shadows,
    accepted: VecDeque<Accepted>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// The engine reserves much address space: one serves all chains of a test binary.
fn executor() -> Arc<Executor> {
    static EXECUTOR: OnceLock<Arc<Executor>> = OnceLock::new();
    let make = || Arc::new(Executor::new(ExecutorConfig::default()).expect("wasmtime runs here"));
    Arc::clone(EXECUTOR.get_or_init(make))
}

impl Chain {
    /// Starts at 2026-01-01 00:00 UTC with nothing but the system contract.
    #[must_use]
    pub fn new() -> Self {
        Self::starting(TimestampMs(1_767_225_600_000))
    }

    /// Starts at another time.
    #[must_use]
    pub fn starting(time: TimestampMs) -> Self {
        let tier = |tier, gas, may_deploy| Tier {
            tier,
            capacity: Gas(gas),
            refill_per_second: Gas(gas),
            may_deploy,
        };
        let genesis = Genesis {
            version: Genesis::VERSION,
            name: "test".into(),
            time,
            validators: ValidatorSet(Vec::new()),
            tiers: vec![tier(0, 0, false), tier(TIER, limits::BLOCK_GAS_MAX, true)],
            accounts: Vec::new(),
            sponsors: Vec::new(),
            parameters: genesis::parameters(),
        };
        let entries = genesis::state(&genesis).into_iter();
        let state = entries.filter_map(|(key, value)| Some((key, value?))).collect();
        Self {
            executor: executor(),
            state: Arc::new(state),
            chain: genesis.chain_id(),
            height: Height(0),
            time,
            events: Vec::new(),
            instances: 0,
            names: Names::default(),
            gas: Mutex::default(),
            last: None,
            why: String::new(),
            shadows: Shadows::new(),
            accepted: VecDeque::new(),
            may_be_unset: false,
        }
    }

    /// The account of a name, able to pay for what it does. The first use puts it on the chain.
    pub fn account(&mut self, name: &str) -> Account {
        let account = Account::named(name);
        self.names.account(account.address(), name);
        self.admit(account.address());
        account
    }

    /// Gives an account its tier, unless it has a record.
    fn admit(&mut self, account: Address) {
        let key = dure_runtime::state::key::account(account);
        if !self.state.contains_key(&key) {
            let record = system::AccountRecord { tier: TIER, ..Default::default() };
            Arc::make_mut(&mut self.state).insert(key, record.encode());
        }
    }

    /// Height of the last block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.height
    }

    /// Time of the last block.
    #[must_use]
    pub fn time(&self) -> TimestampMs {
        self.time
    }

    /// Lets time pass before the next block.
    pub fn advance(&mut self, milliseconds: u64) {
        self.time = TimestampMs(self.time.0.saturating_add(milliseconds));
    }

    /// Lets time pass until the next block happens at this very time.
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the chain is there already: time never goes back.
    pub fn set_time(&mut self, time: TimestampMs) -> Result<(), TestFailure> {
        if time.0 < self.time.0.saturating_add(BLOCK_MS) {
            let earliest = self.time.0.saturating_add(BLOCK_MS);
            let text = format!("time {} is past: the next block is at {earliest} or later", time.0);
            return Err(TestFailure::Fault(text));
        }
        self.time = TimestampMs(time.0.saturating_sub(BLOCK_MS));
        Ok(())
    }

    /// Remembers this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: Arc::clone(&self.state),
            height: self.height,
            time: self.time,
            events: self.events.clone(),
            instances: self.instances,
            shadows: self.shadows.clone(),
            accepted: self.accepted.clone(),
        }
    }

    /// Goes back to a moment of this chain: state, height, time, events and shadows. What gas was
    /// used stays in the report, and accounts that were made since may go on.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.state = Arc::clone(&snapshot.state);
        (self.height, self.time) = (snapshot.height, snapshot.time);
        self.events.clone_from(&snapshot.events);
        self.instances = snapshot.instances;
        self.shadows.clone_from(&snapshot.shadows);
        self.accepted.clone_from(&snapshot.accepted);
        self.last = None;
        self.why.clear();
        let known: Vec<Address> = self.names.accounts().keys().copied().collect();
        known.into_iter().for_each(|account| self.admit(account));
    }

    /// The last transaction that succeeded.
    #[must_use]
    pub const fn last(&self) -> Option<&Executed> {
        self.last.as_ref()
    }

    /// Why the last transaction that failed did so: the error as its source has it, and the path
    /// of calls to it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Events of all blocks, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub(crate) fn remember(&mut self, body: &TransactionBody, outputs: &[Vec<u8>]) {
        for (call, output) in body.calls.iter().zip(outputs) {
            if call.contract == Address::SYSTEM {
                continue;
            }
            if self.accepted.len() >= ACCEPTED_KEPT {
                self.accepted.pop_front();
            }
            let (by, call, output) = (body.account, call.clone(), output.clone());
            self.accepted.push_back(Accepted { by, call, output });
        }
    }

    /// The state after the last block.
    #[must_use]
    pub fn state(&self) -> Arc<dyn StateRead> {
        Arc::clone(&self.state) as Arc<dyn StateRead>
    }

    /// The executor that the chain runs on.
    #[must_use]
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Builds the contract crate at `manifest_dir` (once in a test binary), deploys it and
    /// instantiates it with `init`, a tuple of the init method's arguments.
    ///
    /// # Errors
    /// [`TestFailure`] when it does not build or its `init` refuses.
    #[track_caller]
    pub fn deploy(
        &mut self,
        manifest_dir: impl AsRef<Path>,
        creator: Account,
        init: impl Encode,
    ) -> Result<Address, TestFailure> {
        let wasm = build(manifest_dir.as_ref())?;
        self.deploy_wasm(&wasm, creator, init)
    }

    /// Deploys a module, unless its code is stored, and instantiates it.
    ///
    /// # Errors
    /// [`TestFailure`] when it is refused.
    #[track_caller]
    pub fn deploy_wasm(
        &mut self,
        wasm: &[u8],
        creator: Account,
        init: impl Encode,
    ) -> Result<Address, TestFailure> {
        let code = self.store(wasm, creator)?;
        self.instances = self.instances.saturating_add(1);
        let salt = self.instances.to_be_bytes().to_vec();
        let args = (code, salt, init.encode());
        let made = self.call(creator, Address::SYSTEM, "instantiate", args)?;
        lock(&self.gas).instantiated(made);
        Ok(made)
    }

    /// Stores a module, unless it is stored, and lets the time pass until it can be used.
    #[track_caller]
    pub(crate) fn store(&mut self, wasm: &[u8], by: Account) -> Result<Hash, TestFailure> {
        let code = dure_types::domain::blake3_hash(wasm);
        if system::code_record(self.state.as_ref(), code).map_err(fault)?.is_none() {
            self.call::<Hash>(by, Address::SYSTEM, "deploy", wasm.to_vec())?;
        }
        let record = system::code_record(self.state.as_ref(), code).map_err(fault)?;
        let ready = record.map_or(0, |record| record.ready.0);
        self.advance(ready.saturating_sub(self.time.0.saturating_add(BLOCK_MS)));
        Ok(code)
    }

    /// The address of the next contract that `creator` would instantiate by [`Chain::deploy`].
    #[must_use]
    pub fn next_address(&self, creator: Account) -> Address {
        address::contract(creator.address(), &self.instances.saturating_add(1).to_be_bytes())
    }

    /// Where the last block was: what a block executed on [`Chain::state`] comes after.
    #[must_use]
    pub fn context(&self) -> BlockContext {
        BlockContext { chain: self.chain, height: self.height, time: self.time }
    }

    /// Asks with the types of the client: `token::call::balance(&holder)`.
    ///
    /// # Errors
    /// [`Refusal`] as for [`Chain::send`].
    #[track_caller]
    pub fn ask<T: Decode, E: Decode>(
        &self,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, Refusal<E>> {
        let bytes = self.query_bytes(contract, invocation.input()).map_err(TestFailure::typed)?;
        typed_output(&bytes)
    }

    /// Asks a contract. `args` as for [`Chain::call`].
    ///
    /// # Errors
    /// [`TestFailure`] when it fails.
    #[track_caller]
    pub fn query<T: DecodeAll>(
        &self,
        contract: Address,
        method: &str,
        args: impl Encode,
    ) -> Result<T, TestFailure> {
        let call = call(contract, method, args);
        let mut input = call.method.0.to_vec();
        input.extend_from_slice(&call.args);
        let bytes = self.query_bytes(contract, &input)?;
        T::decode_all(&mut bytes.as_slice()).map_err(|error| TestFailure::Output(error.to_string()))
    }

    #[track_caller]
    pub(crate) fn query_bytes(
        &self,
        contract: Address,
        input: &[u8],
    ) -> Result<Vec<u8>, TestFailure> {
        let gas = Gas(limits::QUERY_GAS_MAX);
        let output = self.executor.query(&self.state(), &self.context(), contract, input, gas);
        let mut output = output.map_err(fault)?;
        self.names.put_into_panics(self.state.as_ref(), &mut output.trace, &mut output.panic);
        if let (Ok(_), Some(&[a, b, c, d])) = (&output.result, input.get(..4)) {
            lock(&self.gas).add(vec![(contract, Selector([a, b, c, d]))], output.gas_used);
        }
        let (panic, trace) = (output.panic, output.trace);
        let answer = output.result.map_err(|error| {
            let why = self.names.failure(self.state.as_ref(), &trace, &error);
            TestFailure::Failed { call: 0, error, words: Box::new(FailureWords { why, panic }) }
        });
        self.shadow_query(contract, input, &answer)?;
        answer
    }

    /// Reads a storage value of a contract by the key it wrote (field id, then ordered key).
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the state cannot be read.
    pub fn storage(&self, contract: Address, key: &[u8]) -> Result<Option<Vec<u8>>, TestFailure> {
        let key = dure_runtime::state::key::of_contract(contract, key);
        StateRead::get(self.state.as_ref(), &key).map_err(fault)
    }
}

pub(crate) fn typed_output<T: Decode, E>(mut bytes: &[u8]) -> Result<T, Refusal<E>> {
    let malformed = |text: String| Refusal::Other(TestFailure::Output(text));
    let value = T::decode(&mut bytes).map_err(|error| malformed(error.to_string()))?;
    if bytes.is_empty() { Ok(value) } else { Err(malformed("bytes are left over".into())) }
}

pub(crate) fn fault(fault: Fault) -> TestFailure {
    TestFailure::Fault(fault.to_string())
}

/// Builds a contract crate once in a test binary.
pub(crate) fn build(manifest_dir: &Path) -> Result<Arc<Vec<u8>>, TestFailure> {
    static BUILT: Mutex<BTreeMap<std::path::PathBuf, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().map_err(|error| TestFailure::Build(error.to_string()))?;
    if let Some(wasm) = built.get(manifest_dir) {
        return Ok(Arc::clone(wasm));
    }
    let wasm = crate::build::build(manifest_dir)?;
    let wasm = Arc::new(wasm);
    built.insert(manifest_dir.to_path_buf(), Arc::clone(&wasm));
    Ok(wasm)
}
