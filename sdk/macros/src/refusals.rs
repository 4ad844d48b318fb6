//! What `#[contract]` refuses, and with which words.

use crate::{contract, name, storage, types};
use quote::quote;

/// A contract whose `impl` holds `methods`, beside `items`.
fn refusal(items: &str, methods: &str) -> String {
    let source = format!(
        "pub mod sample {{ #[storage] pub struct Sample {{ count: Item<u64> }} {items} \
         impl Sample {{ {methods} }} }}"
    );
    let module = syn::parse_str(&source).unwrap_or_else(|error| panic!("{error}: {source}"));
    match contract::expand(module) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

const INIT: &str = "#[init] pub fn new(&mut self) {}";

#[track_caller]
fn check(items: &str, methods: &str, words: &str) {
    let refusal = refusal(items, &format!("{INIT} {methods}"));
    assert!(refusal.contains(words), "{refusal:?} does not say {words:?}");
}

#[test]
fn a_contract_in_order_is_accepted() {
    let error = "#[error] enum Error { No }";
    let methods = "#[call(reentrant)] pub fn a(&mut self, cx: &Cx, x: u8) -> Result<(), Error> {} \
                   #[query] pub fn b(&self) -> u8 {} fn own(&self, x: &str) {}";
    assert_eq!(refusal(error, &format!("{INIT} {methods}")), "");
    assert_eq!(refusal("#[error] use crate::error::Error; #[event] use crate::{A, B};", INIT), "");
}

#[test]
fn methods_out_of_order_are_refused_with_the_remedy() {
    check("", "#[query] pub fn a(&mut self) {}", "take `&self`, or mark it `#[call]`");
    check("", "#[call] pub fn a() {}", "`&mut self`");
    check("", "#[call] pub fn a(self) {}", "`&mut self`");
    check("", "#[call] fn a(&mut self) {}", "write `pub`");
    check("", "#[call] #[query] pub fn a(&self) {}", "one of");
    check("", "#[query(reentrant)] pub fn a(&self) {}", "write `#[init]`");
    check("", "#[call] pub fn a(&mut self, x: &str) {}", "`String` instead of `&str`");
    check("", "#[call] pub fn a(&mut self, x: u8, cx: &Cx) {}", "right after `self`");
    check("", "#[call] pub fn a(&mut self, cx: Cx) {}", "write `cx: &Cx`");
    check("", "#[call] pub fn a(&mut self, cx: &mut Cx) {}", "write `cx: &Cx`");
    check("", "#[call] pub fn a(&mut self, (x, y): (u8, u8)) {}", "plain name");
    check("", "#[call] pub fn a<T>(&mut self, x: T) {}", "type parameters");
    check("", "#[query] pub fn a(&self) -> &str {}", "owned value");
    check("", "#[call] pub fn a(&mut self) -> Result<u8, Error> {}", "marked `#[error]`");
    check(
        "#[error] enum Error { No }",
        "#[call] pub fn a(&mut self) -> Result<u8> {}",
        "both types",
    );
    check(
        "#[error] enum Error { No }",
        "#[call] pub fn a(&mut self) -> Result<u8, String> {}",
        "`#[error]` enum `Error`",
    );
    check("", INIT, "one `#[init]`");
    check("", "#[call] pub fn a(&mut self) {} #[query] pub fn a(&self) {}", "declared twice");
    check("impl Other { #[call] pub fn a(&mut self) {} }", "", "`impl Sample`");
    check("#[storage] struct Second {}", "", "merge them");
    check("#[error] enum A { No } #[error] enum B { No }", "", "merge them");
    check("#[event] use crate::event::*;", "", "name each one");
    assert!(refusal("", "").contains("needs one `#[init]`"));
}

#[test]
fn names_with_the_same_selector_are_refused() {
    let mut seen = std::collections::BTreeMap::new();
    let (a, b) = (0u32..)
        .find_map(|number| {
            let name = format!("m{number}");
            seen.insert(name::selector(&name), name.clone()).map(|other| (other, name))
        })
        .expect("four bytes collide within some 100,000 names");
    let methods = format!("#[call] pub fn {a}(&mut self) {{}} #[query] pub fn {b}(&self) {{}}");
    check("", &methods, "same four-byte selector");
}

#[test]
fn types_out_of_order_are_refused_with_the_remedy() {
    let refused = |result: syn::Result<proc_macro2::TokenStream>, words: &str| {
        let error = result.expect_err("it is refused").to_string();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    let item = |source| syn::parse_str(source).expect("it is an item");
    let structure = |source| syn::parse_str::<syn::ItemStruct>(source).expect("a struct");
    refused(storage::expand(&mut structure("struct S(u8);")), "named fields");
    refused(storage::expand(&mut structure("struct S<T> { a: T }")), "no type parameters");
    refused(storage::composite(&mut structure("struct S;")), "named fields");
    let published = "struct S { #[published] a: Item<u8> }";
    refused(storage::composite(&mut structure(published)), "publish the whole field");
    refused(types::event(syn::parse_str("struct E(u8);").expect("a struct")), "named fields");
    refused(types::error(item("struct E;")), "an enum");
    refused(types::error(item("enum E {}")), "at least one variant");
    refused(types::ty(&quote!(keys), item("struct T;")), "`#[dure::ty(key)]`");
    refused(types::ty(&quote!(key), item("enum T { A(u8) }")), "without fields");
}
