//! What blocks changed, kept for some heights: proofs and traces take it back.
//!
//! The records of the newest [`limits::UNDO_HEIGHTS`] heights are always there, since proofs need
//! them. Older ones stay while the window has room, in heights and in bytes: without the second
//! bound a chain under load would fill memory or disk with what nobody traces any more.

use crate::{
    fault::Fault,
    store::{Column, Database, Range, Read, WriteBatch, column, state::Undo},
};
use codec::Encode;
use dure_types::{Height, limits};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Records that are read at a time when a node starts.
const PAGE: usize = 64;

/// How far back what blocks changed is kept; the newest [`limits::UNDO_HEIGHTS`] in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoWindow {
    /// Heights.
    pub heights: u64,
    /// Bytes of all records together.
    pub bytes: u64,
}

/// The least that a node can do with.
impl Default for UndoWindow {
    fn default() -> Self {
        Self { heights: limits::UNDO_HEIGHTS, bytes: 0 }
    }
}

/// Which records the store has.
pub struct UndoRecords {
    window: UndoWindow,
    kept: Mutex<Kept>,
}

/// Heights without a gap, ascending, each with the length of its record.
#[derive(Default)]
struct Kept {
    records: VecDeque<(Height, u64)>,
    bytes: u64,
}

impl UndoRecords {
    /// Finds the records of a store, and what to remove of them: those outside the window, which
    /// may have been wider before, and those below a gap, which nothing can be taken back by.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn load(reader: &dyn Read, window: UndoWindow) -> Result<(Self, WriteBatch), Fault> {
        let mut kept = Kept::default();
        let mut surplus = WriteBatch::new(Database::State);
        let mut range = Range::all();
        loop {
            let page = reader.scan(Column::Undo, &range, false, PAGE)?;
            for (key, value) in &page {
                let height = column::read_u64(key).map(Height);
                let height = height
                    .ok_or_else(|| Fault::Corrupt(format!("key {key:02x?} of an undo record")))?;
                if kept.records.back().is_some_and(|(last, _)| last.0 + 1 != height.0) {
                    kept.remove_while(&mut surplus, |_, _| true);
                }
                kept.push(height, value.len());
            }
            match page.last() {
                // The first key after this one.
                Some((key, _)) if page.len() == PAGE => range.start = [key, &[0][..]].concat(),
                _ => break,
            }
        }
        let records = Self { window, kept: Mutex::new(kept) };
        records.remove_surplus(&mut surplus);
        Ok((records, surplus))
    }

    /// Writes what a block changed, and removes the records that have no room any more.
    pub(super) fn put(&self, writes: &mut WriteBatch, height: Height, undo: &Undo) {
        let record = undo.encode();
        self.lock().push(height, record.len());
        writes.put(Column::Undo, column::height(height), record);
        self.remove_surplus(writes);
    }

    /// The oldest height that can be taken back; none before the first block.
    #[must_use]
    pub fn oldest(&self) -> Option<Height> {
        self.lock().records.front().map(|(height, _)| *height)
    }

    fn remove_surplus(&self, writes: &mut WriteBatch) {
        let UndoWindow { heights, bytes } = self.window;
        let mut kept = self.lock();
        let Some((newest, _)) = kept.records.back().copied() else { return };
        kept.remove_while(writes, |oldest, held| {
            let behind = newest.0.saturating_sub(oldest.0);
            behind >= limits::UNDO_HEIGHTS && (behind >= heights || held > bytes)
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, height: Height, length: usize) {
        self.records.push_back((height, length as u64));
        self.bytes = self.bytes.saturating_add(length as u64);
    }

    /// Removes the oldest records while the test of height and bytes held says so.
    fn remove_while(&mut self, writes: &mut WriteBatch, test: impl Fn(Height, u64) -> bool) {
        while let Some((height, length)) = self.records.front().copied() {
            if !test(height, self.bytes) {
                return;
            }
            self.records.pop_front();
            self.bytes = self.bytes.saturating_sub(length);
            writes.delete(Column::Undo, column::height(height));
        }
    }
}
