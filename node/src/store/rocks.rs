//! The store on disk: two RocksDB databases under one directory.

use super::{
    Column, Database, Entry, Range, Read, SignerFile, Store, StoreError, WriteBatch, latch::Latch,
    schema, signer::Entries,
};
use dure_types::{Hash, Height};
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Direction,
    ErrorKind, FlushOptions, IteratorMode, Options, ReadOptions, Snapshot, WriteOptions,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Values of batches from this size on live in blob files, outside compaction.
const BLOB_BYTES_MIN: u64 = 4_096;
/// Memory of one column before it is flushed.
const WRITE_BUFFER_BYTES: usize = 64 << 20;
/// Memory for blocks read from disk.
const BLOCK_CACHE_BYTES: usize = 256 << 20;

/// What is read of a database before it is opened for writing.
const fn looked_at(database: Database) -> &'static [Column] {
    match database {
        Database::Ledger => {
            &[Column::LedgerMeta, Column::Headers, Column::Certificates, Column::Batches]
        }
        Database::State => &[Column::StateMeta],
    }
}

/// Both databases. Clones are the same store.
#[derive(Clone)]
pub struct RocksStore {
    databases: Arc<Databases>,
    signer: Arc<SignerFile>,
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
        Closed::look(path, chain)?.open(chain)
    }
}

/// A data directory that is ours alone and whose databases nothing was written to yet.
///
/// Opening a database for writing cuts off what it cannot read of its log, for good. Read-only, the
/// same records are read and all files stay as they are, so that a ledger that ends too early, or
/// before its state, can still be refused.
pub struct Closed {
    signer: SignerFile,
    ledger: Option<DB>,
    state: Option<DB>,
    path: PathBuf,
}

impl Closed {
    /// Takes the directory, and makes it where there is none.
    ///
    /// # Errors
    /// [`StoreError`] says what the operator should look at.
    pub fn look(path: &Path, chain: Hash) -> Result<Self, StoreError> {
        probe(path)?;
        // Its lock comes first: only then is what we read not being written.
        let signer = SignerFile::open(path)?;
        let (ledger, state) = (look(path, Database::Ledger)?, look(path, Database::State)?);
        let closed = Self { signer, ledger, state, path: path.to_owned() };
        for database in Database::ALL {
            schema::check(&closed, database, chain, &closed.path_of(database))?;
        }
        Ok(closed)
    }

    /// Reads the signer's log.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn log(&self) -> Result<Entries, StoreError> {
        self.signer.log()
    }

    /// Opens both databases, and makes what is missing.
    ///
    /// # Errors
    /// [`StoreError`] says what the operator should look at.
    pub fn open(self, chain: Hash) -> Result<RocksStore, StoreError> {
        let Self { signer, ledger, state, path } = self;
        drop((ledger, state));
        let databases = Databases {
            ledger: open(&path, Database::Ledger)?,
            state: open(&path, Database::State)?,
            path: path.display().to_string(),
        };
        let (databases, signer) = (Arc::new(databases), Arc::new(signer));
        let store = RocksStore { databases, signer, latch: Arc::default() };
        schema::claim(&store, chain, &store.databases.path)?;
        Ok(store)
    }

    fn path_of(&self, database: Database) -> String {
        self.path.join(database.name()).display().to_string()
    }

    /// A column of a database that is there, with the path of the database.
    fn find(&self, column: Column) -> Result<Option<(&DB, &ColumnFamily, String)>, StoreError> {
        let database = column.database();
        let open = match database {
            Database::Ledger => &self.ledger,
            Database::State => &self.state,
        };
        let Some(open) = open else { return Ok(None) };
        let path = self.path_of(database);
        Ok(Some((open, family(open, column, || path.clone())?, path)))
    }
}

impl Read for Closed {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((database, family, path)) = self.find(column)? else { return Ok(None) };
        database.get_cf(family, key).map_err(|error| read_error(&path, &error))
    }

    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let Some((database, family, path)) = self.find(column)? else { return Ok(Vec::new()) };
        let bounds = (range, reverse, limit);
        scan(database, family, bounds, ReadOptions::default())
            .map_err(|error| read_error(&path, &error))
    }
}

/// Opens a database read-only; none where there is none, or one whose making a crash cut short:
/// RocksDB makes columns one after another, and nothing is written before the last.
fn look(path: &Path, database: Database) -> Result<Option<DB>, StoreError> {
    let (path, columns) = (path.join(database.name()), looked_at(database));
    if !path.join("CURRENT").exists() {
        return Ok(None);
    }
    let failed = |error: rocksdb::Error| open_error(&path.display().to_string(), &error);
    let options = database_options(database);
    let present = DB::list_cf(&options, &path).map_err(failed)?;
    if columns.iter().any(|column| !present.iter().any(|name| name == column.name())) {
        return Ok(None);
    }
    let cache = rocksdb::Cache::new_lru_cache(BLOCK_CACHE_BYTES);
    let families = columns
        .iter()
        .map(|column| ColumnFamilyDescriptor::new(column.name(), column_options(*column, &cache)));
    DB::open_cf_descriptors_read_only(&options, &path, families, false).map(Some).map_err(failed)
}

