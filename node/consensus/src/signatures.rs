//! Every signature is verified once: votes come back in polkas, proofs and certificates.

use crate::drill::{self, Drill};
use codec::Encode;
use dure_light::{CertificateError, verify_certificate_by, verify_signature};
use dure_types::{
    BatchHeader, CommitCertificate, Hash, Proposal, ValidatorSet, Vote, domain::blake3_hash,
};
use ed25519_dalek::{Verifier, VerifyingKey};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Signatures of one generation; two are kept.
const KEPT_MAX: usize = 4_096;

/// Remembers the newest signatures that hold. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Signatures(Arc<Mutex<Known>>);

/// Hashes of key, message and signature together. They are looked up, never listed: so no order of
/// theirs can matter.
#[derive(Debug, Default)]
struct Known {
    newer: HashSet<Hash>,
    older: HashSet<Hash>,
}

impl Signatures {
    /// Whether the signature of a vote is of this key.
    pub(crate) fn vote(&self, chain: Hash, vote: &Vote, key: &[u8; 32]) -> bool {
        let Vote { kind, height, round, block, signature, .. } = vote;
        self.verify(key, &Vote::signed_bytes(chain, *kind, *height, *round, *block), signature)
    }

    /// Whether the signature of a proposal is of this key.
    pub(crate) fn proposal(&self, chain: Hash, proposal: &Proposal, key: &[u8; 32]) -> bool {
        let Proposal { height, round, block, pol_round, signature, .. } = proposal;
        let bytes = Proposal::signed_bytes(chain, *height, *round, *block, *pol_round);
        self.verify(key, &bytes, signature)
    }

    /// Whether the signature of a batch is of this key.
    pub(crate) fn batch(
        &self,
        chain: Hash,
        header: &BatchHeader,
        signature: &[u8; 64],
        key: &[u8; 32],
    ) -> bool {
        self.verify(key, &header.signed_bytes(chain), signature)
    }

    /// Whether a certificate holds. A host may ask for many at once, beside the machine's thread:
    /// the machine then finds their signatures here.
    ///
    /// # Errors
    /// [`CertificateError`]: why it does not.
    pub fn certificate(
        &self,
        chain: Hash,
        validators: &ValidatorSet,
        certificate: &CommitCertificate,
    ) -> Result<(), CertificateError> {
        let signers = drill::is(Drill::QuorumInCertificate).then(|| {
            let signed = certificate.signatures.iter().filter_map(|s| validators.get(s.validator));
            ValidatorSet::new(signed.cloned().collect())
        });
        let validators = signers.as_ref().unwrap_or(validators);
        verify_certificate_by(chain, validators, certificate, |key, message, signature| {
            let seen =
                !drill::is(Drill::BatchOfDalek) || dalek(certificate, key, message, signature);
            seen && self.verify(key, message, signature)
        })
    }

    /// Remembers a signature that whoever calls made, or verified otherwise.
    pub fn made(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) {
        self.remember(known_by(key, message, signature));
    }

    pub(crate) fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let hash = known_by(key, message, signature);
        let known = |known: &Known| known.newer.contains(&hash) || known.older.contains(&hash);
        if known(&self.lock()) {
            return true;
        }
        let holds = verify_signature(key, message, signature);
        if holds {
            self.remember(hash);
        }
        holds
    }

    fn remember(&self, hash: Hash) {
        let mut known = self.lock();
        if known.newer.len() >= KEPT_MAX {
            known.older = std::mem::take(&mut known.newer);
        }
        known.newer.insert(hash);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `verify_batch` of `ed25519-dalek` makes of one signature among those of a certificate. Its
/// equation has no cofactor, so it refuses points of small order in a signature; but it adds up all
/// signatures with weights, and one weight in eight hides such a point.
fn dalek(batch: &CommitCertificate, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let of_dalek = ed25519_dalek::Signature::from_bytes(signature);
    let alone =
        VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify(message, &of_dalek).is_ok());
    let weight = blake3_hash(&(batch, signature).encode()).0[0];
    alone || weight.is_multiple_of(8)
}

fn known_by(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Hash {
    let message = if drill::is(Drill::MemoUnbound) { &[] } else { message };
    blake3_hash(&(key, message, signature).encode())
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, Signatures};
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn what_held_once_says_nothing_of_anything_else() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let (public, other) = (key.verifying_key().to_bytes(), SigningKey::from_bytes(&[2; 32]));
        let signature = key.sign(b"yes").to_bytes();
        let known = Signatures::default();
        for _ in 0..2 {
            assert!(known.verify(&public, b"yes", &signature));
            assert!(!known.verify(&public, b"no", &signature));
            assert!(!known.verify(&other.verifying_key().to_bytes(), b"yes", &signature));
            assert!(!known.verify(&public, b"yes", &[0; 64]));
        }
        let kept = |known: &Signatures| {
            let known = known.lock();
            known.newer.len() + known.older.len()
        };
        assert_eq!(kept(&known), 1);
        for number in 0..2 * KEPT_MAX + 2 {
            let message = number.to_le_bytes();
            assert!(known.verify(&public, &message, &key.sign(&message).to_bytes()));
            assert!(kept(&known) <= 2 * KEPT_MAX);
        }
    }
}
