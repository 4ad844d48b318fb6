//! Hashes, signatures and audit paths, computed by the host: in WASM they would cost a hundred
//! times as much gas.

use crate::host;
use dure_abi::Hash;

/// SHA-256 of the data.
///
/// # Example
/// ```
/// use dure_sdk::{crypto::sha256, native::Sandbox};
/// let digest = Sandbox::new().run(|_| sha256(b"abc"));
/// assert_eq!(&digest.0[..4], [0xba, 0x78, 0x16, 0xbf]);
/// ```
#[must_use]
pub fn sha256(data: &[u8]) -> Hash {
    Hash(host::sha256(data))
}

/// BLAKE3 of the data.
///
/// # Example
/// ```
/// use dure_sdk::{crypto::blake3, native::Sandbox};
/// let digest = Sandbox::new().run(|_| blake3(b""));
/// assert_eq!(&digest.0[..4], [0xaf, 0x13, 0x49, 0xb9]);
/// ```
#[must_use]
pub fn blake3(data: &[u8]) -> Hash {
    Hash(host::blake3(data))
}

/// Whether `signature` over `message` is an Ed25519 signature of `key`, by the rules that
/// transactions are checked by: ZIP-215, and keys of small order sign nothing.
///
/// Sign a message that names this contract and what the signature is for, or it may be used
/// elsewhere.
///
/// # Example
/// ```
/// use dure_sdk::{crypto::ed25519_verify, native::Sandbox};
/// let weak = Sandbox::new().run(|_| ed25519_verify(&[0; 32], b"anything", &[0; 64]));
/// assert!(!weak);
/// ```
#[must_use]
pub fn ed25519_verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    host::ed25519_verify(key, message, signature)
}

/// Whether `leaf` stands at `index` of a tree of `count` leaves with this root; `path` are the
/// hashes beside the way up, from the bottom.
///
/// The tree is RFC 6962's over BLAKE3, the one of receipts and events: leaf = BLAKE3(0 | bytes),
/// node = BLAKE3(1 | left | right).
///
/// # Example
/// ```
/// use dure_sdk::{crypto::{blake3, merkle_verify}, native::Sandbox};
/// Sandbox::new().run(|_| {
///     // A tree of one leaf: its root is the leaf's hash, its path is empty.
///     let root = blake3(b"\x00coffee");
///     assert!(merkle_verify(&root, b"coffee", 0, 1, &[]));
///     assert!(!merkle_verify(&root, b"tea", 0, 1, &[]));
/// });
/// ```
#[must_use]
pub fn merkle_verify(root: &Hash, leaf: &[u8], index: u64, count: u64, path: &[Hash]) -> bool {
    host::merkle_verify(root, leaf, index, count, path)
}
