//! Why a call on a test chain did not succeed.

use codec::DecodeAll;
use dure_types::{Address, ExecutionError, SkipReason};

/// Why a call or a query did not give a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TestFailure {
    /// The transaction ran and failed; with it the text of a panic, when the contract panicked.
    #[error("call {call}: {error}{}", panic.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Failed {
        /// Index of the call in the transaction.
        call: u16,
        /// What was wrong.
        error: ExecutionError,
        /// What the contract said when it panicked.
        panic: Option<String>,
    },
    /// The transaction did not run.
    #[error("skipped: {0}")]
    Skipped(SkipReason),
    /// The output is not of the type that the test asks for.
    #[error("the output does not decode: {0}")]
    Output(String),
    /// The contract could not be built.
    #[error("build: {0}")]
    Build(String),
    /// The executor or the test's own set-up is broken.
    #[error("fault: {0}")]
    Fault(String),
}

/// Access to the error enum of the contract that refused.
pub trait ContractError {
    /// The contract's own error when it refused, decoded; `None` for every other failure.
    fn contract_error<E: DecodeAll>(&self) -> Option<E>;
    /// The contract that refused.
    fn refused_by(&self) -> Option<Address>;
}

impl ContractError for TestFailure {
    fn contract_error<E: DecodeAll>(&self) -> Option<E> {
        match self {
            Self::Failed { error: ExecutionError::Contract { error, .. }, .. } => {
                E::decode_all(&mut error.as_slice()).ok()
            }
            _ => None,
        }
    }

    fn refused_by(&self) -> Option<Address> {
        match self {
            Self::Failed { error: ExecutionError::Contract { contract, .. }, .. } => {
                Some(*contract)
            }
            _ => None,
        }
    }
}

impl<T> ContractError for Result<T, TestFailure> {
    fn contract_error<E: DecodeAll>(&self) -> Option<E> {
        self.as_ref().err()?.contract_error()
    }

    fn refused_by(&self) -> Option<Address> {
        self.as_ref().err()?.refused_by()
    }
}
