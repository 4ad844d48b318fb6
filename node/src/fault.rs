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
    /// The state is of a height that the ledger does not have: mixed or restored directories, or a
    /// ledger that lost its newest decision.
    #[error(
        "state is at height {applied}, ahead of the ledger at {ledger}; nothing was written; \
         restore the folder ledger from a copy that reaches height {applied}"
    )]
    StateAhead {
        /// Height of the state.
        applied: Height,
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// The ledger ends before what this node signed: a damaged or deleted log, or an older copy.
    /// What was final is missing, and going on would sign other blocks at the same heights.
    #[error(
        "the ledger ends at height {ledger}, but this node signed up to height {signed}: its tail \
         is lost, and with it what was final; nothing was written; restore the folder ledger from \
         a copy that reaches height {signed}, and leave the file signer as it is"
    )]
    LedgerLost {
        /// Newest height that this node signed.
        signed: Height,
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// The ledger lost a batch whose block this node signed.
    #[error(
        "the ledger ends at height {ledger} and lacks batch {seq} of height {signed}, which this \
         node signed: its tail is lost; nothing was written; restore the folder ledger from a copy \
         that reaches height {signed}, and leave the file signer as it is"
    )]
    BatchLost {
        /// The batch's sequence number.
        seq: u64,
        /// Newest height that this node signed.
        signed: Height,
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// Ledger and signer's mark are of different histories: mixed directories.
    #[error(
        "this node signed block {signed} at height {height}, where the ledger has {ledger}; \
         nothing was written; put the folder ledger and the file signer of one node together"
    )]
    SignedOther {
        /// The height.
        height: Height,
        /// Block signed, or built upon.
        signed: Hash,
        /// Block in the ledger.
        ledger: Hash,
    },
    /// The file of the signer's mark is missing or damaged beside a ledger with blocks, so that
    /// nothing tells what was signed, nor whether the ledger is whole.
    #[error(
        "the ledger is at height {ledger}, but the file signer beside it is missing or holds no \
         mark; nothing was written; put back the file that belongs to this ledger, or begin a new \
         chain in an empty folder (releases before this file had none)"
    )]
    NoMark {
        /// Newest decided height in the ledger.
        ledger: Height,
    },
    /// The signer's mark is older than the ledger: signing could contradict an earlier signature,
    /// and the others have no quorum to learn from.
    #[error(
        "the signer's mark is at height {mark}, behind the ledger at {ledger}; not signing; put \
         back the file signer that belongs to this ledger"
    )]
    SignerBehind {
        /// Height of the mark.
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
    /// There is no signature where one is needed.
    #[error(transparent)]
    Signer(#[from] dure_consensus::SignerError),
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

impl Fault {
    /// Whether it is that the disk is full, which the operator can mend.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_full())
    }
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
