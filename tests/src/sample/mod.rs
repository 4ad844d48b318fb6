//! Fixed values of every consensus type. Bytes are chosen to be told apart in a hex dump; keys come
//! from seeds of one repeated byte, so that every signature is real and always the same.

mod block;
mod error;
mod genesis;
mod receipt;
mod spec;
mod transaction;

pub use block::{
    acknowledgement, batch, batch_reference, certificate, evidence, header_first, header_full,
    proposal, roots, vote,
};
pub use error::{execution_errors, module_errors, schema_errors, system_errors};
pub use genesis::{genesis, parameters, validator_set, validators};
pub use receipt::{event, outcomes, receipt_leaf};
pub use spec::contract_spec;
pub use transaction::{
    body, policies, policy_threshold, public_keys, signatures, transaction, transaction_plain,
};

use dure_types::Hash;
use ed25519_dalek::{Signer as _, SigningKey};

/// The key whose seed is this byte 32 times.
#[must_use]
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// The public half of [`key`].
#[must_use]
pub fn public(seed: u8) -> [u8; 32] {
    key(seed).verifying_key().to_bytes()
}

/// Signs with [`key`].
#[must_use]
pub fn sign(seed: u8, message: &[u8]) -> [u8; 64] {
    key(seed).sign(message).to_bytes()
}

/// Chain id of [`genesis`]: every signed sample belongs to that chain.
#[must_use]
pub fn chain() -> Hash {
    genesis().chain_id()
}