fn family(
    database: &DB,
    column: Column,
    path: impl Fn() -> String,
) -> Result<&ColumnFamily, StoreError> {
    database.cf_handle(column.name()).ok_or_else(|| StoreError::Corrupt {
        path: path(),
        reason: format!("column {} is missing", column.name()),
    })
}

/// Reads up to a limit of entries of a range, from its start or in reverse from its end.
fn scan(
    database: &DB,
    family: &ColumnFamily,
    (range, reverse, limit): (&Range, bool, usize),
    mut options: ReadOptions,
) -> Result<Vec<Entry>, rocksdb::Error> {
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
    database
        .iterator_cf_opt(family, options, mode)
        .take(limit)
        .map(|entry| entry.map(|(key, value)| (key.into_vec(), value.into_vec())))
        .collect()
}

fn read_error(path: &str, error: &rocksdb::Error) -> StoreError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt { path, reason },
        _ => StoreError::of_io(path, reason),
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
        // A torn tail of the log is what a loss of power leaves, and RocksDB cannot tell it from
        // damage there; a hole in the middle is damage. The signer's log tells what must be there.
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
        family(self.of(database), column, || self.path(database))
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
        options: ReadOptions,
    ) -> Result<Vec<Entry>, StoreError> {
        let database = column.database();
        let bounds = (range, reverse, limit);
        scan(self.of(database), self.family(column)?, bounds, options)
            .map_err(|error| self.error(database, &error))
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
        read_error(&self.path(database), error)
    }
}

/// Sorts what can go wrong at opening by what the operator should do. RocksDB tells some of it in
/// words only.
fn open_error(path: &str, error: &rocksdb::Error) -> StoreError {
    told(path.to_owned(), &error.kind(), error.to_string())
}

fn told(path: String, kind: &ErrorKind, reason: String) -> StoreError {
    // Not what the path says.
    let words = reason.replace(&path, "");
    let says = |word: &str| words.contains(word);
    match kind {
        // Before the lock: it may be the lock's file that we may not write.
        ErrorKind::IOError if says("Permission denied") || says("Read-only") => {
            StoreError::NotWritable { path, reason }
        }
        ErrorKind::IOError if says("/LOCK") => StoreError::InUse { path },
        ErrorKind::IOError if !says("No such file") => StoreError::of_io(path, reason),
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

    fn log(&self) -> Result<Entries, StoreError> {
        self.latch.check()?;
        self.signer.log()
    }

    fn append_log(&self, height: Height, entries: &[Vec<u8>]) -> Result<(), StoreError> {
        self.latch.guard(|| self.signer.append(height, entries))
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

#[cfg(test)]
mod tests {
    use super::{ErrorKind, StoreError, told};

    /// Words as RocksDB 10 says them; what we cannot bring about as root is told from them alone.
    #[test]
    fn what_an_operator_should_do_is_told_by_the_words_of_the_system() {
        let of = |reason: &str| told("/srv/blockchain".into(), &ErrorKind::IOError, reason.into());
        let lock = "IO error: While lock file: /srv/blockchain/LOCK: ";
        let held = of(&format!("{lock}Resource temporarily unavailable"));
        assert!(matches!(held, StoreError::InUse { .. }), "{held}");
        let own =
            of("IO error: lock hold by current process, acquire time 17: /srv/blockchain/LOCK");
        assert!(matches!(own, StoreError::InUse { .. }), "{own}");
        let open = "IO error: While open a file for lock: /srv/blockchain/LOCK: ";
        for reason in ["Permission denied", "Read-only file system"] {
            let refused = of(&format!("{open}{reason}"));
            assert!(matches!(refused, StoreError::NotWritable { .. }), "{refused}");
        }
        let written = "IO error: While appending to file: /srv/blockchain/000012.log: ";
        for reason in ["No space left on device", "Disk quota exceeded"] {
            let full = of(&format!("{written}{reason}"));
            assert!(full.is_full(), "{full}");
        }
        let broken = of(&format!("{written}Input/output error"));
        assert!(matches!(broken, StoreError::Io { .. }), "{broken}");
        let missing =
            of("IO error: No such file or directory: While open /srv/blockchain/000012.sst");
        assert!(matches!(missing, StoreError::Corrupt { .. }), "{missing}");
    }
}
