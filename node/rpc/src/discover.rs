//! The documentation of the RPC, from the table of methods and the table of errors: an OpenRPC
//! document for `rpc_discover`, Markdown for `docs/rpc.md`.

use crate::error::TABLE;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};
use std::fmt::Write;

/// One method or subscription.
pub struct Entry {
    /// `namespace_noun` or `namespace_verb`.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Method or subscription.
    pub kind: Kind,
    /// Parameters, by name or in this order.
    pub parameters: Vec<Parameter>,
    /// Schema of the result, of a subscription's messages.
    pub result: fn(&mut SchemaGenerator) -> Schema,
    /// Name of the result.
    pub result_name: &'static str,
}

/// How a method answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Once.
    Method,
    /// Again and again, on a WebSocket.
    Subscription {
        /// Method of the messages that are sent.
        item: &'static str,
        /// Method that ends it.
        end: &'static str,
    },
}

/// One parameter.
pub struct Parameter {
    name: &'static str,
    about: &'static str,
    optional: bool,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Parameter {
    /// Its name, as a caller writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn new<T: JsonSchema>(
        name: &'static str,
        about: &'static str,
        optional: bool,
    ) -> Self {
        Self {
            name: name.strip_prefix("r#").unwrap_or(name),
            about: about.trim(),
            optional,
            schema: |generator| generator.subschema_for::<T>(),
        }
    }
}

/// Writes the OpenRPC document.
#[must_use]
pub fn openrpc() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let methods: Vec<Value> =
        crate::api::entries().iter().map(|entry| method(entry, &mut generator)).collect();
    let errors: serde_json::Map<String, Value> = TABLE
        .iter()
        .map(|entry| {
            let shape = json!({ "code": entry.code, "message": entry.meaning });
            (entry.name.to_owned(), shape)
        })
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": { "title": "Dure node", "version": env!("CARGO_PKG_VERSION") },
        "methods": methods,
        "components": { "schemas": generator.take_definitions(true), "errors": errors },
    })
}

fn method(entry: &Entry, generator: &mut SchemaGenerator) -> Value {
    let parameters: Vec<Value> = entry
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name,
                "summary": parameter.about,
                "required": !parameter.optional,
                "schema": (parameter.schema)(generator),
            })
        })
        .collect();
    let result = json!({ "name": entry.result_name, "schema": (entry.result)(generator) });
    let mut method = json!({
        "name": entry.name,
        "summary": entry.about.trim(),
        "paramStructure": "either",
        "params": parameters,
        "result": result,
    });
    if let (Kind::Subscription { item, end }, Some(object)) = (entry.kind, method.as_object_mut()) {
        object.insert("x-notification".into(), item.into());
        object.insert("x-unsubscribe".into(), end.into());
    }
    method
}

/// Writes `docs/rpc.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/".into();
    let mut generator = settings.into_generator();
    let entries = crate::api::entries();
    out.push_str("## Methods\n\n");
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Method) {
        describe(entry, &mut generator, &mut out);
    }
    out.push_str("## Subscriptions\n\n");
    for entry in entries.iter().filter(|entry| entry.kind != Kind::Method) {
        describe(entry, &mut generator, &mut out);
    }
    out.push_str("## Shapes\n\nA field with `?` may be null or left out.\n\n");
    for (name, schema) in generator.take_definitions(true) {
        shape(&name, &schema, &mut out);
    }
    errors(&mut out);
    out
}

const HEAD: &str = "# JSON-RPC\n\n\
<!-- Generated from `node/rpc`; `UPDATE_DOCS=1 cargo test -p dure-rpc` writes it anew. -->\n\n\
JSON-RPC 2.0 at `http://HOST:PORT/v1` (POST) and `ws://HOST:PORT/v1`; subscriptions need the \
WebSocket. Parameters by name or by position. Numbers of 64 bits and more are decimal strings, \
bytes are `0x` and hexadecimal digits. A place is `\"HEIGHT-INDEX\"`. Every read answers the \
height that it saw, which is decided and executed; `min_height` makes it wait a few seconds for a \
height or fail with `HeightNotReached`, so that what one node answered can be demanded of \
another. What is no HTTP at all (a broken request line, headers without end) is answered with \
400 or 431 and no body. The same document for machines: `rpc_discover`.\n\n";

