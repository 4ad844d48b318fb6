//! The state machine of one validator, over all heights.

mod others;

use crate::{
    Action, Event, Limits, Message, Now, OrderingError, ReadyBatch, Report, Sets, Start,
    active::{Active, HEAL_EVERY, Held},
    core::{Core, CoreError, Effect, Input},
    drill::{self, Drill},
    event::SignRequest,
    log::{LOG_BYTES_MAX, Log, Record},
    named::Named,
    observing::{Fresh, Observing},
    offences::{EVIDENCE_HEIGHTS, Offences},
    outbox::Outbox,
    peers::Peers,
    proposal::{Reason, Results, may_propose, pace, position, propose},
    ready::Ready,
    rotation::{Rotation, epoch_start},
    signatures::Signatures,
    validity::{Judge, Verdict},
    verify::Verifier,
};
use dure_types::{
    BatchReference, CommitCertificate, Evidence, Hash, Header, Height, Roots, TimestampMs,
    ValidatorId, ValidatorSet, limits, vote::Round,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// What a validator must know at start.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The chain.
    pub chain: Hash,
    /// The validator, or a node that only follows where the set has no such one.
    pub me: ValidatorId,
    /// The consensus keys that the host can sign with: more than one where a key is about to be
    /// replaced. Where the set has another one of this validator, the node only follows.
    pub keys: Vec<[u8; 32]>,
    /// Validators by height: what was executed until now, known from [`history_from`] on.
    pub sets: Sets,
    /// Time of genesis: block 1 is later.
    pub genesis_time: TimestampMs,
    /// Bounds of a block.
    pub limits: Limits,
    /// Signatures that were verified before.
    pub signatures: Signatures,
    /// Whether the host reaches other nodes: then a node that finds nothing on its disk asks them
    /// before it begins a chain, also where it is the only validator.
    pub has_peers: bool,
    /// Sign nothing until others decide a block that was proposed after now: the log is missing,
    /// or older than the ledger, so that nobody knows what this key signed.
    pub observe: bool,
}

/// The first header that [`Consensus::new`] must be told of a chain whose newest is `tip`.
#[must_use]
pub fn history_from(tip: Height) -> Height {
    let next = tip.saturating_add(Height(1));
    let evidence = Height(next.0.saturating_sub(EVIDENCE_HEIGHTS));
    let named = Height(next.0.saturating_sub(limits::BATCH_EXPIRY_BLOCKS));
    epoch_start(next).min(evidence).min(named).max(Height(1))
}

/// Orders batches with the other validators.
pub struct Consensus {
    setup: Setup,
    stage: Stage,
    /// The height started last.
    begun: Height,
    /// The decided header whose contents were taken in last.
    told: Height,
    /// Decided headers that were not taken in yet: their validators are not known.
    untold: VecDeque<Header>,
    sets: Sets,
    rotation: Rotation,
    /// The height that [`Rotation::begin`] was told of last.
    rotated: Height,
    offences: Offences,
    ready: Ready,
    named: Named,
    results: Results,
    /// Roots in decided headers of what we have not executed.
    expected: BTreeMap<Height, Roots>,
    outbox: Outbox,
    peers: Peers,
    /// Neither ledger nor log were there at the start.
    fresh: Option<Fresh>,
    /// We sign nothing until this ends.
    observing: Option<Observing>,
    last_start: Duration,
    timer: Option<Duration>,
}

enum Stage {
    /// Until the host starts the next height.
    Decided,
    /// Until so much is executed that the validators of the height are known.
    Waiting(Box<Start>),
    /// The height has no messages of ours yet.
    Resting(Box<Resting>),
    Active(Box<Active>),
}

struct Resting {
    start: Box<Start>,
    verifier: Verifier,
    /// Another validator is at this height already.
    called: bool,
}

type Step = Result<(), OrderingError>;

/// The first height after genesis.
const FIRST: Height = Height(1);

