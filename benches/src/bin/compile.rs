//! The worst modules that validation accepts: how long validating and compiling each takes.
//!
//! The limits of a module must be so tight that none of these comes near a compiler's time limit
//! (DESIGN D6): a deploy's receipt depends on validation alone, so what passes has to compile.

use codec::Encode;
use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec};
use dure_runtime::{EngineConfig, vm};
use dure_types::{ModuleError, domain, limits};
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
        ("divisions", divisions()),
        ("live_values", live_values()),
        ("calls", calls()),
        ("indirect_calls", indirect_calls()),
        ("nested_loops", nested_loops()),
        ("many_loops", many_loops()),
        ("deep_blocks", deep_blocks()),
        ("many_branches_few_locals", many_branches(16)),
        ("many_branches_many_locals", many_branches(256)),
        ("branch_tables", branch_tables()),
        ("ifs", ifs()),
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
        put(&mut text, format_args!("local.get {a} local.get {b} i64.rotl local.set {c} "));
    }
    body(102, text)
}

fn memory_access() -> Body {
    let mut text = String::new();
    for i in 0..4_500u32 {
        let other = i * 3;
        put(
            &mut text,
            format_args!("local.get 0 local.get 0 i64.load offset={i} i64.store offset={other} "),
        );
    }
    body(2, text)
}

fn divisions() -> Body {
    body(3, "local.get 1 local.get 2 i64.div_s local.get 2 i64.rem_u local.set 1 ".repeat(5_000))
}

/// Values that are all alive at once: the register allocator must spill nearly all of them.
fn live_values() -> Body {
    let mut text = String::new();
    for i in 0..10_000u32 {
        put(&mut text, format_args!("local.get 1 i64.const {} i64.xor ", i & 63));
    }
    text.push_str(&"i64.add ".repeat(9_999));
    text.push_str("local.set 1 ");
    body(2, text)
}

fn calls() -> Body {
    body(2, "local.get 0 call 3 drop ".repeat(10_000))
}

fn indirect_calls() -> Body {
    let calls = limits::INDIRECT_CALLS_MAX as usize;
    body(2, "local.get 0 local.get 0 call_indirect (type $entry) drop ".repeat(calls))
}

/// Every local changes inside every loop: each loop's head joins each local.
fn nested_loops() -> Body {
    let depth = limits::LOOP_NESTING_MAX as usize;
    let mut text = "loop ".repeat(depth);
    step(&mut text, 1..limits::LOCALS_MAX);
    text.push_str(&"local.get 0 br_if 0 end ".repeat(depth));
    body(limits::LOCALS_MAX, text)
}

fn many_loops() -> Body {
    let locals = 64;
    let mut text = String::new();
    for i in 0..limits::BLOCKS_MAX {
        let local = i % (locals - 1) + 1;
        text.push_str("loop ");
        step(&mut text, local..local + 1);
        text.push_str("local.get 0 br_if 0 end ");
    }
    body(locals, text)
}

/// Blocks as deep as may be, every local set innermost and left by a branch out of each.
fn deep_blocks() -> Body {
    let depth = limits::NESTING_MAX;
    let mut text = "block ".repeat(depth as usize);
    for level in 0..depth {
        step(&mut text, level % 255 + 1..level % 255 + 2);
        put(&mut text, format_args!("local.get 0 br_if {level} "));
    }
    for level in 0..depth {
        text.push_str("end ");
        step(&mut text, level % 255 + 1..level % 255 + 2);
    }
    body(256, text)
}

/// Every local has another value at each of many branches to one block.
fn many_branches(locals: u32) -> Body {
    let mut text = String::from("block ");
    for branch in 0..limits::BRANCHES_MAX {
        let local = branch % (locals - 1) + 1;
        step(&mut text, local..local + 1);
        text.push_str("local.get 0 br_if 0 ");
    }
    text.push_str("end ");
    body(locals, text)
}

fn branch_tables() -> Body {
    let (depth, locals) = (120, 128);
    let targets = limits::BRANCHES_MAX - 1;
    let mut text = String::new();
    for part in [targets / 2, targets - targets / 2] {
        text.push_str(&"block ".repeat(depth));
        step(&mut text, 1..locals);
        text.push_str("local.get 0 br_table ");
        for target in 0..part {
            put(&mut text, format_args!("{} ", target as usize % depth));
        }
        for level in 0..depth as u32 {
            text.push_str("end ");
            step(&mut text, level + 1..level + 2);
        }
    }
    body(locals, text)
}

fn ifs() -> Body {
    let locals = 128;
    let mut text = String::new();
    for i in 0..limits::BLOCKS_MAX {
        let (one, other) = (i % (locals - 1) + 1, i * 7 % (locals - 1) + 1);
        text.push_str("local.get 0 if ");
        step(&mut text, one..one + 1);
        text.push_str("else ");
        step(&mut text, other..other + 1);
        text.push_str("end ");
    }
    body(locals, text)
}

/// Adds one to each of these locals.
fn step(text: &mut String, locals: std::ops::Range<u32>) {
    for local in locals {
        put(text, format_args!("local.get {local} i64.const 1 i64.add local.set {local} "));
    }
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("a string takes everything");
}

/// Fills a module with the body, as often as validation lets pass, and compiles it.
fn measure(name: &str, body: &Body) {
    let one = function_bytes(body);
    let fit = (limits::CODE_BYTES_MAX - SPARE_BYTES) / one;
    let mut count = fit.min(limits::FUNCTIONS_MAX as usize - 3);
    let (code, validated, work) = loop {
        let code = module(body, count);
        let started = Instant::now();
        match vm::validate(&code) {
            Ok(valid) => break (code, started.elapsed(), valid.work),
            Err(ModuleError::Limit { what, value, limit }) if what == b"compile work" => {
                // The other sections and the entry points take a little too.
                let fewer = (count as u64 * limit / value) as usize;
                count = fewer.min(count - 1);
                assert!(count > 0, "{name}: one function is too much work: {value}");
            }
            Err(error) => panic!("{name}: {error}"),
        }
    };
    let machine = vm::Vm::new(EngineConfig::default()).expect("this machine runs the engine");
    let started = Instant::now();
    machine.prepare(domain::blake3_hash(&code), &code).expect("a valid module compiles");
    let compiled = started.elapsed();
    for (part, took) in [("validate", validated), ("compile", compiled)] {
        println!(
            r#"{{"bench":"compile","metric":"{name}_{part}","value":{:.1},"unit":"ms","peer":null,"peer_value":null,"ratio":null,"functions":{count},"work":{work},"bytes":{}}}"#,
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
        write!(
            text,
            "(func (param i32) (result i32) (local{}) ",
            " i64".repeat(body.locals as usize - 1)
        )
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
        history: Default::default(),
        interfaces: vec![],
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
