//! The store on disk: two RocksDB databases under one directory.

use super::{
    Column, Database, Entry, Range, Read, Store, StoreError, WriteBatch, latch::Latch, schema,
};
use dure_types::Hash;
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Direction,
    ErrorKind, FlushOptions, IteratorMode, Options, ReadOptions, Snapshot, WriteOptions,
};
use std::{path::Path, sync::Arc};

/// Values of batches from this size on live in blob files, outside compaction.
const BLOB_BYTES_MIN: u64 = 4_096;
/// Memory of one column before it is flushed.
const WRITE_BUFFER_BYTES: usize = 64 << 20;
/// Memory for blocks read from disk.
const BLOCK_CACHE_BYTES: usize = 256 << 20;

/// Both databases. Clones are the same store.
#[derive(Clone)]
pub struct RocksStore {
    databases: Arc<Databases>,
    latch: Arc<Latch>,
}

struct Databases {
    ledger: DB,
    state: DB,
    path: String,
}

impl RocksStore {
    /// Opens both databases of a chain, and makes them when the directory is empty.
    ///
    /// # Errors
    /// [`StoreError`] says what the operator should look at.
    pub fn open(path: &Path, chain: Hash) -> Result<Self, StoreError> {
        probe(path)?;
        let databases = Databases {
            ledger: open(path, Database::Ledger)?,
            state: open(path, Database::State)?,
            path: path.display().to_string(),
        };
        let store = Self { databases: Arc::new(databases), latch: Arc::default() };
        schema::claim(&store, chain, &store.databases.path)?;
        Ok(store)
    }
}

/// Makes the directory and writes a file in it: the plainest message for the commonest mistake.
fn probe(path: &Path) -> Result<(), StoreError> {
    let refuse = |error: std::io::Error| StoreError::NotWritable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::create_dir_all(path).map_err(refuse)?;
    let file = path.join(".writable");
    std::fs::write(&file, b"").map_err(refuse)?;
    std::fs::remove_file(&file).map_err(refuse)
}

fn open(path: &Path, database: Database) -> Result<DB, StoreError> {
    let path = path.join(database.name());
    let cache = rocksdb::Cache::new_lru_cache(BLOCK_CACHE_BYTES);
    let columns = Column::ALL.iter().filter(|column| column.database() == database);
    let families = columns
        .map(|column| ColumnFamilyDescriptor::new(column.name(), column_options(*column, &cache)));
    DB::open_cf_descriptors(&database_options(database), &path, families)
        .map_err(|error| open_error(&path.display().to_string(), &error))
}

fn database_options(database: Database) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_max_background_jobs(2);
    options.set_keep_log_file_num(4);
    options.set_max_open_files(512);
    match database {
        // A torn tail of the log is what a loss of power leaves; a hole in the middle is damage.
        Database::Ledger => {
            options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords)
        }
        Database::State => options.set_atomic_flush(true),
    }
    options
}

fn column_options(column: Column, cache: &rocksdb::Cache) -> Options {
    let mut options = Options::default();
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_compression_type(DBCompressionType::Lz4);
    let mut table = rocksdb::BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_bloom_filter(10.0, false);
    options.set_block_based_table_factory(&table);
    if column == Column::Batches {
        options.set_enable_blob_files(true);
        options.set_min_blob_size(BLOB_BYTES_MIN);
        options.set_enable_blob_gc(true);
    }
    options
}

impl Databases {
    fn of(&self, database: Database) -> &DB {
        match database {
            Database::Ledger => &self.ledger,
            Database::State => &self.state,
        }
    }

    fn path(&self, database: Database) -> String {
        format!("{}/{}", self.path, database.name())
    }

    fn family(&self, column: Column) -> Result<&ColumnFamily, StoreError> {
        let database = column.database();
        self.of(database).cf_handle(column.name()).ok_or_else(|| StoreError::Corrupt {
            path: self.path(database),
            reason: format!("column {} is missing", column.name()),
        })
    }

