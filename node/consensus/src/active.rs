//! A height under way: its core, headers, timers, and what we said in it.

use crate::{
    Start,
    core::{Core, CoreError, Effect, Input, ROUNDS_AHEAD},
    drill::{self, Drill},
    event::SignRequest,
    log::Record,
    message::Message,
    timeout::Timeout,
    verify::{Verified, Verifier},
};
use dure_types::{Hash, Header, Proposal, TimestampMs, ValidatorId, Vote, VoteKind, vote::Round};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Without progress for this long, we say again what others may have missed.
pub(crate) const HEAL_EVERY: Duration = Duration::from_millis(300);

/// A header proposed at this height.
pub(crate) struct Held {
    pub(crate) header: Header,
    pub(crate) round: Round,
    pub(crate) proposer: ValidatorId,
    /// What never changes about it holds.
    pub(crate) checked: bool,
    /// Looked at until it is valid or not.
    pub(crate) valid: Option<bool>,
}

impl Held {
    /// A header that needs no judgement: our own, or one that we judged before a restart.
    pub(crate) const fn valid(header: Header, round: Round, proposer: ValidatorId) -> Self {
        Self { header, round, proposer, checked: true, valid: Some(true) }
    }
}

/// What was signed at one place of the height: 0 and 1 for votes, 2 for a proposal.
type Signed = BTreeMap<(u8, Round), SignRequest>;

/// A height under way.
pub(crate) struct Active {
    pub(crate) start: Box<Start>,
    pub(crate) core: Core,
    pub(crate) verifier: Verifier,
    pub(crate) headers: BTreeMap<Hash, Held>,
    pub(crate) timers: BTreeMap<Timeout, Duration>,
    pub(crate) round: Round,
    /// The core waits for a block of ours in this round.
    pub(crate) wanted: Option<Round>,
    /// When we say again what we said.
    pub(crate) heal: Duration,
    /// The earliest time of a header that is ahead of our clock.
    pub(crate) early: Option<TimestampMs>,
    said: Vec<Vote>,
    signed: Signed,
    /// Rounds in which we proposed before a restart.
    proposed: BTreeSet<Round>,
}

impl Active {
    pub(crate) fn new(start: Box<Start>, core: Core, verifier: Verifier, now: Duration) -> Self {
        Self {
            start,
            core,
            verifier,
            headers: BTreeMap::new(),
            timers: BTreeMap::new(),
            round: 0,
            wanted: None,
            heal: now + HEAL_EVERY,
            early: None,
            said: Vec::new(),
            signed: BTreeMap::new(),
            proposed: BTreeSet::new(),
        }
    }

    /// Feeds the core what the log holds, as it was fed before.
    pub(crate) fn replay(
        &mut self,
        me: ValidatorId,
        chain: Hash,
        mut log: Vec<Record>,
        out: &mut Vec<Effect>,
    ) -> Result<(), CoreError> {
        if drill::is(Drill::OwnForgotten) {
            log.retain(|record| !record.is_of(me));
        }
        for record in &log {
            self.remember(me, record);
        }
        self.core.index(&log);
        self.core.input(Input::Begin, out)?;
        for record in log {
            let input = match record {
                Record::Begin { .. } => continue,
                Record::Header(header) => {
                    let held = Held::valid(*header, 0, me);
                    self.headers.insert(held.header.id(chain), held);
                    continue;
                }
                Record::Verdict { round, proposer, block, valid } => {
                    Input::Verdict { round, proposer, block, valid }
                }
                Record::Proposal(proposal) => Input::Proposal(proposal),
                Record::Vote(vote) => Input::Vote(vote),
                Record::Timeout(timeout) => Input::Timeout(timeout),
                Record::Polka(polka) => Input::Polka(polka),
            };
            self.core.input(input, out)?;
        }
        self.core.input(Input::Replayed, out)
    }

    /// Notes what we signed before a restart.
    fn remember(&mut self, me: ValidatorId, record: &Record) {
        match record {
            Record::Vote(vote) if vote.validator == me => {
                self.may_sign(SignRequest::of_vote(vote));
            }
            Record::Proposal(proposal) if proposal.validator == me => {
                self.may_sign(SignRequest::of_proposal(proposal));
                self.proposed.insert(proposal.round);
            }
            _ => {}
        }
    }

    /// Notes a signature to be made; false when another was made in its place.
    pub(crate) fn may_sign(&mut self, request: SignRequest) -> bool {
        let place = match request {
            SignRequest::Vote((kind, _, round, _)) => (kind as u8, round),
            SignRequest::Proposal((_, round, ..)) => (2, round),
        };
        *self.signed.entry(place).or_insert(request) == request
    }

    /// The mistake of [`Drill::LockForgotten`]: a nil that a lock asked for becomes a vote.
    pub(crate) fn unlocked(&self, request: SignRequest) -> SignRequest {
        match request {
            SignRequest::Vote((VoteKind::Prevote, height, round, None))
                if drill::is(Drill::LockForgotten) =>
            {
                let fits = |held: &&Held| held.round == round && held.valid == Some(true);
                let proposed = self.headers.values().find(fits);
                let block = proposed.map(|held| held.header.id(self.verifier.chain));
                SignRequest::Vote((VoteKind::Prevote, height, round, block))
            }
            other => other,
        }
    }

