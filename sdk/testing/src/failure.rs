//! Why a call on a test chain did not succeed.

use codec::Decode;
use dure_types::{Address, ExecutionError, SkipReason};

/// Why a call or a query did not give a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TestFailure {
    /// The transaction ran and failed; with it what a contract said when it refused or panicked.
    #[error("call {call}: {error}{}{}", said(refusal.as_deref()), said(panic.as_deref()))]
    Failed {
        /// Index of the call in the transaction.
        call: u16,
        /// What was wrong.
        error: ExecutionError,
        /// What the contract refused with, by its specification: `till::Error::Vat { vat: 10001 }`.
        /// Of the system contract it is a sentence; in an upgrade the new code is asked.
        refusal: Option<Box<str>>,
        /// What the contract said when it panicked.
        panic: Option<Box<str>>,
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
    /// The contract could not be built.
    #[error("build: {0}")]
    Build(String),
    /// The executor or the test's own set-up is broken.
    #[error("fault: {0}")]
    Fault(String),
}

fn said(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
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
