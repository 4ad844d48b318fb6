//! The table of host functions, on the sandbox that this thread runs.
//!
//! What ends a contract in the runtime is a panic here.

use super::{
    contract::{Ended, EntryPoint, Request, enter},
    touched::Touch,
    world::{Emitted, Frame, World, world},
};
use crate::buffer::SMALL;
use alloc::{borrow::ToOwned, vec::Vec};
use core::ops::Bound;
use dure_abi::{
    Address, CallFault, FLAG_READ_ONLY, Hash, ReadFault, SCAN_REVERSE, Selector, limits,
};
use dure_light::verify_merkle_proof;
use dure_types::MerkleProof;
use sha2::{Digest, Sha256};

/// What `gas_left` answers: the limit of a transaction. Nothing is metered here.
const GAS: u64 = 100_000_000;

/// Bytes that were asked from the host. On the heap, whatever `N` says: that is for WASM.
pub(crate) struct Bytes<const N: usize>(Vec<u8>);

impl<const N: usize> Bytes<N> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes what was found, and says whether it was.
    fn take(&mut self, found: Option<Vec<u8>>) -> bool {
        let is_there = found.is_some();
        self.0 = found.unwrap_or_default();
        is_there
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

#[track_caller]
fn frame(world: &mut World) -> &mut Frame {
    match world.frames.last_mut() {
        Some(frame) => frame,
        None => panic!("no contract runs in this sandbox"),
    }
}

/// Ends the contract where the runtime answers `ExecutionError::Limit`.
#[track_caller]
fn within(what: &str, value: usize, limit: usize) {
    assert!(value <= limit, "{what} of {value} exceeds the limit of {limit}");
}

/// The contract that runs, which must be allowed to write.
#[track_caller]
fn writer(world: &mut World) -> Address {
    let frame = frame(world);
    assert!(!frame.read_only, "contract {} tried to write in a query", frame.contract);
    frame.contract
}

/// Sets the output of the entry point.
pub(crate) fn ret(bytes: &[u8]) {
    within("output", bytes.len(), limits::OUTPUT_BYTES_MAX);
    world(|world| frame(world).output = bytes.to_vec());
}

/// Reads a stored value.
pub(crate) fn storage_get(key: &[u8], into: &mut Bytes<SMALL>) -> bool {
    within("storage key", key.len(), limits::STORAGE_KEY_BYTES_MAX);
    world(|world| {
        let contract = frame(world).contract;
        into.take(world.read(contract, key).map(<[u8]>::to_vec))
    })
}

/// Whether there is a stored value.
#[track_caller]
pub(crate) fn storage_has(key: &[u8]) -> bool {
    storage_get(key, &mut Bytes::new())
}

/// Reads a stored value of 16 bytes as a number; absent is nought.
pub(crate) fn storage_get_u128(key: &[u8]) -> u128 {
    let mut value = Bytes::new();
    if !storage_get(key, &mut value) {
        return 0;
    }
    match value.as_slice().try_into() {
        Ok(bytes) => u128::from_le_bytes(bytes),
        Err(_) => panic!("a stored amount is not 16 bytes long"),
    }
}

/// Writes a stored value.
pub(crate) fn storage_set(key: &[u8], value: &[u8]) {
    world(|world| {
        let contract = writer(world);
        within("storage key", key.len(), limits::STORAGE_KEY_BYTES_MAX);
        within("storage value", value.len(), limits::STORAGE_VALUE_BYTES_MAX);
        world.write(contract, key, Some(value.to_vec()));
    });
}

/// Removes a stored value.
pub(crate) fn storage_remove(key: &[u8]) {
    world(|world| {
        let contract = writer(world);
        within("storage key", key.len(), limits::STORAGE_KEY_BYTES_MAX);
        world.write(contract, key, None);
    });
}

/// Adds to a stored amount; `false`, and nothing is changed, when the sum would exceed the bound.
pub(crate) fn storage_add(key: &[u8], amount: u128, bound: u128) -> bool {
    change(key, |now| now.checked_add(amount).filter(|sum| *sum <= bound))
}

/// Takes from a stored amount; `false`, and nothing is changed, when there is less.
pub(crate) fn storage_sub(key: &[u8], amount: u128) -> bool {
    change(key, |now| now.checked_sub(amount))
}

fn change(key: &[u8], next: impl FnOnce(u128) -> Option<u128>) -> bool {
    world(|world| {
        let contract = writer(world);
        within("storage key", key.len(), limits::STORAGE_KEY_BYTES_MAX);
        world.change(contract, key, next)
    })
}

/// Reads a value of a published field of another contract.
pub(crate) fn storage_read(
    contract: &Address,
    key: &[u8],
    into: &mut Bytes<SMALL>,
) -> Result<bool, ReadFault> {
    within("storage key", key.len(), limits::STORAGE_KEY_BYTES_MAX);
    world(|world| {
        if world.frames.iter().any(|frame| frame.contract == *contract) {
            return Err(ReadFault::Reentrant);
        }
        let dispatch = world.dispatch(*contract).ok_or(ReadFault::UnknownContract)?;
        let field = key.first_chunk().map(|id| u16::from_be_bytes(*id));
        if !field.is_some_and(|field| dispatch.published.contains(&field)) {
            return Err(ReadFault::NotPublished);
        }
        Ok(into.take(world.read(*contract, key).map(<[u8]>::to_vec)))
    })
}

/// Reads a page of stored entries.
pub(crate) fn storage_scan(prefix: &[u8], from: &[u8], limit: u32, flags: u32) -> Vec<u8> {
    codec::Encode::encode(&scanned(prefix, from, limit, flags))
}

/// Stored entries: key without the contract's address, and value.
type Page = Vec<(Vec<u8>, Vec<u8>)>;

fn scanned(prefix: &[u8], from: &[u8], limit: u32, flags: u32) -> Page {
    within("scan", limit as usize, limits::SCAN_ENTRIES_MAX as usize);
    within("storage key", prefix.len().max(from.len()), limits::STORAGE_KEY_BYTES_MAX);
    world(|world| {
        let contract = frame(world).contract;
        let found = found(world, contract, prefix, from, (limit, flags));
        for (key, _) in &found {
            world.touched.note(Touch::Read, contract, key);
        }
        found
    })
}

fn found(
    world: &World,
    contract: Address,
    prefix: &[u8],
    from: &[u8],
    (limit, flags): (u32, u32),
) -> Page {
    let Some(values) = world.state.get(&contract) else { return Vec::new() };
    let reverse = flags & SCAN_REVERSE != 0;
    let (start, end) = match (from.is_empty(), reverse) {
        (true, false) => (Bound::Included(prefix), Bound::Unbounded),
        (false, false) => (Bound::Included(prefix.max(from)), Bound::Unbounded),
        (true, true) => (Bound::Included(prefix), Bound::Unbounded),
        // At or before it; nothing when it lies before every key with the prefix.
        (false, true) if from < prefix => return Vec::new(),
        (false, true) => (Bound::Included(prefix), Bound::Included(from)),
    };
    let range = values.range::<[u8], _>((start, end));
    let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
    let limit = limit as usize;
    let page: Page = if reverse {
        let after = |(key, _): &(&Vec<u8>, &Vec<u8>)| !key.starts_with(prefix);
        range.rev().skip_while(after).take_while(|e| !after(e)).take(limit).map(own).collect()
    } else {
        range.take_while(|(key, _)| key.starts_with(prefix)).take(limit).map(own).collect()
    };
    within_output(page, !from.is_empty())
}

/// A page is at most an output long, and always holds one entry, beside the one that is started
/// after.
fn within_output(mut page: Page, after: bool) -> Page {
    let mut bytes = 0usize;
    let fits = page.iter().take_while(|(key, value)| {
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len()).saturating_add(8);
        bytes <= limits::OUTPUT_BYTES_MAX
    });
    let fits = fits.count().max(usize::from(after) + 1);
    page.truncate(fits);
    page
}

