//! `#[migrate(from = N)]`: methods that an upgrade runs.

use crate::{
    before,
    contract::Contract,
    emit,
    method::{Kind, Method, Returns},
    name,
};
use proc_macro2::TokenStream;
use quote::quote;

fn version(method: &Method) -> u32 {
    match method.kind {
        Kind::Migrate(from) => from,
        Kind::Init | Kind::Call | Kind::Query => 0,
    }
}

/// Refuses a second migration: there is one version before the storage's.
pub(crate) fn check(migrations: &[Method]) -> syn::Result<()> {
    let mut sorted: Vec<&Method> = migrations.iter().collect();
    sorted.sort_by_key(|method| version(method));
    let [older, newer, ..] = sorted.as_slice() else { return Ok(()) };
    let (from, other) = (version(older), &newer.ident);
    let reason = if from == version(newer) {
        format!("`{other}` migrates from version {from} already: merge them")
    } else {
        format!(
            "`{other}` migrates from a later version: delete this one (a contract of version \
             {from} gets the code of version {} first)",
            from.saturating_add(1)
        )
    };
    Err(syn::Error::new(older.ident.span(), reason))
}

/// The entry point; nothing in a contract without migrations.
pub(crate) fn items(contract: &Contract) -> Vec<TokenStream> {
    if contract.migrations.is_empty() {
        return Vec::new();
    }
    let storage = &contract.storage;
    let arms = contract.migrations.iter().map(|method| {
        let (from, run) = (version(method), emit::run(contract, method));
        quote!(#from => #run,)
    });
    let checks = contract.migrations.iter().map(|method| {
        let from = version(method);
        let span = method.ident.span();
        let next = from.saturating_add(1);
        let reason = format!(
            "a migration leads to the next version: write `#[storage(version = {next})]`, or delete \
             this one where the storage is further on (a contract of version {from} gets the code \
             of version {next} first)"
        );
        quote::quote_spanned! { span =>
            const _: () =
                ::core::assert!(<#storage as ::dure_sdk::Storage>::VERSION == #next, #reason);
        }
    });
    let dispatch = quote! {
        #(#checks)*

        #[doc(hidden)]
        #[allow(unused_variables, dead_code, reason = "depends on the methods")]
        #[allow(clippy::unit_arg, clippy::let_unit_value, reason = "written for every type")]
        #[inline]
        fn __migrate(cx: &::dure_sdk::Cx, from: u32, bytes: &[u8]) -> i32 {
            let mut this = <#storage as ::dure_sdk::Storage>::open();
            match from { #(#arms)* _ => ::dure_sdk::entry::UNKNOWN_METHOD }
        }
    };
    let export = quote! {
        #[cfg(all(target_arch = "wasm32", dure_contract))]
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn dure_migrate(input_len: u32) -> i32 {
                ::dure_sdk::entry::dispatch(input_len, __migrate)
            }
        };
    };
    vec![dispatch, export]
}

/// The statements that describe migrations, what they open, and interfaces.
pub(crate) fn spec(contract: &Contract) -> TokenStream {
    let (storage, interfaces) = (&contract.storage, &contract.interfaces);
    let migrations = contract.migrations.iter().map(|method| {
        let (text, from, docs) = (name::text(&method.ident), version(method), &method.docs);
        let fallible = matches!(method.returns, Returns::Fallible(_));
        let args = method.args.iter().map(|(name, ty)| {
            let (name, meta) = (name::text(name), emit::meta(ty));
            quote!((#name, #meta))
        });
        quote!(builder.migration(#text, #from, &[#(#args),*], #fallible, &[#(#docs),*]);)
    });
    let opened = before::spec(contract);
    quote! {
        #(#migrations)*
        #opened
        #(builder.interface(&<#storage as #interfaces>::INTERFACE);)*
    }
}
