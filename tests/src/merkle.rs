//! The trees of `docs/formats.md`, sections 9 and 10, as the page defines them: slow, short, and
//! independent of the runtime, which must agree.

use dure_types::{Hash, MerkleProof, ProofLeaf, StateProof};
use std::collections::BTreeMap;

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(*hasher.finalize().as_bytes())
}

/// Greatest power of two below `n`, for `n` of at least 2.
const fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// RFC 6962 root over BLAKE3.
#[must_use]
pub fn list_root(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => hash(&[]),
        [leaf] => hash(&[&[0], leaf]),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            hash(&[&[1], &list_root(left).0, &list_root(right).0])
        }
    }
}

/// RFC 6962 audit path of a leaf.
///
/// # Panics
/// When there is no such leaf.
#[must_use]
pub fn list_proof(leaves: &[Vec<u8>], index: usize) -> MerkleProof {
    assert!(index < leaves.len(), "leaf {index} of {}", leaves.len());
    MerkleProof { index: index as u64, count: leaves.len() as u64, path: list_path(leaves, index) }
}

fn list_path(leaves: &[Vec<u8>], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = if index < middle {
        (list_path(left, index), list_root(right))
    } else {
        (list_path(right, index - middle), list_root(left))
    };
    path.push(sibling);
    path
}

/// Root that an audit path leads to, by the walk of section 9; `None` when the path is malformed.
#[must_use]
pub fn list_walk(leaf: &[u8], proof: &MerkleProof) -> Option<Hash> {
    let (mut index, mut last) = (proof.index, proof.count.checked_sub(1)?);
    if index > last {
        return None;
    }
    let mut node = hash(&[&[0], leaf]);
    for sibling in &proof.path {
        if last == 0 {
            return None;
        }
        if index % 2 == 1 || index == last {
            node = hash(&[&[1], &sibling.0, &node.0]);
            while index.is_multiple_of(2) && index != 0 {
                index /= 2;
                last /= 2;
            }
        } else {
            node = hash(&[&[1], &node.0, &sibling.0]);
        }
        index /= 2;
        last /= 2;
    }
    (last == 0).then_some(node)
}

/// State root of entries, by the recursion of section 10.
#[must_use]
pub fn state_root(entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Hash {
    subtree(&hashed(entries), 0)
}

/// Hash of a key and hash of its value.
type Entry = (Hash, Hash);

/// Keys and values as the tree takes them, ascending.
fn hashed(entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Entry> {
    let hashes = entries.iter().map(|(key, value)| (hash(&[key]), hash(&[value])));
    hashes.collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// Splits entries by the bit of their keys at this depth.
fn halves(entries: &[Entry], depth: usize) -> (&[Entry], &[Entry]) {
    entries.split_at(entries.partition_point(|(key, _)| !bit(key, depth)))
}

const fn bit(key: &Hash, depth: usize) -> bool {
    key.0[depth / 8] & (0x80 >> (depth % 8)) != 0
}

/// Proof that a state key has its value, or none.
#[must_use]
pub fn state_proof(entries: &BTreeMap<Vec<u8>, Vec<u8>>, key: &[u8]) -> StateProof {
    let (key, all) = (hash(&[key]), hashed(entries));
    let (mut here, mut depth, mut from_top) = (&all[..], 0, Vec::new());
    while here.len() > 1 {
        let (left, right) = halves(here, depth);
        let (next, other) = if bit(&key, depth) { (right, left) } else { (left, right) };
        depth += 1;
        from_top.push(subtree(other, depth));
        here = next;
    }
    let leaf = match here {
        [] => ProofLeaf::None,
        [(own, _)] if *own == key => ProofLeaf::Own,
        [(other, value), ..] => ProofLeaf::Other { key: *other, value: *value },
    };
    let mut present = vec![0; depth.div_ceil(8)];
    let mut siblings = Vec::new();
    for (level, sibling) in from_top.into_iter().rev().enumerate() {
        if sibling != EMPTY {
            present[level / 8] |= 1 << (level % 8);
            siblings.push(sibling);
        }
    }
    let depth = u16::try_from(depth).unwrap_or(u16::MAX);
    StateProof { leaf, depth, present, siblings }
}

const EMPTY: Hash = Hash(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

fn subtree(entries: &[Entry], depth: usize) -> Hash {
    match entries {
        [] => EMPTY,
        [(key, value)] => hash(&[b"JMT::LeafNode", &key.0, &value.0]),
        _ => {
            let (left, right) = halves(entries, depth);
            let (left, right) = (subtree(left, depth + 1), subtree(right, depth + 1));
            hash(&[b"JMT::IntrnalNode", &left.0, &right.0])
        }
    }
}
