//! A host for the machine on virtual time: one thread, one order of events, a simulated disk.

use codec::DecodeAll;
use dure_consensus::{Now, Signatures};
use dure_node::{
    chain::Chain,
    config::MempoolLimits,
    execution::{Block, UndoWindow, execute},
    fault::Fault,
    genesis_file::dev_genesis,
    machine::{Action, Event, Machine, Setup, Ticket, recover, recovery},
    mempool::{Admission, Rejection, admit},
    store::{Column, Database, MemoryStore, Store, ledger, memory::Failure, schema},
};
use dure_runtime::{Executor, ExecutorConfig, signature};
use dure_types::{
    Address, Call, CommitCertificate, Gas, Genesis, Hash, Height, Outcome, PublicKey, Selector,
    Signature, TimestampMs, Transaction, TransactionBody, ValidatorId, address,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Wall time at the start of every run.
const EPOCH_MS: u64 = 1_700_000_000_000;
/// A write and its fsync.
const SYNC: Duration = Duration::from_millis(2);
/// Execution of a block.
const EXECUTION: Duration = Duration::from_millis(3);
/// From the loss of power to the next start, and between two tries of a client.
const PAUSE: Duration = Duration::from_millis(200);

/// What is the same in every run.
pub(crate) struct World {
    pub(crate) genesis: Genesis,
    pub(crate) chain: Hash,
    key: SigningKey,
    executor: Arc<Executor>,
    /// When a client first sends, and what.
    script: Vec<(Hash, (Duration, Transaction))>,
}

impl World {
    pub(crate) fn new() -> Self {
        let key = SigningKey::from_bytes(&[1; 32]);
        let clients: Vec<_> = (10..13u8).map(|n| SigningKey::from_bytes(&[n; 32])).collect();
        let accounts: Vec<_> = clients.iter().map(account).collect();
        let network = SigningKey::from_bytes(&[2; 32]);
        let time = TimestampMs(EPOCH_MS);
        let genesis = dev_genesis("simulation", time, &key, &network, &accounts);
        let chain = genesis.chain_id();
        // A lone one on an idle chain, a burst, and another after the state was flushed.
        let mut times: Vec<u64> = vec![1_500];
        times.extend((0..20).map(|i| 2_000 + i * 4));
        times.extend((0..10).map(|i| 7_000 + i * 17));
        let script = times.iter().zip(0u64..).map(|(at, i)| {
            let client = &clients[i as usize % clients.len()];
            let transaction = transaction(chain, client, 1 + i / clients.len() as u64);
            (transaction.body.id(chain), (Duration::from_millis(*at), transaction))
        });
        let script = script.collect();
        let executor = Arc::new(Executor::new(ExecutorConfig::default()).unwrap());
        Self { genesis, chain, key, executor, script }
    }

    pub(crate) fn me(&self) -> ValidatorId {
        ValidatorId::of_key(self.key.verifying_key().as_bytes())
    }

    pub(crate) fn script(&self) -> &[(Hash, (Duration, Transaction))] {
        &self.script
    }
}

fn account(key: &SigningKey) -> Address {
    address::of_key(PublicKey::Ed25519(key.verifying_key().to_bytes()))
}

/// Calls a contract that does not exist: it fails, which uses the nonce and charges the quota.
fn transaction(chain: Hash, key: &SigningKey, nonce: u64) -> Transaction {
    let body = TransactionBody {
        account: account(key),
        lane: 0,
        nonce,
        valid_until: TimestampMs(EPOCH_MS + 3_600_000),
        gas_limit: Gas(50_000_000),
        sponsor: None,
        calls: vec![Call {
            contract: Address([9; 32]),
            method: Selector([1; 4]),
            args: nonce.to_le_bytes().to_vec(),
        }],
    };
    let signature = key.sign(&body.signed_bytes(chain)).to_bytes();
    let key = key.verifying_key().to_bytes();
    Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
}

/// What the host does at a time.
enum Task {
    Send(usize),
    Sync,
    Log(Height, Vec<Vec<u8>>),
    Execute(Box<Block>),
    Wake(Duration),
}

/// A node from its start to its end or the loss of power.
struct Life {
    chain: Arc<Chain>,
    machine: Machine,
    tickets: Vec<Ticket>,
    timer: Option<Duration>,
}

type Told = (Height, u32, Outcome);

/// One run of the script, over any number of lives.
pub(crate) struct Run<'w> {
    world: &'w World,
    store: MemoryStore,
    life: Option<Life>,
    now: Duration,
    tasks: BTreeMap<(Duration, u64), Task>,
    number: u64,
    told: BTreeMap<Hash, Told>,
    told_at: BTreeMap<Hash, Duration>,
    certificates: BTreeMap<Height, BTreeSet<Hash>>,
}

