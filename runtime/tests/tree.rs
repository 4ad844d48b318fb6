//! The state tree against the `jmt` crate, its proofs against dure-light and against that crate.

use dure_light::state::{EMPTY, StateProofError, verify_hashed};
use dure_runtime::state::{
    read::Fault,
    tree::{StateTree, TreeUpdate},
};
use dure_types::{Hash, ProofLeaf, StateProof, domain::blake3_hash};
use jmt::{
    JellyfishMerkleTree, KeyHash, RootHash, SimpleHasher, mock::MockTreeStore,
    proof::SparseMerkleProof, storage::TreeWriter,
};
use proptest::{prelude::*, sample::Index};
use std::collections::BTreeMap;

/// BLAKE3 as the oracle wants it.
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

/// The oracle: every version of a tree as `jmt` has it.
#[derive(Default)]
struct Oracle {
    store: MockTreeStore,
    version: u64,
}

impl Oracle {
    fn tree(&self) -> JellyfishMerkleTree<'_, MockTreeStore, Blake3> {
        JellyfishMerkleTree::new(&self.store)
    }

    fn update(&mut self, changes: &BTreeMap<Hash, Option<Vec<u8>>>) -> Hash {
        let set = changes.iter().map(|(key, value)| (KeyHash(key.0), value.clone()));
        let (root, batch) = self.tree().put_value_set(set, self.version).expect("jmt updates");
        self.store.write_node_batch(&batch.node_batch).expect("the store writes");
        self.version += 1;
        Hash(root.0)
    }

    fn prove(&self, key: Hash) -> (Option<Vec<u8>>, SparseMerkleProof<Blake3>) {
        self.tree().get_with_proof(KeyHash(key.0), self.version - 1).expect("jmt proves")
    }
}

/// A key hash made of few choices, so that random ones share long prefixes, differ only in the
/// last bits, or fall into one bucket. (Only hashes are placed: no preimage is needed.)
fn key_hash() -> impl Strategy<Value = Hash> {
    prop_oneof![
        3 => any::<u8>().prop_map(|seed| blake3_hash(&[seed])),
        3 => (0usize..256, any::<u8>()).prop_map(|(bit, base)| {
            let mut key = [base & 1; 32];
            key[bit / 8] ^= 0x80 >> (bit % 8);
            Hash(key)
        }),
        2 => any::<u16>().prop_map(|tail| {
            let mut key = [0xa5; 32];
            key[30..].copy_from_slice(&tail.to_be_bytes());
            Hash(key)
        }),
        // Thick in one place: deep branches.
        4 => (0u8..200).prop_map(|middle| {
            let mut key = [0x3c; 32];
            key[3] = middle;
            Hash(key)
        }),
    ]
}

type Changes = BTreeMap<Hash, Option<Vec<u8>>>;

fn changes(count: usize) -> impl Strategy<Value = Changes> {
    let value = prop_oneof![
        2 => proptest::collection::vec(any::<u8>(), 0..4).prop_map(Some),
        1 => Just(None),
    ];
    proptest::collection::btree_map(key_hash(), value, 0..count)
}

/// Blocks of changes; some take everything away.
fn blocks() -> impl Strategy<Value = Vec<Changes>> {
    proptest::collection::vec(changes(120), 1..7)
}

fn hashed(changes: &Changes) -> Vec<(Hash, Option<Hash>)> {
    changes.iter().map(|(key, value)| (*key, value.as_deref().map(blake3_hash))).collect()
}

fn value_hash(state: &BTreeMap<Hash, Vec<u8>>, key: Hash) -> Option<Hash> {
    state.get(&key).map(|value| blake3_hash(value))
}

/// Drops changes that change nothing and applies the rest: what the executor's delta holds.
fn effective(state: &mut BTreeMap<Hash, Vec<u8>>, changes: &Changes) -> Changes {
    let real: Changes = changes
        .iter()
        .filter(|(key, value)| state.get(key) != value.as_ref())
        .map(|(key, value)| (*key, value.clone()))
        .collect();
    for (key, value) in &real {
        match value {
            Some(value) => drop(state.insert(*key, value.clone())),
            None => drop(state.remove(key)),
        }
    }
    real
}

