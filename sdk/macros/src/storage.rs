//! `#[storage]`.

use crate::name;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, ItemStruct};

pub(crate) fn expand(item: &ItemStruct) -> syn::Result<TokenStream> {
    let Fields::Named(fields) = &item.fields else {
        return Err(syn::Error::new_spanned(
            &item.ident,
            "storage is a struct with named fields: `struct Name { count: Item<u64> }`",
        ));
    };
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "storage has no type parameters"));
    }
    let ident = &item.ident;
    let (mut opened, mut described) = (Vec::new(), Vec::new());
    for (index, field) in fields.named.iter().enumerate() {
        let id = u16::try_from(index).map_err(|_| {
            syn::Error::new_spanned(field, "storage has at most 65,536 fields: use a map")
        })?;
        let (Some(name), ty) = (&field.ident, &field.ty) else { continue };
        let text = name::text(name);
        opened.push(quote!(#name: <#ty as ::dure_sdk::Field>::open(#id)));
        described.push(quote!(builder.field::<#ty>(#text, #id);));
    }
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(builder: &mut ::dure_sdk::spec::Builder) {
                #(#described)*
            }
        }
    });
    Ok(quote! {
        #item

        impl ::dure_sdk::Storage for #ident {
            #[inline(always)]
            fn open() -> Self {
                Self { #(#opened),* }
            }
            #spec
        }
    })
}
