//! Reading the module under `#[contract]`.

use crate::{
    before::{self, Before},
    emit,
    method::{Failing, Kind, Method},
    migrate, name,
};
use proc_macro2::TokenStream;
use syn::{
    Attribute, Ident, ImplItem, Item, ItemEnum, ItemImpl, ItemMod, ItemUse, Meta, Path, Type,
    UseTree, Visibility, parse_quote,
};

/// A contract as its author declared it.
pub(crate) struct Contract {
    /// The module.
    pub(crate) ident: Ident,
    pub(crate) docs: Vec<String>,
    pub(crate) storage: Ident,
    pub(crate) error: Option<Ident>,
    pub(crate) events: Vec<Ident>,
    pub(crate) methods: Vec<Method>,
    pub(crate) migrations: Vec<Method>,
    /// Interfaces that the storage implements.
    pub(crate) interfaces: Vec<Path>,
    /// What it opens by the type that it had.
    pub(crate) before: Vec<Before>,
}

#[derive(Default)]
struct Parts {
    storage: Vec<Ident>,
    errors: Vec<Ident>,
    events: Vec<Ident>,
}

pub(crate) fn expand(mut module: ItemMod) -> syn::Result<TokenStream> {
    let docs = name::docs(&module.attrs);
    let ident = module.ident.clone();
    let Some((_, items)) = &mut module.content else {
        return Err(syn::Error::new_spanned(
            &module,
            "the contract's module is written in place: `pub mod name { .. }`; events, the error \
             and the storage may lie in other files, named by `#[event] use ..`",
        ));
    };
    let (mut parts, mut before) = (Parts::default(), Vec::new());
    for item in items.iter_mut() {
        before::take(item, &mut before)?;
        parts.take(item)?;
    }
    let storage = single(&ident, parts.storage, "struct marked `#[storage]`")?;
    let error = match parts.errors.len() {
        0 => None,
        _ => Some(single(&ident, parts.errors, "enum marked `#[error]`")?),
    };
    let (mut methods, mut interfaces) = (Vec::new(), Vec::new());
    for item in items.iter_mut() {
        let Item::Impl(block) = item else { continue };
        match name::take(&mut block.attrs, "implements") {
            Some(marker) => interfaces.push(read_interface(
                &marker,
                block,
                &storage,
                error.as_ref(),
                &mut methods,
            )?),
            None => read_methods(block, &storage, error.as_ref(), &mut methods)?,
        }
    }
    let (migrations, methods): (Vec<_>, Vec<_>) =
        methods.into_iter().partition(|method| matches!(method.kind, Kind::Migrate(_)));
    check(&ident, &methods, &parts.events)?;
    migrate::check(&migrations)?;
    let events = parts.events;
    let contract =
        Contract { ident, docs, storage, error, events, methods, migrations, interfaces, before };
    for item in emit::items(&contract) {
        items.push(Item::Verbatim(item));
    }
    module.attrs.push(parse_quote! {
        #[allow(unexpected_cfgs, reason = "`dure build` sets `dure_contract`")]
    });
    module.attrs.push(parse_quote! {
        #[allow(clippy::new_ret_no_self, reason = "an init method writes into storage")]
    });
    Ok(quote::quote!(#module))
}

impl Parts {
    /// Notes what an item is, and makes its marker the full path of the attribute.
    fn take(&mut self, item: &mut Item) -> syn::Result<()> {
        match item {
            Item::Struct(item) => {
                if let Some(marker) = name::take(&mut item.attrs, "storage") {
                    self.storage.push(item.ident.clone());
                    item.attrs.push(match &marker.meta {
                        Meta::List(list) => {
                            let args = &list.tokens;
                            parse_quote!(#[::dure_sdk::storage(#args)])
                        }
                        _ => parse_quote!(#[::dure_sdk::storage]),
                    });
                } else if name::take(&mut item.attrs, "event").is_some() {
                    self.events.push(item.ident.clone());
                    item.attrs.insert(0, parse_quote!(#[::dure_sdk::event]));
                }
            }
            Item::Enum(ItemEnum { attrs, ident, .. }) => {
                let is_error = name::take(attrs, "error").is_some();
                if is_error {
                    self.errors.push(ident.clone());
                    attrs.insert(0, parse_quote!(#[::dure_sdk::error]));
                }
            }
            Item::Use(item) => self.take_use(item)?,
            _ => {}
        }
        Ok(())
    }

    fn take_use(&mut self, item: &mut ItemUse) -> syn::Result<()> {
        for (marker, list) in [
            ("storage", &mut self.storage),
            ("event", &mut self.events),
            ("error", &mut self.errors),
        ] {
            if name::take(&mut item.attrs, marker).is_some() {
                leaves(&item.tree, list)?;
            }
        }
        Ok(())
    }
}

/// The names that a `use` brings in.
fn leaves(tree: &UseTree, names: &mut Vec<Ident>) -> syn::Result<()> {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Group(group) => group.items.iter().try_for_each(|tree| leaves(tree, names)),
        UseTree::Name(leaf) => {
            names.push(leaf.ident.clone());
            Ok(())
        }
        UseTree::Rename(_) | UseTree::Glob(_) => Err(syn::Error::new_spanned(
            tree,
            "name each one as it is declared: `#[event] use crate::event::{Moved, Burned};`",
        )),
    }
}

fn single(module: &Ident, found: Vec<Ident>, what: &str) -> syn::Result<Ident> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(syn::Error::new_spanned(
            module,
            format!("the contract `{module}` needs one {what}"),
        )),
        (Some(_), Some(second)) => {
            Err(syn::Error::new_spanned(second, format!("a contract has one {what}: merge them")))
        }
    }
}

fn read_methods(
    block: &mut ItemImpl,
    storage: &Ident,
    error: Option<&Ident>,
    methods: &mut Vec<Method>,
) -> syn::Result<()> {
    let of_storage = block.trait_.is_none()
        && matches!(&*block.self_ty, Type::Path(path) if path.path.is_ident(storage));
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let Some(method) = Method::read(function, error)? else {
            if of_storage && matches!(function.vis, Visibility::Public(_)) {
                return Err(syn::Error::new_spanned(
                    &function.sig.ident,
                    "nobody can call it from outside: write `#[call]`, `#[query]` or `#[init]` \
                     above it, or drop `pub` (or write `pub(crate)`) where only the contract's own \
                     code calls it",
                ));
            }
            continue;
        };
        if !of_storage {
            return Err(syn::Error::new_spanned(
                &function.sig.ident,
                format!(
                    "methods of the contract are in `impl {storage}`: move it there; those of an \
                     interface in `#[implements] impl Interface for {storage}`"
                ),
            ));
        }
        methods.push(method);
    }
    Ok(())
}

/// Reads `#[implements] impl Interface for Storage`; all its functions are methods.
fn read_interface(
    marker: &Attribute,
    block: &mut ItemImpl,
    storage: &Ident,
    error: Option<&Ident>,
    methods: &mut Vec<Method>,
) -> syn::Result<Path> {
    let of_storage = matches!(&*block.self_ty, Type::Path(path) if path.path.is_ident(storage));
    let path = match &block.trait_ {
        Some((None, path, _)) if of_storage => path.clone(),
        _ => {
            let reason = format!("write `#[implements] impl Interface for {storage} {{ .. }}`");
            return Err(syn::Error::new_spanned(marker, reason));
        }
    };
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let (attributes, signature) = (&mut function.attrs, &function.sig);
        let method = Method::read_interface(attributes, signature, Failing::Interface(error))?;
        methods.push(Method { interface: Some(path.clone()), ..method });
    }
    Ok(path)
}

fn check(module: &Ident, methods: &[Method], events: &[Ident]) -> syn::Result<()> {
    let inits: Vec<_> = methods.iter().filter(|method| method.kind == Kind::Init).collect();
    match inits.as_slice() {
        [_] => {}
        [] => {
            return Err(syn::Error::new_spanned(
                module,
                "a contract needs one `#[init]` method: `#[init] pub fn new(&mut self, cx: &Cx)`",
            ));
        }
        [_, second, ..] => {
            return Err(syn::Error::new_spanned(&second.ident, "a contract has one `#[init]`"));
        }
    }
    for method in methods {
        let length = name::text(&method.ident).len();
        if length > 64 {
            let reason = format!("a name has at most 64 bytes, this one has {length}");
            return Err(syn::Error::new_spanned(&method.ident, reason));
        }
    }
    name::distinct(methods.iter().map(|method| &method.ident))?;
    name::distinct(events.iter())
}
