//! Validators, network, disks and clocks of one run, on virtual time.

use crate::{
    check::{Checks, judge},
    clients::{Clients, EPOCH_MS, Sent, account},
    faults::Faults,
    host::{Host, Shared},
    liars::Liar,
    seeded::{Dice, Timeline},
    token,
    verdicts::Verdicts,
};
use codec::Encode;
use dure_consensus::{DECIDED_MAX, MESSAGE_BYTES_MAX, Message, Signatures};
use dure_node::{
    execution::execute,
    fault::Fault,
    genesis_file::{dev_genesis, validator_record},
    machine::{Action, Blame, Event, Ticket, Wire, verify_ahead},
    mempool::{Admission, admit},
    store::{Database, MemoryStore, Store, ledger, memory::Failure},
};
use dure_runtime::{Executor, ExecutorConfig};
use dure_types::{
    Batch, BatchReference, Hash, Height, Outcome, TimestampMs, Transaction, ValidatorId,
    ValidatorSet,
};
use ed25519_dalek::SigningKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hasher,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// From the loss of power to the next start.
const RESTART_AFTER: Duration = Duration::from_millis(200);
/// By then everybody goes on after the faults, beside a liar too.
const LIVELY: Duration = Duration::from_secs(3);
/// How often a client looks, and after how long without an answer it asks another node.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const ANOTHER_AFTER: Duration = Duration::from_millis(1_000);

/// Something that a host does, or that happens to it. What belongs to a life has its number.
enum Task {
    Deliver(usize, ValidatorId, Arc<[u8]>),
    Sync(usize, u32),
    Log(usize, u32, Height, Vec<Vec<u8>>),
    Execute(usize, u32),
    Verify(usize, u32, (BatchReference, ValidatorId), Box<Batch>),
    Admit(usize, u32, Vec<Transaction>),
    Timer(usize, u32, Duration),
    Submit(Hash),
    Look(Hash),
    Read(Hash, usize),
    NewTransaction(usize),
    Crash(usize),
    Restart(usize),
    DiskFails(usize),
    DiskLost(usize),
    ClockJumps(usize),
    Cut,
}

/// Makes what happens to a node.
type Maker = fn(usize) -> Task;

pub(crate) struct World {
    pub(crate) shared: Shared,
    pub(crate) hosts: Vec<Host>,
    pub(crate) clients: Clients,
    pub(crate) checks: Checks,
    time: Timeline<Task>,
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    /// Directed links that carry nothing.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Links that carry this much slower, in ms.
    pub(crate) clogged: BTreeMap<(usize, usize), u64>,
    /// Takes the place of what a node sends.
    pub(crate) liars: BTreeMap<usize, Box<dyn Liar>>,
    /// What nodes were blamed for, and by whom.
    pub(crate) blames: Vec<(usize, ValidatorId, Blame)>,
    /// How often honest nodes asked for batches.
    pub(crate) fetches: usize,
    verdicts: Verdicts,
    /// Reads that wait until a node is at a height.
    reads: BTreeMap<(usize, Height), Vec<Hash>>,
}

/// How long signatures take: 20 us each in bulk, as measured (DESIGN 6), and a thread to wake.
fn checking(transactions: usize) -> Duration {
    Duration::from_micros(100 + 20 * transactions as u64)
}

fn executor() -> Arc<Executor> {
    static EXECUTOR: OnceLock<Arc<Executor>> = OnceLock::new();
    let new = || Arc::new(Executor::new(ExecutorConfig::default()).unwrap());
    Arc::clone(EXECUTOR.get_or_init(new))
}

