//! What `#[contract]` refuses, and with which words.

use crate::{contract, interface, name, storage, types};
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
                   #[query] pub fn b(&self) -> u8 {} fn own(&self, x: &str) {} \
                   pub(crate) fn shared(&self) {}";
    assert_eq!(refusal(error, &format!("{INIT} {methods}")), "");
    assert_eq!(refusal("#[error] use crate::error::Error; #[event] use crate::{A, B};", INIT), "");
}

#[test]
fn methods_out_of_order_are_refused_with_the_remedy() {
    check("", "#[query] pub fn a(&mut self) {}", "take `&self`, or mark it `#[call]`");
    check("", "#[call] pub fn a() {}", "`&mut self`");
    check("", "#[call] pub fn a(self) {}", "`&mut self`");
    check("", "#[call] fn a(&mut self) {}", "write `pub`");
    check("", "pub fn a(&mut self) {}", "write `#[call]`, `#[query]` or `#[init]` above it");
    check("", "#[call] #[query] pub fn a(&self) {}", "one of");
    check("", "#[query(reentrant)] pub fn a(&self) {}", "write `#[init]`");
    check("", "#[call] pub fn a(&mut self, x: &str) {}", "`String` instead of `&str`");
    check("", "#[call] pub fn a(&mut self, x: u8, cx: &Cx) {}", "right after `self`");
    check("", "#[call] pub fn a(&mut self, cx: Cx) {}", "write `cx: &Cx`");
    check("", "#[call] pub fn a(&mut self, cx: &mut Cx) {}", "write `cx: &Cx`");
    check("", "#[call] pub fn a(&mut self, (x, y): (u8, u8)) {}", "plain name");
    check("", "#[call] pub fn a<T>(&mut self, x: T) {}", "type parameters");
    check("", "#[query] pub fn a(&self) -> &str {}", "`String` instead of `&str`");
    check("", "#[call] pub fn a(&mut self, x: Vec<f64>) {}", "no floats");
    check("", "#[query] pub fn a(&self) -> Option<usize> {}", "`u32` or `u64`");
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
fn migrations_out_of_order_are_refused_with_the_remedy() {
    check("", "#[migrate] pub fn a(&mut self) {}", "`#[migrate(from = 1)]`");
    check("", "#[migrate(from = 0)] pub fn a(&mut self) {}", "`#[migrate(from = 1)]`");
    check("", "#[migrate(1)] pub fn a(&mut self) {}", "`#[migrate(from = 1)]`");
    check("", "#[migrate(from = 1)] pub fn a(&self) {}", "take `&mut self`");
    check("", "#[migrate(from = 1)] pub fn a(&mut self) -> u8 {}", "returns nothing");
    check("", "#[migrate(from = 1)] #[call] pub fn a(&mut self) {}", "one of");
    let twice = "#[migrate(from = 1)] pub fn a(&mut self) {} \
                 #[migrate(from = 1)] pub fn b(&mut self) {}";
    check("", twice, "merge them");
    let stale = "#[migrate(from = 2)] pub fn b(&mut self) {} \
                 #[migrate(from = 1)] pub fn a(&mut self) {}";
    check("", stale, "delete this one (a contract of version 1 gets the code of version 2 first)");
    for good in [
        "#[migrate(from = 1)] pub fn a(&mut self, cx: &Cx, x: u8) {}",
        "#[migrate(from = 2)] pub fn b(&mut self) -> Result<(), Error> {}",
    ] {
        assert_eq!(refusal("#[error] enum Error { No }", &format!("{INIT} {good}")), "");
    }
}

#[test]
fn interfaces_out_of_order_are_refused_with_the_remedy() {
    let expand = |source| interface::expand(syn::parse_str(source).expect("it is a trait"));
    let refused = |source, words: &str| {
        let error = expand(source).expect_err("it is refused").to_string();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    refused("trait T<A> { fn a(&self); }", "type parameters");
    refused("trait T: Copy { fn a(&self); }", "no other traits");
    refused("trait T { type A; }", "methods only");
    refused("trait T { fn a(&self) {} }", "no body");
    refused("trait T { fn a(); }", "starts with `&mut self`");
    refused("trait T { #[init] fn a(&mut self); }", "calls and queries only");
    refused("trait T { #[call] fn a(&self); }", "a call takes `&mut self`");
    refused("trait T { #[query] fn a(&mut self); }", "a query `&self`");
    refused("trait T { fn a(&self, x: &str); }", "`String` instead of `&str`");
    let source = "trait T { fn a(&self) -> Result<(), Reason>; \
                  #[call] fn b(&mut self, cx: &Cx) -> Result<u8, Self::Error>; }";
    let expanded = expand(source).expect("it is in order").to_string();
    // The error of `b` is the implementer's, that of `a` a part of its value.
    assert!(expanded.contains("type Error"), "{expanded}");
    assert!(expanded.contains("Result < Result < () , Reason > , :: dure_sdk"), "{expanded}");
}

#[test]
fn implementations_out_of_order_are_refused_with_the_remedy() {
    check("impl T for Sample { #[call] pub fn a(&mut self) {} }", "", "`#[implements]");
    check("#[implements] impl T for Other {}", "", "impl Interface for Sample");
    check("#[implements] impl Sample {}", "", "impl Interface for Sample");
    check("#[implements] impl T for Sample { #[query] fn a(&mut self) {} }", "", "`&self`");
    let twice = "#[implements] impl T for Sample { fn a(&self) {} }";
    check(twice, "#[query] pub fn a(&self) {}", "declared twice");
    let good = "#[error] enum Error { No } #[dure::implements] impl x::T for Sample { \
                type Error = Error; fn a(&self) -> Result<(), Reason> {} \
                #[call(reentrant)] fn b(&mut self) -> Result<(), Error> {} }";
    assert_eq!(refusal(good, INIT), "");
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
fn what_before_opens_is_written_out() {
    let opens = |text: &str| format!("fn own(&self) {{ if x {{ dure::before!({text}).get(); }} }}");
    let methods = format!("{INIT} {}", opens("Sample, count: Map<u8, Old>,"));
    assert_eq!(refusal("", &methods), "");
    check("", &opens("Sample, count"), "write it out: `dure::before!(Storage, field: Item<Old>)`");
    let own = "macro_rules! old { ($f:ident) => { before!(Sample, $f: Item<u8>) } }";
    check(own, "", "write it out");
}

#[test]
fn types_out_of_order_are_refused_with_the_remedy() {
    let refused = |result: syn::Result<proc_macro2::TokenStream>, words: &str| {
        let error = result.expect_err("it is refused").to_string();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    let item = |source| syn::parse_str(source).expect("it is an item");
    let structure = |source| syn::parse_str::<syn::ItemStruct>(source).expect("a struct");
    let stored = |args, source| storage::expand(&args, &mut structure(source));
    refused(stored(quote!(), "struct S(u8);"), "named fields");
    refused(stored(quote!(), "struct S<T> { a: T }"), "no type parameters");
    refused(stored(quote!(version = 0), "struct S {}"), "from 1");
    refused(stored(quote!(version), "struct S {}"), "`#[storage(version = 2)]`");
    refused(stored(quote!(2), "struct S {}"), "`#[storage(version = 2)]`");
    refused(stored(quote!(), "struct S { #[was(old)] a: Item<u8> }"), "`#[was(\"old_name\")]`");
    refused(stored(quote!(), "struct S { #[was(\"old\")] a: Item<u8> }"), "drop `#[was]`");
    refused(storage::composite(&mut structure("struct S;")), "named fields");
    let published = "struct S { #[published] a: Item<u8> }";
    refused(storage::composite(&mut structure(published)), "publish the whole field");
    let renamed = "struct S { #[was(\"b\")] a: Item<u8> }";
    refused(storage::composite(&mut structure(renamed)), "drop `#[was]`");
    refused(stored(quote!(), "struct S { a: Item<f64> }"), "no floats");
    refused(types::event(structure("struct E(u8);")), "named fields");
    refused(types::event(structure("struct E { a: f32 }")), "no floats");
    refused(types::error(item("enum E { A(Vec<&str>) }")), "is owned");
    refused(types::ty(&quote!(), item("struct T { a: usize }")), "`u32` or `u64`");
    refused(types::error(item("struct E;")), "an enum");
    refused(types::error(item("enum E {}")), "at least one variant");
    refused(types::ty(&quote!(keys), item("struct T;")), "`#[dure::ty(key)]`");
    refused(types::ty(&quote!(key), item("enum T { A(u8) }")), "without fields");
}
