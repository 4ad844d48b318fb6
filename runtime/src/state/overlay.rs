//! State while a block runs: what was read, what was written, and how to take it back.
//!
//! All writes go into one ordered map; a journal remembers what each write replaced, so that a
//! savepoint is a length of the journal and undoing is popping. At the end the map yields the
//! block's delta, in which keys that ended as they began do not appear.

use super::read::{Entry, Fault, StateDelta, StateRead};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// What is known of one key.
#[derive(Clone, Debug)]
struct Slot {
    /// Value before the block: unknown until somebody asked.
    base: Option<Option<Vec<u8>>>,
    /// Value now.
    now: Option<Vec<u8>>,
}

/// One write that can be undone.
struct Undo {
    key: Vec<u8>,
    /// The slot as it was; `None` when there was none.
    slot: Option<Option<Vec<u8>>>,
}

/// A position to which writes can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint(usize);

/// State during a block.
pub struct Overlay {
    base: Arc<dyn StateRead>,
    slots: BTreeMap<Vec<u8>, Slot>,
    journal: Vec<Undo>,
}

impl Overlay {
    /// Starts above the state before the block.
    #[must_use]
    pub fn new(base: Arc<dyn StateRead>) -> Self {
        Self { base, slots: BTreeMap::new(), journal: Vec::new() }
    }

    /// Reads a value; the first read of a key goes to the store.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>, Fault> {
        if !self.slots.contains_key(key) {
            let value = self.base.get(key)?;
            let slot = Slot { base: Some(value.clone()), now: value };
            self.slots.insert(key.to_vec(), slot);
        }
        Ok(self.slots.get(key).and_then(|slot| slot.now.as_deref()))
    }

    /// Writes a value, or removes it.
    pub fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        if let Some(slot) = self.slots.get_mut(key) {
            let old = std::mem::replace(&mut slot.now, value);
            self.journal.push(Undo { key: key.to_vec(), slot: Some(old) });
        } else {
            self.slots.insert(key.to_vec(), Slot { base: None, now: value });
            self.journal.push(Undo { key: key.to_vec(), slot: None });
        }
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
            match undo.slot {
                Some(value) => {
                    if let Some(slot) = self.slots.get_mut(&undo.key) {
                        slot.now = value;
                    }
                }
                None => {
                    self.slots.remove(&undo.key);
                }
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
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let changed = self.slots.range::<[u8], _>(bounds).count();
        // Each slot hides at most one stored entry, so this many are always enough.
        let stored = self.base.scan(start, end, reverse, limit.saturating_add(changed))?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            stored.into_iter().map(|(key, value)| (key, Some(value))).collect();
        for (key, slot) in self.slots.range::<[u8], _>(bounds) {
            merged.insert(key.clone(), slot.now.clone());
        }
        let live = merged.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(if reverse {
            let mut entries: Vec<Entry> = live.collect();
            entries.reverse();
            entries.truncate(limit);
            entries
        } else {
            live.take(limit).collect()
        })
    }

    /// Ends the block: every key whose value differs from before, with its value now.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn into_delta(self) -> Result<StateDelta, Fault> {
        let mut delta = StateDelta::new();
        for (key, slot) in self.slots {
            let base = match slot.base {
                Some(base) => base,
                None => self.base.get(&key)?,
            };
            if base != slot.now {
                delta.insert(key, slot.now);
            }
        }
        Ok(delta)
    }
}
