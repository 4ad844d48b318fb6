//! The part of the state tree between two depths: flat arrays of nodes over buckets of entries.
//!
//! ```text
//! depth 0   root                       nodes: two flat arrays in heap order, position 1 is the
//!   ..      2^width - 1 inner nodes    root, 2p and 2p + 1 are the children of p
//! depth w   2^width buckets            a bucket: its entries, sorted by key hash; its own inner
//!   ..                                 nodes are computed when needed
//! depth w+6                            or, above 64 entries, a branch of 64 buckets again
//! ```
//! Who grinds key hashes that fall into one bucket gets a deeper branch there, not a slow block:
//! a change re-hashes at most 64 entries and the nodes above them.

use dure_light::state::{EMPTY, bit, leaf_hash, node_hash};
use dure_types::Hash;

/// Hashes of a state key and of its value.
pub(super) type Entry = (Hash, Hash);

/// What happens to one key: hash of the key, hash of the new value or removal.
pub(super) type Change = (Hash, Option<Hash>);

/// Entries above which a bucket keeps inner nodes.
const BUCKET_ENTRIES_MAX: usize = 64;
/// Entries below which a branch becomes a plain bucket again; far from the limit above, so that
/// one key that comes and goes does not rebuild it each time.
const BRANCH_ENTRIES_MIN: usize = 32;
/// Levels of a branch inside a bucket. More than 64 key hashes differ within the last 7 bits at
/// the latest, so that a branch never reaches past the end of a key hash.
const INNER_WIDTH: u32 = 6;

/// What a subtree is: single leaves stand for the subtree that they are alone in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// No entry.
    #[default]
    Empty,
    /// One entry.
    Leaf,
    /// More than one.
    Inner,
}

/// Root of a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) hash: Hash,
    pub(super) kind: Kind,
}

impl Node {
    pub(super) const EMPTY: Self = Self { hash: EMPTY, kind: Kind::Empty };

    fn leaf((key, value): &Entry) -> Self {
        Self { hash: leaf_hash(key, value), kind: Kind::Leaf }
    }

    /// Root of the subtree over two subtrees.
    pub(super) fn join(left: Self, right: Self) -> Self {
        match (left.kind, right.kind) {
            (Kind::Empty, Kind::Empty | Kind::Leaf) => right,
            (Kind::Leaf, Kind::Empty) => left,
            _ => Self { hash: node_hash(&left.hash, &right.hash), kind: Kind::Inner },
        }
    }

    /// Root of the subtree at `depth` over entries that share their first `depth` bits.
    pub(super) fn over(entries: &[Entry], depth: usize) -> Self {
        match entries {
            [] => Self::EMPTY,
            [entry] => Self::leaf(entry),
            _ => {
                let (left, right) = split(entries, depth);
                let below = depth.saturating_add(1);
                Self::join(Self::over(left, below), Self::over(right, below))
            }
        }
    }
}

/// Splits entries that share their first `depth` bits by the next one.
pub(super) fn split(entries: &[Entry], depth: usize) -> (&[Entry], &[Entry]) {
    entries.split_at(entries.partition_point(|(key, _)| !bit(key, depth)))
}

/// The children of one node, side by side in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Siblings([Hash; 2]);

/// Nodes of a branch in heap order, the root at position 1.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// At p, the hashes of 2p and 2p + 1.
    hashes: Vec<Siblings>,
    kinds: Vec<Kind>,
}

impl Nodes {
    fn new(width: u32) -> Self {
        let count = 1usize.wrapping_shl(width);
        Self {
            hashes: vec![Siblings([EMPTY; 2]); count],
            kinds: vec![Kind::Empty; count.wrapping_shl(1)],
        }
    }

    #[expect(clippy::indexing_slicing, reason = "positions are below 2^(width + 1): see Branch")]
    fn node(&self, position: usize) -> Node {
        let Siblings(hashes) = self.hashes[position >> 1];
        Node { hash: hashes[position & 1], kind: self.kinds[position] }
    }

    #[expect(clippy::indexing_slicing, reason = "positions are below 2^(width + 1): see Branch")]
    fn set(&mut self, position: usize, node: Node) {
        self.hashes[position >> 1].0[position & 1] = node.hash;
        self.kinds[position] = node.kind;
    }