    fn get(
        &self,
        column: Column,
        key: &[u8],
        options: &ReadOptions,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.of(column.database())
            .get_cf_opt(self.family(column)?, key, options)
            .map_err(|error| self.error(column.database(), &error))
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
        mut options: ReadOptions,
    ) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        options.set_iterate_lower_bound(range.start.clone());
        if let Some(end) = &range.end {
            options.set_iterate_upper_bound(end.clone());
        }
        let mode = if reverse {
            IteratorMode::End
        } else {
            IteratorMode::From(&range.start, Direction::Forward)
        };
        self.of(column.database())
            .iterator_cf_opt(self.family(column)?, options, mode)
            .take(limit)
            .map(|entry| match entry {
                Ok((key, value)) => Ok((key.into_vec(), value.into_vec())),
                Err(error) => Err(self.error(column.database(), &error)),
            })
            .collect()
    }

    fn write(&self, batch: &WriteBatch) -> Result<(), StoreError> {
        let mut writes = rocksdb::WriteBatch::default();
        for (column, key, value) in batch.operations() {
            let family = self.family(*column)?;
            match value {
                Some(value) => writes.put_cf(family, key, value),
                None => writes.delete_cf(family, key),
            }
        }
        let mut options = WriteOptions::default();
        options.disable_wal(batch.database() == Database::State);
        self.of(batch.database())
            .write_opt(writes, &options)
            .map_err(|error| self.error(batch.database(), &error))
    }

    fn barrier(&self, database: Database) -> Result<(), StoreError> {
        let done = match database {
            Database::Ledger => self.ledger.flush_wal(true),
            Database::State => {
                let columns = Column::ALL.iter().filter(|c| c.database() == database);
                let families =
                    columns.map(|c| self.family(*c)).collect::<Result<Vec<_>, StoreError>>()?;
                let mut options = FlushOptions::default();
                options.set_wait(true);
                self.state.flush_cfs_opt(&families, &options)
            }
        };
        done.map_err(|error| self.error(database, &error))
    }

    fn error(&self, database: Database, error: &rocksdb::Error) -> StoreError {
        let (path, reason) = (self.path(database), error.to_string());
        match error.kind() {
            ErrorKind::Corruption => StoreError::Corrupt { path, reason },
            _ => StoreError::Io { path, reason },
        }
    }
}

/// Sorts what can go wrong at opening by what the operator should do. RocksDB tells some of it in
/// words only.
fn open_error(path: &str, error: &rocksdb::Error) -> StoreError {
    let (path, reason) = (path.to_owned(), error.to_string());
    let says = |word: &str| reason.contains(word);
    match error.kind() {
        ErrorKind::IOError if says("lock") => StoreError::InUse { path },
        ErrorKind::IOError
            if says("Permission denied") || says("Read-only") || says("No space") =>
        {
            StoreError::NotWritable { path, reason }
        }
        ErrorKind::IOError if !says("No such file") => StoreError::Io { path, reason },
        _ => StoreError::Corrupt { path, reason },
    }
}

impl Read for RocksStore {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.latch.check()?;
        self.databases.get(column, key, &ReadOptions::default())
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.latch.check()?;
        self.databases.scan(column, range, reverse, limit, ReadOptions::default())
    }
}

impl Store for RocksStore {
    fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.latch.guard(|| self.databases.write(&batch))
    }

    fn barrier(&self, database: Database) -> Result<(), StoreError> {
        self.latch.guard(|| self.databases.barrier(database))
    }

    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        self.latch.check()?;
        let databases = Arc::clone(&self.databases);
        // SAFETY: the reference outlives the snapshots, since `RocksSnapshot` owns a share of what
        // it points to, on the heap, and drops its fields in order: the snapshots first.
        let shared: &'static Databases = unsafe { &*Arc::as_ptr(&databases) };
        // State first, so that the ledger part is never behind it.
        let state = shared.state.snapshot();
        let ledger = shared.ledger.snapshot();
        Ok(Arc::new(RocksSnapshot { state, ledger, databases }))
    }
}

/// Both databases as they were. The order of the fields is that of their drop.
struct RocksSnapshot {
    state: Snapshot<'static>,
    ledger: Snapshot<'static>,
    databases: Arc<Databases>,
}

impl RocksSnapshot {
    fn options(&self, database: Database) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.set_snapshot(match database {
            Database::Ledger => &self.ledger,
            Database::State => &self.state,
        });
        options
    }
}

impl Read for RocksSnapshot {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.databases.get(column, key, &self.options(column.database()))
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.databases.scan(column, range, reverse, limit, self.options(column.database()))
    }
}
