//! What all parts of one running node share: the chain, its store, its executor, its tree.

use crate::{
    execution::{self, Tree, UndoRecords, UndoWindow},
    fault::Fault,
    recent::Recent,
    store::{Read, Store, state},
    view::View,
};
use dure_runtime::Executor;
use dure_types::{Genesis, Hash, Height, TimestampMs};
use std::sync::Arc;

/// The parts of a node that never change while it runs, shared by its threads.
pub struct Chain {
    /// What the chain began with.
    pub genesis: Genesis,
    /// The chain id: hash of genesis.
    pub id: Hash,
    /// Both databases.
    pub store: Arc<dyn Store>,
    /// Runs transactions, queries and simulations.
    pub executor: Arc<Executor>,
    /// The state tree after the newest executed height.
    pub tree: Tree,
    /// The newest executed blocks.
    pub recent: Recent,
    /// What the newest blocks changed: so far back transactions can be traced.
    pub undo: UndoRecords,
}

/// The newest height that was decided and executed: what `final` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height; 0 is genesis.
    pub height: Height,
    /// Its block id; the chain id at genesis.
    pub id: Hash,
    /// Its time.
    pub time: TimestampMs,
    /// Newest height whose roots are in a decided header.
    pub certified: Height,
}

impl Chain {
    /// Takes over a store that belongs to the chain; a new one gets the state of genesis, and one
    /// that had a wider window of undo records loses those outside this one.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn open(
        genesis: Genesis,
        store: Arc<dyn Store>,
        executor: Arc<Executor>,
        window: UndoWindow,
    ) -> Result<Arc<Self>, Fault> {
        let id = genesis.chain_id();
        let tree = match state::applied(store.as_ref())? {
            Some(applied) => Tree::load(store.as_ref(), &applied)?,
            None => execution::write_genesis(store.as_ref(), &genesis)?,
        };
        let recent = Recent::default();
        let (undo, surplus) = UndoRecords::load(store.as_ref(), window)?;
        if !surplus.operations().is_empty() {
            store.write(surplus)?;
        }
        Ok(Arc::new(Self { genesis, id, store, executor, tree, recent, undo }))
    }

    /// Opens a consistent snapshot at the newest executed height.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn view(self: &Arc<Self>) -> Result<View, Fault> {
        View::new(Arc::clone(self), self.store.snapshot()?)
    }

    /// Reads the newest executed height.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn head(&self) -> Result<Head, Fault> {
        state::head(self.store.as_ref())
    }

    /// The store, for reading only.
    pub(crate) fn reader(&self) -> Arc<dyn Read> {
        Arc::clone(&self.store) as Arc<dyn Read>
    }
}
