//! The methods: one table from which the traits, `rpc_discover` and `docs/rpc.md` come.

use crate::{
    decimal::Decimal,
    discover::{Entry, Kind, Parameter},
    hex::Unchecked,
    place::Place,
    shape::{
        AccountAnswer, Block, BlockAnswer, CallRequest, ChainParams, ChainStatus, ClockAnswer,
        ContractAnswer, ContractList, EventFilter, EventItem, EventList, Health, History, Notice,
        OneOrMany, QueryAnswer, ReceiptAnswer, ReceiptShape, SimulateRequest, SimulationAnswer,
        StateAnswer, StateProofAnswer, StorageList, Submission, TraceAnswer, TransactionFilter,
        Wait,
    },
};
use dure_types::{Address, Hash};
use jsonrpsee::proc_macros::rpc;
use serde_json::Value;

/// An address as a caller wrote it.
pub type AddressText = Unchecked<Address>;
/// A hash as a caller wrote it.
pub type HashText = Unchecked<Hash>;
/// Bytes as a caller wrote them.
pub type BytesText = Unchecked<Vec<u8>>;
/// A number of 64 bits.
pub type Number = Decimal<u64>;
/// One query or several.
pub type Queries = OneOrMany<CallRequest>;
/// What `sub_blocks` sends.
pub type BlockNotice = Notice<Block>;
/// What `sub_events` sends.
pub type EventNotice = Notice<EventItem>;
/// What `sub_tx` sends.
pub type ReceiptNotice = Notice<ReceiptShape>;
/// An OpenRPC document.
pub type OpenRpc = Value;

// The attributes come from the call, so that what `rpc` generates has the hygiene of the names.
macro_rules! api {
    (
        $(#[$($attribute:tt)*])*
        methods of $this:ident
        $(
            #[doc = $doc:literal]
            $name:tt $method:ident (
                $($arg:ident: $ty:ident $(<$inner:ident>)? = $about:literal),* $(,)?
            ) -> $result:ident;
        )*
        subscriptions
        $(
            #[doc = $sub_doc:literal]
            $sub_name:tt => $sub_item:tt, $sub_end:tt $sub_method:ident (
                $($sub_arg:ident: $sub_ty:ident $(<$sub_inner:ident>)? = $sub_about:literal),*
            ) -> $sub_result:ident;
        )*
    ) => {
        $(#[$($attribute)*])*
        pub trait Dure {
            $(
                #[doc = $doc]
                #[method(name = $name, param_kind = map)]
                async fn $method(
                    &$this, $($arg: $ty $(<$inner>)?),*
                ) -> Result<$result, crate::RpcError>;
            )*
            $(
                #[doc = $sub_doc]
                #[subscription(
                    name = $sub_name => $sub_item,
                    unsubscribe = $sub_end,
                    item = $sub_result,
                    param_kind = map
                )]
                async fn $sub_method(
                    &$this, $($sub_arg: $sub_ty $(<$sub_inner>)?),*
                ) -> jsonrpsee::core::SubscriptionResult;
            )*
        }

        /// Every method and subscription, in the order of the documentation.
        #[must_use]
        pub fn entries() -> Vec<Entry> {
            vec![
                $(Entry {
                    name: $name,
                    about: $doc,
                    kind: Kind::Method,
                    parameters: vec![$(Parameter::new::<$ty $(<$inner>)?>(
                        stringify!($arg), $about, stringify!($ty) == "Option",
                    )),*],
                    result: |generator| generator.subschema_for::<$result>(),
                    result_name: stringify!($result),
                },)*
                $(Entry {
                    name: $sub_name,
                    about: $sub_doc,
                    kind: Kind::Subscription { item: $sub_item, end: $sub_end },
                    parameters: vec![$(Parameter::new::<$sub_ty $(<$sub_inner>)?>(
                        stringify!($sub_arg), $sub_about, stringify!($sub_ty) == "Option",
                    )),*],
                    result: |generator| generator.subschema_for::<$sub_result>(),
                    result_name: stringify!($sub_result),
                },)*
            ]
        }
    };
}

