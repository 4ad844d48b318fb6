//! Values and errors as a person reads them: `points::Error::Short { left: 5, wanted: 6 }`.

use super::{
    Budget, DEPTH_MAX, JSON_BYTES_MAX, date,
    hex::to_text,
    schema::{Form, fields_form, find, form, is_time},
};
use dure_abi::spec::ContractSpec;
use scale_info::PortableRegistry;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Writes a contract's error as its source would, with the name of the contract.
///
/// Bytes that are no error of the specification are shown as they are.
#[must_use]
pub fn error_text(spec: &ContractSpec, error: &[u8]) -> String {
    Budget::new(JSON_BYTES_MAX).error_text(spec, error)
}

/// The same of an error that is decoded already, or cannot be.
pub(super) fn written(spec: &ContractSpec, decoded: Option<&Value>, error: &[u8]) -> String {
    match decoded {
        Some(value) => {
            let text = match spec.error {
                Some(ty) => typed_variant_text(&Ordered::new(&spec.types, ty, value)),
                None => variant_text(value),
            };
            format!("{}::Error::{text}", spec.name)
        }
        None => format!("{}::Error({})", spec.name, to_text(error)),
    }
}

/// An error that is too large to be shown, with how much of it is.
pub(super) fn cut(spec: &ContractSpec, error: &[u8]) -> String {
    const SHOWN: usize = 32;
    let head = to_text(error.get(..SHOWN).unwrap_or(error));
    format!("{}::Error({head}, cut: {} bytes)", spec.name, error.len())
}

/// A variant: its name, and its fields if it has some.
fn variant_text(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Object(one) => match one.iter().next() {
            Some((name, fields @ Value::Object(_))) => format!("{name} {}", value_text(fields)),
            Some((name, Value::Array(items))) => {
                let items: Vec<String> = items.iter().map(value_text).collect();
                format!("{name}({})", items.join(", "))
            }
            Some((name, only)) => format!("{name}({})", value_text(only)),
            None => "{}".to_owned(),
        },
        other => value_text(other),
    }
}

/// The same of a value whose type is known.
fn typed_variant_text(value: &Ordered<'_>) -> String {
    let parts = match value {
        Ordered::Parts(parts) => parts.as_slice(),
        Ordered::Plain(value) => return variant_text(value),
        other => return other.text(),
    };
    match parts {
        [(name, fields @ Ordered::Parts(_))] => format!("{name} {}", fields.text()),
        [(name, Ordered::List(items))] => {
            let items: Vec<String> = items.iter().map(Ordered::text).collect();
            format!("{name}({})", items.join(", "))
        }
        [(name, only)] => format!("{name}({})", only.text()),
        _ => value.text(),
    }
}

/// Writes a value on one line, with no more quotes than a person needs.
#[must_use]
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(value_text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", value_text(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A value with the parts of every struct in the order of their declaration: JSON objects keep them
/// by the alphabet. As JSON and as text ([`Ordered::text`]) it is in that order.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordered<'v> {
    /// A value without parts that have names.
    Plain(&'v Value),
    /// A point in time: as JSON the milliseconds, as text a day or a moment in Korea.
    Time(&'v Value),
    /// A list.
    List(Vec<Self>),
    /// Named parts.
    Parts(Vec<(&'v str, Self)>),
}

impl<'v> Ordered<'v> {
    /// Orders a value of the type `ty`; what the types do not have comes last.
    #[must_use]
    pub fn new(types: &PortableRegistry, ty: u32, value: &'v Value) -> Self {
        ordered(types, ty, value, 0)
    }

    /// On one line, as [`value_text`].
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Plain(value) => value_text(value),
            Self::Time(value) => {
                let time = value.as_str().and_then(|text| text.parse().ok());
                time.and_then(date::written).unwrap_or_else(|| value_text(value))
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::text).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Parts(parts) if parts.is_empty() => "{}".to_owned(),
            Self::Parts(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|(name, part)| format!("{name}: {}", part.text())).collect();
                format!("{{ {} }}", parts.join(", "))
            }
        }
    }
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) | Self::Time(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Parts(parts) => {
                serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
            }
        }
    }
}

