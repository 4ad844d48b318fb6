//! Facts about commit certificates.

use dure_light::{CertificateError, verify_certificate};
use dure_types::{
    CommitCertificate, CommitSignature, Hash, Height, ValidatorId, ValidatorRecord, ValidatorSet,
    limits,
};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

const CHAIN: Hash = Hash([1; 32]);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn id(seed: u8) -> ValidatorId {
    ValidatorId::of_key(key(seed).verifying_key().as_bytes())
}

/// Validators by seed and power. (Bindings are judged when a set is made, not here.)
fn set(powers: &[(u8, u64)]) -> ValidatorSet {
    let record = |(seed, power): &(u8, u64)| ValidatorRecord {
        id: id(*seed),
        name: format!("validator {seed}"),
        consensus_key: key(*seed).verifying_key().to_bytes(),
        network_key: [*seed; 32],
        consensus_binding: [0; 64],
        network_binding: [0; 64],
        power: *power,
    };
    ValidatorSet::new(powers.iter().map(record).collect())
}

fn signed(seeds: &[u8]) -> CommitCertificate {
    let mut certificate =
        CommitCertificate { height: Height(9), round: 2, block: Hash([4; 32]), signatures: vec![] };
    let message = certificate.signed_bytes(CHAIN);
    certificate.signatures = seeds
        .iter()
        .map(|seed| CommitSignature {
            validator: id(*seed),
            signature: key(*seed).sign(&message).to_bytes(),
        })
        .collect();
    certificate.signatures.sort_by_key(|signature| signature.validator);
    certificate
}

const FOUR: [(u8, u64); 4] = [(1, 10), (2, 10), (3, 10), (4, 10)];

#[test]
fn a_quorum_is_strictly_more_than_two_thirds_of_the_power() {
    verify_certificate(CHAIN, &set(&[(1, 7)]), &signed(&[1])).expect("1 of 1");
    verify_certificate(CHAIN, &set(&FOUR), &signed(&[1, 2, 3])).expect("30 of 40");
    let exactly = verify_certificate(CHAIN, &set(&FOUR[..3]), &signed(&[1, 2]));
    assert_eq!(exactly, Err(CertificateError::NoQuorum { power: 20, total: 30 }));
    verify_certificate(CHAIN, &set(&[(1, 21), (2, 5), (3, 5)]), &signed(&[1])).expect("21 of 31");
}

#[test]
fn names_are_judged_before_signatures() {
    let validators = set(&FOUR);
    let mut twice = signed(&[1, 2, 3]);
    twice.signatures[1] = twice.signatures[0].clone();
    let validator = twice.signatures[0].validator;
    let refused = verify_certificate(CHAIN, &validators, &twice);
    assert_eq!(refused, Err(CertificateError::Order { validator }));

    let mut swapped = signed(&[1, 2, 3]);
    swapped.signatures.swap(0, 1);
    let refused = verify_certificate(CHAIN, &validators, &swapped);
    assert!(matches!(refused, Err(CertificateError::Order { .. })), "{refused:?}");

    let refused = verify_certificate(CHAIN, &validators, &signed(&[1, 2, 3, 9]));
    assert_eq!(refused, Err(CertificateError::UnknownValidator { validator: id(9) }));

    let mut many = signed(&[1]);
    many.signatures = vec![many.signatures[0].clone(); limits::VALIDATORS_MAX + 1];
    let refused = verify_certificate(CHAIN, &validators, &many);
    assert_eq!(refused, Err(CertificateError::TooMany { count: 65, limit: 64 }));
}

#[test]
fn every_field_is_signed() {
    let validators = set(&FOUR);
    let good = signed(&[1, 2, 3]);
    let changed = [
        CommitCertificate { height: Height(10), ..good.clone() },
        CommitCertificate { round: 3, ..good.clone() },
        CommitCertificate { block: Hash([5; 32]), ..good.clone() },
    ];
    for certificate in changed {
        let refused = verify_certificate(CHAIN, &validators, &certificate);
        assert!(matches!(refused, Err(CertificateError::BadSignature { .. })), "{certificate:?}");
    }
    let refused = verify_certificate(Hash([2; 32]), &validators, &good);
    assert!(matches!(refused, Err(CertificateError::BadSignature { .. })));
}

#[test]
fn a_bad_signature_beyond_the_quorum_is_refused_too() {
    let mut certificate = signed(&[1, 2, 3, 4]);
    certificate.signatures[3].signature[5] ^= 1;
    let validator = certificate.signatures[3].validator;
    let refused = verify_certificate(CHAIN, &set(&FOUR), &certificate);
    assert_eq!(refused, Err(CertificateError::BadSignature { validator }));
}

#[test]
fn a_weak_key_signs_nothing() {
    let mut validators = set(&[(1, 1)]);
    let mut weak = [0; 32];
    weak[0] = 1;
    validators.0[0].consensus_key = weak;
    let mut certificate = signed(&[1]);
    // R = identity and s = 0 hold for any message under the identity as key, by ZIP-215 alone.
    certificate.signatures[0].signature = [0; 64];
    certificate.signatures[0].signature[0] = 1;
    let refused = verify_certificate(CHAIN, &validators, &certificate);
    assert_eq!(refused, Err(CertificateError::BadSignature { validator: id(1) }));
}

proptest! {
    /// Random certificates are refused, and harm nobody.
    #[test]
    fn garbage_is_refused(
        signatures in proptest::collection::vec((0u8..6, any::<[u8; 32]>()), 0..8)
    ) {
        let mut certificate = signed(&[]);
        certificate.signatures = signatures
            .iter()
            .map(|(seed, half)| {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(half);
                signature[32..].copy_from_slice(half);
                CommitSignature { validator: id(*seed), signature }
            })
            .collect();
        prop_assert!(verify_certificate(CHAIN, &set(&FOUR), &certificate).is_err());
    }
}
