//! Contracts written as text, whose specs can be bent at will.
//!
//! `put` writes an entry and `put` of any code returns the code's mark; `dure_migrate` of a code
//! that has it does what the test says.

use codec::Encode;
use dure_abi::{
    entry::SPEC_SECTION,
    spec::{
        ArgSpec, ContractSpec, FieldKind, FieldSpec, MethodKind, MethodSpec, MigrationSpec,
        StorageHistory, VERSION,
    },
};
use dure_types::domain;
use scale_info::{MetaType, Registry, TypeInfo};

/// Writes the 8 bytes of the migration's argument under this key.
pub(crate) const MIGRATED: [u8; 3] = [0, 1, 0xff];

/// Sets [`MIGRATED`] to the migration's argument.
pub(crate) const WRITE: &str = r#"
    (call $input (i32.const 0))
    (call $storage_set (i32.const 288) (i32.const 3) (i32.const 4) (i32.const 8))
    (i32.const 0)"#;

/// Removes [`MIGRATED`].
pub(crate) const REMOVE: &str = r#"
    (call $storage_remove (i32.const 288) (i32.const 3))
    (i32.const 0)"#;

/// Fails after it wrote, with the contract's own error 7.
pub(crate) const REFUSE: &str = r#"
    (call $input (i32.const 0))
    (call $storage_set (i32.const 288) (i32.const 3) (i32.const 4) (i32.const 8))
    (call $ret (i32.const 296) (i32.const 1))
    (i32.const 1)"#;

/// Traps after it wrote.
pub(crate) const TRAP: &str = r#"
    (call $input (i32.const 0))
    (call $storage_set (i32.const 288) (i32.const 3) (i32.const 4) (i32.const 8))
    unreachable"#;

/// One code.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) spec: ContractSpec,
    /// What `put` returns.
    pub(crate) mark: u8,
    /// Body of `dure_migrate`; none: no such export.
    pub(crate) migrate: Option<&'static str>,
    pub(crate) body: Body,
}

/// What `dure_call` does with its arguments.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Writes an entry: a key of three bytes, a value of eight.
    Put,
    /// Writes an entry: the length of the key in four bytes, key, value.
    PutAny,
    /// Hands them on to the system contract and returns what the host function `call` did.
    Relay,
}

/// A registry that the fields of a test need, and the ids in it.
pub(crate) struct Types(pub(crate) Registry);

impl Types {
    pub(crate) fn id<T: TypeInfo + 'static>(&mut self) -> u32 {
        self.0.register_type(&MetaType::new::<T>()).id
    }
}

pub(crate) fn field(
    name: &str,
    id: u16,
    kind: FieldKind,
    key: Option<u32>,
    value: u32,
) -> FieldSpec {
    FieldSpec { name: name.into(), id, kind, key, value, published: false, parts: vec![] }
}

/// The first code: `count` and `held`, a map from numbers to numbers.
pub(crate) fn first() -> Code {
    let mut types = Types(Registry::new());
    let (byte, number) = (types.id::<u8>(), types.id::<u64>());
    let storage = vec![
        field("count", 0, FieldKind::Item, None, number),
        field("held", 1, FieldKind::Map, Some(byte), number),
    ];
    Code { spec: spec(types, storage), mark: 1, migrate: None, body: Body::Put }
}

/// A spec with these fields, of the contract `keeper`.
pub(crate) fn spec(mut types: Types, storage: Vec<FieldSpec>) -> ContractSpec {
    let (key, number, byte) = (types.id::<[u8; 3]>(), types.id::<u64>(), types.id::<u8>());
    let (unit, error) = (types.id::<()>(), types.id::<u8>());
    let arg = |name: &str, ty| ArgSpec { name: name.into(), ty };
    let method = |name: &str, kind, args, returns| MethodSpec {
        name: name.into(),
        selector: domain::selector(name),
        kind,
        args,
        returns,
        fallible: false,
        reentrant: false,
        docs: vec!["Part of a test of upgrades, in some words.".into()],
    };
    let put = vec![arg("key", key), arg("value", number)];
    ContractSpec {
        version: VERSION,
        name: "keeper".into(),
        methods: vec![
            method("new", MethodKind::Init, vec![], unit),
            method("put", MethodKind::Call, put, byte),
        ],
        events: vec![],
        error: Some(error),
        storage,
        history: StorageHistory::default(),
        interfaces: vec![],
        docs: vec![],
        types: types.0.into(),
    }
}

