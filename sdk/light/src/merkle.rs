//! The tree of receipts and events: RFC 6962 over BLAKE3.
//!
//! `leaf = BLAKE3(0x00 | bytes)`, `node = BLAKE3(0x01 | left | right)`; the left subtree of n
//! leaves has the greatest power of two below n; the root of no leaf is BLAKE3 of nothing.

use codec::Encode;
use dure_types::{Hash, MerkleProof, Outcome};

/// Says why an audit path proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MerkleProofError {
    /// The leaf would be outside the tree.
    #[error("leaf {index} of a tree of {count} leaves")]
    OutOfTree {
        /// Index of the leaf.
        index: u64,
        /// Leaves in the tree.
        count: u64,
    },
    /// The proof is of another leaf than the one asked for.
    #[error("the proof is of leaf {proved}, not of leaf {asked}")]
    OtherLeaf {
        /// Index asked for.
        asked: u64,
        /// Index in the proof.
        proved: u64,
    },
    /// The path is longer or shorter than a path of such a tree.
    #[error("a path of {length} hashes does not fit leaf {index} of {count}")]
    PathLength {
        /// Hashes in it.
        length: usize,
        /// Index of the leaf.
        index: u64,
        /// Leaves in the tree.
        count: u64,
    },
    /// Leaf and path lead to another root.
    #[error("the proof leads to {computed}, not to the root {root}")]
    OtherRoot {
        /// Root expected.
        root: Hash,
        /// Root that the proof leads to.
        computed: Hash,
    },
}

/// Hashes the bytes of one leaf.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[0]);
    hasher.update(bytes);
    Hash(*hasher.finalize().as_bytes())
}

/// Hashes two subtrees into one.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    let [_, children @ ..] = &mut bytes;
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    Hash(*blake3::hash(&bytes).as_bytes())
}

/// Checks that `leaf` stands at the proof's index under `root`.
///
/// # Errors
/// [`MerkleProofError`]; the path has at most 64 steps, whatever the proof says.
///
/// # Example
/// ```
/// use dure_light::{merkle::leaf_hash, verify_merkle_proof};
/// use dure_types::MerkleProof;
/// let only = MerkleProof { index: 0, count: 1, path: vec![] };
/// assert!(verify_merkle_proof(leaf_hash(b"coffee"), b"coffee", &only).is_ok());
/// assert!(verify_merkle_proof(leaf_hash(b"coffee"), b"tea", &only).is_err());
/// ```
pub fn verify_merkle_proof(
    root: Hash,
    leaf: &[u8],
    proof: &MerkleProof,
) -> Result<(), MerkleProofError> {
    let (index, count) = (proof.index, proof.count);
    let wrong_length = || MerkleProofError::PathLength { length: proof.path.len(), index, count };
    // The steps are those of RFC 9162, section 2.1.3.2: `place` is the node's index in its row and
    // `last` that of the row's last node.
    let last_leaf = count.checked_sub(1).filter(|last| index <= *last);
    let mut last = last_leaf.ok_or(MerkleProofError::OutOfTree { index, count })?;
    let mut place = index;
    let mut computed = leaf_hash(leaf);
    for sibling in &proof.path {
        if last == 0 {
            return Err(wrong_length());
        }
        if place & 1 == 1 || place == last {
            computed = node_hash(sibling, &computed);
            // A last node without a sibling is its own parent, until it is a right child.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            computed = node_hash(&computed, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        Err(wrong_length())
    } else if computed != root {
        Err(MerkleProofError::OtherRoot { root, computed })
    } else {
        Ok(())
    }
}

/// Checks that the transaction `id` had this `outcome` as number `index` of the block whose
/// receipts root is `root`.
///
/// # Errors
/// [`MerkleProofError`]
///
/// # Example
/// ```
/// use codec::Encode;
/// use dure_light::{merkle::leaf_hash, verify_receipt_proof};
/// use dure_types::{Hash, MerkleProof, Outcome, SkipReason};
/// let outcome = Outcome::Skipped(SkipReason::Expired);
/// let root = leaf_hash(&(0u32, Hash::ZERO, &outcome).encode());
/// let proof = MerkleProof { index: 0, count: 1, path: vec![] };
/// assert!(verify_receipt_proof(root, 0, Hash::ZERO, &outcome, &proof).is_ok());
/// ```
pub fn verify_receipt_proof(
    root: Hash,
    index: u32,
    id: Hash,
    outcome: &Outcome,
    proof: &MerkleProof,
) -> Result<(), MerkleProofError> {
    if proof.index != u64::from(index) {
        return Err(MerkleProofError::OtherLeaf { asked: index.into(), proved: proof.index });
    }
    verify_merkle_proof(root, &(index, id, outcome).encode(), proof)
}