/// As [`value_text`], with the parts of every struct in the order of their declaration.
#[must_use]
pub fn typed_text(types: &PortableRegistry, ty: u32, value: &Value) -> String {
    Ordered::new(types, ty, value).text()
}

/// As [`typed_text`] for an object that has these fields: arguments of a method, an event.
#[must_use]
pub fn fields_text<'n>(
    types: &PortableRegistry,
    fields: impl Iterator<Item = (&'n str, u32)>,
    value: &Value,
) -> String {
    match value {
        Value::Object(object) => named_parts(types, fields, object, 0).text(),
        other => value_text(other),
    }
}

fn ordered<'v>(types: &PortableRegistry, ty: u32, value: &'v Value, depth: usize) -> Ordered<'v> {
    // A stranger's types may hold themselves.
    let described = find(types, ty).filter(|_| depth < DEPTH_MAX);
    let Some(described) = described else { return Ordered::Plain(value) };
    if is_time(types, described) {
        return Ordered::Time(value);
    }
    parts(types, form(types, described), value, depth + 1)
}

fn parts<'v>(
    types: &PortableRegistry,
    form: Form<'_>,
    value: &'v Value,
    depth: usize,
) -> Ordered<'v> {
    match (form, value) {
        (Form::Struct(fields), Value::Object(object)) => {
            let named = fields.iter().filter_map(|f| Some((f.name.as_deref()?, f.ty.id)));
            named_parts(types, named, object, depth)
        }
        (Form::Newtype(inner) | Form::Option(inner), value) if !value.is_null() => {
            ordered(types, inner, value, depth)
        }
        (Form::List(element) | Form::Array { element, .. }, Value::Array(items)) => {
            let items = items.iter().map(|item| ordered(types, element, item, depth));
            Ordered::List(items.collect())
        }
        (Form::Tuple(elements), Value::Array(items)) => {
            let pairs = elements.iter().zip(items);
            let items = pairs.map(|(element, item)| ordered(types, *element, item, depth));
            Ordered::List(items.collect())
        }
        (Form::Enum(variants), Value::Object(object)) => {
            let Some((name, fields)) = object.iter().next() else { return Ordered::Plain(value) };
            match variants.variants.iter().find(|variant| variant.name == *name) {
                Some(variant) => {
                    let fields = parts(types, fields_form(&variant.fields), fields, depth);
                    Ordered::Parts(vec![(name, fields)])
                }
                None => Ordered::Plain(value),
            }
        }
        _ => Ordered::Plain(value),
    }
}

fn named_parts<'n, 'v>(
    types: &PortableRegistry,
    fields: impl Iterator<Item = (&'n str, u32)>,
    object: &'v Map<String, Value>,
    depth: usize,
) -> Ordered<'v> {
    let mut rest: BTreeMap<&'v str, &'v Value> =
        object.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let mut shown = Vec::new();
    for (name, ty) in fields {
        if let Some((name, value)) = rest.remove_entry(name) {
            shown.push((name, ordered(types, ty, value, depth)));
        }
    }
    // What the types do not have: of other code than theirs.
    shown.extend(rest.into_iter().map(|(name, value)| (name, Ordered::Plain(value))));
    Ordered::Parts(shown)
}

