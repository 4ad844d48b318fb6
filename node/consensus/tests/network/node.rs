//! A host for one validator: its disk, its key, and what it executes.

use crate::{checks::broken, sets::Sets};
use codec::Encode;
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
        let newest = newest_log(&[slot.clone(), Vec::new()]).map(|log| log.height);
        if newest != Some(height) {
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
    pub(crate) key: SigningKey,
    pub(crate) disk: Disk,
    pub(crate) life: Option<Life>,
    /// Counts lives: what was under way in an earlier one comes to nothing.
    pub(crate) lives: u32,
    /// What its clock is ahead of the true one, in ms.
    pub(crate) skew: i64,
    /// Durable batches.
    pub(crate) batches: Vec<ReadyBatch>,
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
    pub(crate) fn new(key: SigningKey, skew: i64) -> Self {
        let id = ValidatorId::of_key(key.verifying_key().as_bytes());
        let (disk, batches, named) = (Disk::default(), Vec::new(), BTreeSet::new());
        let older_log = Default::default();
        Self {
            id,
            key,
            disk,
            life: None,
            lives: 0,
            skew,
            batches,
            holders: BTreeMap::new(),
            named,
            errs_from: None,
            older_log,
        }
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

    /// What the disk holds: heights of the log and of the ledger, and whether the log may lack what
    /// was signed, as the node's recovery judges it.
    pub(crate) fn found(&self, sets: &Sets) -> (Height, Height, bool) {
        let tip = self.disk.height();
        let mark = self.disk.newest_log().map_or(Height::ZERO, |log| log.height);
        (mark, tip, sets.has_member(self.id, mark, tip))
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
        let setup = Setup { chain, me: self.id, genesis_time, limits, signatures, observe };
        let from = history_from(tip);
        let history = self.disk.ledger.iter().filter(|(header, _)| header.height >= from);
        let history = history.map(|(header, _)| (header.clone(), sets.at(header.height).clone()));
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
        actions.extend(self.begin(sets, log, elapsed)?);
        while let Some(event) = self.execute_next() {
            actions.extend(self.step(elapsed, event)?);
        }
        Ok(actions)
    }

    fn begin(
        &mut self,
        sets: &Sets,
        log: Option<Log>,
        elapsed: Duration,
    ) -> Result<Vec<Action>, OrderingError> {
        let tip = self.disk.height().0;
        let start = Start {
            parent: self.disk.ledger.last().cloned(),
            parent_validators: sets.at(Height(tip)).clone(),
            validators: sets.at(Height(tip + 1)).clone(),
            next_validators: sets.at(Height(tip + 2)).clone(),
            log,
        };
        self.step(elapsed, Event::Start(Box::new(start)))
    }

    /// A decision is durable: the next height may start.
    pub(crate) fn decided(
        &mut self,
        sets: &Sets,
        header: Header,
        certificate: CommitCertificate,
        elapsed: Duration,
    ) -> Result<Vec<Action>, OrderingError> {
        self.disk.ledger.push((header, certificate));
        self.begin(sets, None, elapsed)
    }

    fn unnamed(&self) -> Vec<ReadyBatch> {
        let open = |batch: &&ReadyBatch| !self.named.contains(&batch.reference.id);
        self.batches.iter().filter(open).copied().collect()
    }

    /// Executes the next durable block.
    pub(crate) fn execute_next(&mut self) -> Option<Event> {
        let life = self.life.as_mut()?;
        let (height, state) = life.executed;
        let (header, certificate) = self.disk.ledger.get(usize::try_from(height.0).unwrap())?;
        let mut roots = execute(state, certificate.block);
        if self.errs_from.is_some_and(|from| header.height >= from) {
            roots.state = certificate.block;
        }
        life.executed = (header.height, roots.state);
        let empty = header.batches.is_empty();
        Some(Event::Executed { height: header.height, roots, empty })
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

/// Entries of the log as the store keeps them.
pub(crate) fn entries(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(Encode::encode).collect()
}
