//! A network of validators on virtual time: one seed is one run.

use crate::{
    byzantine::{Byzantine, Said},
    checks::{Born, Checks, broken},
    node::{EPOCH_MS, Node, entries, newest_log},
    seeded::{Dice, Timeline},
    sets::{Sets, Weights, id},
};
use codec::Encode;
use dure_consensus::{
    Action, Event, Message, OrderingError, ReadyBatch, Report, SignRequest, Signatures,
};
use dure_types::{
    BatchReference, CommitCertificate, Gas, Hash, Header, Height, ValidatorId, domain::blake3_hash,
};
use std::{collections::BTreeSet, hash::Hasher, time::Duration};

/// What may go wrong in a run.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Percent of messages lost, and sent twice.
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    /// One-way delay in ms: at least, and up to how much more.
    pub(crate) delay: (u64, u64),
    /// Until then partitions come and go, and nodes crash.
    pub(crate) until: Duration,
    pub(crate) partitions: bool,
    pub(crate) crashes: bool,
    /// Percent of batches that expire after a few heights, or have when they come.
    pub(crate) short_lived: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        loss: 0,
        twice: 0,
        delay: (30, 1),
        until: Duration::ZERO,
        partitions: false,
        crashes: false,
        short_lived: 0,
    };
}

#[derive(Debug)]
enum Task {
    Deliver(usize, ValidatorId, Box<Message>),
    Signed(usize, u32, SignRequest),
    Appended(usize, u32, Height, Vec<Vec<u8>>),
    Durable(usize, u32, Box<Header>, CommitCertificate),
    Execute(usize, u32),
    Timer(usize, u32, Duration),
    Batch(usize, ReadyBatch),
    /// A validator says that it holds a batch.
    Held(usize, ValidatorId, ReadyBatch),
    NewBatch(u64),
    Crash(usize),
    Restart(usize),
    Cut,
    Isolate(usize),
    Mend,
    Disk(usize, Loss),
    Clock(usize, i64),
    /// A node starts anew with another key.
    Rekey(usize),
}

/// What becomes of a disk while its node is down.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// Everything on it is lost.
    All,
    /// The log is put back as it was in an earlier life of the node.
    OlderLog,
}

pub(crate) struct World {
    pub(crate) chain: Hash,
    pub(crate) nodes: Vec<Node>,
    time: Timeline<Task>,
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    /// Directed links that carry nothing.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Takes the place of what a node sends.
    pub(crate) liar: Option<(usize, Box<dyn Byzantine>)>,
    pub(crate) checks: Checks,
    pub(crate) fsync: Duration,
    pub(crate) reports: Vec<(usize, Report)>,
    /// Liars, and nodes that err, that had to stop.
    pub(crate) stopped: Vec<(usize, OrderingError)>,
    /// Barriers of node 0 until now, and the one at which it crashes, with entries that survive.
    pub(crate) barriers: u64,
    pub(crate) crash_at: Option<(u64, Crash)>,
    /// Dies for good when node 0 crashes so.
    pub(crate) dies: Option<usize>,
    dead: BTreeSet<usize>,
    /// A node that has its new key only after that counts; all others have theirs before.
    late_key: Option<usize>,
    /// Shared by all: what one verified is not verified by the others again.
    signatures: Signatures,
}

/// When at a barrier the power goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// Before it ends: this many entries of the log survive, and no decision.
    Torn(usize),
    /// Right after.
    After,
}

pub(crate) const RESTART_AFTER: Duration = Duration::from_millis(200);

impl World {
    pub(crate) fn new(seed: u64, powers: &[u64], faults: Faults) -> Self {
        let seeds = seeds(powers.len());
        let sets = Sets::constant(&seeds, powers);
        Self::of(seed, seeds, sets, faults)
    }

    /// A world in which the execution of heights announces other validators.
    pub(crate) fn changing(
        seed: u64,
        genesis: &Weights,
        delay: u64,
        changes: &[(u64, Weights)],
    ) -> Self {
        let seeds = seeds(genesis.len());
        let sets = Sets::changing(&seeds, delay, genesis, changes);
        Self::of(seed, seeds, sets, Faults::NONE)
    }

    /// The same, of six nodes, with changes by the seed.
    pub(crate) fn drawn(seed: u64, delay: u64) -> Self {
        let seeds = seeds(6);
        let sets = Sets::drawn(&seeds, delay, &mut Dice::new(seed ^ 0x5e75));
        Self::of(seed, seeds, sets, Faults::NONE)
    }

