//! Proofs out of the state tree, or out of a view of it.

use super::branch::{Branch, Bucket, Entry, Kind, Node, split};
use dure_light::state::bit;
use dure_types::{Hash, ProofLeaf, StateProof};

/// A branch as proofs see it: itself, or what it was some heights ago.
pub(super) trait Levels {
    /// The branch, for depth and width.
    fn branch(&self) -> &Branch;
    /// Node at a position in heap order.
    fn node(&self, position: usize) -> Node;
    /// Bucket by number.
    fn bucket(&self, index: usize) -> Option<&Bucket>;
}

impl Levels for Branch {
    fn branch(&self) -> &Branch {
        self
    }

    fn node(&self, position: usize) -> Node {
        Self::node(self, position)
    }

    fn bucket(&self, index: usize) -> Option<&Bucket> {
        Self::bucket(self, index)
    }
}

/// Proves what `key` leads to.
pub(super) fn prove(levels: &impl Levels, key: &Hash) -> StateProof {
    let mut siblings = Vec::with_capacity(64);
    let leaf = match descend(levels, key, &mut siblings) {
        None => ProofLeaf::None,
        Some((own, _)) if own == *key => ProofLeaf::Own,
        Some((key, value)) => ProofLeaf::Other { key, value },
    };
    let mut present = vec![0u8; siblings.len().div_ceil(8)];
    let mut sent = Vec::with_capacity(siblings.len());
    for (sibling, level) in siblings.iter().rev().zip(0usize..) {
        if sibling.kind != Kind::Empty {
            if let Some(byte) = present.get_mut(level >> 3) {
                *byte |= 1u8.wrapping_shl((level & 7) as u32);
            }
            sent.push(sibling.hash);
        }
    }
    // At most 256: key hashes differ within so many bits.
    let depth = u16::try_from(siblings.len()).unwrap_or(u16::MAX);
    StateProof { leaf, depth, present, siblings: sent }
}

/// Walks down the path of `key`, collecting siblings from the top, to the leaf at its end.
fn descend(levels: &impl Levels, key: &Hash, siblings: &mut Vec<Node>) -> Option<Entry> {
    let branch = levels.branch();
    let index = branch.index_of(key);
    let mut position = 1usize;
    for depth in branch.depth()..branch.below() {
        match levels.node(position).kind {
            Kind::Empty => return None,
            Kind::Leaf => return only_entry(levels, position),
            Kind::Inner => {}
        }
        position = position.wrapping_shl(1) | usize::from(bit(key, depth));
        siblings.push(levels.node(position ^ 1));
    }
    match levels.bucket(index)? {
        Bucket::Deep(branch) => descend(branch.as_ref(), key, siblings),
        Bucket::Plain(entries) => descend_plain(entries, branch.below(), key, siblings),
    }
}

/// The same within a plain bucket that begins at `depth`.
fn descend_plain(
    entries: &[Entry],
    depth: usize,
    key: &Hash,
    siblings: &mut Vec<Node>,
) -> Option<Entry> {
    let mut rest = entries;
    let mut depth = depth;
    while rest.len() > 1 {
        let (left, right) = split(rest, depth);
        let (own, other) = if bit(key, depth) { (right, left) } else { (left, right) };
        depth = depth.saturating_add(1);
        siblings.push(Node::over(other, depth));
        rest = own;
    }
    rest.first().copied()
}

/// The one entry of a subtree that is a single leaf.
fn only_entry(levels: &impl Levels, position: usize) -> Option<Entry> {
    let branch = levels.branch();
    let bottom = 1usize.wrapping_shl(branch.width());
    let mut position = position;
    while position < bottom {
        let left = position.wrapping_shl(1);
        position = if levels.node(left).kind == Kind::Leaf { left } else { left | 1 };
    }
    match levels.bucket(position ^ bottom)? {
        Bucket::Plain(entries) => entries.first().copied(),
        Bucket::Deep(branch) => only_entry(branch.as_ref(), 1),
    }
}
