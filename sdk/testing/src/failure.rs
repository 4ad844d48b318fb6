//! Why a call on a test chain did not succeed.

use codec::Decode;
use dure_json::Unset;
use dure_types::{Address, ExecutionError, SkipReason};
use std::fmt;

/// Why a call or a query did not give a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TestFailure {
    /// The transaction ran and failed.
    #[error("call {call}: {}", words.why)]
    Failed {
        /// Index of the call in the transaction.
        call: u16,
        /// What was wrong.
        error: ExecutionError,
        /// The same for people.
        words: Box<FailureWords>,
    },
    /// The transaction did not run.
    #[error("skipped: {0}")]
    Skipped(SkipReason),
    /// The output is not of the type that the test asks for.
    #[error("the output does not decode: {0}")]
    Output(String),
    /// Gas is not what the committed file says, or the file cannot be used.
    #[error("{0}")]
    Gas(String),
    /// A contract with a shadow shares a transaction with one that has none, or is called by it
    /// or calls it: see [`Chain::shadow`](crate::Chain::shadow).
    #[error("contract {contract} runs beside one with a shadow and has none itself: shadow it too")]
    NotShadowed {
        /// The contract that has none.
        contract: Address,
    },
    /// An upgrade adds fields of one value and does not set them: `dure upgrade` refuses it, too. See
    /// [`Chain::allow_unset`](crate::Chain::allow_unset).
    #[error("{0}; where the code does so already, Chain::allow_unset goes on")]
    Unset(Unset),
    /// The contract could not be built.
    #[error("build: {0}")]
    Build(String),
    /// The executor or the test's own set-up is broken.
    #[error("fault: {0}")]
    Fault(String),
}

/// What a transaction or query that failed said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureWords {
    /// The innermost error that led to it, as its source has it, or what a panic said, and the path
    /// of calls there.
    pub why: String,
    /// What the contract said when it panicked.
    pub panic: Option<String>,
}

/// Why a typed call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<E> {
    /// The contract refused with its own error.
    Contract(E),
    /// Everything else.
    Other(TestFailure),
}

impl TestFailure {
    /// The error of the contract that refused, decoded; `None` for every other failure, and for
    /// bytes that are no such error.
    #[must_use]
    pub fn contract_error<E: Decode>(&self) -> Option<E> {
        match self {
            Self::Failed { error: ExecutionError::Contract { error, .. }, .. } => {
                let mut bytes = error.as_slice();
                E::decode(&mut bytes).ok().filter(|_| bytes.is_empty())
            }
            _ => None,
        }
    }

    /// The contract that refused.
    #[must_use]
    pub fn refused_by(&self) -> Option<Address> {
        match self {
            Self::Failed { error: ExecutionError::Contract { contract, .. }, .. } => {
                Some(*contract)
            }
            _ => None,
        }
    }

    /// Sorts out the contract's own error.
    #[must_use]
    pub fn typed<E: Decode>(self) -> Refusal<E> {
        match self.contract_error() {
            Some(error) => Refusal::Contract(error),
            None => Refusal::Other(self),
        }
    }
}

impl<E: fmt::Debug> fmt::Display for Refusal<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract(error) => write!(f, "the contract refused: {error:?}"),
            Self::Other(failure) => failure.fmt(f),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for Refusal<E> {}
