//! `#[interface]`: a trait that contracts implement and other contracts call.
//!
//! The trait stays a trait, so that the compiler itself holds an implementation to its names, types
//! and receivers. Beside it stands the client, which knows no implementer: a refusal comes back as
//! the bytes of the implementer's error.

use crate::{
    method::{Failing, Kind, Method, Returns},
    name,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{ItemTrait, TraitItem, parse_quote};

pub(crate) fn expand(mut item: ItemTrait) -> syn::Result<TokenStream> {
    if !item.generics.params.is_empty() || !item.supertraits.is_empty() {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "an interface has no type parameters and no other traits: the spec describes it alone",
        ));
    }
    let mut methods = Vec::new();
    for part in &mut item.items {
        let TraitItem::Fn(function) = part else {
            return Err(syn::Error::new_spanned(
                part,
                "an interface has methods only; its error is `Self::Error`",
            ));
        };
        if let Some(body) = &function.default {
            return Err(syn::Error::new_spanned(
                body,
                "a method of an interface has no body: whoever implements it exports its own",
            ));
        }
        let (attributes, signature) = (&mut function.attrs, &function.sig);
        methods.push(Method::read_interface(attributes, signature, Failing::Interface(None))?);
    }
    name::distinct(methods.iter().map(|method| &method.ident))?;
    let client = client(&item, &methods);
    let text = name::text(&item.ident);
    let names = methods.iter().map(|method| name::text(&method.ident));
    item.items.push(parse_quote! {
        /// Its name and its methods, as a spec lists them.
        const INTERFACE: ::dure_sdk::Interface = ::dure_sdk::Interface {
            name: ::core::concat!(::core::env!("CARGO_PKG_NAME"), "::", #text),
            methods: &[#(#names),*],
        };
    });
    if methods.iter().any(|method| matches!(method.returns, Returns::Fallible(_))) {
        item.items.insert(
            0,
            parse_quote! {
                /// What the implementer refuses with: its `#[error]` enum.
                type Error;
            },
        );
    }
    Ok(quote! {
        #[allow(clippy::missing_errors_doc, reason = "each implementer has its own errors")]
        #item
        #client
    })
}

fn client(item: &ItemTrait, methods: &[Method]) -> TokenStream {
    let (visibility, text) = (&item.vis, name::text(&item.ident));
    let client = format_ident!("{text}Client");
    let title = format!("Calls a contract that implements [`{text}`], from another.");
    let methods = methods.iter().map(|method| {
        let (ident, docs) = (&method.ident, &method.docs);
        let text = name::text(ident);
        let selector = name::selector(&text);
        let (names, types): (Vec<_>, Vec<_>) = method.args.iter().cloned().unzip();
        let read_only = method.kind == Kind::Query;
        let tuple = if names.is_empty() { quote!(()) } else { quote!((#(#names,)*)) };
        let value = match &method.returns {
            Returns::Fallible(ty) | Returns::Value(Some(ty)) => quote!(#ty),
            Returns::Value(None) => quote!(()),
        };
        quote! {
            #(#[doc = #docs])*
            ///
            /// # Errors
            /// `CallError`: what the callee did was undone, and the caller may go on. `Contract`
            /// carries the SCALE bytes of the callee's error.
            pub fn #ident(
                &self,
                #(#names: #types),*
            ) -> ::core::result::Result<
                #value,
                ::dure_sdk::CallError<::dure_sdk::prelude::Vec<u8>>,
            > {
                let selector = ::dure_sdk::Selector([#(#selector),*]);
                ::dure_sdk::Invocation::new(#text, selector, #read_only, &#tuple)
                    .send_untyped(self.address)
            }
        }
    });
    quote! {
        #[doc = #title]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #visibility struct #client {
            address: ::dure_sdk::Address,
        }

        impl #client {
            /// Names the contract.
            #[must_use]
            pub const fn at(address: ::dure_sdk::Address) -> Self {
                Self { address }
            }

            /// The contract's address.
            #[must_use]
            pub const fn address(&self) -> ::dure_sdk::Address {
                self.address
            }

            #(#methods)*
        }
    }
}
