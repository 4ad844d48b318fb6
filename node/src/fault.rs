//! Faults: our disk, our bug or our configuration. The node stops before it signs anything more.

use crate::store::StoreError;
use dure_types::{Hash, Height, genesis::GenesisError};

/// Stops the node, or the read that met it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store failed; it refuses everything from now on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The executor failed for a reason of this machine.
    #[error(transparent)]
    Runtime(#[from] dure_runtime::Fault),
    /// A stored value is missing or does not decode.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// The state is of a height that the ledger does not have: mixed or restored directories.
    #[error("state is at height {applied}, ahead of the ledger at {ledger}")]
    StateAhead {
        /// Height of the state.
        applied: Height,
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// The signer's mark is missing or older than the ledger: signing could contradict an earlier
    /// signature, and a lone validator has nobody to learn from.
    #[error("the signer's mark is at height {mark}, behind the ledger at {ledger}; not signing")]
    SignerBehind {
        /// Height of the mark, 0 without one.
        mark: Height,
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// A decided header names other roots than our own execution gave.
    #[error("height {height}: decided roots {decided} differ from our own {own}; stopped")]
    Diverged {
        /// The height whose roots differ.
        height: Height,
        /// State root in the decided header.
        decided: Hash,
        /// State root of our execution.
        own: Hash,
    },
    /// The rules of ordering were broken by our own code.
    #[error(transparent)]
    Ordering(#[from] dure_consensus::OrderingError),
    /// A thread of the node ended or could not be started.
    #[error("thread {name}: {reason}")]
    Thread {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// The node is stopping or has stopped.
    #[error("the node is stopping")]
    Stopped,
}

/// Says why a node did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Genesis is not one.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// Our key is no validator's. Following a chain comes with the network.
    #[error("the consensus key belongs to no validator of this chain")]
    NotAValidator,
    /// More than one validator: a lone node cannot reach a quorum without the network.
    #[error("genesis has {count} validators; this release orders with exactly one")]
    ManyValidators {
        /// Validators in genesis.
        count: usize,
    },
    /// The chain runs by other rules than this release.
    #[error("this release does not run vm version {vm_version} with gas table {gas_table}")]
    Rules {
        /// The chain's version of the virtual machine's rules.
        vm_version: u32,
        /// Hash of the chain's gas table.
        gas_table: Hash,
    },
    /// This build has no store for a directory.
    #[error("this build has no RocksDB (feature `rocksdb`); run without a data directory")]
    NoDisk,
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Recovery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}
