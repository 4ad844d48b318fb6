//! Names and what follows from them.

use std::collections::BTreeMap;
use syn::{Attribute, Expr, Ident, Lit, Meta};

/// First four bytes of BLAKE3 of a name.
pub(crate) fn selector(name: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = *blake3::hash(name.as_bytes()).as_bytes();
    [a, b, c, d]
}

/// A name as written, without the `r#` of a raw identifier.
pub(crate) fn text(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// Refuses two names with the same selector.
pub(crate) fn distinct<'a>(names: impl Iterator<Item = &'a Ident>) -> syn::Result<()> {
    let mut seen = BTreeMap::new();
    for ident in names {
        let Some(other) = seen.insert(selector(&text(ident)), ident) else { continue };
        let reason = if text(other) == text(ident) {
            format!("`{ident}` is declared twice: a name stands for one thing, rename one")
        } else {
            format!("`{ident}` and `{other}` have the same four-byte selector: rename one of them")
        };
        return Err(syn::Error::new(ident.span(), reason));
    }
    Ok(())
}

/// The lines of a doc comment.
pub(crate) fn docs(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            lines.extend(text.value().lines().map(|line| line.trim().to_owned()));
        }
    }
    lines
}

/// Takes the attribute of that name out of the list.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str) -> Option<Attribute> {
    let index = attributes.iter().position(|attribute| is(attribute, name))?;
    Some(attributes.remove(index))
}

/// Whether an attribute is `#[name]` or `#[dure::name]`.
fn is(attribute: &Attribute, name: &str) -> bool {
    let path = attribute.path();
    path.is_ident(name)
        || (path.segments.len() == 2
            && path
                .segments
                .first()
                .is_some_and(|first| first.ident == "dure" || first.ident == "dure_sdk")
            && path.segments.last().is_some_and(|last| last.ident == name))
}
