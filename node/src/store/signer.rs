//! The signer's mark: the newest header that this node may have signed, in a file of its own.
//!
//! The ledger cannot keep it. RocksDB opens a log with a damaged tail at the last record that it
//! can read, and a mark in the same log would go with the decisions that it vouches for. Kept
//! apart it tells, at the next start, that the ledger ends before what was signed. The mark of a
//! height takes the place of a write to the ledger, so it costs no fsync of its own; and it holds
//! the whole header, so that a height whose decision was not kept is signed again as it was.
//!
//! The file has two slots; height h is written to slot h mod 2. A write that is torn leaves the
//! other slot, of the height before, and nothing was signed yet. `docs/formats.md` has the layout.

use super::StoreError;
use codec::{DecodeAll, Encode};
use dure_types::{Hash, Header, Height, domain::blake3_hash, limits::HEADER_BYTES_MAX};
use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// Name of the file in the data directory.
pub const SIGNER_FILE: &str = "signer";
/// Bytes of a slot: whole pages, so that a torn write of one leaves the other alone.
pub const SLOT_BYTES: usize = HEADER_BYTES_MAX + 4_096;
/// Checksum and length before the header.
const HEAD_BYTES: usize = 36;

const _: () =
    assert!(SLOT_BYTES.is_multiple_of(4_096) && HEADER_BYTES_MAX + HEAD_BYTES <= SLOT_BYTES);

/// The slot of a height.
#[must_use]
pub const fn slot_of(height: Height) -> usize {
    if height.0.is_multiple_of(2) { 0 } else { 1 }
}

/// The bytes of a slot: BLAKE3 of the rest, length of the header, header.
///
/// # Errors
/// The length of a header above [`HEADER_BYTES_MAX`].
pub fn encode_slot(header: &Header) -> Result<Vec<u8>, usize> {
    let bytes = header.encode();
    let length = u32::try_from(bytes.len()).map_err(|_| bytes.len())?;
    if bytes.len() > HEADER_BYTES_MAX {
        return Err(bytes.len());
    }
    let tail = [length.to_le_bytes().as_slice(), &bytes].concat();
    Ok([blake3_hash(&tail).0.as_slice(), &tail].concat())
}

/// Reads the mark from both slots: the newer header that is whole; none when neither is.
#[must_use]
pub fn newest(slots: [&[u8]; 2]) -> Option<Header> {
    let whole = slots.iter().enumerate().filter_map(|(index, slot)| {
        decode_slot(slot).filter(|header| slot_of(header.height) == index)
    });
    whole.max_by_key(|header| header.height)
}

fn decode_slot(slot: &[u8]) -> Option<Header> {
    let (sum, rest) = slot.split_first_chunk::<32>()?;
    let (length, bytes) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let tail = rest.get(..4usize.checked_add(length)?)?;
    if blake3_hash(tail) != Hash(*sum) {
        return None;
    }
    Header::decode_all(&mut bytes.get(..length)?).ok()
}

/// The file, locked for this process while it is open.
#[derive(Debug)]
pub struct SignerFile {
    file: File,
    path: String,
}

impl SignerFile {
    /// Opens the file of a data directory, and makes an empty one, which holds no mark, where
    /// there is none.
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
        Ok(Self { file, path })
    }

    /// Reads the mark; none in a new file.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn mark(&self) -> Result<Option<Header>, StoreError> {
        let read = |slot: usize| {
            let mut bytes = vec![0; SLOT_BYTES];
            let mut filled = 0;
            while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                match self.file.read_at(rest, (slot * SLOT_BYTES + filled) as u64) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(self.failed(error.to_string())),
                }
            }
            Ok(bytes)
        };
        Ok(newest([&read(0)?, &read(1)?]))
    }

    /// Writes the mark of a height; it is durable once this returns.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the slot may be torn then, and nothing may be signed.
    pub fn set_mark(&self, header: &Header) -> Result<(), StoreError> {
        let bytes = encode_slot(header).map_err(|length| {
            self.failed(format!("a header of {length} bytes, above {HEADER_BYTES_MAX}"))
        })?;
        let offset = (slot_of(header.height) * SLOT_BYTES) as u64;
        self.file
            .write_all_at(&bytes, offset)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| self.failed(error.to_string()))
    }

    fn failed(&self, reason: String) -> StoreError {
        StoreError::of_io(self.path.clone(), reason)
    }
}
