//! Ordering with one validator.

use crate::{
    Action, Event, Limits, Now, OrderingError, ReadyBatch, Results, SignRequest, Start,
    proposal::{pace, position, propose},
};
use dure_types::{CommitCertificate, CommitSignature, Hash, Header, Height, Vote, VoteKind};
use std::{collections::VecDeque, time::Duration};

/// Orders alone what a quorum would order otherwise.
pub struct Lone {
    chain: Hash,
    limits: Limits,
    /// None between a decision and the start of the next height.
    start: Option<Box<Start>>,
    /// The height started last.
    begun: Height,
    proposal: Option<Header>,
    ready: VecDeque<ReadyBatch>,
    results: Results,
    last_start: Duration,
}

impl Lone {
    /// Waits for [`Event::Start`].
    #[must_use]
    pub fn new(chain: Hash, limits: Limits) -> Self {
        let (ready, results) = (VecDeque::new(), Results::default());
        let (begun, last_start) = (Height::ZERO, Duration::ZERO);
        Self { chain, limits, start: None, begun, proposal: None, ready, results, last_start }
    }

    /// Whether a batch, were it ready now, would start a height at once.
    #[must_use]
    pub fn wants_batch(&self, now: Now) -> bool {
        let due = |start: &Start| pace(start, &self.results, true, self.last_start);
        self.proposal.is_none()
            && self.start.as_deref().and_then(due).is_some_and(|due| due <= now.elapsed)
    }

    /// Takes in what happened, and says what to do.
    ///
    /// # Errors
    /// [`OrderingError`] when the host breaks the order of events; it must stop then.
    pub fn step(&mut self, now: Now, event: Event) -> Result<Vec<Action>, OrderingError> {
        match event {
            Event::Start(start) => return self.begin(now, start),
            Event::BatchReady(batch) => self.ready.push_back(batch),
            Event::Executed { height, roots, empty } => {
                let open = u64::from(self.start.is_some());
                let decided = Height(self.begun.0.saturating_sub(open));
                self.results.add(height, roots, empty, decided);
            }
            Event::Timer => {}
            Event::Durable(height) => return Ok(self.sign(height).into_iter().collect()),
            Event::Vote(vote) => return Ok(self.decide(vote).into_iter().collect()),
        }
        Ok(self.propose_when_due(now))
    }

    fn begin(&mut self, now: Now, start: Box<Start>) -> Result<Vec<Action>, OrderingError> {
        let (got, certified) = position(&start);
        let last = self.begun;
        if self.start.is_some() || (last != Height::ZERO && got.0 != last.0 + 1) {
            return Err(OrderingError::OutOfOrder { got, last });
        }
        self.begun = got;
        self.results.forget(certified);
        self.proposal = start.proposed.clone();
        self.start = Some(start);
        match self.proposal.as_ref().map(|header| header.height) {
            None => Ok(self.propose_when_due(now)),
            // Decided before a restart, perhaps: the same header again, and no other.
            Some(mark) if mark == got => Ok(self.sign(got).into_iter().collect()),
            Some(mark) => Err(OrderingError::Mark { mark, height: got }),
        }
    }

    fn propose_when_due(&mut self, now: Now) -> Vec<Action> {
        let Some(start) = self.start.as_deref().filter(|_| self.proposal.is_none()) else {
            return Vec::new();
        };
        match pace(start, &self.results, !self.ready.is_empty(), self.last_start) {
            Some(due) if due <= now.elapsed => {
                let ready = self.ready.iter();
                let header = propose(self.chain, start, &self.results, ready, self.limits, now);
                self.last_start = now.elapsed;
                self.proposal = Some(header.clone());
                vec![Action::Persist(Box::new(header))]
            }
            due => due.map(Action::SetTimer).into_iter().collect(),
        }
    }

    fn sign(&self, height: Height) -> Option<Action> {
        let header = self.proposal.as_ref().filter(|header| header.height == height)?;
        let (kind, block) = (VoteKind::Precommit, header.id(self.chain));
        Some(Action::Sign(SignRequest { kind, height, round: 0, block }))
    }

    fn decide(&mut self, vote: Vote) -> Option<Action> {
        let validators = &self.start.as_ref()?.validators;
        let block = self.proposal.as_ref()?.id(self.chain);
        let power = validators.get(vote.validator)?.power;
        let ours = vote.kind == VoteKind::Precommit && vote.block == Some(block);
        if !ours || !validators.is_quorum(power) {
            return None;
        }
        let header = self.proposal.take()?;
        let signature = CommitSignature { validator: vote.validator, signature: vote.signature };
        let (height, round, signatures) = (vote.height, vote.round, vec![signature]);
        self.ready.retain(|batch| {
            !header.batches.contains(&batch.reference) && batch.expiry > header.height
        });
        let certificate = CommitCertificate { height, round, block, signatures };
        self.start = None;
        Some(Action::Decide(Box::new(header), certificate))
    }
}