/// Writes our proof as the oracle's bytes say it, in its borsh layout.
///
/// Its siblings carry their kind and preimage, ours their hash alone; so the siblings are taken
/// from the oracle after each was found to hash to ours.
fn assert_same_path(ours: &StateProof, theirs: &SparseMerkleProof<Blake3>) {
    let path = borsh::to_vec(theirs).expect("a proof serialises");
    let mut rest = path.as_slice();
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at(count);
        rest = tail;
        head.to_vec()
    };
    let hash = |bytes: &[u8]| Hash(bytes.try_into().expect("32 bytes"));
    match (take(1)[0], &ours.leaf) {
        (0, ProofLeaf::None) => {}
        (1, ProofLeaf::Own) => drop(take(64)),
        (1, ProofLeaf::Other { key, value }) => {
            assert_eq!((hash(&take(32)), hash(&take(32))), (*key, *value));
        }
        (tag, leaf) => panic!("theirs has leaf tag {tag}, ours {leaf:?}"),
    }
    let count = u32::from_le_bytes(take(4).try_into().expect("4 bytes"));
    assert_eq!(count, u32::from(ours.depth));
    let mut sent = ours.siblings.iter();
    for level in 0..usize::from(ours.depth) {
        let present = ours.present[level / 8] >> (level % 8) & 1 == 1;
        let tag = take(1)[0];
        let theirs = match tag {
            0 => EMPTY,
            1 => dure_light::state::node_hash(&hash(&take(32)), &hash(&take(32))),
            _ => dure_light::state::leaf_hash(&hash(&take(32)), &hash(&take(32))),
        };
        let ours = if present { *sent.next().expect("a sibling") } else { EMPTY };
        assert_eq!(ours, theirs, "level {level} from the bottom");
    }
    assert!(rest.is_empty());
}

fn check_blocks(width: u32, blocks: &[Changes]) {
    let mut oracle = Oracle::default();
    let mut tree = StateTree::new(width);
    let mut state = BTreeMap::new();
    oracle.update(&BTreeMap::new());
    for block in blocks {
        let before = state.clone();
        let real = effective(&mut state, block);
        let update = tree.update(&hashed(block));
        let expected = oracle.update(&real);
        assert_eq!(update.root, expected);
        assert_eq!(tree.root(), expected);
        let previous: Vec<_> = real.keys().map(|key| (*key, value_hash(&before, *key))).collect();
        assert_eq!(update.previous, previous);
        check_stored(&tree, &update, width);
    }
    let everything = blocks.iter().flat_map(BTreeMap::keys);
    for key in everything {
        let proof = tree.prove(*key);
        let value = value_hash(&state, *key);
        verify_hashed(tree.root(), *key, value, &proof).expect("an honest proof");
        let (their_value, theirs) = oracle.prove(*key);
        assert_eq!(their_value.as_ref(), state.get(key));
        assert_same_path(&proof, &theirs);
        theirs.verify(RootHash(tree.root().0), KeyHash(key.0), their_value).expect("our root");
    }
}