impl<'w> Run<'w> {
    pub(crate) fn new(world: &'w World, store: MemoryStore) -> Self {
        let mut run = Self {
            world,
            store,
            life: None,
            now: Duration::ZERO,
            tasks: BTreeMap::new(),
            number: 0,
            told: BTreeMap::new(),
            told_at: BTreeMap::new(),
            certificates: BTreeMap::new(),
        };
        for (index, (_, (at, _))) in world.script.iter().enumerate() {
            run.at(*at, Task::Send(index));
        }
        run.start();
        run
    }

    pub(crate) fn fail(&mut self, failure: Failure) {
        self.store.fail(failure);
        if self.now == Duration::ZERO {
            // The first start has barriers too: begin again with the failure in place.
            self.life = None;
            self.store = MemoryStore::with_disk();
            self.store.fail(failure);
            self.tasks.retain(|_, task| matches!(task, Task::Send(_)));
            self.start();
        }
    }

    /// Takes the power away, and starts on what the disk holds.
    pub(crate) fn restart(&mut self, torn: usize) {
        self.take_power(self.store.crash(torn));
        self.start();
    }

    /// Takes the power away, and starts on a disk that lost the last batches of the ledger.
    pub(crate) fn restart_without_tail(&mut self, lost: usize) -> Result<(), Fault> {
        self.take_power(self.store.crash_without_tail(lost));
        self.try_start()
    }

    fn take_power(&mut self, left: MemoryStore) {
        self.life = None;
        self.store = left;
        self.tasks.clear();
        self.now += PAUSE;
        for (index, (id, (at, _))) in self.world.script.iter().enumerate() {
            if !self.told.contains_key(id) {
                self.at((*at).max(self.now), Task::Send(index));
            }
        }
    }

    fn start(&mut self) {
        match self.try_start() {
            Ok(()) | Err(Fault::Store(_)) => {}
            Err(fault) => panic!("recovery: {fault}"),
        }
    }

    fn try_start(&mut self) -> Result<(), Fault> {
        let world = self.world;
        // As the driver does it, before anything is written.
        let me = (world.me(), &world.genesis.validators);
        recovery::look(&self.store, &self.store.log()?.entries, me, world.chain)?;
        schema::claim(&self.store, world.chain, "memory")?;
        let store = Arc::new(self.store.clone());
        let executor = Arc::clone(&world.executor);
        let window = UndoWindow::default();
        let chain = Chain::open(world.genesis.clone(), store, executor, window)?;
        let recovered = recover(&chain, world.me())?;
        let mempool = MempoolLimits::default();
        let setup = Setup {
            genesis: &world.genesis,
            signer: Box::new(world.key.clone()),
            mempool,
            signatures: Signatures::default(),
        };
        let (machine, actions) = Machine::new(setup, recovered, self.clock())?;
        self.life = Some(Life { chain, machine, tickets: Vec::new(), timer: None });
        self.tell();
        self.act(actions)
    }

    fn clock(&self) -> Now {
        let wall = TimestampMs(EPOCH_MS + self.now.as_millis() as u64);
        Now { elapsed: self.now, wall }
    }

    fn at(&mut self, time: Duration, task: Task) {
        self.number += 1;
        self.tasks.insert((time, self.number), task);
    }

    pub(crate) fn is_done(&self) -> bool {
        let Some(life) = &self.life else { return false };
        let newest = self.told.values().map(|told| told.0).max().unwrap_or_default();
        let head = life.chain.head().unwrap();
        // No decision is on its way, so that the ledger and the state are of one height.
        let tip = ledger::tip(&self.store).unwrap().map_or(Height::ZERO, |(tip, _)| tip.height);
        let all = self.told.len() == self.world.script.len();
        all && head.certified >= newest && head.height == tip
    }

    /// Does what is due, in order of time, until the disk fails or all is final and certified.
    pub(crate) fn until_power_fails_or_done(&mut self) {
        while self.life.is_some() && !self.is_done() {
            let Some(((time, _), task)) = self.tasks.pop_first() else { return };
            assert!(time < Duration::from_secs(60), "the chain does not get on");
            self.now = self.now.max(time);
            match self.perform(task) {
                Ok(()) => {}
                Err(Fault::Store(_)) => self.life = None,
                Err(fault) => panic!("{fault}"),
            }
        }
    }

