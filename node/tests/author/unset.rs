//! An upgrade that adds a field of one value: `get` of it would end every call until it is set.

use super::{chain, counter, people, text};
use crate::program::{Dev, code};
use dure_abi::spec::{FieldKind, FieldSpec, MigrationSpec};
use dure_types::domain::blake3_hash;
use scale_info::{MetaType, Registry, TypeInfo};
use serde_json::{Value, json};
use std::{fs, path::Path};

#[derive(TypeInfo)]
#[allow(dead_code, reason = "only its type is used")]
enum Error {
    Refused { limit: u64 },
}

const LIMIT: &[u8] = &[0, 1];
const MOST: &[u8] = &[0, 2, 0];

/// Writes the counter with new fields: a value, a map, and one of parts, of which one is a value.
/// Its migration, where it has one, sets the entries of these keys.
fn grown(folder: &Path, migration: Option<&[&[u8]]>) -> String {
    let mut sets = String::new();
    let mut data = String::new();
    for (key, at) in migration.unwrap_or_default().iter().zip((0..).step_by(8)) {
        let digits: String = key.iter().map(|byte| format!("\\{byte:02x}")).collect();
        data.push_str(&format!("(data (i32.const {at}) \"{digits}\")"));
        let length = key.len();
        sets.push_str(&format!(
            "(call $set (i32.const {at}) (i32.const {length}) (i32.const 64) (i32.const 8))"
        ));
    }
    let migrate = migration.map_or_else(String::new, |_| {
        format!(r#"(func (export "dure_migrate") (param i32) (result i32) {sets} (i32.const 0))"#)
    });
    let module = format!(
        r#"(module
        (import "dure1" "storage_set" (func $set (param i32 i32 i32 i32)))
        (memory (export "memory") 1)
        {data}
        (func (export "dure_init") (param i32) (result i32) (i32.const 0))
        {migrate}
        (func (export "dure_call") (param i32) (result i32) (i32.const 0))
        (func (export "dure_query") (param i32) (result i32) (i32.const 0)))"#
    );
    let mut registry = Registry::new();
    let error = registry.register_type(&MetaType::new::<Error>()).id;
    let mut spec = chain::spec(registry, error);
    let (number, unit) = (spec.storage[0].value, spec.methods[0].returns);
    let field = |name: &str, id, kind, value| FieldSpec {
        name: name.into(),
        id,
        kind,
        key: (kind == FieldKind::Map).then_some(number),
        value,
        published: false,
        parts: Vec::new(),
    };
    let mut rules = field("rules", 2, FieldKind::Composite, unit);
    rules.parts =
        vec![field("most", 0, FieldKind::Item, number), field("by", 1, FieldKind::Map, number)];
    spec.storage.push(field("limit", 1, FieldKind::Item, number));
    spec.storage.push(rules);
    if migration.is_some() {
        let (name, args, docs) = ("from_1".into(), Vec::new(), Vec::new());
        spec.history.version = 2;
        spec.history.migrations =
            vec![MigrationSpec { name, from: 1, args, fallible: false, docs }];
    }
    let path = folder.join(format!("{}.wasm", migration.map_or(0, |keys| keys.len() + 1)));
    fs::write(&path, chain::with_this_spec(wat::parse_str(module).unwrap(), &spec)).unwrap();
    path.display().to_string()
}

#[test]
fn a_new_field_that_nothing_sets_is_refused_by_its_name_unless_it_may_be_unset() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&[]);
    let address = counter(&dev, folder.path());
    let refused = |file: &str, words: &str| {
        for more in [&["--dry-run"] as &[&str], &[]] {
            let refused = people(&dev, &[&["upgrade", &address, file], more].concat());
            let said = text(&refused.stderr);
            assert_eq!(code(&refused), 1, "{said}");
            assert!(said.contains(words) && said.contains("--allow-unset"), "{said}");
        }
        // Nothing was stored for it.
        let code = blake3_hash(&fs::read(file).unwrap()).to_string();
        assert_eq!(dev.answer(&["query", "system", "code", "--code", &code]), Value::Null);
    };
    let none = grown(folder.path(), None);
    refused(&none, "nothing sets `limit` (id 1), `rules.most` (id 2), new in this code");
    let dry = people(&dev, &["upgrade", &address, &none, "--dry-run"]);
    assert!(text(&dry.stdout).contains("field     + limit (id 1): item u64"), "what it shows");
    let one = grown(folder.path(), Some(&[LIMIT]));
    refused(&one, "the migration `from_1` does not set `rules.most` (id 2), new in this code");

    let both = grown(folder.path(), Some(&[LIMIT, MOST]));
    assert_eq!(dev.answer(&["upgrade", &address, &both, "--dry-run"])["unset"], json!([]));
    let dry = dev.answer(&["upgrade", &address, &one, "--dry-run", "--allow-unset"]);
    assert_eq!(dry["unset"], json!(["rules.most"]));
    let done = people(&dev, &["upgrade", &address, &one, "--allow-unset"]);
    let shown = text(&done.stdout);
    assert_eq!(code(&done), 0, "{}", text(&done.stderr));
    assert!(shown.contains("storage      version 1 -> 2 by `from_1`\n"), "{shown}");
    assert!(shown.contains("field        + limit (id 1): item u64\n"), "{shown}");
}
