//! Scenarios of Malachite's own tests, played against one validator of four whose others the test
//! plays. `docs/consensus.md` maps each file of theirs to a test of ours.

use VoteKind::{Precommit, Prevote};
use codec::Encode;
use dure_consensus::{
    Action, Consensus, Event, Limits, Log, Message, Now, OrderingError, Polka, ReadyBatch, Record,
    Report, RoundProof, Sets, Setup, Signatures, Start,
};
use dure_types::{
    BatchReference, CommitCertificate, CommitSignature, Gas, Hash, Header, Height, Proposal,
    TimestampMs, ValidatorId, ValidatorRecord, ValidatorSet, Vote, VoteKind, vote::Round,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{collections::VecDeque, time::Duration};

const CHAIN: Hash = Hash([7; 32]);
const ONE: Height = Height(1);
/// Proposer of round r at height 1 is validator r + 1, of four: ours is round 3.
const ME: usize = 0;

fn key(of: usize) -> SigningKey {
    let mut keys: Vec<_> = (1..=4).map(|n| SigningKey::from_bytes(&[n; 32])).collect();
    keys.sort_by_key(|key| ValidatorId::of_key(key.verifying_key().as_bytes()));
    keys.swap_remove(of)
}

fn id(of: usize) -> ValidatorId {
    ValidatorId::of_key(key(of).verifying_key().as_bytes())
}

fn validators() -> ValidatorSet {
    let record = |of: usize| ValidatorRecord {
        id: id(of),
        name: of.to_string(),
        consensus_key: key(of).verifying_key().to_bytes(),
        network_key: [of as u8; 32],
        consensus_binding: [0; 64],
        network_binding: [0; 64],
        power: 1,
    };
    ValidatorSet::new((0..4).map(record).collect())
}

/// A block that differs from others by its time.
fn block(time: u64) -> Header {
    Header {
        version: Header::VERSION,
        height: ONE,
        parent: CHAIN,
        parent_certificate: None,
        time: TimestampMs(time),
        batches: Vec::new(),
        executed: Height::ZERO,
        roots: Vec::new(),
        validators: validators().hash(),
        next_validators: validators().hash(),
        evidence: Vec::new(),
    }
}

fn vote(of: usize, kind: VoteKind, round: Round, block: Option<&Header>) -> Vote {
    let block = block.map(|header| header.id(CHAIN));
    let bytes = Vote::signed_bytes(CHAIN, kind, ONE, round, block);
    let signature = key(of).sign(&bytes).to_bytes();
    Vote { kind, height: ONE, round, block, validator: id(of), signature }
}

fn proposal(of: usize, round: Round, header: &Header, pol_round: Option<Round>) -> Message {
    let block = header.id(CHAIN);
    let bytes = Proposal::signed_bytes(CHAIN, ONE, round, block, pol_round);
    let signature = key(of).sign(&bytes).to_bytes();
    let validator = id(of);
    let proposal = Proposal { height: ONE, round, block, pol_round, validator, signature };
    Message::Proposal(proposal, Box::new(header.clone()))
}

fn polka(round: Round, header: &Header, voters: [usize; 3]) -> Message {
    let signature = |of| {
        let Vote { validator, signature, .. } = vote(of, Prevote, round, Some(header));
        CommitSignature { validator, signature }
    };
    let signatures = voters.map(signature).to_vec();
    Message::Polka(Polka { height: ONE, round, block: header.id(CHAIN), signatures })
}

/// Two of the others are in a round already.
fn skip(round: Round) -> Message {
    let votes = vec![vote(1, Prevote, round, None), vote(2, Prevote, round, None)];
    Message::Rounds(RoundProof { height: ONE, round, skip: true, votes })
}

/// Plays the host of validator 0: makes everything durable at once, signs, and notes what is said.
struct Host {
    consensus: Consensus,
    now: Duration,
    timer: Duration,
    log: Vec<Record>,
    votes: Vec<Vote>,
    signatures: usize,
    reports: Vec<Report>,
    decided: Vec<(Header, CommitCertificate)>,
}

impl Host {
    /// Where nothing was decided, and all others say so.
    fn new() -> Self {
        Self::on(Vec::new())
    }

    /// After a crash that left a log.
    fn on(log: Vec<Record>) -> Self {
        let setup = Setup {
            chain: CHAIN,
            me: id(ME),
            keys: vec![key(ME).verifying_key().to_bytes()],
            sets: Sets::new(validators(), 32),
            genesis_time: TimestampMs(1),
            limits: Limits { block_gas_max: Gas(100) },
            signatures: Signatures::default(),
            has_peers: true,
            observe: false,
        };
        let entries: Vec<_> = log.iter().map(Encode::encode).collect();
        let mut host = Self {
            consensus: Consensus::new(setup, [], Now::default()),
            now: Duration::ZERO,
            timer: Duration::ZERO,
            log,
            votes: Vec::new(),
            signatures: 0,
            reports: Vec::new(),
            decided: Vec::new(),
        };
        let log = Log::decode(&entries).unwrap();
        let start = Start { parent: None, log };
        let fresh = start.log.is_none();
        host.event(Event::Start(Box::new(start)));
        if fresh {
            for of in 1..4 {
                host.hears(of, Message::Decided(Vec::new()));
            }
            host.now = host.timer;
            host.event(Event::Timer);
        }
        host
    }

    fn event(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let wall = TimestampMs(1_000_000 + self.now.as_millis() as u64);
            let now = Now { elapsed: self.now, wall };
            for action in self.consensus.step(now, event).unwrap() {
                match action {
                    Action::Append(height, records) => {
                        assert_eq!(height, ONE);
                        self.log.extend(records);
                        events.push_back(Event::Appended);
                    }
                    Action::Sign(request) => {
                        self.signatures += 1;
                        let signature = key(ME).sign(&request.signed_bytes(CHAIN)).to_bytes();
                        events.push_back(Event::Signed(request, signature));
                    }
                    Action::Broadcast(message) => match *message {
                        Message::Vote(vote) if !self.votes.contains(&vote) => self.votes.push(vote),
                        _ => {}
                    },
                    Action::SetTimer(at) => self.timer = at,
                    Action::Decide(header, certificate) => {
                        self.decided.push((*header, certificate));
                    }
                    Action::Report(report) => self.reports.push(report),
                    Action::Send(..) | Action::Serve(..) => {}
                }
            }
        }
    }

    fn hears(&mut self, from: usize, message: Message) {
        self.event(Event::Received(id(from), Box::new(message)));
    }

    fn hears_votes(&mut self, kind: VoteKind, round: Round, blocks: [Option<&Header>; 3]) {
        for (of, block) in (1..4).zip(blocks) {
            self.hears(of, Message::Vote(vote(of, kind, round, block)));
        }
    }

    /// Lets time pass until something holds.
    fn waits_until(&mut self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..100 {
            if holds(self) {
                return;
            }
            self.now = self.timer.max(self.now + Duration::from_millis(1));
            self.event(Event::Timer);
        }
        panic!("not within a hundred timers, at {:?}", self.consensus.position());
    }

    fn waits_for_a_vote(&mut self) {
        let said = self.votes.len();
        self.waits_until(|host| host.votes.len() > said);
    }

    fn waits_for_round(&mut self, round: Round) {
        self.waits_until(|host| host.consensus.position() == (ONE, round));
    }

    /// What was voted for in a place.
    fn voted(&self, kind: VoteKind, round: Round) -> Option<Option<Hash>> {
        let here = |vote: &&Vote| (vote.kind, vote.round) == (kind, round);
        self.votes.iter().find(here).map(|vote| vote.block)
    }

    /// The power goes, and comes back. What was said is said again, with the recorded signatures,
    /// and nothing else is.
    fn restarts(self) -> Self {
        let mut again = Self::on(self.log.clone());
        again.waits_for_round(self.consensus.position().1);
        assert_eq!(again.signatures, 0, "what is in the log is not signed again");
        assert_eq!(again.votes, self.votes);
        again
    }
}

