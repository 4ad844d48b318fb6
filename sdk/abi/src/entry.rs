//! Entry points that a contract exports and the codes they return.
//!
//! Every entry point has the WASM type `(input_len: i32) -> i32`. The input is read with the host
//! function `input`, the output is handed over with `ret` before returning.
//!
//! | export | input | may write |
//! |---|---|---|
//! | `dure_init` | SCALE arguments of the `#[init]` method | yes |
//! | `dure_call` | selector (4 bytes) and SCALE arguments | yes |
//! | `dure_query` | selector (4 bytes) and SCALE arguments | no |
//! | `dure_migrate` | version of the stored state (u32) and SCALE arguments | yes |
//!
//! `dure_migrate` is there only in a contract whose spec has migrations; an upgrade runs it.

/// Runs once, when the contract is instantiated.
pub const INIT: &str = "dure_init";
/// Runs a method that may change state.
pub const CALL: &str = "dure_call";
/// Runs a read-only method.
pub const QUERY: &str = "dure_query";
/// Brings the storage of an older version to that of this code, once, in an upgrade.
pub const MIGRATE: &str = "dure_migrate";
/// The linear memory.
pub const MEMORY: &str = "memory";
/// Exists only in the build that `dure build` runs to obtain the specification.
pub const SPEC: &str = "dure_spec";
/// Custom section that holds the SCALE-encoded `spec::ContractSpec`.
pub const SPEC_SECTION: &str = "dure.spec";

/// The output is the SCALE encoding of the method's value.
pub const OK: i32 = 0;
/// The output is the SCALE encoding of the contract's error enum; its writes are undone.
pub const CONTRACT_ERROR: i32 = 1;
/// No method of the entry point's kind has that selector.
pub const UNKNOWN_METHOD: i32 = 2;
/// The arguments did not decode, or bytes were left over.
pub const BAD_ARGUMENTS: i32 = 3;
