//! Batches: transactions that one validator sealed and spread before they are ordered.

use crate::{Gas, Hash, Height, Transaction, ValidatorId, domain, limits, transaction::ShapeError};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// What an author signs of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct BatchHeader {
    /// Who sealed it.
    pub author: ValidatorId,
    /// The author's sequence number, from 1; used once.
    pub seq: u64,
    /// Last height whose header may name it.
    pub expiry_height: Height,
    /// Gas limits of its transactions, added.
    pub gas_limit_sum: Gas,
    /// Number of transactions.
    pub count: u32,
    /// SCALE bytes of the transaction list.
    pub length: u32,
    /// BLAKE3 of the SCALE bytes of the transaction list.
    pub transactions: Hash,
}

/// A sealed batch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Batch {
    /// What is signed.
    pub header: BatchHeader,
    /// The author's Ed25519 signature over [`BatchHeader::signed_bytes`].
    pub signature: [u8; 64],
    /// In the author's order.
    pub transactions: Vec<Transaction>,
}

/// How a header names a batch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking,
)]
pub struct BatchReference {
    /// Who sealed it.
    pub author: ValidatorId,
    /// The author's sequence number.
    pub seq: u64,
    /// Batch id.
    pub id: Hash,
}

/// "I hold this batch, verified and durable." Unsigned: the stream it comes on is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Acknowledgement {
    /// The batch's author.
    pub author: ValidatorId,
    /// The author's sequence number.
    pub seq: u64,
    /// Batch id.
    pub id: Hash,
}

impl BatchHeader {
    /// Describes a list of transactions. `count` and `length` stop at their type's greatest value,
    /// far above the limits that [`Batch::check_shape`] enforces.
    #[must_use]
    pub fn of(
        author: ValidatorId,
        seq: u64,
        expiry_height: Height,
        transactions: &[Transaction],
    ) -> Self {
        let bytes = transactions.encode();
        let gas_limit_sum = transactions
            .iter()
            .fold(Gas::ZERO, |sum, transaction| sum.saturating_add(transaction.body.gas_limit));
        Self {
            author,
            seq,
            expiry_height,
            gas_limit_sum,
            count: u32::try_from(transactions.len()).unwrap_or(u32::MAX),
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            transactions: domain::blake3_hash(&bytes),
        }
    }

    /// The bytes that the author signs.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        domain::message(domain::BATCH, chain, self)
    }

    /// The batch id: BLAKE3 of the signed bytes.
    #[must_use]
    pub fn id(&self, chain: Hash) -> Hash {
        domain::blake3_hash(&self.signed_bytes(chain))
    }

    /// How a block's header names it.
    #[must_use]
    pub fn reference(&self, chain: Hash) -> BatchReference {
        BatchReference { author: self.author, seq: self.seq, id: self.id(chain) }
    }
}

impl Batch {
    /// Judges what can be judged from the bytes alone, except signatures: that the header
    /// describes the transactions, and that each of them is well-formed.
    ///
    /// # Errors
    /// [`BatchError`] names the first rule that is broken.
    pub fn check_shape(&self) -> Result<(), BatchError> {
        let count = self.transactions.len();
        let limit = limits::BATCH_TRANSACTIONS_MAX;
        if count == 0 || count > limit {
            return Err(BatchError::Count { count, limit });
        }
        if self.header.seq == 0 {
            return Err(BatchError::SeqZero);
        }
        let header = &self.header;
        let described =
            BatchHeader::of(header.author, header.seq, header.expiry_height, &self.transactions);
        if *header != described {
            return Err(BatchError::Header);
        }
        for (transaction, index) in self.transactions.iter().zip(0u32..) {
            transaction.check_shape().map_err(|error| BatchError::Transaction { index, error })?;
        }
        Ok(())
    }
}

/// Says what is wrong with a batch before any signature is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// No transaction, or too many.
    #[error("{count} transactions in a batch; allowed are 1 to {limit}")]
    Count {
        /// Transactions in the batch.
        count: usize,
        /// Transactions allowed.
        limit: usize,
    },
    /// Sequence numbers count from 1.
    #[error("batch sequence number 0; they count from 1")]
    SeqZero,
    /// Count, length, gas or hash is not that of the transactions.
    #[error("the batch's header does not describe its transactions")]
    Header,
    /// A transaction is malformed; an honest author never seals it.
    #[error("transaction {index} of the batch: {error}")]
    Transaction {
        /// Its place in the batch.
        index: u32,
        /// What is wrong with it.
        error: ShapeError,
    },
}
