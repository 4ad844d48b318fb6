//! The host functions of `dure_abi::host_functions!`, charged before they work.
//!
//! One file for each noun; `link` offers them all, so that a function of the table without a body
//! here does not compile.

mod amount;
mod call;
mod event;
mod facts;
mod hash;
mod link;
mod memory;
mod proof;
mod published;
mod storage;

pub(crate) use link::link;
