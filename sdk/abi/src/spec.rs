//! The contract specification: what a contract offers, with the types of everything.
//!
//! `dure build` obtains it by running the contract's `dure_spec` export and appends it to the
//! module as the custom section `dure.spec` (SCALE). It drives argument parsing, decoding of
//! events, errors and storage, typed clients and upgrade checks.

use crate::Selector;
use alloc::{string::String, vec::Vec};
use codec::{Decode, Encode};
use scale_info::PortableRegistry;

/// Version of the encoding below.
pub const VERSION: u8 = 2;

/// Describes one contract. Type ids index `types`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ContractSpec {
    /// [`VERSION`].
    pub version: u8,
    /// The module's name in the source.
    pub name: String,
    /// Methods in the order of declaration; exactly one has [`MethodKind::Init`].
    pub methods: Vec<MethodSpec>,
    /// Events in the order of declaration.
    pub events: Vec<EventSpec>,
    /// Type id of the error enum, when the contract has one.
    pub error: Option<u32>,
    /// Storage fields in the order of declaration.
    pub storage: Vec<FieldSpec>,
    /// Doc comment of the module, line by line.
    pub docs: Vec<String>,
    /// Every type named here.
    pub types: PortableRegistry,
}

/// How a method is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum MethodKind {
    /// Once, at instantiation.
    Init,
    /// May change state.
    Call,
    /// Read-only.
    Query,
}

/// Describes one method.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MethodSpec {
    /// Name in the source.
    pub name: String,
    /// First four bytes of BLAKE3 of the name.
    pub selector: Selector,
    /// How it is entered.
    pub kind: MethodKind,
    /// Arguments after the context, SCALE-encoded one after another.
    pub args: Vec<ArgSpec>,
    /// Type id of the value on success (`()` has a type id too).
    pub returns: u32,
    /// Whether the error enum can come back.
    pub fallible: bool,
    /// Whether it may run while the contract is on the call stack.
    pub reentrant: bool,
    /// Doc comment, line by line.
    pub docs: Vec<String>,
}

/// Describes one argument.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ArgSpec {
    /// Name in the source.
    pub name: String,
    /// Type id.
    pub ty: u32,
}

/// Describes one event; its data is the SCALE encoding of the fields one after another.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EventSpec {
    /// Name in the source.
    pub name: String,
    /// First four bytes of BLAKE3 of the name.
    pub topic: Selector,
    /// Fields in order.
    pub fields: Vec<EventFieldSpec>,
    /// Doc comment, line by line.
    pub docs: Vec<String>,
}

/// Describes one field of an event.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EventFieldSpec {
    /// Name in the source.
    pub name: String,
    /// Type id.
    pub ty: u32,
    /// Whether `#[index]` marks it.
    pub indexed: bool,
}

/// How a storage field lays out its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FieldKind {
    /// One value; key = field id.
    Item,
    /// Values by key; key = field id, then the order-preserving key.
    Map,
    /// One amount with commutative addition.
    Balance,
    /// Parts that are fields themselves; their keys open with the field's, then one byte each.
    Composite,
}

/// Describes one storage field, or one part of a composite field.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FieldSpec {
    /// Name in the source.
    pub name: String,
    /// The two bytes (big-endian) that open its keys; of a part the one byte that it appends.
    pub id: u16,
    /// Layout.
    pub kind: FieldKind,
    /// Type id of the key of a map.
    pub key: Option<u32>,
    /// Type id of the value (of `()` for a composite).
    pub value: u32,
    /// Whether other contracts may read it with the host function `storage_read`.
    pub published: bool,
    /// Parts of a composite, in the order of declaration.
    pub parts: Vec<FieldSpec>,
}

impl ContractSpec {
    /// Finds a method by name.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&MethodSpec> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// Finds a method by selector.
    #[must_use]
    pub fn method_by_selector(&self, selector: Selector) -> Option<&MethodSpec> {
        self.methods.iter().find(|method| method.selector == selector)
    }

    /// Finds an event by topic.
    #[must_use]
    pub fn event_by_topic(&self, topic: Selector) -> Option<&EventSpec> {
        self.events.iter().find(|event| event.topic == topic)
    }

    /// The method that runs at instantiation.
    #[must_use]
    pub fn init(&self) -> Option<&MethodSpec> {
        self.methods.iter().find(|method| method.kind == MethodKind::Init)
    }
}
