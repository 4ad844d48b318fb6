//! What can go wrong inside a transaction. Deterministic, stored in the receipt, never text.

use crate::{Address, Gas, Hash, Selector, TimestampMs};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

/// The contract or its caller is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, thiserror::Error)]
pub enum ExecutionError {
    /// The contract refused: its error enum, SCALE-encoded, byte for byte.
    #[error("contract {contract} refused")]
    Contract {
        /// Who refused.
        contract: Address,
        /// SCALE encoding of the error enum of that contract's spec.
        error: Vec<u8>,
    },
    /// No contract has that address. Code and contracts of a block are callable from the next.
    #[error("no contract has the address {contract}")]
    UnknownContract {
        /// The address.
        contract: Address,
    },
    /// The contract has no such method of that kind.
    #[error("contract {contract} has no method {method}")]
    UnknownMethod {
        /// The contract.
        contract: Address,
        /// The selector.
        method: Selector,
    },
    /// The arguments did not decode.
    #[error("the arguments of {method} of contract {contract} do not decode")]
    BadArguments {
        /// The contract.
        contract: Address,
        /// The selector.
        method: Selector,
    },
    /// All gas is used up.
    #[error("out of gas at the limit of {limit}")]
    OutOfGas {
        /// The transaction's gas limit.
        limit: Gas,
    },
    /// The contract's code trapped.
    #[error("contract {contract} trapped: {kind}")]
    Trap {
        /// Whose code.
        contract: Address,
        /// How.
        kind: TrapKind,
    },
    /// The contract is on the call stack already.
    #[error("contract {contract} may not be entered again")]
    Reentrant {
        /// The contract.
        contract: Address,
    },
    /// Too many contracts on the call stack.
    #[error("the call stack is at its limit of {limit}")]
    CallDepth {
        /// Contracts allowed.
        limit: u32,
    },
    /// A write, an event or a call that may write, from a query.
    #[error("contract {contract} tried to write in a query")]
    ReadOnly {
        /// Who tried.
        contract: Address,
    },
    /// A length or a count is above its limit.
    #[error("contract {contract}: {kind} of {value} exceeds the limit of {limit}")]
    Limit {
        /// Who broke it.
        contract: Address,
        /// Which.
        kind: LimitKind,
        /// Allowed.
        limit: u64,
        /// Asked for.
        value: u64,
    },
    /// A pointer or length outside the contract's memory, or text that is not UTF-8.
    #[error("contract {contract} passed a range outside its memory to a host function")]
    BadPointer {
        /// Who.
        contract: Address,
    },
    /// A panic in the node's own code: the transaction ends, the node reports it.
    #[error("internal error")]
    Internal,
}

/// How WASM code trapped.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, thiserror::Error,
)]
pub enum TrapKind {
    /// `unreachable` was executed.
    #[error("unreachable")]
    Unreachable,
    /// The contract called `panic` (the SDK's panic handler does).
    #[error("panic")]
    Panic,
    /// Access outside linear memory.
    #[error("memory access out of bounds")]
    MemoryOutOfBounds,
    /// Access outside the table.
    #[error("table access out of bounds")]
    TableOutOfBounds,
    /// Call through an empty table entry.
    #[error("indirect call to null")]
    IndirectCallToNull,
    /// Call through the table with another type.
    #[error("indirect call type mismatch")]
    BadSignature,
    /// Integer overflow in a division.
    #[error("integer overflow")]
    IntegerOverflow,
    /// Division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Recursion too deep.
    #[error("stack overflow")]
    StackOverflow,
    /// The entry point returned a code that means nothing.
    #[error("unknown exit code")]
    BadExitCode,
    /// `storage_add` or `storage_sub` on a stored value that is not 16 bytes.
    #[error("a stored value is not an amount")]
    NotAnAmount,
}

