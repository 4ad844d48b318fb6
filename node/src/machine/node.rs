//! The machine itself.

use super::{
    Action, Event, Recovered, Ticket,
    seal::{Author, Sealed, found},
};
use crate::{
    config::MempoolLimits,
    execution::{Block, Executed},
    fault::Fault,
    mempool::{MempoolStatus, Pool},
    store::{Column, Database, WriteBatch, column, ledger},
};
use codec::Encode;
use dure_consensus::{
    Action as Order, Consensus, Event as Happening, Limits, Log, Now, SignRequest, Signatures,
    Start,
};
use dure_types::{
    CommitCertificate, Genesis, Hash, Header, Height, ValidatorId, ValidatorSet, limits,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// An author alone seals at the latest after this time.
const SEAL_AFTER: Duration = Duration::from_millis(10);
/// The state is flushed this often while blocks are executed, so that a restart re-executes less.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// What the machine must know at start.
pub struct Setup<'a> {
    /// What the chain began with.
    pub genesis: &'a Genesis,
    /// Signs votes and batches.
    pub key: SigningKey,
    /// Bounds of the mempool.
    pub mempool: MempoolLimits,
}

/// One node: mempool, batches, ordering, and the schedule of execution.
pub struct Machine {
    chain: Hash,
    me: ValidatorId,
    key: SigningKey,
    validators: ValidatorSet,
    limits: Limits,
    pool: Pool,
    ordering: Consensus,
    /// Sealed by us and not named by a decided header, by sequence number.
    sealed: BTreeMap<u64, Sealed>,
    /// Of these, those that are not durable yet.
    unsafe_batches: BTreeSet<u64>,
    next_seq: u64,
    /// Decided, not yet durable.
    decision: Option<(Header, CommitCertificate)>,
    /// Newest decided height.
    decided: Height,
    waiting_since: Option<Duration>,
    ordering_due: Option<Duration>,
    timer: Option<Duration>,
    flushed: Duration,
}

impl Machine {
    /// Starts where the store left off.
    ///
    /// # Errors
    /// [`Fault`] when what was recovered contradicts itself.
    pub fn new(
        setup: Setup<'_>,
        recovered: Recovered,
        now: Now,
    ) -> Result<(Self, Vec<Action>), Fault> {
        let chain = setup.genesis.chain_id();
        let me = ValidatorId::of_key(setup.key.verifying_key().as_bytes());
        let limits = Limits { block_gas_max: setup.genesis.parameters.block_gas_max };
        // Until validators change by transaction, every height has those of genesis.
        let validators = setup.genesis.validators.clone();
        let history = recovered.history.iter().map(|header| (header.clone(), validators.clone()));
        let ordering = dure_consensus::Setup {
            chain,
            me,
            genesis_time: setup.genesis.time,
            limits,
            signatures: Signatures::default(),
            observe: recovered.observe,
        };
        let ordering = Consensus::new(ordering, history, now);
        let mut machine = Self {
            chain,
            me,
            key: setup.key,
            validators,
            limits,
            pool: Pool::new(setup.mempool),
            ordering,
            sealed: BTreeMap::new(),
            unsafe_batches: BTreeSet::new(),
            next_seq: recovered.seq_highest + 1,
            decision: None,
            decided: recovered.tip.as_ref().map_or(Height::ZERO, |(tip, _)| tip.height),
            waiting_since: None,
            ordering_due: None,
            timer: None,
            flushed: now.elapsed,
        };
        let mut out = Vec::new();
        machine.resume(now, recovered, &mut out)?;
        machine.finish(now, &mut out)?;
        Ok((machine, out))
    }

