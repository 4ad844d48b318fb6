//! What becomes of a transaction in a block.

use crate::{Address, ExecutionError, Gas, Hash, Selector};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Outcome of a transaction in a block. The receipts root is the RFC 6962 tree (BLAKE3) over the
/// leaves `SCALE(index: u32, transaction id, outcome)` in block order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum Outcome {
    /// It ran: well or not, its nonce is used and its gas charged.
    Receipt(Receipt),
    /// It never ran; nothing changed, and a later copy may still run.
    Skipped(SkipReason),
}

impl Outcome {
    /// How many events it has.
    #[must_use]
    pub const fn events(&self) -> u32 {
        match self {
            Self::Receipt(receipt) => receipt.events,
            Self::Skipped(_) => 0,
        }
    }
}

/// Result of a transaction that ran.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Receipt {
    /// The output of each call, or what stopped the transaction.
    pub result: Result<Vec<Vec<u8>>, Failure>,
    /// Gas that execution used.
    pub gas_used: Gas,
    /// Gas taken from the quota: max(used, limit / 4).
    pub gas_charged: Gas,
    /// Number of events; the first has the number after the previous transaction's last.
    pub events: u32,
    /// RFC 6962 root over the SCALE bytes of each event; of no event: BLAKE3 of nothing.
    pub events_root: Hash,
}

/// Which call stopped the transaction, and why.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Failure {
    /// Index of the call.
    pub call: u16,
    /// What was wrong.
    pub error: ExecutionError,
}

/// Why a transaction in a block did not run. One byte; counted against the batch's author.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, thiserror::Error,
)]
#[repr(u8)]
pub enum SkipReason {
    /// The lane's nonce is used: by this very transaction or by another one.
    #[error("the nonce is used already")]
    Duplicate,
    /// The nonce is more than the window below the lane's highest.
    #[error("the nonce is below the lane's window")]
    NonceTooOld,
    /// The nonce is more than the window above the lane's highest.
    #[error("the nonce is above the lane's window")]
    NonceTooHigh,
    /// The block's time is past `valid_until`.
    #[error("the transaction had expired at the block's time")]
    Expired,
    /// `valid_until` is more than 24 hours after the block's time.
    #[error("valid_until is more than 24 hours ahead")]
    ValidTooLong,
    /// The keys of the witness may not act for the account.
    #[error("the signers may not act for the account")]
    NotAuthorised,
    /// The policy or lane exists in the format but is not active on this chain.
    #[error("the account policy is not active on this chain")]
    PolicyNotActive,
    /// The quota does not hold the gas limit.
    #[error("the quota is exhausted")]
    QuotaExhausted,
    /// No such sponsor.
    #[error("the sponsor is unknown")]
    UnknownSponsor,
    /// The sponsor did not consent to these calls or this account.
    #[error("the sponsor does not cover the transaction")]
    SponsorRefuses,
    /// The sponsor's allowance for this account or in total is used up today.
    #[error("the sponsor's allowance is exhausted")]
    SponsorExhausted,
    /// The gas limit is below what the transaction costs before it runs.
    #[error("the gas limit does not cover the base cost")]
    GasTooLow,
    /// The block's gas was used up by the transactions before it.
    #[error("the block's gas is used up")]
    BlockFull,
}

/// Something that a contract reports. Numbered by (height, index in block).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct Event {
    /// Who emitted it.
    pub contract: Address,
    /// First four bytes of BLAKE3 of the event's name.
    pub topic: Selector,
    /// SCALE encoding of its fields.
    pub data: Vec<u8>,
}
