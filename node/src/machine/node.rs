//! The machine itself.

use super::{
    Action, Blame, Event, Recovered, Ticket, Wire,
    acknowledged::Acknowledged,
    backlog::{BACKLOG_MAX, Backlog, EXECUTING_MAX, Waiting},
    batches::Batches,
    fetching::Fetching,
    home::Forwarding,
    seal::{Author, ready},
};
use crate::{
    config::MempoolLimits,
    drill::{self, Drill},
    execution::Executed,
    fault::Fault,
    mempool::{MempoolStatus, Pool},
    store::ledger,
};
use codec::Encode;
use dure_consensus::{
    Action as Order, Checked, Consensus, Event as Happening, Limits, Log, Named, Now, Record, Sets,
    Signatures, Signer, Start, ToSign,
};
use dure_types::{
    Acknowledgement, Batch, BatchReference, CommitCertificate, Genesis, Hash, Header, Height,
    ValidatorId, ValidatorSet, limits, vote::Round,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// An author alone seals at the latest after this time.
const SEAL_AFTER: Duration = Duration::from_millis(10);
/// Batches of one author are so far apart for each transaction of the earlier one, up to that time.
const SEAL_APART: Duration = Duration::from_millis(2);
/// A number of ours that is so far above the highest durable one is not sent before it is durable; a
/// start leaves so many numbers out, so that none is signed twice.
const UNWRITTEN_MAX: u64 = 8;
/// The state is flushed this often while blocks are executed, so that a restart re-executes less.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// What the machine must know at start.
pub struct Setup<'a> {
    /// What the chain began with.
    pub genesis: &'a Genesis,
    /// Signs votes and batches.
    pub signer: Box<dyn Signer>,
    /// Bounds of the mempool.
    pub mempool: MempoolLimits,
    /// Signatures that hold: what the host checked of a message beside the machine's thread is not
    /// checked again in it.
    pub signatures: Signatures,
}

/// A height to begin: its parent, and what the log holds of it.
type Next = (Option<(Header, CommitCertificate)>, Option<Log>);

