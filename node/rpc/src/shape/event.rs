//! Events.

use super::{AddressHex, HashHex, Number, SelectorHex};
use crate::{
    hex::{Bytes, Unchecked},
    place::Place,
};
use dure_types::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which events are wanted; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventFilter {
    /// Of this contract.
    pub contract: Option<Unchecked<Address>>,
    /// Of this name; or with this topic (0x and 8 digits). A name needs `contract`.
    pub event: Option<String>,
    /// Whose fields have these values, written as arguments are. Needs `contract`.
    pub fields: Option<serde_json::Map<String, Value>>,
    /// First place: `HEIGHT-INDEX`, or a height. `event_list`: the beginning of the chain;
    /// `sub_events`: what comes from now on.
    pub from: Option<Place>,
    /// Last height; `event_list` only, `sub_events` refuses it.
    pub to: Option<Number>,
    /// Most events of one page, 100 unless told; `event_list` only, `sub_events` refuses it.
    pub limit: Option<u32>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventItem {
    /// Its number: height and index in the block.
    pub place: Place,
    /// Id of the transaction that emitted it.
    pub transaction: HashHex,
    /// The contract.
    pub contract: AddressHex,
    /// First four bytes of BLAKE3 of the name.
    pub topic: SelectorHex,
    /// Name by the contract's specification.
    pub name: Option<String>,
    /// Fields by the contract's specification; null when they do not decode.
    pub fields: Value,
    /// SCALE bytes of the fields.
    pub data: Bytes,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventList {
    /// Height at which it was read.
    pub height: Number,
    /// The page, ascending.
    pub events: Vec<EventItem>,
    /// Give as `from` for the next page; none: the range is exhausted. A page may be short, even
    /// empty, with a next one: the search stops after a number of events looked at.
    pub next: Option<Place>,
}
