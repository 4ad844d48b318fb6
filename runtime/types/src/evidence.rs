//! Evidence: proof that one validator signed two things.

use crate::{BatchHeader, Proposal, ValidatorId, Vote};
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Two signatures of one validator of which an honest one makes at most one. The half whose SCALE
/// bytes are less comes first, so that one offence has one encoding.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Evidence {
    /// Same kind, height and round, other block.
    Votes(Vote, Vote),
    /// Same height and round, other block.
    Proposals(Proposal, Proposal),
    /// Same sequence number, other batch; each with the author's signature.
    Batches((BatchHeader, [u8; 64]), (BatchHeader, [u8; 64])),
}

impl Evidence {
    /// The validator accused, when both halves name the same.
    #[must_use]
    pub fn accused(&self) -> Option<ValidatorId> {
        let (a, b) = match self {
            Self::Votes(a, b) => (a.validator, b.validator),
            Self::Proposals(a, b) => (a.validator, b.validator),
            Self::Batches((a, _), (b, _)) => (a.author, b.author),
        };
        (a == b).then_some(a)
    }

    /// Judges all but the signatures: that the halves belong together, contradict each other and
    /// stand in order. Returns the accused, whose key of that height both signatures must bear.
    ///
    /// # Errors
    /// [`EvidenceError`] says why the halves prove nothing.
    pub fn check_shape(&self) -> Result<ValidatorId, EvidenceError> {
        let accused = self.accused().ok_or(EvidenceError::TwoValidators)?;
        let (same_place, differ, ordered) = match self {
            Self::Votes(a, b) => (
                (a.kind, a.height, a.round) == (b.kind, b.height, b.round),
                a.block != b.block,
                a.encode() < b.encode(),
            ),
            Self::Proposals(a, b) => (
                (a.height, a.round) == (b.height, b.round),
                a.block != b.block,
                a.encode() < b.encode(),
            ),
            Self::Batches(a, b) => (a.0.seq == b.0.seq, a.0 != b.0, a.encode() < b.encode()),
        };
        if !same_place {
            Err(EvidenceError::OtherPlace)
        } else if !differ {
            Err(EvidenceError::NoContradiction)
        } else if !ordered {
            Err(EvidenceError::Unordered)
        } else {
            Ok(accused)
        }
    }
}

/// Says why evidence proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The halves name two validators.
    #[error("the halves of the evidence name two validators")]
    TwoValidators,
    /// Another kind, height, round or sequence number: both may be signed.
    #[error("the halves of the evidence belong to different heights, rounds or sequence numbers")]
    OtherPlace,
    /// Both say the same.
    #[error("the halves of the evidence do not contradict each other")]
    NoContradiction,
    /// The lesser half must come first.
    #[error("the halves of the evidence are out of order")]
    Unordered,
}
