//! The state tree: its definition (DESIGN D11, that of the `jmt` crate over BLAKE3), and proofs.
//!
//! Keys are placed by the bits of BLAKE3(state key), most significant first. A subtree of one leaf
//! is that leaf, wherever it stands; a subtree of none is [`EMPTY`]; any other is
//! `BLAKE3("JMT::IntrnalNode" | left | right)`.

use dure_types::{Hash, ProofLeaf, StateProof, domain::blake3_hash};

/// The subtree, and the tree, that holds nothing.
pub const EMPTY: Hash = Hash(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

/// Bits of a key hash: the greatest depth of a leaf.
pub const DEPTH_MAX: u16 = 256;

/// Says why a state proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateProofError {
    /// Deeper than a key hash has bits.
    #[error("depth {depth} exceeds the limit of {limit}")]
    TooDeep {
        /// Levels claimed.
        depth: u16,
        /// Levels allowed.
        limit: u16,
    },
    /// Bitmap, depth and siblings do not fit together.
    #[error("depth {depth}, {present} bytes of bitmap and {siblings} siblings do not fit")]
    Siblings {
        /// Levels claimed.
        depth: u16,
        /// Bytes of the bitmap.
        present: usize,
        /// Siblings sent.
        siblings: usize,
    },
    /// The proof is of presence where absence was claimed, or the other way round.
    #[error("the proof shows that the key has {} value", if *present { "a" } else { "no" })]
    OtherClaim {
        /// Whether the proof is of presence.
        present: bool,
    },
    /// The other leaf would not stand where the key would.
    #[error("the leaf of {other} says nothing about {key} at depth {depth}")]
    Unrelated {
        /// Hash of the state key.
        key: Hash,
        /// Hash of the key whose leaf was sent.
        other: Hash,
        /// Levels claimed.
        depth: u16,
    },
    /// Leaf and siblings lead to another root.
    #[error("the proof leads to {computed}, not to the root {root}")]
    OtherRoot {
        /// Root expected.
        root: Hash,
        /// Root that the proof leads to.
        computed: Hash,
    },
}

/// Hashes a leaf from the hashes of its key and value.
#[must_use]
pub fn leaf_hash(key: &Hash, value: &Hash) -> Hash {
    let mut bytes = [0; 77];
    let (tag, rest) = bytes.split_at_mut(13);
    tag.copy_from_slice(b"JMT::LeafNode");
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(&key.0);
    second.copy_from_slice(&value.0);
    Hash(*blake3::hash(&bytes).as_bytes())
}

/// Hashes an inner node. Its domain is spelt as the `jmt` crate spells it, to fit 16 bytes.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 80];
    let (tag, rest) = bytes.split_at_mut(16);
    tag.copy_from_slice(b"JMT::IntrnalNode");
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    Hash(*blake3::hash(&bytes).as_bytes())
}

/// Bit `depth` of a key hash, from the most significant; past the end, false.
#[must_use]
pub fn bit(key: &Hash, depth: usize) -> bool {
    let mask = 0x80u8.wrapping_shr((depth & 7) as u32);
    key.0.get(depth >> 3).is_some_and(|byte| byte & mask != 0)
}

/// Checks that the state key has this value, or none, under a state root.
///
/// # Errors
/// [`StateProofError`]; at most 256 levels are hashed, whatever the proof says.
///
/// # Example
/// ```
/// use dure_light::{state::EMPTY, verify_state_proof};
/// use dure_types::{ProofLeaf, StateProof};
/// let proof = StateProof { leaf: ProofLeaf::None, depth: 0, present: vec![], siblings: vec![] };
/// assert!(verify_state_proof(EMPTY, b"key", None, &proof).is_ok());
/// assert!(verify_state_proof(EMPTY, b"key", Some(b"value"), &proof).is_err());
/// ```
pub fn verify_state_proof(
    root: Hash,
    key: &[u8],
    value: Option<&[u8]>,
    proof: &StateProof,
) -> Result<(), StateProofError> {
    verify_hashed(root, blake3_hash(key), value.map(blake3_hash), proof)
}

/// [`verify_state_proof`] for one who has the hashes of key and value only.
///
/// # Errors
/// As [`verify_state_proof`].
pub fn verify_hashed(
    root: Hash,
    key: Hash,
    value: Option<Hash>,
    proof: &StateProof,
) -> Result<(), StateProofError> {
    check_siblings(proof)?;
    let depth = proof.depth;
    let leaf = match (&proof.leaf, value) {
        (ProofLeaf::Own, Some(value)) => leaf_hash(&key, &value),
        (ProofLeaf::None, None) => EMPTY,
        (ProofLeaf::Other { key: other, value }, None) => {
            let shared = (0..usize::from(depth)).all(|level| bit(&key, level) == bit(other, level));
            if *other == key || !shared {
                return Err(StateProofError::Unrelated { key, other: *other, depth });
            }
            leaf_hash(other, value)
        }
        (ProofLeaf::Own, None) => return Err(StateProofError::OtherClaim { present: true }),
        (ProofLeaf::None | ProofLeaf::Other { .. }, Some(_)) => {
            return Err(StateProofError::OtherClaim { present: false });
        }
    };
    let mut siblings = proof.siblings.iter();
    let computed = (0..depth).fold(leaf, |below, from_bottom| {
        let sibling = if is_present(proof, from_bottom) { siblings.next() } else { None };
        let sibling = sibling.unwrap_or(&EMPTY);
        let level = usize::from(depth).saturating_sub(usize::from(from_bottom)).saturating_sub(1);
        if bit(&key, level) { node_hash(sibling, &below) } else { node_hash(&below, sibling) }
    });
    if computed == root { Ok(()) } else { Err(StateProofError::OtherRoot { root, computed }) }
}

/// Whether the sibling so many levels above the leaf was sent.
fn is_present(proof: &StateProof, from_bottom: u16) -> bool {
    let mask = 1u8.wrapping_shl(u32::from(from_bottom & 7));
    proof.present.get(usize::from(from_bottom >> 3)).is_some_and(|byte| byte & mask != 0)
}

/// Judges depth, bitmap and number of siblings. One proof has one encoding: bits above the depth
/// are zero, and a sibling that is empty is not sent.
fn check_siblings(proof: &StateProof) -> Result<(), StateProofError> {
    let (depth, limit) = (proof.depth, DEPTH_MAX);
    if depth > limit {
        return Err(StateProofError::TooDeep { depth, limit });
    }
    let bytes = usize::from(depth).div_ceil(8);
    let set =
        proof.present.iter().take(32).fold(0u32, |sum, byte| sum.saturating_add(byte.count_ones()));
    let fits = proof.present.len() == bytes
        && usize::try_from(set) == Ok(proof.siblings.len())
        && (depth..depth.next_multiple_of(8)).all(|level| !is_present(proof, level))
        && !proof.siblings.contains(&EMPTY);
    if fits {
        Ok(())
    } else {
        Err(StateProofError::Siblings {
            depth,
            present: proof.present.len(),
            siblings: proof.siblings.len(),
        })
    }
}
