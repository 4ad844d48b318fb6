//! Verification without trust: what a browser, a kiosk or another chain needs to believe a
//! validator set and nobody else.
//!
//! [`verify_next_validators`] leads from the validators of genesis to those of any height, header by
//! header; [`verify_certificate`] shows that a block id is final; the header with that id holds roots;
//! [`verify_state_proof`] and [`verify_receipt_proof`] show that an entry or an outcome stands
//! under a root. The definitions of the two trees live here too ([`state`], [`merkle`]) and the
//! runtime computes roots with them, so that prover and verifier cannot drift apart.
//!
//! **Invariant:** no std, no I/O, no state, no randomness. Work is bounded by the limits of
//! `dure-types`, whatever the proof says; nothing panics on hostile input.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    not(test),
    deny(
        unsafe_code,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::float_arithmetic
    )
)]

mod certificate;
mod follow;
mod key;
pub mod merkle;
pub mod state;

pub use certificate::{CertificateError, verify_certificate, verify_certificate_by};
pub use follow::{FollowError, verify_next_validators};
pub use key::{is_weak, verify_signature};
pub use merkle::{MerkleProofError, verify_merkle_proof, verify_receipt_proof};
pub use state::{StateProofError, verify_state_proof};
