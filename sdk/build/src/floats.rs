//! Where a module that was refused for its floats has them.

use crate::size::{names, readable};
use std::collections::BTreeMap;
use wasmparser::{FunctionBody, Parser, Payload, ValType};

/// The first function that computes with floats, by its name in the source; none when no function
/// does, or the module does not parse. Only a refusal asks.
pub(crate) fn find(module: &[u8]) -> Option<String> {
    let (mut imports, mut defined, mut found) = (0, 0, None);
    let mut known = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(section) => imports = section.into_imports().count(),
            Payload::CodeSectionEntry(body) => {
                if found.is_none() && has_floats(&body)? {
                    found = Some(imports + defined);
                }
                defined += 1;
            }
            Payload::CustomSection(section) => known.extend(names(&section)),
            _ => {}
        }
    }
    let index = found?;
    Some(known.get(&index).map_or_else(|| format!("function {index}"), |raw| readable(raw)))
}

fn has_floats(body: &FunctionBody<'_>) -> Option<bool> {
    for local in body.get_locals_reader().ok()? {
        if matches!(local.ok()?.1, ValType::F32 | ValType::F64) {
            return Some(true);
        }
    }
    for operator in body.get_operators_reader().ok()? {
        let name = format!("{:?}", operator.ok()?);
        if name.contains("F32") || name.contains("F64") {
            return Some(true);
        }
    }
    Some(false)
}