/// A tree loaded from what the update said is to be stored is the same tree.
fn check_stored(tree: &StateTree, update: &TreeUpdate, width: u32) {
    assert!(update.buckets.is_sorted_by(|a, b| a < b));
    let stored = (0..1 << width).map(|number| (number, tree.bucket(number)));
    let loaded = StateTree::load(width, stored).expect("what was stored loads");
    assert_eq!(loaded.root(), tree.root());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Roots, undo records and proofs over random versions, whatever the number of buckets.
    #[test]
    fn roots_and_proofs_equal_those_of_jmt(width in 0u32..12, blocks in blocks()) {
        check_blocks(width, &blocks);
    }

    #[test]
    fn the_root_depends_neither_on_buckets_nor_on_the_order_of_changes(
        widths in (0u32..6, 6u32..14), blocks in blocks()
    ) {
        let mut one = StateTree::new(widths.0);
        let mut two = StateTree::new(widths.1);
        let mut state = BTreeMap::new();
        for block in &blocks {
            effective(&mut state, block);
            let forwards = hashed(block);
            let backwards: Vec<_> = forwards.iter().rev().copied().collect();
            let (a, b) = (one.update(&forwards), two.update(&backwards));
            prop_assert_eq!(a.root, b.root);
            prop_assert_eq!(a.previous, b.previous);
        }
        let mut fresh = StateTree::new(9);
        let all: Vec<_> = state.iter().map(|(key, value)| (*key, Some(blake3_hash(value)))).collect();
        prop_assert_eq!(fresh.update(&all).root, one.root());
    }

    /// A view has the root and the proofs of the height that it stands for, and leaves the tree.
    #[test]
    fn a_view_is_the_tree_that_was(width in 0u32..12, blocks in blocks(), from in any::<Index>()) {
        let from = from.index(blocks.len());
        let mut tree = StateTree::new(width);
        let mut state = BTreeMap::new();
        for block in &blocks[..from] {
            effective(&mut state, block);
            tree.update(&hashed(block));
        }
        let was = tree.clone();
        let undo: Vec<_> =
            blocks[from..].iter().flat_map(|block| tree.update(&hashed(block)).previous).collect();
        let now = tree.root();
        let view = tree.view(&undo);
        prop_assert_eq!(view.root(), was.root());
        for key in blocks.iter().flat_map(BTreeMap::keys) {
            let proof = view.prove(*key);
            prop_assert_eq!(&proof, &was.prove(*key));
            prop_assert!(verify_hashed(was.root(), *key, value_hash(&state, *key), &proof).is_ok());
        }
        prop_assert_eq!(tree.root(), now);
    }

    /// No proof shows another value, or absence where there is a value, or the reverse.
    #[test]
    fn a_proof_shows_one_value_only(block in changes(60), other in key_hash()) {
        let mut tree = StateTree::new(4);
        let mut state = BTreeMap::new();
        effective(&mut state, &block);
        let root = tree.update(&hashed(&block)).root;
        for key in block.keys().chain([&other]) {
            let proof = tree.prove(*key);
            let value = value_hash(&state, *key);
            prop_assert!(verify_hashed(root, *key, value, &proof).is_ok());
            let lies = [None, Some(Hash([9; 32])), Some(blake3_hash(b"lie"))];
            for lie in lies.into_iter().filter(|lie| *lie != value) {
                prop_assert!(verify_hashed(root, *key, lie, &proof).is_err());
            }
        }
    }

    /// A damaged proof convinces nobody, and harms nobody.
    #[test]
    fn any_changed_bit_of_a_proof_is_refused(
        block in changes(60), which in any::<Index>(), place in any::<Index>(), bit in 0u32..8
    ) {
        use codec::{Decode, Encode};
        prop_assume!(!block.is_empty());
        let mut tree = StateTree::new(4);
        let mut state = BTreeMap::new();
        effective(&mut state, &block);
        let root = tree.update(&hashed(&block)).root;
        let key = *block.keys().nth(which.index(block.len())).expect("within");
        let honest = tree.prove(key);
        let mut bytes = honest.encode();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(damaged) = StateProof::decode(&mut bytes.as_slice()) {
            prop_assert!(
                damaged == honest
                    || verify_hashed(root, key, value_hash(&state, key), &damaged).is_err()
            );
        }
    }
}

#[test]
fn the_empty_tree_has_the_placeholder_root_and_proves_absence() {
    let mut tree = StateTree::new(8);
    assert_eq!(tree.root(), EMPTY);
    let key = blake3_hash(b"key");
    verify_hashed(EMPTY, key, None, &tree.prove(key)).expect("nothing is there");
    let added = tree.update(&[(key, Some(key))]);
    assert_eq!(added.root, dure_light::state::leaf_hash(&key, &key));
    assert_eq!(tree.update(&[(key, None)]).root, EMPTY);
}

#[test]
fn of_two_changes_of_one_key_the_later_counts_in_updates_and_the_earlier_in_views() {
    let (key, a, b) = (blake3_hash(b"key"), blake3_hash(b"a"), blake3_hash(b"b"));
    let mut tree = StateTree::new(3);
    let root_a = tree.update(&[(key, Some(b)), (key, Some(a))]).root;
    assert_eq!(root_a, dure_light::state::leaf_hash(&key, &a));
    let mut undo = tree.update(&[(key, Some(b))]).previous;
    undo.extend(tree.update(&[(key, None)]).previous);
    assert_eq!(tree.view(&undo).root(), root_a);
    assert_eq!(tree.view(&undo[1..]).root(), dure_light::state::leaf_hash(&key, &b));
    assert_eq!(tree.view(&[]).root(), EMPTY);
}

#[test]
fn changes_that_change_nothing_touch_no_bucket() {
    let (key, value) = (blake3_hash(b"key"), blake3_hash(b"value"));
    let mut tree = StateTree::new(6);
    tree.update(&[(key, Some(value))]);
    let root = tree.root();
    let same = tree.update(&[(key, Some(value)), (blake3_hash(b"absent"), None)]);
    assert_eq!(same, TreeUpdate { root, buckets: vec![], previous: vec![] });
}

