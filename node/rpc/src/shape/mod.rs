//! What answers and parameters look like in JSON. Converted by hand from the chain's own types,
//! which know nothing of JSON.

mod block;
mod chain;
mod contract;
mod event;
mod state;
mod subscription;
mod trace;
mod transaction;

pub use block::{Block, BlockAnswer, BlockRoots, BlockTransaction, TransactionStatus};
pub use chain::{
    ChainParams, ChainStatus, ClockAnswer, Health, Limits, Mempool, PeerHealth, TierShape,
};
pub use contract::{
    ArgumentShape, CallRequest, CallResult, ContractAnswer, ContractEntry, ContractList,
    EventShape, MethodShape, OneOrMany, QueryAnswer, StorageShape, TypeShape,
};
pub use event::{EventFilter, EventItem, EventList};
pub use state::{
    AccountAnswer, History, HistoryItem, StateAnswer, StateProofAnswer, StorageEntry, StorageList,
};
pub use subscription::{Notice, TransactionFilter};
pub use trace::{CallTrace, EventTrace, TraceAnswer};
pub use transaction::{
    CallOutput, Certified, ExecutionResult, ReceiptAnswer, ReceiptShape, Refusal, SimulateRequest,
    SimulationAnswer, Stage, StorageChange, Submission, Wait,
};

use crate::{decimal::Decimal, hex::Hex};
use dure_types::{Address, Hash, Selector};

/// A number of 64 bits: a decimal string in JSON.
pub type Number = Decimal<u64>;
/// A hash in an answer.
pub type HashHex = Hex<Hash>;
/// An address in an answer.
pub type AddressHex = Hex<Address>;
/// A selector in an answer.
pub type SelectorHex = Hex<Selector>;
