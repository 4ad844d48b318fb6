//! Nothing of ours leaves before it is durable.
//!
//! Records gather until something must be sent; then all of them go to the log at once, and what
//! waits for them leaves when they are durable. So one fsync serves a proposal with its votes, and
//! votes of others cost none until we answer them.

use crate::{
    drill::{self, Drill},
    event::Action,
    log::{ENTRY_HEAD_BYTES, LOG_BYTES_MAX, Record},
};
use codec::Encode;
use dure_types::{Hash, Height, domain::blake3_hash};
use std::collections::{BTreeMap, VecDeque};

/// What waits for the log, and what waits to be logged.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    height: Height,
    /// Records of this height by their hash, with their number; those of a replayed log have 0.
    known: BTreeMap<Hash, u64>,
    pending: Vec<Record>,
    /// Records until now, over all heights.
    recorded: u64,
    durable: u64,
    /// Number of the last record on its way to the disk.
    in_flight: Option<u64>,
    /// Number of the newest record that bears our signature, or that begins the height.
    ours: u64,
    queue: VecDeque<(u64, Action)>,
    /// Bytes of this height's log, as the host counts them.
    bytes: usize,
    /// We sign nothing, and so record nothing.
    silent: bool,
    /// A record did not fit: nothing that is sent from now on may leave.
    full: bool,
    /// What is recorded is to be durable though nothing waits for it.
    urgent: bool,
}

impl Outbox {
    /// Begins the log of a height, or goes on with the one that was replayed.
    pub(crate) fn begin(&mut self, height: Height, parent: Hash, log: Option<&[Record]>) {
        if self.height == height && log.is_none() && !self.silent {
            return;
        }
        self.height = height;
        self.pending.clear();
        self.queue.clear();
        self.known.clear();
        (self.ours, self.bytes) = (0, 0);
        (self.silent, self.full) = (false, false);
        match log {
            Some(log) => {
                // The record that it began with was taken off.
                let begin = Record::Begin { height, parent };
                self.bytes = [&begin].into_iter().chain(log).map(entry_bytes).sum();
                self.known.extend(log.iter().map(|record| (hash(record), 0)));
            }
            None => self.record(Record::Begin { height, parent }, true),
        }
    }

    /// Begins a height of which nothing is recorded: we sign nothing in it.
    pub(crate) fn begin_silent(&mut self, height: Height) {
        self.begin(height, Hash::ZERO, Some(&[]));
        self.silent = true;
    }

    /// Records what is not recorded yet.
    pub(crate) fn record(&mut self, record: Record, ours: bool) {
        if self.silent {
            return;
        }
        let number = self.recorded + 1;
        let known = *self.known.entry(hash(&record)).or_insert(number);
        if known == number {
            self.bytes = self.bytes.saturating_add(entry_bytes(&record));
            self.full |= self.bytes > LOG_BYTES_MAX;
            self.recorded = number;
            if !self.full {
                self.pending.push(record);
            }
        }
        if ours {
            self.ours = self.ours.max(known);
        }
    }

    /// Makes what is recorded durable at once.
    pub(crate) const fn urge(&mut self) {
        self.urgent = true;
    }

    /// Whether the log of this height has no room for what was to be recorded: what follows from it
    /// must not leave.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// Sends once everything that we signed is durable.
    pub(crate) fn send(&mut self, action: Action) {
        let decision = matches!(action, Action::Decide(..));
        if decision && drill::is(Drill::DecisionBeforeBarrier) {
            self.queue.push_front((0, action));
        } else if !decision && drill::is(Drill::VoteBeforeBarrier) {
            self.queue.push_back((0, action));
        } else if !self.full {
            self.queue.push_back((self.ours, action));
        }
    }

    /// The records on their way are durable.
    pub(crate) fn appended(&mut self) {
        self.durable = self.in_flight.take().unwrap_or(self.durable);
    }

    /// Lets out what may leave, and asks for what the rest waits for.
    pub(crate) fn flush(&mut self, out: &mut Vec<Action>) {
        let early = drill::is(Drill::VoteBeforeBarrier) || drill::is(Drill::DecisionBeforeBarrier);
        let waits = early && !self.queue.is_empty();
        while self.queue.front().is_some_and(|(after, _)| *after <= self.durable) {
            out.extend(self.queue.pop_front().map(|(_, action)| action));
        }
        let waits = waits || self.urgent || !self.queue.is_empty();
        if waits && self.in_flight.is_none() && !self.pending.is_empty() {
            self.urgent = false;
            self.in_flight = Some(self.recorded);
            out.push(Action::Append(self.height, std::mem::take(&mut self.pending)));
        }
    }
}

fn entry_bytes(record: &Record) -> usize {
    record.encoded_size().saturating_add(ENTRY_HEAD_BYTES)
}

fn hash(record: &Record) -> Hash {
    blake3_hash(&record.encode())
}
