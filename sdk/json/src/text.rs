//! Values and errors as a person reads them: `points::Error::Short { left: 5, wanted: 6 }`.

use super::{
    Budget, DEPTH_MAX, JSON_BYTES_MAX,
    hex::to_text,
    schema::{Form, fields_form, find, form},
};
use dure_abi::spec::ContractSpec;
use scale_info::PortableRegistry;
use serde_json::{Map, Value};

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
        Some(value) => format!("{}::Error::{}", spec.name, variant_text(value)),
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

/// As [`value_text`], with the parts of every struct in the order of their declaration. JSON objects
/// keep them by the alphabet.
#[must_use]
pub fn typed_text(types: &PortableRegistry, ty: u32, value: &Value) -> String {
    ordered(types, ty, value, 0)
}

/// As [`typed_text`] for an object that has these fields: arguments of a method, an event.
#[must_use]
pub fn fields_text<'n>(
    types: &PortableRegistry,
    fields: impl Iterator<Item = (&'n str, u32)>,
    value: &Value,
) -> String {
    match value {
        Value::Object(object) => object_text(types, fields, object, 0),
        other => value_text(other),
    }
}

fn ordered(types: &PortableRegistry, ty: u32, value: &Value, depth: usize) -> String {
    // A stranger's types may hold themselves.
    let described = find(types, ty).filter(|_| depth < DEPTH_MAX);
    let Some(described) = described else { return value_text(value) };
    parts(types, form(types, described), value, depth + 1)
}

fn parts(types: &PortableRegistry, form: Form<'_>, value: &Value, depth: usize) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    match (form, value) {
        (Form::Struct(fields), Value::Object(object)) => {
            let named = fields.iter().filter_map(|f| Some((f.name.as_deref()?, f.ty.id)));
            object_text(types, named, object, depth)
        }
        (Form::Newtype(inner) | Form::Option(inner), value) if !value.is_null() => {
            ordered(types, inner, value, depth)
        }
        (Form::List(element) | Form::Array { element, .. }, Value::Array(items)) => {
            list(items.iter().map(|item| ordered(types, element, item, depth)).collect())
        }
        (Form::Tuple(elements), Value::Array(items)) => {
            let pairs = elements.iter().zip(items);
            list(pairs.map(|(element, item)| ordered(types, *element, item, depth)).collect())
        }
        (Form::Enum(variants), Value::Object(object)) => {
            let name = object.keys().next().map_or("", String::as_str);
            let variant = variants.variants.iter().find(|variant| variant.name == name);
            match (variant, object.get(name)) {
                (Some(variant), Some(fields)) => {
                    let fields = parts(types, fields_form(&variant.fields), fields, depth);
                    format!("{{ {name}: {fields} }}")
                }
                _ => value_text(value),
            }
        }
        _ => value_text(value),
    }
}

fn object_text<'n>(
    types: &PortableRegistry,
    fields: impl Iterator<Item = (&'n str, u32)>,
    object: &Map<String, Value>,
    depth: usize,
) -> String {
    let mut shown = Vec::new();
    let mut rest = object.clone();
    for (name, ty) in fields {
        if let Some(value) = rest.remove(name) {
            shown.push(format!("{name}: {}", ordered(types, ty, &value, depth)));
        }
    }
    // What the types do not have: of other code than theirs.
    shown.extend(rest.iter().map(|(name, value)| format!("{name}: {}", value_text(value))));
    if shown.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", shown.join(", ")) }
}

/// Numbers, hexadecimal text, names of variants and of accounts stand without quotes.
fn is_plain(text: &str) -> bool {
    let text = text.strip_prefix('@').unwrap_or(text);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{fields_text, typed_text, value_text, variant_text};
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
