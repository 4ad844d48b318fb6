//! How a command ends.

use crate::printable::one_line;
use dure_client::{ClientError, RpcError};
use serde_json::{Value, json};

/// Why a command did not do what was asked, and the exit code that says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// What the client reported: a refusal, or no answer.
    #[error("{}", one_line(&told(.0)))]
    Client(#[from] ClientError),
    /// An argument of a method, given by its name, is of another type.
    #[error("{}", one_line(&argument(.0, "--")))]
    Argument(RpcError),
    /// The command line is wrong in a way that only its meaning shows.
    #[error("{0}")]
    Usage(String),
    /// A call failed; where, and what it said there.
    #[error("{} at {}{}", one_line(said), one_line(path), tail(.error, .said))]
    Called {
        /// The failure as the chain has it.
        error: ClientError,
        /// The innermost error that led to it, or what a panic said.
        said: String,
        /// The calls that led there: `hub.settle -> voucher.pay`.
        path: String,
    },
    /// What a transaction that is on the chain came to.
    #[error("{failure}\n  transaction {id}")]
    Sent {
        /// Its id.
        id: String,
        /// What stopped it.
        failure: Box<Self>,
    },
    /// A failure, and what can be done about it.
    #[error("{failure}\n  {}", one_line(hint))]
    Hinted {
        /// What went wrong.
        failure: Box<Self>,
        /// What it means here, or what to do.
        hint: String,
    },
    /// The arguments of a method are not those that it takes.
    #[error("{}; {takes}", one_line(&argument(.error, place)))]
    Arguments {
        /// What is wrong.
        error: Box<RpcError>,
        /// Where on the command line it is: what stands before the argument's name.
        place: &'static str,
        /// What it takes, and how to give it.
        takes: String,
    },
    /// What was to hold does not: a test failed, code differs.
    #[error("{0}")]
    Unmet(String),
    /// A file or key.
    #[error("{0}")]
    File(String),
    /// Whoever read standard output does so no more.
    #[error("nobody reads standard output any more")]
    Unread,
    /// A policy file that is none.
    #[error(transparent)]
    Policy(#[from] super::token::PolicyFileError),
    /// The node cannot start, or had to stop.
    #[error("{0}")]
    Start(String),
    /// The contract does not build.
    #[error("{0}")]
    Build(String),
}

impl Failure {
    /// The same with what can be done about it.
    pub(super) fn hinted(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => Self::Hinted { failure: Box::new(self), hint },
            None => self,
        }
    }

    /// What the node or the contract refused, where that is the cause.
    pub(super) fn refusal(&self) -> Option<&RpcError> {
        match self {
            Self::Client(error) | Self::Called { error, .. } => error.refusal(),
            Self::Sent { failure, .. } | Self::Hinted { failure, .. } => failure.refusal(),
            _ => None,
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Sent { failure, .. } | Self::Hinted { failure, .. } => failure.code(),
            Self::Client(
                ClientError::Unreachable { .. }
                | ClientError::Malformed(_)
                | ClientError::NeedsWebSocket,
            ) => 3,
            Self::Client(
                ClientError::Url { .. } | ClientError::NoTls { .. } | ClientError::Hex { .. },
            )
            | Self::Argument(_)
            | Self::Arguments { .. }
            | Self::Usage(_) => 2,
            Self::Client(ClientError::Key(_) | ClientError::File { .. })
            | Self::File(_)
            | Self::Unread
            | Self::Policy(_) => 4,
            Self::Client(_) | Self::Called { .. } => 1,
            Self::Start(_) => 5,
            Self::Build(_) => 6,
            Self::Unmet(_) => 7,
        }
    }

    /// The failure for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        if let Self::Sent { id, failure } = self {
            let mut value = failure.to_json();
            value["transaction"] = json!(id);
            return value;
        }
        if let Self::Hinted { failure, hint } = self {
            let mut value = failure.to_json();
            value["hint"] = json!(hint);
            return value;
        }
        let error = match self {
            Self::Client(error) | Self::Called { error, .. } => {
                error.refusal().map(dure_rpc::RpcError::to_json)
            }
            Self::Argument(error) => Some(error.to_json()),
            Self::Arguments { error, .. } => Some(error.to_json()),
            _ => None,
        };
        let plain = || json!({ "code": null, "message": self.to_string(), "data": null });
        let mut value = json!({ "error": error.unwrap_or_else(plain), "exit": self.code() });
        if let Self::Client(ClientError::Tried { .. })
        | Self::Called { error: ClientError::Tried { .. }, .. } = self
        {
            value["sent"] = json!(false);
        }
        if let Self::Called { said, path, .. } = self {
            value["said"] = json!(said);
            value["at"] = json!(path);
        }
        if let Self::Policy(error) = self {
            value["file"] = json!(error.file);
            value["line"] = json!(error.line);
            value["key"] = json!(error.key);
        }
        value
    }
}

/// What is wrong with an argument, by what it was given as: `--amount`, or `--init: amount`.
fn argument(error: &RpcError, place: &str) -> String {
    match error {
        RpcError::InvalidArguments { path, reason } if path.starts_with("args.") => {
            format!("{place}{}: {reason}", path.trim_start_matches("args."))
        }
        other => other.to_string(),
    }
}

/// An error with what there is instead, which for machines is a part of it.
fn told(error: &ClientError) -> String {
    match error.refusal() {
        Some(
            RpcError::UnknownMethod { known, .. }
            | RpcError::UnknownEvent { known, .. }
            | RpcError::UnknownField { known, .. },
        ) if !known.is_empty() => {
            format!("{error}; it has {}", known.join(", "))
        }
        Some(RpcError::StateGone { .. }) => {
            format!(
                "{error}; `dure tx ID` has its receipt still, and `dure trace ADDRESS METHOD ..` \
                 tries the call on the state of now"
            )
        }
        _ => error.to_string(),
    }
}

/// The transaction's own error, where the innermost one does not tell it already.
fn tail(error: &ClientError, said: &str) -> String {
    let outer = match error.refusal() {
        Some(RpcError::ContractRefused { text, .. }) if text == said => String::new(),
        Some(RpcError::Trapped { .. }) if said.starts_with("panicked") => String::new(),
        Some(RpcError::ContractRefused { text, .. }) => {
            format!("\n  answered as {}", one_line(text))
        }
        Some(refusal) => {
            let (name, code) = (refusal.name(), refusal.code());
            format!("\n  {name} ({code}): {}", one_line(&refusal.to_string()))
        }
        None => format!("\n  {}", one_line(&error.to_string())),
    };
    match error {
        ClientError::Tried { .. } => format!("{outer}\n  refused before it was sent"),
        _ => outer,
    }
}
