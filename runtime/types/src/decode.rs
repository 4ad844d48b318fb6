//! Decoding of bytes that came from outside: bounded in length and in memory.

use crate::{
    Acknowledgement, Batch, CommitCertificate, Genesis, Header, MerkleProof, Proposal, StateProof,
    Transaction, Vote, limits,
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::{DecodeWithMemLimit, DecodeWithMemTracking};

/// Says why bytes are not the value they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than allowed; nothing was decoded.
    #[error("{length} bytes exceed the limit of {limit}")]
    TooLong {
        /// Bytes received.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Truncated, out of range, or it would take too much memory.
    #[error("malformed SCALE: {0}")]
    Malformed(String),
    /// The value ended before the bytes did.
    #[error("{extra} bytes are left over after the value")]
    LeftOver {
        /// Bytes that belong to nothing.
        extra: usize,
    },
}

/// Decodes exactly one value from at most `limit` bytes.
///
/// What is allocated is bounded by 16 times the bytes given and 64 KiB (twice that while a list
/// grows), so that no count field can make a node allocate what was never sent. The stack is
/// bounded by the types: none of them contains itself. An accepted value has exactly one encoding,
/// so `encode` gives the same bytes back.
///
/// # Errors
/// [`DecodeError`], whichever bound is hit first.
pub fn decode<T: DecodeWithMemTracking>(bytes: &[u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { length: bytes.len(), limit });
    }
    let memory = bytes.len().saturating_mul(16).saturating_add(65_536);
    let mut rest = bytes;
    let value = T::decode_with_mem_limit(&mut rest, memory)
        .map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::LeftOver { extra: rest.len() }) }
}

/// Bytes of one acknowledgement.
const ACKNOWLEDGEMENT_BYTES: usize = 72;

/// Decodes acknowledgements that a peer sent in one message.
///
/// # Errors
/// [`DecodeError`] when they are too many or malformed.
pub fn acknowledgements(bytes: &[u8]) -> Result<Vec<Acknowledgement>, DecodeError> {
    let limit =
        limits::ACKNOWLEDGEMENTS_MAX.saturating_mul(ACKNOWLEDGEMENT_BYTES).saturating_add(4);
    decode(bytes, limit)
}

/// The one list of what arrives from outside, each with its greatest length.
macro_rules! from_bytes {
    ($($name:ident: $limit:ident),* $(,)?) => {$(
        impl $name {
            /// Decodes what came from outside, within the limit of its kind.
            ///
            /// # Errors
            /// [`DecodeError`] when it is too long or malformed.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                decode(bytes, limits::$limit)
            }
        }
    )*};
}

from_bytes! {
    Transaction: TRANSACTION_BYTES_MAX,
    Batch: BATCH_BYTES_MAX,
    Header: HEADER_BYTES_MAX,
    CommitCertificate: CERTIFICATE_BYTES_MAX,
    Vote: VOTE_BYTES_MAX,
    Proposal: PROPOSAL_BYTES_MAX,
    Genesis: GENESIS_BYTES_MAX,
    StateProof: STATE_PROOF_BYTES_MAX,
    MerkleProof: MERKLE_PROOF_BYTES_MAX,
}
