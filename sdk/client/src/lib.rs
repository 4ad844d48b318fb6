//! Rust client of a Dure node: typed reads, transactions from JSON arguments, subscriptions.
//!
//! Every refusal arrives as the [`RpcError`] that the node meant, with its limit and the offending
//! value. One [`Client`] is cheap to clone and may be used by many tasks at once; nonces that it
//! gave out are remembered, so that transactions of one key can be in flight together.
//!
//! ```no_run
//! # async fn example() -> Result<(), dure_client::ClientError> {
//! use dure_client::{Client, Key, Wait};
//! let client = Client::connect("http://127.0.0.1:9944/v1").await?;
//! let key = Key::from_file("alice.key")?;
//! let token = "0x00...".parse_address()?;
//! let done = client
//!     .transaction(&key)
//!     .call(token, "transfer", serde_json::json!({ "to": key.address().to_string(), "amount": "5" }))
//!     .submit(Wait::Final)
//!     .await?;
//! println!("final at {}", done.height);
//! # Ok(()) }
//! # use dure_client::ParseAddress;
//! ```

mod connection;
mod deploy;
mod error;
mod key;
mod module;
mod read;
mod refused;
mod stream;
mod transaction;
mod upgrade;

pub use connection::Client;
pub use deploy::Deployment;
pub use dure_rpc::json::{Unset, UnsetField};
pub use dure_rpc::{
    Place, RpcError,
    shape::{self, Stage, Submission, Wait},
};
pub use error::ClientError;
pub use key::{Key, KeyError, ParseAddress, write_secret};
pub use module::spec as module_spec;
pub use stream::{EventStream, SubscriptionItem};
pub use transaction::{Submitted, TransactionBuilder};
pub use upgrade::{NewFields, Rehearsal, Upgraded};
