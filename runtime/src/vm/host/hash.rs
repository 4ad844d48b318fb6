//! Hashes that contracts cannot afford to compute in WASM.

use super::{
    super::{gas, guest::Stop},
    memory::{Context, charge, parts, per_byte, slice, slice_mut},
};
use sha2::{Digest, Sha256};

pub(super) fn sha256(
    context: &mut Context<'_>,
    data: u32,
    data_len: u32,
    out: u32,
) -> Result<(), Stop> {
    charge(context, per_byte(gas::SHA256, gas::SHA256_BYTE, data_len as usize))?;
    hash(context, data, data_len, out, |bytes| Sha256::digest(bytes).into())
}

pub(super) fn blake3(
    context: &mut Context<'_>,
    data: u32,
    data_len: u32,
    out: u32,
) -> Result<(), Stop> {
    charge(context, per_byte(gas::BLAKE3, gas::BLAKE3_BYTE, data_len as usize))?;
    hash(context, data, data_len, out, |bytes| *::blake3::hash(bytes).as_bytes())
}

fn hash(
    context: &mut Context<'_>,
    data: u32,
    data_len: u32,
    out: u32,
    hash: impl FnOnce(&[u8]) -> [u8; 32],
) -> Result<(), Stop> {
    let (memory, guest) = parts(context)?;
    let digest = hash(slice(memory, data, data_len, guest.contract)?);
    slice_mut(memory, out, digest.len(), guest.contract)?.copy_from_slice(&digest);
    Ok(())
}
