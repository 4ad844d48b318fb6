//! Blocks.

use super::{AddressHex, HashHex, Number};
use crate::hex::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A block and the height at which it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockAnswer {
    /// Newest executed height of the node.
    pub height: Number,
    /// The block.
    pub block: Block,
}

/// A decided and executed block; height 0 is genesis, which has neither header nor certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// Its height.
    pub height: Number,
    /// Block id.
    pub id: HashHex,
    /// Id of the block before.
    pub parent: HashHex,
    /// Milliseconds since 1970.
    pub time: Number,
    /// Its transactions in order.
    pub transactions: Vec<BlockTransaction>,
    /// Number of events.
    pub events: u32,
    /// Newest height whose roots are in its header or before.
    pub executed: Number,
    /// Roots of earlier heights that its header certifies.
    pub roots: Vec<BlockRoots>,
    /// The header, SCALE.
    pub header: Option<Bytes>,
    /// Its commit certificate, SCALE.
    pub certificate: Option<Bytes>,
}

/// One transaction of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockTransaction {
    /// Transaction id.
    pub id: HashHex,
    /// What became of it.
    pub status: TransactionStatus,
    /// Account on whose behalf it ran.
    pub account: AddressHex,
}

/// What became of a transaction, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// It ran well.
    Succeeded,
    /// It ran and failed: nothing changed but nonce and quota.
    Failed,
    /// It did not run.
    Skipped,
}

/// Roots of one height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockRoots {
    /// The height.
    pub height: Number,
    /// State root after it.
    pub state: HashHex,
    /// Root of its outcomes.
    pub receipts: HashHex,
}
