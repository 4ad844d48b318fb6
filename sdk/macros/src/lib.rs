//! The attributes of `dure-sdk`, and that of `dure-testing`.
//!
//! `#[contract]` reads a module and writes beside it: the entry points, a function per method that
//! encodes its call (module `call`), a typed client, and, in the spec build, its description. The
//! other attributes work inside that module and in other files alike; `#[contract]` needs a
//! `#[storage] use`, `#[event] use` or `#[error] use` of what lies in another file.
//!
//! Every refusal names the line and says what to write instead.

mod before;
mod boundary;
mod contract;
mod emit;
mod interface;
mod invariants;
mod lock;
mod method;
mod migrate;
mod name;
#[cfg(test)]
mod refusals;
mod storage;
mod types;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, ItemFn, ItemMod, ItemStruct, ItemTrait, LitStr, parse_macro_input};

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a module a contract. See the documentation of `dure-sdk`.
#[proc_macro_attribute]
pub fn contract(args: TokenStream, item: TokenStream) -> TokenStream {
    if !args.is_empty() {
        return finish(Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            "`#[dure::contract]` takes no arguments",
        )));
    }
    let module = parse_macro_input!(item as ItemMod);
    finish(contract::expand(module))
}

/// Makes a struct the storage of a contract: each field has the number that `dure.lock` pins, a new
/// one the next; without a lock they are numbered in order of declaration.
///
/// `#[storage(version = N)]` numbers its layout (1 unless told); `#[was("old")]` above a field says
/// that it has a new name. Fields marked `#[published]` can be read by other contracts, through the
/// struct's name with `Published` behind it.
#[proc_macro_attribute]
pub fn storage(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = proc_macro2::TokenStream::from(args);
    let mut item = parse_macro_input!(item as ItemStruct);
    finish(storage::expand(&args, &mut item))
}

/// Makes a trait an interface: contracts implement it under `#[implements]`, others call whoever
/// does through its client. See `dure_sdk::standard`.
#[proc_macro_attribute]
pub fn interface(args: TokenStream, item: TokenStream) -> TokenStream {
    if !args.is_empty() {
        return finish(Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            "`#[dure::interface]` takes no arguments",
        )));
    }
    let item = parse_macro_input!(item as ItemTrait);
    finish(interface::expand(item))
}

/// Makes a struct of fields itself a field, whose parts are numbered in order of declaration.
#[proc_macro_attribute]
pub fn composite(args: TokenStream, item: TokenStream) -> TokenStream {
    if !args.is_empty() {
        return finish(Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            "`#[dure::composite]` takes no arguments",
        )));
    }
    let mut item = parse_macro_input!(item as ItemStruct);
    finish(storage::composite(&mut item))
}

/// Makes a struct an event. Fields marked `#[index]` can be searched for.
#[proc_macro_attribute]
pub fn event(_args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as ItemStruct);
    finish(types::event(item))
}

/// Makes an enum the error of a contract.
#[proc_macro_attribute]
pub fn error(_args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    finish(types::error(item))
}

/// Makes a type usable as argument, value and storage; with `key`, also as the key of a map.
#[proc_macro_attribute]
pub fn ty(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = proc_macro2::TokenStream::from(args);
    let item = parse_macro_input!(item as DeriveInput);
    finish(types::ty(&args, item))
}

/// Makes a function that says what must hold a test of it. See `dure_testing::invariants`, through
/// which it is used.
#[proc_macro_attribute]
pub fn invariants(args: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(args as invariants::Options);
    let function = parse_macro_input!(item as ItemFn);
    finish(invariants::expand(&options, function))
}

/// The selector of a method name: `selector!("transfer")`.
#[proc_macro]
pub fn selector(item: TokenStream) -> TokenStream {
    let name = parse_macro_input!(item as LitStr);
    let bytes = name::selector(&name.value());
    quote!(::dure_sdk::Selector([#(#bytes),*])).into()
}
