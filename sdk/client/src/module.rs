//! Reading the specification out of a module.

use crate::{ClientError, RpcError};
use codec::DecodeAll;
use dure_abi::{entry::SPEC_SECTION, spec::ContractSpec};
use dure_types::limits;

/// The specification in a module's section `dure.spec`.
///
/// The node judges the module; this reads just enough to encode the arguments of init.
///
/// # Errors
/// [`RpcError::ModuleTooLong`], [`RpcError::ModuleInvalid`] when the bytes are not WASM,
/// [`RpcError::ModuleSpec`] when the section is missing or malformed.
pub fn spec(wasm: &[u8]) -> Result<ContractSpec, ClientError> {
    if wasm.len() > limits::CODE_BYTES_MAX {
        let length = u32::try_from(wasm.len()).unwrap_or(u32::MAX);
        return Err(RpcError::ModuleTooLong { length, limit: limits::CODE_BYTES_MAX as u32 }.into());
    }
    let mut rest = wasm.strip_prefix(b"\0asm\x01\0\0\0").ok_or(invalid(wasm, wasm))?;
    while !rest.is_empty() {
        let (id, body, next) = section(rest).ok_or_else(|| invalid(wasm, rest))?;
        rest = next;
        if id != 0 {
            continue;
        }
        let (name, contents) = name(body).ok_or_else(|| invalid(wasm, body))?;
        if name == SPEC_SECTION.as_bytes() {
            return ContractSpec::decode_all(&mut &contents[..])
                .map_err(|_| RpcError::ModuleSpec.into());
        }
    }
    Err(RpcError::ModuleSpec.into())
}

fn invalid(wasm: &[u8], rest: &[u8]) -> RpcError {
    let offset = wasm.len().saturating_sub(rest.len());
    RpcError::ModuleInvalid { offset: u32::try_from(offset).unwrap_or(u32::MAX) }
}

/// Splits the first section off: its id, its body, and what follows.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (length, rest) = leb128(rest)?;
    let (body, next) = rest.split_at_checked(length)?;
    Some((*id, body, next))
}

/// Splits the name off a custom section.
fn name(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = leb128(body)?;
    rest.split_at_checked(length)
}

/// An unsigned number of at most 32 bits in LEB128.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u32;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        let shift = u32::try_from(index).ok()?.checked_mul(7)?;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}
