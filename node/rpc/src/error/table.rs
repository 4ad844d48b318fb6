//! The table. A code is never used again for something else; new errors are added.

use crate::{
    decimal::Decimal,
    hex::{Bytes, Hex},
};
use dure_types::{Address, Hash};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of the table, for the documentation.
#[derive(Clone, Copy, Debug)]
pub struct ErrorEntry {
    /// `code` of the JSON-RPC error.
    pub code: i32,
    /// `data.name`.
    pub name: &'static str,
    /// What happened and what the caller should do.
    pub meaning: &'static str,
    /// The other fields of `data` with their types.
    pub fields: &'static [(&'static str, &'static str)],
}

macro_rules! errors {
    ($(
        $code:literal $name:ident
        $({ $($field:ident: $ty:ty),* $(,)? })?
        $meaning:literal $message:literal
    )*) => {
        /// Why a request was refused or failed. `data` of the JSON-RPC error is `{"name": ..}`
        /// with the variant's fields, so that a client reads the same variant back.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
        #[serde(tag = "name")]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each field is named by the message of its variant")]
        pub enum RpcError {
            $(
                #[doc = $meaning]
                #[error($message)]
                $name $({ $($field: $ty),* })?,
            )*
        }

        impl RpcError {
            /// The stable number.
            #[must_use]
            pub const fn code(&self) -> i32 {
                match self {
                    $(Self::$name { .. } => $code,)*
                }
            }

            /// The stable name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)*
                }
            }
        }

        /// Every error, ascending by group.
        pub const TABLE: &[ErrorEntry] = &[
            $(ErrorEntry {
                code: $code,
                name: stringify!($name),
                meaning: $meaning,
                fields: &[$($((stringify!($field), stringify!($ty))),*)?],
            },)*
        ];
    };
}

