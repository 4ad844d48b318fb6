//! Published storage of other contracts, read without an instance.

use super::{
    super::{enter, gas, guest::Stop},
    memory::{Context, bytes32, charge, limited, lost_env, parts, per_byte, slice, slice_mut},
};
use dure_abi::ReadFault;
use dure_types::{Address, LimitKind, limits};

/// What the guest is told when the key has no value.
const ABSENT: i64 = -1;

pub(super) fn storage_read(
    context: &mut Context<'_>,
    contract: u32,
    key: u32,
    key_len: u32,
    out: u32,
    out_cap: u32,
) -> Result<i64, Stop> {
    charge(context, per_byte(gas::PUBLISHED_READ, gas::COPY_BYTE, key_len as usize))?;
    let (memory, guest) = parts(context)?;
    let reader = guest.contract;
    limited(reader, LimitKind::StorageKey, key_len, limits::STORAGE_KEY_BYTES_MAX)?;
    let contract = Address(bytes32(memory, contract, reader)?);
    let chosen = slice(memory, key, key_len, reader)?;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    // What a contract on the stack has stored so far may be half of what it is about to do.
    if env.stack.contains(&contract) {
        return Ok(ReadFault::Reentrant as i64);
    }
    let Some(code) = enter::read_code(env, contract)? else {
        return Ok(ReadFault::UnknownContract as i64);
    };
    let field = chosen.first_chunk().map(|id| u16::from_be_bytes(*id));
    if !field.is_some_and(|field| code.published.contains(&field)) {
        return Ok(ReadFault::NotPublished as i64);
    }
    guest.read_key.clear();
    guest.read_key.extend_from_slice(&contract.0);
    guest.read_key.extend_from_slice(chosen);
    let Some(value) = env.overlay.get(&guest.read_key)? else { return Ok(ABSENT) };
    let length = value.len();
    if length <= out_cap as usize {
        slice_mut(memory, out, length, reader)?.copy_from_slice(value);
    }
    charge(context, per_byte(0, gas::COPY_BYTE, length))?;
    Ok(length as i64)
}
