//! Proofs of state and of receipts. Verified by `dure-light`.

use crate::Hash;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// Proof that a state key has a value, or none, under a state root (the tree of DESIGN D11, equal
/// to that of the `jmt` crate over BLAKE3).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct StateProof {
    /// What stands at the end of the key's path.
    pub leaf: ProofLeaf,
    /// Number of levels above the leaf.
    pub depth: u16,
    /// One bit for each level from the bottom, least significant first: 1 when the sibling is not
    /// the empty subtree.
    pub present: Vec<u8>,
    /// Siblings that are not empty, from the bottom.
    pub siblings: Vec<Hash>,
}

/// What stands at the end of a key's path.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub enum ProofLeaf {
    /// Nothing: the key has no value.
    None,
    /// The key's own leaf.
    Own,
    /// Another key's leaf, collapsed to this place: the key has no value.
    Other {
        /// Hash of that key.
        key: Hash,
        /// Hash of its value.
        value: Hash,
    },
}

/// RFC 6962 audit path of one leaf.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct MerkleProof {
    /// Index of the leaf.
    pub index: u64,
    /// Number of leaves in the tree.
    pub count: u64,
    /// Siblings from the bottom.
    pub path: Vec<Hash>,
}
