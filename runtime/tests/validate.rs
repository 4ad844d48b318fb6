//! Every rule of `vm::validate`, one module of text each, and mutated and random bytes.

use codec::Encode;
use dure_abi::{
    Selector,
    spec::{ArgSpec, ContractSpec, EventSpec, FieldKind, FieldSpec, MethodKind, MethodSpec},
};
use dure_runtime::vm::validate;
use dure_types::{ModuleError, domain, limits};
use proptest::prelude::*;
use scale_info::{MetaType, Registry, TypeInfo};

/// The entry points that every module needs, as text.
const ENTRIES: &str = r#"
    (func (export "dure_init") (param i32) (result i32) (i32.const 0))
    (func (export "dure_call") (param i32) (result i32) (i32.const 0))
    (func (export "dure_query") (param i32) (result i32) (i32.const 0))
"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

#[derive(TypeInfo)]
#[expect(dead_code, reason = "only its description is used")]
struct Pair {
    name: String,
    list: Vec<u64>,
    next: Option<Box<Pair>>,
}

fn spec() -> ContractSpec {
    let mut registry = Registry::new();
    let unit = registry.register_type(&MetaType::new::<()>()).id;
    let pair = registry.register_type(&MetaType::new::<Pair>()).id;
    ContractSpec {
        version: dure_abi::spec::VERSION,
        name: "sample".into(),
        methods: vec![method("new", MethodKind::Init, unit), method("put", MethodKind::Call, pair)],
        events: vec![EventSpec {
            name: "Put".into(),
            topic: domain::selector("Put"),
            fields: vec![],
            docs: vec!["Something was put.".into()],
        }],
        error: Some(pair),
        storage: vec![FieldSpec {
            name: "held".into(),
            id: 0,
            kind: FieldKind::Map,
            key: Some(unit),
            value: pair,
            published: false,
            parts: vec![],
        }],
        docs: vec![],
        types: registry.into(),
    }
}

fn method(name: &str, kind: MethodKind, ty: u32) -> MethodSpec {
    MethodSpec {
        name: name.into(),
        selector: domain::selector(name),
        kind,
        args: vec![ArgSpec { name: "value".into(), ty }],
        returns: ty,
        fallible: true,
        reentrant: false,
        docs: vec![],
    }
}

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {text})")).expect("the test's text is WASM")
}