fn id_of(header: &Header) -> Option<Option<Hash>> {
    Some(Some(header.id(CHAIN)))
}

/// `proposal_pol_round.rs`. The attack: a proposal that names a polka of its own round, or of a
/// later one: who takes it waits for a polka that it has.
#[test]
fn proposal_that_names_no_earlier_polka_is_not_taken() {
    let mut host = Host::new();
    let header = block(2);
    for pol_round in [0, 1, Round::MAX] {
        host.hears(1, proposal(1, 0, &header, Some(pol_round)));
        // Of a round to come: the same.
        host.hears(2, proposal(2, 1, &header, Some(pol_round.max(1))));
    }
    assert!(host.log.iter().all(|record| !matches!(record, Record::Proposal(_))));
    host.hears(1, proposal(1, 0, &header, None));
    assert_eq!(host.voted(Prevote, 0), id_of(&header));
    host.hears(1, polka(0, &header, [1, 2, 3]));
    assert_eq!(host.voted(Precommit, 0), id_of(&header));
    host.hears_votes(Precommit, 0, [Some(&header); 3]);
    assert_eq!(host.decided.len(), 1);
}

/// `future_round_bound.rs`. The attack: votes and proposals of rounds without end.
#[test]
fn votes_and_proposals_are_taken_ten_rounds_ahead_and_no_further() {
    let mut host = Host::new();
    host.hears(1, proposal(1, 0, &block(2), None));
    let logged = host.log.len();
    // Proposer of round 12 is validator 1, as of round 0.
    host.hears(1, proposal(1, 12, &block(3), None));
    host.hears_votes(Prevote, 11, [None; 3]);
    assert_eq!((host.consensus.position(), host.log.len()), ((ONE, 0), logged));
    host.hears_votes(Prevote, 10, [None; 3]);
    assert_eq!(host.consensus.position(), (ONE, 10));
    // The bound goes along.
    host.hears_votes(Prevote, 20, [None; 3]);
    assert_eq!(host.consensus.position(), (ONE, 20));
}

