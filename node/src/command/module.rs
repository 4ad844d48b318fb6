//! Modules that somebody named on the command line.

use super::exit::Failure;
use dure_abi::spec::ContractSpec;
use dure_client::{RpcError, module_spec};
use dure_types::limits::CODE_BYTES_MAX;
use std::{io::ErrorKind, path::Path};

/// What WASM begins with.
const WASM_MAGIC: &[u8] = b"\0asm";

/// Reads a module and its specification; what is wrong is told with the file.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, ContractSpec), Failure> {
    let told = |reason: String| Failure::File(format!("{}: {reason}", path.display()));
    let wasm = crate::file::read(path, CODE_BYTES_MAX).map_err(|error| match error.kind() {
        ErrorKind::NotFound => told(format!(
            "{error}: `dure build` writes a module and prints its path; one that is refused leaves none"
        )),
        _ => told(error.to_string()),
    })?;
    let spec = spec(&wasm).map_err(told)?;
    Ok((wasm, spec))
}

/// The specification of a module, or what the bytes are.
pub(super) fn spec(wasm: &[u8]) -> Result<ContractSpec, String> {
    if !wasm.starts_with(WASM_MAGIC) {
        return Err("no WASM; `dure build` prints the path of a module".to_owned());
    }
    module_spec(wasm).map_err(|error| match error.refusal() {
        Some(RpcError::ModuleSpec) => "no contract, or one that another version of `dure` built: \
             `dure build` makes it anew"
            .to_owned(),
        _ => error.to_string(),
    })
}
