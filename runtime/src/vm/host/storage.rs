//! Storage of the contract itself.

use super::{
    super::{gas, guest::Stop},
    memory::{
        Context, charge, limited, load_key, lost_env, parts, per_byte, slice, slice_mut, writable,
    },
};
use crate::state::key::after_prefix;
use codec::Encode;
use dure_abi::SCAN_REVERSE;
use dure_types::{ExecutionError, LimitKind, limits};

pub(super) fn storage_get(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    out: u32,
    out_cap: u32,
) -> Result<i64, Stop> {
    charge(context, per_byte(gas::STORAGE_READ, gas::COPY_BYTE, key_len as usize))?;
    let (memory, guest) = parts(context)?;
    load_key(memory, guest, key, key_len)?;
    let contract = guest.contract;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let Some(value) = env.overlay.get(&guest.key)? else { return Ok(-1) };
    let length = value.len();
    if length <= out_cap as usize {
        slice_mut(memory, out, length, contract)?.copy_from_slice(value);
    }
    charge(context, per_byte(0, gas::COPY_BYTE, length))?;
    Ok(length as i64)
}

pub(super) fn storage_set(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
) -> Result<(), Stop> {
    let bytes = (key_len as usize).saturating_add(value_len as usize);
    charge(context, per_byte(gas::STORAGE_WRITE, gas::KEEP_BYTE, bytes))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    load_key(memory, guest, key, key_len)?;
    let limit = limits::STORAGE_VALUE_BYTES_MAX;
    limited(guest.contract, LimitKind::StorageValue, value_len, limit)?;
    let value = slice(memory, value, value_len, guest.contract)?.to_vec();
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    env.overlay.set(&guest.key, Some(value));
    Ok(())
}

pub(super) fn storage_remove(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
) -> Result<(), Stop> {
    charge(context, per_byte(gas::STORAGE_WRITE, gas::KEEP_BYTE, key_len as usize))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    load_key(memory, guest, key, key_len)?;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    env.overlay.set(&guest.key, None);
    Ok(())
}

pub(super) fn storage_scan(
    context: &mut Context<'_>,
    prefix: u32,
    prefix_len: u32,
    from: u32,
    from_len: u32,
    limit: u32,
    flags: u32,
) -> Result<i64, Stop> {
    let entries = u64::from(limit).saturating_mul(gas::SCAN_ENTRY);
    charge(context, entries.saturating_add(gas::STORAGE_READ))?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    limited(contract, LimitKind::ScanEntries, limit, limits::SCAN_ENTRIES_MAX as usize)?;
    load_key(memory, guest, prefix, prefix_len)?;
    let mut start = guest.key.clone();
    let mut end = after_prefix(&start).ok_or(ExecutionError::BadPointer { contract })?;
    let reverse = flags & SCAN_REVERSE != 0;
    if from_len > 0 {
        load_key(memory, guest, from, from_len)?;
        if reverse {
            // The key itself belongs to the range: its successor is the bound.
            let mut after = guest.key.clone();
            after.push(0);
            end = end.min(after);
        } else {
            start = start.max(guest.key.clone());
        }
    }
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let found = env.overlay.scan(&start, &end, reverse, limit as usize)?;
    let mut bytes = 0usize;
    let mut page: Vec<(&[u8], &[u8])> = Vec::with_capacity(found.len());
    // A page always holds one entry beside the one that the caller starts after: a caller that asks
    // on always gets further.
    let always = usize::from(from_len > 0).saturating_add(1);
    for (key, value) in &found {
        let key = key.get(32..).unwrap_or_default();
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len()).saturating_add(8);
        if bytes > limits::OUTPUT_BYTES_MAX && page.len() >= always {
            break;
        }
        page.push((key, value));
    }
    guest.aside = page.encode();
    let length = guest.aside.len();
    charge(context, per_byte(0, gas::COPY_BYTE, length))?;
    Ok(length as i64)
}
