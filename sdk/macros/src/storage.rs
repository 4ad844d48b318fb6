//! `#[storage]` and `#[composite]`: structs of fields.

use crate::name;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Fields, Ident, ItemStruct, Type, spanned::Spanned};

/// One field as its author declared it.
struct Declared {
    name: Ident,
    ty: Type,
    published: bool,
    docs: Vec<String>,
}

/// Reads the named fields of a struct, and takes our markers off them.
fn fields(item: &mut ItemStruct, what: &str) -> syn::Result<Vec<Declared>> {
    let Fields::Named(fields) = &mut item.fields else {
        let reason =
            format!("{what} is a struct with named fields: `struct Name {{ count: Item<u64> }}`");
        return Err(syn::Error::new_spanned(&item.ident, reason));
    };
    let mut declared = Vec::new();
    for field in &mut fields.named {
        let published = name::take(&mut field.attrs, "published").is_some();
        let (Some(name), ty) = (field.ident.clone(), field.ty.clone()) else { continue };
        declared.push(Declared { name, ty, published, docs: name::docs(&field.attrs) });
    }
    Ok(declared)
}

pub(crate) fn expand(item: &mut ItemStruct) -> syn::Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "storage has no type parameters"));
    }
    let declared = fields(item, "storage")?;
    let ident = &item.ident;
    let (mut opened, mut described, mut published) = (Vec::new(), Vec::new(), Vec::new());
    let mut readers = Vec::new();
    for (index, field) in declared.iter().enumerate() {
        let id = u16::try_from(index).map_err(|_| {
            syn::Error::new_spanned(&field.name, "storage has at most 65,536 fields: use a map")
        })?;
        let (name, ty, text) = (&field.name, &field.ty, name::text(&field.name));
        let place = quote!(::dure_sdk::Place::field(#id));
        opened.push(quote!(#name: <#ty as ::dure_sdk::Field>::open(#place)));
        let is_published = field.published;
        described.push(quote!(builder.field::<#ty>(#text, #id, #is_published);));
        if field.published {
            published.push(id);
            readers.push(reader(field, &place));
        }
    }
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(builder: &mut ::dure_sdk::spec::Builder) {
                #(#described)*
            }
        }
    });
    let readers = (!readers.is_empty()).then(|| published_struct(item, &readers));
    Ok(quote! {
        #item

        impl ::dure_sdk::Storage for #ident {
            const PUBLISHED: &'static [u16] = &[#(#published),*];

            #[inline(always)]
            fn open() -> Self {
                Self { #(#opened),* }
            }
            #spec
        }

        #readers
    })
}

/// The method that names a published field of another contract.
fn reader(field: &Declared, place: &TokenStream) -> TokenStream {
    let Declared { name, ty, docs, .. } = field;
    // At the author's type, so that this is where the compiler points when it cannot be published.
    let published = quote_spanned!(ty.span()=> ::dure_sdk::published::Published);
    let reader = quote_spanned!(ty.span()=> <#ty as #published>::Reader);
    let open = quote_spanned!(ty.span()=> <#ty as #published>::reader);
    let docs = if docs.is_empty() { vec![format!("`{name}`.")] } else { docs.clone() };
    quote! {
        #(#[doc = #docs])*
        #[must_use]
        pub fn #name(&self) -> #reader {
            #open(self.address, #place)
        }
    }
}

/// What reads the published fields from another contract.
fn published_struct(item: &ItemStruct, readers: &[TokenStream]) -> TokenStream {
    let (visibility, ident) = (&item.vis, &item.ident);
    let published = format_ident!("{ident}Published");
    let title = format!("Reads what a contract with the storage `{ident}` publishes.");
    quote! {
        #[doc = #title]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #visibility struct #published {
            address: ::dure_sdk::Address,
        }

        #[allow(dead_code, reason = "for other contracts")]
        impl #published {
            /// Names the contract.
            #[must_use]
            pub const fn at(address: ::dure_sdk::Address) -> Self {
                Self { address }
            }

            #(#readers)*
        }
    }
}

pub(crate) fn composite(item: &mut ItemStruct) -> syn::Result<TokenStream> {
    let declared = fields(item, "a composite field")?;
    let ident = &item.ident;
    let (mut opened, mut described) = (Vec::new(), Vec::new());
    for (index, field) in declared.iter().enumerate() {
        let id = u8::try_from(index).map_err(|_| {
            let reason = "a composite field has at most 256 parts: use a map";
            syn::Error::new_spanned(&field.name, reason)
        })?;
        if field.published {
            let reason = "publish the whole field in the `#[storage]` struct, or a query";
            return Err(syn::Error::new_spanned(&field.name, reason));
        }
        let (name, ty, text) = (&field.name, &field.ty, name::text(&field.name));
        opened.push(quote!(#name: <#ty as ::dure_sdk::Field>::open(place.part(#id))));
        described.push(quote!(::dure_sdk::spec::part::<#ty>(builder, #text, #id)));
    }
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(builder: &mut ::dure_sdk::spec::Builder) -> ::dure_sdk::spec::Layout {
                let parts = ::dure_sdk::spec::Parts::from([#(#described),*]);
                ::dure_sdk::spec::Layout::composite(builder, parts)
            }
        }
    });
    let (parameters, arguments, conditions) = item.generics.split_for_impl();
    Ok(quote! {
        #item

        impl #parameters ::dure_sdk::Field for #ident #arguments #conditions {
            #[inline(always)]
            fn open(place: ::dure_sdk::Place) -> Self {
                Self { #(#opened),* }
            }
            #spec
        }
    })
}
