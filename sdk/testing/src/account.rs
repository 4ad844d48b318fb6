//! Accounts of a test chain.

use dure_types::{Address, PublicKey, Signature, Transaction, TransactionBody, address};
use ed25519_dalek::{Signer, SigningKey};

/// A key with its address. The same name is the same account in every test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    seed: [u8; 32],
    address: Address,
}

impl Account {
    /// Derives the account of a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let hash = dure_types::domain::blake3_hash(name.as_bytes());
        let key = SigningKey::from_bytes(&hash.0).verifying_key().to_bytes();
        Self { seed: hash.0, address: address::of_key(PublicKey::Ed25519(key)) }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a body.
    #[must_use]
    pub fn sign(&self, chain: dure_types::Hash, body: TransactionBody) -> Transaction {
        let key = SigningKey::from_bytes(&self.seed);
        let signature = key.sign(&body.signed_bytes(chain)).to_bytes();
        let key = key.verifying_key().to_bytes();
        Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
    }
}

impl From<Account> for Address {
    fn from(account: Account) -> Self {
        account.address
    }
}
