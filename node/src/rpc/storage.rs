//! A contract's storage in pages, bounded in entries and in bytes.

use super::{failure::of_runtime, reader::Reader};
use dure_rpc::{
    RpcError,
    hex::Bytes,
    json::Entry,
    shape::{StorageEntry, StorageList},
};
use dure_runtime::{
    Fault, StateRead,
    state::key::{after_prefix, of_contract},
};
use dure_types::Address;

/// Bytes of keys and values after which a page of storage ends.
const PAGE_BYTES: usize = 262_144;

/// Entries of a page, and the key at which the next one begins.
pub type StatePage = (Vec<(Vec<u8>, Vec<u8>)>, Option<Vec<u8>>);

/// Reads `start <= key < end`, ascending, up to `limit` entries and `bytes_max` bytes, but always
/// one entry: a caller that asks on always gets further.
///
/// It reads a few entries at a time, so that little more is loaded than answered: an entry may
/// have 64 KiB, and a page a thousand entries.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn state_page(
    state: &dyn StateRead,
    start: &[u8],
    end: &[u8],
    limit: usize,
    bytes_max: usize,
) -> Result<StatePage, Fault> {
    const STEP: usize = 8;
    let mut from = start.to_vec();
    let mut bytes = 0usize;
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        let found = state.scan(&from, end, false, STEP)?;
        let last = found.len() < STEP;
        for (key, value) in found {
            bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
            let full = entries.len() >= limit || bytes > bytes_max;
            if full && !entries.is_empty() {
                return Ok((entries, Some(key)));
            }
            // The first key above this one.
            from.clone_from(&key);
            from.push(0);
            entries.push((key, value));
        }
        if last {
            return Ok((entries, None));
        }
    }
}

impl Reader<'_> {
    pub(super) fn storage(
        &self,
        contract: Address,
        cursor: Option<Vec<u8>>,
        limit: Option<u32>,
    ) -> Result<StorageList, RpcError> {
        let limit = self.page(limit)?;
        let state = self.view.state().as_ref();
        let specs = self.specs.at(state);
        let spec = specs.need(contract)?;
        let start = of_contract(contract, &cursor.unwrap_or_default());
        let end = after_prefix(&contract.0).unwrap_or_default();
        let page = state_page(state, &start, &end, limit, PAGE_BYTES);
        let (found, mut next) = page.map_err(of_runtime)?;
        let own = |key: &[u8]| key.get(32..).unwrap_or_default().to_vec();
        let mut entries: Vec<StorageEntry> = Vec::new();
        for (key, value) in found {
            if !entries.is_empty() && !specs.budget.has_room() {
                next = Some(key);
                break;
            }
            let key = own(&key);
            let Entry { field, key: entry, value: decoded } =
                specs.budget.entry(&spec, &key, &value);
            let (key, value) = (Bytes(key), Bytes(value));
            let entry = entry.unwrap_or_default();
            entries.push(StorageEntry { key, value, field, entry, decoded });
        }
        let next = next.map(|key| Bytes(own(&key)));
        Ok(StorageList { height: self.height(), entries, next })
    }
}