    /// A round began. What nobody may vote for is not kept for good: a liar proposes again and
    /// again. Were it wanted after all, it would come again with a proposal.
    pub(crate) fn entered(&mut self, round: Round, now: Duration) {
        self.round = round;
        self.headers.retain(|_, held| {
            held.valid == Some(true) || held.round.saturating_add(ROUNDS_AHEAD) >= round
        });
        self.wanted = None;
        self.said.clear();
        // Whoever did not enter it with us should learn at once why we did.
        self.heal = if round == 0 { now + HEAL_EVERY } else { now };
    }

    /// The core asks for a block; one that we signed before a restart comes from the log.
    pub(crate) fn want(&mut self, round: Round) {
        self.wanted = Some(round).filter(|round| !self.proposed.contains(round));
    }

    /// Notes a vote of ours, to say it again.
    pub(crate) fn say(&mut self, vote: Vote) {
        if vote.round == self.round {
            self.said.push(vote);
        }
    }

    /// A proposal with its header, as it travels.
    pub(crate) fn carried(&self, proposal: Proposal) -> Option<Message> {
        let held = self.headers.get(&proposal.block)?;
        Some(Message::Proposal(proposal, Box::new(held.header.clone())))
    }

    /// What others may have missed: what leads into our round, the proposal, the block that a
    /// quorum prevoted for, and our votes.
    pub(crate) fn again(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        messages.extend(self.core.rounds().map(Message::Rounds));
        if let Some((proposal, polka)) = self.core.valid() {
            messages.push(Message::Polka(polka));
            messages.extend(self.carried(proposal));
        }
        let present = self.core.proposal().and_then(|proposal| self.carried(proposal));
        messages.extend(present.filter(|message| !messages.contains(message)));
        messages.extend(self.said.iter().cloned().map(Message::Vote));
        messages
    }

    /// Turns what was verified into what the core takes, and keeps a header to be judged.
    ///
    /// The verdict on a block goes with each of its proposals. The core may have no room for the
    /// one that came first, and a torn log may hold a header whose verdict is lost: such a block
    /// could never be prevoted for.
    pub(crate) fn take(&mut self, verified: Verified) -> Vec<Input> {
        match verified {
            Verified::Vote(vote) => vec![Input::Vote(vote)],
            Verified::Polka(polka) => vec![Input::Polka(polka)],
            Verified::Rounds(proof) => vec![Input::Rounds(proof)],
            Verified::Proposal(proposal, header) => {
                let Proposal { round, validator: proposer, block, .. } = proposal;
                let held = self.headers.entry(block).or_insert_with(|| Held {
                    header: *header,
                    round,
                    proposer,
                    checked: false,
                    valid: None,
                });
                let known = held.valid.filter(|_| !drill::is(Drill::VerdictOnce));
                let verdict = known.map(|valid| Input::Verdict { round, proposer, block, valid });
                [Input::Proposal(proposal)].into_iter().chain(verdict).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signatures, rotation::Rotation};
    use dure_types::{Height, ValidatorRecord, ValidatorSet};
    use std::sync::Arc;

    fn header(time: u64) -> Header {
        Header {
            version: Header::VERSION,
            height: Height(1),
            parent: Hash::ZERO,
            parent_certificate: None,
            time: TimestampMs(time),
            batches: Vec::new(),
            executed: Height::ZERO,
            roots: Vec::new(),
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
            evidence: Vec::new(),
        }
    }

    /// The attack: in a height that does not end a liar proposes two more blocks at every turn,
    /// each of which breaks a rule, or names batches that nobody has.
    #[test]
    fn what_nobody_may_vote_for_is_kept_for_ten_rounds() {
        let me = ValidatorId([1; 32]);
        let record = ValidatorRecord {
            id: me,
            name: "one".into(),
            consensus_key: [1; 32],
            network_key: [2; 32],
            consensus_binding: [0; 64],
            network_binding: [0; 64],
            power: 1,
        };
        let set = ValidatorSet::new(vec![record]);
        let proposers = Rotation::default().begin(Height(1), &set);
        let core = Core::new(me, Height(1), &set, Arc::clone(&proposers), true);
        let signatures = Signatures::default();
        let validators = Arc::new(set);
        let verifier = Verifier::new(Hash::ZERO, signatures, Height(1), validators, proposers);
        let start = Start { parent: None, log: None };
        let mut active = Active::new(Box::new(start), core, verifier, Duration::ZERO);
        for round in 0..100 {
            active.entered(round, Duration::ZERO);
            for (number, valid) in [None, Some(false), Some(true)].into_iter().enumerate() {
                let header = header(u64::from(round) * 3 + number as u64);
                let id = header.id(Hash::ZERO);
                let held = Held { header, round, proposer: me, checked: true, valid };
                active.headers.insert(id, held);
            }
        }
        let kept = |valid| active.headers.values().filter(|held| held.valid == valid).count();
        let most = ROUNDS_AHEAD as usize + 1;
        assert_eq!([None, Some(false), Some(true)].map(kept), [most, most, 100]);
    }
}
