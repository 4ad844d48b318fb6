//! The transaction: one or more calls, executed all or nothing.

use crate::{Address, Gas, Hash, Selector, Signature, TimestampMs, domain, limits};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Replay guard within a lane, from 1.
pub type Nonce = u64;
/// A nonce sequence of an account: 0 is its policy's, each session key has one of its own.
pub type Lane = u16;

/// What an account signs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct TransactionBody {
    /// On whose behalf the calls are made.
    pub account: Address,
    /// Nonce sequence.
    pub lane: Lane,
    /// Used once within the lane; unordered within a window of 1,024.
    pub nonce: Nonce,
    /// Last block time at which the transaction may run; at most 24 h ahead.
    pub valid_until: TimestampMs,
    /// Most gas that all calls together may use.
    pub gas_limit: Gas,
    /// Who carries the gas; none: the account's own quota.
    pub sponsor: Option<Address>,
    /// Executed in order, all or nothing.
    pub calls: Vec<Call>,
}

/// One contract invocation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Call {
    /// The contract; [`Address::SYSTEM`] for the system contract.
    pub contract: Address,
    /// First four bytes of BLAKE3 of the method's name.
    pub method: Selector,
    /// SCALE encoding of the arguments, one after another.
    pub args: Vec<u8>,
}

/// A body with the signatures over it. Unverified: see `dure_runtime::signature`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Transaction {
    /// What is signed.
    pub body: TransactionBody,
    /// Signatures with their keys, ascending by key, each key once.
    pub witness: Vec<Signature>,
}

impl TransactionBody {
    /// The bytes that are signed: tag, chain id, version, body.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        domain::message(domain::TRANSACTION, chain, self)
    }

    /// The transaction id: BLAKE3 of the signed bytes. The witness does not enter.
    #[must_use]
    pub fn id(&self, chain: Hash) -> Hash {
        domain::blake3_hash(&self.signed_bytes(chain))
    }
}

impl Transaction {
    /// Judges what can be judged from the bytes alone.
    ///
    /// # Errors
    /// [`ShapeError`] names the first limit that is broken.
    pub fn check_shape(&self) -> Result<(), ShapeError> {
        let body = &self.body;
        if body.calls.is_empty() || body.calls.len() > limits::CALLS_MAX {
            return Err(ShapeError::Calls { count: body.calls.len(), limit: limits::CALLS_MAX });
        }
        if self.witness.is_empty() || self.witness.len() > limits::SIGNATURES_MAX {
            let limit = limits::SIGNATURES_MAX;
            return Err(ShapeError::Signatures { count: self.witness.len(), limit });
        }
        if body.gas_limit.0 > limits::TRANSACTION_GAS_MAX {
            let limit = Gas(limits::TRANSACTION_GAS_MAX);
            return Err(ShapeError::GasLimit { gas_limit: body.gas_limit, limit });
        }
        if body.nonce == 0 {
            return Err(ShapeError::NonceZero);
        }
        for (call, index) in body.calls.iter().zip(0u16..) {
            let limit = if call.contract == Address::SYSTEM {
                limits::TRANSACTION_BYTES_MAX
            } else {
                limits::ARGS_BYTES_MAX
            };
            if call.args.len() > limit {
                return Err(ShapeError::Args { call: index, length: call.args.len(), limit });
            }
        }
        self.check_passkeys()?;
        let length = self.encoded_size();
        if length > limits::TRANSACTION_BYTES_MAX {
            let limit = limits::TRANSACTION_BYTES_MAX;
            return Err(ShapeError::TooLong { length, limit });
        }
        let ascending = self.witness.windows(2).all(|pair| match pair {
            [a, b] => a.key() < b.key(),
            _ => true,
        });
        if ascending { Ok(()) } else { Err(ShapeError::KeysUnordered) }
    }

    fn check_passkeys(&self) -> Result<(), ShapeError> {
        for signature in &self.witness {
            if let Signature::WebAuthn { authenticator_data, client_data, .. } = signature {
                let length = authenticator_data.len().max(client_data.len());
                if length > limits::WEBAUTHN_BYTES_MAX {
                    let limit = limits::WEBAUTHN_BYTES_MAX;
                    return Err(ShapeError::Passkey { length, limit });
                }
            }
        }
        Ok(())
    }
}

/// Says what is wrong with a transaction before any signature or state is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// No call, or too many.
    #[error("{count} calls; allowed are 1 to {limit}")]
    Calls {
        /// Calls in the transaction.
        count: usize,
        /// Calls allowed.
        limit: usize,
    },
    /// No signature, or too many.
    #[error("{count} signatures; allowed are 1 to {limit}")]
    Signatures {
        /// Signatures in the witness.
        count: usize,
        /// Signatures allowed.
        limit: usize,
    },
    /// Gas limit above a transaction's.
    #[error("gas limit {gas_limit} exceeds {limit}")]
    GasLimit {
        /// Asked for.
        gas_limit: Gas,
        /// Allowed.
        limit: Gas,
    },
    /// Nonces count from 1.
    #[error("nonce 0; nonces count from 1")]
    NonceZero,
    /// Arguments of one call too long.
    #[error("call {call} has {length} bytes of arguments; allowed are {limit}")]
    Args {
        /// Index of the call.
        call: u16,
        /// Bytes in it.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More bytes than a transaction may have, though each part is within its limit.
    #[error("{length} bytes; a transaction has {limit} at most")]
    TooLong {
        /// Bytes in it.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The data of a passkey's signature is too long.
    #[error("{length} bytes of passkey data; allowed are {limit}")]
    Passkey {
        /// Bytes of the longer part.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Keys of the witness must ascend, each once.
    #[error("the keys of the witness are not strictly ascending")]
    KeysUnordered,
}