    /// Offers again what was sealed, and begins the height after the newest decided one.
    fn resume(
        &mut self,
        now: Now,
        recovered: Recovered,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let mut ready = Vec::new();
        for (batch, transactions) in recovered.batches {
            transactions.iter().for_each(|transaction| self.pool.remember(transaction));
            let sealed = found(&batch, transactions, self.chain);
            if sealed.ready.expiry > self.decided {
                ready.push(sealed.ready);
            }
            self.sealed.insert(batch.header.seq, sealed);
        }
        self.expire_batches();
        // Before the start, whose decision of what was proposed takes those out that it names.
        for batch in ready {
            self.order(now, Happening::BatchReady(batch), out)?;
        }
        self.start(now, recovered.tip, recovered.log, out)?;
        for (height, roots, empty) in recovered.results {
            self.order(now, Happening::Executed { height, roots, empty }, out)?;
        }
        Ok(())
    }

    /// Takes in what happened, and says what to do.
    ///
    /// # Errors
    /// [`Fault`]: the node must stop, and sign nothing more.
    pub fn step(&mut self, now: Now, event: Event) -> Result<Vec<Action>, Fault> {
        let mut out = Vec::new();
        match event {
            Event::Submit { request, transaction } => {
                let result = self.pool.submit(transaction);
                out.push(Action::Answer { request, result });
            }
            Event::Durable(Ticket::Batch(seq)) => self.batch_durable(now, seq, &mut out)?,
            Event::Durable(Ticket::Log(_)) => self.order(now, Happening::Appended, &mut out)?,
            Event::Durable(Ticket::Decision(height)) => {
                self.decision_durable(now, height, &mut out)?;
            }
            Event::Executed(executed) => self.executed(now, &executed, &mut out)?,
            Event::Timer => {
                // The ordering asks again for what it still waits for.
                (self.timer, self.ordering_due) = (None, None);
                self.order(now, Happening::Timer, &mut out)?;
            }
        }
        self.finish(now, &mut out)?;
        Ok(out)
    }

    /// How full the mempool is.
    #[must_use]
    pub fn mempool(&self) -> MempoolStatus {
        self.pool.status()
    }

