//! A contract written as text: every host function imported, one method of each kind.

use codec::Encode;
use dure_abi::spec::{ContractSpec, FieldKind, FieldSpec, MethodKind, MethodSpec};
use dure_types::domain;
use scale_info::{MetaType, Registry};
use std::fmt::Write;

/// The code of the entry points; each ends with 0 unless it says otherwise.
pub(crate) struct Module {
    /// Of `hit`.
    pub(crate) call: String,
    /// Of `look`.
    pub(crate) query: String,
    /// Whether `hit` may be entered again.
    pub(crate) reentrant: bool,
    /// Whether others may read the keys that begin as `mark` does.
    pub(crate) published: bool,
}

/// A contract whose `hit` does this.
pub(crate) fn module(call: &str) -> Module {
    Module { call: call.to_owned(), query: String::new(), reentrant: false, published: false }
}

/// Code that writes bytes into memory.
pub(crate) fn put(at: u32, bytes: &[u8]) -> String {
    let mut text = String::new();
    for (place, byte) in (at..).zip(bytes) {
        write!(text, "(i32.store8 (i32.const {place}) (i32.const {byte}))").expect("a string");
    }
    text
}

macro_rules! imports {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ident),* $(,)?) $(-> $ret:ident)?;)*) => {
        fn imports() -> String {
            let mut text = String::new();
            $(
                let parameters: &[&str] = &[$(wasm_type(stringify!($ty))),*];
                let results: &[&str] = &[$(wasm_type(stringify!($ret)))?];
                import(&mut text, stringify!($name), parameters, results);
            )*
            text
        }
    };
}
dure_abi::host_functions!(imports);

fn wasm_type(ty: &str) -> &'static str {
    if ty == "u32" { "i32" } else { "i64" }
}

fn import(text: &mut String, name: &str, parameters: &[&str], results: &[&str]) {
    let (parameters, results) = (parameters.join(" "), results.join(" "));
    writeln!(
        text,
        r#"(import "dure1" "{name}" (func ${name} (param {parameters}) (result {results})))"#
    )
    .expect("a string");
}

impl Module {
    /// The module with its spec.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let text = format!(
            r#"(module {}
            (memory (export "memory") 2)
            (data (i32.const 256) "mark")
            (type $void (func))
            (table 2 funcref) (elem (i32.const 0) func $init)
            (func $deeper (call $deeper))
            (func $init (export "dure_init") (param i32) (result i32) (i32.const 0))
            (func (export "dure_call") (param i32) (result i32) (local $code i64) {} (i32.const 0))
            (func (export "dure_query") (param i32) (result i32) {} (i32.const 0)))"#,
            imports(),
            self.call,
            self.query,
        );
        let mut code = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut section = vec![dure_abi::entry::SPEC_SECTION.len() as u8];
        section.extend_from_slice(dure_abi::entry::SPEC_SECTION.as_bytes());
        section.extend_from_slice(&self.spec().encode());
        let length = section.len();
        assert!((128..16_384).contains(&length), "its length takes two bytes");
        code.extend([0, (length & 127) as u8 | 128, (length >> 7) as u8]);
        code.extend_from_slice(&section);
        code
    }

    fn spec(&self) -> ContractSpec {
        let mut registry = Registry::new();
        let unit = registry.register_type(&MetaType::new::<()>()).id;
        let method = |name: &str, kind: MethodKind| MethodSpec {
            name: name.into(),
            selector: domain::selector(name),
            kind,
            args: vec![],
            returns: unit,
            fallible: false,
            reentrant: self.reentrant,
            docs: vec!["Attacks, in one way or another.".into()],
        };
        ContractSpec {
            version: dure_abi::spec::VERSION,
            name: "attack".into(),
            methods: vec![
                method("new", MethodKind::Init),
                method("hit", MethodKind::Call),
                method("look", MethodKind::Query),
            ],
            events: vec![],
            error: None,
            storage: vec![FieldSpec {
                name: "mark".into(),
                id: u16::from_be_bytes(*b"ma"),
                kind: FieldKind::Item,
                key: None,
                value: unit,
                published: self.published,
                parts: vec![],
            }],
            docs: vec![],
            types: registry.into(),
        }
    }
}