/// One node: mempool, batches, ordering, and the schedule of execution.
pub struct Machine {
    pub(super) chain: Hash,
    pub(super) me: ValidatorId,
    signer: Checked,
    pub(super) validators: ValidatorSet,
    pub(super) limits: Limits,
    pub(super) pool: Pool,
    pub(super) ordering: Consensus,
    /// Not named by a decided header.
    pub(super) batches: Batches,
    /// Ours that a header of ours may not name yet.
    pub(super) unspread: BTreeSet<BatchReference>,
    /// What decided headers named.
    pub(super) named: Named,
    pub(super) acknowledged: Acknowledged,
    /// What we hold and have not said yet.
    pub(super) unsaid: Vec<Acknowledgement>,
    /// When we say again what we hold.
    pub(super) say_again: Duration,
    pub(super) fetching: Fetching,
    /// Transactions that others were asked to seal.
    pub(super) forwarding: Forwarding,
    /// When each validator was last heard of.
    pub(super) heard: BTreeMap<ValidatorId, Duration>,
    /// Authors whose batches are refused, until when.
    pub(super) refused: BTreeMap<ValidatorId, Duration>,
    /// Decided and not with the executor.
    pub(super) backlog: Backlog,
    /// Of the blocks that the executor has, who sealed how many transactions.
    executing: VecDeque<Vec<(ValidatorId, usize)>>,
    /// The height to begin, while it is not begun.
    next: Option<Next>,
    next_seq: u64,
    /// The ledger was empty at the start, or there is no log for it: perhaps a disk was lost, with the
    /// numbers that we used. Nothing is sealed.
    in_doubt: bool,
    /// The highest number of ours that is durable here.
    pub(super) written: u64,
    /// Sealed, and sent only when it is durable.
    pub(super) unsent: Option<Box<Batch>>,
    /// Decided, not yet durable, each with whether it was only followed.
    decisions: VecDeque<(Header, CommitCertificate, bool)>,
    /// The newest height with entries in the signer's log.
    logged: Height,
    /// The first entry of a height in which nothing is signed yet.
    unlogged: Option<(Height, Vec<Vec<u8>>)>,
    /// Entries that wait until all that was decided before is durable.
    held_back: Option<(Height, Vec<Vec<u8>>)>,
    /// Newest decided height.
    pub(super) decided: Height,
    waiting_since: Option<Duration>,
    /// When we sealed last, and how many transactions.
    sealed: (Duration, u32),
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
        let me = ValidatorId::of_key(&setup.signer.public_key());
        let limits = Limits { block_gas_max: setup.genesis.parameters.block_gas_max };
        // Until validators change by transaction, every height has those of genesis: others do not start.
        let validators = setup.genesis.validators.clone();
        let mut named = Named::default();
        recovered.history.iter().for_each(|header| named.decided(header));
        let next_seq = unused(&recovered, me, validators.0.len() == 1);
        let mut sets = Sets::new(validators.clone(), limits::VALIDATOR_CHANGE_DELAY);
        sets.executed(recovered.executed, None)?;
        let empty = recovered.tip.is_none() && recovered.log.is_none();
        let forgot = empty || recovered.observe;
        let ordering = dure_consensus::Setup {
            chain,
            me,
            keys: vec![setup.signer.public_key()],
            sets,
            genesis_time: setup.genesis.time,
            limits,
            signatures: setup.signatures.clone(),
            has_peers: setup.genesis.validators.0.len() > 1,
            observe: recovered.observe,
        };
        let ordering = Consensus::new(ordering, recovered.history.iter().cloned(), now);
        let mut machine = Self {
            chain,
            me,
            signer: Checked::new(chain, setup.signer, setup.signatures),
            validators,
            limits,
            pool: Pool::new(setup.mempool),
            ordering,
            batches: Batches::new(setup.genesis.validators.0.len() == 1),
            unspread: BTreeSet::new(),
            named,
            acknowledged: Acknowledged::default(),
            unsaid: Vec::new(),
            say_again: now.elapsed,
            fetching: Fetching::default(),
            forwarding: Forwarding::default(),
            heard: setup.genesis.validators.0.iter().map(|of| (of.id, now.elapsed)).collect(),
            refused: BTreeMap::new(),
            backlog: Backlog::default(),
            executing: VecDeque::new(),
            next: None,
            next_seq,
            in_doubt: forgot && !drill::is(Drill::NumbersForgotten),
            written: recovered.seq_highest,
            unsent: None,
            decisions: VecDeque::new(),
            logged: recovered.logged,
            unlogged: None,
            held_back: None,
            decided: recovered.tip.as_ref().map_or(Height::ZERO, |(tip, _)| tip.height),
            waiting_since: None,
            sealed: (Duration::ZERO, 0),
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
        let mut held = Vec::with_capacity(recovered.batches.len());
        for (batch, transactions) in recovered.batches {
            let ready = ready(&batch.header, batch.encoded_size(), self.chain);
            if ready.reference.author == self.me {
                transactions.iter().for_each(|transaction| self.pool.remember(transaction));
                self.unspread.insert(ready.reference);
            }
            let signed = (batch.header, batch.signature);
            self.batches.insert((ready, signed), transactions, true, now.elapsed);
            held.push(ready.reference);
        }
        self.expire_batches(self.decided, out);
        self.remove(&recovered.expired, out);
        // Before the start, whose decision of what was proposed takes those out that it names.
        for reference in held {
            if self.batches.get(&reference).is_some_and(|held| held.first) {
                self.acknowledged.add(self.me, reference);
            }
            self.offer(now, &reference, out)?;
        }
        recovered.backlog.into_iter().for_each(|block| self.backlog.push(block));
        self.next = Some((recovered.tip, recovered.log));
        self.go_on(now, out)?;
        for (height, roots, empty) in recovered.results {
            let event = Happening::Executed { height, roots, empty, validators: None };
            self.order(now, event, out)?;
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
                let admitted = self.pool.admit(transaction);
                let result = admitted.map(|(submitted, new)| {
                    new.into_iter().for_each(|transaction| self.route(now, transaction, 0));
                    submitted
                });
                out.push(Action::Answer { request, result });
            }
            Event::Durable(tickets) => {
                for ticket in tickets {
                    self.durable(now, ticket, &mut out)?;
                }
            }
            Event::Received(from, wire) => self.received(now, from, *wire, &mut out)?,
            Event::Handed(to, unused) => self.fetching.handed(to, unused),
            Event::Malformed(from, error) => {
                if from != self.me && self.validators.get(from).is_some() {
                    out.push(Action::Blame(from, Blame::Malformed(error)));
                }
            }
            Event::Verified(batch, from, verdict) => {
                self.batch_verified(now, (batch, from), verdict, &mut out)?;
            }
            Event::Forwarded(transaction) => self.forwarded(now, transaction),
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

    /// Height and round that the ordering works on.
    #[must_use]
    pub fn position(&self) -> (Height, Round) {
        self.ordering.position()
    }

    /// How full the mempool is.
    #[must_use]
    pub fn mempool(&self) -> MempoolStatus {
        self.pool.status()
    }

    fn durable(&mut self, now: Now, ticket: Ticket, out: &mut Vec<Action>) -> Result<(), Fault> {
        match ticket {
            Ticket::Batch(reference) => self.batch_durable(now, reference, out),
            Ticket::Log(_) => self.order(now, Happening::Appended, out),
            Ticket::Decision(height) if !drill::is(Drill::ExecutedEarly) => {
                self.decision_durable(now, height, out)
            }
            Ticket::Decision(_) | Ticket::Removal => Ok(()),
        }
    }

    pub(super) fn order(
        &mut self,
        now: Now,
        event: Happening,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.ordering.step(now, event)? {
                match action {
                    Order::Append(height, records) => {
                        let entries = records.iter().map(Encode::encode).collect();
                        let begins = matches!(records.as_slice(), [Record::Begin { .. }]);
                        // That the chain was new when this node was is durable at once.
                        if begins && !self.is_alone() && height > Height(1) {
                            self.unlogged = Some((height, entries));
                            events.push_back(Happening::Appended);
                        } else {
                            self.log(height, entries, out);
                        }
                    }
                    Order::Sign(request) => {
                        let signature = self.signer.sign(ToSign::Ordering(request))?;
                        events.push_back(Happening::Signed(request, signature));
                    }
                    Order::Decide(header, certificate) => {
                        let height = header.height;
                        self.decide(*header, certificate, out);
                        if drill::is(Drill::ExecutedEarly) {
                            self.decision_durable(now, height, out)?;
                        }
                    }
                    Order::SetTimer(at) => self.ordering_due = Some(at),
                    Order::Report(report) => out.push(Action::Report(report)),
                    Order::Broadcast(message) => {
                        out.push(Action::Send(None, Box::new(Wire::Consensus(*message))));
                    }
                    Order::Send(to, message) => {
                        out.push(Action::Send(Some(to), Box::new(Wire::Consensus(*message))));
                    }
                    Order::Serve(to, from) => out.push(Action::Serve(to, from)),
                }
            }
        }
        Ok(())
    }

