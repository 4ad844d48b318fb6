//! Facts about signatures of transactions.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
};
use dure_light::is_weak;
use dure_runtime::signature::{SignatureError, verify};
use dure_types::{
    Address, Call, Gas, Hash, PublicKey, Selector, Signature, TimestampMs, Transaction,
    TransactionBody, address, transaction::ShapeError,
};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use proptest::prelude::*;
use sha2::{Digest, Sha512};

const CHAIN: Hash = Hash([7; 32]);

fn body(account: Address, nonce: u64) -> TransactionBody {
    TransactionBody {
        account,
        lane: 0,
        nonce,
        valid_until: TimestampMs(1_000),
        gas_limit: Gas(1_000_000),
        sponsor: None,
        calls: vec![Call { contract: Address([3; 32]), method: Selector([1; 4]), args: vec![9] }],
    }
}

fn signed_on(chain: Hash, signers: &[u8], nonce: u64) -> Transaction {
    let mut keys: Vec<_> =
        signers.iter().map(|seed| SigningKey::from_bytes(&[*seed; 32])).collect();
    keys.sort_by_key(|key| key.verifying_key().to_bytes());
    let first = keys[0].verifying_key().to_bytes();
    let body = body(address::of_key(PublicKey::Ed25519(first)), nonce);
    let message = body.signed_bytes(chain);
    let witness = keys
        .iter()
        .map(|key| Signature::Ed25519 {
            key: key.verifying_key().to_bytes(),
            signature: key.sign(&message).to_bytes(),
        })
        .collect();
    Transaction { body, witness }
}

fn signed(signers: &[u8], nonce: u64) -> Transaction {
    signed_on(CHAIN, signers, nonce)
}

/// Signs with a point of order 8 added to R and to the key: only the equation times the cofactor
/// holds, so that checkers without ZIP-215 disagree about it, some even with themselves.
fn signed_with_torsion(seed: u8, nonce: u64) -> Transaction {
    let torsion: EdwardsPoint = EIGHT_TORSION[1];
    let (a, r) = (Scalar::from(u64::from(seed) + 2), Scalar::from(nonce + 77));
    let key = (ED25519_BASEPOINT_POINT * a + torsion).compress().to_bytes();
    let big_r = (ED25519_BASEPOINT_POINT * r + torsion).compress().to_bytes();
    let body = body(address::of_key(PublicKey::Ed25519(key)), nonce);
    let digest = Sha512::new().chain_update(big_r).chain_update(key);
    let digest = digest.chain_update(body.signed_bytes(CHAIN)).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&big_r);
    signature[32..].copy_from_slice((r + k * a).as_bytes());
    Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
}

fn refusal(transaction: Transaction) -> SignatureError {
    let mut results = verify(CHAIN, vec![transaction]);
    assert_eq!(results.len(), 1);
    results.remove(0).expect_err("it must be refused")
}

#[test]
fn a_signed_transaction_is_accepted_with_its_id_signers_and_length() {
    let transaction = signed(&[1, 2, 3], 5);
    let verified = verify(CHAIN, vec![transaction.clone()]).remove(0).expect("it is signed");
    assert_eq!(verified.id(), transaction.body.id(CHAIN));
    assert_eq!(verified.body(), &transaction.body);
    assert_eq!(verified.encoded_len(), codec::Encode::encode(&transaction).len());
    let keys: Vec<_> = transaction.witness.iter().map(Signature::key).collect();
    assert_eq!(verified.signers(), keys);
    assert_eq!(verified.into_transaction(), transaction);
}

#[test]
fn no_transactions_give_no_answers() {
    assert!(verify(CHAIN, Vec::new()).is_empty());
}

#[test]
fn a_signature_for_another_chain_is_refused() {
    let error = refusal(signed_on(Hash([8; 32]), &[1], 1));
    assert!(matches!(error, SignatureError::Invalid { index: 0, .. }), "{error}");
}

#[test]
fn every_changed_byte_of_a_signature_is_refused() {
    for place in 0..64 {
        let mut transaction = signed(&[1], 1);
        if let Signature::Ed25519 { signature, .. } = &mut transaction.witness[0] {
            signature[place] ^= 1;
        }
        let error = refusal(transaction);
        assert!(matches!(error, SignatureError::Invalid { index: 0, .. }), "{place}: {error}");
    }
}

#[test]
fn the_second_of_two_signatures_is_checked_too() {
    let mut transaction = signed(&[1, 2], 1);
    if let Signature::Ed25519 { signature, .. } = &mut transaction.witness[1] {
        signature[3] ^= 1;
    }
    assert!(matches!(refusal(transaction), SignatureError::Invalid { index: 1, .. }));
}

#[test]
fn a_transaction_out_of_shape_says_which_limit() {
    let mut transaction = signed(&[1], 1);
    transaction.body.calls.clear();
    let error = refusal(transaction);
    assert!(matches!(error, SignatureError::Shape(ShapeError::Calls { count: 0, .. })), "{error}");

    let mut transaction = signed(&[1, 2], 1);
    transaction.witness.swap(0, 1);
    assert_eq!(refusal(transaction), SignatureError::Shape(ShapeError::KeysUnordered));
}

