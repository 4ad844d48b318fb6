//! Events, and text for people.

use super::{
    super::{gas, guest::Stop},
    memory::{Context, charge, env, limited, lost_env, parts, per_byte, slice, writable},
};
use dure_types::{Event, ExecutionError, LimitKind, Selector, TrapKind, limits};

pub(super) fn event(
    context: &mut Context<'_>,
    topic: u32,
    data: u32,
    data_len: u32,
) -> Result<(), Stop> {
    charge(context, per_byte(gas::EVENT, gas::KEEP_BYTE, data_len as usize))?;
    let (memory, guest) = parts(context)?;
    writable(guest)?;
    let contract = guest.contract;
    limited(contract, LimitKind::EventData, data_len, limits::EVENT_BYTES_MAX)?;
    let mut selector = [0u8; 4];
    selector.copy_from_slice(slice(memory, topic, 4, contract)?);
    let data = slice(memory, data, data_len, contract)?.to_vec();
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    let count = u32::try_from(env.events.len()).unwrap_or(u32::MAX).saturating_add(1);
    limited(contract, LimitKind::EventCount, count, limits::EVENTS_MAX)?;
    env.events.push(Event { contract, topic: Selector(selector), data });
    Ok(())
}

/// Text that a guest shows: read for simulations, charged always.
fn text(context: &mut Context<'_>, at: u32, length: u32) -> Result<Option<String>, Stop> {
    charge(context, per_byte(gas::HOST, gas::COPY_BYTE, length as usize))?;
    let (memory, guest) = parts(context)?;
    let bytes = slice(memory, at, length, guest.contract)?;
    let env = guest.env.as_deref_mut().ok_or_else(lost_env)?;
    if env.notes.is_none() {
        return Ok(None);
    }
    let kept = bytes.get(..limits::TEXT_BYTES_MAX).unwrap_or(bytes);
    Ok(Some(String::from_utf8_lossy(kept).into_owned()))
}

pub(super) fn debug(context: &mut Context<'_>, at: u32, length: u32) -> Result<(), Stop> {
    let text = text(context, at, length)?;
    if let (Some(text), Some(notes)) = (text, env(context)?.notes.as_mut())
        && notes.debug.len() < limits::EVENTS_MAX
    {
        notes.debug.push(text);
    }
    Ok(())
}

pub(super) fn panic(context: &mut Context<'_>, at: u32, length: u32) -> Result<(), Stop> {
    let text = text(context, at, length)?;
    if let (Some(text), Some(notes)) = (text, env(context)?.notes.as_mut()) {
        notes.panic = Some(text);
    }
    let contract = context.data().contract;
    Err(ExecutionError::Trap { contract, kind: TrapKind::Panic }.into())
}