errors! {
    // The JSON-RPC layer; numbers that its specification and its library fix.
    -32700 ParseError
        "Not JSON, or nothing that a request could be, such as a number or an empty object."
        "the request is not JSON"
    -32600 InvalidRequest
        "Not a JSON-RPC request: it has `jsonrpc`, `method` and an `id`, a string or a whole number \
         from 0 to 2^64 - 1. There are no notifications: a call without an id is not run."
        "not a JSON-RPC request, or one whose `id` is no string and no whole number"
    -32601 UnknownRpcMethod
        "There is no such RPC method; `rpc_discover` lists them."
        "no such RPC method"
    -32602 InvalidParams { reason: String }
        "A parameter is missing or has another JSON type."
        "invalid parameters: {reason}"
    -32603 InternalError
        "The node failed; nothing is wrong with the request. Its log says more."
        "internal error"
    -32006 TooManySubscriptions { limit: u64 }
        "The connection has all the subscriptions that it may have."
        "more than {limit} subscriptions on one connection"
    -32007 RequestTooLarge { limit: u64 }
        "The request has more bytes than allowed; nothing was read."
        "the request exceeds {limit} bytes"
    -32008 ResponseTooLarge { limit: u64 }
        "The answer would have more bytes than allowed; ask for less."
        "the answer exceeds {limit} bytes"
    -32010 BatchTooLarge { limit: u64 }
        "The JSON-RPC batch has more requests than allowed."
        "more than {limit} requests in one batch"
    -32011 BatchAnswerTooLarge { limit: u64 }
        "The answers of the JSON-RPC batch have more bytes than allowed; ask for less at once."
        "the answers of the batch exceed {limit} bytes"

    // 1xxx: the request does not say what it should.
    1001 MalformedHex { argument: String, reason: String, found: String }
        "A value that should be 0x and hexadecimal digits is not, or has another length."
        "{argument}: {reason}, found \"{found}\""
    1003 InvalidArguments { path: String, reason: String }
        "Arguments in JSON do not fit the contract's specification; `path` names the value."
        "{path}: {reason}"
    1004 OutOfRange { argument: String, found: Decimal<u64>, limit: Decimal<u64> }
        "A number is above its limit, or a page's is 0."
        "{argument}: {found} is out of range, the limit is {limit}"
    1005 FilterNeedsContract { argument: String }
        "A filter by event name or fields needs `contract`, whose specification names them."
        "{argument}: a filter by it needs the contract"
    1006 NeedsWebSocket { method: String }
        "Subscriptions need the WebSocket, and this came in a plain HTTP request: connect to `ws://HOST:PORT/v1`."
        "{method} needs the WebSocket"

    // 2xxx: the transaction was refused at the door; nothing was charged or changed.
    2001 TransactionTooLarge { length: u64, limit: u64 }
        "The transaction has more bytes than allowed."
        "transaction of {length} bytes exceeds {limit}"
    2002 MalformedTransaction { reason: String }
        "The bytes are not the SCALE encoding of a transaction."
        "transaction is malformed: {reason}"
    2003 CallCount { count: u64, limit: u64 }
        "The transaction has no call, or too many."
        "{count} calls; allowed are 1 to {limit}"
    2004 SignatureCount { count: u64, limit: u64 }
        "The witness has no signature, or too many."
        "{count} signatures; allowed are 1 to {limit}"
    2005 GasLimitTooHigh { gas_limit: Decimal<u64>, limit: Decimal<u64> }
        "The gas limit is above what one transaction may use."
        "gas limit {gas_limit} exceeds {limit}"
    2006 NonceZero
        "Nonces count from 1."
        "nonce 0; nonces count from 1"
    2007 ArgumentsTooLong { call: u32, length: u64, limit: u64 }
        "The arguments of one call are too long."
        "call {call} has {length} bytes of arguments; allowed are {limit}"
    2008 KeysUnordered
        "The keys of the witness must ascend, each once."
        "the keys of the witness are not strictly ascending"
    2010 BadSignature { index: u32, chain: Hex<Hash>, reason: String }
        "A signature does not hold. It covers the chain id, which the transaction does not carry: one made for another chain looks the same."
        "signature {index} does not hold for chain {chain}: {reason}"
    2011 WrongChain { signed: Hex<Hash>, chain: Hex<Hash> }
        "The caller says that it signed for another chain."
        "signed for chain {signed}; this is {chain}"
    2012 Expired { valid_until: Decimal<u64>, time: Decimal<u64> }
        "`valid_until` is past; build and sign the transaction anew."
        "expired: valid until {valid_until}, time is {time}"
    2013 ValidTooLong { valid_until: Decimal<u64>, latest: Decimal<u64> }
        "`valid_until` is too far ahead."
        "valid until {valid_until}, which is later than {latest}"
    2014 NonceUsed { lane: u16, nonce: Decimal<u64> }
        "Another transaction used the nonce. A copy of the same transaction is answered with its receipt instead."
        "nonce {nonce} of lane {lane} is used"
    2015 NoncePending { lane: u16, nonce: Decimal<u64>, by: Hex<Hash> }
        "Another transaction that waits holds the nonce."
        "nonce {nonce} of lane {lane} is held by the waiting transaction {by}"
    2016 NonceTooOld { lane: u16, nonce: Decimal<u64>, lowest: Decimal<u64> }
        "The nonce is below the lane's window."
        "nonce {nonce} of lane {lane} is below {lowest}"
    2017 NonceTooHigh { lane: u16, nonce: Decimal<u64>, highest: Decimal<u64> }
        "The nonce is above the lane's window."
        "nonce {nonce} of lane {lane} is above {highest}"
    2018 NotAuthorised { account: Hex<Address> }
        "The keys of the witness may not act for the account."
        "the signers may not act for account {account}"
    2019 PolicyNotActive
        "The account's policy or lane is in the format but not active on this chain."
        "the account policy is not active on this chain"
    2020 UnknownSponsor { sponsor: Hex<Address> }
        "Nobody with that address carries others' gas."
        "sponsor {sponsor} is unknown"
    2021 SponsorRefuses { sponsor: Hex<Address> }
        "The sponsor did not consent to these calls or this account."
        "sponsor {sponsor} does not cover the transaction"
    2022 QuotaExhausted { gas_limit: Decimal<u64>, left: Decimal<u64> }
        "The quota of the account or of the sponsor does not hold the gas limit now; it refills."
        "gas limit {gas_limit} exceeds the quota left, {left}"
    2023 GasTooLow { gas_limit: Decimal<u64>, base: Decimal<u64> }
        "The gas limit does not pay for the transaction's bytes."
        "gas limit {gas_limit} is below the base cost {base}"
    2024 GasAboveBlock { gas_limit: Decimal<u64>, limit: Decimal<u64> }
        "The gas limit is above a whole block's."
        "gas limit {gas_limit} exceeds a block's {limit}"
    2025 MempoolFull { what: String, value: u64, limit: u64 }
        "Too many transactions wait; send it again later."
        "mempool is full: {value} {what}, limit {limit}"

    // 3xxx: what was asked for is not there.
    3001 UnknownBlock { block: String }
        "No decided block has that height or id."
        "no block {block}"
    3002 UnknownTransaction { id: Hex<Hash> }
        "No block has a transaction with that id. It may wait, or was never sent here."
        "no block has the transaction {id}"
    3003 UnknownContract { contract: Hex<Address> }
        "No contract has that address. One instantiated in a block is callable from the next."
        "no contract has the address {contract}"
    3004 UnknownMethod { contract: Hex<Address>, method: String, known: Vec<String> }
        "The contract has no such method of that kind; `known` lists those that it has."
        "contract {contract} has no method {method}"
    3005 UnknownEvent { contract: Hex<Address>, event: String, known: Vec<String> }
        "The contract has no such event; `known` lists those that it has."
        "contract {contract} has no event {event}"
    3006 NotCertified { height: Decimal<u64>, certified: Decimal<u64> }
        "The height's roots are in no decided header yet; ask again after the next block."
        "height {height} is not certified yet; {certified} is"
    3007 StateGone { height: Decimal<u64>, oldest: Decimal<u64> }
        "The state before that height is no longer kept; `oldest` is the first whose state is."
        "the state before height {height} is gone; {oldest} is the oldest"
    3008 UnknownField { contract: Hex<Address>, field: String, known: Vec<String> }
        "No event that the filter lets through has such a field; `known` lists those that there are."
        "no event of contract {contract} that is asked for has a field {field}"

    // 4xxx: a call failed. In answers about receipts these stand in `result.failed`.
    4001 ContractRefused { contract: Hex<Address>, error: Bytes, decoded: Value, text: String }
        "The contract refused. `error` is its error enum in SCALE, `decoded` the same in JSON by its specification, or null, `text` as its source has it."
        "contract {contract} refused: {text}"
    4002 BadArguments { contract: Hex<Address>, method: String }
        "The arguments did not decode inside the contract."
        "the arguments of {method} of contract {contract} do not decode"
    4003 OutOfGas { limit: Decimal<u64> }
        "All gas was used up; everything was undone and the gas charged."
        "out of gas at the limit of {limit}"
    4004 Trapped { contract: Hex<Address>, kind: String }
        "The contract's code trapped; a simulation tells the panic's text."
        "contract {contract} trapped: {kind}"
    4005 Reentrant { contract: Hex<Address> }
        "The contract was on the call stack already."
        "contract {contract} may not be entered again"
    4006 CallDepth { limit: u32 }
        "Too many contracts on the call stack."
        "the call stack is at its limit of {limit}"
    4007 ReadOnly { contract: Hex<Address> }
        "A query tried to write, to emit an event or to make a call that may write."
        "contract {contract} tried to write in a query"
    4008 LimitExceeded { contract: Hex<Address>, kind: String, limit: Decimal<u64>, value: Decimal<u64> }
        "The contract passed a length or count above its limit."
        "contract {contract}: {kind} of {value} exceeds the limit of {limit}"
    4009 BadPointer { contract: Hex<Address> }
        "The contract passed a range outside its memory, or text that is not UTF-8, to the host."
        "contract {contract} passed a range outside its memory to a host function"
    4010 ExecutionPanicked
        "The node's own code failed inside the call; the node's operator is told."
        "internal error in execution"
    4020 Skipped { reason: String }
        "The transaction was in a block but did not run: nothing changed, nothing was charged, a later copy may run."
        "skipped: {reason}"

    // 5xxx: the system contract refused a deploy, an instantiation or an upgrade.
    5001 CodeExists { code: Hex<Hash> }
        "Code with this hash is stored already; instantiate it."
        "code {code} is deployed already"
    5002 ModuleTooLong { length: u32, limit: u32 }
        "The module has more bytes than code may have."
        "module of {length} bytes exceeds {limit}"
    5003 ModuleInvalid { offset: u32 }
        "Not WASM, or WASM that does not validate."
        "not a valid WASM module (at byte {offset})"
    5004 ModuleOpcode { function: String, opcode: String }
        "A function uses an opcode that contracts may not use, such as a float's."
        "function {function} uses the opcode {opcode}"
    5005 ModuleType { ty: String }
        "The module uses a type that contracts may not use, such as a float."
        "the module uses the type {ty}"
    5006 ModuleImport { module: String, import: String }
        "The module imports something that is no host function, or with another type."
        "unknown import {module}.{import}"
    5007 ModuleExport { export: String }
        "An entry point or the memory is missing or has another type."
        "export {export} is missing or has the wrong type"
    5008 ModuleStart
        "Start functions are not allowed."
        "start functions are not allowed"
    5009 ModuleLimit { what: String, value: Decimal<u64>, limit: Decimal<u64> }
        "A count or size in the module is above its limit."
        "{what} of {value} exceeds {limit}"
    5010 ModuleSpec
        "The section `dure.spec` is missing or malformed; build with `dure build`."
        "the section dure.spec is missing or malformed"
    5011 UnknownCode { code: Hex<Hash> }
        "No code has that hash; deploy it first."
        "no code has the hash {code}"
    5012 CodeNotActive { code: Hex<Hash>, from: Decimal<u64> }
        "Code can be used from the block after the one that stored it."
        "code {code} is usable from height {from}"
    5013 AddressTaken { address: Hex<Address> }
        "The creator used this salt before; choose another."
        "address {address} is taken"
    5014 SaltTooLong { length: u32, limit: u32 }
        "The salt has too many bytes."
        "salt of {length} bytes exceeds {limit}"
    5015 MayNotDeploy { tier: u8 }
        "Only accounts of a tier that may deploy can do this."
        "tier {tier} may not deploy"
    5016 ModuleInterface { interface: String, method: String }
        "The module claims an interface and lacks a method of it, or has it with another kind or other types."
        "the module claims {interface}, whose method {method} it has not or not so"
    5017 CodeNotReady { code: Hex<Hash>, from: Decimal<u64> }
        "Code can be used when every node has had the time to compile it: wait until a block of that time."
        "code {code} is being compiled; it is usable from block time {from} on"
    5018 CompilerBusy { wait_ms: Decimal<u64>, limit_ms: Decimal<u64> }
        "Too much code of others waits for the compiler; deploy again in some seconds."
        "the compiler is busy for {wait_ms} ms; with this module more than {limit_ms} ms"
    5020 NotUpgrader { contract: Hex<Address>, upgrader: Hex<Address> }
        "Only the contract's upgrader can upgrade it or name another."
        "only {upgrader} may upgrade contract {contract}"
    5021 Frozen { contract: Hex<Address> }
        "The contract has no upgrader any more: its code stays what it is."
        "contract {contract} is frozen: nobody may upgrade it"
    5022 SameCode { contract: Hex<Address>, code: Hex<Hash> }
        "The contract runs this code already."
        "contract {contract} runs code {code} already: build first what you changed"
    5023 SchemaForeign { stored: String, offered: String }
        "The code is of another contract: the names differ."
        "the contract is {stored}, the code is of {offered}: the module under `#[dure::contract]` keeps its name; what is another contract is deployed, not upgraded to"
    5024 SchemaOlder { stored: u32, offered: u32 }
        "The code is of an older version of the storage than what is stored."
        "the storage has version {stored}, the code is of version {offered}: what was migrated does not go back; give code of version {stored} or of the next"
    5025 NoMigration { stored: u32, offered: u32 }
        "The storage's version rises and the code has no migration from exactly the stored one: a contract gets the code of every version in turn."
        "the code is of version {offered} and has no migration from version {stored}: a contract gets the code of every version in turn"
    5026 NothingToMigrate { version: u32 }
        "Arguments were given for a migration, and none runs: the storage keeps its version."
        "the storage keeps version {version}: nothing is migrated, so there are no arguments"
    5027 FieldChanged { field: String, id: u16, stored: String, offered: String }
        "A stored field has another kind or type in the code, and no migration runs: raise the storage's version and write one. `stored` and `offered` are kind and types, 256 bytes of them at most."
        "field {field} (id {id}) is stored as {stored}, in the code it is {offered}: raise the version of `#[storage]` by one and rewrite what is stored in a `#[migrate]` method, which opens it by `dure::before!`"
    5028 FieldLost { field: String, id: u16 }
        "The code neither has a stored field nor lists it as retired: build it with the contract's dure.lock, which `dure inspect CONTRACT --lock dure.lock` writes where it was lost."
        "the code knows nothing of the stored field {field} (id {id}): build it with the contract's dure.lock, in which a field that is gone stands with `retired = true`; `dure inspect CONTRACT --lock dure.lock` writes one that was lost"
    5029 FieldReused { field: String, id: u16 }
        "The code uses the id of a retired field again: build it with the contract's dure.lock."
        "field {field} uses id {id} again, which was retired: build with the contract's dure.lock, which gives a new field an id of its own; `dure inspect CONTRACT --lock dure.lock` writes one that was lost"
    5030 InterfaceDropped { interface: String }
        "The code lacks an interface that the contract has and callers rely on."
        "the code drops the interface {interface}, which callers rely on: keep its `impl`, the new methods beside it"
    5031 SchemaTooLarge { limit: Decimal<u64> }
        "The types of the two codes refer to each other in more ways than are compared."
        "comparing the types takes more than {limit} steps"
    5032 FieldWithdrawn { field: String, id: u16 }
        "The code does not publish a field that other contracts may read: keep `#[published]` on it."
        "the code no longer publishes field {field} (id {id})"
    5033 FieldRenamed { stored: String, offered: String, id: u16 }
        "The id of a stored field has another name in the code, which does not say that it is the same field. It was renamed: write `#[was(\"stored\")]` above it. Or the code was built without the contract's dure.lock: restore the file, or write it by `dure inspect CONTRACT --lock dure.lock`."
        "id {id} is the stored field {stored}, in the code it is {offered}: if it was renamed, write `#[was(\"{stored}\")]` above it; if not, the code was built without the contract's dure.lock: restore the file, or have `dure inspect CONTRACT --lock dure.lock` write it; or it is another contract, whose module is called the same"
    5034 FieldUnread { field: String, id: u16, key: Bytes, entry: String }
        "A field has another kind or type, and the migration left an entry that is none of it: rewrite or remove every entry. `key` is what follows the id, 96 bytes of it at most; `entry` is field and key in words."
        "the migration left the entry {entry} (field id {id}), which the field's new type cannot read: rewrite or remove every entry"
    5035 FieldMisread { field: String, id: u16, stored: String, declared: String }
        "`before!` in the code opens a stored field as something that it is not: the migration would read its bytes as others. Copy the type from the code that runs, its fields by name and in order."
        "`before!` opens field {field} (id {id}) as {declared}, it is stored as {stored}: copy the type from the code that runs, its fields by name and in order"
    5036 InterfaceChanged { interface: String, method: String }
        "The code lacks a method of an interface that callers rely on, or has it with another kind or other types: keep it, and add what is new as another method."
        "the code does not offer {method} of the interface {interface} as the contract does: keep its kind, arguments and value, and add what is new as another method"

    // 6xxx: the node cannot serve this now.
    6001 Busy { what: String, limit: u64 }
        "All permits for such work are taken; ask again in a moment."
        "busy: {limit} {what} are running already"
    6002 NotFinalInTime { id: Hex<Hash>, waited_ms: u64, stage: String }
        "The wait is over before the transaction got as far as asked; it may still get there. Sending it again is safe."
        "transaction {id} is {stage} after {waited_ms} ms"
    6003 HeightNotReached { min_height: Decimal<u64>, height: Decimal<u64> }
        "The node did not reach `min_height` within the wait."
        "height {min_height} not reached; the node is at {height}"
    6004 Stopping
        "The node is stopping."
        "the node is stopping"
    6005 TooManyConnections { limit: u64 }
        "The node has all the connections that it may have (HTTP 503)."
        "more than {limit} connections"
    6006 TooManyFromAddress { address: String, limit: u64 }
        "The address has all the connections that it may have (HTTP 429)."
        "more than {limit} connections from {address}"
    6007 OriginNotAllowed { origin: String }
        "Pages of that origin may not use this node (HTTP 403)."
        "origin {origin} is not allowed"
    6008 UnknownPath { path: String }
        "JSON-RPC is at `/v1` (HTTP 404)."
        "nothing is at {path}; JSON-RPC is at /v1"
    6009 RequestTimeout { limit_ms: u64 }
        "The request did not arrive whole, or its answer was not ready, in time (HTTP 408)."
        "no answer within {limit_ms} ms"
    6010 DiskFull
        "The node's disk is full: it takes nothing more in and stops, until its operator makes room. What was answered `final` is kept. Of a transaction on its way nothing is known; send the same again later, or look for its receipt: it runs once at most."
        "the node's disk is full, and it stops"
    6011 ClockFixed
        "The node's clock is that of its machine; only a node of `dure dev` moves its own."
        "this node's clock cannot be moved; that of `dure dev` can"
    6012 ClockTooFar { by_ms: Decimal<u64>, limit_ms: Decimal<u64> }
        "The clock would be ahead of the machine's by more than is allowed."
        "{by_ms} ms more would put the clock ahead of the machine's by more than {limit_ms} ms"
    6013 PostOnly { method: String }
        "JSON-RPC comes in POST requests, or over a WebSocket (HTTP 405)."
        "expected POST, found {method}"
    6014 ContentNotJson { found: String }
        "A request's `content-type` is `application/json` (HTTP 415)."
        "expected the content-type application/json, found \"{found}\""
}
