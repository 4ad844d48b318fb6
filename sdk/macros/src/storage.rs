//! `#[storage]`.

use crate::{
    lock::{self, Declared, Lock},
    name,
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Fields, ItemStruct, Lit, LitStr, Meta, parse::Parser};

pub(crate) fn expand(args: &TokenStream, item: &ItemStruct) -> syn::Result<TokenStream> {
    let mut item = item.clone();
    if !matches!(item.fields, Fields::Named(_)) {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "storage is a struct with named fields: `struct Name { count: Item<u64> }`",
        ));
    }
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "storage has no type parameters"));
    }
    let version = version(args)?;
    let was = item.fields.iter_mut().map(was).collect::<syn::Result<Vec<_>>>()?;
    let lock = Lock::of_crate().map_err(|error| syn::Error::new_spanned(&item.ident, error))?;
    let declared: Vec<_> = item
        .fields
        .iter()
        .zip(was)
        .filter_map(|(field, was)| {
            let ident = field.ident.as_ref()?;
            Some(Declared { ident, name: name::text(ident), was })
        })
        .collect();
    let numbered = lock::number(lock.as_ref(), &item.ident, &declared)?;
    let ident = &item.ident;
    let (mut opened, mut described, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    for (field, id) in item.fields.iter().zip(&numbered.ids) {
        let (Some(name), ty) = (&field.ident, &field.ty) else { continue };
        let text = name::text(name);
        opened.push(quote!(#name: <#ty as ::dure_sdk::Field>::open(#id)));
        described.push(quote!(builder.field::<#ty>(#text, #id);));
        listed.push(quote!((#text, #id)));
    }
    let (retired, retired_names): (Vec<_>, Vec<_>) = numbered.retired.into_iter().unzip();
    let (renamed, renamed_names): (Vec<_>, Vec<_>) = numbered.renamed.into_iter().unzip();
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(builder: &mut ::dure_sdk::spec::Builder) {
                #(#described)*
                builder.version(#version);
                #(builder.retired(#retired, #retired_names);)*
                #(builder.renamed(#renamed, #renamed_names);)*
            }
        }
    });
    let tracked = tracked(lock.is_some());
    Ok(quote! {
        #item

        impl ::dure_sdk::Storage for #ident {
            const VERSION: u32 = #version;
            const FIELDS: &'static [(&'static str, u16)] =
                &[#(#listed,)* #((#retired_names, #retired),)*];

            #[inline(always)]
            fn open() -> Self {
                Self { #(#opened),* }
            }
            #spec
        }

        #tracked
    })
}

/// Makes cargo compile the crate again when the lock changes.
fn tracked(locked: bool) -> TokenStream {
    let file = format!("/{}", lock::FILE);
    let contents = locked.then(|| {
        quote! {
            const _: &[u8] =
                ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #file));
        }
    });
    quote! {
        #contents
        // Set by `dure build`: a lock that appears where there was none is a change, too.
        const _: ::core::option::Option<&str> = ::core::option_env!("DURE_LOCK");
    }
}

/// Reads `version = N`; 1 without it.
fn version(args: &TokenStream) -> syn::Result<u32> {
    if args.is_empty() {
        return Ok(1);
    }
    let wrong = |at: &dyn quote::ToTokens| {
        syn::Error::new_spanned(at, "write `#[storage]`, or `#[storage(version = 2)]` after a change")
    };
    let meta: Meta = Parser::parse2(|input: syn::parse::ParseStream<'_>| input.parse(), args.clone())
        .map_err(|_| wrong(args))?;
    match &meta {
        Meta::NameValue(pair) if pair.path.is_ident("version") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => match number.base10_parse::<u32>() {
                    Ok(version) if version >= 1 => Ok(version),
                    _ => Err(syn::Error::new_spanned(number, "versions count from 1")),
                },
                other => Err(wrong(other)),
            },
            other => Err(wrong(other)),
        },
        other => Err(wrong(other)),
    }
}

/// Takes `#[was("old")]` off a field.
fn was(field: &mut syn::Field) -> syn::Result<Option<String>> {
    let Some(attribute) = name::take(&mut field.attrs, "was") else { return Ok(None) };
    match attribute.parse_args::<LitStr>() {
        Ok(old) => Ok(Some(old.value())),
        Err(_) => Err(syn::Error::new_spanned(
            attribute,
            "write the field's old name: `#[was(\"old_name\")]`",
        )),
    }
}
