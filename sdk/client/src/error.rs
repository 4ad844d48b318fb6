//! What can go wrong between a program and a node.

use crate::{Submission, Unset, key::KeyError};
use dure_rpc::{
    RpcError,
    hex::HexError,
    shape::{CallTrace, ExecutionResult, SimulationAnswer},
};
use jsonrpsee::core::ClientError as Transport;

/// Says why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The node refused, or the call failed; typed, with the limit and the offending value.
    #[error("{name} ({code}): {0}", name = .0.name(), code = .0.code())]
    Refused(Box<RpcError>),
    /// Refused before anything was sent, mostly by a trial: nothing of it is on the chain.
    #[error("{name} ({code}): {error}; refused before it was sent", name = .error.name(), code = .error.code())]
    Tried {
        /// What refused them.
        error: Box<RpcError>,
        /// Every contract that was entered, in the order of entering.
        trace: Vec<CallTrace>,
    },
    /// An upgrade adds fields that would have no value; nothing was sent.
    #[error("{0}")]
    Unset(Unset),
    /// The node refused with an error that this release does not know.
    #[error("error {code}: {message}")]
    Unknown {
        /// Its code.
        code: i32,
        /// Its sentence.
        message: String,
    },
    /// The node could not be reached or the connection broke.
    #[error("{url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The node answered something that is not what it should be.
    #[error("the node's answer is malformed: {0}")]
    Malformed(String),
    /// Subscriptions need a WebSocket: connect to `ws://`.
    #[error("subscriptions need a WebSocket; connect to ws:// instead of http://")]
    NeedsWebSocket,
    /// The URL begins with something else than `http://`, `https://`, `ws://` or `wss://`.
    #[error("{url}: expected a URL that begins with http://, https://, ws:// or wss://")]
    Url {
        /// What was given.
        url: String,
    },
    /// The build has no TLS, which the URL asks for.
    #[error(
        "{url}: this build has no TLS: use http:// or ws://, or build with the feature `tls` \
         (`cargo build -p dure-node --no-default-features --features tls`)"
    )]
    NoTls {
        /// What was given.
        url: String,
    },
    /// A key could not be read or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An address is not one.
    #[error("\"{found}\": {reason}")]
    Hex {
        /// What was given.
        found: String,
        /// Why it is none.
        reason: HexError,
    },
    /// A file could not be read.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
}

impl From<RpcError> for ClientError {
    fn from(error: RpcError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl ClientError {
    /// A refusal that was found before anything was sent.
    pub(crate) fn unsent(error: RpcError) -> Self {
        Self::Tried { error: Box::new(error), trace: Vec::new() }
    }

    /// The same of the second of two transactions: where the first was sent, something was.
    pub(crate) fn after(self, first: Option<&Submission>) -> Self {
        match (self, first) {
            (Self::Tried { error, .. }, Some(_)) => Self::Refused(error),
            (other, _) => other,
        }
    }

    /// What a trial of calls came to that were not sent; none where they would succeed.
    pub(crate) fn tried(answer: SimulationAnswer) -> Option<Self> {
        match answer.result {
            ExecutionResult::Failed { error, .. } | ExecutionResult::Skipped { error } => {
                Some(Self::Tried { error: Box::new(error.data), trace: answer.trace })
            }
            ExecutionResult::Succeeded { .. } => None,
        }
    }

    /// The node's error, when it was one of the table.
    #[must_use]
    pub fn refusal(&self) -> Option<&RpcError> {
        match self {
            Self::Refused(error) | Self::Tried { error, .. } => Some(error),
            _ => None,
        }
    }

    pub(crate) fn of(url: &str, error: Transport) -> Self {
        match error {
            Transport::Call(object) => match RpcError::from_object(&object) {
                Some(error) => error.into(),
                None => Self::Unknown { code: object.code(), message: object.message().into() },
            },
            Transport::ParseError(error) => Self::Malformed(error.to_string()),
            Transport::HttpNotImplemented => Self::NeedsWebSocket,
            other => {
                let (url, reason) = (url.to_owned(), sources(&other));
                Self::Unreachable { url, reason }
            }
        }
    }
}

/// An error with its causes, on one line.
fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}
