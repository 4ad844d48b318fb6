//! The chain and the node.

use super::{HashHex, Number, transaction::Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the chain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainStatus {
    /// Chain id: hash of genesis.
    pub chain: HashHex,
    /// The chain's name for people.
    pub name: String,
    /// Newest height that is decided and executed.
    pub height: Number,
    /// Its block id.
    pub block: HashHex,
    /// Its time, milliseconds since 1970.
    pub time: Number,
    /// What this node's clock shows, milliseconds since 1970: the time of a transaction sent now.
    pub now: Number,
    /// Newest height whose roots are in a decided header.
    pub certified: Number,
    /// Validators of the chain.
    pub validators: u32,
    /// Version of the node's program.
    pub version: String,
}

/// The clock of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockAnswer {
    /// What it shows now, milliseconds since 1970.
    pub now: Number,
}

/// Numbers of the chain and limits of this release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainParams {
    /// Height at which they were read.
    pub height: Number,
    /// Chain id.
    pub chain: HashHex,
    /// Gas limits of one block's transactions, added.
    pub block_gas_max: Number,
    /// Gas of a transaction before its first call.
    pub transaction_gas_base: Number,
    /// Gas of each byte of a transaction.
    pub transaction_gas_per_byte: Number,
    /// Version of the virtual machine's rules.
    pub vm_version: u32,
    /// Hash of the gas table.
    pub gas_table: HashHex,
    /// Quotas by tier.
    pub tiers: Vec<TierShape>,
    /// Limits of transactions and requests.
    pub limits: Limits,
}

/// Quota of one tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TierShape {
    /// The tier; 0 is everyone's.
    pub tier: u8,
    /// Gas in a full bucket.
    pub capacity: Number,
    /// Gas that flows back each second.
    pub refill_per_second: Number,
    /// Whether its accounts may deploy.
    pub may_deploy: bool,
}

/// Greatest allowed values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Bytes of an encoded transaction.
    pub transaction_bytes: u64,
    /// Calls of a transaction.
    pub calls: u64,
    /// Bytes of the arguments of one call.
    pub args_bytes: u64,
    /// Gas of one transaction.
    pub transaction_gas: Number,
    /// Milliseconds that `valid_until` may lie ahead.
    pub valid_for_ms: Number,
    /// Nonces usable above and below a lane's highest.
    pub nonce_window: u64,
    /// Bytes of a module.
    pub code_bytes: u64,
    /// Gas of one query or simulation.
    pub query_gas: Number,
    /// Entries of one page of a list.
    pub page: u64,
    /// Calls of one `contract_query`.
    pub query_calls: u64,
    /// Bytes of one request.
    pub request_bytes: u64,
    /// Requests of one JSON-RPC batch.
    pub batch_requests: u64,
}

/// How the node fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether the node orders and executes blocks.
    pub running: bool,
    /// Why it had to stop: `DiskFull`, or `InternalError` for what its log tells. It answers for
    /// three seconds longer, then its process ends. None while it runs, and when it was told to stop.
    pub fault: Option<Refusal>,
    /// Newest height that is decided and executed.
    pub height: Number,
    /// Its time, milliseconds since 1970.
    pub time: Number,
    /// Transactions that wait.
    pub mempool: Mempool,
    /// Connections open now.
    pub connections: u32,
    /// Seconds since the server started.
    pub uptime_s: u64,
    /// The other validators, as this one reaches them; none where it is alone.
    pub peers: Vec<PeerHealth>,
    /// The node's name on the network; none in a build without `network`.
    pub peer_id: Option<String>,
    /// Version of the node's program.
    pub version: String,
}

/// How it stands with another validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeerHealth {
    /// Its name in genesis.
    pub name: String,
    /// Whether a connection stands for proposals and votes, and one for batches.
    pub connected: bool,
    /// Messages that were given to its connection since the start.
    pub sent: Number,
    /// Messages that came from it.
    pub received: Number,
    /// Messages that were dropped because too much waited for it.
    pub dropped: Number,
    /// How often it was shut out for what it sent.
    pub shunned: Number,
}

/// How full the mempool is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mempool {
    /// Transactions that wait.
    pub transactions: u64,
    /// Their bytes.
    pub bytes: u64,
}
