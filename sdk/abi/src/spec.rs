//! The contract specification: what a contract offers, with the types of everything.
//!
//! `dure build` obtains it by running the contract's `dure_spec` export and appends it to the
//! module as the custom section `dure.spec` (SCALE). It drives argument parsing, decoding of
//! events, errors and storage, typed clients and upgrade checks.

use crate::Selector;
use alloc::{format, string::String, vec::Vec};
use codec::{Decode, Encode};
use scale_info::PortableRegistry;

mod name;

pub use name::{primitive_name, type_name};

/// Version of the encoding below.
pub const VERSION: u8 = 4;

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
    /// How the storage grew: its version, ids that are not used again, migrations.
    pub history: StorageHistory,
    /// Interfaces that the contract implements, in the order of the source.
    pub interfaces: Vec<InterfaceSpec>,
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
    /// One number, stored as an amount is, that is counted up and down.
    Counter,
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

/// How the storage of a contract grew from one code to the next; upgrades are judged by it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StorageHistory {
    /// Version of the storage that this code reads and writes, from 1.
    pub version: u32,
    /// Fields of the past, whose ids are never used again.
    pub retired: Vec<RetiredField>,
    /// Names that fields had before.
    pub renamed: Vec<FormerName>,
    /// What this code can migrate from: the version before its own.
    pub migrations: Vec<MigrationSpec>,
    /// Fields that the code opens as they were stored before, by `before!`: with a migration they
    /// are held against what is stored.
    pub before: Vec<FieldSpec>,
}

/// A field of the past.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RetiredField {
    /// Its last name in the source.
    pub name: String,
    /// Its id.
    pub id: u16,
}

/// A name that a field had before: without it, code that gives a stored field another name is
/// refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FormerName {
    /// The name.
    pub name: String,
    /// Id of the field.
    pub id: u16,
}

/// Describes one migration: what `dure_migrate` runs when stored state has the version `from`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MigrationSpec {
    /// Name in the source.
    pub name: String,
    /// The version that it starts from.
    pub from: u32,
    /// Arguments after the context, SCALE-encoded one after another.
    pub args: Vec<ArgSpec>,
    /// Whether the error enum can come back.
    pub fallible: bool,
    /// Doc comment, line by line.
    pub docs: Vec<String>,
}

impl MigrationSpec {
    /// The migration as a method, for those who read and write arguments. It gives no value: what
    /// `returns` says means nothing.
    #[must_use]
    pub fn as_method(&self) -> MethodSpec {
        MethodSpec {
            name: self.name.clone(),
            selector: Selector::default(),
            kind: MethodKind::Call,
            args: self.args.clone(),
            returns: 0,
            fallible: self.fallible,
            reentrant: false,
            docs: self.docs.clone(),
        }
    }
}

/// An interface that the contract claims to implement.
///
/// The types of its methods are those of the contract's methods of the same names; deploy compares
/// them with the standard of that name, if it is one of [`crate::standard`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InterfaceSpec {
    /// Package and trait that declare it: `dure-sdk::Token`.
    pub name: String,
    /// Names of its methods, in order of declaration.
    pub methods: Vec<String>,
}

/// The first version, with nothing before it.
impl Default for StorageHistory {
    fn default() -> Self {
        Self {
            version: 1,
            retired: Vec::new(),
            renamed: Vec::new(),
            migrations: Vec::new(),
            before: Vec::new(),
        }
    }
}

impl StorageHistory {
    /// The migration from a version.
    #[must_use]
    pub fn migration(&self, from: u32) -> Option<&MigrationSpec> {
        self.migrations.iter().find(|migration| migration.from == from)
    }
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

    /// What the contract said when it read a field that was not set, with the name of the field in
    /// the place of its number, and the remedy.
    #[must_use]
    pub fn with_field_name(&self, said: &str) -> Option<String> {
        let id: u16 = said.strip_prefix(crate::UNSET_FIELD)?.parse().ok()?;
        let field = self.storage.iter().find(|field| field.id == id)?;
        let name = &field.name;
        Some(format!(
            "the field `{name}` was read before it was set: set it in #[init], in a #[migrate] \
             where an upgrade added it, or read it by try_get"
        ))
    }

    /// The method that runs at instantiation.
    #[must_use]
    pub fn init(&self) -> Option<&MethodSpec> {
        self.methods.iter().find(|method| method.kind == MethodKind::Init)
    }
}