impl Consensus {
    /// Waits for [`Event::Start`]. `history` are the decided headers from [`history_from`] to the
    /// newest.
    #[must_use]
    pub fn new(setup: Setup, history: impl IntoIterator<Item = Header>, now: Now) -> Self {
        let observes = setup.observe && !drill::is(Drill::ObservesNever);
        let observing = observes.then(|| Observing::new(now));
        Self {
            stage: Stage::Decided,
            begun: Height::ZERO,
            told: Height::ZERO,
            untold: history.into_iter().collect(),
            sets: setup.sets.clone(),
            rotation: Rotation::default(),
            rotated: Height::ZERO,
            offences: Offences::new(setup.chain, setup.signatures.clone()),
            ready: Ready::default(),
            named: Named::default(),
            results: Results::default(),
            expected: BTreeMap::new(),
            outbox: Outbox::default(),
            peers: Peers::default(),
            fresh: Some(Fresh::new(now, setup.has_peers)),
            observing,
            last_start: Duration::ZERO,
            timer: None,
            setup,
        }
    }

    /// Validators by height, as far as they are known.
    #[must_use]
    pub const fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Whether we sign where these are the validators.
    fn is_signer(&self, validators: &ValidatorSet) -> bool {
        let record = validators.get(self.setup.me);
        let ours = |key| self.setup.keys.contains(key) || drill::is(Drill::KeyUnchecked);
        record.is_some_and(|record| ours(&record.consensus_key))
    }

    /// Whether a batch, were it ready now, would start a height at once.
    #[must_use]
    pub fn wants_batch(&self, now: Now) -> bool {
        let Stage::Resting(resting) = &self.stage else { return false };
        self.pace(resting, true).is_some_and(|due| due <= now.elapsed)
    }

