//! A host for one validator: its disk, its key, and what it executes.

use crate::{
    checks::broken,
    sets::{self, Sets},
};
use codec::{Decode, Encode};
use dure_consensus::{
    Action, Consensus, DECIDED_MAX, Event, Limits, Log, Now, OrderingError, ReadyBatch, Record,
    Setup, Signatures, Start, history_from,
};
use dure_types::{
    CommitCertificate, Gas, Hash, Header, Height, Roots, TimestampMs, ValidatorId,
    domain::blake3_hash,
};
use ed25519_dalek::SigningKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Wall time at the start of every run.
pub(crate) const EPOCH_MS: u64 = 1_700_000_000_000;

/// What a crash leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) ledger: Vec<(Header, CommitCertificate)>,
    /// Entries of the log of even heights, and of odd ones.
    pub(crate) log: [Vec<Vec<u8>>; 2],
}

impl Disk {
    /// Appends entries to the log of a height; of a torn write only the first `kept` survive.
    pub(crate) fn append(&mut self, height: Height, entries: &[Vec<u8>], kept: usize) {
        let slot = &mut self.log[(height.0 % 2) as usize];
        let first = slot.first().map(|entry| Record::decode(&mut entry.as_slice()));
        if !matches!(first, Some(Ok(Record::Begin { height: of, .. })) if of == height) {
            slot.clear();
        }
        slot.extend(entries.iter().take(kept).cloned());
    }

    pub(crate) fn newest_log(&self) -> Option<Log> {
        newest_log(&self.log)
    }

    pub(crate) fn height(&self) -> Height {
        self.ledger.last().map_or(Height::ZERO, |(header, _)| header.height)
    }

    /// What a node answers to who is behind.
    pub(crate) fn decided(&self, from: Height) -> Vec<(Header, CommitCertificate)> {
        let start = usize::try_from(from.0.saturating_sub(1)).unwrap();
        self.ledger.iter().skip(start).take(DECIDED_MAX).cloned().collect()
    }
}

/// The log of the greater height.
pub(crate) fn newest_log(slots: &[Vec<Vec<u8>>; 2]) -> Option<Log> {
    let decode = |slot: &Vec<Vec<u8>>| match Log::decode(slot) {
        Ok(log) => log,
        Err(error) => broken("log", error),
    };
    slots.iter().filter_map(decode).max_by_key(|log| log.height)
}

/// One validator from its start to its crash.
pub(crate) struct Life {
    pub(crate) consensus: Consensus,
    pub(crate) timer: Option<Duration>,
    /// Newest executed height with its state root.
    executed: (Height, Hash),
}

/// A validator over all its lives.
pub(crate) struct Node {
    pub(crate) id: ValidatorId,
    /// Its first key, what its keys are made of, and all that it has got.
    pub(crate) key: SigningKey,
    pub(crate) seed: u8,
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) disk: Disk,
    pub(crate) life: Option<Life>,
    /// Counts lives: what was under way in an earlier one comes to nothing.
    pub(crate) lives: u32,
    /// What its clock is ahead of the true one, in ms.
    pub(crate) skew: i64,
    /// Durable batches, in the order in which they came, and the place of each.
    pub(crate) batches: Vec<ReadyBatch>,
    held: BTreeMap<Hash, usize>,
    /// Who said to hold a batch.
    pub(crate) holders: BTreeMap<Hash, BTreeSet<ValidatorId>>,
    /// What decided headers name, durable or not.
    pub(crate) named: BTreeSet<Hash>,
    /// From this height on its executor errs.
    pub(crate) errs_from: Option<Height>,
    /// The log at the last crash.
    pub(crate) older_log: [Vec<Vec<u8>>; 2],
}

/// Roots of a block, as every honest executor computes them.
pub(crate) fn execute(before: Hash, block: Hash) -> Roots {
    let state = blake3_hash(&(before, block).encode());
    Roots { state, receipts: block }
}

impl Node {
    pub(crate) fn new(seed: u8, skew: i64) -> Self {
        let (id, key) = (sets::id(seed), sets::key(seed, 0));
        let (disk, batches, named) = (Disk::default(), Vec::new(), BTreeSet::new());
        let older_log = Default::default();
        Self {
            id,
            keys: vec![key.clone()],
            key,
            seed,
            disk,
            life: None,
            lives: 0,
            skew,
            batches,
            held: BTreeMap::new(),
            holders: BTreeMap::new(),
            named,
            errs_from: None,
            older_log,
        }
    }

    /// A durable batch.
    pub(crate) fn held(&self, id: &Hash) -> Option<ReadyBatch> {
        self.held.get(id).and_then(|place| self.batches.get(*place)).copied()
    }

    /// Makes a batch durable that is not yet.
    pub(crate) fn hold(&mut self, batch: ReadyBatch) {
        self.held.insert(batch.reference.id, self.batches.len());
        self.batches.push(batch);
    }

    /// Loses everything that is on the disk.
    pub(crate) fn lose_disk(&mut self) {
        self.disk = Disk::default();
        self.batches.clear();
        self.held.clear();
    }

    /// Whether a quorum said to hold a batch.
    pub(crate) fn is_ready(&self, sets: &Sets, batch: &ReadyBatch) -> bool {
        let set = sets.at(self.disk.height());
        let holders = self.holders.get(&batch.reference.id).into_iter().flatten();
        let power = holders.filter_map(|id| set.get(*id)).map(|record| record.power).sum();
        set.is_quorum(power)
    }

