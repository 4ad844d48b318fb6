//! The log of one height: what a node must find again after a crash, to vote as it voted.
//!
//! Every input that a vote of ours may depend on is recorded before the vote, and our own votes and
//! proposals too: they are the signer's mark. Everything up to a vote is durable before the vote
//! leaves. Replayed in order, the records bring the core to where it was: it derives the same
//! votes, finds them recorded, and sends them with the recorded signature.

use crate::{message::Polka, timeout::Timeout};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode};
use dure_types::{Hash, Header, Height, Proposal, ValidatorId, Vote, VoteKind, vote::Round};

/// Bytes that the log of one height may take, each record with 64 more for the store. A node whose
/// log is full falls silent and follows.
pub const LOG_BYTES_MAX: usize = 50_331_648;
/// What a store may write beside a record.
pub(crate) const ENTRY_HEAD_BYTES: usize = 64;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Record {
    /// Always the first: the height, and the block that it builds upon.
    Begin {
        /// The height.
        height: Height,
        /// Id of the block before, or the chain id.
        parent: Hash,
    },
    /// A header that we hold for valid.
    Header(Box<Header>),
    /// Our verdict on a proposed block.
    Verdict {
        /// Round of the proposal.
        round: Round,
        /// Who proposed it.
        proposer: ValidatorId,
        /// The block.
        block: Hash,
        /// Whether it is valid.
        valid: bool,
    },
    /// A verified proposal.
    Proposal(Proposal),
    /// A verified vote.
    Vote(Vote),
    /// The end of waiting.
    Timeout(Timeout),
    /// A verified polka.
    Polka(Polka),
}

impl Record {
    /// Whether it bears the signature of a validator.
    pub(crate) fn is_of(&self, validator: ValidatorId) -> bool {
        match self {
            Self::Vote(vote) => vote.validator == validator,
            Self::Proposal(proposal) => proposal.validator == validator,
            _ => false,
        }
    }
}

/// The records of the newest height that this node took part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The height.
    pub height: Height,
    /// Id of the block before.
    pub parent: Hash,
    /// What follows the first record, in order.
    pub records: Vec<Record>,
}

impl Log {
    /// Decodes the entries that the store kept; none where there are none.
    ///
    /// # Errors
    /// [`LogError`]: an entry whose checksum held means nothing, so the store is not ours.
    pub fn decode(entries: &[Vec<u8>]) -> Result<Option<Self>, LogError> {
        let mut records = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let record = Record::decode_all(&mut entry.as_slice());
            records.push(record.map_err(|_| LogError::Malformed { index })?);
        }
        let mut records = records.into_iter();
        match records.next() {
            None => Ok(None),
            Some(Record::Begin { height, parent }) => {
                Ok(Some(Self { height, parent, records: records.collect() }))
            }
            Some(_) => Err(LogError::Headless),
        }
    }

    /// Headers that we held for valid, and may have voted for.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        self.records.iter().filter_map(|record| match record {
            Record::Header(header) => Some(header.as_ref()),
            _ => None,
        })
    }

    /// The block that `validator` precommitted in a round, if it did.
    #[must_use]
    pub fn precommit(&self, validator: ValidatorId, round: Round) -> Option<Hash> {
        self.records.iter().find_map(|record| match record {
            Record::Vote(vote) => {
                let ours = vote.validator == validator && vote.kind == VoteKind::Precommit;
                vote.block.filter(|_| ours && vote.round == round)
            }
            _ => None,
        })
    }
}

/// Says why a log is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// An entry does not decode.
    #[error("entry {index} of the log does not decode")]
    Malformed {
        /// Which, from 0.
        index: usize,
    },
    /// The first entry does not say the height.
    #[error("the log does not begin with its height")]
    Headless,
}
