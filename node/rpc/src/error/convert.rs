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
        let error: Self = serde_json::from_str(object.data()?.get()).ok()?;
        (error.code() == object.code()).then_some(error)
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
