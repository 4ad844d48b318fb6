//! What the rest of the program holds of a running node: submit, watch, read.

use crate::{
    chain::{Chain, Head},
    driver::{Door, WallClock},
    fault::Fault,
    mempool::{MempoolStatus, Rejection, Submitted},
    recent::Recent,
    view::View,
};
use dure_runtime::Executor;
use dure_types::{Genesis, Hash};
use std::sync::Arc;
use tokio::sync::watch;

/// A cheap, cloneable reference to a running node.
///
/// It stays valid after the node stopped: reads go on, submissions are refused as
/// [`Rejection::Stopping`].
#[derive(Clone)]
pub struct Handle {
    pub(crate) chain: Arc<Chain>,
    pub(crate) clock: WallClock,
    pub(crate) door: Door,
    pub(crate) head: watch::Receiver<Head>,
    pub(crate) mempool: watch::Receiver<MempoolStatus>,
    /// Why the node stops; none while it does not.
    pub(crate) reason: watch::Receiver<Option<Fault>>,
}

impl Handle {
    /// Submits an encoded transaction; returns once it is accepted into the mempool.
    ///
    /// Idempotent by transaction id: a copy of one that waits is accepted again, and a copy of one
    /// that has a receipt answers with its place in `known`.
    ///
    /// # Errors
    /// [`Rejection`], whichever rule is broken first; nothing has changed then.
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Submitted, Rejection> {
        self.door.submit(bytes).await
    }

    /// The clock that admits transactions and gives blocks their time.
    #[must_use]
    pub fn clock(&self) -> &WallClock {
        &self.clock
    }

    /// Watches the newest executed height; it changes after the height's writes are visible to
    /// [`Handle::view`]. The sender is gone once the node has stopped.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    /// Opens a consistent, read-only snapshot at the newest executed height.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn view(&self) -> Result<View, Fault> {
        self.chain.view()
    }

    /// The newest executed blocks; as new as the head or newer.
    #[must_use]
    pub fn recent(&self) -> &Recent {
        &self.chain.recent
    }

    /// The executor, for queries and simulations against a view's state.
    #[must_use]
    pub fn executor(&self) -> Arc<Executor> {
        Arc::clone(&self.chain.executor)
    }

    /// What the chain began with.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.chain.genesis
    }

    /// The chain id.
    #[must_use]
    pub fn chain(&self) -> Hash {
        self.chain.id
    }

    /// Why the node stops or has stopped: [`Fault::Stopped`] when it was told to. None while it
    /// runs.
    #[must_use]
    pub fn stopped(&self) -> Option<Fault> {
        self.reason.borrow().clone()
    }

    /// How full the mempool is.
    #[must_use]
    pub fn mempool(&self) -> MempoolStatus {
        *self.mempool.borrow()
    }
}
