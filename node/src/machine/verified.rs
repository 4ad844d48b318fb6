//! A batch of another validator, checked: every signature in bulk, outside the machine's thread.

use super::{Wire, batches::SignedHeader};
use codec::Encode;
use dure_consensus::{DECIDED_MAX, Message, ReadyBatch, Signatures};
use dure_runtime::{VerifiedTransaction, signature};
use dure_types::{
    Batch, BatchReference, Hash, ValidatorId, ValidatorSet, batch::BatchError, domain, limits,
};
use rayon::prelude::*;

/// A batch whose author signed it and whose every transaction holds. Made by [`verify_batch`]
/// alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBatch {
    pub(super) ready: ReadyBatch,
    pub(super) signed: SignedHeader,
    pub(super) bytes: Vec<u8>,
    pub(super) transactions: Vec<VerifiedTransaction>,
}

/// Says why a batch is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadBatch {
    /// The author's signature does not hold: it may be anybody's doing.
    #[error("batch {seq} of {} is not signed by its author", Hash(author.0))]
    Unsigned {
        /// Who should have signed it.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
    },
    /// The transactions are not those that the author signed: who sent it changed them.
    #[error("batch {seq} of {} was altered by who sent it", Hash(author.0))]
    Altered {
        /// Who signed it.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
    },
    /// The author signed what no honest author seals.
    #[error("batch {seq} of {}: {reason}", Hash(author.0))]
    Shape {
        /// Who signed it.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
        /// The rule that is broken.
        reason: BatchError,
    },
    /// The author signed a transaction whose signatures do not hold.
    #[error("batch {seq} of {}: transaction {index}: {reason}", Hash(author.0))]
    Transaction {
        /// Who signed the batch.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
        /// Place of the transaction in the batch.
        index: usize,
        /// What is wrong with it.
        reason: signature::SignatureError,
    },
    /// The author signed more than a batch may hold.
    #[error("batch {seq} of {} has {bytes} bytes; allowed are {}", Hash(author.0), limits::BATCH_BYTES_MAX)]
    TooLong {
        /// Who signed it.
        author: ValidatorId,
        /// Its sequence number.
        seq: u64,
        /// Its SCALE bytes.
        bytes: usize,
    },
}

impl BadBatch {
    /// Whose doing it provably is; none where the sender may have made it up.
    #[must_use]
    pub const fn culprit(&self) -> Option<ValidatorId> {
        match self {
            Self::Unsigned { .. } | Self::Altered { .. } => None,
            Self::Shape { author, .. }
            | Self::Transaction { author, .. }
            | Self::TooLong { author, .. } => Some(*author),
        }
    }
}

/// Whether the author signed the batch's header.
pub(super) fn is_signed(chain: Hash, validators: &ValidatorSet, batch: &Batch) -> bool {
    validators.get(batch.header.author).is_some_and(|author| {
        signature::holds(&author.consensus_key, &batch.header.signed_bytes(chain), &batch.signature)
    })
}

/// Checks a batch: the author's signature first, so that nobody else can make us check thousands.
///
/// # Errors
/// [`BadBatch`], whichever rule is broken first.
pub fn verify_batch(
    chain: Hash,
    validators: &ValidatorSet,
    batch: Batch,
) -> Result<VerifiedBatch, BadBatch> {
    let (author, seq) = (batch.header.author, batch.header.seq);
    if !is_signed(chain, validators, &batch) {
        return Err(BadBatch::Unsigned { author, seq });
    }
    let bytes = batch.encode();
    let before = batch.header.encoded_size() + batch.signature.encoded_size();
    let list = bytes.get(before..).unwrap_or_default();
    if batch.header.transactions != domain::blake3_hash(list) {
        return Err(BadBatch::Altered { author, seq });
    }
    batch.check_shape().map_err(|reason| BadBatch::Shape { author, seq, reason })?;
    if bytes.len() > limits::BATCH_BYTES_MAX {
        return Err(BadBatch::TooLong { author, seq, bytes: bytes.len() });
    }
    let ready = super::seal::ready(&batch.header, bytes.len(), chain);
    let signed = (batch.header, batch.signature);
    let mut transactions = Vec::with_capacity(batch.transactions.len());
    for (index, verdict) in signature::verify(chain, batch.transactions).into_iter().enumerate() {
        let bad = |reason| BadBatch::Transaction { author, seq, index, reason };
        transactions.push(verdict.map_err(bad)?);
    }
    Ok(VerifiedBatch { ready, signed, bytes, transactions })
}

/// Checks the certificates of decided headers on all cores, beside the machine's thread: what holds
/// is known to `signatures` then, and the machine does not check it again.
pub fn verify_ahead(signatures: &Signatures, chain: Hash, validators: &ValidatorSet, wire: &Wire) {
    let Wire::Consensus(Message::Decided(decided)) = wire else { return };
    decided.par_iter().take(DECIDED_MAX).for_each(|(_, certificate)| {
        // One that does not hold is the machine's to refuse.
        drop(signatures.certificate(chain, validators, certificate));
    });
}

impl VerifiedBatch {
    /// How a header names it.
    #[must_use]
    pub const fn reference(&self) -> BatchReference {
        self.ready.reference
    }
}
