//! Signatures and audit paths: 1 when they hold, 0 when they do not.

use super::{
    super::{gas, guest::Stop},
    memory::{Context, bytes32, charge, limited, parts, per_byte, slice},
};
use crate::signature;
use dure_light::verify_merkle_proof;
use dure_types::{ExecutionError, Hash, LimitKind, MerkleProof, limits};

pub(super) fn ed25519_verify(
    context: &mut Context<'_>,
    key: u32,
    message: u32,
    message_len: u32,
    signature: u32,
) -> Result<i64, Stop> {
    charge(context, per_byte(gas::ED25519, gas::ED25519_BYTE, message_len as usize))?;
    let (memory, guest) = parts(context)?;
    let contract = guest.contract;
    let key = bytes32(memory, key, contract)?;
    let message = slice(memory, message, message_len, contract)?;
    let signature = slice(memory, signature, 64, contract)?;
    let bad = ExecutionError::BadPointer { contract };
    let signature = signature.try_into().map_err(|_| bad)?;
    Ok(i64::from(signature::holds(&key, message, signature)))
}

#[expect(clippy::too_many_arguments, reason = "the table of host functions decides")]
pub(super) fn merkle_verify(
    context: &mut Context<'_>,
    root: u32,
    leaf: u32,
    leaf_len: u32,
    index: u64,
    count: u64,
    path: u32,
    path_len: u32,
) -> Result<i64, Stop> {
    let contract = context.data().contract;
    limited(contract, LimitKind::MerklePath, path_len, limits::MERKLE_PATH_HASHES_MAX)?;
    let steps = u64::from(path_len).saturating_mul(gas::MERKLE_STEP);
    let cost = per_byte(gas::BLAKE3, gas::BLAKE3_BYTE, leaf_len as usize);
    charge(context, cost.saturating_add(steps))?;
    let (memory, _) = parts(context)?;
    let root = Hash(bytes32(memory, root, contract)?);
    let leaf = slice(memory, leaf, leaf_len, contract)?;
    let path = slice(memory, path, path_len.saturating_mul(32), contract)?;
    let path = path.as_chunks().0.iter().copied().map(Hash).collect();
    let proof = MerkleProof { index, count, path };
    Ok(i64::from(verify_merkle_proof(root, leaf, &proof).is_ok()))
}
