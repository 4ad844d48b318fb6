//! Transactions: submitting, receipts, simulation.

use super::{
    AddressHex, CallTrace, EventItem, HashHex, Number, SelectorHex,
    contract::{CallRequest, OneOrMany},
};
use crate::{
    RpcError,
    hex::{Bytes, Unchecked},
};
use dure_types::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far `tx_submit` waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Not at all: the bytes are a transaction; admission may still refuse it.
    None,
    /// Until it is admitted to the mempool: signature, nonce and quota were looked at.
    #[default]
    Accepted,
    /// Until its block is decided and executed: the answer has the receipt.
    Final,
    /// Until the roots of that block are in a decided header: the answer has the proof.
    Certified,
}

/// How far a transaction got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sent to admission.
    Sent,
    /// In the mempool.
    Accepted,
    /// Decided and executed.
    Final,
    /// Its proof ends in validators' signatures.
    Certified,
}

/// Answer of `tx_submit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Submission {
    /// Transaction id. Sending the same transaction again is safe and answers the same.
    pub id: HashHex,
    /// How far it got.
    pub stage: Stage,
    /// Newest executed height of the node.
    pub height: Number,
    /// What became of it, from `final` on.
    pub receipt: Option<ReceiptShape>,
    /// What proves it, with `certified`.
    pub certified: Option<Certified>,
}

/// Answer of `tx_receipt`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptAnswer {
    /// Newest executed height of the node.
    pub height: Number,
    /// The receipt.
    pub receipt: ReceiptShape,
    /// What proves it, when asked for.
    pub certified: Option<Certified>,
}

/// What became of a transaction, decoded by the specifications of its contracts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptShape {
    /// Transaction id.
    pub id: HashHex,
    /// Height of its block.
    pub height: Number,
    /// Index in the block.
    pub index: u32,
    /// Account on whose behalf it ran.
    pub account: AddressHex,
    /// Outputs, or what stopped it.
    pub result: ExecutionResult,
    /// Gas that it used, `gas_base` and what its calls used.
    pub gas_used: Number,
    /// Gas of a transaction of its length before its first call.
    pub gas_base: Number,
    /// Gas taken from the quota.
    pub gas_charged: Number,
    /// Events in order.
    pub events: Vec<EventItem>,
}

/// How execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ExecutionResult {
    /// All calls ran.
    Succeeded {
        /// One for each call.
        outputs: Vec<CallOutput>,
    },
    /// A call failed, everything was undone; nonce and gas are used.
    Failed {
        /// Index of the call.
        call: u16,
        /// What was wrong.
        error: Refusal,
    },
    /// It did not run; nothing changed, a later copy may run.
    Skipped {
        /// Why.
        error: Refusal,
    },
}

/// Output of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallOutput {
    /// The contract.
    pub contract: AddressHex,
    /// Selector of the method.
    pub selector: SelectorHex,
    /// Name of the method, by the specification.
    pub method: Option<String>,
    /// SCALE bytes.
    pub output: Bytes,
    /// The value, by the specification.
    #[serde(default)]
    pub value: Value,
}

/// An error of the table inside an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Stable number.
    pub code: i32,
    /// A sentence for people.
    pub message: String,
    /// `{"name": ..}` with the fields that the table lists.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub data: RpcError,
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self { code: error.code(), message: error.to_string(), data: error }
    }
}

/// Everything that proves an outcome to someone who knows the validators (see `dure-light`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certified {
    /// `SCALE(index: u32, id, outcome)`: the leaf under the receipts root.
    pub leaf: Bytes,
    /// `MerkleProof` in SCALE.
    pub proof: Bytes,
    /// Receipts root of the transaction's height.
    pub root: HashHex,
    /// Height of the header that lists the root.
    pub height: Number,
    /// That header, SCALE.
    pub header: Bytes,
    /// Its commit certificate, SCALE.
    pub certificate: Bytes,
    /// The validator set that signed, SCALE; its hash is in the header.
    pub validators: Bytes,
}

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateRequest {
    /// On whose behalf.
    pub account: Unchecked<Address>,
    /// One call or several; or one query, which has no caller and pays no base cost.
    pub calls: OneOrMany<CallRequest>,
    /// Most gas; the greatest allowed unless told.
    #[serde(default)]
    pub gas_limit: Option<Number>,
    /// Who would carry the gas.
    #[serde(default)]
    pub sponsor: Option<Unchecked<Address>>,
    /// Whether code that the calls store can be used by the calls after: for trying an upgrade
    /// before its code is on the chain. A transaction can not.
    #[serde(default)]
    pub rehearse: bool,
}

/// What the calls would do now. No signature, no nonce; the effects are thrown away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulationAnswer {
    /// Height whose state was used.
    pub height: Number,
    /// Block time that the contracts saw, milliseconds since 1970: what a transaction sent now
    /// would meet. It goes on while the chain is idle, the state does not.
    pub time: Number,
    /// Outputs, or what would stop it.
    pub result: ExecutionResult,
    /// Gas that it would use, `gas_base` and what its calls use.
    pub gas_used: Number,
    /// Gas before the first call; nought of a query.
    pub gas_base: Number,
    /// Events in order; their places are those of the next block's first ones.
    pub events: Vec<EventItem>,
    /// Lines that the contracts wrote with `debug`.
    pub debug: Vec<String>,
    /// Text of a contract's panic.
    pub panic: Option<String>,
    /// Every contract that was entered, in the order of entering.
    pub trace: Vec<CallTrace>,
    /// What it would change in the storage of contracts, ascending by key; of more than a
    /// megabyte those with the shortest keys.
    pub changes: Vec<StorageChange>,
    /// How many changes there are in all.
    pub changed: u32,
}

/// One entry of a contract's storage that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageChange {
    /// The contract.
    pub contract: AddressHex,
    /// Key as the contract chose it: field id, then the ordered key.
    pub key: Bytes,
    /// SCALE bytes of the value now; none where there is no entry.
    pub before: Option<Bytes>,
    /// SCALE bytes of the value afterwards; none where there would be no entry.
    pub after: Option<Bytes>,
}
