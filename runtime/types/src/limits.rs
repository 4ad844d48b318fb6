//! Every limit, named once, and the relations between them.
//!
//! A rival chain halted for good because its shard cap was below its block cap; hence the
//! assertions at the end. Units are in the names; a limit is the greatest allowed value.

// What host functions check is named in the crate that both sides of the sandbox share, so that
// the SDK's native host ends a contract where the runtime does.
pub use dure_abi::limits::*;

/// Transaction, SCALE-encoded: a deploy of the greatest code still fits.
pub const TRANSACTION_BYTES_MAX: usize = 1_048_576 + 65_536;
/// Calls in one transaction.
pub const CALLS_MAX: usize = 64;
/// Signatures in one witness.
pub const SIGNATURES_MAX: usize = 32;
/// `authenticatorData` of a passkey's signature, and its `clientDataJSON`.
pub const WEBAUTHN_BYTES_MAX: usize = 4_096;
/// How far ahead of block time a transaction may expire: 24 hours.
pub const VALID_FOR_MS_MAX: u64 = 86_400_000;
/// Window of usable nonces below and above a lane's highest.
pub const NONCE_WINDOW: u64 = 1_024;

/// Module with its spec section.
pub const CODE_BYTES_MAX: usize = 1_048_576;
/// The section `dure.spec` of a module.
pub const SPEC_BYTES_MAX: usize = 131_072;
/// A name in a spec: of the contract, a method, an argument, an event, a field.
pub const SPEC_NAME_BYTES_MAX: usize = 64;
/// Pairs of types that an upgrade compares; types that refer to each other in circles can make
/// many more of few.
pub const SCHEMA_STEPS_MAX: u64 = 65_536;
/// A function's or import's name as far as a refusal repeats it.
pub const REFUSAL_NAME_BYTES_MAX: usize = 96;
/// Kind and types of a field as far as a refusal repeats them.
pub const REFUSAL_TYPE_BYTES_MAX: usize = 256;
/// Salt of a contract's address.
pub const SALT_BYTES_MAX: usize = 32;
/// Functions, imported and defined, in a module.
pub const FUNCTIONS_MAX: u32 = 4_096;
/// Body of one function.
pub const FUNCTION_BYTES_MAX: usize = 65_536;
/// Parameters of one function.
pub const PARAMETERS_MAX: usize = 32;
/// Results of one function.
pub const RESULTS_MAX: usize = 1;
/// Locals of one function, parameters included.
pub const LOCALS_MAX: u32 = 1_024;
/// Types in a module.
pub const TYPES_MAX: u32 = 512;
/// Globals in a module.
pub const GLOBALS_MAX: u32 = 256;
/// Elements of the one table.
pub const TABLE_ELEMENTS_MAX: u64 = 4_096;
/// Data segments in a module.
pub const DATA_SEGMENTS_MAX: u32 = 256;
/// Element segments in a module.
pub const ELEMENT_SEGMENTS_MAX: u32 = 64;
/// Structured blocks (`block`, `loop`, `if`) nested in one function.
pub const NESTING_MAX: u32 = 256;
/// Loops nested in one function: each joins every value that changes inside it.
pub const LOOP_NESTING_MAX: u32 = 16;
/// Structured blocks in one function.
pub const BLOCKS_MAX: u32 = 2_048;
/// Branches in one function, the targets of `br_table` counted one by one.
pub const BRANCHES_MAX: u32 = 2_048;
/// Calls through the table in one function.
pub const INDIRECT_CALLS_MAX: u32 = 256;
/// The compiler's work on a module, in units of about a microsecond of one core: bytes of code;
/// direct calls times 16; calls through the table times 128; for every write of a local, the blocks
/// around it times 48 and the loops around it times 128; in each function, branches times locals
/// times 12. Compiled Rust takes about 20,000 a KiB. The bench `compile` holds the worst modules
/// against it.
pub const COMPILE_WORK_MAX: u64 = 8_388_608;
/// Work that the chain's compiler is taken to do in a millisecond of block time, one module after
/// another: less than one core does of the worst modules.
pub const COMPILE_WORK_PER_MS: u64 = 2_000;
/// Block time from a deploy until its module is compiled; a deploy that would take longer is
/// refused.
pub const COMPILE_WAIT_MS_MAX: u64 = 10_000;
/// Targets of one `br_table`.
pub const BR_TABLE_MAX: u32 = 1_024;
/// Exports in a module.
pub const EXPORTS_MAX: u32 = 64;

/// Linear memory of one instance, in pages of 64 KiB: 4 MiB.
pub const MEMORY_PAGES_MAX: u64 = 64;
/// A name from outside: of the chain, of a validator, of what a refused module contains.
pub const NAME_BYTES_MAX: usize = 128;

/// Calls of contracts that a simulation remembers; what comes after is run and not shown.
pub const TRACED_CALLS_MAX: usize = 1_024;
/// Bytes of inputs, outputs and events after which a simulation remembers no further call.
pub const TRACED_BYTES_MAX: usize = 1_048_576;

