//! To and from the JSON-RPC error object.

use super::RpcError;
use dure_json::JsonError;
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        ErrorObject::owned(error.code(), error.to_string(), Some(error))
    }
}

impl From<JsonError> for RpcError {
    fn from(error: JsonError) -> Self {
        Self::InvalidArguments { path: error.path, reason: error.kind.to_string() }
    }
}

impl RpcError {
    /// Reads the error back from what a server answered; none when it is not of our table.
    #[must_use]
    pub fn from_object(object: &ErrorObject<'_>) -> Option<Self> {
        let data = object.data().map_or("", |data| data.get());
        if let Ok(error) = serde_json::from_str::<Self>(data) {
            return (error.code() == object.code()).then_some(error);
        }
        // Errors of the JSON-RPC library carry a sentence with the limit, not our data.
        let limit = || {
            let digits: String = data
                .chars()
                .skip_while(|character| !character.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().unwrap_or_default()
        };
        Some(match object.code() {
            -32700 => Self::ParseError,
            -32600 => Self::InvalidRequest,
            -32601 => Self::UnknownRpcMethod,
            -32602 => {
                let reason = serde_json::from_str::<String>(data);
                Self::InvalidParams { reason: reason.unwrap_or_else(|_| object.message().into()) }
            }
            -32603 => Self::InternalError,
            -32006 => Self::TooManySubscriptions { limit: limit() },
            -32007 => Self::RequestTooLarge { limit: limit() },
            -32008 => Self::ResponseTooLarge { limit: limit() },
            -32010 => Self::BatchTooLarge { limit: limit() },
            -32011 => Self::BatchAnswerTooLarge { limit: limit() },
            _ => return None,
        })
    }

    /// The error with its code, name, sentence and data as one JSON object, as it stands inside
    /// answers.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code(),
            "message": self.to_string(),
            "data": self,
        })
    }
}
