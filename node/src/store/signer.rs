//! The signer's log: what this node signed at the newest height, and all that its votes there
//! depend on, in a file of its own.
//!
//! The ledger cannot keep it. RocksDB opens a log with a damaged tail at the last record that it
//! can read, and what was signed would go with the decisions that it vouches for. Kept apart it
//! tells, at the next start, that the ledger ends before what was signed; and a height whose
//! decision was not kept is gone through again as it was, to the same votes (`dure_consensus::Log`
//! has the meaning of the entries, which are bytes here).
//!
//! The file has two slots; height h is written to slot h mod 2, entry after entry, in place: no
//! write but the first few of a slot moves the end of the file or asks for blocks. A write that is
//! torn loses entries that nothing was sent for. `docs/formats.md` has the layout.

use super::StoreError;
use dure_types::{Hash, Height, domain::blake3_hash, limits::HEADER_BYTES_MAX};
use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Name of the file in the data directory.
pub const SIGNER_FILE: &str = "signer";
/// Bytes of a slot: what one height may log. The file has holes: it takes the room of what is in it.
pub const SLOT_BYTES: u64 = 67_108_864;
/// Bytes of one entry.
pub const ENTRY_BYTES_MAX: usize = HEADER_BYTES_MAX + 4_096;
/// Checksum, length, height and number before an entry.
const HEAD_BYTES: usize = 48;
/// Bytes that are read at once. A piece that is all zeros is the last: longer than an entry, it would
/// hold the beginning of one otherwise, a checksum.
const PIECE_BYTES: usize = 262_144;

const _: () = assert!(dure_consensus::LOG_BYTES_MAX as u64 <= SLOT_BYTES);
const _: () = assert!(SLOT_BYTES.is_multiple_of(PIECE_BYTES as u64));
const _: () = assert!(HEAD_BYTES + ENTRY_BYTES_MAX < PIECE_BYTES);

/// The slot of a height.
#[must_use]
pub const fn slot_of(height: Height) -> usize {
    if height.0.is_multiple_of(2) { 0 } else { 1 }
}

/// The bytes of entries: for each a checksum, length, height, number in its height, entry. Returns the
/// checksum of the last one too, which that of the next one takes in: what a torn write left behind
/// never follows what was written over its beginning.
///
/// # Errors
/// The length of an entry above [`ENTRY_BYTES_MAX`].
pub fn encode_entries(
    height: Height,
    first: u32,
    mut sum: Hash,
    entries: &[Vec<u8>],
) -> Result<(Vec<u8>, Hash), usize> {
    let mut bytes = Vec::new();
    for (number, entry) in (first..).zip(entries) {
        let length = u32::try_from(entry.len()).map_err(|_| entry.len())?;
        if entry.len() > ENTRY_BYTES_MAX {
            return Err(entry.len());
        }
        let place = (height.0.to_le_bytes(), number.to_le_bytes());
        let head = [length.to_le_bytes().as_slice(), &place.0, &place.1].concat();
        let tail = [head.as_slice(), entry].concat();
        sum = checksum(sum, &tail);
        bytes.extend_from_slice(&sum.0);
        bytes.extend_from_slice(&tail);
    }
    Ok((bytes, sum))
}

fn checksum(before: Hash, rest: &[u8]) -> Hash {
    blake3_hash(&[&before.0, rest].concat())
}

/// Entries of one height, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The height.
    pub height: Height,
    /// The entries; empty where nothing was logged.
    pub entries: Vec<Vec<u8>>,
    /// Where the next one goes, from the start of the slot.
    pub end: u64,
    /// Checksum of the last one; zeros where there is none.
    pub sum: Hash,
}

impl Entries {
    /// Reads a slot from its start, as far as entries are whole and of one height.
    #[must_use]
    pub fn of_slot(slot: usize, bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes;
        while let Some((height, number, entry, after)) = next_entry(found.sum, rest) {
            let begins = found.entries.is_empty() && slot_of(height) == slot;
            let follows = number as usize == found.entries.len();
            if !follows || !(begins || height == found.height) {
                break;
            }
            found.height = height;
            found.entries.push(entry.to_vec());
            found.end += (rest.len() - after.len()) as u64;
            found.sum = Hash(rest.first_chunk().copied().unwrap_or_default());
            rest = after;
        }
        found
    }

