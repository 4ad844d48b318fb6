//! Our types in Malachite's words. A value is a block id: headers stay outside of the core.

use crate::{
    rotation::Proposers,
    timeout::{Step, Timeout},
};
use dure_types::{Hash, ValidatorId, ValidatorSet, Vote as SignedVote, VoteKind};
use malachitebft_core_types as malachite;
use malachitebft_core_types::{NilOrVal, Round, SignedExtension, VoteType};
use std::{fmt, sync::Arc, time::Duration};

/// Who proposes in which round of the one height that a core works on.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) proposers: Arc<Proposers>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(pub(super) ValidatorId);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hash(self.0.0).fmt(f)
    }
}

impl malachite::Address for Address {}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Height(pub(super) u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl malachite::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// The value agreed on, and its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block(pub(super) Hash);

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl malachite::Value for Block {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) value: Block,
    pub(super) pol_round: Round,
    pub(super) address: Address,
}

impl malachite::Proposal<Context> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Block {
        &self.value
    }

    fn take_value(self) -> Block {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }
}

/// Headers travel whole, beside the proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part;

impl malachite::ProposalPart<Context> for Part {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    pub(super) kind: VoteType,
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) value: NilOrVal<Block>,
    pub(super) address: Address,
}

impl malachite::Vote<Context> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Block> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Block> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    fn extension(&self) -> Option<&SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        None
    }

    fn extend(self, _: SignedExtension<Context>) -> Self {
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validator {
    address: Address,
    key: [u8; 32],
    power: u64,
}

impl malachite::Validator<Context> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &[u8; 32] {
        &self.key
    }

    fn voting_power(&self) -> u64 {
        self.power
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validators(Arc<Vec<Validator>>);

impl Validators {
    pub(super) fn new(set: &ValidatorSet) -> Self {
        let validator = |record: &dure_types::ValidatorRecord| Validator {
            address: Address(record.id),
            key: record.consensus_key,
            power: record.power,
        };
        Self(Arc::new(set.0.iter().map(validator).collect()))
    }
}

impl malachite::ValidatorSet<Context> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.iter().map(|validator| validator.power).sum()
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        let index = self.0.binary_search_by_key(address, |validator| validator.address).ok()?;
        self.0.get(index)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

/// Signatures are bytes here: they are made by the host and checked before they come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ed25519;

impl malachite::SigningScheme for Ed25519 {
    type DecodingError = std::array::TryFromSliceError;
    type Signature = [u8; 64];
    type PublicKey = [u8; 32];
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<[u8; 64], Self::DecodingError> {
        bytes.try_into()
    }

    fn encode_signature(signature: &[u8; 64]) -> Vec<u8> {
        signature.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<[u8; 32], Self::DecodingError> {
        bytes.try_into()
    }

    fn encode_public_key(key: &[u8; 32]) -> Vec<u8> {
        key.to_vec()
    }
}

/// Those of [`Timeout::duration`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Timeouts;

impl malachite::Timeouts<Context> for Timeouts {
    fn duration_for(&self, timeout: malachite::Timeout) -> Duration {
        from_timeout(timeout).map_or(Duration::MAX, |timeout| timeout.duration())
    }
}

impl malachite::Context for Context {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = Timeouts;
    type Value = Block;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Ed25519;

    fn select_proposer<'a>(
        &self,
        validators: &'a Validators,
        _: Height,
        round: Round,
    ) -> &'a Validator {
        let index = self.proposers.index(round.as_u32().unwrap_or(0));
        validators.0.get(index).expect("proposers are drawn from this set")
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Block,
        pol_round: Round,
        address: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, address }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Block>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value, address }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Block>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value, address }
    }
}

pub(super) type MalachiteVote = malachite::SignedVote<Context>;
pub(super) type MalachiteProposal = malachite::SignedProposal<Context>;

pub(super) fn to_vote(vote: &SignedVote) -> MalachiteVote {
    let kind = match vote.kind {
        VoteKind::Prevote => VoteType::Prevote,
        VoteKind::Precommit => VoteType::Precommit,
    };
    let message = Vote {
        kind,
        height: Height(vote.height.0),
        round: Round::new(vote.round),
        value: vote.block.map_or(NilOrVal::Nil, |block| NilOrVal::Val(Block(block))),
        address: Address(vote.validator),
    };
    MalachiteVote::new(message, vote.signature)
}

pub(super) fn from_vote(vote: &MalachiteVote) -> SignedVote {
    SignedVote {
        kind: kind(vote.message.kind),
        height: dure_types::Height(vote.message.height.0),
        round: vote.message.round.as_u32().unwrap_or(0),
        block: block(vote.message.value),
        validator: vote.message.address.0,
        signature: vote.signature,
    }
}

pub(super) fn to_proposal(proposal: &dure_types::Proposal) -> MalachiteProposal {
    let message = Proposal {
        height: Height(proposal.height.0),
        round: Round::new(proposal.round),
        value: Block(proposal.block),
        pol_round: proposal.pol_round.into(),
        address: Address(proposal.validator),
    };
    MalachiteProposal::new(message, proposal.signature)
}

pub(super) fn from_proposal(proposal: &MalachiteProposal) -> dure_types::Proposal {
    dure_types::Proposal {
        height: dure_types::Height(proposal.message.height.0),
        round: proposal.message.round.as_u32().unwrap_or(0),
        block: proposal.message.value.0,
        pol_round: proposal.message.pol_round.as_u32(),
        validator: proposal.message.address.0,
        signature: proposal.signature,
    }
}

pub(super) const fn kind(kind: VoteType) -> VoteKind {
    match kind {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    }
}

pub(super) const fn block(value: NilOrVal<Block>) -> Option<Hash> {
    match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(Block(hash)) => Some(hash),
    }
}

pub(super) const fn to_timeout(timeout: Timeout) -> malachite::Timeout {
    let round = Round::new(timeout.round);
    match timeout.step {
        Step::Propose => malachite::Timeout::propose(round),
        Step::Prevote => malachite::Timeout::prevote(round),
        Step::Precommit => malachite::Timeout::precommit(round),
    }
}

/// None for those that we do not use: we send again ourselves, and no height waits for its end.
pub(super) fn from_timeout(timeout: malachite::Timeout) -> Option<Timeout> {
    let step = match timeout.kind {
        malachite::TimeoutKind::Propose => Step::Propose,
        malachite::TimeoutKind::Prevote => Step::Prevote,
        malachite::TimeoutKind::Precommit => Step::Precommit,
        malachite::TimeoutKind::Rebroadcast | malachite::TimeoutKind::FinalizeHeight(_) => {
            return None;
        }
    };
    Some(Timeout { step, round: timeout.round.as_u32()? })
}
