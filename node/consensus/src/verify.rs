//! Nothing that a peer said enters the core before it is verified here.

use crate::{
    core::ROUNDS_AHEAD,
    drill::{self, Drill},
    message::{Message, Polka, RoundProof},
    rotation::Proposers,
    signatures::Signatures,
};
use codec::Encode;
use dure_types::{
    Hash, Header, Height, Proposal, ValidatorId, ValidatorSet, Vote, VoteKind, limits, vote::Round,
};
use std::{collections::BTreeMap, sync::Arc};

/// Votes of one validator in one place: a second one is proof of equivocation, and further ones are
/// not looked at.
const VOTES_MAX: usize = 4;
/// Blocks that one validator may propose in one round: the core keeps no more.
const PROPOSALS_MAX: usize = 2;

/// A message of this height whose signatures hold.
#[derive(Clone, Debug)]
pub(crate) enum Verified {
    Vote(Vote),
    Proposal(Proposal, Box<Header>),
    Polka(Polka),
    Rounds(RoundProof),
}

/// Verifies messages of one height.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    pub(crate) chain: Hash,
    pub(crate) signatures: Signatures,
    pub(crate) height: Height,
    pub(crate) validators: Arc<ValidatorSet>,
    pub(crate) proposers: Arc<Proposers>,
    /// What was said, by round, kind and validator.
    said: BTreeMap<(Round, Kind, ValidatorId), Vec<Option<Hash>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Prevote,
    Precommit,
    Proposal,
}

impl Verifier {
    pub(crate) const fn new(
        chain: Hash,
        signatures: Signatures,
        height: Height,
        validators: Arc<ValidatorSet>,
        proposers: Arc<Proposers>,
    ) -> Self {
        Self { chain, signatures, height, validators, proposers, said: BTreeMap::new() }
    }

    /// Verifies a message, the cheap rules first; none when it is refused, or nothing new.
    /// `round` is where we are.
    pub(crate) fn verify(&mut self, round: Round, message: Message) -> Option<Verified> {
        if message.height() != Some(self.height) {
            return None;
        }
        match message {
            Message::Vote(vote) => self.vote(round, &vote).then_some(Verified::Vote(vote)),
            Message::Proposal(proposal, header) => self
                .proposal(round, &proposal, &header)
                .then_some(Verified::Proposal(proposal, header)),
            Message::Polka(polka) => self.polka(&polka).then_some(Verified::Polka(polka)),
            Message::Rounds(proof) => self.rounds(round, &proof).then_some(Verified::Rounds(proof)),
            Message::Pull(_) | Message::Decided(_) => None,
        }
    }

    fn vote(&mut self, round: Round, vote: &Vote) -> bool {
        let kind = match vote.kind {
            VoteKind::Prevote => Kind::Prevote,
            VoteKind::Precommit => Kind::Precommit,
        };
        vote.round <= round.saturating_add(ROUNDS_AHEAD)
            && self.is_new((vote.round, kind, vote.validator), vote.block)
            && self.holds(vote)
            && self.note((vote.round, kind, vote.validator), vote.block)
    }

    fn proposal(&mut self, round: Round, proposal: &Proposal, header: &Header) -> bool {
        let Proposal { round: of, pol_round, validator, block, .. } = *proposal;
        let place = (of, Kind::Proposal, validator);
        let key = self.validators.get(validator).map(|record| record.consensus_key);
        of <= round.saturating_add(ROUNDS_AHEAD)
            && self.proposers.of(of) == Some(validator)
            && pol_round.is_none_or(|pol_round| pol_round < of)
            && self.is_new(place, Some(block))
            && header.encoded_size() <= limits::HEADER_BYTES_MAX
            && header.id(self.chain) == block
            && key.is_some_and(|key| self.signatures.proposal(self.chain, proposal, &key))
            && self.note(place, Some(block))
    }

    fn polka(&self, polka: &Polka) -> bool {
        let ascending =
            polka.signatures.windows(2).all(|pair| pair[0].validator < pair[1].validator);
        let power = self.power(polka.signatures.iter().map(|s| s.validator));
        let enough = self.validators.is_quorum(power) || drill::is(Drill::QuorumInPolka);
        ascending && enough && polka.votes().all(|vote| self.holds_in_polka(&vote))
    }

    fn holds_in_polka(&self, vote: &Vote) -> bool {
        let earlier = if drill::is(Drill::PolkaOfAnotherRound) { 0..vote.round } else { 0..0 };
        let of = |round| self.holds(&Vote { round, ..vote.clone() });
        self.holds(vote) || earlier.into_iter().any(of)
    }

    fn rounds(&self, round: Round, proof: &RoundProof) -> bool {
        let RoundProof { height, round: of, skip, votes } = proof;
        let leads_on = if *skip { *of > round } else { *of >= round && *of < Round::MAX };
        let ascending = votes.windows(2).all(|pair| pair[0].validator < pair[1].validator);
        let together = votes.iter().all(|vote| {
            vote.height == *height
                && vote.round == *of
                && (*skip || vote.kind == VoteKind::Precommit)
        });
        let power = self.power(votes.iter().map(|vote| vote.validator));
        let enough = match skip {
            true => power.saturating_mul(3) > self.validators.total_power(),
            false => self.validators.is_quorum(power),
        };
        let holds = |vote| self.holds(vote) || drill::is(Drill::RoundsUnverified);
        leads_on && ascending && together && enough && votes.iter().all(holds)
    }

    fn power(&self, validators: impl Iterator<Item = ValidatorId>) -> u64 {
        validators
            .filter_map(|id| self.validators.get(id))
            .fold(0, |power, record| power.saturating_add(record.power))
    }

    fn holds(&self, vote: &Vote) -> bool {
        let record = self.validators.get(vote.validator);
        record.is_some_and(|record| self.signatures.vote(self.chain, vote, &record.consensus_key))
    }

    fn is_new(&self, place: (Round, Kind, ValidatorId), block: Option<Hash>) -> bool {
        let most = if place.1 == Kind::Proposal { PROPOSALS_MAX } else { VOTES_MAX };
        let said = self.said.get(&place);
        said.is_none_or(|said| said.len() < most && !said.contains(&block))
    }

    fn note(&mut self, place: (Round, Kind, ValidatorId), block: Option<Hash>) -> bool {
        self.said.entry(place).or_default().push(block);
        true
    }
}