impl World {
    pub(crate) fn new(seed: u64, count: usize, faults: Faults) -> Self {
        let mut keys: Vec<SigningKey> =
            (0..count as u8).map(|n| SigningKey::from_bytes(&[n + 1; 32])).collect();
        keys.sort_by_key(|key| ValidatorId::of_key(key.verifying_key().as_bytes()));
        let network = SigningKey::from_bytes(&[200; 32]);
        let accounts: Vec<_> = Clients::keys().iter().map(account).collect();
        let time = TimestampMs(EPOCH_MS);
        let mut genesis = dev_genesis("simulation", time, &keys[0], &network, &accounts);
        let record = |(index, key): (usize, &SigningKey)| {
            let network = SigningKey::from_bytes(&[200 + index as u8; 32]);
            validator_record(&format!("validator {index}"), key, &network, 1)
        };
        genesis.validators = ValidatorSet::new(keys.iter().enumerate().map(record).collect());
        genesis.check().unwrap();
        let chain = genesis.chain_id();
        let signatures = Signatures::default();
        let mut world = Self {
            shared: Shared { genesis, chain, executor: executor(), signatures },
            hosts: keys.into_iter().map(Host::new).collect(),
            clients: Clients::new(chain),
            checks: Checks::default(),
            time: Timeline::new(),
            dice: Dice::new(seed),
            faults,
            cut: BTreeSet::new(),
            clogged: BTreeMap::new(),
            liars: BTreeMap::new(),
            blames: Vec::new(),
            fetches: 0,
            verdicts: Verdicts::default(),
            reads: BTreeMap::new(),
        };
        for node in 0..count {
            world.hosts[node].skew = world.dice.below(400) as i64 - 200;
            world.restart(node);
        }
        world
    }

    /// Makes a node lie.
    pub(crate) fn lies(&mut self, node: usize, liar: Box<dyn Liar>) {
        self.liars.insert(node, liar);
        self.checks.liars.insert(self.hosts[node].id);
    }

    pub(crate) fn honest(&self) -> impl Iterator<Item = usize> {
        (0..self.hosts.len()).filter(|node| !self.liars.contains_key(node))
    }

    /// Lets a transaction come every so often, to any node, until a time.
    pub(crate) fn with_transactions(self, every: Duration, until: Duration) -> Self {
        let all: Vec<_> = (0..self.hosts.len()).collect();
        self.with_transactions_to(&all, every, until)
    }

    /// The same to some nodes.
    pub(crate) fn with_transactions_to(
        mut self,
        nodes: &[usize],
        every: Duration,
        until: Duration,
    ) -> Self {
        let mut at = self.time.now + every;
        while at < until {
            let node = nodes[self.dice.pick(nodes.len())];
            self.time.at(at, Task::NewTransaction(node));
            at += every;
        }
        self
    }

    /// Lets crashes, partitions, failing disks and jumping clocks come at random.
    pub(crate) fn with_chaos(mut self) -> Self {
        let begun = self.time.now.as_millis() as u64;
        let end = self.faults.until.as_millis() as u64 - begun;
        let nodes = self.hosts.len();
        for _ in 0..self.dice.below(6) * u64::from(self.faults.crashes) {
            let at = Duration::from_millis(begun + self.dice.below(end));
            let (all, one) = (self.dice.percent(20), self.dice.pick(nodes));
            for node in (0..nodes).filter(|node| all || *node == one) {
                self.time.at(at, Task::Crash(node));
            }
        }
        if self.faults.lost && self.liars.is_empty() && nodes > 3 {
            // Early: who lost its disk follows for more than three seconds before it signs.
            let at = Duration::from_millis(begun + self.dice.below(end / 2));
            let node = self.dice.pick(nodes);
            self.time.at(at, Task::DiskLost(node));
        }
        let plan: [(bool, Maker); 3] = [
            (self.faults.partitions, |_| Task::Cut),
            (self.faults.disks, Task::DiskFails),
            (self.faults.clocks, Task::ClockJumps),
        ];
        for (wanted, task) in plan {
            for _ in 0..self.dice.below(8) * u64::from(wanted) {
                let at = Duration::from_millis(begun + self.dice.below(end));
                let node = self.dice.pick(nodes);
                self.time.at(at, task(node));
            }
        }
        self
    }

