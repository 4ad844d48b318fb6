//! Who signs for a validator: a key in this process, or a program that keeps it elsewhere.

use crate::{SignRequest, Signatures};
use dure_types::{BatchHeader, Hash};
use ed25519_dalek::SigningKey;
use std::fmt;

/// What the consensus key signs, and nothing else. A signer elsewhere sees what it is, and may keep
/// a mark of its own.
#[derive(Clone, Copy, Debug)]
pub enum ToSign<'a> {
    /// A vote or a proposal.
    Ordering(SignRequest),
    /// A batch of our own.
    Batch(&'a BatchHeader),
}

impl ToSign<'_> {
    /// The bytes that are signed.
    #[must_use]
    pub fn signed_bytes(&self, chain: Hash) -> Vec<u8> {
        match self {
            Self::Ordering(request) => request.signed_bytes(chain),
            Self::Batch(header) => header.signed_bytes(chain),
        }
    }
}

/// Holds a consensus key.
pub trait Signer: fmt::Debug + Send {
    /// The public half, 32 bytes of Ed25519.
    fn public_key(&self) -> [u8; 32];

    /// Signs for a chain.
    ///
    /// # Errors
    /// [`SignerError::Refused`]: it may not or cannot; the node stops.
    fn sign(&self, chain: Hash, what: ToSign<'_>) -> Result<[u8; 64], SignerError>;
}

/// A key that was read from a file.
impl Signer for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        self.verifying_key().to_bytes()
    }

    fn sign(&self, chain: Hash, what: ToSign<'_>) -> Result<[u8; 64], SignerError> {
        let signature = ed25519_dalek::Signer::sign(self, &what.signed_bytes(chain));
        Ok(signature.to_bytes())
    }
}

/// A signer each of whose signatures is verified once, before it is used: what we sent would else
/// be taken for the word of a liar.
#[derive(Debug)]
pub struct Checked {
    chain: Hash,
    public_key: [u8; 32],
    signer: Box<dyn Signer>,
    signatures: Signatures,
}

impl Checked {
    /// Signs for one chain. What is verified is remembered, since it comes back in certificates.
    #[must_use]
    pub fn new(chain: Hash, signer: Box<dyn Signer>, signatures: Signatures) -> Self {
        Self { chain, public_key: signer.public_key(), signer, signatures }
    }

    /// Signs, and verifies the signature.
    ///
    /// # Errors
    /// [`SignerError`]: nothing may be sent; the node stops.
    pub fn sign(&self, what: ToSign<'_>) -> Result<[u8; 64], SignerError> {
        let signature = self.signer.sign(self.chain, what)?;
        let bytes = what.signed_bytes(self.chain);
        match self.signatures.verify(&self.public_key, &bytes, &signature) {
            true => Ok(signature),
            false => Err(SignerError::Wrong),
        }
    }
}

/// Why there is no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The signer may not sign this, or cannot be reached.
    #[error("the signer refuses: {reason}")]
    Refused {
        /// What it says.
        reason: String,
    },
    /// What it returned is no signature of its key.
    #[error("the signer returned a signature that does not hold")]
    Wrong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_light::verify_signature;
    use dure_types::{Height, VoteKind};

    /// Signs with another key than it says.
    #[derive(Debug)]
    struct Mistaken([SigningKey; 2]);

    impl Signer for Mistaken {
        fn public_key(&self) -> [u8; 32] {
            self.0[0].public_key()
        }

        fn sign(&self, chain: Hash, what: ToSign<'_>) -> Result<[u8; 64], SignerError> {
            self.0[1].sign(chain, what)
        }
    }

    #[test]
    fn signature_that_does_not_hold_is_not_handed_on() {
        let keys = [1, 2].map(|n| SigningKey::from_bytes(&[n; 32]));
        let vote = SignRequest::Vote((VoteKind::Prevote, Height(1), 0, None));
        let chain = Hash([3; 32]);
        let known = Signatures::default();
        let key = Checked::new(chain, Box::new(keys[0].clone()), known.clone());
        let signature = key.sign(ToSign::Ordering(vote)).unwrap();
        let bytes = vote.signed_bytes(chain);
        assert!(verify_signature(&keys[0].public_key(), &bytes, &signature));
        let mistaken = Checked::new(chain, Box::new(Mistaken(keys)), known);
        assert_eq!(mistaken.sign(ToSign::Ordering(vote)), Err(SignerError::Wrong));
    }
}
