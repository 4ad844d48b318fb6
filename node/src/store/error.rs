//! What can go wrong with the store.

use super::Database;
use dure_types::Hash;
use std::path::Path;

/// Says why the store could not be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory cannot be created or written: check owner, mode, and free space.
    #[error("{path} is not writable: {reason}")]
    NotWritable {
        /// The directory.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Another process has the database open: stop it, or choose another directory.
    #[error("{path} is in use by another process: stop it, or take another --data-dir")]
    InUse {
        /// The database.
        path: String,
    },
    /// The files are damaged. The state is computed again from the ledger; a ledger is to be had from
    /// a copy alone.
    #[error("{path} is corrupt: {reason}; {}", way_out(path))]
    Corrupt {
        /// The database.
        path: String,
        /// What was found.
        reason: String,
    },
    /// The database belongs to another chain: choose the right directory or genesis.
    #[error(
        "{path} holds chain {found}; this is chain {expected}: give that chain's genesis, or take \
         another --data-dir"
    )]
    OtherChain {
        /// The database.
        path: String,
        /// Chain id stored.
        found: Hash,
        /// Chain id of our genesis.
        expected: Hash,
    },
    /// Written by a later release: run that one.
    #[error("{path} has schema {found}; this release knows {known}")]
    NewerSchema {
        /// The database.
        path: String,
        /// Schema stored.
        found: u32,
        /// Newest that we know.
        known: u32,
    },
    /// Written by an earlier release, whose data this one does not read: run that one, or begin anew.
    #[error(
        "{path} has schema {found}, of an earlier release; this one reads {known} alone: run that \
         release, or take another --data-dir"
    )]
    OlderSchema {
        /// The database.
        path: String,
        /// Schema stored.
        found: u32,
        /// The one that we read.
        known: u32,
    },
    /// A read or write failed.
    #[error("{path}: {reason}")]
    Io {
        /// The database.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The disk, or what the user may have of it, is full: make room, then start again. What was
    /// final is kept.
    #[error("{path} is full: {reason}; what was final is kept; make room and start again")]
    Full {
        /// The database or file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// An earlier write failed, so that nothing more is trusted to this store.
    #[error("the store refuses work after an earlier failure: {0}")]
    Latched(Box<Self>),
}

/// What to do about damaged files.
fn way_out(path: &str) -> &'static str {
    if Path::new(path).file_name().is_some_and(|name| name == Database::State.name()) {
        "move that folder away and start again: it is computed from the ledger"
    } else {
        "put a copy of the whole data directory back"
    }
}

impl StoreError {
    /// What a failed read or write of a database or file is.
    #[must_use]
    pub fn of_io(path: String, reason: String) -> Self {
        // The words of the system: RocksDB hands on nothing else.
        let full = ["No space left on device", "Disk quota exceeded"];
        if full.iter().any(|words| reason.contains(words)) {
            return Self::Full { path, reason };
        }
        Self::Io { path, reason }
    }

    /// Whether the disk is full, or was at the write that latched the store.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Latched(first) => first.is_full(),
            _ => false,
        }
    }
}
