//! The state root of a block: our tree beside the `jmt` crate, which has the same root.
//!
//! A million entries, blocks of 20,000 changes of entries drawn at random, one thread, everything
//! in memory. Both are timed from keys and values to the root: hashes of both, nodes stored.

use crate::report::{Line, median};
use dure_runtime::state::tree::StateTree;
use dure_types::{Hash, domain::blake3_hash};
use eyre::{ensure, eyre};
use jmt::{
    JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher, Version,
    storage::{LeafNode, Node, NodeKey, TreeReader},
};
use std::{collections::HashMap, time::Instant};

const ENTRIES: u64 = 1_000_000;
const BUCKETS_LOG2: u32 = 20;
/// Changes a block, and how many of such blocks.
const BLOCKS: [(&str, usize, usize); 2] =
    [("update_key", 20_000, 9), ("update_key_of_small_block", 2_000, 25)];

type Changes = Vec<(Vec<u8>, Vec<u8>)>;

pub(crate) fn run() -> eyre::Result<()> {
    let mut ours = StateTree::new(BUCKETS_LOG2);
    let mut theirs = Theirs::default();
    let everything: Vec<_> = (0..ENTRIES).map(key).collect();
    for keys in everything.chunks(20_000) {
        let block: Changes = keys.iter().map(|key| (key.clone(), vec![0; 16])).collect();
        ensure!(update(&mut ours, &block) == theirs.update(&block)?, "the roots differ at load");
    }
    eprintln!("both hold {ENTRIES} entries");
    let mut random = Random(1);
    for (metric, size, blocks) in BLOCKS {
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..blocks {
            let block = random.block(&everything, size)?;
            let start = Instant::now();
            let root = update(&mut ours, &block);
            our_times.push(start.elapsed().as_secs_f64() * 1e6 / size as f64);
            let start = Instant::now();
            let expected = theirs.update(&block)?;
            their_times.push(start.elapsed().as_secs_f64() * 1e6 / size as f64);
            ensure!(root == expected, "the roots differ");
        }
        Line {
            bench: "commitment",
            metric,
            unit: "us",
            value: median(our_times),
            peer: "jmt 0.12",
            peer_value: median(their_times),
        }
        .print();
    }
    Ok(())
}

/// A state key of the usual length: address, field id, ordered key.
fn key(number: u64) -> Vec<u8> {
    let mut key = blake3_hash(b"contract").0.to_vec();
    key.extend([0, 3]);
    key.extend(blake3_hash(&number.to_le_bytes()).0);
    key
}

fn update(tree: &mut StateTree, block: &Changes) -> Hash {
    let changes: Vec<_> =
        block.iter().map(|(key, value)| (blake3_hash(key), Some(blake3_hash(value)))).collect();
    tree.update(&changes).root
}

/// SplitMix64: the same blocks at each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Distinct entries with new values, in no order.
    fn block(&mut self, everything: &[Vec<u8>], size: usize) -> eyre::Result<Changes> {
        let mut chosen = std::collections::BTreeSet::new();
        let mut block = Vec::with_capacity(size);
        while block.len() < size {
            let index = self.next() % ENTRIES;
            if chosen.insert(index) {
                let key = everything.get(usize::try_from(index)?);
                let mut value = self.next().to_le_bytes().to_vec();
                value.extend(self.next().to_le_bytes());
                block.push((key.ok_or_else(|| eyre!("no entry {index}"))?.clone(), value));
            }
        }
        Ok(block)
    }
}

/// BLAKE3 as jmt wants it.
struct Blake3(blake3::Hasher);

impl SimpleHasher for Blake3 {
    fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

/// The crate's tree over a map in memory; stale nodes are dropped, as a node without history would.
#[derive(Default)]
struct Theirs {
    nodes: HashMap<NodeKey, Node>,
    version: Version,
}

impl Theirs {
    fn update(&mut self, block: &Changes) -> eyre::Result<Hash> {
        let tree = JellyfishMerkleTree::<Self, Blake3>::new(self);
        let changes =
            block.iter().map(|(key, value)| (KeyHash(blake3_hash(key).0), Some(value.clone())));
        let put = tree.put_value_set(changes, self.version).map_err(|error| eyre!("{error}"))?;
        let (root, batch) = put;
        for (key, node) in batch.node_batch.nodes() {
            self.nodes.insert(key.clone(), node.clone());
        }
        for stale in &batch.stale_node_index_batch {
            self.nodes.remove(&stale.node_key);
        }
        self.version += 1;
        Ok(Hash(root.0))
    }
}

impl TreeReader for Theirs {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        Ok(self.nodes.get(key).cloned())
    }

    fn get_value_option(&self, _: Version, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Err(anyhow::anyhow!("an update reads no value"))
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Err(anyhow::anyhow!("an update restores nothing"))
    }
}