    /// Computes a node from its children.
    fn join(&mut self, position: usize) {
        let left = position.wrapping_shl(1);
        self.set(position, Node::join(self.node(left), self.node(left | 1)));
    }

    /// Computes everything above the given positions of one level, each node once. They ascend.
    fn join_above(&mut self, mut positions: Vec<u32>) {
        while positions.first().is_some_and(|position| *position > 1) {
            positions.iter_mut().for_each(|position| *position >>= 1);
            positions.dedup();
            for position in &positions {
                self.join(*position as usize);
            }
        }
    }
}

/// Entries whose key hashes share the bits down to the bottom of a branch.
#[derive(Clone, Debug)]
pub(super) enum Bucket {
    /// Ascending by key hash, each once.
    Plain(Vec<Entry>),
    /// More than fit a plain bucket.
    Deep(Box<Branch>),
}

impl Default for Bucket {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl Bucket {
    /// Makes a bucket at `depth` of sorted entries.
    pub(super) fn new(entries: Vec<Entry>, depth: usize) -> Self {
        if entries.len() > BUCKET_ENTRIES_MAX {
            let mut branch = Branch::new(depth, INNER_WIDTH);
            branch.fill(&entries);
            Self::Deep(Box::new(branch))
        } else {
            Self::Plain(entries)
        }
    }

    /// Root of the bucket's subtree.
    pub(super) fn node(&self, depth: usize) -> Node {
        match self {
            Self::Plain(entries) => Node::over(entries, depth),
            Self::Deep(branch) => branch.root(),
        }
    }

    /// Appends the entries, ascending.
    pub(super) fn collect(&self, entries: &mut Vec<Entry>) {
        match self {
            Self::Plain(own) => entries.extend_from_slice(own),
            Self::Deep(branch) => {
                branch.buckets.iter().for_each(|bucket| bucket.collect(entries));
            }
        }
    }

    /// Makes sorted changes, and appends the old value hash of each key that did change.
    pub(super) fn apply(&mut self, changes: &[Change], depth: usize, previous: &mut Vec<Change>) {
        if let Self::Plain(entries) = self {
            if entries.len().saturating_add(changes.len()) <= BUCKET_ENTRIES_MAX {
                changes.iter().for_each(|change| apply_one(entries, change, previous));
                return;
            }
            let mut branch = Branch::new(depth, INNER_WIDTH);
            branch.fill(entries);
            *self = Self::Deep(Box::new(branch));
        }
        if let Self::Deep(branch) = self {
            branch.apply(changes, previous);
            if branch.count < BRANCH_ENTRIES_MIN {
                let mut entries = Vec::with_capacity(branch.count);
                self.collect(&mut entries);
                *self = Self::Plain(entries);
            }
        }
    }
}

/// Makes one change in sorted entries.
fn apply_one(entries: &mut Vec<Entry>, (key, value): &Change, previous: &mut Vec<Change>) {
    match (entries.binary_search_by(|(other, _)| other.cmp(key)), value) {
        (Ok(index), Some(new)) => {
            if let Some((_, old)) = entries.get_mut(index).filter(|(_, old)| old != new) {
                previous.push((*key, Some(*old)));
                *old = *new;
            }
        }
        (Ok(index), None) => {
            let (_, old) = entries.remove(index);
            previous.push((*key, Some(old)));
        }
        (Err(index), Some(new)) => {
            // Most buckets hold one or two entries: Vec would make room for four.
            entries.reserve_exact(1);
            entries.insert(index, (*key, *new));
            previous.push((*key, None));
        }
        (Err(_), None) => {}
    }
}

/// The levels from `depth` to `depth + width`, and the buckets below them.
///
/// # Invariants
/// `nodes` holds 2^(width + 1) positions and `buckets` 2^width; positions are made by
/// [`Branch::bottom`] or by halving and doubling within. Every node is that of its subtree
/// whenever no method is running.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    depth: usize,
    width: u32,
    count: usize,
    buckets: Vec<Bucket>,
    nodes: Nodes,
}

impl Branch {
    /// Makes a branch without entries.
    pub(super) fn new(depth: usize, width: u32) -> Self {
        let count = 1usize.wrapping_shl(width);
        let buckets = vec![Bucket::default(); count];
        Self { depth, width, count: 0, buckets, nodes: Nodes::new(width) }
    }

    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    pub(super) const fn width(&self) -> u32 {
        self.width
    }

