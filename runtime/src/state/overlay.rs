//! State while a block runs: what was read, what was written, and how to take it back.
//!
//! Every key that was read or written has a slot, found by hash; a journal remembers what each
//! write replaced, so that a savepoint is a length of the journal and undoing is popping. At the
//! end the slots yield the block's delta, in which keys that ended as they began do not appear.
//!
//! Slots lie in the order in which keys were first touched, which is the same on every node; what
//! needs the order of keys, scans and the delta, sorts. The first scan of a block pays for that,
//! and blocks without one do not.

use super::read::{Before, Entry, Fault, StateDelta, StateRead};
use indexmap::{
    IndexMap,
    map::raw_entry_v1::{RawEntryApiV1, RawEntryMut},
};
use std::{
    collections::BTreeMap,
    hash::BuildHasher,
    ops::{Bound, ControlFlow},
    sync::Arc,
};

/// Entries of the store that a visit holds at a time.
const VISIT_ENTRIES: usize = 64;

/// A value, or that there is none.
type Value = Option<Vec<u8>>;

/// What is known of one key.
#[derive(Debug, Default)]
struct Slot {
    /// Value before the block: unknown until somebody asked.
    base: Option<Value>,
    /// Value that the block wrote, if it did.
    written: Option<Value>,
}

impl Slot {
    fn now(&self) -> Option<&[u8]> {
        self.written.as_ref().or(self.base.as_ref()).and_then(Option::as_deref)
    }
}

/// One write that can be undone.
struct Undo {
    /// Number of the slot; slots are never removed.
    slot: usize,
    /// What the block had written there before.
    written: Option<Value>,
}

/// Names the slot of one key, so that a second access finds it without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotId(usize);

/// A position to which writes can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint(usize);

/// State during a block.
pub struct Overlay {
    base: Arc<dyn StateRead>,
    slots: IndexMap<Box<[u8]>, Slot>,
    /// The slots by key, from the first scan on.
    sorted: Option<BTreeMap<Box<[u8]>, usize>>,
    journal: Vec<Undo>,
}

impl Overlay {
    /// Starts above the state before the block.
    #[must_use]
    pub fn new(base: Arc<dyn StateRead>) -> Self {
        Self { base, slots: IndexMap::new(), sorted: None, journal: Vec::new() }
    }