    fn order(&mut self, now: Now, event: Happening, out: &mut Vec<Action>) -> Result<(), Fault> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.ordering.step(now, event)? {
                match action {
                    Order::Append(height, records) => {
                        let entries = records.iter().map(Encode::encode).collect();
                        out.push(Action::Log(height, entries));
                    }
                    Order::Sign(request) => {
                        let signature = self.sign(&request);
                        events.push_back(Happening::Signed(request, signature));
                    }
                    Order::Decide(header, certificate) => {
                        out.push(Action::Persist {
                            ticket: Ticket::Decision(header.height),
                            writes: ledger::put_decision(&header, &certificate),
                        });
                        self.decision = Some((*header, certificate));
                    }
                    Order::SetTimer(at) => self.ordering_due = Some(at),
                    Order::Report(report) => out.push(Action::Report(report)),
                    // A lone validator has nobody to talk to.
                    Order::Broadcast(_) | Order::Send(..) | Order::Serve(..) => {}
                }
            }
        }
        Ok(())
    }

    fn sign(&self, request: &SignRequest) -> [u8; 64] {
        self.key.sign(&request.signed_bytes(self.chain)).to_bytes()
    }

    fn start(
        &mut self,
        now: Now,
        parent: Option<(Header, CommitCertificate)>,
        log: Option<Log>,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let (validators, next_validators) = (self.validators.clone(), self.validators.clone());
        let parent_validators = self.validators.clone();
        let start = Start { parent, parent_validators, validators, next_validators, log };
        self.ordering_due = None;
        self.order(now, Happening::Start(Box::new(start)), out)
    }

    fn batch_durable(&mut self, now: Now, seq: u64, out: &mut Vec<Action>) -> Result<(), Fault> {
        self.unsafe_batches.remove(&seq);
        match self.sealed.get(&seq).map(|sealed| sealed.ready) {
            Some(ready) => self.order(now, Happening::BatchReady(ready), out),
            None => Ok(()),
        }
    }

    /// The point of finality: from here on the block is executed, and the next may begin.
    fn decision_durable(
        &mut self,
        now: Now,
        height: Height,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let Some((header, certificate)) = self.decision.take() else {
            return Err(Fault::Corrupt(format!("height {height} is durable but not decided")));
        };
        assert_eq!(header.height, height, "one height is decided at a time");
        self.decided = height;
        let mut transactions = Vec::new();
        for reference in &header.batches {
            let sealed = self.sealed.remove(&reference.seq).ok_or_else(|| {
                Fault::Corrupt(format!("height {height} names batch {}, not held", reference.seq))
            })?;
            transactions.extend(sealed.transactions);
        }
        let block = Block { header: header.clone(), id: certificate.block, transactions };
        out.push(Action::Execute(Box::new(block)));
        self.expire_batches();
        self.start(now, Some((header, certificate)), None, out)
    }

    /// Puts transactions back in line whose batch no header may name any more.
    fn expire_batches(&mut self) {
        let next = Height(self.decided.0 + 1);
        let expired = |sealed: &Sealed| sealed.ready.expiry < next;
        let seqs: Vec<u64> =
            self.sealed.iter().filter(|(_, s)| expired(s)).map(|(seq, _)| *seq).collect();
        for seq in seqs {
            self.unsafe_batches.remove(&seq);
            if let Some(sealed) = self.sealed.remove(&seq) {
                self.pool.put_back(sealed.transactions);
            }
        }
    }

    fn executed(
        &mut self,
        now: Now,
        executed: &Executed,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let height = executed.head.height;
        self.pool.executed(height, &executed.outcomes);
        if now.elapsed >= self.flushed + FLUSH_EVERY {
            self.flushed = now.elapsed;
            out.push(Action::Flush);
        }
        let empty = executed.outcomes.is_empty();
        self.order(now, Happening::Executed { height, roots: executed.roots, empty }, out)
    }

    /// Seals what is due, and asks for the next wake-up.
    fn finish(&mut self, now: Now, out: &mut Vec<Action>) -> Result<(), Fault> {
        self.seal_when_due(now, out);
        let seal_due = self.waiting_since.map(|since| since + SEAL_AFTER);
        let due = [seal_due, self.ordering_due].into_iter().flatten().min();
        if let Some(due) = due.filter(|due| self.timer.is_none_or(|timer| timer != *due)) {
            self.timer = Some(due);
            out.push(Action::SetTimer(due));
        }
        Ok(())
    }

    fn seal_when_due(&mut self, now: Now, out: &mut Vec<Action>) {
        while self.pool.is_waiting() && self.has_window() {
            let since = *self.waiting_since.get_or_insert(now.elapsed);
            // Batches on their way to the disk will do for the proposer.
            let wanted = self.unsafe_batches.is_empty() && self.ordering.wants_batch(now);
            if !(wanted || self.pool.fills_batch() || now.elapsed >= since + SEAL_AFTER) {
                return;
            }
            self.waiting_since = None;
            let batch = self.pool.take_batch(now.wall, self.limits.block_gas_max);
            if batch.is_empty() {
                // All that waited had expired, or one asks for more gas than a block has.
                return;
            }
            let seq = self.next_seq;
            self.next_seq += 1;
            let expiry = Height(self.decided.0 + limits::BATCH_EXPIRY_BLOCKS);
            let author = Author { chain: self.chain, id: self.me, key: &self.key };
            let (sealed, bytes) = author.seal(seq, expiry, batch);
            self.sealed.insert(seq, sealed);
            self.unsafe_batches.insert(seq);
            let mut writes = WriteBatch::new(Database::Ledger);
            writes.put(Column::Batches, column::batch(self.me, seq), bytes);
            out.push(Action::Persist { ticket: Ticket::Batch(seq), writes });
        }
        self.waiting_since = None;
    }

    /// Whether a further sequence number fits into our window.
    fn has_window(&self) -> bool {
        let oldest = self.sealed.keys().next().copied().unwrap_or(self.next_seq);
        self.next_seq - oldest < limits::BATCH_SEQ_WINDOW
    }
}
