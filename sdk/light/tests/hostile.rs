//! Proofs out of random bytes: refused, without a panic, in bounded time.

use codec::Decode;
use dure_light::{verify_merkle_proof, verify_state_proof};
use dure_types::{Hash, MerkleProof, ProofLeaf, StateProof, decode::decode};
use proptest::{collection::vec, prelude::*};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn state_proof() -> impl Strategy<Value = StateProof> {
    let leaf = prop_oneof![
        Just(ProofLeaf::None),
        Just(ProofLeaf::Own),
        (hash(), hash()).prop_map(|(key, value)| ProofLeaf::Other { key, value }),
    ];
    // Sizes that fit each other, and sizes that do not.
    let fitting = (0u16..=256).prop_flat_map(|depth| {
        let bytes = usize::from(depth).div_ceil(8);
        let tail = if depth % 8 == 0 { 0xff } else { 0xff >> (8 - depth % 8) };
        vec(any::<u8>(), bytes).prop_flat_map(move |mut present| {
            if let Some(last) = present.last_mut() {
                *last &= tail;
            }
            let set = present.iter().map(|byte| byte.count_ones() as usize).sum::<usize>();
            (Just(depth), Just(present), vec(hash(), set))
        })
    });
    let misfitting = (any::<u16>(), vec(any::<u8>(), 0..40), vec(hash(), 0..40));
    (leaf, prop_oneof![fitting, misfitting]).prop_map(|(leaf, (depth, present, siblings))| {
        StateProof { leaf, depth, present, siblings }
    })
}

proptest! {
    #[test]
    fn a_made_up_state_proof_is_refused(
        root in hash(), key in vec(any::<u8>(), 0..80), value in any::<Option<[u8; 4]>>(),
        proof in state_proof(),
    ) {
        let value = value.as_ref().map(<[u8; 4]>::as_slice);
        prop_assert!(verify_state_proof(root, &key, value, &proof).is_err());
    }

    #[test]
    fn a_made_up_audit_path_is_refused(
        root in hash(), leaf in vec(any::<u8>(), 0..80), index in any::<u64>(),
        count in any::<u64>(), path in vec(hash(), 0..80),
    ) {
        for index in [index, index % 64] {
            for count in [count, count % 65, u64::MAX] {
                let proof = MerkleProof { index, count, path: path.clone() };
                prop_assert!(verify_merkle_proof(root, &leaf, &proof).is_err());
            }
        }
    }

    #[test]
    fn random_bytes_decode_to_refused_proofs_or_to_none(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(proof) = decode::<StateProof>(&bytes, 16_384) {
            prop_assert!(verify_state_proof(Hash([7; 32]), b"key", None, &proof).is_err());
        }
        if let Ok(proof) = MerkleProof::decode(&mut bytes.as_slice()) {
            prop_assert!(verify_merkle_proof(Hash([7; 32]), b"leaf", &proof).is_err());
        }
    }
}
