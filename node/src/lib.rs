//! dure-node.

// Mistakes that are made on purpose must never reach a node.
const _: () = assert!(!dure_consensus::DRILLS, "built with the feature `drills`");

pub mod chain;
pub mod command;
pub mod config;
pub mod config_file;
pub mod drill;
pub mod driver;
pub mod execution;
pub mod fault;
mod file;
pub mod genesis_file;
pub mod handle;
pub mod machine;
pub mod mempool;
#[cfg(feature = "network")]
pub mod network;
mod printable;
pub mod recent;
pub mod rpc;
pub mod store;
pub mod view;
