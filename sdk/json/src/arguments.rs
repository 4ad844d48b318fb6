//! Arguments, values, errors and events of a contract by its specification.

use super::{Budget, JSON_BYTES_MAX, JsonError, encode::Writer, error::Path};
use dure_abi::spec::{ContractSpec, EventSpec, MethodSpec};
use serde_json::Value;

/// Encodes the arguments of a method from an object by name or a list by position; `null` stands
/// for no arguments.
///
/// # Errors
/// [`JsonError`] whose path begins with `args`.
pub fn arguments_from_json(
    spec: &ContractSpec,
    method: &MethodSpec,
    value: &Value,
    limit: usize,
) -> Result<Vec<u8>, JsonError> {
    let fields: Vec<(&str, u32)> =
        method.args.iter().map(|arg| (arg.name.as_str(), arg.ty)).collect();
    let mut out = Vec::new();
    let mut writer = Writer { types: &spec.types, path: Path::new("args"), out: &mut out, limit };
    match value {
        Value::Null => writer.fields(&fields, &Value::Object(serde_json::Map::new()), 0)?,
        value => writer.fields(&fields, value, 0)?,
    }
    Ok(out)
}

/// Decodes the arguments of a method into an object.
///
/// # Errors
/// [`JsonError`] when the bytes are no arguments of the method.
pub fn arguments_to_json(
    spec: &ContractSpec,
    method: &MethodSpec,
    bytes: &[u8],
) -> Result<Value, JsonError> {
    Budget::new(JSON_BYTES_MAX).arguments(spec, method, bytes)
}

/// Decodes a value of the type `ty` of a specification: what a method returned, the contract's
/// error.
///
/// # Errors
/// [`JsonError`] when the bytes are no such value.
pub fn return_to_json(
    spec: &ContractSpec,
    ty: u32,
    bytes: &[u8],
    root: &str,
) -> Result<Value, JsonError> {
    Budget::new(JSON_BYTES_MAX).value(spec, ty, bytes, root)
}

/// Decodes the data of an event into an object.
///
/// # Errors
/// [`JsonError`] when the bytes are no data of the event.
pub fn event_to_json(
    spec: &ContractSpec,
    event: &EventSpec,
    bytes: &[u8],
) -> Result<Value, JsonError> {
    Budget::new(JSON_BYTES_MAX).event(spec, event, bytes)
}
