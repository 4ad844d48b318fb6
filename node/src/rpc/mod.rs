//! The JSON-RPC server: one port for HTTP and WebSocket, at `/v1`.
//!
//! ```text
//! listener -> socket -> forwarded -> gate ---> quota -> service -> reader | submit | follow
//! counts      times,    whose it is  path,     permits,   one method of the trait each
//! sockets     frames    by a proxy   origin,   timeouts,
//!                                    bodies    names
//! ```
//! **Invariant:** whatever comes in is bounded before it is looked at: connections in all and of
//! one address, bytes of a request and of all requests, requests of a batch, requests at work on one
//! connection, subscriptions, the time that each may take, entries of a page, gas of a query. What
//! goes out is bounded too: bytes of answers that nobody reads, and the time in which a client must
//! read them. One address never has all of anything (`peer.rs`). A refusal is an error of the table
//! in `dure-rpc`, whichever layer made it.
//!
//! Reads are of decided and executed state only, each from one snapshot, and answer its height.
//! A subscription is a cursor over the store and a watch on the newest height; no channel carries
//! items, so none is lost, and a slow reader costs a cursor.

mod config;
mod decode;
mod failure;
mod filter;
mod follow;
mod forwarded;
mod gate;
mod listener;
mod parameters;
mod peer;
mod quota;
mod reader;
mod refusal;
mod service;
mod socket;
mod spec;
mod storage;
mod submit;
mod trace;
mod trial;
mod upgrades;
mod websocket;

pub use config::{Origins, PeersView, RpcConfig, RpcLimits};
pub use listener::{RpcError as StartRpcError, RpcServer};
pub use storage::{StatePage, state_page};
