//! The chain itself.

use crate::{
    Account, Changed, Refusal, TestFailure,
    gas::GasLog,
    names::{Names, lock},
};
use codec::{Decode, DecodeAll, Encode};
use dure_runtime::{
    BlockContext, Executor, ExecutorConfig, Fault, Simulation, StateRead, TransactionOutput,
    genesis, signature, system,
};
use dure_sdk::Invocation;
use dure_types::{
    Address, Call, Event, Gas, Genesis, Hash, Height, Outcome, Receipt, Selector, Tier,
    TimestampMs, TransactionBody, ValidatorSet, address, domain::selector, limits,
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

/// Time from one block to the next, unless more passes.
const BLOCK_MS: u64 = 1_000;
/// Tier of the accounts of a test: it may deploy, and its quota does not run out.
const TIER: u8 = 9;

/// A chain in memory. Every call is a block of its own, one second after the last.
pub struct Chain {
    pub(crate) executor: Arc<Executor>,
    pub(crate) state: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    chain: Hash,
    height: Height,
    time: TimestampMs,
    events: Vec<Event>,
    instances: u64,
    pub(crate) names: Names,
    pub(crate) gas: Mutex<GasLog>,
    last: Option<Executed>,
    why: String,
}

/// A moment of a chain, to go back to: see [`Chain::snapshot`].
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    height: Height,
    time: TimestampMs,
    events: Vec<Event>,
    instances: u64,
}

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Output of each call, SCALE-encoded.
    pub outputs: Vec<Vec<u8>>,
    /// Events of the transaction.
    pub events: Vec<Event>,
    /// Gas that it used.
    pub gas_used: Gas,
    /// Entries of contracts' storage that it changed, by key; [`Chain::changes`] decodes them.
    pub changed: Vec<Changed>,
}

