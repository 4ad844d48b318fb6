//! Proofs of outcomes and of state entries, from what the store holds.

use crate::{
    chain::Chain,
    fault::Fault,
    store::{Column, ledger, state},
    view::CertifiedEntry,
};
use codec::Encode;
use dure_runtime::state::read::key_hash;
use dure_types::{Hash, Height, MerkleProof, Outcome};

/// Proves an outcome under the receipts root of its block; none outside the block.
#[must_use]
pub fn receipt_proof(outcomes: &[(Hash, Outcome)], index: u32) -> Option<MerkleProof> {
    let leaves = outcomes.iter().zip(0u32..).map(|((id, outcome), i)| (i, *id, outcome).encode());
    dure_runtime::merkle::path(leaves, u64::from(index))
}

/// Proves the value of a state key, or its absence, at the newest certified height.
///
/// # Errors
/// [`Fault`] when the store fails or is corrupt.
pub fn certified_entry(chain: &Chain, key: &[u8]) -> Result<CertifiedEntry, Fault> {
    let grown = chain.tree.read();
    let reader = chain.store.snapshot()?;
    let head = state::head(reader.as_ref())?;
    assert_eq!(head.height, grown.height, "tree and state move together");
    let mut value = reader.get(Column::State, key)?;
    let mut hashes = Vec::new();
    let mut changed = false;
    for height in head.certified.0 + 1..=head.height.0 {
        let height = Height(height);
        let undo = state::undo(reader.as_ref(), height)?
            .ok_or_else(|| Fault::Corrupt(format!("undo record of {height} is missing")))?;
        for (other, before) in undo {
            hashes.push((key_hash(&other), before.as_deref().map(key_hash)));
            // The oldest record that mentions the key has what it was at the certified height.
            if other == key && !changed {
                changed = true;
                value = before;
            }
        }
    }
    let view = grown.tree.view(&hashes);
    let (header, root) = certifying(chain, head.certified, head.height)?;
    if view.root() != root {
        return Err(Fault::Corrupt(format!("tree of height {} has another root", head.certified)));
    }
    let proof = view.prove(key_hash(key));
    Ok(CertifiedEntry { height: head.certified, header, root, value, proof })
}

/// The decided header that lists the roots of a height, with the state root.
fn certifying(chain: &Chain, height: Height, head: Height) -> Result<(Height, Hash), Fault> {
    let reader = chain.store.as_ref();
    let missing = || Fault::Corrupt(format!("no header lists the roots of height {height}"));
    if height == Height::ZERO {
        let roots = state::roots(reader, height)?.ok_or_else(missing)?;
        return Ok((height, roots.state));
    }
    for next in height.0 + 1..=head.0 {
        let header = ledger::header(reader, Height(next))?.ok_or_else(missing)?;
        if let Some(behind) = header.executed.0.checked_sub(height.0) {
            let index = (header.roots.len() as u64).checked_sub(behind + 1).ok_or_else(missing)?;
            let index = usize::try_from(index).map_err(|_| missing())?;
            let roots = header.roots.get(index).ok_or_else(missing)?;
            return Ok((header.height, roots.state));
        }
    }
    Err(missing())
}