    /// Whether the key may have signed what is forgotten here: nothing was found on the disk, and it
    /// is not known yet that there is nothing; or others are followed for that reason.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let validators = match &self.stage {
            Stage::Decided | Stage::Waiting(_) => None,
            Stage::Resting(resting) => Some(&resting.verifier.validators),
            Stage::Active(active) => Some(&active.verifier.validators),
        };
        let unsure =
            |fresh: &Fresh| validators.is_none_or(|of| fresh.ask_due(self.setup.me, of).is_some());
        self.observing.is_some() || self.fresh.as_ref().is_some_and(unsure)
    }

    /// Takes in what happened, and says what to do.
    ///
    /// # Errors
    /// [`OrderingError`]: the node must stop, and sign nothing more.
    pub fn step(&mut self, now: Now, event: Event) -> Result<Vec<Action>, OrderingError> {
        let mut out = Vec::new();
        match event {
            Event::Start(start) => self.start(now, start, &mut out)?,
            Event::BatchHeld(batch) => self.batch(batch, drill::is(Drill::BatchUnspread)),
            Event::BatchReady(batch) => self.batch(batch, true),
            Event::Evidence(evidence) => self.accuse(*evidence, &mut out),
            Event::Executed { height, roots, empty, validators } => {
                let refused = self.sets.executed(height, validators.map(|set| *set))?;
                out.extend(refused.map(|why| Action::Report(Report::NoChange { height, why })));
                self.executed(height, roots, empty)?;
            }
            Event::Timer => self.timer = None,
            Event::Appended => self.outbox.appended(),
            Event::Signed(request, signature) => self.signed(now, request, signature, &mut out)?,
            Event::Received(from, message) => self.received(now, from, *message, &mut out)?,
        }
        self.go_on(now, &mut out)?;
        Ok(out)
    }

    /// Does what is due.
    fn go_on(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        self.open_when_known(now, out)?;
        self.give_up_when_full(now, out)?;
        self.catch_up(now, out)?;
        self.ask_around(now, out);
        self.mark_birth();
        self.begin_when_due(now, out)?;
        self.expire(now, out)?;
        self.judge(now, out)?;
        self.propose_when_wanted(now, out)?;
        self.heal(now);
        self.give_up_when_full(now, out)?;
        if matches!(self.stage, Stage::Resting(_) | Stage::Active(_)) {
            out.extend(self.peers.pull(self.begun, now.elapsed));
        }
        self.outbox.flush(out);
        let due = self.due(now);
        if let Some(due) = due.filter(|due| self.timer != Some(*due)) {
            self.timer = Some(due);
            out.push(Action::SetTimer(due));
        }
        Ok(())
    }

    /// When something will be due if nothing happens.
    fn due(&self, now: Now) -> Option<Duration> {
        let stage = match &self.stage {
            Stage::Decided | Stage::Waiting(_) => return None,
            Stage::Resting(resting) => {
                let pace = self.pace(resting, self.ready.has_any(&resting.verifier.validators));
                pace.into_iter().chain(self.ask_due(resting)).min()
            }
            Stage::Active(active) => {
                let early = active.early.map(|early| {
                    let wait = early.0.saturating_sub(now.wall.0).max(1);
                    now.elapsed.saturating_add(Duration::from_millis(wait))
                });
                let timers = active.timers.values().copied();
                timers.chain(early).chain([active.heal]).min()
            }
        };
        stage.into_iter().chain(self.peers.pull_due(self.begun)).min()
    }

    /// When the height may start.
    fn pace(&self, resting: &Resting, batches: bool) -> Option<Duration> {
        let reason = Reason { batches, called: resting.called };
        let due = pace(&resting.start, &self.results, reason, self.last_start)?;
        let Some(fresh) = &self.fresh else { return Some(due) };
        fresh.begins(self.setup.me, &resting.verifier.validators).map(|begins| due.max(begins))
    }

    fn start(&mut self, now: Now, start: Box<Start>, out: &mut Vec<Action>) -> Step {
        let (got, _) = position(&start);
        let last = self.begun;
        let decided = matches!(self.stage, Stage::Decided);
        if !decided || (last != Height::ZERO && got.0 != last.0 + 1) {
            return Err(OrderingError::OutOfOrder { got, last });
        }
        let newest = self.untold.back().map_or(self.told, |header| header.height);
        if let Some((parent, own)) = start.parent.as_ref().filter(|(p, _)| p.height > newest) {
            self.rotation.decided_locally(own);
            self.untold.push_back(parent.clone());
        }
        (self.begun, self.timer) = (got, None);
        self.stage = Stage::Waiting(start);
        self.open_when_known(now, out)
    }

    /// Lets a height rest or begin once its validators are known, and those of all before.
    fn open_when_known(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        let Stage::Waiting(start) = &self.stage else { return Ok(()) };
        let next = start.parent.as_ref().map(|(parent, _)| parent.next_validators);
        while let Some(height) = self.untold.front().map(|header| header.height) {
            let Some(validators) = self.sets.of(height)? else { return Ok(()) };
            if self.rotated < height {
                self.rotation.begin(height, validators);
                self.rotated = height;
            }
            if let Some(header) = self.untold.pop_front() {
                self.sets.follow(&header)?;
                self.tell(&header);
            }
        }
        let Some(validators) = self.sets.at(self.begun).map(Arc::clone) else { return Ok(()) };
        next.into_iter().try_for_each(|next| self.sets.must_be(self.begun, next))?;
        match std::mem::replace(&mut self.stage, Stage::Decided) {
            Stage::Waiting(start) => self.open(now, start, validators, out),
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        now: Now,
        start: Box<Start>,
        validators: Arc<ValidatorSet>,
        out: &mut Vec<Action>,
    ) -> Step {
        let height = self.begun;
        self.results.forget(position(&start).1);
        self.sets.forget(Height(height.0.saturating_sub(EVIDENCE_HEIGHTS + 1)));
        let proposers = self.rotation.begin(height, &validators);
        self.rotated = height;
        let (chain, signatures) = (self.setup.chain, self.setup.signatures.clone());
        let verifier = Verifier::new(chain, signatures, height, validators, proposers);
        if start.parent.is_some() || start.log.is_some() {
            self.fresh = None;
        }
        // A height that we took part in goes on at once.
        let called = start.log.as_ref().is_some_and(|log| log.height == height);
        if called {
            self.last_start = now.elapsed.saturating_sub(crate::BLOCK_INTERVAL_MIN);
        }
        self.stage = Stage::Resting(Box::new(Resting { start, verifier, called }));
        self.receive_early(now, out)
    }

    /// Takes in what every decided header tells everyone.
    fn tell(&mut self, header: &Header) {
        self.rotation.decided(header);
        self.offences.decided(header);
        self.named.decided(header);
        self.ready.settle(header, &self.named);
        self.told = header.height;
    }

    fn batch(&mut self, batch: ReadyBatch, spread: bool) {
        let BatchReference { author, seq, .. } = batch.reference;
        if self.named.allows(author, seq) {
            self.ready.add(batch, spread);
        }
    }

    /// Keeps evidence whose signatures hold for a header of ours.
    fn accuse(&mut self, evidence: Evidence, out: &mut Vec<Action>) {
        if let Some(validator) = self.offences.add(evidence) {
            out.push(Action::Report(Report::Equivocation { validator }));
        }
    }

    /// Batches that headers of this height name and that are not held, each with who proposed it;
    /// those of this round first.
    #[must_use]
    pub fn missing(&self) -> Vec<(BatchReference, ValidatorId)> {
        let Stage::Active(active) = &self.stage else { return Vec::new() };
        let waiting = active.headers.values().filter(|held| held.checked && held.valid.is_none());
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|held| (held.round != active.round, held.round));
        waiting
            .into_iter()
            .flat_map(|held| held.header.batches.iter().map(|batch| (*batch, held.proposer)))
            .filter(|(batch, _)| self.ready.get(batch).is_none())
            .collect()
    }

    fn executed(&mut self, height: Height, roots: Roots, empty: bool) -> Step {
        if let Some(decided) = self.expected.remove(&height) {
            same(height, decided, roots)?;
        }
        let open = u64::from(!matches!(self.stage, Stage::Decided));
        self.results.add(height, roots, empty, Height(self.begun.0.saturating_sub(open)));
        let start = match &self.stage {
            Stage::Decided => return Ok(()),
            Stage::Waiting(start) => start,
            Stage::Resting(resting) => &resting.start,
            Stage::Active(active) => &active.start,
        };
        self.results.forget(position(start).1);
        Ok(())
    }

    fn begin_when_due(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        let due = match &self.stage {
            Stage::Resting(resting) => {
                self.pace(resting, self.ready.has_any(&resting.verifier.validators))
            }
            _ => None,
        };
        if due.is_none_or(|due| due > now.elapsed) {
            return Ok(());
        }
        let Stage::Resting(resting) = std::mem::replace(&mut self.stage, Stage::Decided) else {
            return Ok(());
        };
        self.last_start = now.elapsed;
        let Resting { mut start, verifier, .. } = *resting;
        let fits = |log: &Log| log.height == self.begun || drill::is(Drill::LogOfAnotherHeight);
        let log = start.log.take().filter(fits);
        self.begin(now, start, verifier, log.map(|log| log.records), out)?;
        self.receive_early(now, out)
    }

    /// Enters round 0 of a height, and replays the log of an earlier life.
    fn begin(
        &mut self,
        now: Now,
        start: Box<Start>,
        verifier: Verifier,
        log: Option<Vec<Record>>,
        out: &mut Vec<Action>,
    ) -> Step {
        let (chain, me, height) = (self.setup.chain, self.setup.me, self.begun);
        let signs = self.observing.is_none() && self.is_signer(&verifier.validators);
        let parent = start.parent.as_ref().map_or(chain, |(_, certificate)| certificate.block);
        match signs {
            true => self.outbox.begin(height, parent, log.as_deref()),
            false => self.outbox.begin_silent(height),
        }
        let proposers = Arc::clone(&verifier.proposers);
        let core = Core::new(me, height, &verifier.validators, proposers, signs);
        let mut active = Box::new(Active::new(start, core, verifier, now.elapsed));
        let mut effects = Vec::new();
        let replayed = active.replay(me, chain, log.unwrap_or_default(), &mut effects);
        self.stage = Stage::Active(active);
        self.follow(now, replayed, effects, out)
    }

    fn signed(
        &mut self,
        now: Now,
        request: SignRequest,
        signature: [u8; 64],
        out: &mut Vec<Action>,
    ) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        if request.height() != self.begun {
            return Ok(());
        }
        if let Some(own) = active.verifier.validators.get(self.setup.me) {
            let bytes = request.signed_bytes(self.setup.chain);
            self.setup.signatures.made(&own.consensus_key, &bytes, &signature);
        }
        let mut effects = Vec::new();
        let done = active.core.signed(request, signature, &mut effects);
        self.follow(now, done, effects, out)
    }

    fn feed(&mut self, now: Now, input: Input, out: &mut Vec<Action>) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        let mut effects = Vec::new();
        let done = active.core.input(input, &mut effects);
        self.follow(now, done, effects, out)
    }

    /// Does what the core wants; when it failed, goes on without signing.
    fn follow(
        &mut self,
        now: Now,
        done: Result<(), CoreError>,
        effects: Vec<Effect>,
        out: &mut Vec<Action>,
    ) -> Step {
        let mut decision = None;
        for effect in effects {
            if let Effect::Decide(certificate) = effect {
                decision = Some(certificate);
            } else {
                self.apply(now, effect, out)?;
            }
        }
        match (decision, done) {
            (Some(certificate), _) => self.decide_own(now, certificate, out),
            (None, Ok(())) => Ok(()),
            (None, Err(CoreError(reason))) => self.fall_silent(now, reason, out),
        }
    }

    fn apply(&mut self, now: Now, effect: Effect, out: &mut Vec<Action>) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        let me = self.setup.me;
        match effect {
            Effect::Wait(timeout) => {
                active.timers.insert(timeout, now.elapsed + timeout.duration());
            }
            Effect::Forget(timeout) => drop(active.timers.remove(&timeout)),
            Effect::ForgetAll => active.timers.clear(),
            Effect::Entered(round) => active.entered(round, now.elapsed),
            Effect::Wanted(round) => active.want(round),
            Effect::Record(record) => {
                let ours = record.is_of(me);
                if ours || !drill::is(Drill::ReasonsNotLogged) {
                    self.outbox.record(record, ours);
                }
            }
            Effect::Sign(request) => {
                let request = active.unlocked(request);
                if !active.may_sign(request) {
                    let (height, round) = (self.begun, active.round);
                    return Err(OrderingError::DoubleSign { height, round });
                }
                out.push(Action::Sign(request));
            }
            Effect::SendVote(vote) => {
                active.say(vote.clone());
                self.broadcast(Message::Vote(vote));
            }
            Effect::SendProposal(proposal) => {
                if let Some(message) = active.carried(proposal) {
                    self.broadcast(message);
                }
            }
            Effect::SendPolka(polka) => self.broadcast(Message::Polka(polka)),
            Effect::SendRounds(proof) => self.broadcast(Message::Rounds(proof)),
            Effect::Decide(_) => {}
        }
        Ok(())
    }

    /// Sends to all others once what we signed is durable. Who is the only validator says nothing
    /// before it decides: at every message it would wait for its disk.
    fn broadcast(&mut self, message: Message) {
        if let Stage::Active(active) = &self.stage
            && !is_only(self.setup.me, &active.verifier.validators)
        {
            self.outbox.send(Action::Broadcast(Box::new(message)));
        }
    }

    /// Whether the others have no quorum without us: were we silent, nothing would ever be decided.
    fn is_needed(&self) -> bool {
        let Stage::Active(active) = &self.stage else { return false };
        let validators = &active.verifier.validators;
        let others = validators.0.iter().filter(|record| record.id != self.setup.me);
        let power = others.fold(0u64, |power, record| power.saturating_add(record.power));
        !validators.is_quorum(power)
    }

    /// The core cannot be trusted to derive again what it signed: follow, and sign nothing.
    fn fall_silent(&mut self, now: Now, reason: String, out: &mut Vec<Action>) -> Step {
        if self.observing.is_some() || self.is_needed() {
            return Err(OrderingError::Core { height: self.begun, reason });
        }
        out.push(Action::Report(Report::NotSigning { reason }));
        let mut observing = Observing::new(now);
        observing.hear(self.begun, now);
        self.observing = Some(observing);
        let Stage::Active(active) = std::mem::replace(&mut self.stage, Stage::Decided) else {
            return Ok(());
        };
        let Active { start, verifier, .. } = *active;
        let Verifier { chain, signatures, height, validators, proposers, .. } = verifier;
        let verifier = Verifier::new(chain, signatures, height, validators, proposers);
        self.begin(now, start, verifier, None, out)
    }

    /// A log without room for a reason to vote is as good as none.
    fn give_up_when_full(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        if !self.outbox.is_full() || !matches!(self.stage, Stage::Active(_)) {
            return Ok(());
        }
        let reason = format!("the log of height {} is above {LOG_BYTES_MAX} bytes", self.begun);
        self.fall_silent(now, reason, out)
    }

    fn decide_own(
        &mut self,
        now: Now,
        certificate: CommitCertificate,
        out: &mut Vec<Action>,
    ) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        let (height, block) = (self.begun, certificate.block);
        let held = active.headers.remove(&block);
        let Held { header, .. } = held.ok_or(OrderingError::NoHeader { height, block })?;
        // Nobody votes on it but us: so who joins, or left, can follow.
        let only = self.setup.has_peers && is_only(self.setup.me, &active.verifier.validators);
        let told = only.then(|| Message::Decided(vec![(header.clone(), certificate.clone())]));
        self.decide(now, header, certificate, out)?;
        told.into_iter().for_each(|told| self.outbox.send(Action::Broadcast(Box::new(told))));
        Ok(())
    }

    fn decide(
        &mut self,
        now: Now,
        header: Header,
        certificate: CommitCertificate,
        out: &mut Vec<Action>,
    ) -> Step {
        let stage = std::mem::replace(&mut self.stage, Stage::Decided);
        let (start, evidence) = match stage {
            Stage::Active(mut active) => {
                let evidence = active.core.take_evidence();
                (active.start, evidence)
            }
            Stage::Resting(resting) => (resting.start, Vec::new()),
            Stage::Decided | Stage::Waiting(_) => return Ok(()),
        };
        if !drill::is(Drill::SetsUnchecked) {
            let next = header.height.saturating_add(Height(1));
            self.sets.must_be(header.height, header.validators)?;
            self.sets.must_be(next, header.next_validators)?;
        }
        let (_, certified) = position(&start);
        for (height, roots) in (certified.0 + 1..).map(Height).zip(&header.roots) {
            match self.results.get(height) {
                Some(own) => same(height, *roots, own)?,
                None => drop(self.expected.insert(height, *roots)),
            }
        }
        evidence.into_iter().for_each(|evidence| self.accuse(evidence, out));
        if self.observing.is_some_and(|observing| observing.ends(&header, now)) {
            self.observing = None;
            let height = header.height.saturating_add(Height(1));
            out.push(Action::Report(Report::Signing { height }));
        }
        if self.outbox.is_full() {
            // What it lacks was never sent, and is no reason to lose a decision.
            self.outbox.begin_silent(self.begun);
        }
        self.outbox.send(Action::Decide(Box::new(header), certificate));
        Ok(())
    }

    /// Ends the waiting whose time has come.
    fn expire(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        loop {
            let Stage::Active(active) = &mut self.stage else { return Ok(()) };
            let due = active.timers.iter().find(|(_, at)| **at <= now.elapsed);
            let Some(timeout) = due.map(|(timeout, _)| *timeout) else { return Ok(()) };
            active.timers.remove(&timeout);
            self.feed(now, Input::Timeout(timeout), out)?;
        }
    }

    /// Looks at headers that are neither valid nor invalid yet.
    fn judge(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        let active = active.as_mut();
        active.early = None;
        let judge = Judge {
            chain: self.setup.chain,
            signatures: &self.setup.signatures,
            start: &active.start,
            validators: &active.verifier.validators,
            sets: &self.sets,
            results: &self.results,
            ready: &self.ready,
            named: &self.named,
            offences: &self.offences,
            genesis_time: self.setup.genesis_time,
            limits: self.setup.limits,
            now,
        };
        let mut verdicts = Vec::new();
        for (block, held) in active.headers.iter_mut().filter(|(_, held)| held.valid.is_none()) {
            let (round, proposer, height) = (held.round, held.proposer, held.header.height);
            let checked = if held.checked { Ok(()) } else { judge.check(&held.header) };
            held.checked = true;
            let valid = match checked.map_or_else(Verdict::Invalid, |()| judge.judge(&held.header))
            {
                Verdict::Wait(until) => {
                    active.early = active.early.into_iter().chain(until).min();
                    continue;
                }
                Verdict::Valid => {
                    let record = Record::Header(Box::new(held.header.clone()));
                    self.outbox.record(record, false);
                    true
                }
                Verdict::Invalid(rule) => {
                    out.push(Action::Report(Report::Invalid { proposer, height, rule }));
                    false
                }
            };
            held.valid = Some(valid);
            verdicts.push(Input::Verdict { round, proposer, block: *block, valid });
        }
        verdicts.into_iter().try_for_each(|verdict| self.feed(now, verdict, out))
    }

    fn propose_when_wanted(&mut self, now: Now, out: &mut Vec<Action>) -> Step {
        let Stage::Active(active) = &mut self.stage else { return Ok(()) };
        let Some(round) = active.wanted.filter(|_| may_propose(&active.start, &self.results))
        else {
            return Ok(());
        };
        // Before the validators of the next height are known nobody could vote for it.
        let next = self.begun.saturating_add(Height(1));
        let (Some(own), Some(next)) = (self.sets.hash(self.begun), self.sets.hash(next)) else {
            return Ok(());
        };
        active.wanted = None;
        let (start, chain) = (&active.start, self.setup.chain);
        let evidence = self.offences.for_header(self.begun, &self.sets);
        let bounds = (self.setup.limits, evidence);
        let after_genesis = self.setup.genesis_time.saturating_add(TimestampMs(1));
        let now = Now { wall: now.wall.max(after_genesis), ..now };
        let named = &self.named;
        let allowed = |batch: &&ReadyBatch| {
            let BatchReference { author, seq, .. } = batch.reference;
            active.verifier.validators.get(author).is_some() && named.allows(author, seq)
        };
        let ready = self.ready.in_turns(self.begun).into_iter().filter(allowed);
        let header = propose(chain, start, &self.results, ready, bounds, (own, next), now);
        let block = header.id(chain);
        self.outbox.record(Record::Header(Box::new(header.clone())), false);
        active.headers.insert(block, Held::valid(header, round, self.setup.me));
        self.feed(now, Input::Propose(round, block), out)
    }

    /// Says again what others may have missed.
    fn heal(&mut self, now: Now) {
        let Stage::Active(active) = &mut self.stage else { return };
        if active.heal > now.elapsed {
            return;
        }
        active.heal = now.elapsed + HEAL_EVERY;
        if self.observing.is_some() || drill::is(Drill::HealNever) {
            return;
        }
        for message in active.again() {
            self.broadcast(message);
        }
    }

    /// Height and round that the validator works on.
    #[must_use]
    pub fn position(&self) -> (Height, Round) {
        let round = match &self.stage {
            Stage::Active(active) => active.round,
            _ => 0,
        };
        (self.begun, round)
    }
}

/// Whether there is no other validator.
fn is_only(me: ValidatorId, validators: &ValidatorSet) -> bool {
    validators.0.iter().all(|record| record.id == me)
}

fn same(height: Height, decided: Roots, own: Roots) -> Step {
    if decided == own {
        return Ok(());
    }
    Err(OrderingError::Diverged { height, decided: decided.state, own: own.state })
}