#[test]
fn webauthn_is_refused_as_not_active() {
    let mut transaction = signed(&[1], 1);
    transaction.witness.push(Signature::WebAuthn {
        key: [2; 33],
        authenticator_data: vec![],
        client_data: vec![],
        signature: [0; 64],
    });
    assert_eq!(refusal(transaction), SignatureError::PolicyNotActive { index: 1 });
}

#[test]
fn the_cofactored_equation_decides_in_bulk_and_alone() {
    let odd = signed_with_torsion(1, 1);
    assert!(verify(CHAIN, vec![odd.clone()])[0].is_ok());
    // A bad neighbour makes the bulk fall back: the answer must stay.
    let mut bad = signed(&[1], 1);
    bad.body.nonce = 2;
    let results = verify(CHAIN, vec![odd, bad]);
    assert!(results[0].is_ok());
    assert!(results[1].is_err());
}

/// The encodings of small order, found by asking the curve crate about the eight points and about
/// every encoding above the modulus, instead of by the table under test.
#[test]
fn every_encoding_of_small_order_is_weak_and_refused() {
    let mut modulus = [0xff; 32];
    modulus[0] = 0xed;
    modulus[31] = 0x7f;
    let above = (0..19u8).map(|extra| {
        let mut bytes = modulus;
        bytes[0] += extra.min(0x12);
        bytes
    });
    let canonical = EIGHT_TORSION.map(|point| {
        let mut bytes = point.compress().to_bytes();
        bytes[31] &= 0x7f;
        bytes
    });
    let mut weak = std::collections::BTreeSet::new();
    for unsigned in above.chain(canonical) {
        for sign in [0, 0x80] {
            let mut key = unsigned;
            key[31] |= sign;
            let point = CompressedEdwardsY(key).decompress();
            let expected = point.is_some_and(|point| point.is_small_order());
            assert_eq!(is_weak(&key), expected, "{key:02x?}");
            if expected {
                weak.insert(key);
                let mut transaction = signed(&[1], 1);
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&key);
                transaction.witness = vec![Signature::Ed25519 { key, signature }];
                assert_eq!(refusal(transaction), SignatureError::WeakKey { index: 0, key });
            }
        }
    }
    assert_eq!(weak.len(), 14);
}

#[test]
fn ordinary_keys_are_not_weak() {
    for seed in 0..=255 {
        let key: VerifyingKey = SigningKey::from_bytes(&[seed; 32]).verifying_key();
        assert!(!is_weak(key.as_bytes()));
    }
}

#[test]
fn a_bad_signature_among_many_chunks_is_refused_alone() {
    let bad = [0usize, 255, 256, 699];
    let mut transactions: Vec<_> =
        (0..700).map(|index| signed(&[(index % 50) as u8], index + 1)).collect();
    for index in bad {
        if let Signature::Ed25519 { signature, .. } = &mut transactions[index].witness[0] {
            signature[40] ^= 1;
        }
    }
    let ids: Vec<_> = transactions.iter().map(|tx| tx.body.id(CHAIN)).collect();
    let results = verify(CHAIN, transactions);
    assert_eq!(results.len(), 700);
    for (index, (result, id)) in results.iter().zip(ids).enumerate() {
        assert_eq!(result.is_err(), bad.contains(&index), "{index}");
        if let Ok(verified) = result {
            assert_eq!(verified.id(), id);
        }
    }
}

/// What an adversary may do to a signed transaction.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    Torsion,
    SmallOrderR,
    RandomKey([u8; 32]),
    RandomR([u8; 32]),
    HighS,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => Just(Damage::None),
        2 => Just(Damage::Torsion),
        1 => Just(Damage::SmallOrderR),
        1 => any::<[u8; 32]>().prop_map(Damage::RandomKey),
        1 => any::<[u8; 32]>().prop_map(Damage::RandomR),
        1 => Just(Damage::HighS),
    ]
}

fn damaged(seed: u8, nonce: u64, damage: Damage) -> Transaction {
    let mut transaction = match damage {
        Damage::Torsion => signed_with_torsion(seed, nonce),
        _ => signed(&[seed], nonce),
    };
    if let Signature::Ed25519 { key, signature } = &mut transaction.witness[0] {
        match damage {
            Damage::None | Damage::Torsion => {}
            Damage::SmallOrderR => {
                signature[..32].copy_from_slice(EIGHT_TORSION[3].compress().as_bytes());
            }
            Damage::RandomKey(random) => *key = random,
            Damage::RandomR(random) => signature[..32].copy_from_slice(&random),
            Damage::HighS => signature[63] |= 0xe0,
        }
    }
    transaction
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A transaction's fate does not depend on its neighbours, and good ones pass.
    #[test]
    fn bulk_answers_what_single_answers(
        parts in proptest::collection::vec((0u8..6, 1u64..1_000, damage()), 1..24)
    ) {
        let transactions: Vec<_> =
            parts.iter().map(|(seed, nonce, kind)| damaged(*seed, *nonce, *kind)).collect();
        let together = verify(CHAIN, transactions.clone());
        for ((transaction, result), part) in transactions.into_iter().zip(together).zip(parts) {
            let alone = verify(CHAIN, vec![transaction]).remove(0);
            prop_assert_eq!(result.is_ok(), matches!(part.2, Damage::None | Damage::Torsion));
            prop_assert_eq!(alone, result);
        }
    }
}
