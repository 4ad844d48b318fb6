//! One method of a contract.

use crate::name;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, ImplItemFn, Meta, Pat, PathArguments, ReturnType,
    Type, Visibility,
};

/// Arguments of one method: what the codec's tuples hold, with room.
const ARGUMENTS_MAX: usize = 16;

/// How a method is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Init,
    Call,
    Query,
}

/// What a method returns.
pub(crate) enum Returns {
    /// Nothing, or a type.
    Value(Option<Type>),
    /// `Result` of a type and the contract's error.
    Fallible(Type),
}

/// A method as its author declared it.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) kind: Kind,
    pub(crate) reentrant: bool,
    /// Whether it takes `cx: &Cx`.
    pub(crate) context: bool,
    pub(crate) args: Vec<(Ident, Type)>,
    pub(crate) returns: Returns,
    pub(crate) docs: Vec<String>,
}

fn refuse<T>(at: impl quote::ToTokens, reason: &str) -> syn::Result<T> {
    Err(syn::Error::new_spanned(at, reason))
}

/// Takes the marker of a method off it; `None` for a function that is no method of the contract.
fn marker(function: &mut ImplItemFn) -> syn::Result<Option<(Kind, Attribute)>> {
    let mut found = None;
    for (text, kind) in [("init", Kind::Init), ("call", Kind::Call), ("query", Kind::Query)] {
        let Some(attribute) = name::take(&mut function.attrs, text) else { continue };
        if found.is_some() {
            return refuse(attribute, "a method has one of `#[init]`, `#[call]`, `#[query]`");
        }
        found = Some((kind, attribute));
    }
    Ok(found)
}

fn reentrant(kind: Kind, attribute: &Attribute) -> syn::Result<bool> {
    match &attribute.meta {
        Meta::Path(_) => Ok(false),
        Meta::List(list) if kind == Kind::Call && list.tokens.to_string() == "reentrant" => {
            Ok(true)
        }
        _ => refuse(attribute, "write `#[init]`, `#[call]`, `#[call(reentrant)]` or `#[query]`"),
    }
}

impl Method {
    /// Reads a function; `None` when it has no marker.
    pub(crate) fn read(
        function: &mut ImplItemFn,
        error: Option<&Ident>,
    ) -> syn::Result<Option<Self>> {
        let Some((kind, attribute)) = marker(function)? else { return Ok(None) };
        let reentrant = reentrant(kind, &attribute)?;
        let signature = &function.sig;
        if !matches!(function.vis, Visibility::Public(_)) {
            return refuse(&signature.ident, "whoever can call the chain can call it: write `pub`");
        }
        if !signature.generics.params.is_empty() || signature.asyncness.is_some() {
            return refuse(signature, "a method has no type parameters, lifetimes or `async`");
        }
        let mut inputs = signature.inputs.iter();
        check_receiver(kind, inputs.next(), signature)?;
        let mut inputs = inputs.peekable();
        let context = inputs.peek().is_some_and(|input| is_context(input));
        if context {
            inputs.next();
        }
        let args = inputs.map(argument).collect::<syn::Result<Vec<_>>>()?;
        if args.len() > ARGUMENTS_MAX {
            return refuse(signature, "a method has at most 16 arguments: group them in a struct");
        }
        Ok(Some(Self {
            ident: signature.ident.clone(),
            kind,
            reentrant,
            context,
            args,
            returns: returns(&signature.output, error)?,
            docs: name::docs(&function.attrs),
        }))
    }
}

fn check_receiver(
    kind: Kind,
    receiver: Option<&FnArg>,
    signature: &syn::Signature,
) -> syn::Result<()> {
    let Some(FnArg::Receiver(receiver)) = receiver else {
        return refuse(signature, "a method starts with `&mut self`, a query with `&self`");
    };
    if receiver.reference.is_none() {
        return refuse(receiver, "storage is borrowed: write `&mut self`, in a query `&self`");
    }
    match (kind, receiver.mutability.is_some()) {
        (Kind::Query, true) => {
            refuse(receiver, "a query cannot write: take `&self`, or mark it `#[call]`")
        }
        (Kind::Init, false) => refuse(receiver, "init writes the first state: take `&mut self`"),
        _ => Ok(()),
    }
}

fn is_context(input: &FnArg) -> bool {
    let FnArg::Typed(typed) = input else { return false };
    let Type::Reference(reference) = &*typed.ty else { return false };
    reference.mutability.is_none() && is_named_cx(&reference.elem)
}

fn is_named_cx(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Cx")
}

fn argument(input: &FnArg) -> syn::Result<(Ident, Type)> {
    let FnArg::Typed(typed) = input else { return refuse(input, "unexpected `self`") };
    let Pat::Ident(pattern) = &*typed.pat else {
        return refuse(&typed.pat, "an argument has a plain name: the spec shows it to callers");
    };
    match &*typed.ty {
        Type::Reference(_) if is_context(input) => {
            refuse(input, "the context comes right after `self`")
        }
        ty if is_named_cx(ty) => refuse(ty, "the context is lent: write `cx: &Cx`"),
        Type::Reference(ty) if is_named_cx(&ty.elem) => {
            refuse(ty, "the context is only read: write `cx: &Cx`")
        }
        Type::Reference(ty) => refuse(
            ty,
            "arguments are decoded from the call, so they are owned: \
             `String` instead of `&str`, `Vec<u8>` instead of `&[u8]`",
        ),
        Type::ImplTrait(ty) => refuse(ty, "an argument has one concrete type"),
        ty => Ok((pattern.ident.clone(), ty.clone())),
    }
}

fn returns(output: &ReturnType, error: Option<&Ident>) -> syn::Result<Returns> {
    let ReturnType::Type(_, ty) = output else { return Ok(Returns::Value(None)) };
    let Type::Path(path) = &**ty else {
        return match &**ty {
            Type::Reference(ty) => refuse(ty, "a method returns an owned value"),
            ty => Ok(Returns::Value(Some(ty.clone()))),
        };
    };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return Ok(Returns::Value(Some((**ty).clone())));
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return refuse(ty, "write both types: `Result<Value, Error>`");
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    let (Some(value), Some(failure)) = (types.next(), types.next()) else {
        return refuse(ty, "write both types: `Result<Value, Error>`");
    };
    let Some(error) = error else {
        return refuse(
            ty,
            "a method that can fail needs an enum marked `#[error]` in the contract",
        );
    };
    let is_the_error = matches!(failure, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == *error));
    if !is_the_error {
        let reason = format!("every method fails with the contract's `#[error]` enum `{error}`");
        return refuse(failure, &reason);
    }
    Ok(Returns::Fallible(value.clone()))
}
