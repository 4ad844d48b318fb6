//! A module as it is compiled: with every mutable global exported, when that is all it takes to put
//! an instance back to where it began.
//!
//! Whether a module is eligible follows from its bytes: it never drops a data segment, starts with
//! few pages of memory and has few mutable globals. `validate` allows no opcode that writes the
//! table. What else an instance remembers is its memory, and whether that grew is seen after a call.

use super::engine::fault;
use crate::state::read::Fault;
use std::collections::BTreeSet;
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExportSectionReader, ExternalKind, Operator, Parser, Payload};

/// Pages of memory up to which putting an instance back is cheaper than making one.
pub(super) const PAGES_MAX: u32 = 2;
/// Mutable globals that are put back; compiled Rust has one, the stack pointer.
const GLOBALS_MAX: usize = 8;

/// An eligible module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exposed {
    /// The module with its mutable globals exported and its custom sections left out.
    pub(super) wasm: Vec<u8>,
    /// Names of the mutable globals' exports.
    pub(super) globals: Vec<String>,
}

/// Exports the mutable globals of a validated module; `None` when it is not eligible.
///
/// # Errors
/// [`Fault::Corrupt`] when the module does not parse: it was never valid.
pub(super) fn expose(code: &[u8], memory_pages: u32) -> Result<Option<Exposed>, Fault> {
    if memory_pages > PAGES_MAX {
        return Ok(None);
    }
    let corrupt = |error| Fault::Corrupt(format!("a stored module: {error}"));
    let mut module = Module::new();
    let mut mutable = Vec::new();
    let mut globals = Vec::new();
    for payload in Parser::new(0).parse_all(code) {
        let payload = payload.map_err(corrupt)?;
        match &payload {
            Payload::CustomSection(_) => continue,
            Payload::GlobalSection(section) => {
                for (global, index) in section.clone().into_iter().zip(0u32..) {
                    if global.map_err(corrupt)?.ty.mutable {
                        mutable.push(index);
                    }
                }
            }
            Payload::ExportSection(section) => {
                let (exports, names) = with_globals(section, &mutable)?;
                module.section(&exports);
                globals = names;
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().map_err(corrupt)? {
                    if matches!(operator.map_err(corrupt)?, Operator::DataDrop { .. }) {
                        return Ok(None);
                    }
                }
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let data = code.get(range).ok_or_else(|| fault("a section outside its module"))?;
            module.section(&RawSection { id, data });
        }
    }
    // Without an export section there would be no memory and no entry point either.
    let eligible = mutable.len() <= GLOBALS_MAX && globals.len() == mutable.len();
    Ok(eligible.then(|| Exposed { wasm: module.finish(), globals }))
}

fn with_globals(
    section: &ExportSectionReader<'_>,
    mutable: &[u32],
) -> Result<(ExportSection, Vec<String>), Fault> {
    let mut exports = ExportSection::new();
    let mut taken = BTreeSet::new();
    for export in section.clone() {
        let export = export.map_err(|error| Fault::Corrupt(format!("an export: {error}")))?;
        let kind = match export.kind {
            ExternalKind::Func => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            other => return Err(Fault::Corrupt(format!("an export of kind {other:?}"))),
        };
        exports.export(export.name, kind, export.index);
        taken.insert(export.name);
    }
    let mut names = Vec::with_capacity(mutable.len());
    for index in mutable {
        let mut name = format!("global {index}");
        while taken.contains(name.as_str()) {
            name.push('\'');
        }
        exports.export(&name, ExportKind::Global, *index);
        names.push(name);
    }
    Ok((exports, names))
}