    pub(crate) fn now(&self, elapsed: Duration) -> Now {
        let wall = (EPOCH_MS + elapsed.as_millis() as u64).saturating_add_signed(self.skew);
        Now { elapsed, wall: TimestampMs(wall) }
    }

    /// Whether it has got the key by which it signs at a height, if it is a validator then.
    pub(crate) fn signs(&self, sets: &Sets, height: Height) -> Option<bool> {
        sets.key(self.id, height).map(|key| self.keys.iter().any(|own| is_of(own, &key)))
    }

    /// The key for a height: its first one, where it lacks the true one.
    pub(crate) fn key_at(&self, sets: &Sets, height: Height) -> &SigningKey {
        let key = sets.key(self.id, height);
        let own = self.keys.iter().find(|own| key.is_some_and(|key| is_of(own, &key)));
        own.unwrap_or(&self.key)
    }

    /// Gets all keys that it will ever sign with: they count from its next start on.
    pub(crate) fn get_keys(&mut self) {
        self.keys = (0..=sets::REPLACED_MAX).map(|times| sets::key(self.seed, times)).collect();
    }

    /// What the disk holds: heights of the log and of the ledger, and whether the log may lack what
    /// was signed, as the node's recovery judges it.
    pub(crate) fn found(&self, sets: &Sets) -> (Height, Height, bool) {
        let tip = self.disk.height();
        let mark = self.disk.newest_log().map_or(Height::ZERO, |log| log.height);
        let signed = |height| self.signs(sets, Height(height)) == Some(true);
        (mark, tip, (mark.0 + 1..=tip.0).any(signed))
    }

    /// Starts on what the disk holds.
    pub(crate) fn start(
        &mut self,
        (chain, sets): (Hash, &Sets),
        elapsed: Duration,
        signatures: &Signatures,
        observe: bool,
    ) -> Result<Vec<Action>, OrderingError> {
        let tip = self.disk.height();
        let log = self.disk.newest_log();
        let limits = Limits { block_gas_max: Gas(u64::MAX) };
        let signatures = signatures.clone();
        let genesis_time = TimestampMs(EPOCH_MS - 1_000);
        // The state may be behind the ledger; what follows is executed again.
        let mut known = sets.of_genesis();
        for height in (1..=tip.0 / 2).map(Height) {
            known.executed(height, sets.announced(height).cloned())?;
        }
        let keys = self.keys.iter().map(|key| key.verifying_key().to_bytes()).collect();
        let setup = Setup {
            chain,
            me: self.id,
            keys,
            sets: known,
            genesis_time,
            limits,
            signatures,
            has_peers: sets.nodes > 1,
            observe,
        };
        let from = history_from(tip);
        let history = self.disk.ledger.iter().filter(|(header, _)| header.height >= from);
        let history = history.map(|(header, _)| header.clone());
        let now = self.now(elapsed);
        let consensus = Consensus::new(setup, history, now);
        self.lives += 1;
        let executed = (Height::ZERO, chain);
        self.life = Some(Life { consensus, timer: None, executed });
        let mut actions = Vec::new();
        let decided = self.disk.ledger.iter();
        self.named = decided.flat_map(|(header, _)| &header.batches).map(|b| b.id).collect();
        for batch in self.unnamed() {
            let ready = self.is_ready(sets, &batch);
            let event = if ready { Event::BatchReady(batch) } else { Event::BatchHeld(batch) };
            actions.extend(self.step(elapsed, event)?);
        }
        actions.extend(self.begin(log, elapsed)?);
        while let Some(event) = self.execute_next(sets) {
            actions.extend(self.step(elapsed, event)?);
        }
        Ok(actions)
    }

    fn begin(&mut self, log: Option<Log>, elapsed: Duration) -> Result<Vec<Action>, OrderingError> {
        let start = Start { parent: self.disk.ledger.last().cloned(), log };
        self.step(elapsed, Event::Start(Box::new(start)))
    }

    /// A decision is durable: the next height may start.
    pub(crate) fn decided(
        &mut self,
        header: Header,
        certificate: CommitCertificate,
        elapsed: Duration,
    ) -> Result<Vec<Action>, OrderingError> {
        self.disk.ledger.push((header, certificate));
        self.begin(None, elapsed)
    }

    fn unnamed(&self) -> Vec<ReadyBatch> {
        let open = |batch: &&ReadyBatch| !self.named.contains(&batch.reference.id);
        self.batches.iter().filter(open).copied().collect()
    }

    /// Executes the next durable block.
    pub(crate) fn execute_next(&mut self, sets: &Sets) -> Option<Event> {
        let life = self.life.as_mut()?;
        let (height, state) = life.executed;
        let (header, certificate) = self.disk.ledger.get(usize::try_from(height.0).unwrap())?;
        let mut roots = execute(state, certificate.block);
        if self.errs_from.is_some_and(|from| header.height >= from) {
            roots.state = certificate.block;
        }
        life.executed = (header.height, roots.state);
        let empty = header.batches.is_empty();
        let validators = sets.announced(header.height).cloned().map(Box::new);
        Some(Event::Executed { height: header.height, roots, empty, validators })
    }

    pub(crate) fn step(
        &mut self,
        elapsed: Duration,
        event: Event,
    ) -> Result<Vec<Action>, OrderingError> {
        let now = self.now(elapsed);
        match &mut self.life {
            Some(life) => life.consensus.step(now, event),
            None => Ok(Vec::new()),
        }
    }
}

fn is_of(own: &SigningKey, key: &[u8; 32]) -> bool {
    own.verifying_key().as_bytes() == key
}

/// Entries of the log as the store keeps them.
pub(crate) fn entries(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(Encode::encode).collect()
}