impl Executed {
    /// Decodes the output of one call.
    ///
    /// # Errors
    /// [`TestFailure::Output`] when there is none or it is of another type.
    pub fn output<T: DecodeAll>(&self, call: usize) -> Result<T, TestFailure> {
        let bytes = self.outputs.get(call);
        let mut bytes =
            bytes.ok_or_else(|| TestFailure::Output(format!("no call {call}")))?.as_slice();
        T::decode_all(&mut bytes).map_err(|error| TestFailure::Output(error.to_string()))
    }
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
        let time = TimestampMs(1_767_225_600_000);
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
        }
    }

    /// The account of a name, able to pay for what it does. The first use puts it on the chain.
    pub fn account(&mut self, name: &str) -> Account {
        let account = Account::named(name);
        self.names.account(account.address(), name);
        let key = dure_runtime::state::key::account(account.address());
        if !self.state.contains_key(&key) {
            let record = system::AccountRecord { tier: TIER, ..Default::default() };
            Arc::make_mut(&mut self.state).insert(key, record.encode());
        }
        account
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
        }
    }

    /// Goes back to a moment of this chain: state, height, time and events. What gas was used
    /// stays in the report.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.state = Arc::clone(&snapshot.state);
        (self.height, self.time) = (snapshot.height, snapshot.time);
        self.events.clone_from(&snapshot.events);
        self.instances = snapshot.instances;
        self.last = None;
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
    pub fn deploy_wasm(
        &mut self,
        wasm: &[u8],
        creator: Account,
        init: impl Encode,
    ) -> Result<Address, TestFailure> {
        let code = dure_types::domain::blake3_hash(wasm);
        if system::code_record(self.state.as_ref(), code).map_err(fault)?.is_none() {
            self.call::<Hash>(creator, Address::SYSTEM, "deploy", wasm.to_vec())?;
        }
        self.instances = self.instances.saturating_add(1);
        let salt = self.instances.to_be_bytes().to_vec();
        let args = (code, salt, init.encode());
        let made = self.call(creator, Address::SYSTEM, "instantiate", args)?;
        lock(&self.gas).instantiated(made);
        Ok(made)
    }

    /// The address of the next contract that `creator` would instantiate by [`Chain::deploy`].
    #[must_use]
    pub fn next_address(&self, creator: Account) -> Address {
        address::contract(creator.address(), &self.instances.saturating_add(1).to_be_bytes())
    }

    /// Calls one method in a block of its own. `args` is a tuple of the method's arguments (or the
    /// argument itself when there is one).
    ///
    /// # Errors
    /// [`TestFailure`] when it fails; see [`TestFailure::contract_error`] for the contract's own error.
    pub fn call<T: DecodeAll>(
        &mut self,
        by: Account,
        contract: Address,
        method: &str,
        args: impl Encode,
    ) -> Result<T, TestFailure> {
        self.transact(by, vec![call(contract, method, args)])?.output(0)
    }

    /// Calls one method with the types of its client: `token::call::transfer(&to, &amount)`.
    ///
    /// # Errors
    /// [`Refusal::Contract`] with the contract's own error, or what else was wrong.
    pub fn send<T: Decode, E: Decode>(
        &mut self,
        by: Account,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, Refusal<E>> {
        let executed = self.transact(by, vec![invoke(contract, invocation)]);
        let executed = executed.map_err(TestFailure::typed)?;
        let bytes = executed.outputs.first().map(Vec::as_slice).unwrap_or_default();
        typed_output(bytes)
    }

    /// Asks with the types of the client: `token::call::balance(&holder)`.
    ///
    /// # Errors
    /// [`Refusal`] as for [`Chain::send`].
    pub fn ask<T: Decode, E: Decode>(
        &self,
        contract: Address,
        invocation: &Invocation<T, E>,
    ) -> Result<T, Refusal<E>> {
        let bytes = self.query_bytes(contract, invocation.input()).map_err(TestFailure::typed)?;
        typed_output(&bytes)
    }

    /// Runs several calls in one transaction, all or nothing. See [`call`].
    ///
    /// # Errors
    /// [`TestFailure`] when one fails; then nothing happened.
    pub fn transact(&mut self, by: Account, calls: Vec<Call>) -> Result<Executed, TestFailure> {
        let body = self.body(by, calls)?;
        let methods: Vec<_> = body.calls.iter().map(|call| (call.contract, call.method)).collect();
        // What a panic said is known to simulations only, so it is looked up before the block.
        let before = Arc::clone(&self.state);
        let (output, changed) = self.execute(by, body.clone())?;
        match output.outcome {
            Outcome::Skipped(reason) => Err(TestFailure::Skipped(reason)),
            Outcome::Receipt(Receipt { result: Ok(outputs), gas_used, .. }) => {
                lock(&self.gas).add(methods, gas_used);
                self.events.extend(output.events.iter().cloned());
                let executed = Executed { outputs, events: output.events, gas_used, changed };
                self.last = Some(executed.clone());
                Ok(executed)
            }
            Outcome::Receipt(Receipt { result: Err(failure), .. }) => {
                let state = before as Arc<dyn StateRead>;
                let simulation = self.simulate_on(&state, &body).map_err(fault)?;
                self.why = self.names.failure(self.state.as_ref(), &simulation.trace);
                let (call, error) = (failure.call, failure.error);
                Err(TestFailure::Failed { call, error, panic: simulation.panic })
            }
        }
    }

    /// Runs a transaction without changing anything.
    ///
    /// # Errors
    /// [`TestFailure::Fault`] when the executor is broken.
    pub fn simulate(&self, by: Account, calls: Vec<Call>) -> Result<Simulation, TestFailure> {
        let body = self.body(by, calls)?;
        self.simulate_on(&self.state(), &body).map_err(fault)
    }

    fn simulate_on(
        &self,
        state: &Arc<dyn StateRead>,
        body: &TransactionBody,
    ) -> Result<Simulation, Fault> {
        self.executor.simulate(state, &self.context(), body)
    }

    pub(crate) fn context(&self) -> BlockContext {
        BlockContext { chain: self.chain, height: self.height, time: self.time }
    }

    fn body(&self, by: Account, calls: Vec<Call>) -> Result<TransactionBody, TestFailure> {
        let account = system::account_record(self.state.as_ref(), by.address()).map_err(fault)?;
        Ok(TransactionBody {
            account: by.address(),
            lane: 0,
            nonce: account.nonces.next(),
            valid_until: TimestampMs(self.time.0.saturating_add(60_000)),
            gas_limit: Gas(limits::TRANSACTION_GAS_MAX),
            sponsor: None,
            calls,
        })
    }

    fn execute(
        &mut self,
        by: Account,
        body: TransactionBody,
    ) -> Result<(TransactionOutput, Vec<Changed>), TestFailure> {
        self.height = Height(self.height.0.saturating_add(1));
        self.advance(BLOCK_MS);
        let transaction = by.sign(self.chain, body);
        let mut verified = Vec::new();
        for result in signature::verify(self.chain, vec![transaction]) {
            verified.push(result.map_err(|error| TestFailure::Fault(error.to_string()))?);
        }
        let state = self.state();
        let block = self.executor.execute_block(&state, &self.context(), &verified);
        let block = block.map_err(fault)?;
        drop(state);
        let state = Arc::make_mut(&mut self.state);
        let mut changed = Vec::new();
        for (key, after) in block.delta {
            let before = match after.clone() {
                Some(value) => state.insert(key.clone(), value),
                None => state.remove(&key),
            };
            changed.extend(Changed::new(key, before, after));
        }
        let output = block.outcomes.into_iter().next();
        let output = output.ok_or_else(|| TestFailure::Fault("the block has no outcome".into()))?;
        Ok((output, changed))
    }

    /// Asks a contract. `args` as for [`Chain::call`].
    ///
    /// # Errors
    /// [`TestFailure`] when it fails.
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

    fn query_bytes(&self, contract: Address, input: &[u8]) -> Result<Vec<u8>, TestFailure> {
        let gas = Gas(limits::QUERY_GAS_MAX);
        let output = self.executor.query(&self.state(), &self.context(), contract, input, gas);
        let output = output.map_err(fault)?;
        if let (Ok(_), Some(&[a, b, c, d])) = (&output.result, input.get(..4)) {
            lock(&self.gas).add(vec![(contract, Selector([a, b, c, d]))], output.gas_used);
        }
        let panic = output.panic;
        output.result.map_err(|error| TestFailure::Failed { call: 0, error, panic })
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

/// One call of a transaction.
pub fn call(contract: Address, method: &str, args: impl Encode) -> Call {
    Call { contract, method: selector(method), args: args.encode() }
}

/// One call of a transaction, with the types of the contract's client.
pub fn invoke<T: Decode, E: Decode>(contract: Address, invocation: &Invocation<T, E>) -> Call {
    let (method, args) = (invocation.selector, invocation.arguments().to_vec());
    Call { contract, method, args }
}

fn typed_output<T: Decode, E>(mut bytes: &[u8]) -> Result<T, Refusal<E>> {
    let malformed = |text: String| Refusal::Other(TestFailure::Output(text));
    let value = T::decode(&mut bytes).map_err(|error| malformed(error.to_string()))?;
    if bytes.is_empty() { Ok(value) } else { Err(malformed("bytes are left over".into())) }
}

pub(crate) fn fault(fault: Fault) -> TestFailure {
    TestFailure::Fault(fault.to_string())
}

/// Builds a contract crate once in a test binary.
fn build(manifest_dir: &Path) -> Result<Arc<Vec<u8>>, TestFailure> {
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