fn append_section(code: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut body = vec![u8::try_from(name.len()).expect("a short name")];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    code.push(0);
    let mut length = body.len();
    while length >= 128 {
        code.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    code.push(length as u8);
    code.extend_from_slice(&body);
}

fn with_spec(mut code: Vec<u8>, spec: &ContractSpec) -> Vec<u8> {
    append_section(&mut code, "dure.spec", &spec.encode());
    code
}

/// A whole module: these fields, memory, entry points and a sound spec.
fn complete(fields: &str) -> Vec<u8> {
    with_spec(module(&format!("{fields} {MEMORY} {ENTRIES}")), &spec())
}

#[track_caller]
fn accepts(fields: &str) {
    if let Err(error) = validate(&complete(fields)) {
        panic!("{fields} is refused: {error}");
    }
}

#[track_caller]
fn refuses(fields: &str, expected: &str) {
    match validate(&complete(fields)) {
        Ok(_) => panic!("{fields} is accepted"),
        Err(error) => assert_eq!(error.to_string(), expected, "of {fields}"),
    }
}

#[track_caller]
fn refuses_bytes(code: &[u8], expected: &ModuleError) {
    assert_eq!(&validate(code).expect_err("the module is refused"), expected);
}

#[test]
fn a_plain_module_is_read() {
    let code = complete("(table 3 funcref)");
    let valid = validate(&code).expect("it keeps every rule");
    assert_eq!(valid.spec, spec());
    assert_eq!(&code[valid.spec_bytes], spec().encode());
    assert_eq!((valid.memory_pages, valid.table_elements, valid.functions), (1, 3, 3));
}

#[test]
fn every_host_function_can_be_imported() {
    accepts(
        r#"(import "dure1" "input" (func (param i32)))
        (import "dure1" "storage_get" (func (param i32 i32 i32 i32) (result i64)))
        (import "dure1" "call" (func (param i32 i32 i32 i64 i32) (result i64)))
        (import "dure1" "height" (func (result i64)))
        (import "dure1" "panic" (func (param i32 i32)))"#,
    );
}

#[test]
fn other_imports_are_refused() {
    for (import, name) in [
        (r#"(import "env" "input" (func (param i32)))"#, "env.input"),
        (r#"(import "dure1" "no_such" (func))"#, "dure1.no_such"),
        (r#"(import "dure1" "input" (func (param i64)))"#, "dure1.input"),
        (r#"(import "dure1" "input" (func (param i32) (result i32)))"#, "dure1.input"),
        (r#"(import "dure1" "height" (global i64))"#, "dure1.height"),
        (r#"(import "dure1" "table" (table 1 funcref))"#, "dure1.table"),
    ] {
        refuses(import, &format!("unknown import {name}"));
    }
    let imported = module(&format!(r#"(import "dure1" "memory" (memory 1)) {ENTRIES}"#));
    refuses_bytes(
        &with_spec(imported, &spec()),
        &ModuleError::Import { module: b"dure1".to_vec(), name: b"memory".to_vec() },
    );
}

#[test]
fn integer_code_is_accepted() {
    accepts("(func (param i32) (result i32) (i32.extend8_s (local.get 0)))");
    accepts("(global $g (mut i64) (i64.const 1)) (func (global.set $g (i64.const 2)))");
    accepts("(func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)))");
    accepts("(func (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)))");
    accepts(r#"(data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)))"#);
    accepts("(func (result i32) (block (result i32) (i32.const 1)))");
    accepts("(func (drop (memory.grow (i32.const 1))))");
    accepts(
        "(table 2 2 funcref) (elem (i32.const 1) func 0) (type $t (func))
        (func (call_indirect (type $t) (i32.const 0)))",
    );
    accepts(
        "(func $f (param i32) (result i32)
        (select (result i32) (i32.const 1) (i32.const 2) (local.get 0)))",
    );
}

#[test]
fn forbidden_opcodes_name_themselves_and_the_function() {
    for (code, opcode) in [
        ("(drop (f32.const 1))", "f32.const"),
        ("(drop (f64.add (f64.const 1) (f64.const 1)))", "f64.const"),
        ("(drop (i64.trunc_sat_f32_s (f32.const 1)))", "f32.const"),
        ("(drop (i32.reinterpret_f32 (f32.load (i32.const 0))))", "f32.load"),
        ("(drop (v128.const i32x4 1 2 3 4))", "v128.const"),
        ("(drop (i32.atomic.load (i32.const 0)))", "i32.atomic.load"),
        ("(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))", "memory.atomic.notify"),
        ("(return_call $bad)", "return_call"),
        ("(drop (ref.null func))", "ref.null"),
        ("(drop (ref.func $bad))", "ref.func"),
        ("(drop (table.get $t (i32.const 0)))", "table.get"),
        ("(drop (table.size $t))", "table.size"),
        ("(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))", "table.copy"),
        ("(elem.drop $e)", "elem.drop"),
        ("(drop (ref.i31 (i32.const 1)))", "ref.i31"),
        ("(throw_ref (unreachable))", "throw_ref"),
    ] {
        let operator = opcode;
        let body = if code.starts_with("(throw") { "unreachable throw_ref" } else { code };
        refuses(
            &format!("(table $t 1 funcref) (elem $e (i32.const 0) func) (func $bad {body})"),
            &format!("function bad uses the opcode {operator}"),
        );
    }
}

#[test]
fn a_function_without_a_name_is_called_by_its_export_or_index() {
    refuses(
        r#"(func) (func (export "pay") (drop (f32.const 1)))"#,
        "function pay uses the opcode f32.const",
    );
    refuses("(func) (func (drop (f32.const 1)))", "function func 1 uses the opcode f32.const");
    let long = "x".repeat(500);
    refuses(
        &format!("(func ${long} (drop (f32.const 1)))"),
        &format!(
            "function {} uses the opcode f32.const",
            "x".repeat(limits::REFUSAL_NAME_BYTES_MAX)
        ),
    );
}

#[test]
fn forbidden_types_are_named() {
    for (fields, ty) in [
        ("(func (param f32))", "f32"),
        ("(func (result f64) (unreachable))", "f64"),
        ("(func (local v128))", "v128"),
        ("(func (param externref))", "externref"),
        ("(global f32 (f32.const 1))", "f32"),
        ("(table 1 externref)", "externref"),
        ("(type (struct (field i32)))", "struct"),
        ("(type (array i32))", "array"),
        ("(rec (type (func)) (type (func)))", "rec"),
        ("(tag)", "tag"),
        ("(func (drop (block (result f32) (unreachable))))", "f32"),
        ("(table 1 funcref) (elem func 0)", "passive element segment"),
        ("(table 1 funcref) (elem (i32.const 0) funcref (ref.func 0))", "element expression"),
    ] {
        refuses(fields, &format!("the module uses the type {ty}"));
    }
}

#[test]
fn a_start_function_is_refused() {
    refuses("(func $s) (start $s)", "start functions are not allowed");
}

#[test]
fn counts_and_sizes_have_limits() {
    let many = |item: &str, count: u64| item.repeat(count as usize);
    for (fields, expected) in [
        ("(func (result i32 i32) (unreachable))".into(), "results of 2 exceeds 1".into()),
        (format!("(func (param{}))", many(" i32", 33)), "parameters of 33 exceeds 32".into()),
        (
            format!("(func $wide (param i32) (local{}))", many(" i64", 1_024)),
            "locals of wide of 1025 exceeds 1024".into(),
        ),
        (many("(global i32 (i32.const 0))", 257), "globals of 257 exceeds 256".into()),
        (many(r#"(data "")"#, 257), "data segments of 257 exceeds 256".into()),
        ("(table 4097 funcref)".into(), "table elements of 4097 exceeds 4096".into()),
        ("(table 1 funcref) (table 1 funcref)".into(), "tables of 2 exceeds 1".into()),
        ("(memory 1)".into(), "memories of 2 exceeds 1".into()),
        (many("(func)", 4_094), "functions of 4097 exceeds 4096".into()),
        (
            format!("(func $deep {}{})", many("block ", 257), many("end ", 257)),
            "nesting of deep of 257 exceeds 256".into(),
        ),
        (
            format!("(func $wide {})", many("block end ", 2_049)),
            "blocks of wide of 2049 exceeds 2048".into(),
        ),
        (
            format!("(func $round {}{})", many("loop ", 17), many("end ", 17)),
            "nested loops of round of 17 exceeds 16".into(),
        ),
        (
            format!("(func $forks {})", many("i32.const 0 br_if 0 ", 2_049)),
            "branches of forks of 2049 exceeds 2048".into(),
        ),
        (
            format!(
                "(table 1 funcref) (type $t (func)) (func $dyn {})",
                many("i32.const 0 call_indirect (type $t) ", 257)
            ),
            "indirect calls of dyn of 257 exceeds 256".into(),
        ),
        (
            format!("(func $jump i32.const 0 br_table {} 0)", many("0 ", 1_025)),
            "branch targets of jump of 1025 exceeds 1024".into(),
        ),
        (
            format!("(func $long {})", many("nop ", 65_536)),
            "bytes of long of 65538 exceeds 65536".into(),
        ),
        (
            "(func $f (block (param i32) (drop)) unreachable)".into(),
            "block types of f of 1 exceeds 0".into(),
        ),
        (
            "(table 1 funcref) (elem (i32.const 1) func 0)".into(),
            "end of an element segment of 2 exceeds 1".into(),
        ),
        (
            r#"(data (i32.const 65535) "xy")"#.into(),
            "end of a data segment of 65537 exceeds 65536".into(),
        ),
        (
            r#"(data (i32.const -1) "x")"#.into(),
            "end of a data segment of 4294967296 exceeds 65536".into(),
        ),
    ] as [(String, String); 20]
    {
        refuses(&fields, &expected);
    }
}

#[test]
fn types_exports_and_element_segments_have_limits() {
    let mut types = String::new();
    for index in 0..513u32 {
        types.push_str("(type (func (param");
        for bit in 0..10 {
            types.push_str(if index >> bit & 1 == 1 { " i64" } else { " i32" });
        }
        types.push_str(")))");
    }
    refuses(&types, "types of 514 exceeds 512");
    let exports: String = (0..61).map(|i| format!(r#"(export "e{i}" (func 0))"#)).collect();
    refuses(&exports, "exports of 65 exceeds 64");
    let elements = format!("(table 1 funcref) {}", "(elem (i32.const 0) func)".repeat(65));
    refuses(&elements, "element segments of 65 exceeds 64");
}

#[test]
fn the_compilers_work_is_bounded_over_the_module() {
    // 1,000 locals x 250 branches x 12, and the bytes of the body.
    let branches = "(br_if 0 (i32.const 0)) ".repeat(250);
    let function = format!("(func (local{}) {branches})", " i32".repeat(1_000));
    accepts(&function.repeat(2));
    let Err(ModuleError::Limit { what, value, limit }) = validate(&complete(&function.repeat(3)))
    else {
        panic!("three of them are too much");
    };
    assert_eq!((what.as_slice(), limit), (&b"compile work"[..], limits::COMPILE_WORK_MAX));
    assert!((9_000_000..9_010_000).contains(&value), "{value}");
    // 16 loops around 1,000 writes: 16,000 x (48 + 128).
    let sets = "(local.set 0 (i32.const 0)) ".repeat(1_000);
    let nest = format!("(func (local i32) {} {sets} {})", "loop ".repeat(16), "end ".repeat(16));
    accepts(&nest.repeat(2));
    let Err(ModuleError::Limit { value, .. }) = validate(&complete(&nest.repeat(3))) else {
        panic!("three of them are too much");
    };
    assert!((8_448_000..8_470_000).contains(&value), "{value}");
}

#[test]
fn memory_is_bounded_at_its_initial_size() {
    let memory = |text: &str| with_spec(module(&format!("{text} {ENTRIES}")), &spec());
    assert_eq!(
        validate(&memory(r#"(memory (export "memory") 64 65536)"#)).map(|m| m.memory_pages),
        Ok(64)
    );
    for (text, expected) in [
        (r#"(memory (export "memory") 65)"#, "memory pages of 65 exceeds 64"),
        (r#"(memory (export "memory") i64 1)"#, "the module uses the type memory of another kind"),
        (
            r#"(memory (export "memory") 1 2 shared)"#,
            "the module uses the type memory of another kind",
        ),
    ] {
        assert_eq!(
            validate(&memory(text)).map_err(|error| error.to_string()),
            Err(expected.into())
        );
    }
}

#[test]
fn memory_and_every_entry_point_are_required() {
    let missing = |name: &str| ModuleError::Export { name: name.as_bytes().to_vec() };
    refuses_bytes(&with_spec(module(ENTRIES), &spec()), &missing("memory"));
    for name in ["dure_init", "dure_call", "dure_query"] {
        let without = ENTRIES.replace(name, "other");
        let code = with_spec(module(&format!("{MEMORY} {without}")), &spec());
        refuses_bytes(&code, &missing(name));
        let other = format!(r#"(func (export "{name}") (param i64) (result i32) (i32.const 0))"#);
        let code = with_spec(module(&format!("{MEMORY} {without} {other}")), &spec());
        refuses_bytes(&code, &missing(name));
    }
}

#[test]
fn the_spec_is_there_once_and_decodes() {
    let bare = module(&format!("{MEMORY} {ENTRIES}"));
    refuses_bytes(&bare, &ModuleError::Spec);
    refuses_bytes(&with_spec(complete(""), &spec()), &ModuleError::Spec);
    let mut torn = bare.clone();
    let bytes = spec().encode();
    append_section(&mut torn, "dure.spec", &bytes[..bytes.len() - 1]);
    refuses_bytes(&torn, &ModuleError::Spec);
    let mut longer = bare.clone();
    append_section(&mut longer, "dure.spec", &[bytes, vec![0]].concat());
    refuses_bytes(&longer, &ModuleError::Spec);
    let mut huge = bare;
    append_section(&mut huge, "dure.spec", &vec![0; limits::SPEC_BYTES_MAX + 1]);
    refuses_bytes(
        &huge,
        &ModuleError::Limit {
            what: b"bytes of dure.spec".to_vec(),
            value: limits::SPEC_BYTES_MAX as u64 + 1,
            limit: limits::SPEC_BYTES_MAX as u64,
        },
    );
}

fn field(id: u16, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        name: "part".into(),
        id,
        kind,
        key: None,
        value: 0,
        published: false,
        parts: vec![],
    }
}

fn composite(parts: Vec<FieldSpec>) -> FieldSpec {
    FieldSpec { parts, ..field(1, FieldKind::Composite) }
}

/// A composite with so many levels of parts.
fn nested(levels: usize) -> FieldSpec {
    (0..levels).fold(field(1, FieldKind::Item), |inner, _| composite(vec![inner]))
}

#[test]
fn composites_of_four_levels_are_accepted() {
    let mut deep = spec();
    deep.storage.push(nested(4));
    let code = with_spec(module(&format!("{MEMORY} {ENTRIES}")), &deep);
    assert!(validate(&code).is_ok(), "{:?}", validate(&code));
}

#[test]
fn the_spec_says_nothing_unsound() {
    type Change = fn(&mut ContractSpec);
    let changes: [(&str, Change); 21] = [
        ("version", |spec| spec.version += 1),
        ("contract name", |spec| spec.name = "a b".into()),
        ("empty name", |spec| spec.methods[1].name = String::new()),
        ("control characters", |spec| spec.events[0].name = "\u{1b}[2J".into()),
        ("long name", |spec| spec.name = "a".repeat(65)),
        ("foreign selector", |spec| spec.methods[1].selector = Selector([1, 2, 3, 4])),
        ("method twice", |spec| spec.methods.push(spec.methods[1].clone())),
        ("two inits", |spec| spec.methods[1].kind = MethodKind::Init),
        ("no init", |spec| spec.methods[0].kind = MethodKind::Query),
        ("argument type", |spec| spec.methods[1].args[0].ty = 1_000),
        ("return type", |spec| spec.methods[1].returns = u32::MAX),
        ("foreign topic", |spec| spec.events[0].topic = Selector([0; 4])),
        ("fallible without errors", |spec| spec.error = None),
        ("map without key", |spec| spec.storage[0].key = None),
        ("parts of a map", |spec| spec.storage[0].parts = vec![field(0, FieldKind::Item)]),
        ("composite with a key", |spec| spec.storage[0].kind = FieldKind::Composite),
        ("part of two bytes", |spec| {
            spec.storage.push(composite(vec![field(256, FieldKind::Item)]))
        }),
        ("part twice", |spec| {
            let parts = vec![field(0, FieldKind::Item), field(0, FieldKind::Balance)];
            spec.storage.push(composite(parts));
        }),
        ("published part", |spec| {
            let part = FieldSpec { published: true, ..field(0, FieldKind::Item) };
            spec.storage.push(composite(vec![part]));
        }),
        ("five levels of parts", |spec| spec.storage.push(nested(5))),
        ("registry index", |spec| spec.types.types[1].id = 7),
    ];
    for (what, change) in changes {
        let mut changed = spec();
        change(&mut changed);
        let code = with_spec(module(&format!("{MEMORY} {ENTRIES}")), &changed);
        assert_eq!(validate(&code), Err(ModuleError::Spec), "{what}");
    }
}

#[test]
fn length_is_judged_before_anything_else() {
    let code = vec![0xff; limits::CODE_BYTES_MAX + 1];
    refuses_bytes(
        &code,
        &ModuleError::TooLong {
            length: limits::CODE_BYTES_MAX as u32 + 1,
            limit: limits::CODE_BYTES_MAX as u32,
        },
    );
}

#[test]
fn what_is_not_wasm_is_invalid() {
    for bytes in [&b""[..], b"\0asm", b"not wasm at all", b"\0asm\x0d\0\x01\0"] {
        assert!(matches!(validate(bytes), Err(ModuleError::Invalid { .. })), "{bytes:?}");
    }
    let wrong_types = complete("(func (result i32) unreachable)");
    assert!(validate(&wrong_types).is_ok());
    let mut code = module(&format!("(func (result i32) (i32.const 7)) {MEMORY} {ENTRIES}"));
    let constant = code.windows(2).position(|pair| pair == [0x41, 7]).expect("the constant");
    code[constant] = 0x42;
    let refusal = validate(&with_spec(code, &spec()));
    assert!(matches!(refusal, Err(ModuleError::Invalid { .. })), "{refusal:?}");
}

/// A module that uses most of what is allowed, for mutation.
fn rich() -> Vec<u8> {
    complete(
        r#"(import "dure1" "input" (func $input (param i32)))
        (import "dure1" "storage_get" (func $get (param i32 i32 i32 i32) (result i64)))
        (table 4 funcref) (elem (i32.const 0) func $input $work)
        (global $g (mut i32) (i32.const 9))
        (data (i32.const 16) "some bytes") (data "passive")
        (type $t (func (param i32)))
        (func $work (param i32) (local i64 i32)
            (loop $again
                (br_if $again (i32.eqz (global.get $g)))
                (local.set 1 (call $get (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3)))
                (call_indirect (type $t) (local.get 0) (i32.const 1))
                (block $b (block $c (br_table $b $c $again (local.get 2))))
                (if (i64.eqz (local.get 1)) (then (memory.fill (i32.const 0) (i32.const 0) (i32.const 4))))))"#,
    )
}

#[test]
fn the_module_for_mutation_is_valid() {
    assert_eq!(validate(&rich()).map(|valid| valid.functions), Ok(4));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_modules_never_panic_and_answer_the_same_twice(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut code = rich();
        for (index, byte) in changes {
            let at = index.index(code.len());
            code[at] = byte;
        }
        if let Some(cut) = cut {
            code.truncate(cut.index(code.len()));
        }
        prop_assert_eq!(validate(&code), validate(&code));
    }

    #[test]
    fn random_bytes_are_refused(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let code = [&b"\0asm\x01\0\0\0"[..], &tail].concat();
        prop_assert!(validate(&code).is_err());
    }
}
