//! The one table of host functions.

/// Set in the result of `call` when the output is a contract error and not a value.
pub const CALL_FAILED_BIT: i64 = 1 << 32;
/// `call` flag: enter through `dure_query`; the callee and all it calls cannot write.
pub const FLAG_READ_ONLY: u32 = 1;
/// `scan` flag: from the last key to the first.
pub const SCAN_REVERSE: u32 = 1;

/// Says why a call to another contract produced no output. The caller may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum CallFault {
    /// No contract has that address (or it was deployed in this very block).
    UnknownContract = -2,
    /// The contract is already on the call stack and the method does not allow it.
    Reentrant = -3,
    /// The call stack is at its limit.
    Depth = -4,
    /// The callee used up the gas it was given.
    OutOfGas = -5,
    /// The callee trapped, panicked or broke a limit.
    Trapped = -6,
    /// The callee has no such method.
    UnknownMethod = -7,
    /// The callee could not decode the arguments.
    BadArguments = -8,
}

impl CallFault {
    /// Reads the code that the host function `call` returned.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            -2 => Self::UnknownContract,
            -3 => Self::Reentrant,
            -4 => Self::Depth,
            -5 => Self::OutOfGas,
            -6 => Self::Trapped,
            -7 => Self::UnknownMethod,
            -8 => Self::BadArguments,
            _ => return None,
        })
    }
}

/// Says why published storage of another contract could not be read. The reader may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum ReadFault {
    /// No contract has that address.
    UnknownContract = -2,
    /// The contract is on the call stack: what it stored so far may be half of a change.
    Reentrant = -3,
    /// The contract does not publish the field.
    NotPublished = -9,
}

impl ReadFault {
    /// Reads the code that the host function `storage_read` returned.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            -2 => Self::UnknownContract,
            -3 => Self::Reentrant,
            -9 => Self::NotPublished,
            _ => return None,
        })
    }
}

/// Hands the table of host functions to `$callback!`, as a list of
/// `/// doc` `fn name(arg: type, ..) -> type;` with `u32`, `u64` and `i64` only.
///
/// Pointers and lengths are `u32` offsets into the caller's linear memory. A range outside the
/// memory, or above a limit of `dure_types::limits`, ends the contract with a typed error; it is
/// never returned as a code.
#[macro_export]
macro_rules! host_functions {
    ($callback:path) => {
        $callback! {
            /// Copies the whole input to `out`; its length is the entry point's argument.
            fn input(out: u32);
            /// Sets the output. The last one before the entry point returns counts.
            fn ret(data: u32, data_len: u32);
            /// Reads a storage value into `out` when it fits into `out_cap` bytes, and returns its
            /// length either way; -1 when the key is absent.
            fn storage_get(key: u32, key_len: u32, out: u32, out_cap: u32) -> i64;
            /// Writes a storage value.
            fn storage_set(key: u32, key_len: u32, value: u32, value_len: u32);
            /// Removes a storage value; absent keys are allowed.
            fn storage_remove(key: u32, key_len: u32);
            /// Adds to a stored amount: 16 bytes, little-endian, absent being nought. Returns 0; or -1,
            /// and nothing is changed, when the sum would exceed the bound. Nought is stored as
            /// absent. Ends the contract when the value is not 16 bytes. Never tells the amount,
            /// so that transactions that only add and take need not wait for each other.
            fn storage_add(key: u32, key_len: u32, lo: u64, hi: u64, bound_lo: u64, bound_hi: u64) -> i64;
            /// Takes from a stored amount, as `storage_add` adds. Returns 0; or -1, and nothing is
            /// changed, when there is less.
            fn storage_sub(key: u32, key_len: u32, lo: u64, hi: u64) -> i64;
            /// Reads a value of a published field of another contract, whose 32 bytes of address are
            /// at `contract`, as `storage_get` reads an own one. -1 when the key is absent; a
            /// `ReadFault` when it cannot be read.
            fn storage_read(contract: u32, key: u32, key_len: u32, out: u32, out_cap: u32) -> i64;
            /// Reads up to `limit` entries whose keys begin with the prefix and, when `from_len` is
            /// not 0, are at or after `from` (at or before it with flag 1, reverse). Puts the SCALE
            /// encoding of `Vec<(Vec<u8>, Vec<u8>)>` aside for `output` and returns its length. As
            /// many as an output has room for, but always one, and two with `from`: whoever goes on
            /// at the last key that it got gets further, however long the values are.
            fn storage_scan(prefix: u32, prefix_len: u32, from: u32, from_len: u32, limit: u32, flags: u32) -> i64;
            /// Calls another contract with at most `gas` (0: all that is left) and puts its output
            /// aside for `output`. Returns the output's length, with `CALL_FAILED_BIT` when it is a
            /// contract error; a negative `CallFault` when there is no output. Whatever is not
            /// success undid the callee's writes.
            fn call(address: u32, data: u32, data_len: u32, gas: u64, flags: u32) -> i64;
            /// Copies what the last `call` or `storage_scan` put aside.
            fn output(out: u32);
            /// Emits an event: 4 bytes of topic at `topic`, then its data.
            fn event(topic: u32, data: u32, data_len: u32);
            /// Writes the 32 bytes of SHA-256 of the data.
            fn sha256(data: u32, data_len: u32, out: u32);
            /// Writes the 32 bytes of BLAKE3 of the data.
            fn blake3(data: u32, data_len: u32, out: u32);
            /// Whether the 64 bytes at `signature` are an Ed25519 signature over the message by the
            /// key of 32 bytes, by ZIP-215: 1 or 0. Keys of small order sign nothing.
            fn ed25519_verify(key: u32, message: u32, message_len: u32, signature: u32) -> i64;
            /// Whether a leaf stands at `index` of a tree of `count` leaves with the root of 32 bytes,
            /// by RFC 6962 over BLAKE3, as the trees of receipts and events: 1 or 0. The path is
            /// `path_len` hashes of 32 bytes, from the bottom.
            fn merkle_verify(root: u32, leaf: u32, leaf_len: u32, index: u64, count: u64, path: u32, path_len: u32) -> i64;
            /// Writes the 32 bytes of the immediate caller's address.
            fn caller(out: u32);
            /// Writes the 32 bytes of this contract's address.
            fn self_address(out: u32);
            /// Writes the 32 bytes of the transaction's id (zero in a query).
            fn transaction_id(out: u32);
            /// Returns the height of the block being executed.
            fn height() -> u64;
            /// Returns the block's time in milliseconds since 1970-01-01 UTC.
            fn time_ms() -> u64;
            /// Returns the gas that is left to this call.
            fn gas_left() -> u64;
            /// Shows UTF-8 text in simulations and tests; in a block it only costs gas.
            fn debug(text: u32, text_len: u32);
            /// Ends the contract with a panic; the text is seen in simulations and tests only.
            fn panic(text: u32, text_len: u32);
        }
    };
}
