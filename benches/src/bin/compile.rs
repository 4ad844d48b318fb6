//! The worst modules that validation accepts: how long validating and compiling each takes.
//!
//! The limits of a module must be so tight that none of these comes near a compiler's time limit
//! (DESIGN D6): a deploy's receipt depends on validation alone, so what passes has to compile.

use codec::Encode;
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_runtime::{EngineConfig, vm};
use dure_types::{domain, limits};
use scale_info::{MetaType, Registry};
use std::{fmt::Write, time::Instant};

/// Bytes kept free of function bodies for all other sections.
const SPARE_BYTES: usize = 24 * 1024;

fn main() {
    let only = std::env::args().nth(1);
    for (name, body) in shapes() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        measure(name, &body);
    }
}

/// One body, and how to fill a module with it.
struct Body {
    locals: u32,
    text: String,
}

fn shapes() -> Vec<(&'static str, Body)> {
    vec![
        ("many_functions", small()),
        ("straight_line", straight_line()),
        ("memory_access", memory_access()),
        ("nested_loops", nested_loops()),
        ("many_branches", many_branches()),
        ("branch_tables", branch_tables()),
        ("ifs", ifs()),
        ("calls", calls()),
        ("indirect_calls", indirect_calls()),
        ("live_values", live_values()),
        ("divisions", divisions()),
    ]
}

fn body(locals: u32, text: String) -> Body {
    Body { locals, text }
}

/// As many functions as a module may have.
fn small() -> Body {
    body(8, "local.get 1 local.get 2 i64.mul local.get 3 i64.add local.set 1 ".repeat(18))
}

fn straight_line() -> Body {
    let mut text = String::new();
    for i in 0..7_000u32 {
        let (a, b, c) = (i % 100 + 1, i * 7 % 100 + 1, i * 13 % 100 + 1);
        write!(text, "local.get {a} local.get {b} i64.rotl local.set {c} ").expect("a string");
    }
    body(101, text)
}

fn memory_access() -> Body {
    let mut text = String::new();
    for i in 0..4_500u32 {
        write!(text, "local.get 0 local.get 0 i64.load offset={} i64.store offset={} ", i, i * 3)
            .expect("a string");
    }
    body(2, text)
}

/// Every local changes inside every loop: each loop's head joins each local.
fn nested_loops() -> Body {
    let locals = share_of_joins(250);
    let mut nest = "loop ".repeat(250);
    for local in 1..locals {
        write!(nest, "local.get {local} i64.const 1 i64.add local.set {local} ").expect("a string");
    }
    nest.push_str(&"local.get 0 br_if 0 end ".repeat(250));
    body(locals, nest)
}

/// Every local has another value at each of many branches to one block.
fn many_branches() -> Body {
    let branches = 8_000;
    let locals = share_of_joins(branches);
    let mut text = String::from("block ");
    for branch in 0..branches {
        if branch % 8 == 0 {
            let local = branch / 8 % (locals - 1) + 1;
            write!(text, "local.get {local} i64.const 1 i64.add local.set {local} ")
                .expect("a string");
        }
        text.push_str("local.get 0 br_if 0 ");
    }
    text.push_str("end ");
    body(locals, text)
}

fn branch_tables() -> Body {
    let tables = 15u32;
    let targets = limits::BR_TABLE_MAX;
    let locals = share_of_joins(tables * targets + 200);
    let mut text = String::new();
    for _ in 0..tables {
        text.push_str("block ");
        text.push_str(&"block ".repeat(120));
        for local in 1..locals {
            write!(text, "i64.const {local} local.set {local} ").expect("a string");
        }
        text.push_str("local.get 0 br_table ");
        for target in 0..=targets {
            write!(text, "{} ", target % 120).expect("a string");
        }
        for depth in 0..120 {
            let local = depth % (locals - 1) + 1;
            write!(text, "end local.get {local} i64.const 3 i64.add local.set {local} ")
                .expect("a string");
        }
        text.push_str("end ");
    }
    body(locals, text)
}

fn ifs() -> Body {
    let locals = share_of_joins(3_600);
    let mut text = String::new();
    for i in 0..3_600 {
        let local = i % (locals - 1) + 1;
        write!(text, "local.get 0 if local.get {local} i64.eqz local.set 0 else i64.const {i} local.set {local} end ").expect("a string");
    }
    body(locals, text)
}

fn calls() -> Body {
    body(2, "local.get 0 call 3 drop ".repeat(size(10_000)))
}

