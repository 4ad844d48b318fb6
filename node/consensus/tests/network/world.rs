//! A network of validators on virtual time: one seed is one run.

use crate::node::{Node, entries, wired};
use codec::Encode;
use dure_consensus::{
    Action, Event, Message, OrderingError, ReadyBatch, Report, SignRequest, Signatures,
};
use dure_light::{verify_certificate_by, verify_signature};
use dure_types::{
    BatchReference, CommitCertificate, Gas, Hash, Header, Height, ValidatorId, ValidatorRecord,
    ValidatorSet, Vote, VoteKind, domain::blake3_hash, vote::Round,
};
use ed25519_dalek::SigningKey;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hasher},
    time::Duration,
};

/// Randomness of a run (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below` - 1.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

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
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        loss: 0,
        twice: 0,
        delay: (30, 1),
        until: Duration::ZERO,
        partitions: false,
        crashes: false,
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
    NewBatch(u64),
    Crash(usize),
    Restart(usize),
    Cut,
}

/// Sees and changes what leaves a node: a validator that lies.
pub(crate) type Liar = Box<dyn FnMut(&Node, &Message) -> Vec<(Option<usize>, Message)>>;

pub(crate) struct World {
    pub(crate) chain: Hash,
    pub(crate) set: ValidatorSet,
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Duration,
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    /// Directed links that carry nothing.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Takes the place of what node 0 sends.
    pub(crate) liar: Option<Liar>,
    pub(crate) fsync: Duration,
    tasks: BTreeMap<(Duration, u64), Task>,
    number: u64,
    trace: DefaultHasher,
    /// Checked while running.
    decided: BTreeMap<Height, Hash>,
    pub(crate) decided_at: BTreeMap<Height, Duration>,
    /// Where batches were named, and when they came.
    pub(crate) named: BTreeMap<Hash, Height>,
    pub(crate) born: BTreeMap<Hash, Duration>,
    signed: BTreeMap<(ValidatorId, u8, Height, Round), Option<Hash>>,
    /// Validators whose signatures were sent.
    pub(crate) signed_by: BTreeSet<ValidatorId>,
    pub(crate) reports: Vec<(usize, Report)>,
    /// Barriers of node 0 until now, and the one at which it crashes, with entries that survive.
    pub(crate) barriers: u64,
    pub(crate) crash_at: Option<(u64, Crash)>,
    pub(crate) steps: u64,
    /// Shared by all: what one verified is not verified by the others again.
    signatures: Signatures,
    /// What the checks of this world verified, which trust nobody's memory but their own.
    checked: RefCell<BTreeSet<Hash>>,
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
        let mut dice = Dice::new(seed);
        let skew = |dice: &mut Dice| i64::try_from(dice.below(400)).unwrap() - 200;
        let mut keys: Vec<SigningKey> =
            (0..powers.len() as u8).map(|n| SigningKey::from_bytes(&[n + 1; 32])).collect();
        keys.sort_by_key(|key| ValidatorId::of_key(key.verifying_key().as_bytes()));
        let record = |(index, key): (usize, &SigningKey)| ValidatorRecord {
            id: ValidatorId::of_key(key.verifying_key().as_bytes()),
            name: format!("validator {index}"),
            consensus_key: key.verifying_key().to_bytes(),
            network_key: [index as u8; 32],
            consensus_binding: [0; 64],
            network_binding: [0; 64],
            power: powers[index],
        };
        let set = ValidatorSet::new(keys.iter().enumerate().map(record).collect());
        let nodes = keys.into_iter().map(|key| Node::new(key, skew(&mut dice))).collect();
        let mut world = Self {
            chain: blake3_hash(b"a chain"),
            set,
            nodes,
            now: Duration::ZERO,
            dice,
            faults,
            cut: BTreeSet::new(),
            liar: None,
            fsync: Duration::from_millis(2),
            tasks: BTreeMap::new(),
            number: 0,
            trace: DefaultHasher::new(),
            decided: BTreeMap::new(),
            decided_at: BTreeMap::new(),
            named: BTreeMap::new(),
            born: BTreeMap::new(),
            signed: BTreeMap::new(),
            signed_by: BTreeSet::new(),
            reports: Vec::new(),
            barriers: 0,
            crash_at: None,
            steps: 0,
            signatures: Signatures::default(),
            checked: RefCell::default(),
        };
        for node in 0..world.nodes.len() {
            world.restart(node);
        }
        world
    }

    /// Lets a batch come every so often, as long as faults last and a second longer.
    pub(crate) fn with_batches(mut self, every: Duration) -> Self {
        let end = self.faults.until + Duration::from_secs(3);
        let mut at = every;
        for seq in 1.. {
            if at >= end {
                break;
            }
            self.at(at, Task::NewBatch(seq));
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
            let one = self.dice.below(self.nodes.len() as u64) as usize;
            for node in (0..self.nodes.len()).filter(|node| all || *node == one) {
                self.at(at, Task::Crash(node));
            }
        }
        for _ in 0..self.dice.below(10) * u64::from(self.faults.partitions) {
            let at = Duration::from_millis(self.dice.below(end));
            self.at(at, Task::Cut);
        }
        self
    }

    pub(crate) fn crash_node_at(&mut self, node: usize, at: Duration) {
        self.at(at, Task::Crash(node));
    }

    fn at(&mut self, time: Duration, task: Task) {
        self.number += 1;
        self.tasks.insert((time.max(self.now), self.number), task);
    }

    fn after_ms(&mut self, ms: u64, task: Task) {
        self.at(self.now + Duration::from_millis(ms), task);
    }

    /// Runs until a time.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while let Some(entry) = self.tasks.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((time, number), task) = entry.remove_entry();
            self.now = time;
            self.trace.write_u128(time.as_nanos());
            self.trace.write_u64(number);
            self.steps += 1;
            if let Err(error) = self.perform(task) {
                panic!("at {time:?}: {error}");
            }
        }
        self.now = end;
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
        self.decided.keys().next_back().copied().unwrap_or(Height::ZERO)
    }

    /// The least height of the honest nodes' ledgers.
    pub(crate) fn slowest(&self) -> Height {
        let honest = self.nodes.iter().skip(usize::from(self.liar.is_some()));
        honest.map(|node| node.disk.height()).min().unwrap_or(Height::ZERO)
    }

    pub(crate) fn trace(&self) -> u64 {
        self.trace.finish()
    }

    fn perform(&mut self, task: Task) -> Result<(), OrderingError> {
        match task {
            Task::Deliver(to, from, message) => self.step(to, Event::Received(from, message)),
            Task::Signed(node, life, request) => {
                let signature = self.nodes[node].sign(self.chain, request);
                self.alive(node, life, |_| Event::Signed(request, signature))
            }
            Task::Appended(node, life, height, entries) if self.lives(node, life) => {
                self.appended(node, height, &entries)
            }
            Task::Durable(node, life, header, certificate) if self.lives(node, life) => {
                self.durable(node, *header, certificate)
            }
            Task::Appended(..) | Task::Durable(..) => Ok(()),
            Task::Execute(node, life) => {
                if self.nodes[node].lives != life {
                    return Ok(());
                }
                match self.nodes[node].execute_next() {
                    Some(event) => self.step(node, event),
                    None => Ok(()),
                }
            }
            Task::Timer(node, life, at) => {
                let due = self.nodes[node].life.as_ref().is_some_and(|l| l.timer == Some(at));
                if due { self.alive(node, life, |_| Event::Timer) } else { Ok(()) }
            }
            Task::NewBatch(seq) => {
                self.new_batch(seq);
                Ok(())
            }
            Task::Batch(node, batch) => {
                self.nodes[node].batches.push(batch);
                match self.nodes[node].named.contains(&batch.reference.id) {
                    true => Ok(()),
                    false => self.step(node, Event::BatchReady(batch)),
                }
            }
            Task::Crash(node) => {
                self.crash(node);
                Ok(())
            }
            Task::Restart(node) => {
                if self.nodes[node].life.is_none() {
                    self.restart(node);
                }
                Ok(())
            }
            Task::Cut => {
                self.partition();
                Ok(())
            }
        }
    }

    fn alive(
        &mut self,
        node: usize,
        life: u32,
        event: impl FnOnce(&Self) -> Event,
    ) -> Result<(), OrderingError> {
        if self.nodes[node].lives != life {
            return Ok(());
        }
        let event = event(self);
        self.step(node, event)
    }

    fn lives(&self, node: usize, life: u32) -> bool {
        self.nodes[node].lives == life && self.nodes[node].life.is_some()
    }

    fn appended(
        &mut self,
        node: usize,
        height: Height,
        entries: &[Vec<u8>],
    ) -> Result<(), OrderingError> {
        let crash = self.barrier(node);
        let kept = match crash {
            Some(Crash::Torn(kept)) => kept,
            _ => usize::MAX,
        };
        self.nodes[node].disk.append(height, entries, kept);
        match crash {
            Some(_) => self.crash(node),
            None => return self.step(node, Event::Appended),
        }
        Ok(())
    }

    fn durable(
        &mut self,
        node: usize,
        header: Header,
        certificate: CommitCertificate,
    ) -> Result<(), OrderingError> {
        let crash = self.barrier(node);
        if let Some(Crash::Torn(_)) = crash {
            self.crash(node);
            return Ok(());
        }
        let (set, now, life) = (self.set.clone(), self.now, self.nodes[node].lives);
        let actions = self.nodes[node].decided(&set, header, certificate, now)?;
        if crash.is_some() {
            self.crash(node);
            return Ok(());
        }
        let wait = 1 + self.dice.below(4);
        self.after_ms(wait, Task::Execute(node, life));
        self.act(node, actions);
        Ok(())
    }

    /// Counts a barrier of node 0; says how it crashes at this one.
    fn barrier(&mut self, node: usize) -> Option<Crash> {
        if node != 0 {
            return None;
        }
        self.barriers += 1;
        let (at, crash) = self.crash_at?;
        (at == self.barriers).then_some(crash)
    }

    fn new_batch(&mut self, seq: u64) {
        let author = self.nodes[self.dice.below(self.nodes.len() as u64) as usize].id;
        let id = blake3_hash(&(author, seq).encode());
        let reference = BatchReference { author, seq, id };
        let expiry = Height(self.newest().0 + 200);
        self.born.insert(id, self.now);
        let batch = ReadyBatch { reference, bytes: 100, gas: Gas(1), expiry };
        for node in 0..self.nodes.len() {
            let ms = self.dice.below(60);
            self.after_ms(ms, Task::Batch(node, batch));
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
        for (key, task) in &self.tasks {
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
                            self.tasks.remove(&key)
                        {
                            let disk = &mut self.nodes[node].disk;
                            disk.ledger.push((*header, certificate));
                        }
                    }
                    None => {}
                }
            }
        }
        self.nodes[node].life = None;
        self.at(self.now + RESTART_AFTER, Task::Restart(node));
    }

    fn restart(&mut self, node: usize) {
        let (chain, set, now) = (self.chain, self.set.clone(), self.now);
        let started = self.nodes[node].start(chain, &set, now, &self.signatures);
        let actions = started.unwrap_or_else(|error| panic!("node {node}: {error}"));
        self.act(node, actions);
    }

    pub(crate) fn step(&mut self, node: usize, event: Event) -> Result<(), OrderingError> {
        let now = self.now;
        let actions = self.nodes[node].step(now, event)?;
        self.act(node, actions);
        Ok(())
    }

    fn act(&mut self, node: usize, actions: Vec<Action>) {
        let life = self.nodes[node].lives;
        for action in actions {
            self.note(node, &action);
            match action {
                Action::Sign(request) => {
                    let ms = u64::from(self.dice.percent(10));
                    self.after_ms(ms, Task::Signed(node, life, request));
                }
                Action::Append(height, records) => {
                    let task = Task::Appended(node, life, height, entries(&records));
                    self.at(self.now + self.fsync, task);
                }
                Action::Broadcast(message) => {
                    let others = (0..self.nodes.len()).filter(|other| *other != node);
                    self.send(node, others.collect(), &message);
                }
                Action::Send(to, message) => {
                    let to = self.nodes.iter().position(|other| other.id == to);
                    self.send(node, to.into_iter().collect(), &message);
                }
                Action::Serve(to, from) => {
                    let message = Message::Decided(self.nodes[node].disk.decided(from));
                    let to = self.nodes.iter().position(|other| other.id == to);
                    self.send(node, to.into_iter().collect(), &message);
                }
                Action::Decide(header, certificate) => {
                    self.check_decision(&header, &certificate);
                    let named = header.batches.iter().map(|batch| batch.id);
                    self.nodes[node].named.extend(named);
                    let task = Task::Durable(node, life, header, certificate);
                    self.at(self.now + self.fsync, task);
                }
                Action::SetTimer(at) => {
                    if let Some(life) = &mut self.nodes[node].life {
                        life.timer = Some(at);
                    }
                    self.at(at, Task::Timer(node, life, at));
                }
                Action::Report(report) => self.reports.push((node, report)),
            }
        }
    }

    /// Two runs of a seed are equal when what every node did is.
    fn note(&mut self, node: usize, action: &Action) {
        self.trace.write_usize(node);
        match action {
            Action::Broadcast(message) | Action::Send(_, message) => {
                self.trace.write(&message.encode());
            }
            Action::Append(_, records) => self.trace.write(&records.encode()),
            other => self.trace.write(format!("{other:?}").as_bytes()),
        }
    }

    fn send(&mut self, from: usize, to: Vec<usize>, message: &Message) {
        if from == 0
            && let Some(mut liar) = self.liar.take()
        {
            for (whom, lie) in liar(&self.nodes[0], message) {
                let to: Vec<usize> = match whom {
                    Some(whom) => vec![whom],
                    None => to.clone(),
                };
                self.carry(from, &to, &lie);
            }
            self.liar = Some(liar);
            return;
        }
        self.check_signatures(from, message);
        self.carry(from, &to, message);
    }

    fn carry(&mut self, from: usize, to: &[usize], message: &Message) {
        let id = self.nodes[from].id;
        for to in to.iter().copied() {
            if self.cut.contains(&(from, to)) || self.dice.percent(self.faults.loss) {
                continue;
            }
            let copies = 1 + u64::from(self.dice.percent(self.faults.twice));
            for _ in 0..copies {
                let (least, more) = self.faults.delay;
                let ms = least + self.dice.below(more);
                self.after_ms(ms, Task::Deliver(to, id, Box::new(wired(message))));
            }
        }
    }

    /// One history: nobody decides two blocks at a height, durable or not.
    fn check_decision(&mut self, header: &Header, certificate: &CommitCertificate) {
        assert_eq!(header.id(self.chain), certificate.block);
        let checked = &self.checked;
        verify_certificate_by(self.chain, &self.set, certificate, |key, message, signature| {
            let signed = blake3_hash(&(key, message, signature).encode());
            checked.borrow().contains(&signed)
                || (verify_signature(key, message, signature)
                    && checked.borrow_mut().insert(signed))
        })
        .unwrap();
        let first = *self.decided.entry(header.height).or_insert(certificate.block);
        assert_eq!(first, certificate.block, "two blocks at height {}", header.height);
        self.decided_at.entry(header.height).or_insert(self.now);
        for batch in &header.batches {
            let height = *self.named.entry(batch.id).or_insert(header.height);
            assert_eq!(height, header.height, "batch {} is named twice", batch.seq);
        }
    }

    /// No honest validator ever sends two signatures for one place.
    fn check_signatures(&mut self, from: usize, message: &Message) {
        let (kind, height, round, block, id) = match message {
            Message::Vote(Vote { kind, height, round, block, validator, .. }) => {
                let kind = if *kind == VoteKind::Prevote { 0 } else { 1 };
                (kind, *height, *round, *block, *validator)
            }
            Message::Proposal(proposal, _) => {
                let (height, round) = (proposal.height, proposal.round);
                (2, height, round, Some(proposal.block), proposal.validator)
            }
            _ => return,
        };
        if id == self.nodes[from].id {
            self.signed_by.insert(id);
            let first = *self.signed.entry((id, kind, height, round)).or_insert(block);
            assert_eq!(first, block, "node {from} signed twice at {height}, round {round}");
        }
    }
}
