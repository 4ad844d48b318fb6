//! Ed25519 keys under ZIP-215, weak ones refused (DESIGN D4).

use ed25519_zebra::{Signature, VerificationKey};

/// Whether `signature` over `message` is that of `key`, by ZIP-215. Weak keys sign nothing.
///
/// # Example
/// ```
/// assert!(!dure_light::verify_signature(&[0; 32], b"message", &[0; 64]));
/// ```
#[must_use]
pub fn verify_signature(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    !is_weak(key)
        && VerificationKey::try_from(*key).is_ok_and(|key| key.verify(&signature, message).is_ok())
}

/// Whether a key is one of the 14 encodings of the eight points of small order, whose signatures
/// prove nothing.
///
/// Their y coordinates are 0, 1, -1 and the two of order 8; 0 and 1 also have an encoding above
/// the field's modulus. The top bit is the sign of x: either sign decodes. Comparing bytes saves
/// the decompression that asking a curve crate would cost, a quarter of a bulk check.
///
/// # Example
/// ```
/// assert!(dure_light::is_weak(&[0; 32]));
/// ```
#[must_use]
pub fn is_weak(key: &[u8; 32]) -> bool {
    const fn y(first: u8, middle: u8, last: u8) -> [u8; 32] {
        let mut bytes = [middle; 32];
        let [head, .., tail] = &mut bytes;
        *head = first;
        *tail = last;
        bytes
    }
    const SMALL_ORDER: [[u8; 32]; 7] = [
        y(0x00, 0x00, 0x00), // 0, order 4
        y(0x01, 0x00, 0x00), // 1, the identity
        y(0xec, 0xff, 0x7f), // -1, order 2
        y(0xed, 0xff, 0x7f), // the modulus: 0 again
        y(0xee, 0xff, 0x7f), // the modulus + 1: 1 again
        // The two of order 8.
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut unsigned = *key;
    let [.., last] = &mut unsigned;
    *last &= 0x7f;
    SMALL_ORDER.contains(&unsigned)
}
