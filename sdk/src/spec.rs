//! Describing a contract, in the build that `dure build` runs for its specification.

use crate::{Interface, entry::Crossing, host};
use alloc::{string::String, vec::Vec};
use codec::Encode;
pub use dure_abi::spec::{ContractSpec, EventSpec as EventDescription, MethodKind as Kind};
use dure_abi::{
    Selector,
    spec::{
        ArgSpec, EventFieldSpec, EventSpec, FieldKind, FieldSpec, FormerName, InterfaceSpec,
        MethodKind, MethodSpec, MigrationSpec, RetiredField, StorageHistory, VERSION,
    },
};
pub use scale_info::MetaType;
use scale_info::{PortableRegistry, Registry, TypeInfo};

/// Names a type.
#[must_use]
pub fn meta<T: Crossing>() -> MetaType {
    MetaType::new::<T>()
}

/// What the attributes know of a method.
pub struct Method<'a> {
    /// Name in the source.
    pub name: &'a str,
    /// First four bytes of BLAKE3 of the name.
    pub selector: Selector,
    /// How it is entered.
    pub kind: MethodKind,
    /// Names and types of the arguments.
    pub args: &'a [(&'a str, MetaType)],
    /// Type of the value.
    pub returns: MetaType,
    /// Whether the error enum can come back.
    pub fallible: bool,
    /// Whether it may run while the contract is on the call stack.
    pub reentrant: bool,
    /// Doc comment.
    pub docs: &'a [&'a str],
}

/// The parts of a composite field.
pub type Parts = Vec<FieldSpec>;

/// How a type of field lays out its keys.
pub struct Layout {
    kind: FieldKind,
    key: Option<u32>,
    value: u32,
    parts: Parts,
}

impl Layout {
    /// One value under the field's place.
    pub fn item<V: TypeInfo + 'static>(builder: &mut Builder) -> Self {
        let value = builder.type_id::<V>();
        Self { kind: FieldKind::Item, key: None, value, parts: Parts::new() }
    }

    /// Values under the field's place and a key.
    pub fn map<K: TypeInfo + 'static, V: TypeInfo + 'static>(builder: &mut Builder) -> Self {
        let (key, value) = (Some(builder.type_id::<K>()), builder.type_id::<V>());
        Self { kind: FieldKind::Map, key, value, parts: Parts::new() }
    }

    /// One amount under the field's place.
    pub fn balance(builder: &mut Builder) -> Self {
        let value = builder.type_id::<dure_abi::Amount>();
        Self { kind: FieldKind::Balance, key: None, value, parts: Parts::new() }
    }

    /// Amounts under the field's place and a key.
    pub fn balances<K: TypeInfo + 'static>(builder: &mut Builder) -> Self {
        let key = Some(builder.type_id::<K>());
        Self { key, ..Self::balance(builder) }
    }

    /// One number under the field's place.
    pub fn counter(builder: &mut Builder) -> Self {
        // Sixteen bytes, as an amount has, of which a counter fills eight.
        let value = builder.type_id::<u128>();
        Self { kind: FieldKind::Counter, key: None, value, parts: Parts::new() }
    }

    /// Numbers under the field's place and a key.
    pub fn counters<K: TypeInfo + 'static>(builder: &mut Builder) -> Self {
        let key = Some(builder.type_id::<K>());
        Self { key, ..Self::counter(builder) }
    }

    /// Fields under the field's place and a byte each.
    pub fn composite(builder: &mut Builder, parts: Parts) -> Self {
        let value = builder.type_id::<()>();
        Self { kind: FieldKind::Composite, key: None, value, parts }
    }

    fn named(self, name: &str, id: u16, published: bool) -> FieldSpec {
        let Self { kind, key, value, parts } = self;
        FieldSpec { name: name.into(), id, kind, key, value, published, parts }
    }
}

/// Describes a part of a composite field.
pub fn part<F: crate::Field>(builder: &mut Builder, name: &str, id: u8) -> FieldSpec {
    F::spec(builder).named(name, u16::from(id), false)
}

/// Collects the parts of a specification and the types that they name.
pub struct Builder {
    registry: Registry,
    name: &'static str,
    docs: Vec<String>,
    methods: Vec<MethodSpec>,
    events: Vec<EventSpec>,
    error: Option<u32>,
    storage: Vec<FieldSpec>,
    history: StorageHistory,
    interfaces: Vec<InterfaceSpec>,
    /// Where fields are declared, file and line: for `dure build`, not for the chain.
    places: Vec<(u16, String)>,
}

fn lines(docs: &[&str]) -> Vec<String> {
    docs.iter().map(|line| (*line).into()).collect()
}

