//! Values and errors as a person reads them: `points::Error::Short { left: 5, wanted: 6 }`.

use super::{Budget, JSON_BYTES_MAX, hex::to_text};
use dure_abi::spec::ContractSpec;
use serde_json::Value;

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

/// Numbers, hexadecimal text, names of variants and of accounts stand without quotes.
fn is_plain(text: &str) -> bool {
    let text = text.strip_prefix('@').unwrap_or(text);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{value_text, variant_text};
    use serde_json::json;

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
