//! The node's own errors as those of the RPC table.

use crate::{fault::Fault, mempool::Rejection};
use dure_rpc::RpcError;
use dure_types::{decode::DecodeError, transaction::ShapeError};

/// A read that met a fault: the log has it, the caller learns only that it is not theirs.
pub(super) fn of_fault(fault: Fault) -> RpcError {
    if fault == Fault::Stopped {
        return RpcError::Stopping;
    }
    tracing::error!(%fault, "a read failed");
    named(&fault)
}

/// What clients are told of a fault: that the disk is full, or no more than that there is one.
pub(super) fn named(fault: &Fault) -> RpcError {
    if fault.is_disk_full() { RpcError::DiskFull } else { RpcError::InternalError }
}

/// Why a node that stops serves no more: a fault of its disk, or that it was told to.
pub(super) fn of_stop(reason: Option<Fault>) -> RpcError {
    match reason {
        Some(fault) if fault.is_disk_full() => RpcError::DiskFull,
        _ => RpcError::Stopping,
    }
}

/// The same for faults of the runtime.
pub(super) fn of_runtime(fault: dure_runtime::Fault) -> RpcError {
    of_fault(Fault::Runtime(fault))
}

/// A transaction that was refused at the door.
pub(super) fn of_rejection(rejection: Rejection) -> RpcError {
    match rejection {
        Rejection::TooLarge { length, limit } => {
            RpcError::TransactionTooLarge { length: length as u64, limit: limit as u64 }
        }
        Rejection::Malformed(error) => of_decode(error),
        Rejection::Shape(error) => of_shape(error),
        Rejection::BadSignature { index, chain, reason } => {
            RpcError::BadSignature { index: index.into(), chain: chain.into(), reason }
        }
        Rejection::Expired { valid_until, time } => {
            RpcError::Expired { valid_until: valid_until.into(), time: time.into() }
        }
        Rejection::ValidTooLong { valid_until, latest } => {
            RpcError::ValidTooLong { valid_until: valid_until.into(), latest: latest.into() }
        }
        Rejection::NonceUsed { lane, nonce } => RpcError::NonceUsed { lane, nonce: nonce.into() },
        Rejection::NoncePending { lane, nonce, by } => {
            RpcError::NoncePending { lane, nonce: nonce.into(), by: by.into() }
        }
        Rejection::NonceTooOld { lane, nonce, lowest } => {
            RpcError::NonceTooOld { lane, nonce: nonce.into(), lowest: lowest.into() }
        }
        Rejection::NonceTooHigh { lane, nonce, highest } => {
            RpcError::NonceTooHigh { lane, nonce: nonce.into(), highest: highest.into() }
        }
        Rejection::NotAuthorised { account } => RpcError::NotAuthorised { account: account.into() },
        Rejection::PolicyNotActive => RpcError::PolicyNotActive,
        Rejection::UnknownSponsor { sponsor } => {
            RpcError::UnknownSponsor { sponsor: sponsor.into() }
        }
        Rejection::SponsorRefuses { sponsor } => {
            RpcError::SponsorRefuses { sponsor: sponsor.into() }
        }
        Rejection::QuotaExhausted { gas_limit, left } => {
            RpcError::QuotaExhausted { gas_limit: gas_limit.into(), left: left.into() }
        }
        Rejection::GasTooLow { gas_limit, base } => {
            RpcError::GasTooLow { gas_limit: gas_limit.into(), base: base.into() }
        }
        Rejection::GasAboveBlock { gas_limit, limit } => {
            RpcError::GasAboveBlock { gas_limit: gas_limit.into(), limit: limit.into() }
        }
        Rejection::MempoolFull { what, value, limit } => RpcError::MempoolFull {
            what: what.to_owned(),
            value: value as u64,
            limit: limit as u64,
        },
        Rejection::Stopping => RpcError::Stopping,
    }
}

pub(super) fn of_decode(error: DecodeError) -> RpcError {
    match error {
        DecodeError::TooLong { length, limit } => {
            RpcError::TransactionTooLarge { length: length as u64, limit: limit as u64 }
        }
        other => RpcError::MalformedTransaction { reason: other.to_string() },
    }
}

pub(super) fn of_shape(error: ShapeError) -> RpcError {
    match error {
        ShapeError::Calls { count, limit } => {
            RpcError::CallCount { count: count as u64, limit: limit as u64 }
        }
        ShapeError::Signatures { count, limit } => {
            RpcError::SignatureCount { count: count as u64, limit: limit as u64 }
        }
        ShapeError::GasLimit { gas_limit, limit } => {
            RpcError::GasLimitTooHigh { gas_limit: gas_limit.into(), limit: limit.into() }
        }
        ShapeError::NonceZero => RpcError::NonceZero,
        ShapeError::Args { call, length, limit } => RpcError::ArgumentsTooLong {
            call: call.into(),
            length: length as u64,
            limit: limit as u64,
        },
        ShapeError::KeysUnordered => RpcError::KeysUnordered,
        other => RpcError::MalformedTransaction { reason: other.to_string() },
    }
}
