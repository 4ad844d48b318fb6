//! Judges at deploy whether a module may become a contract.
//!
//! The judgement is a function of the bytes and of this release (`vm_version`), never of the
//! machine: the first rule that a module breaks, in the order below, is the error that every node
//! writes into the deploy's receipt.
//!
//! 1. The length of the whole ([`limits::CODE_BYTES_MAX`]).
//! 2. Every section in the order of the file: counts and sizes, types, imports, opcodes
//!    (`body.rs`), and that segments fit into what they fill, so that no later call can fail to
//!    instantiate.
//! 3. The exports: `memory`, then the entry points of [`dure_abi::entry`].
//! 4. The section `dure.spec` (`spec.rs`).
//! 5. `dure_migrate`, when the spec has migrations, and every interface that it claims.
//! 6. The WASM specification, by `wasmparser` with the features of [`FEATURES`] only.
//!
//! Rules 2 to 5 are ours and an allow-list: a proposal that a newer parser learns is refused until
//! it is named here. They bound what rule 6 and the compiler then have to work on; the worst
//! module that passes is measured by the bench `compile`.
//!
//! **Allowed:** the integer part of WASM 1.0, sign extension, mutable globals, bulk memory, at
//! most one result, and the *encoding* of reference types (an overlong table index; one table of
//! functions). **Refused:** floats, vectors, threads, tail calls, exceptions, garbage collection,
//! 64-bit or several memories, imported memories, tables or globals, start functions, blocks with
//! parameters, and every opcode that reads or writes the table other than `call_indirect`.

mod body;
mod names;
mod sections;
mod spec;

use crate::schema;
use dure_abi::{entry, spec::ContractSpec};
use dure_types::{ModuleError, limits};
use sections::Sections;
use std::ops::Range;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What `wasmparser` lets pass in the last step.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::REFERENCE_TYPES);

/// A module that keeps every rule, as far as the runtime needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidModule {
    /// What the contract offers.
    pub spec: ContractSpec,
    /// Where the SCALE bytes of the spec lie in the code.
    pub spec_bytes: Range<usize>,
    /// Pages of memory that an instance starts with.
    pub memory_pages: u32,
    /// Elements of the table, 0 without one.
    pub table_elements: u32,
    /// Functions that the module defines, imports not counted.
    pub functions: u32,
    /// What the compiler has to do, in the units of [`limits::COMPILE_WORK_MAX`].
    pub work: u64,
}

/// Judges a module and reads its spec.
///
/// Takes time and memory linear in the length, which is bounded first.
///
/// # Errors
/// [`ModuleError`]: the first broken rule, in the order of the module's documentation.
///
/// # Determinism
/// Depends on `code` and on this release only.
pub fn validate(code: &[u8]) -> Result<ValidModule, ModuleError> {
    if code.len() > limits::CODE_BYTES_MAX {
        return Err(ModuleError::TooLong {
            length: u32::try_from(code.len()).unwrap_or(u32::MAX),
            limit: limits::CODE_BYTES_MAX as u32,
        });
    }
    let mut sections = Sections::new(code);
    for payload in Parser::new(0).parse_all(code) {
        sections.read(payload.map_err(|error| parse_error(&error))?)?;
    }
    let memory_pages = sections.check_exports()?;
    let spec_bytes = sections.spec_bytes()?;
    let spec = spec::read(code.get(spec_bytes.clone()).ok_or(ModuleError::Spec)?)?;
    if !spec.history.migrations.is_empty() {
        sections.check_migrate()?;
    }
    schema::check_interfaces(&spec)?;
    Validator::new_with_features(FEATURES)
        .validate_all(code)
        .map_err(|error| parse_error(&error))?;
    Ok(ValidModule {
        spec,
        spec_bytes,
        memory_pages,
        table_elements: sections.table_elements(),
        functions: sections.functions_defined(),
        work: sections.work(),
    })
}

/// Reads the spec out of code that was validated when it was stored, with its length in bytes.
///
/// # Errors
/// [`ModuleError`] when the code was never validated.
pub(crate) fn stored_spec(code: &[u8]) -> Result<(ContractSpec, usize), ModuleError> {
    for payload in Parser::new(0).parse_all(code) {
        if let Payload::CustomSection(section) = payload.map_err(|error| parse_error(&error))?
            && section.name() == entry::SPEC_SECTION
        {
            return Ok((spec::read(section.data())?, section.data().len()));
        }
    }
    Err(ModuleError::Spec)
}

fn invalid(offset: usize) -> ModuleError {
    ModuleError::Invalid { offset: u32::try_from(offset).unwrap_or(u32::MAX) }
}

fn parse_error(error: &wasmparser::Error) -> ModuleError {
    invalid(error.offset())
}

/// Refuses a count or size above its limit.
fn within(what: &str, value: u64, limit: u64) -> Result<(), ModuleError> {
    if value <= limit {
        return Ok(());
    }
    Err(ModuleError::Limit { what: what.as_bytes().to_vec(), value, limit })
}

/// Keeps of a name what a refusal repeats.
fn shortened(name: &str) -> Vec<u8> {
    let mut end = name.len().min(limits::REFUSAL_NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    name.get(..end).unwrap_or_default().as_bytes().to_vec()
}