    fn perform(&mut self, task: Task) -> Result<(), Fault> {
        match task {
            Task::Send(index) => self.send(index),
            Task::Wake(at) if self.life().timer == Some(at) => {
                self.life().timer = None;
                self.step(Event::Timer)
            }
            Task::Wake(_) => Ok(()),
            Task::Sync => {
                let tickets = std::mem::take(&mut self.life().tickets);
                self.store.barrier(Database::Ledger)?;
                self.step(Event::Durable(tickets))
            }
            Task::Log(height, entries) => {
                self.store.append_log(height, &entries)?;
                self.step(Event::Durable(vec![Ticket::Log(height)]))
            }
            Task::Execute(block) => {
                let chain = Arc::clone(&self.life().chain);
                let executed = execute(&chain, *block)?;
                self.tell();
                self.step(Event::Executed(executed))
            }
        }
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("the node is on")
    }

    /// A client sends, and sends again until it is told the outcome.
    fn send(&mut self, index: usize) -> Result<(), Fault> {
        let (id, (_, transaction)) = &self.world.script[index];
        if self.told.contains_key(id) {
            return Ok(());
        }
        let verified = signature::verify(self.world.chain, vec![transaction.clone()]);
        let verified = verified.into_iter().next().unwrap().unwrap();
        let view = self.life().chain.view()?;
        match admit(&view, self.clock().wall, verified)? {
            Ok(Admission::Known(_)) => self.tell(),
            Ok(Admission::New(transaction)) => {
                self.step(Event::Submit { request: index as u64, transaction })?;
            }
            Err(rejection) => panic!("{rejection}"),
        }
        self.at(self.now + PAUSE, Task::Send(index));
        Ok(())
    }

    fn step(&mut self, event: Event) -> Result<(), Fault> {
        let now = self.clock();
        let actions = self.life().machine.step(now, event)?;
        self.act(actions)
    }

    fn act(&mut self, actions: Vec<Action>) -> Result<(), Fault> {
        for action in actions {
            match action {
                Action::Answer { result, .. } => match result {
                    Ok(_) => {}
                    Err(Rejection::NoncePending { .. }) | Err(_) => panic!("{result:?}"),
                },
                Action::Persist { ticket, writes } => {
                    self.note_certificates(&writes);
                    self.store.write(writes)?;
                    self.life().tickets.push(ticket);
                    if self.life().tickets.len() == 1 {
                        self.at(self.now + SYNC, Task::Sync);
                    }
                }
                Action::Log(height, entries) => {
                    self.at(self.now + SYNC, Task::Log(height, entries));
                }
                other @ (Action::Report(_)
                | Action::Send(..)
                | Action::Hand { .. }
                | Action::Serve(..)
                | Action::Verify(..)
                | Action::Admit(..)
                | Action::Blame(..)) => panic!("a lone validator: {other:?}"),
                Action::Execute(block) => self.at(self.now + EXECUTION, Task::Execute(block)),
                Action::Flush => self.store.barrier(Database::State)?,
                Action::SetTimer(at) => {
                    self.life().timer = Some(at);
                    self.at(at, Task::Wake(at));
                }
            }
        }
        Ok(())
    }

    /// Every certificate counts from the moment it exists, durable or not.
    fn note_certificates(&mut self, writes: &dure_node::store::WriteBatch) {
        for (column, _, value) in writes.operations() {
            if let (Column::Certificates, Some(bytes)) = (column, value) {
                let certificate = CommitCertificate::decode_all(&mut bytes.as_slice()).unwrap();
                self.certificates.entry(certificate.height).or_default().insert(certificate.block);
            }
        }
    }

    /// Tells clients every outcome that is visible: this is what `final` means.
    fn tell(&mut self) {
        let Some(life) = &self.life else { return };
        let view = life.chain.view().unwrap();
        for (id, _) in &self.world.script {
            if self.told.contains_key(id) {
                continue;
            }
            if let Some(located) = view.receipt(*id).unwrap() {
                self.told.insert(*id, (located.height, located.index, located.outcome));
                self.told_at.insert(*id, self.now);
            }
        }
    }

    pub(crate) fn told(&self) -> &BTreeMap<Hash, Told> {
        &self.told
    }

    pub(crate) fn certificates(&self) -> &BTreeMap<Height, BTreeSet<Hash>> {
        &self.certificates
    }

    pub(crate) fn chain(&self) -> &Arc<Chain> {
        &self.life.as_ref().expect("the node is on").chain
    }

    pub(crate) fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// From sending the first transaction to its outcome.
    pub(crate) fn first_latency_ms(&self) -> u128 {
        let (id, (sent, _)) = &self.world.script[0];
        (self.told_at[id] - *sent).as_millis()
    }
}