/// Calls a contract: the outer result is how it ended, the inner whether it was a value.
pub(crate) fn call(
    address: &Address,
    data: &[u8],
    _gas: u64,
    flags: u32,
) -> Result<Result<Bytes<SMALL>, Bytes<SMALL>>, CallFault> {
    within("call input", data.len(), limits::ARGS_BYTES_MAX);
    let query = flags & FLAG_READ_ONLY != 0;
    let request = world(|world| {
        let frame = frame(world);
        Request {
            entry: if query { EntryPoint::Query } else { EntryPoint::Call },
            contract: *address,
            caller: frame.contract,
            input: data,
            read_only: query || frame.read_only,
        }
    });
    match enter(&request) {
        Ok(output) => Ok(Ok(Bytes(output))),
        Err(Ended::Error(error)) => Ok(Err(Bytes(error))),
        Err(Ended::Fault(fault)) => Err(fault),
    }
}

/// Emits an event.
pub(crate) fn event(topic: &Selector, data: &[u8]) {
    world(|world| {
        let contract = writer(world);
        within("event", data.len(), limits::EVENT_BYTES_MAX);
        within("event count", world.events_now().saturating_add(1), limits::EVENTS_MAX);
        world.events.push(Emitted { contract, topic: *topic, data: data.to_vec() });
    });
}

pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

pub(crate) fn blake3(data: &[u8]) -> [u8; 32] {
    *::blake3::hash(data).as_bytes()
}

pub(crate) fn ed25519_verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    dure_light::verify_signature(key, message, signature)
}

pub(crate) fn merkle_verify(
    root: &Hash,
    leaf: &[u8],
    index: u64,
    count: u64,
    path: &[Hash],
) -> bool {
    within("audit path", path.len(), limits::MERKLE_PATH_HASHES_MAX);
    let proof = MerkleProof { index, count, path: path.to_vec() };
    verify_merkle_proof(*root, leaf, &proof).is_ok()
}

pub(crate) fn caller() -> [u8; 32] {
    world(|world| frame(world).caller.0)
}

pub(crate) fn self_address() -> [u8; 32] {
    world(|world| frame(world).contract.0)
}

pub(crate) fn transaction_id() -> [u8; 32] {
    world(|world| world.transaction.0)
}

pub(crate) fn height() -> u64 {
    world(|world| world.height.0)
}

pub(crate) fn time_ms() -> u64 {
    world(|world| world.time.0)
}

pub(crate) fn gas_left() -> u64 {
    world(|_| GAS)
}

pub(crate) fn debug(text: &str) {
    world(|world| {
        let end =
            (0..=limits::TEXT_BYTES_MAX.min(text.len())).rfind(|end| text.is_char_boundary(*end));
        world.debug.push(text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned());
    });
}
