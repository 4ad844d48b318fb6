//! Names of functions and opcodes, for refusals only: nothing here decides.

use super::shortened;
use wasmparser::{ExternalKind, KnownCustom, Name, Operator, Parser, Payload};

/// Names a function: by the section `name`, else by its export, else `func N`.
///
/// Reads the module once more; only a refusal, which ends the validation, asks for it.
pub(super) fn function(code: &[u8], index: u32) -> Vec<u8> {
    let mut exported = None;
    for payload in Parser::new(0).parse_all(code) {
        match payload {
            Ok(Payload::ExportSection(exports)) => {
                exported = exports
                    .into_iter()
                    .flatten()
                    .find(|export| export.kind == ExternalKind::Func && export.index == index)
                    .map(|export| shortened(export.name));
            }
            Ok(Payload::CustomSection(section)) => {
                if let KnownCustom::Name(names) = section.as_known()
                    && let Some(name) = in_name_section(names, index)
                {
                    return name;
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    exported.unwrap_or_else(|| format!("func {index}").into_bytes())
}

fn in_name_section(names: wasmparser::NameSectionReader<'_>, index: u32) -> Option<Vec<u8>> {
    let functions = names.into_iter().flatten().find_map(|name| match name {
        Name::Function(map) => Some(map),
        _ => None,
    })?;
    let naming = functions.into_iter().flatten().find(|naming| naming.index == index)?;
    (!naming.name.is_empty()).then(|| shortened(naming.name))
}

/// Opcode families whose name ends at a dot.
const FAMILIES: &[&str] = &[
    "any", "array", "atomic", "cont", "data", "elem", "extern", "f32", "f32x4", "f64", "f64x2",
    "global", "i16x8", "i31", "i32", "i32x4", "i64", "i64x2", "i8x16", "local", "memory", "ref",
    "struct", "table", "v128",
];

/// Names an opcode as the text format does: `F32Add` becomes `f32.add`.
pub(super) fn opcode(operator: &Operator<'_>) -> Vec<u8> {
    let debug = format!("{operator:?}");
    let variant = debug.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let mut name = String::new();
    for c in variant.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    match name.split_once('_') {
        Some((family, rest)) if FAMILIES.contains(&family) => {
            format!("{family}.{rest}").replace(".atomic_", ".atomic.").into_bytes()
        }
        _ => name.into_bytes(),
    }
}