    /// Appends to the signer's log, whose heights never run ahead of the durable decisions.
    fn log(&mut self, height: Height, entries: Vec<Vec<u8>>, out: &mut Vec<Action>) {
        let first = self.unlogged.take().filter(|(of, _)| *of == height);
        let entries = first.into_iter().flat_map(|(_, first)| first).chain(entries).collect();
        self.logged = height;
        match self.decisions.is_empty() {
            true => out.push(Action::Log(height, entries)),
            false => self.held_back = Some((height, entries)),
        }
    }

    /// Writes a decision. Where nothing of ours is signed at its height it says so itself, in place
    /// of the signer's log, and the next height need not wait for the disk: so who catches up is not
    /// held up by two barriers at every height.
    fn decide(&mut self, header: Header, certificate: CommitCertificate, out: &mut Vec<Action>) {
        let height = header.height;
        let followed = self.unlogged.take_if(|(of, _)| *of == height).is_some();
        let mut writes = ledger::put_decision(&header, &certificate);
        if followed {
            ledger::put_followed(&mut writes, self.logged, height);
            self.next = Some((Some((header.clone(), certificate.clone())), None));
        }
        out.push(Action::Persist { ticket: Ticket::Decision(height), writes });
        self.decisions.push_back((header, certificate, followed));
    }

