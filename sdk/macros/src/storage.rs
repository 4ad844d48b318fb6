//! `#[storage]` and `#[composite]`: structs of fields.

use crate::{
    boundary,
    lock::{self, Lock},
    name,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Expr, Fields, Ident, ItemStruct, Lit, LitStr, Meta, Type, parse::Parser,
    spanned::Spanned,
};

/// One field as its author declared it.
struct Declared {
    name: Ident,
    ty: Type,
    published: bool,
    /// Its name before, of `#[was("..")]`.
    was: Option<String>,
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
        let was = was(&mut field.attrs)?;
        let (Some(name), ty) = (field.ident.clone(), field.ty.clone()) else { continue };
        boundary::check(&ty)?;
        let docs = name::docs(&field.attrs);
        declared.push(Declared { name, ty, published, was, docs });
    }
    Ok(declared)
}

pub(crate) fn expand(args: &TokenStream, item: &mut ItemStruct) -> syn::Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&item.generics, "storage has no type parameters"));
    }
    let version = version(args)?;
    let declared = fields(item, "storage")?;
    let ident = &item.ident;
    let lock = Lock::of_crate().map_err(|error| syn::Error::new_spanned(ident, error))?;
    let names: Vec<_> = declared
        .iter()
        .map(|Declared { name: ident, was, .. }| lock::Declared {
            ident,
            name: name::text(ident),
            was: was.clone(),
        })
        .collect();
    let numbered = lock::number(lock.as_ref(), ident, &names)?;
    let (mut opened, mut described, mut published) = (Vec::new(), Vec::new(), Vec::new());
    let (mut readers, mut listed) = (Vec::new(), Vec::new());
    for (field, id) in declared.iter().zip(numbered.ids.iter().copied()) {
        let (name, ty, text) = (&field.name, &field.ty, name::text(&field.name));
        let key = quote!(::dure_sdk::Place::field(#id));
        opened.push(quote!(#name: <#ty as ::dure_sdk::Field>::open(#key)));
        listed.push(quote!((#text, #id)));
        let is_published = field.published;
        let place = place(name).map(|place| quote!(builder.place(#id, #place);));
        described.push(quote!(builder.field::<#ty>(#text, #id, #is_published); #place));
        if field.published {
            published.push(id);
            readers.push(reader(field, &key));
        }
    }
    let (retired, retired_names): (Vec<_>, Vec<_>) = numbered.retired.into_iter().unzip();
    let (renamed, renamed_names): (Vec<_>, Vec<_>) = numbered.renamed.into_iter().unzip();
    let history = quote! {
        builder.version(#version);
        #(builder.retired(#retired, #retired_names);)*
        #(builder.renamed(#renamed, #renamed_names);)*
    };
    let spec = cfg!(feature = "spec").then(|| {
        quote! {
            fn spec(builder: &mut ::dure_sdk::spec::Builder) {
                #(#described)*
                #history
            }
        }
    });
    let tracked = tracked(lock.is_some());
    let readers = (!readers.is_empty()).then(|| published_struct(item, &readers));
    Ok(quote! {
        #item

        impl ::dure_sdk::Storage for #ident {
            const PUBLISHED: &'static [u16] = &[#(#published),*];
            const VERSION: u32 = #version;
            const FIELDS: &'static [(&'static str, u16)] =
                &[#(#listed,)* #((#retired_names, #retired),)*];

            #[inline]
            fn open() -> Self {
                Self { #(#opened),* }
            }
            #spec
        }

        #readers
        #tracked
    })
}

/// File and line of a name; none where nobody knows: in a test of this crate, or where a macro of
/// the author's wrote it.
fn place(name: &Ident) -> Option<String> {
    let span = proc_macro::is_available().then(|| name.span().unwrap())?;
    Some(format!("{}:{}", span.local_file()?.display(), span.line()))
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
        if field.was.is_some() {
            let reason = "parts are known by their place, not by their name: drop `#[was]`";
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
        syn::Error::new_spanned(
            at,
            "write `#[storage]`, or `#[storage(version = 2)]` after a change",
        )
    };
    let meta: Meta =
        Parser::parse2(|input: syn::parse::ParseStream<'_>| input.parse(), args.clone())
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
fn was(attributes: &mut Vec<Attribute>) -> syn::Result<Option<String>> {
    let Some(attribute) = name::take(attributes, "was") else { return Ok(None) };
    match attribute.parse_args::<LitStr>() {
        Ok(old) => Ok(Some(old.value())),
        Err(_) => Err(syn::Error::new_spanned(
            attribute,
            "write the field's old name: `#[was(\"old_name\")]`",
        )),
    }
}
