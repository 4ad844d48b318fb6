//! The store in memory: behind `dure dev` without a directory, and behind the simulator, for which
//! it plays a disk that forgets, tears and fails.

use super::{
    Column, Database, Entry, Range, Read, Store, StoreError, WriteBatch,
    latch::Latch,
    signer::{Entries, encode_entries, slot_of},
};
use dure_types::Height;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Values of a key by the version that wrote them, ascending; none: removed.
type Versions = Vec<(u64, Option<Vec<u8>>)>;

/// A store in memory. Clones are the same store.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<RwLock<Inner>>,
    latch: Arc<Latch>,
}

#[derive(Default)]
struct Inner {
    columns: BTreeMap<Column, BTreeMap<Vec<u8>, Versions>>,
    version: u64,
    /// Versions that a snapshot reads, with the number of such snapshots.
    readers: BTreeMap<u64, usize>,
    /// Keys that a version removed while a snapshot still saw them.
    removed: BTreeMap<u64, Vec<(Column, Vec<u8>)>>,
    signed: Entries,
    disk: Option<Disk>,
}

/// Keys and values of the columns of a database.
type Columns = BTreeMap<Column, BTreeMap<Vec<u8>, Vec<u8>>>;

/// What a simulated disk holds, and when it fails.
#[derive(Default)]
struct Disk {
    /// What the state database kept.
    state: Columns,
    /// Written since the last barrier of their database, in order.
    unsynced: BTreeMap<&'static str, Vec<Arc<WriteBatch>>>,
    /// What the ledger kept, in order: put together when the power goes.
    log: Vec<Arc<WriteBatch>>,
    /// Both slots of the signer's file.
    signer: [Vec<u8>; 2],
    /// A slot whose write failed, with the place and what was to be written there.
    signer_torn: Option<(usize, usize, Vec<u8>)>,
    /// Of the databases and of the signer's file.
    barriers: u64,
    fail_at: Option<Failure>,
}

/// Where a simulated disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The k-th barrier, from 1, fails, and what it should have kept is not durable: a crash
    /// right before it.
    BeforeBarrier(u64),
    /// The k-th barrier keeps everything, but nobody learns of it: a crash right after it.
    AfterBarrier(u64),
    /// The disk is full from the k-th barrier on: what they should have kept is not durable.
    Full(u64),
}

impl MemoryStore {
    /// Makes a store that forgets everything when dropped.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a store that remembers what a disk would hold, see [`MemoryStore::crash`].
    #[must_use]
    pub fn with_disk() -> Self {
        let store = Self::default();
        store.write_lock().disk = Some(Disk::default());
        store
    }

    /// Makes the disk fail; the store is latched from then on.
    pub fn fail(&self, failure: Failure) {
        if let Some(disk) = &mut self.write_lock().disk {
            disk.fail_at = Some(failure);
        }
    }

    /// Keys that take memory: also those that were removed, while a snapshot sees them.
    #[must_use]
    pub fn keys_held(&self) -> usize {
        self.read_lock().columns.values().map(BTreeMap::len).sum()
    }

    /// Barriers asked for since the disk was new or crashed.
    #[must_use]
    pub fn barriers(&self) -> u64 {
        self.read_lock().disk.as_ref().map_or(0, |disk| disk.barriers)
    }

    /// Takes the power away: returns a store with what the disk holds, which is all before the
    /// last barrier of each database, and of what was written to it since then the first `torn`
    /// batches (a disk may keep more than it promised, but no batch in part: both databases check
    /// sums).
    #[must_use]
    pub fn crash(&self, torn: usize) -> Self {
        let inner = self.read_lock();
        let mut disk = Disk::default();
        if let Some(before) = &inner.disk {
            disk.state = before.state.clone();
            disk.log = before.log.clone();
            disk.signer = before.signer.clone();
            disk.tear_slot(before.signer_torn.as_ref().filter(|_| torn > 0));
            for batches in before.unsynced.values() {
                batches.iter().take(torn).cloned().for_each(|batch| disk.keep(batch));
            }
        }
        Self::on(disk)
    }

    /// As [`MemoryStore::crash`] with nothing torn, on a disk that lost the last `lost` batches of
    /// the ledger although it had promised to keep them: a damaged tail of the log.
    #[must_use]
    pub fn crash_without_tail(&self, lost: usize) -> Self {
        let inner = self.read_lock();
        let mut disk = Disk::default();
        if let Some(before) = &inner.disk {
            disk.signer = before.signer.clone();
            disk.state = before.state.clone();
            let left = before.log.len().saturating_sub(lost);
            disk.log = before.log.iter().take(left).cloned().collect();
        }
        Self::on(disk)
    }

