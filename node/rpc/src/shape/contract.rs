//! Contracts, their specifications, and queries.

use super::{AddressHex, HashHex, Number, SelectorHex, transaction::Refusal};
use crate::hex::{Bytes, Unchecked};
use dure_types::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A contract with its specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContractAnswer {
    /// Height at which it was read.
    pub height: Number,
    /// Address, code, creator.
    pub contract: ContractEntry,
    /// The module's name in the source.
    pub name: String,
    /// Doc comment.
    pub docs: String,
    /// Methods in the order of the source.
    pub methods: Vec<MethodShape>,
    /// Events in the order of the source.
    pub events: Vec<EventShape>,
    /// Index in `types` of the error enum.
    pub error: Option<u32>,
    /// Storage fields.
    pub storage: Vec<StorageShape>,
    /// Version of the storage.
    pub storage_version: u32,
    /// Interfaces that it implements, as `package::Trait`.
    pub interfaces: Vec<String>,
    /// Every type, at its index.
    pub types: Vec<TypeShape>,
    /// The specification in SCALE, as the module's section `dure.spec` holds it.
    pub scale: Bytes,
}

/// One method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MethodShape {
    /// Name in the source.
    pub name: String,
    /// First four bytes of BLAKE3 of the name.
    pub selector: SelectorHex,
    /// `init`, `call` or `query`.
    pub kind: String,
    /// Arguments in order.
    pub args: Vec<ArgumentShape>,
    /// Index of the type of its value.
    pub returns: u32,
    /// The same in words.
    pub returns_name: String,
    /// Whether the error enum can come back.
    pub fallible: bool,
    /// Doc comment.
    pub docs: String,
}

/// A named value: an argument, a field of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArgumentShape {
    /// Its name.
    pub name: String,
    /// Index of its type.
    #[serde(rename = "type")]
    pub ty: u32,
    /// The type in words.
    pub type_name: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventShape {
    /// Name in the source.
    pub name: String,
    /// First four bytes of BLAKE3 of the name.
    pub topic: SelectorHex,
    /// Its fields.
    pub fields: Vec<ArgumentShape>,
    /// Doc comment.
    pub docs: String,
}

/// One storage field, or one part of a composite field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StorageShape {
    /// Name in the source.
    pub name: String,
    /// The two bytes that open its keys, as a number; of a part the one byte that it appends.
    pub id: u16,
    /// `item`, `map`, `balance`, `composite` or `counter`.
    pub kind: String,
    /// Index of the type of a map's key.
    pub key: Option<u32>,
    /// Index of the type of the value.
    pub value: u32,
    /// Whether other contracts may read it.
    pub published: bool,
    /// Parts of a composite.
    pub parts: Vec<StorageShape>,
}

/// One type: what a client needs to write and read its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TypeShape {
    /// The type in words.
    pub name: String,
    /// Its form. `{"primitive": "u128"}`, `{"list": 3}`, `{"array": {"of": 3, "length": 4}}`,
    /// `{"tuple": [1, 2]}`, `{"compact": 1}`, `{"struct": [{"name", "type"}]}`,
    /// `{"enum": [{"name", "index", "fields"}]}`; numbers are indices of types.
    pub form: Value,
}

/// Which contract, whose code, made by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractEntry {
    /// Its address.
    pub address: AddressHex,
    /// Hash of its code; of the system contract: zeros.
    pub code: HashHex,
    /// Who instantiated it.
    pub creator: AddressHex,
    /// Height at which it was instantiated.
    pub since: Number,
    /// Who may give it new code; none: nobody any more.
    pub upgrader: Option<AddressHex>,
}

/// A page of contracts, ascending by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractList {
    /// Height at which it was read.
    pub height: Number,
    /// The page.
    pub contracts: Vec<ContractEntry>,
    /// Give as `cursor` for the next page; none: this was the last.
    pub next: Option<AddressHex>,
}

/// One call, to be asked or tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallRequest {
    /// The contract; 32 zero bytes for the system contract.
    pub contract: Unchecked<Address>,
    /// Name of the method, or its selector (0x and 8 digits).
    pub method: String,
    /// Object by name or list by position, read by the specification; or 0x and SCALE bytes.
    #[serde(default)]
    pub args: Value,
}

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// A list.
    Many(Vec<T>),
    /// One.
    One(T),
}

impl<T> OneOrMany<T> {
    /// As a list.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(items) => items,
            Self::One(item) => vec![item],
        }
    }
}

/// Answers of one or several queries, all at the same height.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryAnswer {
    /// The height whose state was read.
    pub height: Number,
    /// Block time that the contracts saw, milliseconds since 1970: what a transaction sent now
    /// would meet. It goes on while the chain is idle, the state does not.
    pub time: Number,
    /// One for each call, in order.
    pub results: Vec<CallResult>,
}

/// Answer of one query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallResult {
    /// Gas that it used.
    pub gas_used: Number,
    /// Output in SCALE; none when it failed.
    pub output: Option<Bytes>,
    /// Output in JSON by the specification; null when it failed.
    #[serde(default)]
    pub value: Value,
    /// Why it failed.
    pub error: Option<Refusal>,
    /// Lines that the contract wrote with `debug`.
    pub debug: Vec<String>,
}