/// Which limit a contract broke.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, thiserror::Error,
)]
pub enum LimitKind {
    /// Bytes of a storage key.
    #[error("storage key")]
    StorageKey,
    /// Bytes of a storage value.
    #[error("storage value")]
    StorageValue,
    /// Bytes of an output.
    #[error("output")]
    Output,
    /// Bytes of an event.
    #[error("event")]
    EventData,
    /// Events of a transaction.
    #[error("event count")]
    EventCount,
    /// Bytes of an input to another contract.
    #[error("call input")]
    CallInput,
    /// Entries of a scan.
    #[error("scan")]
    ScanEntries,
    /// Hashes of an audit path.
    #[error("audit path")]
    MerklePath,
}

/// What the system contract refuses. SCALE-encoded in [`ExecutionError::Contract`] of address 0.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    thiserror::Error,
    scale_info::TypeInfo,
)]
pub enum SystemError {
    /// Code with this hash is stored already.
    #[error("code {code} is deployed already")]
    CodeExists {
        /// BLAKE3 of the code.
        code: Hash,
    },
    /// The module is not acceptable.
    #[error("the module is refused: {0}")]
    Module(ModuleError),
    /// No code has that hash.
    #[error("no code has the hash {code}")]
    UnknownCode {
        /// The hash.
        code: Hash,
    },
    /// Code can be used from the block after the one that stored it.
    #[error("code {code} is usable from height {from}")]
    CodeNotActive {
        /// The hash.
        code: Hash,
        /// First height.
        from: u64,
    },
    /// The creator used this salt before.
    #[error("address {address} is taken")]
    AddressTaken {
        /// The address.
        address: Address,
    },
    /// The salt is too long.
    #[error("salt of {length} bytes exceeds {limit}")]
    Salt {
        /// Bytes given.
        length: u32,
        /// Bytes allowed.
        limit: u32,
    },
    /// Only accounts of a tier that may deploy can do this.
    #[error("tier {tier} may not deploy")]
    MayNotDeploy {
        /// The account's tier.
        tier: u8,
    },
    /// Only the contract's upgrader can do this.
    #[error("only {upgrader} may upgrade contract {contract}")]
    NotUpgrader {
        /// The contract.
        contract: Address,
        /// Who may.
        upgrader: Address,
    },
    /// The contract has no upgrader any more: its code stays what it is.
    #[error("contract {contract} is frozen: nobody may upgrade it")]
    Frozen {
        /// The contract.
        contract: Address,
    },
    /// The contract runs this code already.
    #[error("contract {contract} runs code {code} already")]
    SameCode {
        /// The contract.
        contract: Address,
        /// The code.
        code: Hash,
    },
    /// The code is not a later one of the contract, or would lose what is stored.
    #[error("the upgrade is refused: {0}")]
    Schema(SchemaError),
    /// Code can be used when every node has had the time to compile it.
    #[error("code {code} is being compiled; it is usable from block time {from} on")]
    CodeNotReady {
        /// The hash.
        code: Hash,
        /// First block time, milliseconds since 1970.
        from: TimestampMs,
    },
    /// Too much code of others waits for the compiler.
    #[error("the compiler is busy for {wait_ms} ms; with this module more than {limit_ms} ms")]
    CompilerBusy {
        /// Block time until what is deployed already is compiled.
        wait_ms: u64,
        /// Block time within which a module has to be compiled.
        limit_ms: u64,
    },
}

