//! Names put in the place of values: `"@bob"`, `"$contract"`.

use serde_json::Value;

/// Replaces every text that begins with one of the signs by what `lookup` gives for it, the sign
/// included; a doubled sign begins a text with one. `lookup` is told where the text stands: `path`,
/// and the fields below it.
///
/// # Errors
/// The first one of `lookup`.
pub fn replace_names<E>(
    value: &Value,
    signs: &[char],
    path: &str,
    lookup: &impl Fn(&str, &str) -> Result<Value, E>,
) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => {
            match signs.iter().find_map(|sign| Some((sign, text.strip_prefix(*sign)?))) {
                Some((sign, rest)) if rest.starts_with(*sign) => Value::String(rest.to_owned()),
                Some(_) => lookup(text, path)?,
                None => value.clone(),
            }
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| replace_names(item, signs, path, lookup));
            Value::Array(items.collect::<Result<_, E>>()?)
        }
        Value::Object(fields) => {
            let replaced = fields.iter().map(|(name, field)| {
                let path = format!("{path}.{name}");
                Ok::<_, E>((name.clone(), replace_names(field, signs, &path, lookup)?))
            });
            Value::Object(replaced.collect::<Result<_, E>>()?)
        }
        other => other.clone(),
    })
}
