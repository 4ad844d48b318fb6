//! How a node is set up, apart from what the chain itself prescribes.

use crate::{driver::WallClock, execution::UndoWindow};
use dure_types::{Genesis, limits};
use std::path::PathBuf;

/// What [`crate::driver::Node::start`] needs.
#[derive(Clone)]
pub struct NodeConfig {
    /// Where both databases live; none: in memory, forgotten when the node stops.
    pub data_dir: Option<PathBuf>,
    /// What the chain began with.
    pub genesis: Genesis,
    /// Signs votes and batches; genesis must name its public half as a validator's.
    pub consensus_key: ed25519_dalek::SigningKey,
    /// Bounds of the mempool.
    pub mempool: MempoolLimits,
    /// Gives blocks their time.
    pub clock: WallClock,
    /// How long it is kept what blocks changed: so far back transactions can be traced.
    pub undo: UndoWindow,
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MempoolLimits {
    /// Transactions.
    pub transactions_max: usize,
    /// Their encoded bytes.
    pub bytes_max: usize,
    /// Transactions of one account: one customer cannot fill it for all.
    pub per_account_max: usize,
}

impl NodeConfig {
    /// Sets up a node in memory, with default limits.
    #[must_use]
    pub fn new(genesis: Genesis, consensus_key: ed25519_dalek::SigningKey) -> Self {
        Self {
            data_dir: None,
            genesis,
            consensus_key,
            mempool: MempoolLimits::default(),
            clock: WallClock::fixed(),
            undo: UndoWindow::default(),
        }
    }
}

impl Default for MempoolLimits {
    fn default() -> Self {
        Self { transactions_max: 100_000, bytes_max: 64 << 20, per_account_max: 8_192 }
    }
}

const _: () = {
    // An account may have a whole window of nonces of several lanes waiting.
    assert!(8_192 >= limits::NONCE_WINDOW as usize);
    assert!(64 << 20 >= limits::BLOCK_BYTES_MAX);
};
