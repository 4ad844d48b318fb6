//! One decided block: executed, written, and its roots compared with those that others decided.

use super::{apply, tree::update};
use crate::{
    chain::{Chain, Head},
    drill::{self, Drill},
    fault::Fault,
    recent::RecentBlock,
    store::{Column, Database, WriteBatch, column, state},
    view::SnapshotState,
};
use codec::Encode;
use dure_runtime::{BlockContext, StateRead, VerifiedTransaction};
use dure_types::{Hash, Header, Height, Outcome, Roots};
use std::sync::Arc;

/// A decided block, ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// Its id.
    pub id: Hash,
    /// Transactions of all its batches, in order.
    pub transactions: Vec<VerifiedTransaction>,
}

/// What came of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The head that it is from now on.
    pub head: Head,
    /// Its roots.
    pub roots: Roots,
    /// Transaction ids in block order, each with whether it ran.
    pub outcomes: Vec<(Hash, bool)>,
    /// Code that it stored, to be compiled before it is used.
    pub deployed: Vec<Hash>,
}

/// Executes the block after the newest executed one, writes what follows, and keeps it among the
/// recent ones.
///
/// # Errors
/// [`Fault`]: this node must stop.
pub fn execute(chain: &Chain, block: Block) -> Result<Executed, Fault> {
    let header = &block.header;
    let reader = chain.reader();
    let before = chain.head()?;
    assert_eq!(header.height.0, before.height.0 + 1, "blocks are executed in order");
    compare_roots(chain, header)?;

    let state: Arc<dyn StateRead> = Arc::new(SnapshotState(Arc::clone(&reader)));
    let context = BlockContext { chain: chain.id, height: header.height, time: header.time };
    let output = chain.executor.execute_block(&state, &context, &block.transactions)?;

    let mut writes = WriteBatch::new(Database::State);
    chain.undo.put(&mut writes, header.height, &output.before);
    apply::put_state(&mut writes, &output.delta);
    let (transactions, outcomes) = (&block.transactions, &output.outcomes);
    apply::put_outcomes(&mut writes, reader.as_ref(), header.height, transactions, outcomes)?;

    let (height, id, time, certified) = (header.height, block.id, header.time, header.executed);
    // Proofs wait here, so that tree and store are of one height for them.
    let mut grown = chain.tree.write();
    let state = update(&mut grown.tree, &output.delta, &mut writes);
    let roots = Roots { state, receipts: output.receipts_root };
    writes.put(Column::Roots, column::height(height), roots.encode());
    let buckets_log2 = u8::try_from(grown.tree.buckets_log2()).unwrap_or(u8::MAX);
    let applied = state::Applied { height, id, time, certified, buckets_log2 };
    if drill::is(Drill::AppliedApart) {
        let mut first = WriteBatch::new(Database::State);
        apply::put_applied(&mut first, &applied);
        chain.store.write(first)?;
    }
    apply::put_applied(&mut writes, &applied);
    chain.store.write(writes)?;
    grown.height = height;
    drop(grown);

    let ran = |output: &dure_runtime::TransactionOutput| {
        (output.id, matches!(output.outcome, Outcome::Receipt(_)))
    };
    let ids = outcomes.iter().map(ran).collect();
    let deployed = dure_runtime::deployed(&output.delta);
    chain.recent.push(RecentBlock::new(height, block.transactions, output.outcomes));
    Ok(Executed { head: Head { height, id, time, certified }, roots, outcomes: ids, deployed })
}

/// Only a decided header that differs from our own roots means that we diverged.
fn compare_roots(chain: &Chain, header: &Header) -> Result<(), Fault> {
    let first = header.executed.0.saturating_sub(header.roots.len() as u64);
    for (decided, height) in header.roots.iter().zip(first + 1..) {
        let height = Height(height);
        let own = state::roots(chain.store.as_ref(), height)?
            .ok_or_else(|| Fault::Corrupt(format!("roots of height {height} are missing")))?;
        if own != *decided {
            return Err(Fault::Diverged { height, decided: decided.state, own: own.state });
        }
    }
    Ok(())
}
