//! One method of a contract.

use crate::{boundary, name};
use syn::{
    Attribute, Expr, FnArg, GenericArgument, Ident, ImplItemFn, Lit, Meta, Pat, Path,
    PathArguments, ReturnType, Signature, Type, Visibility,
};

/// Arguments of one method: what the codec's tuples hold, with room.
const ARGUMENTS_MAX: usize = 16;

/// How a method is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Init,
    Call,
    Query,
    /// From a version of the storage.
    Migrate(u32),
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
    /// The interface that it belongs to.
    pub(crate) interface: Option<Path>,
}

/// Which `Result` is a method that can fail.
#[derive(Clone, Copy)]
pub(crate) enum Failing<'a> {
    /// Every one, and its error is the contract's.
    Contract(Option<&'a Ident>),
    /// One whose error is the implementer's; any other is a value.
    Interface(Option<&'a Ident>),
}

fn refuse<T>(at: impl quote::ToTokens, reason: &str) -> syn::Result<T> {
    Err(syn::Error::new_spanned(at, reason))
}

/// Takes the marker of a method off it; `None` for a function that is no method of the contract.
fn marker(attributes: &mut Vec<Attribute>) -> syn::Result<Option<(Kind, Attribute)>> {
    let mut found = None;
    for text in ["init", "call", "query", "migrate"] {
        let Some(attribute) = name::take(attributes, text) else { continue };
        if found.is_some() {
            return refuse(
                attribute,
                "a method has one of `#[init]`, `#[call]`, `#[query]`, `#[migrate]`",
            );
        }
        let kind = match text {
            "init" => Kind::Init,
            "call" => Kind::Call,
            "query" => Kind::Query,
            _ => Kind::Migrate(from(&attribute)?),
        };
        found = Some((kind, attribute));
    }
    Ok(found)
}

/// Reads the version of `#[migrate(from = 1)]`.
fn from(attribute: &Attribute) -> syn::Result<u32> {
    let pair: Option<syn::MetaNameValue> = attribute.parse_args().ok();
    let number = pair.filter(|pair| pair.path.is_ident("from")).and_then(|pair| match pair.value {
        Expr::Lit(literal) => match literal.lit {
            Lit::Int(number) => number.base10_parse::<u32>().ok(),
            _ => None,
        },
        _ => None,
    });
    match number {
        Some(number) if number >= 1 => Ok(number),
        _ => refuse(attribute, "say which version it starts from: `#[migrate(from = 1)]`"),
    }
}

fn reentrant(kind: Kind, attribute: &Attribute) -> syn::Result<bool> {
    match &attribute.meta {
        Meta::Path(_) => Ok(false),
        Meta::List(_) if matches!(kind, Kind::Migrate(_)) => Ok(false),
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
        let Some((kind, attribute)) = marker(&mut function.attrs)? else { return Ok(None) };
        let reentrant = reentrant(kind, &attribute)?;
        if !matches!(function.vis, Visibility::Public(_)) {
            return refuse(
                &function.sig.ident,
                "whoever can call the chain can call it: write `pub`",
            );
        }
        let docs = name::docs(&function.attrs);
        let method = Self::of(&function.sig, kind, Failing::Contract(error), docs)?;
        let gives = !matches!(&method.returns, Returns::Value(None))
            && !matches!(&method.returns, Returns::Fallible(Type::Tuple(unit)) if unit.elems.is_empty());
        if gives && matches!(kind, Kind::Migrate(_)) {
            return refuse(
                &function.sig.output,
                "a migration returns nothing, or `Result<(), Error>`",
            );
        }
        Ok(Some(Self { reentrant, ..method }))
    }

    /// Reads a function of an interface or of its implementation, whose receiver says how it is
    /// entered; a marker only repeats it.
    pub(crate) fn read_interface(
        attributes: &mut Vec<Attribute>,
        signature: &Signature,
        failing: Failing<'_>,
    ) -> syn::Result<Self> {
        let marked = marker(attributes)?;
        let writes = matches!(signature.inputs.first(), Some(FnArg::Receiver(receiver))
            if receiver.mutability.is_some());
        let kind = if writes { Kind::Call } else { Kind::Query };
        let reentrant = match &marked {
            Some((Kind::Init | Kind::Migrate(_), attribute)) => {
                return refuse(attribute, "an interface has calls and queries only");
            }
            Some((marked, _)) if *marked != kind => {
                return refuse(
                    &signature.ident,
                    "in an interface a call takes `&mut self` and a query `&self`",
                );
            }
            Some((_, attribute)) => reentrant(kind, attribute)?,
            None => false,
        };
        let method = Self::of(signature, kind, failing, name::docs(attributes))?;
        Ok(Self { reentrant, ..method })
    }

    /// The type of its value; none when it returns nothing.
    pub(crate) const fn value(&self) -> Option<&Type> {
        match &self.returns {
            Returns::Fallible(ty) | Returns::Value(Some(ty)) => Some(ty),
            Returns::Value(None) => None,
        }
    }

    fn of(
        signature: &Signature,
        kind: Kind,
        failing: Failing<'_>,
        docs: Vec<String>,
    ) -> syn::Result<Self> {
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
        Ok(Self {
            ident: signature.ident.clone(),
            kind,
            reentrant: false,
            context,
            args,
            returns: returns(&signature.output, failing)?,
            docs,
            interface: None,
        })
    }
}

fn check_receiver(kind: Kind, receiver: Option<&FnArg>, signature: &Signature) -> syn::Result<()> {
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
        (Kind::Migrate(_), false) => refuse(receiver, "a migration writes: take `&mut self`"),
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
        Type::ImplTrait(ty) => refuse(ty, "an argument has one concrete type"),
        ty => {
            boundary::check(ty)?;
            Ok((pattern.ident.clone(), ty.clone()))
        }
    }
}

fn returns(output: &ReturnType, failing: Failing<'_>) -> syn::Result<Returns> {
    let ReturnType::Type(_, ty) = output else { return Ok(Returns::Value(None)) };
    boundary::check(ty)?;
    let Type::Path(path) = &**ty else {
        return Ok(Returns::Value(Some((**ty).clone())));
    };
    let whole = || Returns::Value(Some((**ty).clone()));
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return Ok(whole());
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
    let error = match failing {
        Failing::Contract(error) => error,
        Failing::Interface(error) => {
            let fails =
                is_self_error(failure) || error.is_some_and(|error| is_named(failure, error));
            let returns = if fails { Returns::Fallible(value.clone()) } else { whole() };
            return Ok(returns);
        }
    };
    let Some(error) = error else {
        return refuse(
            ty,
            "a method that can fail needs an enum marked `#[error]` in the contract",
        );
    };
    if !is_named(failure, error) {
        let reason = format!("every method fails with the contract's `#[error]` enum `{error}`");
        return refuse(failure, &reason);
    }
    Ok(Returns::Fallible(value.clone()))
}

fn is_named(ty: &Type, ident: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == *ident))
}

/// Whether a type is `Self::Error`.
fn is_self_error(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let mut segments = path.path.segments.iter();
    segments.next().is_some_and(|segment| segment.ident == "Self")
        && segments.next().is_some_and(|segment| segment.ident == "Error")
        && segments.next().is_none()
}
