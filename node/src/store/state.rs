//! Typed reads of the state database. Its writes are `execution/apply.rs`.

use super::{
    Column, Range, Read,
    column::{self, APPLIED_KEY},
    ledger::{decode, read},
};
use crate::{
    chain::Head,
    fault::Fault,
    view::{HistoryEntry, Location, NumberedEvent},
};
use codec::{Decode, Encode};
use dure_runtime::Before;
use dure_types::{Event, Hash, Height, Outcome, Roots, TimestampMs};

/// Which block the state is after. Written with every block's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Applied {
    /// Height of the block; 0 is genesis.
    pub height: Height,
    /// Its id; the chain id at genesis.
    pub id: Hash,
    /// Its time.
    pub time: TimestampMs,
    /// Newest height whose roots it or a block before it lists.
    pub certified: Height,
    /// The tree has 2 to this power buckets. Local: no other node needs to have as many.
    pub buckets_log2: u8,
}

/// What the keys that a block changed were before it.
pub type Undo = Vec<Before>;

/// Reads which block the state is after; none in a new database.
///
/// # Errors
/// [`Fault`] when the store fails or is corrupt; so for all reads here.
pub fn applied(reader: &dyn Read) -> Result<Option<Applied>, Fault> {
    read(reader, Column::StateMeta, APPLIED_KEY)
}

/// Reads the newest executed height.
pub fn head(reader: &dyn Read) -> Result<Head, Fault> {
    let Some(applied) = applied(reader)? else {
        return Err(Fault::Corrupt("state/meta: applied height is missing".into()));
    };
    let Applied { height, id, time, certified, .. } = applied;
    Ok(Head { height, id, time, certified })
}

/// Where a transaction has its outcome.
pub fn location(reader: &dyn Read, id: Hash) -> Result<Option<Location>, Fault> {
    let place: Option<(Height, u32, bool)> = read(reader, Column::Transactions, &column::id(id))?;
    Ok(place.map(|(height, index, ran)| Location { height, index, ran }))
}

/// Reads the outcome at a place where one must be.
pub fn outcome(reader: &dyn Read, height: Height, index: u32) -> Result<(Hash, Outcome), Fault> {
    read(reader, Column::Outcomes, &column::place(height, index))?
        .ok_or_else(|| Fault::Corrupt(format!("outcome ({height}, {index}) is missing")))
}

/// Reads the outcomes of a block.
pub fn outcomes(reader: &dyn Read, height: Height) -> Result<Vec<(Hash, Outcome)>, Fault> {
    let range = Range::prefix(&column::height(height));
    let entries = reader.scan(Column::Outcomes, &range, false, usize::MAX)?;
    entries.iter().map(|(_, value)| decode(Column::Outcomes, value)).collect()
}

/// Reads the roots of an executed height.
pub fn roots(reader: &dyn Read, height: Height) -> Result<Option<Roots>, Fault> {
    read(reader, Column::Roots, &column::height(height))
}

/// Reads the undo record of a height; none when it is older than is kept.
pub fn undo(reader: &dyn Read, height: Height) -> Result<Option<Undo>, Fault> {
    read(reader, Column::Undo, &column::height(height))
}

/// Decodes an entry of the events.
pub fn decode_event(key: &[u8], value: &[u8]) -> Result<NumberedEvent, Fault> {
    let (height, index) = place(Column::Events, key)?;
    let (transaction, event): (Hash, Event) = decode(Column::Events, value)?;
    Ok(NumberedEvent { height, index, transaction, event })
}

/// Reads the event that an entry of a contract's index names.
pub fn event(reader: &dyn Read, index_key: &[u8]) -> Result<NumberedEvent, Fault> {
    let (height, index) = place(Column::ContractEvents, index_key)?;
    let key = column::place(height, index);
    match reader.get(Column::Events, &key)? {
        Some(value) => decode_event(&key, &value),
        None => Err(Fault::Corrupt(format!("event ({height}, {index}) is missing"))),
    }
}

/// Decodes an entry of the history.
pub fn decode_history(key: &[u8], value: &[u8]) -> Result<HistoryEntry, Fault> {
    let (height, index) = place(Column::History, key)?;
    Ok(HistoryEntry { height, index, transaction: decode(Column::History, value)? })
}

fn place(column: Column, key: &[u8]) -> Result<(Height, u32), Fault> {
    column::read_place(key)
        .ok_or_else(|| Fault::Corrupt(format!("{}: key of {} bytes", column.name(), key.len())))
}
