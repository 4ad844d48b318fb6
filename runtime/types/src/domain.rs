//! Domain separation: what is hashed or signed for one purpose never reads as another.
//!
//! Every hash of a structure is BLAKE3(tag, 16 bytes | chain id, 32 bytes where it belongs to a
//! chain | version, 1 byte | SCALE bytes). The tag is ASCII, filled with zero bytes.

use crate::Hash;
use alloc::vec::Vec;
use codec::Encode;

/// Version byte of every signed or hashed structure of this release.
pub const VERSION: u8 = 1;

const fn tag(name: &[u8]) -> [u8; 16] {
    assert!(name.len() <= 16, "a tag has 16 bytes at most");
    let mut bytes = [0u8; 16];
    let (head, _) = bytes.split_at_mut(name.len());
    head.copy_from_slice(name);
    bytes
}

/// Signed by an account; its BLAKE3 is the transaction id.
pub const TRANSACTION: [u8; 16] = tag(b"dure/transaction");
/// Signed by a batch's author; its BLAKE3 is the batch id.
pub const BATCH: [u8; 16] = tag(b"dure/batch");
/// Its BLAKE3 is the block id.
pub const HEADER: [u8; 16] = tag(b"dure/header");
/// Signed by a voter.
pub const VOTE: [u8; 16] = tag(b"dure/vote");
/// Signed by a proposer.
pub const PROPOSAL: [u8; 16] = tag(b"dure/proposal");
/// Its BLAKE3 is the chain id.
pub const GENESIS: [u8; 16] = tag(b"dure/genesis");
/// Its BLAKE3 is an account's address.
pub const ACCOUNT: [u8; 16] = tag(b"dure/account");
/// Its BLAKE3 is a contract's address.
pub const CONTRACT: [u8; 16] = tag(b"dure/contract");
/// Its BLAKE3 is a validator's id.
pub const VALIDATOR: [u8; 16] = tag(b"dure/validator");
/// Its BLAKE3 stands for a validator set in a header.
pub const VALIDATOR_SET: [u8; 16] = tag(b"dure/validators");
/// Signed by both keys of a validator: they belong together.
pub const KEY_BINDING: [u8; 16] = tag(b"dure/key-binding");

/// Lays out what is hashed or signed: tag, chain id, version, SCALE bytes.
#[must_use]
pub fn message(tag: [u8; 16], chain: Hash, value: &impl Encode) -> Vec<u8> {
    let mut bytes = prefix(tag, chain);
    value.encode_to(&mut bytes);
    bytes
}

/// The fixed head of [`message`].
#[must_use]
pub fn prefix(tag: [u8; 16], chain: Hash) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(&chain.0);
    bytes.push(VERSION);
    bytes
}

/// BLAKE3 of [`message`].
#[must_use]
pub fn hash(tag: [u8; 16], chain: Hash, value: &impl Encode) -> Hash {
    blake3_hash(&message(tag, chain, value))
}

/// BLAKE3 of tag, version and SCALE bytes: for what exists before or outside a chain.
#[must_use]
pub fn hash_chainless(tag: [u8; 16], value: &impl Encode) -> Hash {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(&tag);
    bytes.push(VERSION);
    value.encode_to(&mut bytes);
    blake3_hash(&bytes)
}

/// BLAKE3 of bytes.
#[must_use]
pub fn blake3_hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

/// First four bytes of BLAKE3 of a name: a method's selector, an event's topic.
#[must_use]
pub fn selector(name: &str) -> crate::Selector {
    let hash = blake3::hash(name.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    crate::Selector([a, b, c, d])
}
