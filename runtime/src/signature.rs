//! Signatures of transactions: ZIP-215, in bulk, one at a time only when the bulk fails.
//!
//! Batch and single checking agree under ZIP-215 and only there (DESIGN D4): both accept exactly
//! what satisfies `[8][s]B = [8]R + [8][k]A`. So a transaction is valid or not whichever way a
//! validator looked at it. The bulk check's random coefficients come from ChaCha keyed by BLAKE3
//! over everything in the bulk: nobody can choose a signature after seeing its coefficient, and
//! no entropy source is needed.
//!
//! **Deviation from ZIP-215:** keys of small order are refused. A signature of such a key fits
//! many messages, so it proves nothing about who signed.

use codec::Encode;
use dure_light::is_weak;
use dure_types::{
    Hash, PublicKey, Signature, Transaction, TransactionBody, transaction::ShapeError,
};
use ed25519_zebra::{
    VerificationKeyBytes,
    batch::{Item, Verifier},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rayon::prelude::*;

/// Transactions checked in one bulk. It does not depend on the number of threads, so that the
/// work done for a batch is the same on every machine. Above 256 the cost of a signature falls by
/// a mere 7 %, while one bad signature makes the whole chunk fall back.
const CHUNK: usize = 256;

/// A transaction whose shape is right and whose signatures hold on one chain.
///
/// Made by [`verify`] alone: who holds one need not check again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTransaction {
    id: Hash,
    encoded_len: usize,
    signers: Vec<PublicKey>,
    transaction: Transaction,
}

impl VerifiedTransaction {
    /// The transaction id on the chain that it was verified for.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// What was signed.
    #[must_use]
    pub const fn body(&self) -> &TransactionBody {
        &self.transaction.body
    }

    /// The keys that signed, ascending, each once. Whether they may act for the account is judged
    /// at execution.
    #[must_use]
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// Bytes of the transaction, SCALE-encoded, witness included.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.encoded_len
    }

    /// The transaction as it came.
    #[must_use]
    pub const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Gives the transaction back, to be sent on or stored.
    #[must_use]
    pub fn into_transaction(self) -> Transaction {
        self.transaction
    }
}

/// Says why a transaction is worth nothing on this chain, whatever the state is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A limit of the format is broken; no signature was looked at.
    #[error("transaction is out of shape: {0}")]
    Shape(#[from] ShapeError),
    /// The format knows this kind of signature, this release does not accept it yet.
    #[error("signature {index} is of a policy that is not active on this chain")]
    PolicyNotActive {
        /// Its place in the witness.
        index: u16,
    },
    /// The key has small order: its signatures prove nothing.
    #[error("key {} of signature {index} is weak", Hash(*key))]
    WeakKey {
        /// Its place in the witness.
        index: u16,
        /// The key.
        key: [u8; 32],
    },
    /// The signature does not hold: another body, another chain id, another key, or no key.
    #[error("signature {index} does not hold for key {} on this chain", Hash(*key))]
    Invalid {
        /// Its place in the witness.
        index: u16,
        /// The key.
        key: [u8; 32],
    },
}

/// Whether `signature` over `message` is that of `key`: one signature alone, for contracts.
///
/// The rules are those of transactions: ZIP-215, weak keys refused.
#[must_use]
pub fn holds(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    dure_light::verify_signature(key, message, signature)
}

/// Checks shape and signatures of many transactions at once; answers in their order.
///
/// # Determinism
/// Depends on `chain` and the bytes of each transaction: not on its neighbours, on the number of
/// threads, or on whether the bulk or the single check answered (but for odds of 2^-120).
#[must_use]
pub fn verify(
    chain: Hash,
    transactions: Vec<Transaction>,
) -> Vec<Result<VerifiedTransaction, SignatureError>> {
    if transactions.len() <= CHUNK {
        return verify_chunk(chain, transactions);
    }
    transactions
        .into_par_iter()
        .chunks(CHUNK)
        .flat_map_iter(|chunk| verify_chunk(chain, chunk))
        .collect()
}

/// One signature, ready to be checked.
struct Check {
    index: u16,
    key: [u8; 32],
    item: Item,
}

/// A transaction of which all but the curve arithmetic is done.
type Prepared = Result<(VerifiedTransaction, Vec<Check>), SignatureError>;

fn verify_chunk(
    chain: Hash,
    transactions: Vec<Transaction>,
) -> Vec<Result<VerifiedTransaction, SignatureError>> {
    let mut seed = blake3::Hasher::new();
    let mut bulk = Verifier::new();
    let mut queued = 0usize;
    let prepared: Vec<Prepared> = transactions
        .into_iter()
        .map(|transaction| {
            let (verified, checks) = prepare(chain, transaction)?;
            seed.update(&verified.id.0);
            for (check, signature) in checks.iter().zip(&verified.transaction.witness) {
                // Key and R and s; with the id before them, everything that the bulk depends on.
                signature.using_encoded(|bytes| {
                    seed.update(bytes);
                });
                bulk.queue(check.item.clone());
                queued = queued.saturating_add(1);
            }
            Ok((verified, checks))
        })
        .collect();

    let coefficients = ChaCha20Rng::from_seed(*seed.finalize().as_bytes());
    // The single check of one signature is cheaper than a bulk of one.
    let all_hold = queued > 1 && bulk.verify(coefficients).is_ok();
    prepared
        .into_iter()
        .map(|prepared| {
            let (verified, checks) = prepared?;
            if !all_hold {
                checks.into_iter().try_for_each(check_single)?;
            }
            Ok(verified)
        })
        .collect()
}

/// Does everything but the curve arithmetic.
fn prepare(chain: Hash, transaction: Transaction) -> Prepared {
    transaction.check_shape()?;
    let message = transaction.body.signed_bytes(chain);
    let mut checks = Vec::with_capacity(transaction.witness.len());
    for (signature, index) in transaction.witness.iter().zip(0u16..) {
        let (key, signature) = match signature {
            Signature::Ed25519 { key, signature } => (*key, signature),
            Signature::WebAuthn { .. } => return Err(SignatureError::PolicyNotActive { index }),
        };
        if is_weak(&key) {
            return Err(SignatureError::WeakKey { index, key });
        }
        let signature = ed25519_zebra::Signature::from_bytes(signature);
        let item = Item::from((VerificationKeyBytes::from(key), signature, &message[..]));
        checks.push(Check { index, key, item });
    }
    let verified = VerifiedTransaction {
        id: dure_types::domain::blake3_hash(&message),
        encoded_len: transaction.encoded_size(),
        signers: transaction.witness.iter().map(Signature::key).collect(),
        transaction,
    };
    Ok((verified, checks))
}

fn check_single(check: Check) -> Result<(), SignatureError> {
    let Check { index, key, item } = check;
    item.verify_single().map_err(|_| SignatureError::Invalid { index, key })
}
