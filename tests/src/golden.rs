//! Comparing with golden bytes: `vectors/*.json`, rewritten by `UPDATE_VECTORS=1`.

use codec::{Decode, DecodeAll as _, Encode};
use serde_json::{Value, json};
use std::{fmt::Debug, path::Path};

/// Bytes as the vectors write them.
#[must_use]
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Compares cases with those committed, one by one so that a difference names its case.
///
/// # Panics
/// When they differ, which is what a test is for.
pub fn check(file: &str, about: &str, cases: Vec<Value>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(file);
    if std::env::var_os("UPDATE_VECTORS").is_some_and(|value| value == "1") {
        let all = json!({ "about": about, "cases": cases });
        let text = serde_json::to_string_pretty(&all).expect("JSON of strings and lists");
        std::fs::write(&path, text + "\n").expect("vectors/ is writable");
        return;
    }
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_VECTORS=1 writes it", path.display()));
    let committed: Value = serde_json::from_str(&text).expect("vectors are JSON");
    let committed = committed["cases"].as_array().expect("a list of cases");
    let names = |cases: &[Value]| cases.iter().map(|case| case["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(committed), names(&cases), "{file}: other cases than committed");
    for (committed, case) in committed.iter().zip(&cases) {
        assert_eq!(committed, case, "{file}: {} changed", case["name"]);
    }
}

/// A case of one value: its bytes, which decode to it and to nothing else, and what follows.
///
/// # Panics
/// When it does not decode to itself, or cut or lengthened bytes decode too.
pub fn case<T: Encode + Decode + PartialEq + Debug>(
    name: &str,
    value: &T,
    derived: Value,
) -> Value {
    let bytes = value.encode();
    assert_eq!(T::decode_all(&mut &bytes[..]).as_ref(), Ok(value), "{name} decodes to itself");
    for length in 0..bytes.len() {
        assert!(T::decode_all(&mut &bytes[..length]).is_err(), "{name} cut to {length} decodes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(T::decode_all(&mut &longer[..]).is_err(), "{name} with a byte left over decodes");
    let mut case = json!({ "name": name, "scale": hex(bytes) });
    for (key, value) in derived.as_object().into_iter().flatten() {
        case[key] = value.clone();
    }
    case
}
