//! Amounts that many payers touch: changed without being read.
//!
//! The guest learns whether a change was made and never the amount, so that an executor that runs
//! transactions side by side may treat changes as deltas and check their bounds at commit
//! (DESIGN D9). This one runs them one after another and reads and writes at once.

use super::{
    super::{gas, guest::Stop},
    memory::{Context, charge, load_key, lost_env, parts, per_byte, writable},
};
use dure_types::{ExecutionError, TrapKind};

/// What the guest is told when nothing was changed.
const REFUSED: i64 = -1;

pub(super) fn storage_add(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    lo: u64,
    hi: u64,
    bound_lo: u64,
    bound_hi: u64,
) -> Result<i64, Stop> {
    let (amount, bound) = (wide(lo, hi), wide(bound_lo, bound_hi));
    change(context, key, key_len, |now| now.checked_add(amount).filter(|sum| *sum <= bound))
}

pub(super) fn storage_sub(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    lo: u64,
    hi: u64,
) -> Result<i64, Stop> {
    let amount = wide(lo, hi);
    change(context, key, key_len, |now| now.checked_sub(amount))
}

fn wide(lo: u64, hi: u64) -> u128 {
    u128::from(hi) << 64 | u128::from(lo)
}

fn change(
    context: &mut Context<'_>,
    key: u32,
    key_len: u32,
    next: impl FnOnce(u128) -> Option<u128>,
) -> Result<i64, Stop> {
    let bytes = (key_len as usize).saturating_add(16);
    charge(context, per_byte(gas::AMOUNT, gas::KEEP_BYTE, bytes))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    load_key(memory, guest, key, key_len)?;
    let contract = guest.contract;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let slot = env.overlay.slot(&guest.key)?;
    let stored = match env.overlay.at(slot) {
        None => None,
        Some(bytes) => {
            let trap = ExecutionError::Trap { contract, kind: TrapKind::NotAnAmount };
            Some(u128::from_le_bytes(bytes.try_into().map_err(|_| trap)?))
        }
    };
    let Some(next) = next(stored.unwrap_or(0)) else { return Ok(REFUSED) };
    match next {
        // Nought is absent, however it came about.
        0 if stored.is_some() => env.overlay.set_at(slot, None),
        0 => {}
        next if stored == Some(next) => {}
        next => env.overlay.set_at(slot, Some(next.to_le_bytes().to_vec())),
    }
    Ok(0)
}