    fn start(
        &mut self,
        now: Now,
        parent: Option<(Header, CommitCertificate)>,
        log: Option<Log>,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        self.ordering_due = None;
        self.order(now, Happening::Start(Box::new(Start { parent, log })), out)
    }

    /// The point of finality: from here on the block is executed, and the next may begin.
    fn decision_durable(
        &mut self,
        now: Now,
        height: Height,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let Some((header, certificate, followed)) = self.decisions.pop_front() else {
            return Err(Fault::Corrupt(format!("height {height} is durable but not decided")));
        };
        assert_eq!(header.height, height, "decisions are durable in their order");
        self.decided = height;
        self.named.decided(&header);
        self.next_seq = self.next_seq.max(after_named(&header, self.me));
        self.acknowledged.settle(&header, &self.named);
        let mut slots = Vec::with_capacity(header.batches.len());
        for reference in &header.batches {
            self.unspread.remove(reference);
            slots.push((*reference, self.batches.take(reference)));
        }
        let waiting = Waiting { header: header.clone(), id: certificate.block, slots };
        if self.is_alone() && !waiting.is_whole() {
            return Err(Fault::Corrupt(format!("height {height} names a batch that is not held")));
        }
        if drill::is(Drill::NamedRemoved) {
            let of_others = header.batches.iter().filter(|batch| batch.author != self.me);
            self.remove(&of_others.copied().collect::<Vec<_>>(), out);
        }
        self.backlog.push(waiting);
        self.expire_batches(height, out);
        if !followed {
            self.next = Some((Some((header, certificate)), None));
        }
        if self.decisions.is_empty() {
            out.extend(self.held_back.take().map(|(height, entries)| Action::Log(height, entries)));
        }
        self.go_on(now, out)
    }

    /// Hands whole blocks to execution, and begins the next height unless too many wait.
    fn go_on(&mut self, now: Now, out: &mut Vec<Action>) -> Result<(), Fault> {
        while self.executing.len() < EXECUTING_MAX {
            let Some((block, sealed)) = self.backlog.next() else { break };
            self.executing.push_back(sealed);
            out.push(Action::Execute(Box::new(block)));
        }
        while self.backlog.len() + self.decisions.len() < BACKLOG_MAX {
            let Some((parent, log)) = self.next.take() else { break };
            self.start(now, parent, log, out)?;
        }
        Ok(())
    }

    fn executed(
        &mut self,
        now: Now,
        executed: &Executed,
        out: &mut Vec<Action>,
    ) -> Result<(), Fault> {
        let height = executed.head.height;
        let mut rest = executed.outcomes.as_slice();
        for (author, count) in self.executing.pop_front().unwrap_or_default() {
            let (own, after) = rest.split_at(count.min(rest.len()));
            let skipped = own.iter().filter(|(_, ran)| !*ran).count();
            if skipped > 0 && author != self.me {
                out.push(Action::Blame(author, Blame::Skipped { height, count: skipped }));
            }
            rest = after;
        }
        self.pool.executed(height, &executed.outcomes);
        for (id, _) in &executed.outcomes {
            self.forwarding.take(id);
            self.batches.executed(id);
        }
        if now.elapsed >= self.flushed + FLUSH_EVERY {
            self.flushed = now.elapsed;
            out.push(Action::Flush);
        }
        let empty = executed.outcomes.is_empty();
        let roots = executed.roots;
        // No transaction changes validators yet.
        self.order(now, Happening::Executed { height, roots, empty, validators: None }, out)
    }

    /// Seals what is due, and asks for the next wake-up.
    fn finish(&mut self, now: Now, out: &mut Vec<Action>) -> Result<(), Fault> {
        self.go_on(now, out)?;
        if !self.is_alone() {
            self.spread(now, out);
        }
        self.seal_when_due(now, out)?;
        let due =
            [self.seal_due(), self.ordering_due, self.spread_due()].into_iter().flatten().min();
        if let Some(due) = due.filter(|due| self.timer.is_none_or(|timer| timer != *due)) {
            self.timer = Some(due);
            out.push(Action::SetTimer(due));
        }
        Ok(())
    }

