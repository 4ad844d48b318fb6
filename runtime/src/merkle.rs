//! Roots and audit paths of receipts and events: RFC 6962 over BLAKE3.
//!
//! Ours and not the crate `ct-merkle`, which is the oracle of the tests: that crate keeps every
//! leaf and re-hashes the path to the root at each push, so n leaves cost n log n hashes where n
//! do, and it panics on an index outside the tree, which nothing below the executor may.
//! The hashes themselves are those that `dure-light` verifies with.

use dure_light::merkle::{leaf_hash, node_hash};
use dure_types::{Hash, MerkleProof};

/// Root over leaves in order; of no leaf, BLAKE3 of nothing.
///
/// Keeps one hash for each level, whatever the number of leaves.
#[must_use]
pub fn root<L: AsRef<[u8]>>(leaves: impl IntoIterator<Item = L>) -> Hash {
    // Perfect subtrees, greatest first, as a binary counter: a pending one of 2^l leaves for each
    // set bit of the number of leaves so far.
    let mut pending: Vec<Hash> = Vec::with_capacity(32);
    for (leaf, before) in leaves.into_iter().zip(0u64..) {
        let mut hash = leaf_hash(leaf.as_ref());
        for _ in 0..before.trailing_ones() {
            if let Some(left) = pending.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        pending.push(hash);
    }
    let last = pending.pop();
    last.map_or_else(
        || dure_types::domain::blake3_hash(&[]),
        |last| pending.iter().rev().fold(last, |right, left| node_hash(left, &right)),
    )
}

/// Audit path of the leaf at `index`; none when there is no such leaf.
///
/// Verified by `dure_light::verify_merkle_proof`.
#[must_use]
pub fn path<L: AsRef<[u8]>>(
    leaves: impl IntoIterator<Item = L>,
    index: u64,
) -> Option<MerkleProof> {
    let mut row: Vec<Hash> = leaves.into_iter().map(|leaf| leaf_hash(leaf.as_ref())).collect();
    let count = u64::try_from(row.len()).ok()?;
    let mut place = usize::try_from(index).ok().filter(|place| *place < row.len())?;
    let mut path = Vec::new();
    while row.len() > 1 {
        // The last of an odd row has no sibling: it is carried up as it is.
        path.extend(row.get(place ^ 1));
        row = row
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                [alone] => Some(*alone),
                _ => None,
            })
            .collect();
        place >>= 1;
    }
    Some(MerkleProof { index, count, path })
}
