//! JSON-RPC of Dure: methods, shapes, errors; the server half for the node, the client half for
//! tools.
//!
//! Everything that JSON needs to know of the chain is here, so that the chain's own types know
//! nothing of JSON: [`shape`] converts them by hand, [`json`] walks SCALE values by a contract's
//! specification, [`error`] is the one table of stable codes. [`api`] is the one table of methods,
//! from which [`discover`] writes the documentation.
//!
//! **Invariant:** nothing here panics on what a stranger sent, specification included.

pub mod api;
pub mod decimal;
pub mod describe;
pub mod discover;
pub mod error;
pub mod hex;
pub mod place;
pub mod shape;

#[cfg(feature = "client")]
pub use api::DureClient;
#[cfg(feature = "server")]
pub use api::DureServer;
pub use dure_json as json;
pub use error::{RefusedCall, RpcError};
pub use place::Place;

/// Path of the JSON-RPC endpoint, for HTTP and WebSocket.
pub const PATH: &str = "/v1";
