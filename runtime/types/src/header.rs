//! The header of a block: the value that validators agree on.

use crate::{
    BatchReference, CommitCertificate, Evidence, Hash, Height, TimestampMs,
    certificate::CertificateError, domain, evidence::EvidenceError, limits,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Commitments to the result of one executed height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Roots {
    /// Root of the state after the height.
    pub state: Hash,
    /// Root of the outcomes of the height; of no transaction: BLAKE3 of nothing.
    pub receipts: Hash,
}

/// What is proposed, voted on and decided; names batches and certifies earlier results.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Header {
    /// Version of the protocol's rules, 1.
    pub version: u16,
    /// From 1; genesis is height 0 and has no header.
    pub height: Height,
    /// Id of the header before; the chain id at height 1.
    pub parent: Hash,
    /// Certificate of the header before; none at height 1.
    pub parent_certificate: Option<CommitCertificate>,
    /// Later than the parent's by a millisecond at least.
    pub time: TimestampMs,
    /// Batches whose transactions make up the block, in order.
    pub batches: Vec<BatchReference>,
    /// Newest height whose roots are listed here or before: e.
    pub executed: Height,
    /// Roots of every height in (parent.executed, executed].
    pub roots: Vec<Roots>,
    /// Hash of the validator set of this height.
    pub validators: Hash,
    /// Hash of the validator set of the next height.
    pub next_validators: Hash,
    /// Proofs of equivocation.
    pub evidence: Vec<Evidence>,
}

impl Header {
    /// Version of the rules of this release.
    pub const VERSION: u16 = 1;

    /// The block id.
    #[must_use]
    pub fn id(&self, chain: Hash) -> Hash {
        domain::hash(domain::HEADER, chain, self)
    }

    /// Judges what can be judged from the bytes alone. What needs the parent (time, roots of
    /// exactly (parent.executed, executed], validator sets) or the batches is judged later.
    ///
    /// # Errors
    /// [`HeaderError`] names the first rule that is broken.
    pub fn check_shape(&self) -> Result<(), HeaderError> {
        if self.version != Self::VERSION {
            return Err(HeaderError::Version { version: self.version });
        }
        self.check_parent()?;
        let lag = self.height.0.saturating_sub(self.executed.0);
        if lag == 0 || (lag > limits::CERTIFY_LAG_MAX) {
            return Err(HeaderError::Executed { height: self.height, executed: self.executed });
        }
        let roots_max = usize::try_from(limits::CERTIFY_LAG_MAX.min(self.executed.0));
        at_most("roots", self.roots.len(), roots_max.unwrap_or(usize::MAX))?;
        at_most("batches", self.batches.len(), limits::BLOCK_BATCHES_MAX)?;
        at_most("evidence", self.evidence.len(), limits::EVIDENCE_MAX)?;
        for (index, batch) in self.batches.iter().enumerate() {
            let mut before = self.batches.iter().take(index);
            if before.any(|other| (other.author, other.seq) == (batch.author, batch.seq)) {
                return Err(HeaderError::BatchTwice { seq: batch.seq });
            }
        }
        for evidence in &self.evidence {
            evidence.check_shape()?;
        }
        Ok(())
    }

    fn check_parent(&self) -> Result<(), HeaderError> {
        match (self.height.0, &self.parent_certificate) {
            (0, _) => Err(HeaderError::HeightZero),
            (1, None) => Ok(()),
            (1, Some(_)) | (_, None) => Err(HeaderError::Certificate),
            (height, Some(certificate)) => {
                certificate.check_shape()?;
                let of_parent = certificate.height.0.checked_add(1) == Some(height)
                    && certificate.block == self.parent;
                if of_parent { Ok(()) } else { Err(HeaderError::Certificate) }
            }
        }
    }
}

const fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), HeaderError> {
    if count > limit { Err(HeaderError::Count { what, count, limit }) } else { Ok(()) }
}

/// Says what is wrong with a header before its parent or any signature is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Rules that this release does not know.
    #[error("header version {version}; this release knows {}", Header::VERSION)]
    Version {
        /// Found.
        version: u16,
    },
    /// Genesis is height 0 and has no header.
    #[error("a header of height 0; genesis has none")]
    HeightZero,
    /// Missing, there at height 1, or of another block than the parent.
    #[error("the parent's certificate is missing, superfluous or of another block")]
    Certificate,
    /// The certificate of the parent is malformed.
    #[error("parent's certificate: {0}")]
    CertificateShape(#[from] CertificateError),
    /// The header certifies its own result or one too old.
    #[error(
        "header {height} certifies up to {executed}; allowed are 1 to {} heights below",
        limits::CERTIFY_LAG_MAX
    )]
    Executed {
        /// Height of the header.
        height: Height,
        /// Newest height certified.
        executed: Height,
    },
    /// A list is too long.
    #[error("{count} {what} in a header; allowed are {limit}")]
    Count {
        /// Which list.
        what: &'static str,
        /// Entries found.
        count: usize,
        /// Entries allowed.
        limit: usize,
    },
    /// A sequence number of an author is used twice.
    #[error("batch {seq} of one author is named twice")]
    BatchTwice {
        /// The sequence number.
        seq: u64,
    },
    /// Evidence that proves nothing.
    #[error("evidence: {0}")]
    Evidence(#[from] EvidenceError),
}