api! {
    /// Everything that a node answers. The server half is implemented by the node, the client half
    /// by any `jsonrpsee` client.
    #[cfg_attr(all(feature = "server", feature = "client"), rpc(server, client))]
    #[cfg_attr(all(feature = "server", not(feature = "client")), rpc(server))]
    #[cfg_attr(all(feature = "client", not(feature = "server")), rpc(client))]
    methods of self
    /// Says which chain this is and how far it is.
    "chain_status" chain_status(
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> ChainStatus;
    /// Reads a block: by height, by id, or the newest.
    "chain_block" chain_block(
        block: Option<BlockRef> = "Height, or block id (0x and 64 digits); the newest unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> BlockAnswer;
    /// Reads the numbers of the chain and the limits of this release.
    "chain_params" chain_params(
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> ChainParams;
    /// Submits a transaction and waits as long as asked. Idempotent by transaction id.
    "tx_submit" tx_submit(
        bytes: BytesText = "The transaction in SCALE, 0x and digits.",
        wait: Option<Wait> = "`none`, `accepted` (unless told), `final` or `certified`.",
        chain: Option<HashText> = "Chain id that was signed for; another chain's is refused by name.",
    ) -> Submission;
    /// Reads what became of a transaction.
    "tx_receipt" tx_receipt(
        id: HashText = "Transaction id.",
        proof: Option<bool> = "Whether to prove it; refused as `NotCertified` while that is too early.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> ReceiptAnswer;
    /// Tries calls, or one query, without signature or nonce, as if sent now; nothing is changed.
    "tx_simulate" tx_simulate(
        transaction: SimulateRequest = "Account, calls. Who pays and least gas: not looked at.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> SimulationAnswer;
    /// Runs a transaction again on the state that it met, and shows every contract that it entered.
    "tx_trace" tx_trace(
        id: HashText = "Transaction id, of one of the last 64 blocks.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> TraceAnswer;
    /// Asks one read-only method, or several at one height and one time, as if sent now.
    "contract_query" contract_query(
        calls: Queries = "One call or a list.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> QueryAnswer;
    /// Reads a contract's specification: methods, events, types.
    "contract_spec" contract_spec(
        contract: AddressText = "The contract; 32 zero bytes for the system contract.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> ContractAnswer;
    /// Lists contracts, ascending by address.
    "contract_list" contract_list(
        cursor: Option<AddressText> = "`next` of the page before.",
        limit: Option<u32> = "Most entries, 100 unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> ContractList;
    /// Reads tier, quota and nonces of an account. Any key is one; it need not have been used.
    "account_get" account_get(
        account: AddressText = "The account.",
        lane: Option<u16> = "Lane of the nonces, 0 unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> AccountAnswer;
    /// Lists transactions on behalf of an account or with a call to a contract, newest first.
    "account_history" account_history(
        account: AddressText = "The account or contract.",
        cursor: Option<Place> = "`next` of the page before.",
        limit: Option<u32> = "Most entries, 100 unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> History;
    /// Reads a state entry.
    "state_get" state_get(
        contract: AddressText = "Whose entry.",
        key: BytesText = "Key as the contract chose it: field id (2 bytes), then the ordered key.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> StateAnswer;
    /// Lists the storage of a contract, ascending by key, decoded by its specification.
    "state_list" state_list(
        contract: AddressText = "Whose storage.",
        cursor: Option<BytesText> = "`next` of the page before, or a key to begin at.",
        limit: Option<u32> = "Most entries, 100 unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> StorageList;
    /// Proves a state entry, or its absence, at the newest certified height.
    "state_proof" state_proof(
        contract: AddressText = "Whose entry.",
        key: BytesText = "Key as the contract chose it.",
        min_height: Option<Number> = "Wait until this height is certified, or fail.",
    ) -> StateProofAnswer;
    /// Lists events, ascending.
    "event_list" event_list(
        filter: Option<EventFilter> = "Which events; all unless told.",
        min_height: Option<Number> = "Wait until the node is at this height, or fail.",
    ) -> EventList;
    /// Says how the node fares.
    "node_health" node_health() -> Health;
    /// Moves the clock of a development node forward, for good; the next block has the later time.
    "dev_advance" dev_advance(
        by_ms: Number = "By how much, milliseconds; 100 years in all at most.",
    ) -> ClockAnswer;
    /// Answers this documentation as an OpenRPC document.
    "rpc_discover" rpc_discover() -> OpenRpc;

    subscriptions
    /// Sends blocks: from a height on what is stored, then live, each once, in order.
    "sub_blocks" => "sub_block", "sub_blocks_end" sub_blocks(
        from: Option<Number> = "First height; what comes from now on unless told."
    ) -> BlockNotice;
    /// Sends events: from a place on what is stored, then live, each once, in order.
    "sub_events" => "sub_event", "sub_events_end" sub_events(
        filter: Option<EventFilter> = "Which events; all unless told."
    ) -> EventNotice;
    /// Sends receipts: from a place on what is stored, then live, each once, in order.
    "sub_tx" => "sub_receipt", "sub_tx_end" sub_tx(
        filter: Option<TransactionFilter> = "Which transactions; all unless told."
    ) -> ReceiptNotice;
}

/// How a caller names a block.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(untagged)]
pub enum BlockRef {
    /// By height.
    Height(Number),
    /// By id.
    Id(HashText),
}
