//! `docs/rpc.md` is what the code says, and both tables are consistent.

use dure_rpc::{RpcError, api, discover, error::TABLE};
use std::{collections::BTreeSet, path::Path};

#[test]
fn docs_are_generated_from_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rpc.md");
    let generated = discover::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "docs/rpc.md differs from the code; run with UPDATE_DOCS=1";
    assert!(committed == generated, "{hint}");
}

#[test]
fn codes_and_names_are_unique_and_methods_are_all_documented() {
    let codes: BTreeSet<i32> = TABLE.iter().map(|entry| entry.code).collect();
    let names: BTreeSet<&str> = TABLE.iter().map(|entry| entry.name).collect();
    assert_eq!((codes.len(), names.len()), (TABLE.len(), TABLE.len()));
    let document = discover::openrpc();
    let listed = document["methods"].as_array().unwrap().len();
    assert_eq!(listed, api::entries().len());
    assert!(document["components"]["schemas"]["ReceiptShape"]["properties"].is_object());
}

#[test]
fn an_error_survives_to_the_client() {
    let error = RpcError::NonceTooHigh { lane: 0, nonce: 2_000.into(), highest: 1_024.into() };
    let object = jsonrpsee::types::ErrorObjectOwned::from(error.clone());
    let text = serde_json::to_string(&object).unwrap();
    let back: jsonrpsee::types::ErrorObjectOwned = serde_json::from_str(&text).unwrap();
    assert_eq!(back.code(), 2017);
    assert_eq!(RpcError::from_object(&back), Some(error));
}
