//! Accounts and state entries.

use super::{AddressHex, HashHex, Number, TransactionStatus};
use crate::{hex::Bytes, place::Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the chain holds of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountAnswer {
    /// Height at which it was read.
    pub height: Number,
    /// Time of the answer, milliseconds since 1970: what a transaction sent now would meet. The
    /// quota fills up until then.
    pub time: Number,
    /// The account.
    pub account: AddressHex,
    /// Its tier; 0 without a quota of its own.
    pub tier: u8,
    /// Gas that its own quota holds at that time.
    pub gas: Number,
    /// Gas that a full quota holds.
    pub gas_capacity: Number,
    /// Whether it may deploy.
    pub may_deploy: bool,
    /// Lane that the nonces below are of.
    pub lane: u16,
    /// Greatest nonce used; 0: none.
    pub nonce_highest: Number,
    /// A nonce that is free, above all that were used.
    pub nonce_next: Number,
}

/// A page of an account's or contract's transactions, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// Height at which it was read.
    pub height: Number,
    /// The page.
    pub transactions: Vec<HistoryItem>,
    /// Give as `cursor` for the next page; none: this was the last.
    pub next: Option<Place>,
}

/// One transaction in a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryItem {
    /// Height and index in the block.
    pub place: Place,
    /// Transaction id.
    pub id: HashHex,
    /// What became of it.
    pub status: Option<TransactionStatus>,
}

/// A state entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateAnswer {
    /// Height at which it was read.
    pub height: Number,
    /// The value; none when there is no entry.
    pub value: Option<Bytes>,
}

/// A state entry at the newest certified height, with what proves it (verified by `dure-light`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateProofAnswer {
    /// The certified height: the value is the one after it.
    pub height: Number,
    /// State key: address and the contract's own key.
    pub key: Bytes,
    /// The value; none when there was no entry.
    pub value: Option<Bytes>,
    /// State root of the height.
    pub root: HashHex,
    /// `StateProof` in SCALE.
    pub proof: Bytes,
    /// The header that lists the root, SCALE.
    pub header: Bytes,
    /// Its commit certificate, SCALE.
    pub certificate: Bytes,
    /// The validator set that signed, SCALE; its hash is in the header.
    pub validators: Bytes,
}

/// A page of a contract's storage, ascending by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StorageList {
    /// Height at which it was read.
    pub height: Number,
    /// The page.
    pub entries: Vec<StorageEntry>,
    /// Give as `cursor` for the next page; none: this was the last.
    pub next: Option<Bytes>,
}

/// One entry of a contract's storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StorageEntry {
    /// Key as the contract chose it: field id, then the ordered key.
    pub key: Bytes,
    /// SCALE bytes of the value.
    pub value: Bytes,
    /// Name of the field, by the specification, of a part behind that of the whole:
    /// `merchants.sets`; its number where there is no such field.
    pub field: String,
    /// The key within the field, by the specification; null for a single value.
    pub entry: serde_json::Value,
    /// The value, by the specification; 0x and digits where it does not decode.
    pub decoded: serde_json::Value,
}
