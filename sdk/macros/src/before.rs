//! `before!`: which fields the code opens by the type that they had.
//!
//! The chain holds each type against what is stored, so none may be missing from the specification:
//! the macro itself refuses what is not marked here.

use crate::{contract::Contract, name};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Ident, Item, Token, Type,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// One `before!(Shop, price: Item<u64>)`.
pub(crate) struct Before {
    storage: Type,
    field: Ident,
    old: Type,
}

impl Parse for Before {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let storage = input.parse()?;
        input.parse::<Token![,]>()?;
        let field = input.parse()?;
        input.parse::<Token![:]>()?;
        let old = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { storage, field, old })
    }
}

/// Notes every `before!` of an item, and marks it as noted.
pub(crate) fn take(item: &mut Item, noted: &mut Vec<Before>) -> syn::Result<()> {
    let known = noted.len();
    let marked = mark(item.to_token_stream(), noted)?;
    if noted.len() > known {
        *item = syn::parse2(marked)?;
    }
    Ok(())
}

fn mark(tokens: TokenStream, noted: &mut Vec<Before>) -> syn::Result<TokenStream> {
    let mut marked = Vec::<TokenTree>::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            marked.push(token);
            continue;
        };
        let stream = if is_before(&marked) && group.delimiter() != Delimiter::None {
            let stream = group.stream();
            let before = syn::parse2(stream.clone()).map_err(|error| {
                let reason = "write it out: `dure::before!(Storage, field: Item<Old>)`";
                syn::Error::new(error.span(), format!("{error}; {reason}"))
            })?;
            noted.push(before);
            quote!(@noted #stream)
        } else {
            mark(group.stream(), noted)?
        };
        let mut changed = Group::new(group.delimiter(), stream);
        changed.set_span(group.span());
        marked.push(changed.into());
    }
    Ok(marked.into_iter().collect())
}

/// Whether these tokens end with `before!`.
fn is_before(tokens: &[TokenTree]) -> bool {
    let [.., TokenTree::Ident(name), TokenTree::Punct(mark)] = tokens else { return false };
    name == "before" && mark.as_char() == '!'
}

/// The statements that describe them.
pub(crate) fn spec(contract: &Contract) -> TokenStream {
    let opened = contract.before.iter().map(|Before { storage, field, old }| {
        let text = name::text(field);
        // At the author's type, so that this is where the compiler points when it has no such.
        let open = quote_spanned!(old.span()=> before::<#old>);
        quote! {
            builder.#open(
                #text,
                const { ::dure_sdk::field_id(<#storage as ::dure_sdk::Storage>::FIELDS, #text) },
            );
        }
    });
    quote!(#(#opened)*)
}
