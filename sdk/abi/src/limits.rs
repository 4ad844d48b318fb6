//! Limits of the boundary itself: what a contract may hand to a host function, and how deep it may
//! call. `dure_types::limits` names them again beside all others.

/// Contracts on the call stack of one transaction.
pub const CALL_DEPTH_MAX: usize = 8;
/// Arguments of one call other than a deploy.
pub const ARGS_BYTES_MAX: usize = 65_536;
/// Output of one entry point.
pub const OUTPUT_BYTES_MAX: usize = 65_536;
/// Storage key as a contract writes it, field id included.
pub const STORAGE_KEY_BYTES_MAX: usize = 1_024;
/// Storage value.
pub const STORAGE_VALUE_BYTES_MAX: usize = 65_536;
/// Entries of one scan.
pub const SCAN_ENTRIES_MAX: u32 = 256;
/// Hashes of an audit path: enough for 2^64 leaves.
pub const MERKLE_PATH_HASHES_MAX: usize = 64;
/// Data of one event.
pub const EVENT_BYTES_MAX: usize = 16_384;
/// Events of one transaction.
pub const EVENTS_MAX: usize = 1_024;
/// Text of `debug` or `panic` kept for a simulation.
pub const TEXT_BYTES_MAX: usize = 4_096;
