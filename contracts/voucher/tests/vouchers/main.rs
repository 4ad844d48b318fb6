//! Vouchers: the rules one by one, what went wrong elsewhere by name, and random years beside a
//! plain list.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[path = "../../../altered.rs"]
mod altered;
mod gas;
mod incidents;
mod model;
mod rules;
mod scene;
mod shop;
mod signatures;
