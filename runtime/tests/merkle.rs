//! The tree of receipts: equal to RFC 6962 as another crate has it, proofs verified by dure-light.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update, array::sizes::U32 as Size};
use dure_light::{MerkleProofError, verify_merkle_proof};
use dure_runtime::merkle::{path, root};
use dure_types::Hash;
use proptest::prelude::*;

/// BLAKE3 as the oracle wants it.
#[derive(Clone, Default)]
struct Blake3(blake3::Hasher);

impl OutputSizeUser for Blake3 {
    type OutputSize = Size;
}

impl Update for Blake3 {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

impl FixedOutput for Blake3 {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(self.0.finalize().as_bytes());
    }
}

impl HashMarker for Blake3 {}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|index| format!("leaf {index}").into_bytes()).collect()
}

fn oracle(leaves: &[Vec<u8>]) -> Hash {
    let mut tree = MemoryBackedTree::<Blake3, Vec<u8>>::new();
    leaves.iter().for_each(|leaf| tree.push(leaf.clone()));
    Hash(tree.root().as_bytes().as_slice().try_into().expect("32 bytes"))
}

#[test]
fn the_root_of_nothing_is_the_hash_of_nothing() {
    assert_eq!(root(Vec::<Vec<u8>>::new()), dure_types::domain::blake3_hash(b""));
    assert_eq!(path(Vec::<Vec<u8>>::new(), 0), None);
}

#[test]
fn roots_and_paths_of_every_size_up_to_70_equal_the_oracle() {
    for count in 1..=70 {
        let leaves = leaves(count);
        let root = root(&leaves);
        assert_eq!(root, oracle(&leaves), "{count} leaves");
        let mut tree = MemoryBackedTree::<Blake3, Vec<u8>>::new();
        leaves.iter().for_each(|leaf| tree.push(leaf.clone()));
        for (index, leaf) in leaves.iter().enumerate() {
            let proof = path(&leaves, index as u64).expect("the leaf exists");
            let bytes: Vec<u8> = proof.path.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(bytes, tree.prove_inclusion(index).as_bytes(), "{index} of {count}");
            verify_merkle_proof(root, leaf, &proof).expect("an honest proof");
        }
        assert_eq!(path(&leaves, count as u64), None);
    }
}

#[test]
fn a_leaf_is_not_a_node() {
    let two = leaves(2);
    let mut node = vec![];
    two.iter().for_each(|leaf| node.extend(dure_light::merkle::leaf_hash(leaf).0));
    assert_ne!(root(&two), root([node]));
}

#[test]
fn a_path_for_another_place_leaf_or_length_is_refused() {
    let leaves = leaves(11);
    let root = root(&leaves);
    let proof = path(&leaves, 6).expect("the leaf exists");
    for index in (0..11).filter(|index| *index != 6) {
        let moved = dure_types::MerkleProof { index, ..proof.clone() };
        assert!(verify_merkle_proof(root, &leaves[6], &moved).is_err(), "{index}");
        assert!(verify_merkle_proof(root, &leaves[index as usize], &proof).is_err(), "{index}");
    }
    let mut longer = proof.clone();
    longer.path.push(Hash::ZERO);
    let refused = verify_merkle_proof(root, &leaves[6], &longer);
    assert!(matches!(refused, Err(MerkleProofError::PathLength { length: 5, .. })), "{refused:?}");
    let mut shorter = proof;
    shorter.path.pop();
    let refused = verify_merkle_proof(root, &leaves[6], &shorter);
    assert!(matches!(refused, Err(MerkleProofError::PathLength { length: 3, .. })), "{refused:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_changed_bit_of_a_proof_is_refused(
        count in 2usize..600, place in any::<prop::sample::Index>(),
        step in any::<prop::sample::Index>(), bit in 0usize..256,
    ) {
        let leaves = leaves(count);
        let root = root(&leaves);
        let index = place.index(count);
        let mut proof = path(&leaves, index as u64).expect("the leaf exists");
        prop_assert!(verify_merkle_proof(root, &leaves[index], &proof).is_ok());
        let step = step.index(proof.path.len());
        proof.path[step].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_merkle_proof(root, &leaves[index], &proof).is_err());
    }
}