impl Builder {
    /// Starts with the contract's name and doc comment.
    #[must_use]
    pub fn new(name: &'static str, docs: &[&str]) -> Self {
        Self {
            registry: Registry::new(),
            name,
            docs: lines(docs),
            methods: Vec::new(),
            events: Vec::new(),
            error: None,
            storage: Vec::new(),
            history: StorageHistory::default(),
            interfaces: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The id of a type.
    pub fn type_id<T: TypeInfo + 'static>(&mut self) -> u32 {
        self.registered(&MetaType::new::<T>())
    }

    fn registered(&mut self, ty: &MetaType) -> u32 {
        self.registry.register_type(ty).id
    }

    /// Adds a field of the storage struct.
    pub fn field<F: crate::Field>(&mut self, name: &str, id: u16, published: bool) {
        let field = F::spec(self).named(name, id, published);
        self.storage.push(field);
    }

    /// Adds a field as the code opens what was stored before.
    pub fn before<F: crate::Field>(&mut self, name: &str, id: u16) {
        let field = F::spec(self).named(name, id, false);
        if !self.history.before.contains(&field) {
            self.history.before.push(field);
        }
    }

    /// Sets the version of the storage.
    pub fn version(&mut self, version: u32) {
        self.history.version = version;
    }

    /// Adds a field of the past.
    pub fn retired(&mut self, id: u16, name: &str) {
        self.history.retired.push(RetiredField { name: name.into(), id });
    }

    /// Adds a name that a field had before.
    pub fn renamed(&mut self, id: u16, was: &str) {
        self.history.renamed.push(FormerName { name: was.into(), id });
    }

    /// Notes where a field is declared.
    pub fn place(&mut self, id: u16, place: &str) {
        self.places.push((id, place.into()));
    }

    /// Adds a migration with the names and types of its arguments.
    pub fn migration(
        &mut self,
        name: &str,
        from: u32,
        args: &[(&str, MetaType)],
        fallible: bool,
        docs: &[&str],
    ) {
        let args = self.args(args);
        let (name, docs) = (name.into(), lines(docs));
        self.history.migrations.push(MigrationSpec { name, from, args, fallible, docs });
    }

    /// Adds an interface.
    pub fn interface(&mut self, interface: &Interface) {
        let methods = interface.methods.iter().map(|method| (*method).into()).collect();
        self.interfaces.push(InterfaceSpec { name: interface.name.into(), methods });
    }

    fn args(&mut self, args: &[(&str, MetaType)]) -> Vec<ArgSpec> {
        let arg = |(name, ty): &(&str, MetaType)| ArgSpec {
            name: (*name).into(),
            ty: self.registered(ty),
        };
        args.iter().map(arg).collect()
    }

    /// Adds an event.
    pub fn event<E: crate::Event>(&mut self) {
        let event = E::spec(self);
        self.events.push(event);
    }

    /// Makes the description of an event from its fields: name, type, whether indexed.
    pub fn event_spec(
        &mut self,
        name: &str,
        topic: Selector,
        fields: &[(&str, MetaType, bool)],
        docs: &[&str],
    ) -> EventSpec {
        let field = |(name, ty, indexed): &(&str, MetaType, bool)| EventFieldSpec {
            name: (*name).into(),
            ty: self.registered(ty),
            indexed: *indexed,
        };
        let fields = fields.iter().map(field).collect();
        EventSpec { name: name.into(), topic, fields, docs: lines(docs) }
    }

    /// Sets the error enum.
    pub fn error<E: TypeInfo + 'static>(&mut self) {
        self.error = Some(self.type_id::<E>());
    }

    /// Adds a method.
    pub fn method(&mut self, method: &Method<'_>) {
        let args = self.args(method.args);
        let returns = self.registered(&method.returns);
        self.methods.push(MethodSpec {
            name: method.name.into(),
            selector: method.selector,
            kind: method.kind,
            args,
            returns,
            fallible: method.fallible,
            reentrant: method.reentrant,
            docs: lines(method.docs),
        });
    }

    /// Ends with every type in place.
    #[must_use]
    pub fn finish(self) -> ContractSpec {
        ContractSpec {
            version: VERSION,
            name: self.name.into(),
            methods: self.methods,
            events: self.events,
            error: self.error,
            storage: self.storage,
            history: self.history,
            interfaces: self.interfaces,
            docs: self.docs,
            types: PortableRegistry::from(self.registry),
        }
    }
}

/// Hands the specification to the host, and after it where the fields are declared.
pub fn hand_over(mut builder: Builder) -> i32 {
    let places = core::mem::take(&mut builder.places);
    host::ret(&(builder.finish(), places).encode());
    0
}
