//! The narrow interface of the store: all that the node may ask of a disk.

use super::{Column, Database, StoreError, signer::Entries};
use dure_types::Height;
use std::sync::Arc;

/// One key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What a batch does to one key: a value, or none to remove it.
pub type Operation = (Column, Vec<u8>, Option<Vec<u8>>);

/// Keys from `start` on and before `end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First key.
    pub start: Vec<u8>,
    /// First key after the range; none: to the column's end.
    pub end: Option<Vec<u8>>,
}

impl Range {
    /// Every key of a column.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Keys from `start` on and before `end`.
    #[must_use]
    pub fn new(start: impl Into<Vec<u8>>, end: impl Into<Vec<u8>>) -> Self {
        Self { start: start.into(), end: Some(end.into()) }
    }

    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while let Some(last) = end.last_mut() {
            if let Some(next) = last.checked_add(1) {
                *last = next;
                return Self { start: prefix.to_vec(), end: Some(end) };
            }
            end.pop();
        }
        Self { start: prefix.to_vec(), end: None }
    }

    /// Whether no key can lie in the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// Writes that happen all or none, in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteBatch {
    database: Database,
    operations: Vec<Operation>,
}

impl WriteBatch {
    /// Starts an empty batch.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database, operations: Vec::new() }
    }

    /// Sets a key. The column must belong to the batch's database.
    pub fn put(&mut self, column: Column, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.push(column, key.into(), Some(value.into()));
    }

    /// Removes a key.
    pub fn delete(&mut self, column: Column, key: impl Into<Vec<u8>>) {
        self.push(column, key.into(), None);
    }

    fn push(&mut self, column: Column, key: Vec<u8>, value: Option<Vec<u8>>) {
        assert_eq!(column.database(), self.database, "{column:?} is of the other database");
        self.operations.push((column, key, value));
    }

    /// The database written to.
    #[must_use]
    pub const fn database(&self) -> Database {
        self.database
    }

    /// What is written, in order; a later operation on a key overrules an earlier one.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The same, taken out.
    pub(super) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }

    /// Appends another batch of the same database.
    pub fn append(&mut self, other: Self) {
        assert_eq!(other.database, self.database, "batches of two databases cannot be one");
        self.operations.extend(other.operations);
    }
}

/// Reads of a store or of a snapshot.
pub trait Read: Send + Sync {
    /// Reads the value of a key.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails or an earlier write did.
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Reads up to `limit` entries of a range, ascending, or descending from its end.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn scan(
        &self,
        column: Column,
        range: &Range,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;
}

/// Two databases, `ledger` and `state`, and the signer's log.
///
/// Written batches are visible to reads at once and in order. After a crash each database holds a
/// prefix of the batches written to it, which includes all that came before its last successful
/// [`Store::barrier`]. After one failed write or barrier every later one fails with
/// [`StoreError::Latched`]: a failed fsync may have lost what it should have kept.
pub trait Store: Read {
    /// Writes a batch, all or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; from then on the store is latched.
    fn write(&self, batch: WriteBatch) -> Result<(), StoreError>;

    /// Returns once everything written to the database survives loss of power.
    ///
    /// # Errors
    /// [`StoreError`]; from then on the store is latched.
    fn barrier(&self, database: Database) -> Result<(), StoreError>;

    /// Reads the signer's log: the entries of the newest height that this node may have signed.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn log(&self) -> Result<Entries, StoreError>;

    /// Appends entries to the signer's log, apart from both databases; durable once this returns.
    /// Heights rise, and the first entries of one take the place of those of the height before the
    /// last.
    ///
    /// # Errors
    /// [`StoreError`]; from then on the store is latched. Of the entries the first few are kept.
    fn append_log(&self, height: Height, entries: &[Vec<u8>]) -> Result<(), StoreError>;

    /// Freezes what reads see now. Its ledger part is never behind its state part.
    ///
    /// # Errors
    /// As [`Read::get`].
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError>;
}
