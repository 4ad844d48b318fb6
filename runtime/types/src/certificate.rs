//! The commit certificate: a quorum of precommits on one block, finality that can be carried.

use crate::{
    Hash, Height, ValidatorId, limits,
    vote::{Round, Vote, VoteKind},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Precommits of more than two thirds of the voting power of one height.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct CommitCertificate {
    /// Height decided.
    pub height: Height,
    /// Round in which it was decided.
    pub round: Round,
    /// Id of the decided header.
    pub block: Hash,
    /// Ascending by validator, each once.
    pub signatures: Vec<CommitSignature>,
}

/// One precommit in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct CommitSignature {
    /// The voter.
    pub validator: ValidatorId,
    /// Ed25519 signature over [`CommitCertificate::signed_bytes`].
    pub signature: [u8; 64],
}

impl CommitCertificate {
    /// The bytes that every signature in the certificate covers: those of the precommit.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        Vote::signed_bytes(chain, VoteKind::Precommit, self.height, self.round, Some(self.block))
    }

    /// Judges count, order and uniqueness of the signatures; not the signatures, not the quorum.
    ///
    /// # Errors
    /// [`CertificateError`] names the limit or the order that is broken.
    pub fn check_shape(&self) -> Result<(), CertificateError> {
        let count = self.signatures.len();
        let limit = limits::VALIDATORS_MAX;
        if count == 0 || count > limit {
            return Err(CertificateError::Count { count, limit });
        }
        let ascending = self.signatures.windows(2).all(|pair| match pair {
            [a, b] => a.validator < b.validator,
            _ => true,
        });
        if ascending { Ok(()) } else { Err(CertificateError::Order) }
    }
}

/// Says why a certificate is refused before its signatures are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// No signature, or too many.
    #[error("{count} signatures in a certificate; allowed are 1 to {limit}")]
    Count {
        /// Signatures found.
        count: usize,
        /// Signatures allowed.
        limit: usize,
    },
    /// A validator stands out of order or twice.
    #[error("the validators of a certificate are not strictly ascending")]
    Order,
}