/// Numbers, hexadecimal text, names of variants and of accounts stand without quotes.
fn is_plain(text: &str) -> bool {
    let text = text.strip_prefix('@').unwrap_or(text);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Ordered, fields_text, typed_text, typed_variant_text, value_text, variant_text};
    use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
    use serde_json::json;

    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    struct Bill {
        to: String,
        lines: Vec<(u8, Line)>,
        by: Option<Line>,
    }
    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    enum Line {
        Free,
        Sold { of: u8, at: u64 },
        Again(Box<Line>),
        Due(Option<TimestampMs>),
        Late { at: TimestampMs, by: u8 },
    }

    /// As the SDK's.
    #[derive(TypeInfo)]
    #[allow(dead_code, reason = "only its type is used")]
    struct TimestampMs(u64);

    #[test]
    fn an_error_stands_in_the_order_of_its_source_and_its_times_are_dates() {
        let mut registry = Registry::new();
        let ty = registry.register_type(&MetaType::new::<Line>()).id;
        let types = PortableRegistry::from(registry);
        let check = |value, expect: &str| {
            assert_eq!(typed_variant_text(&Ordered::new(&types, ty, &value)), expect);
        };
        let (day, later) = ("1772290800000", "1772325000000");
        check(json!("Free"), "Free");
        check(json!({ "Sold": { "at": day, "of": 1 } }), "Sold { of: 1, at: 1772290800000 }");
        check(json!({ "Due": day }), "Due(2026-03-01)");
        check(json!({ "Due": null }), "Due(none)");
        let late = json!({ "Late": { "by": 2, "at": later } });
        check(late.clone(), "Late { at: 2026-03-01T09:30:00+09:00, by: 2 }");
        check(json!({ "Again": late }), {
            "Again { Late: { at: 2026-03-01T09:30:00+09:00, by: 2 } }"
        });
        check(json!({ "Due": u64::MAX.to_string() }), "Due(18446744073709551615)");
        // For machines it is what it is.
        let value = json!({ "Due": day });
        assert_eq!(serde_json::to_value(Ordered::new(&types, ty, &value)).unwrap(), value);
    }

    #[test]
    fn parts_stand_in_the_order_of_their_declaration() {
        let mut registry = Registry::new();
        let ty = registry.register_type(&MetaType::new::<Bill>()).id;
        let types = PortableRegistry::from(registry);
        let sold = json!({ "Sold": { "at": "5", "of": 1 } });
        let again = json!({ "Again": sold });
        let value = json!({ "by": again, "lines": [[1, "Free"], [2, sold]], "to": "ana" });
        let text = "{ to: ana, lines: [[1, Free], [2, { Sold: { of: 1, at: 5 } }]], \
                    by: { Again: { Sold: { of: 1, at: 5 } } } }";
        assert_eq!(typed_text(&types, ty, &value), text);
        let json = serde_json::to_string(&Ordered::new(&types, ty, &value)).unwrap();
        let sold = r#"{"Sold":{"of":1,"at":"5"}}"#;
        let expect =
            format!(r#"{{"to":"ana","lines":[[1,"Free"],[2,{sold}]],"by":{{"Again":{sold}}}}}"#);
        assert_eq!(json, expect);
        // Another value than the types say is shown all the same.
        let other = json!({ "x": 1, "to": [2], "by": null });
        assert_eq!(typed_text(&types, ty, &other), "{ to: [2], by: none, x: 1 }");
        let fields = || [("z", 99), ("a", ty)].into_iter();
        let shown = fields_text(&types, fields(), &json!({ "a": "b", "z": [] }));
        assert_eq!(shown, "{ z: [], a: b }");
        assert_eq!(fields_text(&types, fields(), &json!(null)), "none");
    }

    #[test]
    fn an_error_reads_as_its_source() {
        let check = |value, expect: &str| assert_eq!(variant_text(&value), expect);
        check(json!("Zero"), "Zero");
        check(json!({ "Short": { "left": "5", "wanted": "6" } }), "Short { left: 5, wanted: 6 }");
        check(json!({ "Below": "3" }), "Below(3)");
        check(json!({ "Pair": ["3", true] }), "Pair(3, true)");
        check(json!({ "Named": { "note": "two words", "by": null } }), {
            "Named { by: none, note: \"two words\" }"
        });
    }

    #[test]
    fn a_value_stands_on_one_line() {
        assert_eq!(value_text(&json!(["1", { "a": [] }])), "[1, { a: [] }]");
        assert_eq!(value_text(&json!("")), "\"\"");
    }
}
