//! What two fields differ in, and that in words.

use super::compare::{Comparison, Mode, TooManySteps};
use dure_abi::spec::{ContractSpec, FieldSpec, type_name};
use dure_types::limits;
use scale_info::{Field, PortableRegistry, TypeDef, form::PortableForm};

/// Two fields, or two parts of them, that differ.
pub(super) struct Difference<'a> {
    /// Names of the parts on the way to these, the outermost last.
    path: Vec<&'a str>,
    old: &'a FieldSpec,
    new: &'a FieldSpec,
    /// The types in them that differ, where it is that.
    types: Option<(u32, u32)>,
}

/// Finds what keeps `new` from reading what `old` stored; in [`Mode::Same`] whatever is not the
/// same.
pub(super) fn difference<'a>(
    comparison: &mut Comparison<'_>,
    old: &'a FieldSpec,
    new: &'a FieldSpec,
    mode: Mode,
) -> Result<Option<Difference<'a>>, TooManySteps> {
    let found = |types| Ok(Some(Difference { path: Vec::new(), old, new, types }));
    let counts = match mode {
        Mode::Same => old.parts.len() == new.parts.len(),
        Mode::Grown => old.parts.len() <= new.parts.len(),
    };
    if old.kind != new.kind || old.key.is_some() != new.key.is_some() || !counts {
        return found(None);
    }
    // What a key's bytes mean depends on every variant: keys never grow.
    let keys = old.key.zip(new.key).map(|(old, new)| (old, new, Mode::Same));
    for (old, new, mode) in keys.into_iter().chain([(old.value, new.value, mode)]) {
        if let Some(types) = comparison.differing(old, new, mode)? {
            return found(Some(types));
        }
    }
    // A spec nests parts four deep at most. Parts are known by their place: new ones come after.
    for (old_part, new_part) in old.parts.iter().zip(&new.parts) {
        if old_part.id != new_part.id || old_part.name != new_part.name {
            return found(None);
        }
        if let Some(mut inner) = difference(comparison, old_part, new_part, mode)? {
            inner.path.push(&old_part.name);
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

impl Difference<'_> {
    /// The old field and the new one in words, as far as a refusal repeats them.
    pub(super) fn words(&self, old: &PortableRegistry, new: &PortableRegistry) -> [String; 2] {
        let mut path = String::new();
        for (name, end) in self.path.iter().rev().zip((0..self.path.len()).rev()) {
            path.push_str(name);
            path.push_str(if end == 0 { ": " } else { "." });
        }
        let more = self.types.map(|(a, b)| definitions((old, a), (new, b))).unwrap_or_default();
        let fields = [(self.old, old), (self.new, new)].into_iter().zip(more);
        let mut words =
            fields.map(|((field, types), more)| cut(path.clone() + &field.layout(types) + &more));
        [words.next().unwrap_or_default(), words.next().unwrap_or_default()]
    }
}

/// How a field of new code differs from one of old code, both in words; none when it does not.
#[must_use]
pub fn field_difference(
    (old, old_field): (&ContractSpec, &FieldSpec),
    (new, new_field): (&ContractSpec, &FieldSpec),
) -> Option<[String; 2]> {
    let mut comparison = Comparison::new(&old.types, &new.types, limits::SCHEMA_STEPS_MAX);
    match difference(&mut comparison, old_field, new_field, Mode::Same) {
        Ok(found) => found.map(|found| found.words(&old.types, &new.types)),
        Err(TooManySteps) => Some([old_field.layout(&old.types), new_field.layout(&new.types)]),
    }
}

/// What differs within two types: the parts of the first two structs or enums in them that do, to
/// stand behind the types' names. None when the types are the same.
#[must_use]
pub fn type_difference(
    (old, old_type): (&ContractSpec, u32),
    (new, new_type): (&ContractSpec, u32),
) -> Option<[String; 2]> {
    let mut comparison = Comparison::new(&old.types, &new.types, limits::SCHEMA_STEPS_MAX);
    match comparison.differing(old_type, new_type, Mode::Same) {
        Ok(None) => None,
        Ok(Some((a, b))) => Some(definitions((&old.types, a), (&new.types, b)).map(cut)),
        Err(TooManySteps) => Some(<[String; 2]>::default()),
    }
}

fn cut(mut text: String) -> String {
    let mut end = limits::REFUSAL_TYPE_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}

/// `, Price = { amount: Amount, since: u64 }` of both types, from the first part that differs; of
/// what has no parts, nothing.
fn definitions(
    (old, old_type): (&PortableRegistry, u32),
    (new, new_type): (&PortableRegistry, u32),
) -> [String; 2] {
    let (a, b) = (parts(old, old_type), parts(new, new_type));
    let alike = a.iter().zip(&b).take_while(|(a, b)| a.key() == b.key()).count();
    // One that has no more parts than these shows its last.
    let skip = alike.min(a.len().saturating_sub(1)).min(b.len().saturating_sub(1));
    [definition(old, old_type, &a, skip), definition(new, new_type, &b, skip)]
}

/// A field of a struct or a variant of an enum.
enum Part<'a> {
    Field(&'a Field<PortableForm>),
    Variant(&'a scale_info::Variant<PortableForm>),
}

impl<'a> Part<'a> {
    /// What tells it from the part at its place in the other type, but for types.
    fn key(&self) -> (Option<&'a str>, Option<u8>, Vec<Option<&'a str>>) {
        let name = |field: &'a Field<PortableForm>| field.name.as_deref();
        match self {
            Self::Field(field) => (name(field), None, Vec::new()),
            Self::Variant(variant) => {
                let fields = variant.fields.iter().map(name).collect();
                (Some(variant.name.as_str()), Some(variant.index), fields)
            }
        }
    }

    fn write(&self, types: &PortableRegistry, out: &mut String) {
        match self {
            Self::Field(field) => write_field(types, field, out),
            Self::Variant(variant) => {
                out.push_str(&variant.name);
                let named = variant.fields.first().is_some_and(|field| field.name.is_some());
                let (open, close) = if named { (" { ", " }") } else { ("(", ")") };
                for (index, field) in variant.fields.iter().enumerate() {
                    if out.len() > limits::REFUSAL_TYPE_BYTES_MAX {
                        return;
                    }
                    out.push_str(if index == 0 { open } else { ", " });
                    write_field(types, field, out);
                }
                out.push_str(if variant.fields.is_empty() { "" } else { close });
            }
        }
    }
}

fn write_field(types: &PortableRegistry, field: &Field<PortableForm>, out: &mut String) {
    if let Some(name) = &field.name {
        out.push_str(name);
        out.push_str(": ");
    }
    out.push_str(&type_name(types, field.ty.id));
}

/// The parts of a struct or an enum that is not one of Rust's own, whose path is one word.
fn parts(types: &PortableRegistry, id: u32) -> Vec<Part<'_>> {
    let Some(ty) = types.resolve(id).filter(|ty| ty.path.segments.len() > 1) else {
        return Vec::new();
    };
    match &ty.type_def {
        TypeDef::Composite(composite) => composite.fields.iter().map(Part::Field).collect(),
        TypeDef::Variant(variant) => variant.variants.iter().map(Part::Variant).collect(),
        _ => Vec::new(),
    }
}

fn definition(types: &PortableRegistry, id: u32, parts: &[Part<'_>], skip: usize) -> String {
    let Some(first) = parts.first() else { return String::new() };
    let (open, between, close) = match first {
        Part::Field(Field { name: Some(_), .. }) => ("{ ", ", ", " }"),
        Part::Field(_) => ("(", ", ", ")"),
        Part::Variant(_) => ("", " | ", ""),
    };
    let mut out = format!(", {} = {open}", type_name(types, id));
    if skip > 0 {
        out.push_str("..");
        out.push_str(between);
    }
    for (index, part) in parts.iter().skip(skip).enumerate() {
        if out.len() > limits::REFUSAL_TYPE_BYTES_MAX {
            return out;
        }
        out.push_str(if index == 0 { "" } else { between });
        part.write(types, &mut out);
    }
    out + close
}