    /// Batches of the ledger that the disk holds.
    #[must_use]
    pub fn ledger_batches(&self) -> usize {
        self.read_lock().disk.as_ref().map_or(0, |disk| disk.log.len())
    }

    /// Starts on what a disk holds.
    fn on(disk: Disk) -> Self {
        let mut kept = disk.state.clone();
        disk.log.iter().for_each(|batch| put(&mut kept, WriteBatch::clone(batch)));
        let columns = kept.into_iter().map(|(column, entries)| {
            let own = |(key, value): (Vec<u8>, Vec<u8>)| (key, vec![(0, Some(value))]);
            (column, entries.into_iter().map(own).collect())
        });
        let columns = columns.collect();
        let signed = Entries::newest([&disk.signer[0], &disk.signer[1]]);
        let inner = Inner { columns, signed, disk: Some(disk), ..Inner::default() };
        Self { inner: Arc::new(RwLock::new(inner)), latch: Arc::default() }
    }

    fn read_lock(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write_lock(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    fn apply(&mut self, batch: WriteBatch) {
        self.version += 1;
        let version = self.version;
        for (column, key, value) in batch.operations() {
            let entries = self.columns.entry(*column).or_default();
            let versions = entries.entry(key.clone()).or_default();
            versions.push((version, value.clone()));
            forget(versions, &self.readers);
            match versions.as_slice() {
                [(_, None)] => drop(entries.remove(key)),
                [.., (_, None)] => {
                    self.removed.entry(version).or_default().push((*column, key.clone()));
                }
                _ => {}
            }
        }
        if let Some(disk) = &mut self.disk {
            disk.unsynced.entry(batch.database().name()).or_default().push(Arc::new(batch));
        }
    }

    /// Forgets removed keys that no snapshot sees any more.
    fn forget_removed(&mut self) {
        let oldest = self.readers.keys().next().copied().unwrap_or(u64::MAX);
        while let Some(entry) = self.removed.first_entry().filter(|entry| *entry.key() <= oldest) {
            for (column, key) in entry.remove() {
                let Some(entries) = self.columns.get_mut(&column) else { continue };
                let Some(versions) = entries.get_mut(&key) else { continue };
                forget(versions, &self.readers);
                if let [(_, None)] = versions.as_slice() {
                    entries.remove(&key);
                }
            }
        }
    }

    fn get(&self, column: Column, key: &[u8], version: u64) -> Option<Vec<u8>> {
        value_at(self.columns.get(&column)?.get(key)?, version)
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
        version: u64,
    ) -> Vec<Entry> {
        if range.is_empty() {
            return Vec::new();
        }
        let Some(entries) = self.columns.get(&column) else { return Vec::new() };
        let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let found = entries
            .range::<[u8], _>((Bound::Included(range.start.as_slice()), end))
            .filter_map(|(key, versions)| Some((key.clone(), value_at(versions, version)?)));
        if reverse { found.rev().take(limit).collect() } else { found.take(limit).collect() }
    }
}

fn value_at(versions: &Versions, version: u64) -> Option<Vec<u8>> {
    let newest = versions.iter().rev().find(|(written, _)| *written <= version)?;
    newest.1.clone()
}

/// Drops the versions of a key that no snapshot and no later reader can see.
fn forget(versions: &mut Versions, readers: &BTreeMap<u64, usize>) {
    if versions.len() < 2 {
        return;
    }
    let mut seen = BTreeSet::new();
    for reader in readers.keys() {
        if let Some((written, _)) = versions.iter().rev().find(|(written, _)| written <= reader) {
            seen.insert(*written);
        }
    }
    let newest = versions.last().map_or(0, |(written, _)| *written);
    // Two operations of one batch on one key have one version: only the later counts.
    let last = versions.len() - 1;
    let mut index = 0;
    versions.retain(|(written, _)| {
        let keep = index == last || (*written != newest && seen.contains(written));
        index += 1;
        keep
    });
}

/// Does what a batch says.
fn put(columns: &mut Columns, batch: WriteBatch) {
    for (column, key, value) in batch.into_operations() {
        let entries = columns.entry(column).or_default();
        match value {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
}

impl Disk {
    fn keep(&mut self, batch: Arc<WriteBatch>) {
        match batch.database() {
            Database::Ledger => self.log.push(batch),
            Database::State => put(&mut self.state, Arc::unwrap_or_clone(batch)),
        }
    }

    fn barrier(&mut self, database: Database) -> Result<(), StoreError> {
        self.barriers += 1;
        self.has_room(database.name())?;
        self.fails(Failure::BeforeBarrier, database.name())?;
        for batch in self.unsynced.remove(database.name()).unwrap_or_default() {
            self.keep(batch);
        }
        self.fails(Failure::AfterBarrier, database.name())
    }

    fn append(&mut self, slot: usize, place: usize, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.barriers += 1;
        self.has_room("signer")?;
        if let Err(error) = self.fails(Failure::BeforeBarrier, "signer") {
            self.signer_torn = Some((slot, place, bytes));
            return Err(error);
        }
        self.overwrite(slot, place, &bytes);
        self.fails(Failure::AfterBarrier, "signer")
    }

    /// Writes the first half of what was to be written.
    fn tear_slot(&mut self, torn: Option<&(usize, usize, Vec<u8>)>) {
        if let Some((slot, place, bytes)) = torn {
            self.overwrite(*slot, *place, &bytes[..bytes.len() / 2]);
        }
    }

    fn overwrite(&mut self, slot: usize, place: usize, bytes: &[u8]) {
        let held = &mut self.signer[slot];
        held.resize(held.len().max(place + bytes.len()), 0);
        held[place..place + bytes.len()].copy_from_slice(bytes);
    }

    fn has_room(&self, what: &str) -> Result<(), StoreError> {
        match self.fail_at {
            Some(Failure::Full(from)) if self.barriers >= from => {
                let (path, reason) = (format!("memory/{what}"), "injected".to_owned());
                Err(StoreError::Full { path, reason })
            }
            _ => Ok(()),
        }
    }

    fn fails(&self, failure: fn(u64) -> Failure, what: &str) -> Result<(), StoreError> {
        let failure = failure(self.barriers);
        if self.fail_at != Some(failure) {
            return Ok(());
        }
        let (path, reason) = (format!("memory/{what}"), format!("injected failure: {failure:?}"));
        Err(StoreError::Io { path, reason })
    }
}

impl Read for MemoryStore {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.latch.check()?;
        let inner = self.read_lock();
        Ok(inner.get(column, key, inner.version))
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.latch.check()?;
        let inner = self.read_lock();
        Ok(inner.scan(column, range, reverse, limit, inner.version))
    }
}

impl Store for MemoryStore {
    fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.latch.guard(|| {
            self.write_lock().apply(batch);
            Ok(())
        })
    }

    fn barrier(&self, database: Database) -> Result<(), StoreError> {
        self.latch.guard(|| match &mut self.write_lock().disk {
            Some(disk) => disk.barrier(database),
            None => Ok(()),
        })
    }

    fn log(&self) -> Result<Entries, StoreError> {
        self.latch.check()?;
        Ok(self.read_lock().signed.clone())
    }

    fn append_log(&self, height: Height, entries: &[Vec<u8>]) -> Result<(), StoreError> {
        self.latch.guard(|| {
            let inner = &mut *self.write_lock();
            if inner.signed.height != height {
                inner.signed = Entries { height, ..Entries::default() };
            }
            let signed = &mut inner.signed;
            let first = u32::try_from(signed.entries.len()).unwrap_or(u32::MAX);
            let encoded = encode_entries(height, first, signed.sum, entries).map_err(|length| {
                let reason = format!("an entry of {length} bytes");
                StoreError::Io { path: "memory/signer".into(), reason }
            });
            let (bytes, sum) = encoded?;
            let place = signed.end;
            signed.sum = sum;
            signed.end += bytes.len() as u64;
            signed.entries.extend_from_slice(entries);
            match &mut inner.disk {
                Some(disk) => {
                    let place = usize::try_from(place).unwrap_or(usize::MAX);
                    disk.append(slot_of(height), place, bytes)
                }
                None => Ok(()),
            }
        })
    }

    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        self.latch.check()?;
        let mut inner = self.write_lock();
        let version = inner.version;
        *inner.readers.entry(version).or_default() += 1;
        Ok(Arc::new(Snapshot { store: self.clone(), version }))
    }
}

/// Reads one version; its versions are kept while it lives.
struct Snapshot {
    store: MemoryStore,
    version: u64,
}

impl Read for Snapshot {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.store.read_lock().get(column, key, self.version))
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(self.store.read_lock().scan(column, range, reverse, limit, self.version))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut inner = self.store.write_lock();
        if let Some(count) = inner.readers.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                inner.readers.remove(&self.version);
                inner.forget_removed();
            }
        }
    }
}
