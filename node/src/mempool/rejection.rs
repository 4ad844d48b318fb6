//! Why a transaction is not admitted. Typed and immediate; nothing is charged or changed.

use dure_types::{
    Address, Gas, Hash, TimestampMs, decode::DecodeError, transaction::Lane, transaction::Nonce,
    transaction::ShapeError,
};

/// Says why a transaction was refused at the door.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// More bytes than a transaction may have.
    #[error("transaction of {length} bytes exceeds {limit}")]
    TooLarge {
        /// Bytes received.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not the SCALE encoding of a transaction.
    #[error("transaction is malformed: {0}")]
    Malformed(DecodeError),
    /// A count or length inside it is out of bounds.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A signature does not hold for this chain. A transaction signed for another chain looks the
    /// same, since the chain id is signed but not carried.
    #[error("signature {index} does not hold for chain {chain}: {reason}")]
    BadSignature {
        /// Position in the witness.
        index: u16,
        /// Our chain.
        chain: Hash,
        /// What the check found.
        reason: String,
    },
    /// Block time is past `valid_until`.
    #[error("expired: valid until {valid_until}, time is {time}")]
    Expired {
        /// The transaction's bound.
        valid_until: TimestampMs,
        /// Time of the newest block, or our clock if that is later.
        time: TimestampMs,
    },
    /// `valid_until` is too far ahead.
    #[error("valid until {valid_until}, which is later than {latest}")]
    ValidTooLong {
        /// The transaction's bound.
        valid_until: TimestampMs,
        /// Latest that is accepted now.
        latest: TimestampMs,
    },
    /// The nonce was used by another transaction.
    #[error("nonce {nonce} of lane {lane} is used")]
    NonceUsed {
        /// The lane.
        lane: Lane,
        /// The nonce.
        nonce: Nonce,
    },
    /// The nonce is held by another transaction that waits.
    #[error("nonce {nonce} of lane {lane} is held by the waiting transaction {by}")]
    NoncePending {
        /// The lane.
        lane: Lane,
        /// The nonce.
        nonce: Nonce,
        /// The other transaction.
        by: Hash,
    },
    /// The nonce is below the lane's window.
    #[error("nonce {nonce} of lane {lane} is below {lowest}")]
    NonceTooOld {
        /// The lane.
        lane: Lane,
        /// The nonce.
        nonce: Nonce,
        /// Lowest that may still be used.
        lowest: Nonce,
    },
    /// The nonce is above the lane's window.
    #[error("nonce {nonce} of lane {lane} is above {highest}")]
    NonceTooHigh {
        /// The lane.
        lane: Lane,
        /// The nonce.
        nonce: Nonce,
        /// Highest that may be used now.
        highest: Nonce,
    },
    /// The signers may not act for the account.
    #[error("the signers may not act for account {account}")]
    NotAuthorised {
        /// The account.
        account: Address,
    },
    /// The account's policy or lane is in the format but not active on this chain.
    #[error("the account policy is not active on this chain")]
    PolicyNotActive,
    /// Nobody with that address carries others' gas.
    #[error("sponsor {sponsor} is unknown")]
    UnknownSponsor {
        /// The address.
        sponsor: Address,
    },
    /// The sponsor did not consent to these calls or this account.
    #[error("sponsor {sponsor} does not cover the transaction")]
    SponsorRefuses {
        /// The sponsor.
        sponsor: Address,
    },
    /// The quota, the account's own or the sponsor's, does not hold the gas limit now.
    #[error("gas limit {gas_limit} exceeds the quota left, {left}")]
    QuotaExhausted {
        /// Asked for.
        gas_limit: Gas,
        /// Left.
        left: Gas,
    },
    /// The gas limit does not pay for the transaction's bytes.
    #[error("gas limit {gas_limit} is below the base cost {base}")]
    GasTooLow {
        /// Asked for.
        gas_limit: Gas,
        /// Least.
        base: Gas,
    },
    /// The gas limit is above a whole block's.
    #[error("gas limit {gas_limit} exceeds a block's {limit}")]
    GasAboveBlock {
        /// Asked for.
        gas_limit: Gas,
        /// A block's.
        limit: Gas,
    },
    /// Too many transactions wait; send again later.
    #[error("mempool is full: {value} {what}, limit {limit}")]
    MempoolFull {
        /// What is counted: transactions, bytes, or transactions of the account.
        what: &'static str,
        /// Counted, this one included.
        value: usize,
        /// Allowed.
        limit: usize,
    },
    /// The node is stopping, or had to stop.
    #[error("the node is stopping")]
    Stopping,
}