/// Gas of one transaction.
pub const TRANSACTION_GAS_MAX: u64 = 100_000_000;
/// Gas limits of the transactions of one block, added.
pub const BLOCK_GAS_MAX: u64 = 250_000_000;
/// Gas of one query or simulation.
pub const QUERY_GAS_MAX: u64 = 100_000_000;

/// Bytes at which an author seals a batch.
pub const BATCH_SEAL_BYTES: usize = 524_288;
/// Batch, SCALE-encoded.
pub const BATCH_BYTES_MAX: usize = 1_572_864;
/// Transactions in one batch.
pub const BATCH_TRANSACTIONS_MAX: usize = 16_384;
/// Blocks after which an unnamed batch is void.
pub const BATCH_EXPIRY_BLOCKS: u64 = 256;
/// Unused sequence numbers an author may have open.
pub const BATCH_SEQ_WINDOW: u64 = 64;
/// Batches named by one header.
pub const BLOCK_BATCHES_MAX: usize = 64;
/// Bytes of the batches named by one header, added.
pub const BLOCK_BYTES_MAX: usize = 4_194_304;
/// Header, SCALE-encoded.
pub const HEADER_BYTES_MAX: usize = 131_072;
/// Evidence in one header.
pub const EVIDENCE_MAX: usize = 8;
/// Vote, SCALE-encoded.
pub const VOTE_BYTES_MAX: usize = 256;
/// Proposal, SCALE-encoded, without the header beside it.
pub const PROPOSAL_BYTES_MAX: usize = 256;
/// Commit certificate, SCALE-encoded.
pub const CERTIFICATE_BYTES_MAX: usize = 8_192;
/// Proof of a state key, SCALE-encoded.
pub const STATE_PROOF_BYTES_MAX: usize = 10_240;
/// Audit path of a receipt or an event, SCALE-encoded.
pub const MERKLE_PROOF_BYTES_MAX: usize = 4_096;
/// Acknowledgements that one message carries.
pub const ACKNOWLEDGEMENTS_MAX: usize = 1_024;
/// Heights between a block and the header that certifies its roots.
pub const CERTIFY_LAG_MAX: u64 = 16;
/// Heights of undo records kept at least: state proofs can be given this far back.
pub const UNDO_HEIGHTS: u64 = 64;
/// Heights between the execution of a change of validators and its effect.
pub const VALIDATOR_CHANGE_DELAY: u64 = 32;

/// Validators of a chain.
pub const VALIDATORS_MAX: usize = 64;
/// Voting power of one validator: sums stay far from overflow.
pub const VOTING_POWER_MAX: u64 = 1 << 32;
/// Canonical genesis bytes.
pub const GENESIS_BYTES_MAX: usize = 4_194_304;
/// Tiers of a chain.
pub const TIERS_MAX: usize = 16;
/// Accounts with a tier, sponsors, each, in genesis.
pub const GENESIS_ENTRIES_MAX: usize = 65_536;
/// Contracts in one sponsor's record, and methods of each.
pub const SPONSORED_MAX: usize = 256;

const _: () = {
    assert!(CODE_BYTES_MAX + ARGS_BYTES_MAX <= TRANSACTION_BYTES_MAX);
    assert!(TRANSACTION_BYTES_MAX + 1_024 <= BATCH_BYTES_MAX);
    assert!(BATCH_SEAL_BYTES <= BATCH_BYTES_MAX);
    assert!(BATCH_BYTES_MAX <= BLOCK_BYTES_MAX);
    assert!(TRANSACTION_GAS_MAX <= BLOCK_GAS_MAX);
    assert!(COMPILE_WORK_MAX / COMPILE_WORK_PER_MS < COMPILE_WAIT_MS_MAX);
    assert!(STORAGE_VALUE_BYTES_MAX <= OUTPUT_BYTES_MAX);
    assert!(CERTIFY_LAG_MAX < UNDO_HEIGHTS);
    assert!(BLOCK_BATCHES_MAX as u64 <= BATCH_SEQ_WINDOW);
    // Certificates, proofs and votes fit their limits with every validator or level in them.
    assert!(64 + VALIDATORS_MAX * 96 <= CERTIFICATE_BYTES_MAX);
    assert!(128 + 256 * 32 <= STATE_PROOF_BYTES_MAX);
    assert!(32 + 64 * 32 <= MERKLE_PROOF_BYTES_MAX);
    // A header fits with all its lists full: references of 72 bytes, roots of 64, evidence of 321.
    assert!(
        256 + CERTIFICATE_BYTES_MAX
            + BLOCK_BATCHES_MAX * 72
            + CERTIFY_LAG_MAX as usize * 64
            + EVIDENCE_MAX * 321
            <= HEADER_BYTES_MAX
    );
    assert!(FUNCTION_BYTES_MAX <= CODE_BYTES_MAX);
    assert!(SPEC_BYTES_MAX < CODE_BYTES_MAX);
    assert!(BR_TABLE_MAX <= BRANCHES_MAX);
    // The power of a full set, times three, never wraps.
    assert!(VOTING_POWER_MAX * (VALIDATORS_MAX as u64) < u64::MAX / 4);
};
