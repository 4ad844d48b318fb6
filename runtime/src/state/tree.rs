//! The state tree: what the state root of a height commits to (DESIGN D11).
//!
//! A compact sparse Merkle tree over hashes of keys and values, equal in root to the `jmt` crate
//! with BLAKE3 (`dure_light::state` has the definition). That crate costs 25 us a changed key,
//! more than the signature of the transaction that changed it; here the levels that nearly every
//! change passes are flat arrays over 2^k buckets, so that a change costs a few cache lines, one
//! leaf hash and the nodes that it does not share with its neighbours.
//!
//! k is local: it trades memory (about 120 bytes a bucket) for speed, enters no root, and may
//! differ from node to node and from start to start. Near the number of entries is best.
//!
//! **Invariant:** holds hashes only; values stay in the store.

use super::{
    branch::{Branch, Bucket, Change, Entry},
    proof,
    read::Fault,
    undo::TreeView,
};
use dure_types::{Hash, StateProof};

/// Greatest number of buckets as a power of two: 64 Mi buckets, 8 GiB of memory.
pub const BUCKETS_LOG2_MAX: u32 = 26;

/// State tree of one height, in memory.
///
/// # Determinism
/// Root and proofs depend on the entries alone: not on k, or on the order in which they came.
#[derive(Clone, Debug)]
pub struct StateTree {
    branch: Branch,
}

/// What an update did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeUpdate {
    /// Root after it.
    pub root: Hash,
    /// Buckets whose entries changed, ascending: to be stored again.
    pub buckets: Vec<u32>,
    /// Old value hash of every key that did change, ascending by key hash: the undo record.
    pub previous: Vec<(Hash, Option<Hash>)>,
}

impl StateTree {
    /// Makes an empty tree over 2^`buckets_log2` buckets, at most 2^[`BUCKETS_LOG2_MAX`].
    #[must_use]
    pub fn new(buckets_log2: u32) -> Self {
        Self { branch: Branch::new(0, buckets_log2.min(BUCKETS_LOG2_MAX)) }
    }

    /// Makes the tree of stored buckets, each at most once, in any order.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] when a bucket does not exist, comes twice, is unsorted, or holds a key of
    /// another bucket, as after a start with another `buckets_log2`.
    pub fn load(
        buckets_log2: u32,
        buckets: impl IntoIterator<Item = (u32, Vec<(Hash, Hash)>)>,
    ) -> Result<Self, Fault> {
        let mut tree = Self::new(buckets_log2);
        for (number, entries) in buckets {
            tree.check_bucket(number, &entries).map_err(|reason| {
                Fault::Corrupt(format!("bucket {number} of the state tree {reason}"))
            })?;
            tree.branch.set_bucket(number as usize, entries);
        }
        tree.branch.join_all();
        Ok(tree)
    }

    fn check_bucket(&self, number: u32, entries: &[Entry]) -> Result<(), &'static str> {
        match self.branch.bucket(number as usize) {
            None => return Err("is above the number of buckets"),
            Some(Bucket::Plain(there)) if there.is_empty() => {}
            Some(_) => return Err("is there twice"),
        }
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err("is not sorted");
        }
        if entries.iter().any(|(key, _)| self.branch.index_of(key) != number as usize) {
            return Err("holds a key of another bucket");
        }
        Ok(())
    }

    /// Binary logarithm of the number of buckets.
    #[must_use]
    pub const fn buckets_log2(&self) -> u32 {
        self.branch.width()
    }

    /// Root of the tree; [`dure_light::state::EMPTY`] when it holds nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.branch.root().hash
    }

    /// Makes all changes of a block. Of two changes of one key the later counts.
    ///
    /// A key that is given the value that it has, or that is removed and was not there, counts as
    /// unchanged. The cost for 20,000 keys among a million is about 2 us a key.
    pub fn update(&mut self, changes: &[(Hash, Option<Hash>)]) -> TreeUpdate {
        let changes = sorted(changes, Winner::Last);
        let mut previous = Vec::with_capacity(changes.len());
        let buckets = self.branch.apply(&changes, &mut previous);
        TreeUpdate { root: self.root(), buckets, previous }
    }

    /// Key and value hashes of a bucket, ascending, as the store keeps them for
    /// [`StateTree::load`]. None when there is no such bucket.
    #[must_use]
    pub fn bucket(&self, number: u32) -> Vec<(Hash, Hash)> {
        let mut entries = Vec::new();
        if let Some(bucket) = self.branch.bucket(number as usize) {
            bucket.collect(&mut entries);
        }
        entries
    }

    /// Proves what a key hash leads to: a value hash, or nothing.
    #[must_use]
    pub fn prove(&self, key: Hash) -> StateProof {
        proof::prove(&self.branch, &key)
    }

    /// The tree as it was before some updates, without changing it.
    ///
    /// `undo` is the [`TreeUpdate::previous`] of each of them, the oldest height first: where a
    /// key changed several times, its first mention is what it was.
    #[must_use]
    pub fn view(&self, undo: &[(Hash, Option<Hash>)]) -> TreeView<'_> {
        TreeView::new(&self.branch, &sorted(undo, Winner::First))
    }
}

/// Which of several changes of one key counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Winner {
    First,
    Last,
}

/// Sorts changes by key hash, each key once.
fn sorted(changes: &[Change], winner: Winner) -> Vec<Change> {
    // Sorting 16 bytes a change and gathering after is a third faster than moving 65 each time.
    // Equal prefixes of different keys are left to the second pass, which seldom has work.
    let mut order: Vec<(u64, u32)> =
        changes.iter().zip(0u32..).map(|((key, _), index)| (prefix(key), index)).collect();
    order.sort_unstable();
    let mut sorted: Vec<Change> =
        order.iter().filter_map(|(_, index)| changes.get(*index as usize).copied()).collect();
    if !sorted.is_sorted_by(|(a, _), (b, _)| a < b) {
        sorted.sort_by_key(|(key, _)| *key);
        sorted.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same && winner == Winner::Last {
                kept.1 = next.1;
            }
            same
        });
    }
    sorted
}

/// First eight bytes of a key hash as a number.
fn prefix(key: &Hash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}