    /// When what waits is sealed. Among others the first to come after a while is sealed at once, since
    /// it has three hops before it, and batches are as far apart as the last was full: few under load.
    fn seal_due(&self) -> Option<Duration> {
        let since = self.waiting_since?;
        let (last, count) = self.sealed;
        let apart = SEAL_AFTER.min(SEAL_APART.saturating_mul(count));
        Some(
            since + if self.is_alone() { SEAL_AFTER } else { (last + apart).saturating_sub(since) },
        )
    }

    /// Whether a number may be sent before it is durable: were the power lost, the next start would
    /// leave it out.
    fn is_early(&self, seq: u64) -> bool {
        seq <= self.written.saturating_add(UNWRITTEN_MAX)
    }

    /// Whether we know which numbers we used. Who lost its disk does once it need not follow the
    /// others any more; of what it sealed before, a window may be open beyond what headers name.
    fn knows_its_numbers(&mut self) -> bool {
        if self.in_doubt && !self.ordering.is_in_doubt() {
            self.in_doubt = false;
            if self.decided > Height::ZERO {
                self.next_seq = self.next_seq.saturating_add(limits::BATCH_SEQ_WINDOW);
            }
        }
        !self.in_doubt
    }

    fn seal_when_due(&mut self, now: Now, out: &mut Vec<Action>) -> Result<(), Fault> {
        if !self.knows_its_numbers() {
            return Ok(());
        }
        while self.pool.is_waiting()
            && self.batches.has_room(self.me, self.next_seq)
            && (self.is_early(self.next_seq) || self.batches.is_written(self.me))
        {
            self.waiting_since.get_or_insert(now.elapsed);
            // Batches on their way to the disk and to the others will do for the proposer.
            let wanted = self.unspread.is_empty() && self.ordering.wants_batch(now);
            let due = self.seal_due().is_some_and(|due| due <= now.elapsed);
            if !(wanted || due || self.pool.fills_batch()) {
                return Ok(());
            }
            self.waiting_since = None;
            let batch = self.pool.take_batch(now.wall, self.limits.block_gas_max);
            if batch.is_empty() {
                // All that waited had expired, or one asks for more gas than a block has.
                return Ok(());
            }
            self.sealed = (now.elapsed, u32::try_from(batch.len()).unwrap_or(u32::MAX));
            let seq = self.next_seq;
            self.next_seq += 1;
            let expiry = Height(self.decided.0 + limits::BATCH_EXPIRY_BLOCKS);
            let author = Author { id: self.me, signer: &self.signer };
            let (header, signature, bytes) = author.seal(seq, expiry, &batch)?;
            let ready = ready(&header, bytes.len(), self.chain);
            let reference = ready.reference;
            let writes = ledger::put_batch(&reference, bytes);
            out.push(Action::Persist { ticket: Ticket::Batch(reference), writes });
            let signed = (header.clone(), signature);
            if !self.is_alone() {
                // While our disk writes: we say that we hold it only then, like everybody.
                let transactions = batch.iter().map(|next| next.transaction().clone()).collect();
                let sent = Box::new(Batch { header, signature, transactions });
                match self.is_early(seq) {
                    true => out.push(Action::Send(None, Box::new(Wire::Batch(sent)))),
                    false => self.unsent = Some(sent),
                }
            }
            self.batches.insert((ready, signed), batch, false, now.elapsed);
            self.unspread.insert(reference);
        }
        self.waiting_since = None;
        Ok(())
    }
}

/// The first number of a batch that surely was not used. With others it skips some, which were
/// perhaps sent while the disk had not written them.
fn unused(recovered: &Recovered, me: ValidatorId, alone: bool) -> u64 {
    let named = recovered.history.iter().map(|header| after_named(header, me)).max();
    let known = named.unwrap_or(0).max(recovered.seq_highest.saturating_add(1));
    known.saturating_add(if alone || drill::is(Drill::NumbersReused) { 0 } else { UNWRITTEN_MAX })
}

/// The number after those of an author that a header names. Who lost its disk learns from headers
/// which numbers it used: lower ones are not taken from it.
fn after_named(header: &Header, author: ValidatorId) -> u64 {
    let of_author = header.batches.iter().filter(|batch| batch.author == author);
    of_author.map(|batch| batch.seq.saturating_add(1)).max().unwrap_or(0)
}