    /// Deploys the clients' money, before anything goes wrong.
    pub(crate) fn with_token(mut self) -> Self {
        for call in token::calls() {
            let id = self.clients.send(0, call, 0, self.time.now);
            self.submit(id);
            self.time.at(self.time.now + LOOK_EVERY, Task::Look(id));
            self.run_until(self.time.now + Duration::from_millis(700));
            let told = self.clients.sent[&id].told.as_ref().expect("final");
            let ran = matches!(&told.2, Outcome::Receipt(receipt) if receipt.result.is_ok());
            assert!(ran, "{told:?}");
        }
        self.clients.token = Some(token::at(account(&Clients::keys()[0])));
        self
    }

    /// A new transaction for a node, at a time.
    pub(crate) fn transaction_at(&mut self, node: usize, at: Duration) {
        self.time.at(at, Task::NewTransaction(node));
    }

    pub(crate) fn now(&self) -> Duration {
        self.time.now
    }

    /// Runs until a time.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while let Some(task) = self.time.next(end) {
            self.perform(task);
        }
    }

    /// Ends all faults: links carry, nodes run, clocks agree, disks keep what they are told.
    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.clogged.clear();
        (self.faults.loss, self.faults.twice, self.faults.delay) = (0, 0, (10, 10));
        for node in 0..self.hosts.len() {
            self.hosts[node].skew = 0;
            self.hosts[node].store.fail(Failure::BeforeBarrier(u64::MAX));
            if self.hosts[node].life.is_none() {
                self.restart(node);
            }
        }
    }

    /// Runs until the faults are over and for three seconds more; by then everybody has decided
    /// something new, and what clients sent after the faults is final.
    pub(crate) fn run_and_heal(&mut self) {
        self.run_until(self.faults.until);
        self.heal();
        let (newest, healed) = (self.checks.newest(), self.time.now);
        for node in self.honest().collect::<Vec<_>>() {
            self.transaction_at(node, healed + Duration::from_millis(10));
        }
        self.run_until(healed + LIVELY);
        for node in self.honest() {
            let executed = self.hosts[node].executed();
            let state = self.state();
            assert!(executed > newest, "node {node} stands, {newest} was decided: {state:#?}");
        }
        let waiting: Vec<_> =
            self.clients.sent.values().filter(|s| s.at > healed && s.told.is_none()).collect();
        assert!(waiting.is_empty(), "{} transactions wait", waiting.len());
        judge(self);
    }

    /// Where every node is, for who looks into a failed run.
    fn state(&self) -> Vec<String> {
        let of = |host: &Host| {
            let life = host.life.as_ref();
            let position = life.map(|life| life.machine.position());
            let (decided, executed) = (host.decided(), host.executed());
            let (lives, skew) = (host.lives, host.skew);
            format!("decided {decided} executed {executed} at {position:?}, {lives} lives {skew}")
        };
        self.hosts.iter().map(of).collect()
    }

    pub(crate) fn trace(&self) -> u64 {
        self.time.trace.finish()
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Deliver(to, from, bytes) => {
                let wire = match Wire::from_bytes(&bytes) {
                    Ok(wire) => wire,
                    Err(error) => return self.step(to, Event::Malformed(from, error)),
                };
                let (known, chain) = (&self.shared.signatures, self.shared.chain);
                verify_ahead(known, chain, &self.shared.genesis.validators, &wire);
                self.step(to, Event::Received(from, Box::new(wire)));
            }
            Task::Sync(node, life) if self.lives(node, life) => self.sync(node),
            Task::Log(node, life, height, entries) if self.lives(node, life) => {
                match self.hosts[node].store.append_log(height, &entries) {
                    Ok(()) => self.step(node, Event::Durable(vec![Ticket::Log(height)])),
                    Err(_) => self.crash(node),
                }
            }
            Task::Execute(node, life) if self.lives(node, life) => self.execute(node),
            Task::Verify(node, life, (reference, from), batch) if self.lives(node, life) => {
                let Shared { chain, genesis, .. } = &self.shared;
                let verdict = self.verdicts.batch(*chain, &genesis.validators, *batch);
                self.step(node, Event::Verified(reference, from, verdict));
            }
            Task::Admit(node, life, transactions) if self.lives(node, life) => {
                self.admit(node, transactions);
            }
            Task::Timer(node, life, at) if self.lives(node, life) => {
                let timer = self.hosts[node].life.as_mut().map(|life| &mut life.timer);
                if timer.is_some_and(|timer| timer.take_if(|due| *due == at).is_some()) {
                    self.step(node, Event::Timer);
                }
            }
            Task::Sync(..) | Task::Log(..) | Task::Execute(..) => {}
            Task::Verify(..) | Task::Admit(..) | Task::Timer(..) => {}
            Task::Submit(id) => self.submit(id),
            Task::Look(id) => self.look(id),
            Task::Read(id, node) => self.read(id, node),
            Task::NewTransaction(node) => {
                let id = self.clients.make(&mut self.dice, node, self.time.now);
                self.submit(id);
                self.time.at(self.time.now + LOOK_EVERY, Task::Look(id));
            }
            Task::Crash(node) => self.crash(node),
            Task::Restart(node) if self.hosts[node].life.is_none() => self.restart(node),
            Task::Restart(_) => {}
            Task::DiskFails(node) => self.disk_fails(node),
            Task::DiskLost(node) => self.loses_disk(node),
            Task::ClockJumps(node) => {
                // Far off is the clock of one validator at most, and of none beside a liar: more than
                // a third must not be wrong.
                let far = node == 0 && self.liars.is_empty();
                let range = if far { 1_200_000 } else { 400 };
                self.hosts[node].skew = self.dice.below(range) as i64 - range as i64 / 2;
            }
            Task::Cut => self.partition(),
        }
    }

    fn lives(&self, node: usize, life: u32) -> bool {
        self.hosts[node].lives == life && self.hosts[node].life.is_some()
    }

    fn sync(&mut self, node: usize) {
        let host = &mut self.hosts[node];
        let Some(life) = &mut host.life else { return };
        let tickets = std::mem::take(&mut life.tickets);
        match host.store.barrier(Database::Ledger) {
            Ok(()) => self.step(node, Event::Durable(tickets)),
            Err(_) => self.crash(node),
        }
    }

    fn execute(&mut self, node: usize) {
        let host = &mut self.hosts[node];
        let Some(life) = &mut host.life else { return };
        let Some(block) = life.blocks.pop_front() else { return };
        let executed = match execute(&life.chain, block) {
            Ok(executed) => executed,
            Err(Fault::Store(_)) => return self.crash(node),
            Err(fault) => panic!("node {node}: {fault}"),
        };
        self.checks.executed(host, &executed, self.clients.token);
        self.clients.executed(node, &executed.outcomes, self.time.now);
        if host.life.as_ref().is_some_and(|life| !life.blocks.is_empty()) {
            let (life, ms) = (host.lives, 1 + self.dice.below(self.faults.execution));
            self.time.after_ms(ms, Task::Execute(node, life));
        }
        let height = executed.head.height;
        let due: Vec<_> =
            self.reads.extract_if((node, Height::ZERO)..=(node, height), |_, _| true).collect();
        for id in due.into_iter().flat_map(|(_, ids)| ids) {
            self.read(id, node);
        }
        self.step(node, Event::Executed(executed));
    }

    fn disk_fails(&mut self, node: usize) {
        let store = &self.hosts[node].store;
        let at = store.barriers() + 1 + self.dice.below(6);
        store.fail(match self.dice.below(3) {
            0 => Failure::BeforeBarrier(at),
            1 => Failure::AfterBarrier(at),
            _ => Failure::Full(at),
        });
    }

    /// Cuts, clogs or mends: both ways or one, a node, two halves, or a bridge.
    fn partition(&mut self) {
        self.cut.clear();
        self.clogged.clear();
        let n = self.hosts.len();
        let (kind, pick) = (self.dice.below(5), self.dice.pick(n));
        for (a, b) in (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let cut = match kind {
                0 => false,
                1 => (a == pick) != (b == pick),
                2 => (a < pick.max(1)) != (b < pick.max(1)) && a != pick,
                3 => a == pick,
                _ => {
                    self.clogged.insert((a, b), self.dice.below(2) * self.dice.below(800));
                    false
                }
            };
            if cut {
                self.cut.insert((a, b));
            }
        }
    }

    fn crash(&mut self, node: usize) {
        let torn = [0, 1, 2, usize::MAX][self.dice.pick(4)];
        let host = &mut self.hosts[node];
        host.store = host.store.crash(torn);
        host.life = None;
        self.time.at(self.time.now + RESTART_AFTER, Task::Restart(node));
    }

    /// Takes the power away for good.
    pub(crate) fn stops(&mut self, node: usize) {
        self.hosts[node].life = None;
    }

    /// Takes the power away and puts an empty disk in: nothing that it held can be asked for.
    pub(crate) fn loses_disk(&mut self, node: usize) {
        self.crash(node);
        let host = &mut self.hosts[node];
        host.store = MemoryStore::with_disk();
        host.told = Height::ZERO;
        host.promised.clear();
        let id = host.id;
        self.checks.lost(node, id);
    }

    fn restart(&mut self, node: usize) {
        let now = self.time.now;
        match self.hosts[node].start(&self.shared, now) {
            Ok(actions) => {
                self.checks.restarted(&mut self.hosts[node]);
                self.act(node, actions);
            }
            Err(Fault::Store(_)) => self.crash(node),
            Err(fault) => panic!("node {node}: {fault}"),
        }
    }

    fn step(&mut self, node: usize, event: Event) {
        let now = self.time.now;
        match self.hosts[node].step(now, event) {
            Ok(actions) => self.act(node, actions),
            Err(fault) => panic!("node {node} at {now:?}: {fault}"),
        }
    }

    fn act(&mut self, node: usize, actions: Vec<Action>) {
        let life = self.hosts[node].lives;
        for action in actions {
            if self.hosts[node].life.is_none() || self.hosts[node].lives != life {
                return;
            }
            self.note(node, &action);
            self.do_one(node, life, action);
        }
    }

    fn do_one(&mut self, node: usize, life: u32, action: Action) {
        let fsync = self.faults.fsync;
        match action {
            // Clients look for themselves, and try again.
            Action::Answer { .. } | Action::Report(_) => {}
            Action::Persist { ticket, writes } => {
                self.checks.written(&writes);
                let host = &mut self.hosts[node];
                if host.store.write(writes).is_err() {
                    return self.crash(node);
                }
                let Some(own) = &mut host.life else { return };
                own.tickets.push(ticket);
                if own.tickets.len() == 1 {
                    self.time.after_ms(fsync, Task::Sync(node, life));
                }
            }
            Action::Log(height, entries) => {
                self.time.after_ms(fsync, Task::Log(node, life, height, entries));
            }
            Action::Execute(block) => {
                let Some(own) = &mut self.hosts[node].life else { return };
                own.blocks.push_back(*block);
                if own.blocks.len() == 1 {
                    let ms = 1 + self.dice.below(self.faults.execution);
                    self.time.after_ms(ms, Task::Execute(node, life));
                }
            }
            Action::Flush => {
                if self.hosts[node].store.barrier(Database::State).is_err() {
                    self.crash(node);
                }
            }
            Action::Verify(reference, from, batch) => {
                let at = self.time.now + checking(batch.transactions.len());
                self.time.at(at, Task::Verify(node, life, (reference, from), batch));
            }
            Action::Admit(transactions) => {
                let at = self.time.now + checking(transactions.len());
                self.time.at(at, Task::Admit(node, life, transactions));
            }
            Action::SetTimer(at) => {
                if let Some(own) = &mut self.hosts[node].life {
                    own.timer = Some(at);
                }
                self.time.at(at, Task::Timer(node, life, at));
            }
            Action::Blame(who, blame) => self.blames.push((node, who, blame)),
            Action::Send(to, wire) => self.send(node, to, &wire),
            Action::Hand { to, batches, bytes_max } => self.hand(node, to, batches, bytes_max),
            Action::Serve(to, from) => {
                let (store, bytes) = (&self.hosts[node].store, MESSAGE_BYTES_MAX);
                let decided = ledger::decided(store, from, DECIDED_MAX, bytes).unwrap();
                self.send(node, Some(to), &Wire::Consensus(Message::Decided(decided)));
            }
        }
    }

    /// Sends batches from the ledger to who asked for them.
    fn hand(&mut self, node: usize, to: ValidatorId, batches: Vec<BatchReference>, bytes: usize) {
        let mut left = bytes;
        for reference in batches {
            let batch = ledger::find_batch(&self.hosts[node].store, &reference).unwrap();
            let Some(batch) = batch.filter(|batch| batch.encoded_size() <= left) else { continue };
            left -= batch.encoded_size();
            self.send(node, Some(to), &Wire::Batch(Box::new(batch)));
        }
        self.step(node, Event::Handed(to, left));
    }

    /// Two runs of a seed are equal when what every node did is.
    fn note(&mut self, node: usize, action: &Action) {
        self.time.trace.write_usize(node);
        match action {
            // Where it is encoded.
            Action::Send(..) => {}
            Action::SetTimer(at) => self.time.trace.write_u128(at.as_nanos()),
            Action::Persist { ticket, writes } => {
                match ticket {
                    Ticket::Batch(batch) => self.time.trace.write(&batch.encode()),
                    Ticket::Log(height) | Ticket::Decision(height) => {
                        self.time.trace.write_u64(height.0);
                    }
                    Ticket::Removal => {}
                }
                for (column, key, value) in writes.operations() {
                    self.time.trace.write(column.name().as_bytes());
                    self.time.trace.write(key);
                    self.time.trace.write(value.as_deref().unwrap_or_default());
                }
            }
            Action::Log(height, entries) => {
                self.time.trace.write_u64(height.0);
                entries.iter().for_each(|entry| self.time.trace.write(entry));
            }
            Action::Execute(block) => self.time.trace.write(&block.id.0),
            Action::Verify(batch, ..) => self.time.trace.write(&batch.encode()),
            other => self.time.trace.write(format!("{other:?}").as_bytes()),
        }
    }

    fn send(&mut self, from: usize, to: Option<ValidatorId>, wire: &Wire) {
        let others = (0..self.hosts.len()).filter(|other| *other != from);
        let is = |other: &usize| to.is_none_or(|to| self.hosts[*other].id == to);
        let to: Vec<usize> = others.filter(is).collect();
        if let Some(mut liar) = self.liars.remove(&from) {
            for other in to {
                for (whom, lie) in liar.sends(&self.shared, &self.hosts[from], other, wire) {
                    for bytes in liar.garbles(lie.encode()) {
                        self.time.trace.write(&bytes);
                        self.carry(from, whom, bytes.into());
                    }
                }
            }
            self.liars.insert(from, liar);
            return;
        }
        let validators = &self.shared.genesis.validators;
        self.checks.sent(&mut self.hosts[from], validators, wire);
        self.fetches += usize::from(matches!(wire, Wire::Fetch(_)));
        let bytes: Arc<[u8]> = wire.encode().into();
        self.time.trace.write(&bytes);
        for other in to {
            self.carry(from, other, Arc::clone(&bytes));
        }
    }

    fn carry(&mut self, from: usize, to: usize, bytes: Arc<[u8]>) {
        let id = self.hosts[from].id;
        if self.cut.contains(&(from, to)) || self.dice.percent(self.faults.loss) {
            return;
        }
        let clogged = self.clogged.get(&(from, to)).copied().unwrap_or(0);
        for _ in 0..1 + u64::from(self.dice.percent(self.faults.twice)) {
            let (least, more) = self.faults.delay;
            let ms = least + self.dice.below(more) + clogged;
            self.time.after_ms(ms, Task::Deliver(to, id, Arc::clone(&bytes)));
        }
    }

    /// What a validator forwarded is checked as what a client sends.
    fn admit(&mut self, node: usize, transactions: Vec<Transaction>) {
        for transaction in transactions {
            let verified = self.verdicts.transaction(self.shared.chain, transaction);
            let host = &self.hosts[node];
            let (Some(life), Some(verified)) = (&host.life, verified) else { continue };
            let (view, wall) = (life.chain.view().unwrap(), host.now(self.time.now).wall);
            if let Ok(Admission::New(transaction)) = admit(&view, wall, verified).unwrap() {
                self.step(node, Event::Forwarded(transaction));
            }
        }
    }

    /// A client asks the node that it knows.
    fn submit(&mut self, id: Hash) {
        let Sent { transaction, node, .. } = &self.clients.sent[&id];
        let (node, transaction) = (*node, transaction.clone());
        let host = &self.hosts[node];
        let Some(life) = &host.life else { return };
        let view = life.chain.view().unwrap();
        let wall = host.now(self.time.now).wall;
        if let Ok(Admission::New(transaction)) = admit(&view, wall, transaction).unwrap() {
            self.step(node, Event::Submit { request: 0, transaction });
        }
    }

    /// A client looks whether its transaction is final, and asks another node when it waits long.
    fn look(&mut self, id: Hash) {
        let sent = &self.clients.sent[&id];
        let life = self.hosts[sent.node].life.as_ref();
        let located = life.and_then(|life| life.chain.view().unwrap().receipt(id).unwrap());
        let (now, nodes) = (self.time.now, self.hosts.len());
        let waited = now - sent.at;
        let Some(sent) = self.clients.sent.get_mut(&id) else { return };
        if let Some(located) =
            located.filter(|located| matches!(located.outcome, Outcome::Receipt(_)))
        {
            sent.told = Some((located.height, located.index, located.outcome));
            sent.told_at = now;
            // Asked after a while, when it had it already.
            sent.final_at.get_or_insert(now);
            let node = sent.node;
            self.read(id, node);
            let others = self.honest().filter(|other| *other != node);
            let others: Vec<_> = others.collect();
            if let Some(other) = others.get(self.checks.reads % others.len().max(1)) {
                self.time.at(now, Task::Read(id, *other));
            }
            return;
        }
        self.time.at(now + LOOK_EVERY, Task::Look(id));
        if waited.as_millis() % ANOTHER_AFTER.as_millis() < LOOK_EVERY.as_millis() {
            let Some(sent) = self.clients.sent.get_mut(&id) else { return };
            sent.node = (sent.node + 1) % nodes;
            self.time.at(now, Task::Submit(id));
        }
    }

    /// A client that was told an outcome reads its account, there or at another node, which it waits
    /// for until it is at that height (`min_height`).
    fn read(&mut self, id: Hash, node: usize) {
        let sent = &self.clients.sent[&id];
        let Some(told) = &sent.told else { return };
        let view = self.hosts[node].life.as_ref().map(|life| life.chain.view().unwrap());
        match view.filter(|view| view.height() >= told.0) {
            Some(view) => self.checks.read(node, &view, (id, sent)),
            None => self.reads.entry((node, told.0)).or_default().push(id),
        }
    }
}
