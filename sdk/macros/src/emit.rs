//! What `#[contract]` writes into the module.

use crate::{
    boundary,
    contract::Contract,
    method::{Kind, Method, Returns},
    migrate, name,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

/// Items to append to the module.
pub(crate) fn items(contract: &Contract) -> Vec<TokenStream> {
    let mut items =
        vec![dispatch(contract), exports(), native(contract), calls(contract), client(contract)];
    items.extend(migrate::items(contract));
    if cfg!(feature = "spec") {
        items.push(spec(contract));
    }
    items
}

/// One arm: decode the arguments, run the method, hand over what it returned.
pub(crate) fn run(contract: &Contract, method: &Method) -> TokenStream {
    let ident = &method.ident;
    let (names, types): (Vec<_>, Vec<_>) =
        method.args.iter().map(|(name, ty)| (format_ident!("arg_{name}"), ty)).unzip();
    let context = method.context.then(|| quote!(cx,));
    let storage = &contract.storage;
    let call = match &method.interface {
        Some(interface) => {
            quote!(<#storage as #interface>::#ident(&mut this, #context #(#names),*))
        }
        None => quote!(this.#ident(#context #(#names),*)),
    };
    // At the author's type, so that this is where the compiler points when it cannot cross.
    let done = match &method.returns {
        Returns::Fallible(ty) => {
            let result = quote_spanned!(ty.span()=> result::<#ty, _>);
            quote!(::dure_sdk::entry::#result(#call))
        }
        Returns::Value(Some(ty)) => {
            let value = quote_spanned!(ty.span()=> value::<#ty>);
            quote!(::dure_sdk::entry::#value(#call))
        }
        Returns::Value(None) => quote!({ #call; ::dure_sdk::entry::OK }),
    };
    let taken = types.iter().map(|ty| quote_spanned!(ty.span()=> argument::<#ty>));
    quote! {{
        let mut rest = bytes;
        #(
            let ::core::option::Option::Some(#names) = ::dure_sdk::entry::#taken(&mut rest) else {
                return ::dure_sdk::entry::BAD_ARGUMENTS;
            };
        )*
        if !rest.is_empty() {
            return ::dure_sdk::entry::BAD_ARGUMENTS;
        }
        #done
    }}
}

fn of_kind(contract: &Contract, kind: Kind) -> impl Iterator<Item = &Method> {
    contract.methods.iter().filter(move |method| method.kind == kind)
}

/// The functions behind the entry points. They exist outside WASM too, so that `cargo check` and
/// editors see whatever is wrong with the types of arguments.
fn dispatch(contract: &Contract) -> TokenStream {
    let storage = &contract.storage;
    let arms = |kind: Kind| {
        let arms = of_kind(contract, kind).map(|method| {
            let selector = u32::from_le_bytes(name::selector(&name::text(&method.ident)));
            let run = run(contract, method);
            quote!(#selector => #run,)
        });
        quote!(#(#arms)*)
    };
    let (calls, queries) = (arms(Kind::Call), arms(Kind::Query));
    let init = of_kind(contract, Kind::Init).map(|method| run(contract, method));
    let allow = quote! {
        #[doc(hidden)]
        #[allow(unused_variables, unused_mut, dead_code, reason = "depends on the methods")]
        #[allow(clippy::unit_arg, clippy::let_unit_value, reason = "written for every type")]
    };
    let open = quote!(let mut this = <#storage as ::dure_sdk::Storage>::open(););
    let unknown = quote!(_ => ::dure_sdk::entry::UNKNOWN_METHOD);
    quote! {
        #allow
        #[inline]
        fn __init(cx: &::dure_sdk::Cx, bytes: &[u8]) -> i32 {
            #open
            #(#init)*
        }

        #allow
        #[inline]
        fn __call(cx: &::dure_sdk::Cx, selector: u32, bytes: &[u8]) -> i32 {
            #open
            match selector { #calls #unknown }
        }

        #allow
        #[inline]
        fn __query(cx: &::dure_sdk::Cx, selector: u32, bytes: &[u8]) -> i32 {
            #open
            match selector { #queries #unknown }
        }
    }
}

/// The entry points, in the module that is being built and not in those it depends on.
fn exports() -> TokenStream {
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            #[unsafe(no_mangle)]
            extern "C" fn dure_spec() -> i32 {
                ::dure_sdk::spec::hand_over(__describe())
            }
        }
    });
    quote! {
        #[cfg(all(target_arch = "wasm32", dure_contract))]
        const _: () = {
            #[unsafe(no_mangle)]
            extern "C" fn dure_init(input_len: u32) -> i32 {
                ::dure_sdk::entry::init(input_len, __init)
            }

            #[unsafe(no_mangle)]
            extern "C" fn dure_call(input_len: u32) -> i32 {
                ::dure_sdk::entry::dispatch(input_len, __call)
            }

            #[unsafe(no_mangle)]
            extern "C" fn dure_query(input_len: u32) -> i32 {
                ::dure_sdk::entry::dispatch(input_len, __query)
            }

            #spec
        };
    }
}

/// The entry points outside WASM, for the sandbox of tests.
fn native(contract: &Contract) -> TokenStream {
    let storage = &contract.storage;
    let reentrant = contract.methods.iter().filter(|method| method.reentrant).map(|method| {
        let selector = name::selector(&name::text(&method.ident));
        quote!(::dure_sdk::Selector([#(#selector),*]))
    });
    quote! {
        #[cfg(not(target_arch = "wasm32"))]
        impl ::dure_sdk::native::Contract for #storage {
            const REENTRANT: &'static [::dure_sdk::Selector] = &[#(#reentrant),*];
            const PUBLISHED: &'static [u16] = <Self as ::dure_sdk::Storage>::PUBLISHED;

            fn init(cx: &::dure_sdk::Cx, arguments: &[u8]) -> i32 {
                __init(cx, arguments)
            }

            fn call(cx: &::dure_sdk::Cx, selector: u32, arguments: &[u8]) -> i32 {
                __call(cx, selector, arguments)
            }

            fn query(cx: &::dure_sdk::Cx, selector: u32, arguments: &[u8]) -> i32 {
                __query(cx, selector, arguments)
            }
        }
    }
}

fn value_type(method: &Method) -> TokenStream {
    method.value().map_or_else(|| quote!(()), |ty| quote!(#ty))
}

/// What describes a type, at the author's, where the compiler points when it cannot be described.
pub(crate) fn meta(ty: &impl ToTokens) -> TokenStream {
    let meta = quote_spanned!(ty.span()=> meta::<#ty>);
    quote!(::dure_sdk::spec::#meta())
}

fn error_type(contract: &Contract) -> TokenStream {
    contract.error.as_ref().map_or_else(|| quote!(()), |error| quote!(#error))
}

fn doc_attributes(method: &Method) -> TokenStream {
    let lines = &method.docs;
    if lines.is_empty() {
        let text = format!("`{}`.", method.ident);
        return quote!(#[doc = #text]);
    }
    quote!(#(#[doc = #lines])*)
}

/// The module `call`: a function for each method that encodes its call.
fn calls(contract: &Contract) -> TokenStream {
    let error = error_type(contract);
    let functions = contract.methods.iter().map(|method| {
        let ident = &method.ident;
        let text = name::text(ident);
        let selector = name::selector(&text);
        let inside = method.args.iter().map(|(name, ty)| (name, boundary::one_in(ty)));
        let (names, types): (Vec<_>, Vec<_>) = inside.unzip();
        let value = method.value().map_or_else(
            || quote!(()),
            |ty| {
                let ty = boundary::one_in(ty);
                quote!(#ty)
            },
        );
        let docs = doc_attributes(method);
        let read_only = method.kind == Kind::Query;
        let with = types.iter().zip(&names).map(|(ty, name)| {
            let with = quote_spanned!(ty.span()=> with::<#ty>);
            quote!(.#with(&#name))
        });
        quote! {
            #docs
            #[inline]
            #[must_use]
            pub fn #ident(#(#names: #types),*) -> ::dure_sdk::Invocation<#value, #error> {
                let selector = ::dure_sdk::Selector([#(#selector),*]);
                ::dure_sdk::Invocation::of(#text, selector, #read_only)#(#with)*
            }
        }
    });
    quote! {
        /// Calls of this contract, encoded: for clients, tests and tools.
        pub mod call {
            #[allow(unused_imports, reason = "the types of arguments are in scope out there")]
            use super::*;
            #(#functions)*
        }
    }
}

/// The typed client for other contracts.
fn client(contract: &Contract) -> TokenStream {
    let client = format_ident!("{}Client", contract.storage);
    let error = error_type(contract);
    let title = format!("Calls the contract `{}` at an address, from another.", contract.ident);
    let methods =
        contract.methods.iter().filter(|method| method.kind != Kind::Init).map(|method| {
            let ident = &method.ident;
            let (names, types): (Vec<_>, Vec<_>) = method.args.iter().cloned().unzip();
            let value = value_type(method);
            let send = quote_spanned!(value.span()=> send::<#value, #error>);
            let docs = doc_attributes(method);
            quote! {
                #docs
                ///
                /// # Errors
                /// `CallError`: what the callee did was undone, and the caller may go on.
                pub fn #ident(
                    &self,
                    #(#names: #types),*
                ) -> ::core::result::Result<#value, ::dure_sdk::CallError<#error>> {
                    ::dure_sdk::entry::#send(&call::#ident(#(#names),*), self.address)
                }
            }
        });
    quote! {
        #[doc = #title]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct #client {
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

/// The description of the contract.
fn spec(contract: &Contract) -> TokenStream {
    let (storage, events, docs) = (&contract.storage, &contract.events, &contract.docs);
    let title = name::text(&contract.ident);
    let error = contract.error.as_ref().map(|error| quote!(builder.error::<#error>();));
    let methods = contract.methods.iter().map(|method| {
        let text = name::text(&method.ident);
        let selector = name::selector(&text);
        let kind = match method.kind {
            Kind::Init => quote!(Init),
            Kind::Call => quote!(Call),
            Kind::Query | Kind::Migrate(_) => quote!(Query),
        };
        let args = method.args.iter().map(|(name, ty)| {
            let (name, meta) = (name::text(name), meta(ty));
            quote!((#name, #meta))
        });
        let returns = meta(&value_type(method));
        let fallible = matches!(method.returns, Returns::Fallible(_));
        let (reentrant, docs) = (method.reentrant, &method.docs);
        quote! {
            builder.method(&::dure_sdk::spec::Method {
                name: #text,
                selector: ::dure_sdk::Selector([#(#selector),*]),
                kind: ::dure_sdk::spec::Kind::#kind,
                args: &[#(#args),*],
                returns: #returns,
                fallible: #fallible,
                reentrant: #reentrant,
                docs: &[#(#docs),*],
            });
        }
    });
    let more = migrate::spec(contract);
    quote! {
        #[doc(hidden)]
        #[must_use]
        pub fn __describe() -> ::dure_sdk::spec::Builder {
            let mut builder = ::dure_sdk::spec::Builder::new(#title, &[#(#docs),*]);
            #(#methods)*
            #(builder.event::<#events>();)*
            #error
            <#storage as ::dure_sdk::Storage>::spec(&mut builder);
            #more
            builder
        }
    }
}
