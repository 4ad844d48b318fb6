//! Typed reads and writes of the ledger.

use super::{
    Column, Database, Range, Read, WriteBatch,
    column::{self, FOLLOWED_KEY},
};
use crate::fault::Fault;
use codec::{DecodeAll, Encode};
use dure_types::{
    Batch, BatchReference, CommitCertificate, Hash, Header, Height, Transaction, ValidatorId,
    limits,
};

/// Decodes a value that we wrote ourselves.
pub(super) fn decode<T: DecodeAll>(column: Column, bytes: &[u8]) -> Result<T, Fault> {
    T::decode_all(&mut &*bytes).map_err(|error| {
        Fault::Corrupt(format!("{}/{}: {error}", column.database().name(), column.name()))
    })
}

/// Reads and decodes one value.
pub(super) fn read<T: DecodeAll>(
    reader: &dyn Read,
    column: Column,
    key: &[u8],
) -> Result<Option<T>, Fault> {
    reader.get(column, key)?.map(|bytes| decode(column, &bytes)).transpose()
}

/// Reads the decided header of a height.
///
/// # Errors
/// [`Fault`] when the store fails or is corrupt; so for all reads here.
pub fn header(reader: &dyn Read, height: Height) -> Result<Option<Header>, Fault> {
    read(reader, Column::Headers, &column::height(height))
}

/// Reads the commit certificate of a height.
pub fn certificate(reader: &dyn Read, height: Height) -> Result<Option<CommitCertificate>, Fault> {
    read(reader, Column::Certificates, &column::height(height))
}

/// Finds the height of a decided block.
pub fn height_of(reader: &dyn Read, block: Hash) -> Result<Option<Height>, Fault> {
    read(reader, Column::Blocks, &column::id(block))
}

/// Reads the newest decided header with its certificate; none on a chain of genesis alone.
pub fn tip(reader: &dyn Read) -> Result<Option<(Header, CommitCertificate)>, Fault> {
    let last = reader.scan(Column::Headers, &Range::all(), true, 1)?;
    let Some((key, value)) = last.first() else { return Ok(None) };
    let header: Header = decode(Column::Headers, value)?;
    let certificate: Option<_> = read(reader, Column::Certificates, key)?;
    match certificate {
        Some(certificate) => Ok(Some((header, certificate))),
        None => Err(Fault::Corrupt(format!("height {} has no certificate", header.height))),
    }
}

/// Reads a batch, if it is there.
pub fn find_batch(reader: &dyn Read, reference: &BatchReference) -> Result<Option<Batch>, Fault> {
    read(reader, Column::Batches, &column::batch(reference))
}

/// Reads the SCALE bytes of a batch, if it is there.
pub fn batch_bytes(
    reader: &dyn Read,
    reference: &BatchReference,
) -> Result<Option<Vec<u8>>, Fault> {
    Ok(reader.get(Column::Batches, &column::batch(reference))?)
}

/// Reads a batch that an executed header names.
pub fn batch(reader: &dyn Read, reference: &BatchReference) -> Result<Batch, Fault> {
    find_batch(reader, reference)?.ok_or_else(|| {
        Fault::Corrupt(format!("batch {} of {:?} is missing", reference.seq, reference.author))
    })
}

/// Reads decided headers with their certificates from a height on: as many as there are, up to
/// `count` and about `bytes`.
pub fn decided(
    reader: &dyn Read,
    from: Height,
    count: usize,
    bytes: usize,
) -> Result<Vec<(Header, CommitCertificate)>, Fault> {
    let range = Range { start: column::height(from), end: None };
    let (mut decided, mut left) = (Vec::new(), bytes);
    for (key, value) in reader.scan(Column::Headers, &range, false, count)? {
        let Some(certificate) = reader.get(Column::Certificates, &key)? else { break };
        left = left.saturating_sub(value.len() + certificate.len());
        if left == 0 {
            break;
        }
        let header = decode(Column::Headers, &value)?;
        decided.push((header, decode(Column::Certificates, &certificate)?));
    }
    Ok(decided)
}

/// Reads the transactions of a block, in block order.
pub fn transactions(reader: &dyn Read, header: &Header) -> Result<Vec<Transaction>, Fault> {
    let mut transactions = Vec::new();
    for reference in &header.batches {
        transactions.extend(batch(reader, reference)?.transactions);
    }
    Ok(transactions)
}

/// Reads one transaction of a block.
pub fn transaction(
    reader: &dyn Read,
    header: &Header,
    index: u32,
) -> Result<Option<Transaction>, Fault> {
    let mut rest = usize::try_from(index).unwrap_or(usize::MAX);
    for reference in &header.batches {
        let mut transactions = batch(reader, reference)?.transactions;
        if rest < transactions.len() {
            return Ok(Some(transactions.swap_remove(rest)));
        }
        rest -= transactions.len();
    }
    Ok(None)
}

/// An author's batches that no decided header names, ascending, and the highest number ever used.
pub fn unnamed(reader: &dyn Read, author: ValidatorId) -> Result<(Vec<Batch>, u64), Fault> {
    let mut batches = Vec::new();
    let mut highest = 0;
    // Numbers are named within a window, so what is open lies among the newest of them. An author
    // that lies may have two batches with one number here.
    let window = usize::try_from(2 * limits::BATCH_SEQ_WINDOW).unwrap_or(usize::MAX);
    let range = Range::prefix(&author.0);
    for (key, value) in reader.scan(Column::Batches, &range, true, window)? {
        highest = highest.max(column::read_seq(&key).unwrap_or_default());
        if reader.get(Column::Named, &key)?.is_none() {
            batches.push(decode(Column::Batches, &value)?);
        }
    }
    batches.reverse();
    Ok((batches, highest))
}

/// Writes of a batch, SCALE-encoded: durable before any header names it.
#[must_use]
pub fn put_batch(reference: &BatchReference, bytes: Vec<u8>) -> WriteBatch {
    let mut writes = WriteBatch::new(Database::Ledger);
    writes.put(Column::Batches, column::batch(reference), bytes);
    writes
}

/// Removes batches that no header names or may name.
#[must_use]
pub fn delete_batches(references: &[BatchReference]) -> WriteBatch {
    let mut writes = WriteBatch::new(Database::Ledger);
    for reference in references {
        writes.delete(Column::Batches, column::batch(reference));
    }
    writes
}

/// Writes of a decision: durable before anything is answered `final`, and before the next height.
#[must_use]
pub fn put_decision(header: &Header, certificate: &CommitCertificate) -> WriteBatch {
    let mut writes = WriteBatch::new(Database::Ledger);
    let key = column::height(header.height);
    writes.put(Column::Headers, key.clone(), header.encode());
    writes.put(Column::Certificates, key, certificate.encode());
    writes.put(Column::Blocks, column::id(certificate.block), header.height.encode());
    for batch in &header.batches {
        writes.put(Column::Named, column::batch(batch), header.height.encode());
    }
    writes
}

/// Says with a decision that this node signed nothing at its height, nor at those before down to
/// `logged`, the newest with entries in the signer's log.
pub fn put_followed(writes: &mut WriteBatch, logged: Height, height: Height) {
    writes.put(Column::LedgerMeta, FOLLOWED_KEY, (logged, height).encode());
}

/// Reads what [`put_followed`] said last.
pub fn followed(reader: &dyn Read) -> Result<Option<(Height, Height)>, Fault> {
    read(reader, Column::LedgerMeta, FOLLOWED_KEY)
}