fn indirect_calls() -> Body {
    body(2, "local.get 0 local.get 0 call_indirect (type $entry) drop ".repeat(size(7_000)))
}

fn size_of(name: &str) -> usize { std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(usize::MAX) }

fn size(n: usize) -> usize {
    std::env::var("SCALE").ok().and_then(|s| s.parse::<usize>().ok()).map_or(n, |s| n / s)
}

/// Values that are all alive at once: the register allocator must spill nearly all of them.
fn live_values() -> Body {
    let mut text = String::new();
    for i in 0..10_000u32 {
        write!(text, "local.get 1 i64.const {} i64.xor ", i & 63).expect("a string");
    }
    text.push_str(&"i64.add ".repeat(9_999));
    text.push_str("local.set 1 ");
    body(2, text)
}

fn divisions() -> Body {
    body(3, "local.get 1 local.get 2 i64.div_s local.get 2 i64.rem_u local.set 1 ".repeat(5_000))
}

/// As many locals as a function with these branches may have.
fn share_of_joins(branches: u32) -> u32 {
    let _ = branches;
    std::env::var("LOCALS").ok().and_then(|s| s.parse().ok()).unwrap_or(limits::LOCALS_MAX)
}

fn measure(name: &str, body: &Body) {
    let one = function_bytes(body);
    let fit = (limits::CODE_BYTES_MAX - SPARE_BYTES) / one;
    let count = fit.min(limits::FUNCTIONS_MAX as usize - 3).min(size_of("COUNT"));
    let code = module(body, count);
    let started = Instant::now();
    let valid = vm::validate(&code);
    let validated = started.elapsed();
    if let Err(error) = valid {
        println!(r#"{{"bench":"compile","metric":"{name}","refused":"{error}"}}"#);
        return;
    }
    let machine = vm::Vm::new(EngineConfig::default()).expect("this machine runs the engine");
    let started = Instant::now();
    machine.prepare(domain::blake3_hash(&code), &code).expect("a valid module compiles");
    let compiled = started.elapsed();
    for (part, took) in [("validate", validated), ("compile", compiled)] {
        println!(
            r#"{{"bench":"compile","metric":"{name}_{part}","value":{:.1},"unit":"ms","peer":null,"peer_value":null,"ratio":null,"functions":{count},"bytes":{}}}"#,
            took.as_secs_f64() * 1e3,
            code.len(),
        );
    }
}

fn function_bytes(body: &Body) -> usize {
    let (one, two) = (module(body, 1).len(), module(body, 2).len());
    two - one + 2
}

/// A whole contract whose code is one body, repeated.
fn module(body: &Body, count: usize) -> Vec<u8> {
    let mut text = String::from(
        r#"(module (type $entry (func (param i32) (result i32)))
        (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) func 0)
        (func (export "dure_init") (param i32) (result i32) i32.const 0)
        (func (export "dure_call") (param i32) (result i32) i32.const 0)
        (func (export "dure_query") (param i32) (result i32) i32.const 0)"#,
    );
    for _ in 0..count {
        write!(text, "(func (param i32) (result i32) (local{}) ", " i64".repeat(body.locals as usize - 1))
            .expect("a string");
        text.push_str(&body.text);
        text.push_str("local.get 0)");
    }
    text.push(')');
    let mut code = wat::parse_str(&text).expect("the shapes are WASM");
    append_spec(&mut code);
    code
}

fn append_spec(code: &mut Vec<u8>) {
    let mut registry = Registry::new();
    let unit = registry.register_type(&MetaType::new::<()>()).id;
    let spec = ContractSpec {
        version: dure_abi::spec::VERSION,
        name: "worst".into(),
        methods: vec![MethodSpec {
            name: "new".into(),
            selector: domain::selector("new"),
            kind: MethodKind::Init,
            args: vec![],
            returns: unit,
            fallible: false,
            reentrant: false,
            docs: vec![],
        }],
        events: vec![],
        error: None,
        storage: vec![],
        docs: vec![],
        types: registry.into(),
    }
    .encode();
    let name = dure_abi::entry::SPEC_SECTION.as_bytes();
    let length = u8::try_from(name.len() + 1 + spec.len()).expect("a short spec");
    assert!(length < 128, "its length takes one byte");
    code.extend([0, length, name.len() as u8]);
    code.extend_from_slice(name);
    code.extend_from_slice(&spec);
}
