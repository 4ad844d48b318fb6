//! Votes and proposals, and the bytes that are signed for them.

use crate::{Hash, Height, ValidatorId, domain};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// One attempt at a height, from 0.
pub type Round = u32;

/// First or second vote of a round (Tendermint, arXiv 1807.04938).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking,
)]
pub enum VoteKind {
    /// The proposal is valid and its data is here and durable.
    Prevote,
    /// A quorum prevoted for it.
    Precommit,
}

/// A vote; `block: None` is a vote for nil. Signed bytes: tag, chain id, version, SCALE of
/// `(kind, height, round, block)`; the voter is known by the key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height voted on.
    pub height: Height,
    /// Round voted in.
    pub round: Round,
    /// Block id, or nil.
    pub block: Option<Hash>,
    /// The voter.
    pub validator: ValidatorId,
    /// Ed25519 signature.
    pub signature: [u8; 64],
}

/// A proposal of a block id; the header travels beside it. Signed bytes: tag, chain id, version,
/// SCALE of `(height, round, block, pol_round)`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Proposal {
    /// Height proposed for.
    pub height: Height,
    /// Round proposed in.
    pub round: Round,
    /// Id of the proposed header.
    pub block: Hash,
    /// Round of the polka that re-proposes it, if any.
    pub pol_round: Option<Round>,
    /// The proposer.
    pub validator: ValidatorId,
    /// Ed25519 signature.
    pub signature: [u8; 64],
}

impl Vote {
    /// The bytes that a voter signs.
    #[must_use]
    pub fn signed_bytes(
        chain: Hash,
        kind: VoteKind,
        height: Height,
        round: Round,
        block: Option<Hash>,
    ) -> Vec<u8> {
        domain::message(domain::VOTE, chain, &(kind, height, round, block))
    }
}

impl Proposal {
    /// The bytes that a proposer signs.
    #[must_use]
    pub fn signed_bytes(
        chain: Hash,
        height: Height,
        round: Round,
        block: Hash,
        pol_round: Option<Round>,
    ) -> Vec<u8> {
        domain::message(domain::PROPOSAL, chain, &(height, round, block, pol_round))
    }
}