/// Why code cannot take over the storage of a contract. `stored` is of the code that runs.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    thiserror::Error,
    scale_info::TypeInfo,
)]
pub enum SchemaError {
    /// The code is of another contract.
    #[error(
        "the contract is {stored}, the code is of {offered}: the module under `#[dure::contract]` \
         keeps its name; what is another contract is deployed, not upgraded to",
        stored = text(.stored), offered = text(.offered)
    )]
    Foreign {
        /// Name of the contract that is there.
        stored: Vec<u8>,
        /// Name of the contract in the code.
        offered: Vec<u8>,
    },
    /// The code is of an older version of the storage.
    #[error(
        "the storage has version {stored}, the code is of version {offered}: what was migrated \
         does not go back; give code of version {stored} or of the next"
    )]
    Older {
        /// Version of the stored state.
        stored: u32,
        /// Version of the code.
        offered: u32,
    },
    /// The version rises, and no migration starts from exactly the stored one.
    #[error(
        "the code is of version {offered} and has no migration from version {stored}: a contract \
         gets the code of every version in turn"
    )]
    NoMigration {
        /// Version of the stored state.
        stored: u32,
        /// Version of the code.
        offered: u32,
    },
    /// Arguments were given for a migration, and the version stays.
    #[error("the storage keeps version {version}: nothing is migrated, so there are no arguments")]
    NothingToMigrate {
        /// Version of both.
        version: u32,
    },
    /// A field has another kind or type, and no migration runs.
    #[error(
        "field {field} (id {id}) is stored as {stored}, in the code it is {offered}: raise the \
         version of `#[storage]` by one and rewrite what is stored in a `#[migrate]` method, which \
         opens it by `dure::before!`",
        field = text(.field), stored = text(.stored), offered = text(.offered)
    )]
    FieldChanged {
        /// Its name in the code that runs.
        field: Vec<u8>,
        /// Its id.
        id: u16,
        /// Kind and types in the code that runs, as far as a refusal repeats them.
        stored: Vec<u8>,
        /// The same in the new code.
        offered: Vec<u8>,
    },
    /// The code neither has a field that is stored nor lists it as retired.
    #[error(
        "the code knows nothing of the stored field {field} (id {id}): build it with the \
         contract's dure.lock, in which a field that is gone stands with `retired = true`; `dure \
         inspect CONTRACT --lock dure.lock` writes one that was lost",
        field = text(.field)
    )]
    FieldLost {
        /// Its name in the code that runs.
        field: Vec<u8>,
        /// Its id.
        id: u16,
    },
    /// The code uses the id of a retired field again.
    #[error(
        "field {field} uses id {id} again, which was retired: build with the contract's dure.lock, \
         which gives a new field an id of its own; `dure inspect CONTRACT --lock dure.lock` writes \
         one that was lost",
        field = text(.field)
    )]
    FieldReused {
        /// Its name in the new code.
        field: Vec<u8>,
        /// The id.
        id: u16,
    },
    /// The code lacks an interface that callers rely on.
    #[error(
        "the code drops the interface {interface}, which callers rely on: keep its `impl`, the new \
         methods beside it",
        interface = text(.interface)
    )]
    InterfaceDropped {
        /// Its name.
        interface: Vec<u8>,
    },
    /// The types refer to each other in more ways than are compared.
    #[error("comparing the types takes more than {limit} steps")]
    TooLarge {
        /// Steps allowed.
        limit: u64,
    },
    /// The code does not publish a field that other contracts may rely on.
    #[error("the code no longer publishes field {field} (id {id})", field = text(.field))]
    FieldWithdrawn {
        /// Its name in the code that runs.
        field: Vec<u8>,
        /// Its id.
        id: u16,
    },
    /// The code has another field under the id of a stored one, and does not say that it is the
    /// same.
    #[error(
        "id {id} is the stored field {stored}, in the code it is {offered}: if it was renamed, \
         write `#[was(\"{stored}\")]` above it; if not, the code was built without the contract's \
         dure.lock: restore the file, or have `dure inspect CONTRACT --lock dure.lock` write it; \
         or it is another contract, whose module is called the same",
        stored = text(.stored), offered = text(.offered)
    )]
    FieldRenamed {
        /// Its name in the code that runs.
        stored: Vec<u8>,
        /// Its name in the new code.
        offered: Vec<u8>,
        /// The id.
        id: u16,
    },
    /// A field has another kind or type, and the migration left an entry that is none of it.
    #[error(
        "the migration left the entry {entry} (field id {id}), which the field's new type cannot \
         read: rewrite or remove every entry",
        entry = entry(.field, .key)
    )]
    FieldUnread {
        /// Its name in the new code.
        field: Vec<u8>,
        /// Its id.
        id: u16,
        /// The entry's key, without the id, as far as a refusal repeats it.
        key: Vec<u8>,
    },
    /// `before!` opens a stored field as something that it is not: the migration would read its
    /// bytes as others.
    #[error(
        "`before!` opens field {field} (id {id}) as {declared}, it is stored as {stored}: copy the \
         type from the code that runs, its fields by name and in order",
        field = text(.field), declared = text(.declared), stored = text(.stored)
    )]
    FieldMisread {
        /// Its name in the code that runs.
        field: Vec<u8>,
        /// Its id.
        id: u16,
        /// Kind and types in the code that runs, as far as a refusal repeats them.
        stored: Vec<u8>,
        /// The same as `before!` has them.
        declared: Vec<u8>,
    },
    /// The code lacks a method of an interface that callers rely on, or has it with another kind or
    /// other types.
    #[error(
        "the code does not offer {method} of the interface {interface} as the contract does: keep \
         its kind, arguments and value, and add what is new as another method",
        method = text(.method), interface = text(.interface)
    )]
    InterfaceChanged {
        /// The interface's name.
        interface: Vec<u8>,
        /// The first method that is not as it was.
        method: Vec<u8>,
    },
}