    fn of(seed: u64, seeds: Vec<u8>, sets: Sets, faults: Faults) -> Self {
        let mut dice = Dice::new(seed);
        let skew = |dice: &mut Dice| i64::try_from(dice.below(400)).unwrap() - 200;
        let chain = blake3_hash(b"a chain");
        let checks = Checks::new(chain, sets);
        let nodes = seeds.into_iter().map(|seed| Node::new(seed, skew(&mut dice))).collect();
        let mut world = Self {
            chain,
            nodes,
            time: Timeline::new(),
            dice,
            faults,
            cut: BTreeSet::new(),
            liar: None,
            checks,
            fsync: Duration::from_millis(2),
            reports: Vec::new(),
            stopped: Vec::new(),
            barriers: 0,
            crash_at: None,
            dies: None,
            dead: BTreeSet::new(),
            late_key: None,
            signatures: Signatures::default(),
        };
        for node in 0..world.nodes.len() {
            if world.checks.sets.change() {
                world.nodes[node].get_keys();
            }
            world.restart(node);
        }
        world
    }

    /// Makes a node lie.
    pub(crate) fn with_liar(mut self, node: usize, liar: Box<dyn Byzantine>) -> Self {
        self.checks.liars.insert(self.nodes[node].id);
        self.liar = Some((node, liar));
        self
    }

    /// Lets a node have its new key too late.
    pub(crate) fn with_late_key(mut self, node: usize) -> Self {
        self.nodes[node].keys.truncate(1);
        self.late_key = Some(node);
        self.restart(node);
        self
    }

    /// Lets a node die for good with the crash of node 0: it counts among those that may lie.
    pub(crate) fn with_dying(mut self, node: usize) -> Self {
        self.checks.liars.insert(self.nodes[node].id);
        self.dies = Some(node);
        self
    }

    /// Lets a second node run with the key of a node: each is honest by itself.
    pub(crate) fn with_twin(mut self, node: usize) -> Self {
        let first = &self.nodes[node];
        self.checks.liars.insert(first.id);
        self.nodes.push(Node::new(first.seed, -first.skew));
        self.restart(self.nodes.len() - 1);
        self
    }

    /// Cuts a node off, until links are cut otherwise or healed.
    pub(crate) fn isolate_at(&mut self, node: usize, at: Duration) {
        self.time.at(at, Task::Isolate(node));
    }

    /// Lets all links carry again.
    pub(crate) fn mend_at(&mut self, at: Duration) {
        self.time.at(at, Task::Mend);
    }

    /// Loses a disk, or a part of it.
    pub(crate) fn lose_disk_at(&mut self, node: usize, loss: Loss, at: Duration) {
        self.time.at(at, Task::Disk(node, loss));
    }

    /// Sets the clock of a node, so many ms ahead of the true time.
    pub(crate) fn set_clock_at(&mut self, node: usize, ahead: i64, at: Duration) {
        self.time.at(at, Task::Clock(node, ahead));
    }

    /// Lets a batch come every so often, as long as faults last and a second longer.
    pub(crate) fn with_batches(mut self, every: Duration) -> Self {
        let end = self.faults.until + Duration::from_secs(3);
        let mut at = every;
        for seq in 1.. {
            if at >= end {
                break;
            }
            self.time.at(at, Task::NewBatch(seq));
            at += every;
        }
        self
    }

    /// Lets crashes and partitions come at random.
    pub(crate) fn with_chaos(mut self) -> Self {
        let end = self.faults.until.as_millis() as u64;
        for _ in 0..self.dice.below(8) * u64::from(self.faults.crashes) {
            let at = Duration::from_millis(self.dice.below(end));
            // One, or all at once.
            let all = self.dice.percent(20);
            let one = self.dice.pick(self.nodes.len());
            for node in (0..self.nodes.len()).filter(|node| all || *node == one) {
                self.time.at(at, Task::Crash(node));
            }
        }
        for _ in 0..self.dice.below(10) * u64::from(self.faults.partitions) {
            let at = Duration::from_millis(self.dice.below(end));
            self.time.at(at, Task::Cut);
        }
        self
    }

    pub(crate) fn crash_node_at(&mut self, node: usize, at: Duration) {
        self.time.at(at, Task::Crash(node));
    }

    pub(crate) fn now(&self) -> Duration {
        self.time.now
    }

