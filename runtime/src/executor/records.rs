//! Records of the system contract that the pre-pass needs again at the end of the block.
//!
//! Each is found and decoded once in a block. What calls may read of them is what the pre-pass
//! wrote; no call writes them, so that the end of the block may write over them.

use crate::{
    state::{
        key::{SystemField, of_system},
        overlay::{Overlay, SlotId},
        read::Fault,
    },
    system::decode,
};
use codec::{Decode, Encode};
use indexmap::IndexMap;
use std::hash::Hash;

/// Names a record that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordId(usize);

struct Record<T> {
    slot: SlotId,
    value: T,
    /// Differs from what the overlay holds.
    changed: bool,
}

/// Records of one field by the key `K`; absent ones are the default.
pub(super) struct Records<K, T> {
    field: SystemField,
    opened: IndexMap<K, Record<T>>,
}

impl<K: Hash + Eq + Copy, T: Encode + Decode + Default> Records<K, T> {
    pub(super) fn new(field: SystemField) -> Self {
        Self { field, opened: IndexMap::new() }
    }

    /// Finds a record; `parts` make its state key after the field.
    pub(super) fn open(
        &mut self,
        overlay: &mut Overlay,
        key: K,
        parts: &[&[u8]],
    ) -> Result<RecordId, Fault> {
        if let Some(index) = self.opened.get_index_of(&key) {
            return Ok(RecordId(index));
        }
        let state_key = of_system(self.field, parts);
        let slot = overlay.slot(&state_key)?;
        let value = overlay.at(slot).map(|bytes| decode(&state_key, bytes)).transpose()?;
        let record = Record { slot, value: value.unwrap_or_default(), changed: false };
        Ok(RecordId(self.opened.insert_full(key, record).0))
    }

    /// The record as it is.
    pub(super) fn value(&self, id: RecordId) -> Result<&T, Fault> {
        self.opened.get_index(id.0).map(|(_, record)| &record.value).ok_or_else(unknown)
    }

    /// Changes a record, in the overlay only when the block ends or [`Records::write`] says so.
    pub(super) fn change(&mut self, id: RecordId) -> Result<&mut T, Fault> {
        let (_, record) = self.opened.get_index_mut(id.0).ok_or_else(unknown)?;
        record.changed = true;
        Ok(&mut record.value)
    }

    /// Writes a changed record into the overlay now.
    pub(super) fn write(&mut self, overlay: &mut Overlay, id: RecordId) {
        if let Some((_, record)) = self.opened.get_index_mut(id.0) {
            record.write(overlay);
        }
    }

    /// Writes every changed record, in the order in which they were opened.
    pub(super) fn write_all(&mut self, overlay: &mut Overlay) {
        for record in self.opened.values_mut() {
            record.write(overlay);
        }
    }
}

impl<T: Encode> Record<T> {
    fn write(&mut self, overlay: &mut Overlay) {
        if std::mem::take(&mut self.changed) {
            overlay.set_at(self.slot, Some(self.value.encode()));
        }
    }
}

fn unknown() -> Fault {
    Fault::Vm("a record of the pre-pass is not known".into())
}