fn describe(entry: &Entry, generator: &mut SchemaGenerator, out: &mut String) {
    // Writing to a `String` cannot fail, here and below.
    let _ = writeln!(out, "### `{}`\n\n{}\n", entry.name, entry.about.trim());
    for parameter in &entry.parameters {
        let schema = (parameter.schema)(generator);
        let mark = if parameter.optional { "?" } else { "" };
        let ty = type_of(schema.as_value());
        let _ = writeln!(out, "- `{}{mark}`: {ty}. {}", parameter.name, parameter.about);
    }
    if !entry.parameters.is_empty() {
        out.push('\n');
    }
    let result = (entry.result)(generator);
    let ty = type_of(result.as_value());
    let _ = match entry.kind {
        Kind::Method => writeln!(out, "Answers {ty}.\n"),
        Kind::Subscription { item, end } => {
            writeln!(out, "Sends `{item}` with {ty}; ends with `{end}`.\n")
        }
    };
}

fn shape(name: &str, schema: &Value, out: &mut String) {
    let about = text(schema, "description");
    let _ = writeln!(out, "### {name}\n\n{about}\n");
    fields(schema, out);
    for option in list(schema, "oneOf").iter().chain(list(schema, "anyOf")) {
        let _ = writeln!(out, "- {}: {}", type_of(option), text(option, "description"));
        if option.get("properties").is_some() {
            let mut inner = String::new();
            fields(option, &mut inner);
            for line in inner.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    out.push('\n');
}

fn fields(schema: &Value, out: &mut String) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = list(schema, "required");
    for (field, value) in properties {
        let mark = if required.iter().any(|name| name == field) { "" } else { "?" };
        let about = text(value, "description");
        let _ = writeln!(out, "- `{field}{mark}`: {}. {about}", type_of(value));
    }
}

fn errors(out: &mut String) {
    out.push_str(
        "## Errors\n\n`error.data` is an object with `name` and the fields listed here. Codes and \
         names are stable.\n\n\
         | code | name | data | meaning |\n|---|---|---|---|\n",
    );
    for entry in TABLE {
        let fields: Vec<String> =
            entry.fields.iter().map(|(name, ty)| format!("`{name}`: {}", plain_type(ty))).collect();
        let (code, name, meaning) = (entry.code, entry.name, entry.meaning);
        let _ = writeln!(out, "| {code} | `{name}` | {} | {meaning} |", fields.join(", "));
    }
}

fn plain_type(ty: &str) -> &'static str {
    match ty.replace(' ', "").as_str() {
        "Decimal<u64>" => "decimal string",
        "u8" | "u16" | "u32" | "u64" => "number",
        "String" => "string",
        "Vec<String>" => "list of strings",
        "Bytes" | "Hex<Hash>" | "Hex<Address>" | "Hex<Selector>" => "hex",
        _ => "any",
    }
}

/// A schema in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let [inner] = list(schema, "allOf") {
        return type_of(inner);
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    let options = list(schema, "anyOf");
    if !options.is_empty() {
        let names: Vec<String> = options.iter().map(type_of).filter(|n| n != "null").collect();
        return names.join(" or ");
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return match pattern {
            "^[0-9]+$" => "decimal string".into(),
            "^[0-9]+(-[0-9]+)?$" => "place".into(),
            _ => "hex".into(),
        };
    }
    let values = list(schema, "enum");
    if !values.is_empty() {
        let names: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        return names.join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            let items = schema.get("items").map_or("anything".into(), type_of);
            format!("list of {items}")
        }
        Some(Value::String(name)) => simple(name).into(),
        Some(Value::Array(names)) => {
            let names: Vec<&str> =
                names.iter().filter_map(Value::as_str).filter(|n| *n != "null").collect();
            names.first().map_or("null".into(), |name| {
                let mut plain = schema.clone();
                plain["type"] = (*name).into();
                type_of(&plain)
            })
        }
        _ => "any JSON".into(),
    }
}

fn simple(name: &str) -> &str {
    match name {
        "integer" => "number",
        other => other,
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}
