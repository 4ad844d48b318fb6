//! Types that the author names: those that no contract can have are refused at their own line, and
//! all are made to mean the same in a module further in.

use syn::{
    Path, PathSegment, Type,
    visit_mut::{self, VisitMut},
};

/// Refuses a type that a contract cannot store, take or return, however deep it stands.
pub(crate) fn check(ty: &Type) -> syn::Result<()> {
    let mut search = Search(None);
    search.visit_type_mut(&mut ty.clone());
    search.0.map_or(Ok(()), Err)
}

/// Looks for the first type that is refused.
struct Search(Option<syn::Error>);

impl VisitMut for Search {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let (None, Some(reason)) = (&self.0, reason(ty)) {
            self.0 = Some(syn::Error::new_spanned(ty, reason));
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

/// Why no contract has this type itself; none when only its parts are to be looked at.
fn reason(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(_) => Some(
            "what crosses the boundary of a contract is owned: `String` instead of `&str`, \
             `Vec<u8>` instead of `&[u8]`",
        ),
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last()?;
            if last.ident == "f32" || last.ident == "f64" {
                return Some(
                    "a contract has no floats, they are not exact: count in the smallest unit \
                     (`Amount`, `u64`), or use `Ratio`",
                );
            }
            (last.ident == "usize" || last.ident == "isize")
                .then_some("has another size on another machine: write `u32` or `u64`")
        }
        _ => None,
    }
}

/// The type as it is named one module further in, where `super` is another one.
pub(crate) fn one_in(ty: &Type) -> Type {
    let mut ty = ty.clone();
    OneIn.visit_type_mut(&mut ty);
    ty
}

struct OneIn;

impl VisitMut for OneIn {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        let Some(first) = path.segments.first_mut() else { return };
        let span = first.ident.span();
        let outer = PathSegment::from(syn::Ident::new("super", span));
        if first.ident == "self" && path.leading_colon.is_none() {
            *first = outer;
        } else if first.ident == "super" {
            path.segments.insert(0, outer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::parse_quote;

    #[test]
    fn a_path_means_the_same_one_module_further_in() {
        let check = |ty: Type, expect: Type| {
            let found = one_in(&ty).to_token_stream().to_string();
            assert_eq!(found, expect.to_token_stream().to_string());
        };
        check(parse_quote!(super::Note), parse_quote!(super::super::Note));
        check(parse_quote!(self::Note), parse_quote!(super::Note));
        check(
            parse_quote!(Vec<(super::super::Note, [u8; self::LENGTH])>),
            parse_quote!(Vec<(super::super::super::Note, [u8; super::LENGTH])>),
        );
        check(parse_quote!(<super::Note as self::Shown>::As), {
            parse_quote!(<super::super::Note as super::Shown>::As)
        });
        check(parse_quote!(crate::Note), parse_quote!(crate::Note));
        check(parse_quote!(Option<Note>), parse_quote!(Option<Note>));
    }

    #[test]
    fn what_no_contract_has_is_refused_however_deep_it_stands() {
        let refused = |ty: Type, words: &str| {
            let error = check(&ty).expect_err("it is refused").to_string();
            assert!(error.contains(words), "{error}");
        };
        refused(parse_quote!(f64), "`Ratio`");
        refused(parse_quote!(Vec<(u8, core::primitive::f32)>), "no floats");
        refused(parse_quote!(Option<&str>), "`String` instead of `&str`");
        refused(parse_quote!([usize; 3]), "`u32` or `u64`");
        assert!(check(&parse_quote!(Vec<(Amount, [u8; 3])>)).is_ok());
    }
}