/// Why a module cannot be deployed.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    thiserror::Error,
    scale_info::TypeInfo,
)]
pub enum ModuleError {
    /// More bytes than code may have.
    #[error("{length} bytes exceed {limit}")]
    TooLong {
        /// Bytes given.
        length: u32,
        /// Bytes allowed.
        limit: u32,
    },
    /// Not WASM, or WASM that does not validate.
    #[error("not a valid WASM module (at byte {offset})")]
    Invalid {
        /// Where the validator stopped.
        offset: u32,
    },
    /// An opcode that contracts may not use, floats among them.
    #[error("function {function} uses the opcode {opcode}", function = text(.function), opcode = text(.opcode))]
    Opcode {
        /// Name of the function, or its index.
        function: Vec<u8>,
        /// The opcode's name.
        opcode: Vec<u8>,
    },
    /// A type that contracts may not use (float, vector).
    #[error("the module uses the type {ty}", ty = text(.ty))]
    Type {
        /// The type's name.
        ty: Vec<u8>,
    },
    /// An import that is not in the table of host functions, or has another type.
    #[error("unknown import {module}.{name}", module = text(.module), name = text(.name))]
    Import {
        /// Module of the import.
        module: Vec<u8>,
        /// Its name.
        name: Vec<u8>,
    },
    /// An entry point or the memory is missing or has another type.
    #[error("export {name} is missing or has the wrong type", name = text(.name))]
    Export {
        /// Its name.
        name: Vec<u8>,
    },
    /// A start function runs outside any call.
    #[error("start functions are not allowed")]
    Start,
    /// A count or size in the module is above its limit.
    #[error("{what} of {value} exceeds {limit}", what = text(.what))]
    Limit {
        /// What is counted.
        what: Vec<u8>,
        /// Counted.
        value: u64,
        /// Allowed.
        limit: u64,
    },
    /// No `dure.spec` section, twice, or one that does not decode.
    #[error("the section dure.spec is missing or malformed")]
    Spec,
    /// The module claims an interface and lacks this method of it, or has it with another kind or
    /// other types.
    #[error("the module claims {interface}, whose method {method} it has not or not so", interface = text(.interface), method = text(.method))]
    Interface {
        /// Name of the interface.
        interface: Vec<u8>,
        /// Name of the method.
        method: Vec<u8>,
    },
}

fn text(bytes: &[u8]) -> alloc::borrow::Cow<'_, str> {
    alloc::string::String::from_utf8_lossy(bytes)
}

/// `prices[0x05]`; of a field that is one value its name.
fn entry(field: &[u8], key: &[u8]) -> alloc::string::String {
    let digits: alloc::string::String =
        key.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
    match text(field) {
        field if key.is_empty() => field.into_owned(),
        field => alloc::format!("{field}[0x{digits}]"),
    }
}
