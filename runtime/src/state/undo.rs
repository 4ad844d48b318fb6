//! The state tree as it was some heights ago.
//!
//! Roots are certified up to 16 heights after they are executed, and a proof is worth something
//! only under a certified root. So a view lays over the tree the few buckets and nodes that
//! differed then; the rest is read through.

use super::{
    branch::{Branch, Bucket, Change, Node},
    proof::{self, Levels},
};
use dure_types::{Hash, StateProof};

/// A tree with some changes taken back. Made by [`super::tree::StateTree::view`].
#[derive(Clone, Debug)]
pub struct TreeView<'tree> {
    branch: &'tree Branch,
    /// Buckets that differed, ascending by number.
    buckets: Vec<(usize, Bucket)>,
    /// Nodes that differed, ascending by position.
    nodes: Vec<(usize, Node)>,
}

impl<'tree> TreeView<'tree> {
    /// Takes back sorted changes. Copies the buckets that they touch and computes the nodes above.
    pub(super) fn new(branch: &'tree Branch, undo: &[Change]) -> Self {
        let bottom = 1usize.wrapping_shl(branch.width());
        let mut buckets = Vec::new();
        let mut level = Vec::new();
        let mut taken = Vec::new();
        for own in undo.chunk_by(|(a, _), (b, _)| branch.index_of(a) == branch.index_of(b)) {
            let index = own.first().map_or(0, |(key, _)| branch.index_of(key));
            let mut bucket = branch.bucket(index).cloned().unwrap_or_default();
            bucket.apply(own, branch.below(), &mut taken);
            level.push((bottom | index, bucket.node(branch.below())));
            buckets.push((index, bucket));
        }
        Self { branch, buckets, nodes: nodes_above(branch, level) }
    }

    /// Root of the tree as it was.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.node(1).hash
    }

    /// Proves what a key hash led to.
    #[must_use]
    pub fn prove(&self, key: Hash) -> StateProof {
        proof::prove(self, &key)
    }
}

/// The given nodes of the bottom level and all above them, ascending by position.
fn nodes_above(branch: &Branch, bottom: Vec<(usize, Node)>) -> Vec<(usize, Node)> {
    let mut levels = Vec::new();
    let mut level = bottom;
    while level.first().is_some_and(|(position, _)| *position > 1) {
        let above = level
            .chunk_by(|(a, _), (b, _)| a >> 1 == b >> 1)
            .filter_map(|children| {
                let (position, first) = *children.first()?;
                let (_, last) = *children.last()?;
                // Alone, a child is first and last; its sibling is as it is in the tree.
                let other = branch.node(position ^ 1);
                let node = match (children.len(), position & 1) {
                    (2, _) => Node::join(first, last),
                    (_, 0) => Node::join(first, other),
                    _ => Node::join(other, first),
                };
                Some((position >> 1, node))
            })
            .collect();
        levels.push(std::mem::replace(&mut level, above));
    }
    levels.push(level);
    levels.into_iter().rev().flatten().collect()
}

impl Levels for TreeView<'_> {
    fn branch(&self) -> &Branch {
        self.branch
    }

    fn node(&self, position: usize) -> Node {
        let found = self.nodes.binary_search_by(|(other, _)| other.cmp(&position)).ok();
        let own = found.and_then(|index| self.nodes.get(index));
        own.map_or_else(|| self.branch.node(position), |(_, node)| *node)
    }

    fn bucket(&self, index: usize) -> Option<&Bucket> {
        let found = self.buckets.binary_search_by(|(other, _)| other.cmp(&index)).ok();
        let own = found.and_then(|index| self.buckets.get(index));
        own.map_or_else(|| self.branch.bucket(index), |(_, bucket)| Some(bucket))
    }
}
