//! Keys, signatures and the policy that says who may act for an account.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// A key that can sign for an account.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, DecodeWithMemTracking,
)]
pub enum PublicKey {
    /// Ed25519, compressed, ZIP-215 semantics, weak keys refused.
    Ed25519([u8; 32]),
    /// P-256, SEC 1 compressed; used through WebAuthn (a passkey).
    P256([u8; 33]),
}

/// A signature with the key that made it, so that a transaction is checked without state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Signature {
    /// Over the signed bytes themselves.
    Ed25519 {
        /// The signer.
        key: [u8; 32],
        /// R and s.
        signature: [u8; 64],
    },
    /// WebAuthn assertion whose challenge is the transaction id.
    WebAuthn {
        /// The signer, P-256, SEC 1 compressed.
        key: [u8; 33],
        /// `authenticatorData` as the authenticator returned it.
        authenticator_data: Vec<u8>,
        /// `clientDataJSON` as the browser returned it.
        client_data: Vec<u8>,
        /// r and s.
        signature: [u8; 64],
    },
}

impl Signature {
    /// The key that made the signature.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        match self {
            Self::Ed25519 { key, .. } => PublicKey::Ed25519(*key),
            Self::WebAuthn { key, .. } => PublicKey::P256(*key),
        }
    }
}

/// Who may act for an account on lane 0. Its hash is the account's address.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Policy {
    /// One key.
    Key(PublicKey),
    /// Weighted m-of-n; keys ascending, each once.
    Threshold {
        /// Weights of the signers must reach this.
        threshold: u32,
        /// Keys and their weights.
        keys: Vec<(PublicKey, u32)>,
    },
}
