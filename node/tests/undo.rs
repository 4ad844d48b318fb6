//! What blocks changed is kept as far back as the window says, and no further.

use dure_node::{
    chain::Chain,
    execution::{Block, UndoWindow, execute},
    genesis_file::dev_genesis,
    store::{Column, Database, MemoryStore, Range, Read, Store, WriteBatch, column},
};
use dure_runtime::{Executor, ExecutorConfig};
use dure_types::{Hash, Header, Height, TimestampMs, limits};
use ed25519_dalek::SigningKey;
use std::sync::Arc;

/// A chain on a store, and what opens it again.
struct Scene {
    store: MemoryStore,
    executor: Arc<Executor>,
}

impl Scene {
    fn new() -> Self {
        let executor = Executor::new(ExecutorConfig::default()).unwrap();
        Self { store: MemoryStore::new(), executor: Arc::new(executor) }
    }

    fn open(&self, heights: u64, bytes: u64) -> Arc<Chain> {
        let key = |n| SigningKey::from_bytes(&[n; 32]);
        let genesis = dev_genesis("undo", TimestampMs(1), &key(1), &key(2), &[]);
        let (store, executor) = (Arc::new(self.store.clone()), Arc::clone(&self.executor));
        Chain::open(genesis, store, executor, UndoWindow { heights, bytes }).unwrap()
    }

    /// The heights whose records are in the store.
    fn kept(&self) -> Vec<u64> {
        let entries = self.store.scan(Column::Undo, &Range::all(), false, usize::MAX).unwrap();
        entries.iter().map(|(key, _)| column::read_u64(key).unwrap()).collect()
    }
}

/// Executes so many empty blocks: their records take one byte each.
fn grow(chain: &Chain, blocks: u64) {
    for _ in 0..blocks {
        let head = chain.head().unwrap();
        let header = Header {
            version: Header::VERSION,
            height: Height(head.height.0 + 1),
            parent: head.id,
            parent_certificate: None,
            time: TimestampMs(head.time.0 + 1),
            batches: Vec::new(),
            executed: head.certified,
            roots: Vec::new(),
            validators: Hash::ZERO,
            next_validators: Hash::ZERO,
            evidence: Vec::new(),
        };
        let id = header.id(chain.id);
        execute(chain, Block { header, id, transactions: Vec::new() }).unwrap();
    }
}

fn range(from: u64, to: u64) -> Vec<u64> {
    (from..=to).collect()
}

#[test]
fn records_are_kept_within_heights_and_bytes_and_always_as_many_as_proofs_need() {
    let scene = Scene::new();
    let chain = scene.open(100, u64::MAX);
    grow(&chain, 150);
    assert_eq!(scene.kept(), range(51, 150));
    assert_eq!(chain.undo.oldest(), Some(Height(51)));
    drop(chain);
    // Of one byte each, 80 have room.
    let chain = scene.open(100, 80);
    assert_eq!(scene.kept(), range(71, 150));
    grow(&chain, 10);
    assert_eq!(scene.kept(), range(81, 160));
    drop(chain);
    let chain = scene.open(1, 0);
    grow(&chain, 1);
    assert_eq!(scene.kept(), range(162 - limits::UNDO_HEIGHTS, 161));
}

#[test]
fn a_smaller_window_and_records_below_a_gap_leave_nothing_behind() {
    let scene = Scene::new();
    grow(&scene.open(300, u64::MAX), 250);
    scene.open(64, u64::MAX);
    assert_eq!(scene.kept(), range(187, 250));
    // As a release left them that forgot those of a wider window.
    let mut writes = WriteBatch::new(Database::State);
    for height in 1..=100 {
        writes.put(Column::Undo, column::height(Height(height)), [0]);
    }
    scene.store.write(writes).unwrap();
    let chain = scene.open(300, u64::MAX);
    assert_eq!(scene.kept(), range(187, 250));
    grow(&chain, 1);
    assert_eq!((scene.kept(), chain.undo.oldest()), (range(187, 251), Some(Height(187))));
}
