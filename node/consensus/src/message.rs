//! What validators say to each other, and how long it may be.

use codec::{Decode, DecodeWithMemTracking, Encode};
use dure_types::{
    CommitCertificate, CommitSignature, Hash, Header, Height, Proposal, Vote, VoteKind,
    decode::{DecodeError, decode},
    limits,
    vote::Round,
};

/// Message, SCALE-encoded.
pub const MESSAGE_BYTES_MAX: usize = 1_048_576;
/// Decided headers in one answer to a pull.
pub const DECIDED_MAX: usize = 64;

const _: () = {
    // A proposal with its header, a proof with two votes of every validator, and an answer with one
    // decision always fit.
    assert!(limits::HEADER_BYTES_MAX + limits::PROPOSAL_BYTES_MAX < MESSAGE_BYTES_MAX);
    assert!(2 * limits::VALIDATORS_MAX * limits::VOTE_BYTES_MAX < MESSAGE_BYTES_MAX);
    assert!(limits::HEADER_BYTES_MAX + limits::CERTIFICATE_BYTES_MAX < MESSAGE_BYTES_MAX);
};

/// One message between validators; the stream that carries it says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Message {
    /// A proposal, the sender's own or one that it passes on, with the header proposed.
    Proposal(Proposal, Box<Header>),
    /// A vote, the sender's own or one that it passes on.
    Vote(Vote),
    /// A quorum prevoted for one block: who was locked on another may follow.
    Polka(Polka),
    /// A round is over, or others are further: enter theirs.
    Rounds(RoundProof),
    /// Asks for decided headers from this height on.
    Pull(Height),
    /// Decided headers with their certificates, ascending without gaps.
    Decided(Vec<(Header, CommitCertificate)>),
}

impl Message {
    /// Decodes what a peer sent; everything in it is unverified.
    ///
    /// # Errors
    /// [`DecodeError`] when it is too long or malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes, MESSAGE_BYTES_MAX)
    }

    /// The height that the sender works on, as far as the message tells.
    #[must_use]
    pub fn height(&self) -> Option<Height> {
        match self {
            Self::Proposal(proposal, _) => Some(proposal.height),
            Self::Vote(vote) => Some(vote.height),
            Self::Polka(polka) => Some(polka.height),
            Self::Rounds(proof) => Some(proof.height),
            Self::Pull(_) | Self::Decided(_) => None,
        }
    }
}

/// Prevotes of a quorum for one block in one round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Polka {
    /// Height of the votes.
    pub height: Height,
    /// Round of the votes.
    pub round: Round,
    /// The block.
    pub block: Hash,
    /// Ascending by validator, each once.
    pub signatures: Vec<CommitSignature>,
}

impl Polka {
    /// The votes that it stands for.
    pub fn votes(&self) -> impl Iterator<Item = Vote> + '_ {
        self.signatures.iter().map(|signature| Vote {
            kind: VoteKind::Prevote,
            height: self.height,
            round: self.round,
            block: Some(self.block),
            validator: signature.validator,
            signature: signature.signature,
        })
    }
}

/// Votes that let a validator leave its round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct RoundProof {
    /// Height of the votes.
    pub height: Height,
    /// Round of the votes.
    pub round: Round,
    /// Whether more than a third is in `round`, so that others may skip to it; else a quorum has
    /// precommitted in it, and the next round begins.
    pub skip: bool,
    /// One vote of each validator, ascending by validator.
    pub votes: Vec<Vote>,
}
