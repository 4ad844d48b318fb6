//! How a command ends.

use dure_client::ClientError;
use serde_json::{Value, json};

/// Why a command did not do what was asked, and the exit code that says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// What the client reported: a refusal, or no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The command line is wrong in a way that only its meaning shows.
    #[error("{0}")]
    Usage(String),
    /// A file or key.
    #[error("{0}")]
    File(String),
    /// The node cannot start, or had to stop.
    #[error("{0}")]
    Start(String),
    /// The contract does not build.
    #[error("{0}")]
    Build(String),
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Client(
                ClientError::Unreachable { .. }
                | ClientError::Malformed(_)
                | ClientError::NeedsWebSocket,
            ) => 3,
            Self::Client(ClientError::Url { .. } | ClientError::Hex { .. }) | Self::Usage(_) => 2,
            Self::Client(ClientError::Key(_) | ClientError::File { .. }) | Self::File(_) => 4,
            Self::Client(_) => 1,
            Self::Start(_) => 5,
            Self::Build(_) => 6,
        }
    }

    /// The failure for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let error = match self {
            Self::Client(error) => error.refusal().map(dure_rpc::RpcError::to_json),
            _ => None,
        };
        let plain = || json!({ "code": null, "message": self.to_string(), "data": null });
        json!({ "error": error.unwrap_or_else(plain), "exit": self.code() })
    }
}
