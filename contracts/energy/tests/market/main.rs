//! The market natively: its rules and what went wrong elsewhere by name, and random days against a
//! plain model; and a full slot on WASM. One program: each would compile the generators and link the SDK again.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[path = "../../../altered.rs"]
mod altered;
mod full;
mod incidents;
mod model;
mod plain;
mod scene;