    pub(crate) fn steps(&self) -> u64 {
        self.time.steps
    }

    /// Runs until a time.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while let Some(task) = self.time.next(end) {
            self.perform(task);
        }
    }

    /// Ends all faults: links carry, nodes run.
    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        (self.faults.loss, self.faults.twice) = (0, 0);
        self.faults.delay = (10, 20);
        for node in 0..self.nodes.len() {
            if self.nodes[node].life.is_none() {
                self.restart(node);
            }
        }
    }

    /// The greatest height that any node decided.
    pub(crate) fn newest(&self) -> Height {
        self.checks.newest()
    }

    fn is_liar(&self, node: usize) -> bool {
        self.checks.liars.contains(&self.nodes[node].id)
    }

    /// Indices of the honest nodes.
    pub(crate) fn honest(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|node| !self.is_liar(*node))
    }

    /// The least height of the honest nodes' ledgers.
    pub(crate) fn slowest(&self) -> Height {
        let heights = self.honest().map(|node| self.nodes[node].disk.height());
        heights.min().unwrap_or(Height::ZERO)
    }

    pub(crate) fn trace(&self) -> u64 {
        self.time.trace.finish()
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Deliver(to, from, message) => self.deliver(to, from, message),
            Task::Signed(node, life, request) => {
                let signature = self.sign(node, request);
                self.alive(node, life, Event::Signed(request, signature));
            }
            Task::Appended(node, life, height, entries) if self.lives(node, life) => {
                self.appended(node, height, &entries);
            }
            Task::Durable(node, life, header, certificate) if self.lives(node, life) => {
                self.durable(node, *header, certificate);
            }
            Task::Appended(..) | Task::Durable(..) => {}
            Task::Execute(node, life) => {
                if self.nodes[node].lives == life
                    && let Some(event) = self.nodes[node].execute_next(&self.checks.sets)
                {
                    self.step(node, event);
                }
            }
            Task::Timer(node, life, at) => {
                let due = self.nodes[node].life.as_ref().is_some_and(|l| l.timer == Some(at));
                if due {
                    self.alive(node, life, Event::Timer);
                }
            }
            Task::NewBatch(seq) => self.new_batch(seq),
            Task::Batch(node, batch) => self.batch(node, batch),
            Task::Held(node, by, batch) => self.held(node, by, batch),
            Task::Crash(node) => self.crash(node),
            Task::Restart(node) => {
                if self.nodes[node].life.is_none() {
                    self.restart(node);
                }
            }
            Task::Cut => self.partition(),
            Task::Isolate(node) => {
                let others = 0..self.nodes.len();
                self.cut = others.flat_map(|other| [(other, node), (node, other)]).collect();
            }
            Task::Mend => self.cut.clear(),
            Task::Disk(node, loss) => self.lose_disk(node, loss),
            Task::Clock(node, ahead) => self.nodes[node].skew = ahead,
            Task::Rekey(node) => {
                self.crash(node);
                self.nodes[node].get_keys();
                // Whether the new key signed already nobody knows.
                self.checks.lost_log(self.nodes[node].id);
            }
        }
    }

    fn sign(&self, node: usize, request: SignRequest) -> [u8; 64] {
        let key = self.nodes[node].key_at(&self.checks.sets, request.height());
        self.checks.verified.sign(key, &request.signed_bytes(self.chain))
    }

    fn deliver(&mut self, to: usize, from: ValidatorId, message: Box<Message>) {
        if let Some((liar, byzantine)) = &mut self.liar
            && *liar == to
        {
            byzantine.heard(&self.nodes[to], &message);
        }
        if let Message::Proposal(_, header) = message.as_ref() {
            self.fetch(to, from, header);
        }
        self.step(to, Event::Received(from, message));
    }

    /// As hosts do, asks whoever proposes a batch for it.
    fn fetch(&mut self, to: usize, from: ValidatorId, header: &Header) {
        let lacks = |id: &Hash| self.nodes[to].held(id).is_none();
        let lacked: Vec<_> = header.batches.iter().map(|batch| batch.id).filter(lacks).collect();
        if lacked.is_empty() {
            return;
        }
        let senders = self.those(|id| id == from);
        for id in lacked {
            let mut held = senders.iter().filter_map(|node| self.nodes[*node].held(&id));
            if let Some(batch) = held.next() {
                let ms = 20 + self.dice.below(80);
                self.time.after_ms(ms, Task::Batch(to, batch));
            }
        }
    }

    fn alive(&mut self, node: usize, life: u32, event: Event) {
        if self.nodes[node].lives == life {
            self.step(node, event);
        }
    }

    fn lives(&self, node: usize, life: u32) -> bool {
        self.nodes[node].lives == life && self.nodes[node].life.is_some()
    }

    fn appended(&mut self, node: usize, height: Height, entries: &[Vec<u8>]) {
        let crash = self.barrier(node);
        let kept = match crash {
            Some(Crash::Torn(kept)) => kept,
            _ => usize::MAX,
        };
        self.nodes[node].disk.append(height, entries, kept);
        if !self.is_liar(node) && kept > 0 {
            self.checks.logged(self.nodes[node].id, height);
        }
        match crash {
            Some(_) => self.crash(node),
            None => self.step(node, Event::Appended),
        }
    }

    fn durable(&mut self, node: usize, header: Header, certificate: CommitCertificate) {
        let crash = self.barrier(node);
        if let Some(Crash::Torn(_)) = crash {
            return self.crash(node);
        }
        let (now, life, height) = (self.time.now, self.nodes[node].lives, header.height);
        if !self.is_liar(node) {
            self.checks.kept(self.nodes[node].id, height);
        }
        let decided = self.nodes[node].decided(header, certificate, now);
        if crash.is_some() {
            return self.crash(node);
        }
        let wait = 1 + self.dice.below(4);
        self.time.after_ms(wait, Task::Execute(node, life));
        self.outcome(node, decided);
        self.rekey(node, height);
    }

    /// Where a node has not got its new key when that counts, its operator sees to it soon after.
    fn rekey(&mut self, node: usize, height: Height) {
        let lacks = || {
            let next = Height(height.0 + 1);
            self.nodes[node].signs(&self.checks.sets, next) == Some(false)
        };
        if self.late_key == Some(node) && lacks() {
            self.late_key = None;
            let ms = self.dice.below(600);
            self.time.after_ms(ms, Task::Rekey(node));
        }
    }

    /// Takes away what is on a disk, once the node is down.
    fn lose_disk(&mut self, node: usize, loss: Loss) {
        let older = self.nodes[node].older_log.clone();
        self.crash(node);
        let id = self.nodes[node].id;
        match loss {
            Loss::All => {
                self.nodes[node].lose_disk();
                self.checks.lost(id);
            }
            // One of the same height nobody could tell from the true one.
            Loss::OlderLog
                if newest_log(&older).map_or(0, |log| log.height.0)
                    < self.nodes[node].disk.height().0 =>
            {
                self.nodes[node].disk.log = older;
                self.checks.lost_log(id);
            }
            Loss::OlderLog => {}
        }
    }

    /// Counts a barrier of node 0; says how it crashes at this one.
    fn barrier(&mut self, node: usize) -> Option<Crash> {
        if node != 0 {
            return None;
        }
        self.barriers += 1;
        let (at, crash) = self.crash_at?;
        let crash = (at == self.barriers).then_some(crash)?;
        if let Some(dies) = self.dies {
            self.dead.insert(dies);
            self.nodes[dies].life = None;
        }
        Some(crash)
    }

    fn new_batch(&mut self, seq: u64) {
        let author = self.dice.pick(self.nodes.len());
        let (id, liar) = (self.nodes[author].id, self.is_liar(author));
        let reference = BatchReference { author: id, seq, id: blake3_hash(&(id, seq).encode()) };
        let short = self.dice.percent(self.faults.short_lived);
        let expiry = match short {
            true => Height(self.newest().0 + self.dice.below(6)),
            false => Height(self.newest().0 + 200),
        };
        let born = Born { at: self.time.now, expiry, holders: BTreeSet::new() };
        self.checks.born.insert(reference.id, born);
        let batch = ReadyBatch { reference, bytes: 100, gas: Gas(1), expiry };
        for node in 0..self.nodes.len() {
            // A liar withholds some of its batches from some.
            if !(liar && self.dice.percent(40)) {
                let ms = self.dice.below(60);
                self.time.after_ms(ms, Task::Batch(node, batch));
            }
        }
    }

    fn batch(&mut self, node: usize, batch: ReadyBatch) {
        let id = self.nodes[node].id;
        if let Some(born) = self.checks.born.get_mut(&batch.reference.id) {
            born.holders.insert(id);
        }
        if self.nodes[node].held(&batch.reference.id).is_some() {
            return;
        }
        self.nodes[node].hold(batch);
        if !self.nodes[node].named.contains(&batch.reference.id) {
            self.step(node, Event::BatchHeld(batch));
        }
        self.held(node, id, batch);
        for to in self.those(|other| other != id) {
            let (least, more) = self.faults.delay;
            let ms = least + self.dice.below(more);
            self.time.after_ms(ms, Task::Held(to, id, batch));
        }
    }

    /// A node learns who holds a batch. With a quorum, headers of its own may name it.
    fn held(&mut self, node: usize, by: ValidatorId, batch: ReadyBatch) {
        let id = batch.reference.id;
        let (sets, host) = (&self.checks.sets, &mut self.nodes[node]);
        let was_ready = host.is_ready(sets, &batch);
        host.holders.entry(id).or_default().insert(by);
        let ready = host.is_ready(sets, &batch) && !was_ready;
        if ready && host.held(&id).is_some() && !host.named.contains(&id) {
            self.step(node, Event::BatchReady(batch));
        }
    }

    /// Cuts or mends: both ways or one, a node, two halves, or a bridge.
    fn partition(&mut self) {
        self.cut.clear();
        let n = self.nodes.len() as u64;
        let (kind, pick) = (self.dice.below(4), self.dice.below(n) as usize);
        for a in 0..n as usize {
            for b in 0..n as usize {
                let cut = match kind {
                    0 => false,
                    1 => (a == pick) != (b == pick),
                    2 => (a < pick.max(1)) != (b < pick.max(1)) && a != pick,
                    _ => a == pick && b != pick,
                };
                if cut && a != b {
                    self.cut.insert((a, b));
                }
            }
        }
    }

    fn crash(&mut self, node: usize) {
        // Under way: of an append perhaps some entries, of a decision perhaps all.
        let life = self.nodes[node].lives;
        let mut left = Vec::new();
        for (key, task) in &self.time.tasks {
            match task {
                Task::Appended(n, l, height, entries) if (*n, *l) == (node, life) => {
                    left.push((*key, Some((*height, entries.clone()))));
                }
                Task::Durable(n, l, ..) if (*n, *l) == (node, life) => left.push((*key, None)),
                _ => {}
            }
        }
        if self.crash_at.is_none() && self.nodes[node].life.is_some() {
            for (key, append) in left {
                match append {
                    Some((height, entries)) => {
                        let kept = self.dice.below(entries.len() as u64 + 1) as usize;
                        self.nodes[node].disk.append(height, &entries, kept);
                    }
                    None if self.dice.percent(50) => {
                        if let Some(Task::Durable(_, _, header, certificate)) =
                            self.time.tasks.remove(&key)
                        {
                            let disk = &mut self.nodes[node].disk;
                            disk.ledger.push((*header, certificate));
                        }
                    }
                    None => {}
                }
            }
        }
        self.nodes[node].older_log = self.nodes[node].disk.log.clone();
        self.nodes[node].life = None;
        self.time.at(self.time.now + RESTART_AFTER, Task::Restart(node));
    }

    fn restart(&mut self, node: usize) {
        if self.dead.contains(&node) {
            return;
        }
        let (now, id) = (self.time.now, self.nodes[node].id);
        let (log, ledger, observe) = self.nodes[node].found(&self.checks.sets);
        if !self.is_liar(node) {
            self.checks.started(id, log, ledger, observe);
        }
        let sets = &self.checks.sets;
        let started = self.nodes[node].start((self.chain, sets), now, &self.signatures, observe);
        self.outcome(node, started);
    }

    pub(crate) fn step(&mut self, node: usize, event: Event) {
        let now = self.time.now;
        let stepped = self.nodes[node].step(now, event);
        self.outcome(node, stepped);
    }

    /// An honest node never has to stop; one that lies may well confuse itself.
    fn outcome(&mut self, node: usize, stepped: Result<Vec<Action>, OrderingError>) {
        match stepped {
            Ok(actions) => self.act(node, actions),
            Err(error) if self.is_liar(node) => {
                self.stopped.push((node, error));
                self.crash(node);
            }
            Err(error) => broken("stopped", format_args!("node {node}: {error}")),
        }
    }

    fn act(&mut self, node: usize, actions: Vec<Action>) {
        let life = self.nodes[node].lives;
        for action in actions {
            self.note(node, &action);
            match action {
                Action::Sign(request) => {
                    if !self.is_liar(node) {
                        self.checks.asked(self.nodes[node].id, request);
                    }
                    let ms = u64::from(self.dice.percent(10));
                    self.time.after_ms(ms, Task::Signed(node, life, request));
                }
                Action::Append(height, records) => {
                    let entries = entries(&records);
                    entries.iter().for_each(|entry| self.time.trace.write(entry));
                    let task = Task::Appended(node, life, height, entries);
                    self.time.at(self.time.now + self.fsync, task);
                }
                Action::Broadcast(message) => {
                    let me = self.nodes[node].id;
                    self.send(node, &self.those(|id| id != me), &message);
                }
                Action::Send(to, message) => self.send(node, &self.those(|id| id == to), &message),
                Action::Serve(to, from) => {
                    let message = Message::Decided(self.nodes[node].disk.decided(from));
                    self.send(node, &self.those(|id| id == to), &message);
                }
                Action::Decide(header, certificate) => {
                    if !self.is_liar(node) {
                        let now = (self.time.now, EPOCH_MS + self.time.now.as_millis() as u64);
                        self.checks.decided(now, &header, &certificate);
                    }
                    let named = header.batches.iter().map(|batch| batch.id);
                    self.nodes[node].named.extend(named);
                    let task = Task::Durable(node, life, header, certificate);
                    self.time.at(self.time.now + self.fsync, task);
                }
                Action::SetTimer(at) => {
                    if let Some(life) = &mut self.nodes[node].life {
                        life.timer = Some(at);
                    }
                    self.time.at(at, Task::Timer(node, life, at));
                }
                Action::Report(report) => {
                    if !self.is_liar(node) {
                        self.checks.reported(self.nodes[node].id, &report);
                    }
                    self.reports.push((node, report));
                }
            }
        }
    }

    /// Nodes by their id: a twin has that of another.
    fn those(&self, wanted: impl Fn(ValidatorId) -> bool) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| wanted(self.nodes[*node].id)).collect()
    }

    /// Two runs of a seed are equal when what every node did is. What it says is noted on its way,
    /// as bytes.
    fn note(&mut self, node: usize, action: &Action) {
        self.time.trace.write_usize(node);
        match action {
            Action::Broadcast(_) | Action::Send(..) | Action::Serve(..) => {}
            Action::Sign(request) => self.time.trace.write(&request.signed_bytes(self.chain)),
            Action::Append(height, _) => self.time.trace.write_u64(height.0),
            Action::Decide(_, certificate) => self.time.trace.write(&certificate.encode()),
            Action::SetTimer(at) => self.time.trace.write_u128(at.as_nanos()),
            Action::Report(report) => self.time.trace.write(format!("{report:?}").as_bytes()),
        }
    }

    fn send(&mut self, from: usize, to: &[usize], message: &Message) {
        match self.liar.take() {
            Some((liar, mut byzantine)) if liar == from => {
                for Said { only, bytes } in byzantine.says(&self.nodes[from], to, message) {
                    match only {
                        Some(only) => self.carry(from, &[only], &bytes),
                        None => self.carry(from, to, &bytes),
                    }
                }
                self.liar = Some((liar, byzantine));
            }
            liar => {
                self.liar = liar;
                if !self.is_liar(from) {
                    self.checks.said(self.nodes[from].id, message);
                }
                self.carry(from, to, &message.encode());
            }
        }
    }

    /// Every message crosses the wire as bytes; what does not decode comes to nothing.
    fn carry(&mut self, from: usize, to: &[usize], bytes: &[u8]) {
        self.time.trace.write(bytes);
        let id = self.nodes[from].id;
        let message = Message::from_bytes(bytes);
        if message.is_err() && !self.is_liar(from) {
            broken("truth", format_args!("node {from} says what does not decode"));
        }
        let Ok(message) = message else { return };
        for to in to.iter().copied() {
            if self.cut.contains(&(from, to)) || self.dice.percent(self.faults.loss) {
                continue;
            }
            let copies = 1 + u64::from(self.dice.percent(self.faults.twice));
            for _ in 0..copies {
                let (least, more) = self.faults.delay;
                let ms = least + self.dice.below(more);
                self.time.after_ms(ms, Task::Deliver(to, id, Box::new(message.clone())));
            }
        }
    }
}

/// What keys of validators are made of, in the order of their ids.
fn seeds(count: usize) -> Vec<u8> {
    let mut seeds: Vec<u8> = (1..=count as u8).collect();
    seeds.sort_by_key(|seed| id(*seed));
    seeds
}