    /// Reads a value; the first read of a key goes to the store.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, Fault> {
        let slot = self.slot(key)?;
        Ok(self.at(slot))
    }

    /// Finds the slot of a key, reading the key when nobody has.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub(crate) fn slot(&mut self, key: &[u8]) -> Result<SlotId, Fault> {
        // Hashed once, whether it is found or not.
        let hash = self.slots.hasher().hash_one(key);
        let index = match self.slots.raw_entry_mut_v1().from_key_hashed_nocheck(hash, key) {
            RawEntryMut::Occupied(mut entry) => {
                let slot = entry.get_mut();
                // A write that was undone leaves a slot that knows nothing.
                if slot.written.is_none() && slot.base.is_none() {
                    slot.base = Some(self.base.get(key)?);
                }
                entry.index()
            }
            RawEntryMut::Vacant(entry) => {
                let (index, base) = (entry.index(), Some(self.base.get(key)?));
                entry.insert_hashed_nocheck(hash, key.into(), Slot { base, written: None });
                self.sort_in(key, index);
                index
            }
        };
        Ok(SlotId(index))
    }

    /// Tells the sorted slots of a new one.
    fn sort_in(&mut self, key: &[u8], index: usize) {
        if let Some(sorted) = &mut self.sorted {
            sorted.insert(key.into(), index);
        }
    }

    /// The value of a slot as it stands now.
    pub(crate) fn at(&self, slot: SlotId) -> Option<&[u8]> {
        self.slots.get_index(slot.0).and_then(|(_, slot)| slot.now())
    }

    /// Writes the value of a slot, or removes it.
    pub(crate) fn set_at(&mut self, slot: SlotId, value: Option<Vec<u8>>) {
        if let Some((_, found)) = self.slots.get_index_mut(slot.0) {
            let undo = Undo { slot: slot.0, written: found.written.replace(value) };
            self.journal.push(undo);
        }
    }

    /// Writes a value, or removes it.
    pub fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        let hash = self.slots.hasher().hash_one(key);
        let undo = match self.slots.raw_entry_mut_v1().from_key_hashed_nocheck(hash, key) {
            RawEntryMut::Occupied(mut entry) => {
                let written = entry.get_mut().written.replace(value);
                Undo { slot: entry.index(), written }
            }
            RawEntryMut::Vacant(entry) => {
                let slot = entry.index();
                let written = Slot { base: None, written: Some(value) };
                entry.insert_hashed_nocheck(hash, key.into(), written);
                self.sort_in(key, slot);
                Undo { slot, written: None }
            }
        };
        self.journal.push(undo);
    }

    /// Remembers this moment.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.journal.len())
    }

    /// Undoes every write since the savepoint.
    pub fn rollback(&mut self, savepoint: Savepoint) {
        while self.journal.len() > savepoint.0 {
            let Some(undo) = self.journal.pop() else { return };
            if let Some((_, slot)) = self.slots.get_index_mut(undo.slot) {
                slot.written = undo.written;
            }
        }
    }

    /// Forgets how to undo: a transaction's writes are final within the block.
    pub fn commit(&mut self) {
        self.journal.clear();
    }

    /// Reads up to `limit` entries with `start <= key < end` as they stand now.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn scan(
        &mut self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let written = self.written(start, end);
        // Each write hides at most one stored entry, so this many are always enough.
        let enough = limit.saturating_add(written.len());
        let live = merged(self.base.scan(start, end, reverse, enough)?, written);
        Ok(if reverse { live.rev().take(limit).collect() } else { live.take(limit).collect() })
    }

    /// Shows every entry with `start <= key < end` as it stands now, ascending, until `each` breaks
    /// off.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub(crate) fn visit<B>(
        &mut self,
        start: &[u8],
        end: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, Fault> {
        let mut start = start.to_vec();
        while start.as_slice() < end {
            let stored = self.base.scan(&start, end, false, VISIT_ENTRIES)?;
            // A page that is not full is the last. Writes behind the page wait for theirs.
            let next = match stored.last().filter(|_| stored.len() == VISIT_ENTRIES) {
                Some((last, _)) => [last.as_slice(), &[0]].concat(),
                None => end.to_vec(),
            };
            let written = self.written(&start, &next);
            for (key, value) in merged(stored, written) {
                if let ControlFlow::Break(stop) = each(&key, &value) {
                    return Ok(ControlFlow::Break(stop));
                }
            }
            start = next;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What the block wrote to the keys of a range.
    fn written(&mut self, start: &[u8], end: &[u8]) -> Vec<(Vec<u8>, Value)> {
        let slots = &self.slots;
        let sorted = self.sorted.get_or_insert_with(|| {
            slots.keys().enumerate().map(|(index, key)| (key.clone(), index)).collect()
        });
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let written = sorted.range::<[u8], _>(bounds).filter_map(|(key, index)| {
            let (_, slot) = slots.get_index(*index)?;
            Some((key.to_vec(), slot.written.clone()?))
        });
        written.collect()
    }

    /// Ends the block: every key whose value differs from before, with its value now.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn into_delta(self) -> Result<StateDelta, Fault> {
        Ok(self.into_changes()?.0)
    }

    /// The same, and the values before, of the same keys in the same order.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn into_changes(self) -> Result<(StateDelta, Vec<Before>), Fault> {
        let mut changes = Vec::with_capacity(self.slots.len());
        for (key, slot) in self.slots {
            let Some(now) = slot.written else { continue };
            let base = match slot.base {
                Some(base) => base,
                None => self.base.get(&key)?,
            };
            if base != now {
                changes.push((key.into_vec(), base, now));
            }
        }
        changes.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        let before = changes.iter_mut().map(|(key, base, _)| (key.clone(), base.take()));
        let before = before.collect();
        Ok((changes.into_iter().map(|(key, _, now)| (key, now)).collect(), before))
    }
}

/// Stored entries under what was written over them, by key.
fn merged(
    stored: Vec<Entry>,
    written: Vec<(Vec<u8>, Value)>,
) -> impl DoubleEndedIterator<Item = Entry> {
    let stored = stored.into_iter().map(|(key, value)| (key, Some(value)));
    let merged: BTreeMap<Vec<u8>, Value> = stored.chain(written).collect();
    merged.into_iter().filter_map(|(key, value)| Some((key, value?)))
}
