//! Holding what `before!` declares against the lock of the version before.
//!
//! The chain does so too, by the specification of the code that runs; here it is said before
//! anything is deployed. Types are compared as the file has them, in words: names of the contract's
//! own types may differ, their parts may not.

use super::{
    LockError,
    file::{LockFile, LockedField},
    layout::Layout,
};
use dure_abi::spec::ContractSpec;
use std::collections::{BTreeMap, BTreeSet};

type Types = BTreeMap<String, Vec<String>>;

/// Refuses a field that the source opens as something that the file does not say it is.
pub(super) fn check(lock: &LockFile, spec: &ContractSpec) -> Result<(), LockError> {
    for field in &spec.history.before {
        let Some(old) = lock.fields.iter().find(|old| old.id == field.id) else { continue };
        let mut layout = Layout::default();
        let declared = layout.field(&spec.types, field);
        let (old_types, new_types) = (&lock.types, &layout.types);
        let reading = Reading { old_types, new_types, believed: old.retired };
        if let Some([more, declared_more]) = reading.difference(old, &declared) {
            return Err(LockError::Misread {
                field: old.name.clone(),
                id: old.id,
                locked: old.layout() + &more,
                declared: declared.layout() + &declared_more,
            });
        }
    }
    Ok(())
}

/// One piece of a type in words.
#[derive(PartialEq, Eq)]
enum Word<'a> {
    /// A type of the contract's own.
    Own(&'a str),
    Plain(&'a str),
}

struct Reading<'a> {
    old_types: &'a Types,
    new_types: &'a Types,
    /// Whether the file may lack types of the old field, as those of one that was retired earlier.
    believed: bool,
}

/// Words of both that are still to be compared, and the types that they are parts of.
type Open<'a> = Vec<([&'a str; 2], Option<[&'a str; 2]>)>;

impl<'a> Reading<'a> {
    /// What differs, as words behind both layouts; none when the old field can be read.
    fn difference(&self, old: &'a LockedField, new: &'a LockedField) -> Option<[String; 2]> {
        if old.key.is_some() != new.key.is_some() || old.parts.len() > new.parts.len() {
            return Some(Default::default());
        }
        let parts = old.parts.iter().zip(&new.parts);
        let words = [(&old.kind, &new.kind), (&old.value, &new.value)].into_iter();
        let words = words.chain(old.key.iter().zip(&new.key)).chain(parts);
        let mut open: Open<'_> = words.map(|(old, new)| ([&**old, &**new], None)).collect();
        let mut seen = BTreeSet::new();
        while let Some(([mut old, mut new], within)) = open.pop() {
            loop {
                match (word(&mut old, self.old_types), word(&mut new, self.new_types)) {
                    (None, None) => break,
                    (Some(Word::Own(a)), Some(Word::Own(b))) => {
                        if seen.insert([a, b]) && !self.parts([a, b], &mut open) {
                            return Some(self.shown(Some([a, b])));
                        }
                    }
                    (Some(Word::Plain(_)), Some(Word::Own(_))) if self.believed => {}
                    (a, b) if a == b => {}
                    _ => return Some(self.shown(within)),
                }
            }
        }
        None
    }

    /// Compares the parts of two types but for the types that they name, which are left in `open`.
    fn parts(&self, both: [&'a str; 2], open: &mut Open<'a>) -> bool {
        let [old, new] = both;
        let (Some(old_parts), Some(new_parts)) = (self.old_types.get(old), self.new_types.get(new))
        else {
            return false;
        };
        let (a, b) = (heads(old_parts), heads(new_parts));
        // Variants are known by number and name, and there may be more of them.
        let is_enum = |heads: &[(&str, &str)]| {
            heads.first().is_some_and(|(head, _)| head.starts_with(|c: char| c.is_ascii_digit()))
        };
        if is_enum(&a) && is_enum(&b) {
            return a.iter().all(|(head, fields)| {
                let other = b.iter().find(|(other, _)| other == head);
                open.extend(other.map(|(_, other)| ([*fields, *other], Some(both))));
                other.is_some()
            });
        }
        let is_named = a.first().is_some_and(|(head, _)| !head.is_empty());
        open.extend(a.iter().zip(&b).map(|((_, a), (_, b))| ([*a, *b], Some(both))));
        a.len() == b.len()
            && a.iter().zip(&b).all(|((a, _), (b, _))| a == b)
            && (is_named || last(old) == last(new))
    }

    /// The parts of two types, to stand behind the layouts.
    fn shown(&self, types: Option<[&str; 2]>) -> [String; 2] {
        let Some([old, new]) = types else { return Default::default() };
        [(old, self.old_types), (new, self.new_types)].map(|(name, types)| {
            let parts = types.get(name).map_or_else(String::new, |parts| parts.join(", "));
            format!(", {name} = [{parts}]")
        })
    }
}

/// What each part of a type is called, and its type or types.
fn heads(parts: &[String]) -> Vec<(&str, &str)> {
    parts.iter().map(|part| head(part)).collect()
}

/// A field by its name, a variant by number and name.
fn head(part: &str) -> (&str, &str) {
    if part.starts_with(|c: char| c.is_ascii_digit()) {
        let end = part.match_indices([' ', '(']).nth(1).map_or(part.len(), |(end, _)| end);
        return part.split_at(end);
    }
    part.split_once(": ").unwrap_or(("", part))
}

/// The last part of a type's path, without its parameters.
fn last(name: &str) -> &str {
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().unwrap_or(path)
}

/// Takes the next word off a text: a name of a type, or another, or a sign.
fn word<'a>(text: &mut &'a str, types: &'a Types) -> Option<Word<'a>> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    let ends = |rest: &str| !rest.starts_with(in_name) && !rest.starts_with("::");
    let own = types.keys().filter(|name| text.strip_prefix(name.as_str()).is_some_and(ends));
    let own = own.max_by_key(|name| name.len());
    let plain = text.find(|c| !in_name(c)).unwrap_or(text.len());
    let length = match own {
        Some(name) => name.len(),
        None if plain == 0 => text.chars().next()?.len_utf8(),
        None => plain,
    };
    let (taken, rest) = text.split_at(length);
    *text = rest;
    // A field may have the name of a type.
    let is_type = own.is_some() && !rest.starts_with(": ");
    Some(if is_type { Word::Own(taken) } else { Word::Plain(taken) })
}