    /// Depth at which the buckets begin.
    pub(super) fn below(&self) -> usize {
        self.depth.saturating_add(self.width as usize)
    }

    pub(super) fn root(&self) -> Node {
        self.node(1)
    }

    pub(super) fn node(&self, position: usize) -> Node {
        self.nodes.node(position)
    }

    pub(super) fn bucket(&self, index: usize) -> Option<&Bucket> {
        self.buckets.get(index)
    }

    /// Number of the bucket of a key hash: the `width` bits from `depth`.
    pub(super) fn index_of(&self, key: &Hash) -> usize {
        let first = self.depth >> 3;
        // Five bytes hold any 32 bits at any offset; the width is at most 26.
        let window = (0..5).fold(0u64, |window, byte| {
            let byte = key.0.get(first.wrapping_add(byte)).copied().unwrap_or(0);
            window.wrapping_shl(8) | u64::from(byte)
        });
        let offset = (self.depth & 7) as u32;
        let skip = 40u32.wrapping_sub(offset).wrapping_sub(self.width);
        let mask = 1usize.wrapping_shl(self.width).wrapping_sub(1);
        window.wrapping_shr(skip) as usize & mask
    }

    /// Position of a bucket's node.
    fn bottom(&self, index: usize) -> usize {
        1usize.wrapping_shl(self.width) | index
    }

    /// Puts sorted entries into an empty branch.
    pub(super) fn fill(&mut self, entries: &[Entry]) {
        let mut rest = entries;
        while let Some((first, _)) = rest.first() {
            let index = self.index_of(first);
            let length = rest.partition_point(|(key, _)| self.index_of(key) == index);
            let (own, others) = rest.split_at(length);
            self.set_bucket(index, own.to_vec());
            rest = others;
        }
        self.join_all();
    }

    /// Puts sorted entries into an empty bucket. [`Branch::join_all`] must follow.
    pub(super) fn set_bucket(&mut self, index: usize, entries: Vec<Entry>) {
        self.count = self.count.saturating_add(entries.len());
        let bucket = Bucket::new(entries, self.below());
        self.nodes.set(self.bottom(index), bucket.node(self.below()));
        if let Some(place) = self.buckets.get_mut(index) {
            *place = bucket;
        }
    }

    /// Computes every node above the buckets.
    pub(super) fn join_all(&mut self) {
        for position in (1..self.bottom(0)).rev() {
            self.nodes.join(position);
        }
    }

    /// Makes sorted changes; appends the old value hash of each key that did change, ascending,
    /// and returns the buckets in which something did, ascending.
    pub(super) fn apply(&mut self, changes: &[Change], previous: &mut Vec<Change>) -> Vec<u32> {
        let mut changed = Vec::with_capacity(changes.len().min(self.buckets.len()));
        let below = self.below();
        let before = previous.len();
        let mut rest = changes;
        while let Some((first, _)) = rest.first() {
            let index = self.index_of(first);
            let others = rest.iter().take_while(|(key, _)| self.index_of(key) == index).count();
            let (own, others) = rest.split_at(others);
            rest = others;
            let known = previous.len();
            if let Some(bucket) = self.buckets.get_mut(index) {
                bucket.apply(own, below, previous);
                if previous.len() > known {
                    let node = bucket.node(below);
                    self.nodes.set(self.bottom(index), node);
                    changed.push(index as u32);
                }
            }
        }
        self.recount(changes, previous.get(before..).unwrap_or_default());
        let bottom = self.bottom(0) as u32;
        self.nodes.join_above(changed.iter().map(|index| bottom | index).collect());
        changed
    }

    /// Counts the entries again from what changed.
    fn recount(&mut self, changes: &[Change], previous: &[Change]) {
        let mut changes = changes.iter();
        for (key, old) in previous {
            let new = changes.find(|(other, _)| other == key).and_then(|(_, value)| *value);
            match (old, new) {
                (None, Some(_)) => self.count = self.count.saturating_add(1),
                (Some(_), None) => self.count = self.count.saturating_sub(1),
                _ => {}
            }
        }
    }
}
