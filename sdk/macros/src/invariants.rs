//! `#[invariants]`: a function that says what must hold becomes the test that looks for a sequence
//! of calls after which it does not.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    FnArg, ItemFn, LitInt, LitStr, Path, Token, parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// What stands in the brackets.
pub(crate) struct Options {
    /// The function that sets the chain up.
    set_up: Path,
    without: Vec<LitStr>,
    effort: Option<(LitInt, LitInt)>,
    within_days: Option<LitInt>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(input.error(
                "name the function that sets the chain up: `#[dure_testing::invariants(set_up)]`",
            ));
        }
        let set_up = input.parse()?;
        let mut options = Self { set_up, without: Vec::new(), effort: None, within_days: None };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let name: syn::Ident = input.parse()?;
            let inner;
            parenthesized!(inner in input);
            if name == "without" {
                let methods = Punctuated::<LitStr, Token![,]>::parse_terminated(&inner)?;
                options.without.extend(methods);
            } else if name == "effort" {
                let sequences = inner.parse()?;
                inner.parse::<Token![,]>()?;
                options.effort = Some((sequences, inner.parse()?));
            } else if name == "within_days" {
                options.within_days = Some(inner.parse()?);
            } else {
                let reason = "after the set-up come `without(\"method\", ..)`, \
                              `effort(sequences, calls)` and `within_days(days)`";
                return Err(syn::Error::new(name.span(), reason));
            }
        }
        Ok(options)
    }
}

pub(crate) fn expand(options: &Options, mut function: ItemFn) -> syn::Result<TokenStream> {
    let signature = &function.sig;
    let owned = signature.inputs.iter().all(|input| matches!(input, FnArg::Typed(_)));
    let plain = signature.generics.params.is_empty() && signature.asyncness.is_none() && owned;
    let name = signature.ident.clone();
    let rule = match signature.inputs.len() {
        2 if plain => quote! {
            always(stringify!(#name), move |now| {
                ::dure_testing::invariants::Verdict::verdict(#name(now, contracts))
            })
        },
        4 if plain => quote! {
            each(stringify!(#name), move |before, call, after| {
                ::dure_testing::invariants::Verdict::verdict(#name(before, call, after, contracts))
            })
        },
        _ => {
            let reason = "an invariant of a moment takes `(now: &Moment, contract: Address)`, one \
                          of a call `(before: &Moment, call: &Played, after: &Moment, contract: \
                          Address)`";
            return Err(syn::Error::new_spanned(signature, reason));
        }
    };
    let (visibility, attributes) = (function.vis.clone(), std::mem::take(&mut function.attrs));
    let (set_up, without) = (&options.set_up, &options.without);
    let effort =
        options.effort.iter().map(|(sequences, calls)| quote!(.effort(#sequences, #calls)));
    let days = options.within_days.iter();
    Ok(quote! {
        #(#attributes)*
        #[test]
        #visibility fn #name() {
            #function
            let start = #set_up();
            let contracts = ::dure_testing::invariants::Start::contracts(&start);
            let search = ::dure_testing::invariants::search(&start)
                #(.without(#without))*
                #(#effort)*
                #(.within_days(#days))*
                .corpus(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/", stringify!(#name)))
                .#rule;
            ::dure_testing::invariants::conclude(stringify!(#name), search.run());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Options, expand};
    use syn::parse_quote;

    #[track_caller]
    fn refused(function: syn::ItemFn, words: &str) {
        let options: Options = parse_quote!(set_up);
        let error = expand(&options, function).expect_err("it is refused").to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn what_is_no_invariant_is_refused_with_what_to_write() {
        refused(
            parse_quote!(
                fn a(now: &Moment) -> bool {
                    true
                }
            ),
            "(now: &Moment, contract",
        );
        refused(
            parse_quote!(
                fn a(&self, now: &Moment) -> bool {
                    true
                }
            ),
            "takes",
        );
        refused(
            parse_quote!(
                fn a<T>(now: &Moment, at: T) -> bool {
                    true
                }
            ),
            "takes",
        );
        let check = |text: &str, words: &str| {
            let error = syn::parse_str::<Options>(text).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|e| e.contains(words)), "{text}: {error:?}");
        };
        check("", "(set_up)");
        check("set_up, effrot(1, 2)", "`effort(sequences, calls)`");
        check("set_up, effort(1)", "");
        check("set_up, within_days(1 day)", "");
        let options: Options =
            parse_quote!(scene::set_up, without("a", "b"), effort(9, 8), within_days(30),);
        assert_eq!(options.without.len(), 2);
        assert!(options.effort.is_some() && options.within_days.is_some());
    }
}