/// `per_round_bound.rs`, `full_proposal.rs`, `finalization_evidence.rs`. The attack: many blocks
/// in one round. Two are kept and prove it, and what came later is voted for where a quorum wants it.
#[test]
fn of_many_blocks_in_a_round_two_are_kept_and_one_that_came_later_can_win() {
    let mut host = Host::new();
    let blocks: Vec<_> = (2..8).map(block).collect();
    for header in &blocks {
        host.hears(1, proposal(1, 0, header, None));
    }
    assert_eq!(host.voted(Prevote, 0), id_of(&blocks[0]));
    let last = &blocks[5];
    host.hears(2, polka(0, last, [1, 2, 3]));
    host.hears_votes(Precommit, 0, [None; 3]);
    host.waits_for_round(1);
    host.hears(2, proposal(2, 1, last, Some(0)));
    assert_eq!(host.voted(Prevote, 1), id_of(last));
    let of_liar = |record: &&Record| matches!(record, Record::Proposal(one) if (one.validator, one.round) == (id(1), 0));
    assert_eq!(host.log.iter().filter(of_liar).count(), 2);
    let mut host = host.restarts();
    host.hears_votes(Prevote, 1, [Some(last); 3]);
    host.hears_votes(Precommit, 1, [Some(last); 3]);
    assert_eq!(host.decided[0].0, *last);
    let accused = Report::Equivocation { validator: id(1) };
    assert_eq!(host.reports.iter().filter(|report| **report == accused).count(), 1);
}

/// `full_proposal.rs`. A block is waited for in one round, is proposed again in the next, and comes
/// right then: the verdict counts for both proposals.
#[test]
fn block_that_comes_right_in_a_later_round_is_voted_for_there() {
    let mut host = Host::new();
    let reference = BatchReference { author: id(1), seq: 1, id: Hash([3; 32]) };
    let header = Header { batches: vec![reference], ..block(2) };
    host.hears(1, proposal(1, 0, &header, None));
    host.waits_for_a_vote();
    assert_eq!(host.voted(Prevote, 0), Some(None));
    host.hears_votes(Prevote, 0, [None; 3]);
    host.hears_votes(Precommit, 0, [None; 3]);
    host.waits_for_round(1);
    host.hears(2, proposal(2, 1, &header, None));
    assert_eq!(host.voted(Prevote, 1), None);
    host.event(Event::BatchHeld(ReadyBatch {
        reference,
        bytes: 1,
        gas: Gas(1),
        expiry: Height(9),
    }));
    assert_eq!(host.voted(Prevote, 1), id_of(&header));
}