/// Ground keys: four thousand in one bucket, and a twin of each that differs in the last bit.
#[test]
fn a_crowded_bucket_keeps_its_root_through_growth_and_decline() {
    let crowd: Vec<Hash> = (0..2_000u32)
        .flat_map(|seed| {
            let mut key = blake3_hash(&seed.to_le_bytes()).0;
            key[..3].fill(0x77);
            key[31] &= 0xfe;
            let mut twin = key;
            twin[31] |= 1;
            [Hash(key), Hash(twin)]
        })
        .collect();
    let changes = |value: Option<Vec<u8>>| -> Changes {
        crowd.iter().map(|key| (*key, value.clone())).collect()
    };
    let mut oracle = Oracle::default();
    let (mut wide, mut narrow) = (StateTree::new(20), StateTree::new(0));
    let mut state = BTreeMap::new();
    let mut history = vec![];
    let mut check = |changes: &Changes| {
        let before = state.clone();
        let real = effective(&mut state, changes);
        let previous: Vec<_> = real.keys().map(|key| (*key, value_hash(&before, *key))).collect();
        let root = oracle.update(changes);
        let update = wide.update(&hashed(changes));
        assert_eq!(update, TreeUpdate { root, buckets: vec![0x77777], previous });
        let same = narrow.update(&hashed(changes));
        assert_eq!(same, TreeUpdate { buckets: vec![0], ..update.clone() });
        history.push((root, update.previous));
    };
    check(&changes(Some(vec![1])));
    for chunk in crowd.chunks(97).take(20) {
        check(&chunk.iter().map(|key| (*key, Some(vec![2]))).collect());
    }
    check(&crowd.iter().skip(3).map(|key| (*key, None)).collect());
    check(&crowd.iter().take(40).map(|key| (*key, Some(vec![3]))).collect());
    assert_eq!(wide.bucket(0x77777).len(), 40);
    assert_eq!(
        StateTree::load(20, [(0x77777, wide.bucket(0x77777))]).as_ref().map(StateTree::root),
        Ok(wide.root())
    );

    for back in [1, 2, 9] {
        let (then, since) = history.split_at(history.len() - back);
        let undo: Vec<_> = since.iter().flat_map(|(_, previous)| previous).copied().collect();
        let root = then.last().expect("an earlier height").0;
        for view in [wide.view(&undo), narrow.view(&undo)] {
            assert_eq!(view.root(), root);
            let value = Some(blake3_hash(&[if back == 9 { 1 } else { 2 }]));
            let proof = view.prove(crowd[97 * 19]);
            let value = if back == 1 { None } else { value };
            verify_hashed(root, crowd[97 * 19], value, &proof).expect("what was there then");
        }
    }
}

#[test]
fn a_corrupt_store_is_refused() {
    let (low, high) = (Hash([0x10; 32]), Hash([0x11; 32]));
    let entry = |key| (key, Hash::ZERO);
    let reason = |buckets: Vec<(u32, Vec<(Hash, Hash)>)>| match StateTree::load(4, buckets) {
        Err(Fault::Corrupt(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert!(StateTree::load(4, [(1, vec![entry(low), entry(high)])]).is_ok());
    let cases = [
        (vec![(1, vec![entry(high), entry(low)])], "bucket 1 of the state tree is not sorted"),
        (vec![(1, vec![entry(low), entry(low)])], "bucket 1 of the state tree is not sorted"),
        (vec![(2, vec![entry(low)])], "bucket 2 of the state tree holds a key of another bucket"),
        (vec![(16, vec![])], "bucket 16 of the state tree is above the number of buckets"),
        (
            vec![(1, vec![entry(low)]), (1, vec![entry(high)])],
            "bucket 1 of the state tree is there twice",
        ),
    ];
    for (buckets, expected) in cases {
        assert_eq!(reason(buckets), expected);
    }
}

#[test]
fn a_proof_deeper_than_a_key_hash_is_refused() {
    let key = blake3_hash(b"key");
    let deep = |depth: u16, present: Vec<u8>, siblings: Vec<Hash>| {
        let proof = StateProof { leaf: ProofLeaf::None, depth, present, siblings };
        verify_hashed(EMPTY, key, None, &proof)
    };
    let too_deep = StateProofError::TooDeep { depth: 257, limit: 256 };
    assert_eq!(deep(257, vec![0; 33], vec![]), Err(too_deep));
    let misfits = [
        deep(256, vec![0; 33], vec![]),
        deep(1, vec![], vec![]),
        deep(1, vec![2], vec![key]),
        deep(1, vec![1], vec![EMPTY]),
        deep(1, vec![1], vec![key, key]),
        deep(0, vec![], vec![key]),
    ];
    for refused in misfits {
        assert!(matches!(refused, Err(StateProofError::Siblings { .. })), "{refused:?}");
    }
}
