//! The state tree of the newest executed height, shared between the executing thread and proofs.

use crate::{
    fault::Fault,
    store::{Column, Range, Read, WriteBatch, column, state::Applied},
};
use codec::{DecodeAll, Encode};
use dure_runtime::{
    StateDelta,
    state::{read::key_hash, tree::StateTree},
};
use dure_types::{Hash, Height};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Buckets of a new tree: 65,536, in 8 MiB of memory; good to a million entries.
pub(super) const BUCKETS_LOG2: u8 = 16;

/// A tree with the height that it is after.
pub(super) struct Grown {
    pub(super) tree: StateTree,
    pub(super) height: Height,
}

/// The tree, changed by the executing thread alone. The store's state and the tree move together
/// while the write lock is held.
pub struct Tree(RwLock<Grown>);

impl Tree {
    pub(super) fn new(tree: StateTree, height: Height) -> Self {
        Self(RwLock::new(Grown { tree, height }))
    }

    /// Builds the tree from its stored buckets.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn load(reader: &dyn Read, applied: &Applied) -> Result<Self, Fault> {
        let stored = reader.scan(Column::Buckets, &Range::all(), false, usize::MAX)?;
        let mut buckets = Vec::with_capacity(stored.len());
        for (key, value) in stored {
            let corrupt = || Fault::Corrupt(format!("tree bucket {key:02x?}"));
            let number = <[u8; 4]>::try_from(key.as_slice()).map_err(|_| corrupt())?;
            let entries =
                Vec::<(Hash, Hash)>::decode_all(&mut value.as_slice()).map_err(|_| corrupt())?;
            buckets.push((u32::from_be_bytes(number), entries));
        }
        let tree = StateTree::load(u32::from(applied.buckets_log2), buckets)?;
        Ok(Self::new(tree, applied.height))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Grown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Grown> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Root after the newest executed height.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.read().tree.root()
    }
}

/// Changes the tree as the delta says, adds the changed buckets to the writes, returns the root.
pub(super) fn update(tree: &mut StateTree, delta: &StateDelta, writes: &mut WriteBatch) -> Hash {
    let hashes = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
        (key_hash(key), value.as_deref().map(key_hash))
    };
    let changes: Vec<_> = delta.iter().map(hashes).collect();
    let update = tree.update(&changes);
    for number in update.buckets {
        let entries = tree.bucket(number);
        if entries.is_empty() {
            writes.delete(Column::Buckets, column::bucket(number));
        } else {
            writes.put(Column::Buckets, column::bucket(number), entries.encode());
        }
    }
    update.root
}
