//! The whole schema: every column of both databases, with the layout of its keys.
//!
//! Integers in keys are big-endian, so that the order of keys is that of numbers. Values are
//! SCALE. Changing anything here, or in the signer's log, needs a new [`SCHEMA`] and a decision record.

use dure_types::{Address, BatchReference, Hash, Height};

/// Version of this file.
pub const SCHEMA: u32 = 4;

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Database {
    /// What was decided; logged.
    Ledger,
    /// What follows from it; computed again after a crash.
    State,
}

impl Database {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ledger, Self::State];

    /// Name of its directory.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::State => "state",
        }
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $database:ident / $text:literal,)*) => {
        /// A named, ordered map from keys to values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $name,)* }

        impl Column {
            /// Every column.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The database that it belongs to.
            #[must_use]
            pub const fn database(self) -> Database {
                match self { $(Self::$name => Database::$database,)* }
            }

            /// Its name on disk.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

columns! {
    /// `schema` -> u32; `chain` -> Hash; `followed` -> (Height, Height), see
    /// [`super::ledger::put_followed`].
    LedgerMeta = Ledger / "meta",
    /// Height -> Header. Decided ones only.
    Headers = Ledger / "headers",
    /// Height -> CommitCertificate, written with its header.
    Certificates = Ledger / "certificates",
    /// Block id -> Height, written with its header.
    Blocks = Ledger / "blocks",
    /// Author | seq | batch id -> Batch. Large values live in blob files.
    Batches = Ledger / "batches",
    /// Author | seq | batch id -> Height of the header that named the batch, written with that header.
    Named = Ledger / "named",

    /// `schema` -> u32; `chain` -> Hash; `applied` -> Applied.
    StateMeta = State / "meta",
    /// State key -> value.
    State = State / "state",
    /// Height | index u32 -> (transaction id, Outcome).
    Outcomes = State / "outcomes",
    /// Transaction id -> (Height, index u32, whether it ran). A copy that was skipped never
    /// replaces one that ran.
    Transactions = State / "transactions",
    /// Height | index u32 -> (transaction id, Event).
    Events = State / "events",
    /// Contract | height | index u32 -> nothing; the event is in `events`.
    ContractEvents = State / "contract_events",
    /// Account or contract | height | index u32 -> transaction id.
    History = State / "history",
    /// Bucket number u32 -> list of (key hash, value hash), ascending.
    Buckets = State / "buckets",
    /// Height -> list of (state key, value before the height or none); at least 64 heights.
    Undo = State / "undo",
    /// Height -> Roots.
    Roots = State / "roots",
}

/// Key of the schema version in both meta columns.
pub const SCHEMA_KEY: &[u8] = b"schema";
/// Key of the chain id in both meta columns.
pub const CHAIN_KEY: &[u8] = b"chain";
/// Key in [`Column::LedgerMeta`] of the heights that this node only followed.
pub const FOLLOWED_KEY: &[u8] = b"followed";
/// Key of the applied height in [`Column::StateMeta`].
pub const APPLIED_KEY: &[u8] = b"applied";

/// Key of a height.
#[must_use]
pub fn height(height: Height) -> Vec<u8> {
    height.0.to_be_bytes().to_vec()
}

/// Key of a place in a block: of an outcome, or of an event.
#[must_use]
pub fn place(height: Height, index: u32) -> Vec<u8> {
    let mut key = height.0.to_be_bytes().to_vec();
    key.extend_from_slice(&index.to_be_bytes());
    key
}

/// Key of a place in the index of one account or contract.
#[must_use]
pub fn place_of(address: Address, height: Height, index: u32) -> Vec<u8> {
    let mut key = address.0.to_vec();
    key.extend_from_slice(&place(height, index));
    key
}

/// Key of a batch. The id belongs to it: an author that lies seals two with one number.
#[must_use]
pub fn batch(reference: &BatchReference) -> Vec<u8> {
    let mut key = reference.author.0.to_vec();
    key.extend_from_slice(&reference.seq.to_be_bytes());
    key.extend_from_slice(&reference.id.0);
    key
}

/// Key of a bucket of the state tree.
#[must_use]
pub fn bucket(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Key of a block or transaction id.
#[must_use]
pub fn id(id: Hash) -> Vec<u8> {
    id.0.to_vec()
}

/// Reads (height, index) from the last twelve bytes of a key.
#[must_use]
pub fn read_place(key: &[u8]) -> Option<(Height, u32)> {
    let (_, tail) = key.split_last_chunk::<12>()?;
    let (height, index) = tail.split_first_chunk::<8>()?;
    let index: [u8; 4] = index.try_into().ok()?;
    Some((Height(u64::from_be_bytes(*height)), u32::from_be_bytes(index)))
}

/// Reads the sequence number from the key of a batch.
#[must_use]
pub fn read_seq(key: &[u8]) -> Option<u64> {
    let (_, tail) = key.split_first_chunk::<32>()?;
    let (seq, _) = tail.split_first_chunk::<8>()?;
    Some(u64::from_be_bytes(*seq))
}

/// Reads a height from the last eight bytes of a key.
#[must_use]
pub fn read_u64(key: &[u8]) -> Option<u64> {
    let (_, tail) = key.split_last_chunk::<8>()?;
    Some(u64::from_be_bytes(*tail))
}
