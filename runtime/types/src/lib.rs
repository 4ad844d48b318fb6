//! Consensus types of Dure and their canonical encoding.
//!
//! Everything here is SCALE, laid out in `docs/formats.md` and pinned by the golden vectors of
//! `tests/vectors`. No serde: JSON shapes live in `dure-rpc`. `no_std`, so that the light client
//! reads the same types in a browser.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::float_arithmetic
    )
)]

extern crate alloc;

pub mod account;
pub mod address;
pub mod batch;
pub mod certificate;
pub mod decode;
pub mod domain;
pub mod error;
pub mod evidence;
pub mod genesis;
pub mod header;
pub mod limits;
pub mod proof;
pub mod receipt;
pub mod transaction;
pub mod validator;
pub mod vote;

pub use dure_abi::{Address, Amount, Gas, Hash, Height, Selector, TimestampMs};

pub use account::{PublicKey, Signature};
pub use batch::{Acknowledgement, Batch, BatchHeader, BatchReference};
pub use certificate::{CommitCertificate, CommitSignature};
pub use error::{ExecutionError, LimitKind, ModuleError, SchemaError, SystemError, TrapKind};
pub use evidence::Evidence;
pub use genesis::{Genesis, Parameters, SponsorRecord, SponsoredContract, Tier};
pub use header::{Header, Roots};
pub use proof::{MerkleProof, ProofLeaf, StateProof};
pub use receipt::{Event, Failure, Outcome, Receipt, SkipReason};
pub use transaction::{Call, Lane, Nonce, Transaction, TransactionBody};
pub use validator::{ValidatorId, ValidatorRecord, ValidatorSet};
pub use vote::{Proposal, Round, Vote, VoteKind};
