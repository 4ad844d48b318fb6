//! The calls of a transaction, contract by contract.

use super::{AddressHex, HashHex, Number, Refusal, SelectorHex};
use crate::hex::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One contract that was entered. A list of them is a tree in the order of entering: a call is
/// inside the nearest one before it whose depth is less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallTrace {
    /// Contracts around it: 0 for what the transaction itself calls.
    pub depth: u32,
    /// Who was entered.
    pub contract: AddressHex,
    /// Name of the contract, by its specification.
    pub contract_name: Option<String>,
    /// Who called.
    pub caller: AddressHex,
    /// Name of the method, by the specification.
    pub method: Option<String>,
    /// Its arguments, by the specification; null when they do not decode.
    pub args: Value,
    /// Gas of it and of everything inside it.
    pub gas_used: Number,
    /// The value, by the specification; null when the call failed.
    pub value: Value,
    /// Why it failed.
    pub error: Option<Refusal>,
    /// What it said when it panicked, with the source's file and line.
    pub panic: Option<String>,
    /// Events that it emitted itself; of a call that failed they were undone.
    pub events: Vec<EventTrace>,
}

/// One event of a traced call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventTrace {
    /// First four bytes of BLAKE3 of the name.
    pub topic: SelectorHex,
    /// Name by the contract's specification.
    pub name: Option<String>,
    /// Fields by the contract's specification; null when they do not decode.
    pub fields: Value,
    /// SCALE bytes of the fields.
    pub data: Bytes,
}

/// A transaction run again on the state that it met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceAnswer {
    /// Transaction id.
    pub transaction: HashHex,
    /// Height of its block.
    pub height: Number,
    /// Index in the block.
    pub index: u32,
    /// Gas that it used, `gas_base` and what its calls used.
    pub gas_used: Number,
    /// Gas before its first call.
    pub gas_base: Number,
    /// Whether running it again ended as the receipt says, outputs, events and gas alike.
    pub exact: bool,
    /// Every contract that was entered, in the order of entering.
    pub trace: Vec<CallTrace>,
    /// Lines that the contracts wrote with `debug`.
    pub debug: Vec<String>,
}
