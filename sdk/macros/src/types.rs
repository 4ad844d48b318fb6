//! `#[event]`, `#[error]` and `#[ty]`: types that cross the boundary.

use crate::{boundary, emit, name};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, ItemStruct, Path, Token, punctuated::Punctuated};

/// Refuses an item whose fields are of types that no contract has.
fn check(data: &Data) -> syn::Result<()> {
    let fields: Vec<&Fields> = match data {
        Data::Struct(data) => vec![&data.fields],
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    fields.into_iter().flatten().try_for_each(|field| boundary::check(&field.ty))
}

/// Derives what every type of a contract has, unless the author derived it already.
fn derives(attributes: &[syn::Attribute]) -> syn::Result<TokenStream> {
    let mut written = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
        written.extend(paths.iter().filter_map(|path| path.segments.last()?.ident.clone().into()));
    }
    let absent = |name: &str| !written.iter().any(|ident: &syn::Ident| ident == name);
    let mut wanted = Vec::new();
    for (name, path) in [
        ("Clone", quote!(::core::clone::Clone)),
        ("Debug", quote!(::core::fmt::Debug)),
        ("PartialEq", quote!(::core::cmp::PartialEq)),
        ("Eq", quote!(::core::cmp::Eq)),
        ("Encode", quote!(::dure_sdk::codec::Encode)),
        ("Decode", quote!(::dure_sdk::codec::Decode)),
    ] {
        if absent(name) {
            wanted.push(path);
        }
    }
    let described = (cfg!(feature = "spec") && absent("TypeInfo")).then(|| {
        quote! {
            #[derive(::dure_sdk::scale_info::TypeInfo)]
            #[scale_info(crate = ::dure_sdk::scale_info)]
        }
    });
    Ok(quote! {
        #[derive(#(#wanted),*)]
        #[codec(crate = ::dure_sdk::codec)]
        #described
    })
}

pub(crate) fn error(item: DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &item.data else {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "the error is an enum, one variant for each reason: `enum Error { NotOwner }`",
        ));
    };
    if data.variants.is_empty() {
        return Err(syn::Error::new_spanned(&item.ident, "an error enum has at least one variant"));
    }
    check(&item.data)?;
    let derives = derives(&item.attrs)?;
    Ok(quote!(#derives #item))
}

pub(crate) fn event(mut item: ItemStruct) -> syn::Result<TokenStream> {
    if matches!(item.fields, Fields::Unnamed(_)) {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "an event has named fields: `struct Moved { from: Address }`",
        ));
    }
    let mut fields = Vec::new();
    for field in &mut item.fields {
        let indexed = name::take(&mut field.attrs, "index").is_some();
        let (Some(ident), ty) = (&field.ident, &field.ty) else { continue };
        boundary::check(ty)?;
        let (text, meta) = (name::text(ident), emit::meta(ty));
        fields.push(quote!((#text, #meta, #indexed)));
    }
    let derives = derives(&item.attrs)?;
    let ident = &item.ident;
    let text = name::text(ident);
    let topic = name::selector(&text);
    let docs = name::docs(&item.attrs);
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(
                builder: &mut ::dure_sdk::spec::Builder,
            ) -> ::dure_sdk::spec::EventDescription {
                builder.event_spec(Self::NAME, Self::TOPIC, &[#(#fields),*], &[#(#docs),*])
            }
        }
    });
    Ok(quote! {
        #derives
        #item

        impl ::dure_sdk::Event for #ident {
            const NAME: &'static str = #text;
            const TOPIC: ::dure_sdk::Selector = ::dure_sdk::Selector([#(#topic),*]);
            #spec
        }
    })
}

pub(crate) fn ty(args: &TokenStream, item: DeriveInput) -> syn::Result<TokenStream> {
    check(&item.data)?;
    let derives = derives(&item.attrs)?;
    let key = match args.to_string().as_str() {
        "" => None,
        "key" => Some(key(&item)?),
        _ => {
            return Err(syn::Error::new_spanned(
                args,
                "write `#[dure::ty]`, or `#[dure::ty(key)]` for a type that is the key of a map",
            ));
        }
    };
    Ok(quote!(#derives #item #key))
}

fn key(item: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &item.ident;
    let (write, read) = match &item.data {
        Data::Struct(data) => {
            let members: Vec<_> = data.fields.members().collect();
            (
                quote!(#(::dure_sdk::StorageKey::write(&self.#members, out);)*),
                quote! {
                    Some(Self { #(#members: ::dure_sdk::StorageKey::read(bytes)?),* })
                },
            )
        }
        Data::Enum(data)
            if data.variants.iter().all(|variant| variant.fields.is_empty())
                && data.variants.len() <= 256 =>
        {
            let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
            let positions: Vec<u8> = (0..=u8::MAX).take(variants.len()).collect();
            (
                quote!(out.push(&[match self { #(Self::#variants => #positions),* }]);),
                quote! {
                    match <u8 as ::dure_sdk::StorageKey>::read(bytes)? {
                        #(#positions => Some(Self::#variants),)*
                        _ => None,
                    }
                },
            )
        }
        Data::Enum(_) | Data::Union(_) => {
            return Err(syn::Error::new_spanned(
                ident,
                "a key is a struct of keys, or an enum of at most 256 variants without fields",
            ));
        }
    };
    Ok(quote! {
        impl ::dure_sdk::StorageKey for #ident {
            #[inline]
            fn write(&self, out: &mut ::dure_sdk::KeyBuffer) {
                #write
            }

            fn read(bytes: &mut &[u8]) -> ::core::option::Option<Self> {
                #read
            }
        }
    })
}