/// `restart_validation.rs`, `wal_replay_verification.rs`. The failure: power lost after a vote that
/// rests on a polka that came as a whole.
#[test]
fn polka_that_came_as_a_whole_is_there_after_a_restart() {
    let mut host = Host::new();
    let header = block(2);
    host.hears_votes(Prevote, 0, [None, None, Some(&header)]);
    host.waits_for_a_vote();
    host.hears_votes(Precommit, 0, [None; 3]);
    host.waits_for_round(1);
    host.hears(2, polka(0, &header, [1, 2, 3]));
    host.hears(2, proposal(2, 1, &header, Some(0)));
    assert_eq!(host.voted(Prevote, 1), id_of(&header));
    host.hears(2, polka(1, &header, [1, 2, 3]));
    assert_eq!(host.voted(Precommit, 1), id_of(&header));
    let mut host = host.restarts();
    // It is locked: another block is not prevoted for, whoever proposes it.
    host.hears_votes(Precommit, 1, [None; 3]);
    host.waits_for_round(2);
    host.hears(3, proposal(3, 2, &block(5), None));
    assert_eq!(host.voted(Prevote, 2), Some(None));
}

/// `restart_validation.rs`, `round_certificate_already_seen.rs`. The failure: power lost in a round
/// that the others proved to be in, far beyond those that votes are taken of.
#[test]
fn round_far_ahead_is_entered_once_and_entered_again_after_a_restart() {
    let mut host = Host::new();
    host.hears(1, proposal(1, 0, &block(2), None));
    host.hears(1, skip(40));
    assert_eq!(host.consensus.position(), (ONE, 40));
    // Proposer of round 40 is validator 1.
    let header = block(6);
    host.hears(1, proposal(1, 40, &header, None));
    assert_eq!(host.voted(Prevote, 40), id_of(&header));
    let logged = host.log.len();
    host.hears(2, skip(40));
    assert_eq!(host.log.len(), logged, "what is known is not logged again");
    let mut host = host.restarts();
    host.hears_votes(Precommit, 40, [Some(&header); 3]);
    assert_eq!(host.decided[0].0, header);
}

/// `certificate_evidence.rs`, `finalization_evidence.rs`. A polka that brings nothing new may hold
/// the only copy of a second vote.
#[test]
fn second_vote_in_a_polka_proves_it() {
    let mut host = Host::new();
    let header = block(2);
    host.hears(1, proposal(1, 0, &header, None));
    host.hears(3, Message::Vote(vote(3, Prevote, 0, None)));
    host.hears(1, Message::Vote(vote(1, Prevote, 0, Some(&header))));
    host.hears(2, Message::Vote(vote(2, Prevote, 0, Some(&header))));
    // With its own prevote it has the polka already.
    assert_eq!(host.voted(Precommit, 0), id_of(&header));
    host.hears(1, polka(0, &header, [1, 2, 3]));
    host.hears_votes(Precommit, 0, [Some(&header); 3]);
    assert_eq!(host.reports, [Report::Equivocation { validator: id(3) }]);
}

/// A quorum decided a header that names other next validators than our own execution knows: it
/// stops the node, and the decision is not handed on.
#[test]
fn decided_header_of_other_validators_stops_the_node() {
    let mut header = block(2_000_000);
    let host = Host::new();
    header.next_validators = Hash([7; 32]);
    let signature = |of| {
        let Vote { validator, signature, .. } = vote(of, Precommit, 0, Some(&header));
        CommitSignature { validator, signature }
    };
    let mut signatures: Vec<_> = (1..4).map(signature).collect();
    signatures.sort_by_key(|signature| signature.validator);
    let block = header.id(CHAIN);
    let certificate = CommitCertificate { height: ONE, round: 0, block, signatures };
    let decided = Message::Decided(vec![(header, certificate)]);
    let now = Now { elapsed: host.now, wall: TimestampMs(1_000_000) };
    let mut consensus = host.consensus;
    let stopped = consensus.step(now, Event::Received(id(1), Box::new(decided)));
    let of_next = matches!(
        stopped,
        Err(OrderingError::OtherValidators { height: Height(2), decided: Hash([7, ..]), .. })
    );
    assert!(of_next, "{stopped:?}");
}
