//! The state of height 0.

use super::{
    apply,
    tree::{BUCKETS_LOG2, Tree, update},
};
use crate::{
    fault::Fault,
    store::{Column, Database, Store, WriteBatch, column, state::Applied},
};
use codec::Encode;
use dure_runtime::state::tree::StateTree;
use dure_types::{Genesis, Height, Roots};

/// Writes the state of genesis into an empty state database.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn write_genesis(store: &dyn Store, genesis: &Genesis) -> Result<Tree, Fault> {
    let delta = dure_runtime::genesis::state(genesis);
    let mut tree = StateTree::new(u32::from(BUCKETS_LOG2));
    let mut writes = WriteBatch::new(Database::State);
    let state = update(&mut tree, &delta, &mut writes);
    apply::put_state(&mut writes, &delta);
    let receipts = dure_runtime::receipts_root(&[]);
    let roots = Roots { state, receipts };
    writes.put(Column::Roots, column::height(Height::ZERO), roots.encode());
    let applied = Applied {
        height: Height::ZERO,
        id: genesis.chain_id(),
        time: genesis.time,
        certified: Height::ZERO,
        buckets_log2: BUCKETS_LOG2,
    };
    apply::put_applied(&mut writes, &applied);
    store.write(writes)?;
    store.barrier(Database::State)?;
    Ok(Tree::new(tree, Height::ZERO))
}