impl Code {
    /// The same with another mark, so that its hash differs.
    pub(crate) fn marked(&self, mark: u8) -> Self {
        Self { mark, ..self.clone() }
    }

    /// The same with a changed spec.
    pub(crate) fn with(&self, change: impl FnOnce(&mut ContractSpec)) -> Self {
        let mut code = self.clone();
        change(&mut code.spec);
        code
    }

    /// The same as a version of the storage that migrates from `from`, by what is given.
    pub(crate) fn migrating(&self, from: u32, to: u32, migrate: &'static str) -> Self {
        let mut code = self.with(|spec| {
            let number = spec.method("put").map_or(0, |put| put.args[1].ty);
            spec.history.version = to;
            spec.history.migrations = vec![MigrationSpec {
                name: "upgrade".into(),
                from,
                args: vec![ArgSpec { name: "value".into(), ty: number }],
                fallible: true,
                docs: vec![],
            }];
        });
        code.migrate = Some(migrate);
        code
    }

    /// The module with its spec.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let migrate = self.migrate.map_or_else(String::new, |body| {
            format!(r#"(func (export "dure_migrate") (param i32) (result i32) {body})"#)
        });
        let call = match self.body {
            // Address 0 of the system contract lies at 1024, where nothing was written.
            Body::Relay => {
                r#"(call $input (i32.const 2048))
               (i64.store (i32.const 264) (call $call (i32.const 1024) (i32.const 2052)
                   (i32.sub (local.get 0) (i32.const 4)) (i64.const 0) (i32.const 0)))
               (call $ret (i32.const 264) (i32.const 8))"#
            }
            Body::Put => {
                r#"(call $input (i32.const 0))
               (call $storage_set (i32.const 4) (i32.const 3) (i32.const 7) (i32.const 8))
               (call $ret (i32.const 256) (i32.const 1))"#
            }
            Body::PutAny => {
                r#"(call $input (i32.const 2048))
               (call $storage_set (i32.const 2056) (i32.load (i32.const 2052))
                   (i32.add (i32.const 2056) (i32.load (i32.const 2052)))
                   (i32.sub (i32.sub (local.get 0) (i32.const 8)) (i32.load (i32.const 2052))))
               (call $ret (i32.const 256) (i32.const 1))"#
            }
        };
        let text = format!(
            r#"(module
            (import "dure1" "input" (func $input (param i32)))
            (import "dure1" "ret" (func $ret (param i32 i32)))
            (import "dure1" "storage_set" (func $storage_set (param i32 i32 i32 i32)))
            (import "dure1" "storage_remove" (func $storage_remove (param i32 i32)))
            (import "dure1" "call" (func $call (param i32 i32 i32 i64 i32) (result i64)))
            (memory (export "memory") 1)
            (data (i32.const 256) "\{mark:02x}")
            (data (i32.const 288) "\00\01\ff")
            (data (i32.const 296) "\07")
            (func (export "dure_init") (param i32) (result i32) (i32.const 0))
            (func (export "dure_call") (param i32) (result i32) {call} (i32.const 0))
            (func (export "dure_query") (param i32) (result i32) (i32.const 2))
            {migrate})"#,
            mark = self.mark,
        );
        let mut code = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut section = vec![SPEC_SECTION.len() as u8];
        section.extend_from_slice(SPEC_SECTION.as_bytes());
        section.extend_from_slice(&self.spec.encode());
        code.push(0);
        push_leb128(&mut code, section.len());
        code.extend_from_slice(&section);
        code
    }
}

fn push_leb128(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