    /// The newer of both slots.
    #[must_use]
    pub fn newest(slots: [&[u8]; 2]) -> Self {
        let [even, odd] = [Self::of_slot(0, slots[0]), Self::of_slot(1, slots[1])];
        if even.height > odd.height { even } else { odd }
    }
}

fn next_entry(before: Hash, bytes: &[u8]) -> Option<(Height, u32, &[u8], &[u8])> {
    let (sum, rest) = bytes.split_first_chunk::<32>()?;
    let (length, place) = rest.split_first_chunk::<4>()?;
    let (height, place) = place.split_first_chunk::<8>()?;
    let (number, entry) = place.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (entry, after) = entry.split_at_checked(length)?;
    let tail = rest.get(..HEAD_BYTES - 32 + length)?;
    (checksum(before, tail) == Hash(*sum)).then_some(())?;
    let height = Height(u64::from_le_bytes(*height));
    Some((height, u32::from_le_bytes(*number), entry, after))
}

/// The file, locked for this process while it is open.
#[derive(Debug)]
pub struct SignerFile {
    file: File,
    path: String,
    /// Height, number of its entries, their end in the slot, and the last one's checksum.
    end: Mutex<(Height, u32, u64, Hash)>,
}

impl SignerFile {
    /// Opens the file of a data directory, and makes an empty one where there is none.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, else [`StoreError::NotWritable`].
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let place = directory.join(SIGNER_FILE);
        let path = place.display().to_string();
        let refuse = |error: io::Error| StoreError::NotWritable {
            path: place.display().to_string(),
            reason: error.to_string(),
        };
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&place)
            .map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(refuse(error)),
        }
        // Its name must be as durable as what is written to it.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(refuse)?;
        let opened = Self { file, path, end: Mutex::default() };
        let newest = opened.log()?;
        let count = u32::try_from(newest.entries.len()).unwrap_or(u32::MAX);
        *opened.lock() = (newest.height, count, newest.end, newest.sum);
        Ok(opened)
    }

    /// Reads the entries of the newest height.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn log(&self) -> Result<Entries, StoreError> {
        Ok(Entries::newest([&self.slot(0)?, &self.slot(1)?]))
    }

    /// Appends entries to the log of a height, the newest or a later one; they are durable once
    /// this returns.
    ///
    /// # Errors
    /// [`StoreError`]; the last entries may be torn then, and nothing may be sent.
    pub fn append(&self, height: Height, entries: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut end = self.lock();
        if end.0 != height {
            *end = (height, 0, 0, Hash::ZERO);
        }
        let (bytes, sum) = encode_entries(height, end.1, end.3, entries).map_err(|length| {
            self.failed(format!("an entry of {length} bytes, above {ENTRY_BYTES_MAX}"))
        })?;
        let length = bytes.len() as u64;
        if end.2.saturating_add(length) > SLOT_BYTES {
            return Err(self.failed(format!("the log of height {height} is full")));
        }
        let offset = slot_of(height) as u64 * SLOT_BYTES + end.2;
        self.file
            .write_all_at(&bytes, offset)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| self.failed(error.to_string()))?;
        end.1 = end.1.saturating_add(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        end.2 += length;
        end.3 = sum;
        Ok(())
    }

    /// The bytes of a slot, up to where nothing was ever written.
    fn slot(&self, slot: usize) -> Result<Vec<u8>, StoreError> {
        let start = slot as u64 * SLOT_BYTES;
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < SLOT_BYTES {
            let filled = bytes.len();
            bytes.resize(filled + PIECE_BYTES, 0);
            match self.file.read_at(&mut bytes[filled..], start + filled as u64) {
                Ok(0) => {
                    bytes.truncate(filled);
                    break;
                }
                Ok(count) => bytes.truncate(filled + count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => bytes.truncate(filled),
                Err(error) => return Err(self.failed(error.to_string())),
            }
            // The last entry may end in a few of these zeros; nothing begins in them.
            if bytes[filled..].iter().all(|byte| *byte == 0) {
                break;
            }
        }
        bytes.truncate(usize::try_from(SLOT_BYTES).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Height, u32, u64, Hash)> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, reason: String) -> StoreError {
        StoreError::of_io(self.path.clone(), reason)
    }
}
