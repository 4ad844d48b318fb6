//! Reading state: the one way in which the executor learns what was there before a block.

use dure_types::Hash;
use std::collections::BTreeMap;

/// Stops the node: our disk, our bug or our configuration, never a contract's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store could not be read.
    #[error("state could not be read: {0}")]
    Storage(String),
    /// What is stored does not decode.
    #[error("state is corrupt: {0}")]
    Corrupt(String),
    /// The virtual machine failed in a way that depends on this machine.
    #[error("virtual machine: {0}")]
    Vm(String),
}

/// One state key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What a block changes: a value, or `None` where a key is removed. Only real changes: a key that
/// ends with the value that it had is not listed.
pub type StateDelta = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key that a block changed, and its value before: none where it was absent.
pub type Before = (Vec<u8>, Option<Vec<u8>>);

/// State after one height, as the store holds it.
///
/// # Determinism
/// Two honest nodes at the same height answer the same to every call.
pub trait StateRead: Send + Sync {
    /// Reads the value of a state key.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// Reads up to `limit` entries with `start <= key < end`, ascending, or descending from the
    /// last one when `reverse`.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault>;
}

impl StateRead for BTreeMap<Vec<u8>, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(Self::get(self, key).cloned())
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let range = self
            .range::<[u8], _>((std::ops::Bound::Included(start), std::ops::Bound::Excluded(end)));
        let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if reverse {
            range.rev().take(limit).map(own).collect()
        } else {
            range.take(limit).map(own).collect()
        })
    }
}

/// BLAKE3 of a state key or a value, as the tree takes it.
#[must_use]
pub fn key_hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}
