//! What everything costs. One unit is about a nanosecond on the machine of DESIGN section 6.
//!
//! WASM operators are counted by wasmtime's fuel with our own complete table, whose hash is chain
//! state: another table, another `vm_version`. Host functions charge before they work. Costs rise
//! with the worst case of an operator, so that no block takes longer than its gas says.

use dure_types::Hash;
use wasmtime::OperatorCost;

/// Version of the rules of the virtual machine.
pub const VM_VERSION: u32 = 1;

/// Entering a contract: an instance with its memory.
pub const ENTER: u64 = 6_000;
/// A host function, before its bytes.
pub const HOST: u64 = 50;
/// Reading a storage value, before its bytes.
pub const STORAGE_READ: u64 = 1_000;
/// Writing a storage value: the tree is changed too.
pub const STORAGE_WRITE: u64 = 4_000;
/// Adding to or taking from a stored amount: a read and a write in one.
pub const AMOUNT: u64 = 5_000;
/// Reading another contract's published value, before its bytes: its record is read first.
pub const PUBLISHED_READ: u64 = 2_500;
/// Each entry of a scan.
pub const SCAN_ENTRY: u64 = 1_000;
/// An event, before its bytes.
pub const EVENT: u64 = 800;
/// A byte copied between host and guest.
pub const COPY_BYTE: u64 = 1;
/// A byte written to storage or to an event: it is hashed and kept.
pub const KEEP_BYTE: u64 = 8;
/// A SHA-256, before its bytes.
pub const SHA256: u64 = 300;
/// A byte under SHA-256, on a machine without instructions for it.
pub const SHA256_BYTE: u64 = 4;
/// A BLAKE3, before its bytes.
pub const BLAKE3: u64 = 200;
/// A byte under BLAKE3.
pub const BLAKE3_BYTE: u64 = 2;
/// A step of an audit path: a BLAKE3 of two hashes.
pub const MERKLE_STEP: u64 = 300;
/// An Ed25519 signature checked alone, before the bytes of the message.
pub const ED25519: u64 = 60_000;
/// A byte of the message under SHA-512.
pub const ED25519_BYTE: u64 = 3;
/// A page of memory that a contract asks for beyond its first.
pub const PAGE: u64 = 6_000;
/// A byte of a module deployed: it is validated and kept.
pub const DEPLOY_BYTE: u64 = 40;
/// A unit of the compiler's work on a module deployed: less than its time, since it is done beside
/// execution and rationed by block time ([`dure_types::limits::COMPILE_WORK_PER_MS`]).
pub const COMPILE_WORK: u64 = 4;
/// A module deployed, before its bytes.
pub const DEPLOY: u64 = 500_000;
/// A contract instantiated, before its `init`.
pub const INSTANTIATE: u64 = 20_000;
/// An upgrade, before its specs, its comparisons and its migration.
pub const UPGRADE: u64 = 50_000;
/// A byte of a spec that is read.
pub const SPEC_BYTE: u64 = 20;
/// A pair of types compared.
pub const SCHEMA_STEP: u64 = 200;
/// A value within a stored entry that is read by the type of new code.
pub const READ_STEP: u64 = 20;
/// A transaction, before its first call: signature, nonce, quota.
pub const TRANSACTION: u64 = 30_000;
/// A byte of a transaction.
pub const TRANSACTION_BYTE: u64 = 10;

/// The cost of every WASM operator.
#[must_use]
pub fn operators() -> OperatorCost {
    let mut cost = OperatorCost::new();
    // Control flow that compiles to nothing still takes a unit, so that no loop is free.
    cost.Loop = 1;
    cost.Block = 1;
    cost.If = 2;
    cost.Br = 1;
    cost.BrIf = 2;
    cost.BrTable = 4;
    cost.Return = 1;
    cost.Call = 6;
    cost.CallIndirect = 12;
    // Division takes tens of cycles and does not pipeline.
    for slot in [
        &mut cost.I32DivS,
        &mut cost.I32DivU,
        &mut cost.I32RemS,
        &mut cost.I32RemU,
        &mut cost.I64DivS,
        &mut cost.I64DivU,
        &mut cost.I64RemS,
        &mut cost.I64RemU,
    ] {
        *slot = 12;
    }
    // A load can miss every cache.
    for slot in [
        &mut cost.I32Load,
        &mut cost.I64Load,
        &mut cost.I32Load8S,
        &mut cost.I32Load8U,
        &mut cost.I32Load16S,
        &mut cost.I32Load16U,
        &mut cost.I64Load8S,
        &mut cost.I64Load8U,
        &mut cost.I64Load16S,
        &mut cost.I64Load16U,
        &mut cost.I64Load32S,
        &mut cost.I64Load32U,
        &mut cost.I32Store,
        &mut cost.I64Store,
        &mut cost.I32Store8,
        &mut cost.I32Store16,
        &mut cost.I64Store8,
        &mut cost.I64Store16,
        &mut cost.I64Store32,
    ] {
        *slot = 2;
    }
    cost.MemoryGrow = 200;
    cost.MemorySize = 4;
    cost.MemoryCopy = 40;
    cost.MemoryFill = 40;
    cost.MemoryInit = 40;
    cost.DataDrop = 20;
    cost.variable.memory_copy_per_byte = 1;
    cost.variable.memory_fill_per_byte = 1;
    cost.variable.memory_init_per_byte = 1;
    // Pages are charged by `PAGE` through the limiter: a u8 cannot hold their cost.
    cost.variable.memory_grow_per_page = 0;
    cost
}

/// Stands for the whole table in chain state and in the key of compiled modules.
#[must_use]
pub fn table_hash() -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"dure/gas-table");
    hasher.update(&VM_VERSION.to_le_bytes());
    // `Debug` of a struct of bytes lists every operator by name: a new operator changes the hash.
    hasher.update(format!("{:?}", operators()).as_bytes());
    for price in [
        ENTER,
        HOST,
        STORAGE_READ,
        STORAGE_WRITE,
        AMOUNT,
        PUBLISHED_READ,
        SCAN_ENTRY,
        EVENT,
        COPY_BYTE,
        KEEP_BYTE,
        SHA256,
        SHA256_BYTE,
        BLAKE3,
        BLAKE3_BYTE,
        MERKLE_STEP,
        ED25519,
        ED25519_BYTE,
        PAGE,
        DEPLOY_BYTE,
        COMPILE_WORK,
        DEPLOY,
        INSTANTIATE,
        UPGRADE,
        SPEC_BYTE,
        SCHEMA_STEP,
        READ_STEP,
        TRANSACTION,
        TRANSACTION_BYTE,
    ] {
        hasher.update(&price.to_le_bytes());
    }
    Hash(*hasher.finalize().as_bytes())
}
