//! A consistent, read-only picture of the chain at one executed height.

use crate::{
    chain::{Chain, Head},
    fault::Fault,
    recent::RecentBlock,
    store::{Column, Range, Read, column, ledger, state},
};
use dure_runtime::{StateDelta, StateRead, system::ContractRecord};
use dure_types::{
    Address, CommitCertificate, Event, Hash, Header, Height, MerkleProof, Outcome, Roots,
    StateProof, TimestampMs, Transaction,
};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// A snapshot at one executed height. Cheap to open, and it holds back no writer; but it keeps old
/// data alive, so do not keep it for minutes.
pub struct View {
    chain: Arc<Chain>,
    reader: Arc<dyn Read>,
    state: Arc<dyn StateRead>,
    head: Head,
}

/// The state part of a snapshot, as the executor reads it.
#[derive(Clone)]
pub struct SnapshotState(pub Arc<dyn Read>);

/// Where a transaction has its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Height of the block.
    pub height: Height,
    /// Index in the block.
    pub index: u32,
    /// Whether it ran and has a receipt; otherwise it was skipped, and a later copy may run.
    pub ran: bool,
}

/// An outcome with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Transaction id.
    pub id: Hash,
    /// Height of the block.
    pub height: Height,
    /// Index in the block. [`View::transaction`] reads the transaction itself, which costs the
    /// reading of a whole batch.
    pub index: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// An event with its number and the transaction that emitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedEvent {
    /// Height of the block.
    pub height: Height,
    /// Index among the block's events.
    pub index: u32,
    /// Transaction id.
    pub transaction: Hash,
    /// The event.
    pub event: Event,
}

/// One transaction in the history of an account or contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Height of the block.
    pub height: Height,
    /// Index in the block.
    pub index: u32,
    /// Transaction id.
    pub transaction: Hash,
}

/// A state entry, or its absence, with a proof that ends in a decided header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedEntry {
    /// The newest certified height: the value is the one after it.
    pub height: Height,
    /// Height of the decided header that lists the root.
    pub header: Height,
    /// State root of the height.
    pub root: Hash,
    /// The value, none when the key was absent.
    pub value: Option<Vec<u8>>,
    /// Leads from the entry to the root.
    pub proof: StateProof,
}

impl View {
    pub(crate) fn new(chain: Arc<Chain>, reader: Arc<dyn Read>) -> Result<Self, Fault> {
        let head = state::head(reader.as_ref())?;
        Ok(Self { chain, state: Arc::new(SnapshotState(Arc::clone(&reader))), reader, head })
    }

    /// The executed height that the view shows, with its time and block id.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The executed height that the view shows.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.head.height
    }

    /// Time of that height.
    #[must_use]
    pub const fn time(&self) -> TimestampMs {
        self.head.time
    }

    /// Newest height whose roots are in a decided header.
    #[must_use]
    pub const fn certified(&self) -> Height {
        self.head.certified
    }

    /// The state after that height, as the executor takes it.
    #[must_use]
    pub const fn state(&self) -> &Arc<dyn StateRead> {
        &self.state
    }

    /// The state before a block was executed; none when its undo record is gone.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt.
    pub fn state_before(&self, height: Height) -> Result<Option<Arc<dyn StateRead>>, Fault> {
        // The oldest goes first: without it the others need not be read.
        if state::undo(self.reader.as_ref(), height)?.is_none() {
            return Ok(None);
        }
        let mut state = Layered::over(Arc::clone(&self.state));
        // The record of the block itself comes last: it has the values of before it.
        for above in (height.0..=self.head.height.0).rev() {
            let Some(undo) = state::undo(self.reader.as_ref(), Height(above))? else {
                return Ok(None);
            };
            state.write(undo.into_iter().collect());
        }
        Ok(Some(Arc::new(state)))
    }

    /// Reads the header of a height; none for genesis and for heights above the view's.
    ///
    /// # Errors
    /// [`Fault`] when the store fails or is corrupt; so for every method below.
    pub fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        if height > self.head.height {
            return Ok(None);
        }
        ledger::header(self.reader.as_ref(), height)
    }

    /// Reads the commit certificate of a height.
    pub fn certificate(&self, height: Height) -> Result<Option<CommitCertificate>, Fault> {
        if height > self.head.height {
            return Ok(None);
        }
        ledger::certificate(self.reader.as_ref(), height)
    }

    /// The block id of a height; the chain id for genesis.
    pub fn block_id(&self, height: Height) -> Result<Option<Hash>, Fault> {
        if height == Height::ZERO {
            return Ok(Some(self.chain.id));
        }
        Ok(self.certificate(height)?.map(|certificate| certificate.block))
    }

    /// Finds the height of a block id.
    pub fn block_by_id(&self, id: Hash) -> Result<Option<Height>, Fault> {
        if id == self.chain.id {
            return Ok(Some(Height::ZERO));
        }
        let height = ledger::height_of(self.reader.as_ref(), id)?;
        Ok(height.filter(|height| *height <= self.head.height))
    }

    /// Outcomes of a block with their transaction ids, in block order.
    pub fn block_outcomes(&self, height: Height) -> Result<Vec<(Hash, Outcome)>, Fault> {
        if let Some(block) = self.recent(height) {
            return Ok(block.outcomes().map(|(id, outcome)| (id, outcome.clone())).collect());
        }
        state::outcomes(self.reader.as_ref(), height)
    }

    /// Transactions of a block, in block order.
    pub fn block_transactions(&self, height: Height) -> Result<Vec<Transaction>, Fault> {
        if let Some(block) = self.recent(height) {
            return Ok(block.transactions().cloned().collect());
        }
        match self.header(height)? {
            Some(header) => ledger::transactions(self.reader.as_ref(), &header),
            None => Ok(Vec::new()),
        }
    }

    /// One transaction of a block.
    pub fn transaction(&self, height: Height, index: u32) -> Result<Option<Transaction>, Fault> {
        if let Some(block) = self.recent(height) {
            return Ok(block.transaction(index).cloned());
        }
        let Some(header) = self.header(height)? else { return Ok(None) };
        ledger::transaction(self.reader.as_ref(), &header, index)
    }

    /// Where a transaction has its outcome.
    pub fn location(&self, id: Hash) -> Result<Option<Location>, Fault> {
        state::location(self.reader.as_ref(), id)
    }

    /// The outcome of a transaction: its receipt, or why its last copy was skipped.
    pub fn receipt(&self, id: Hash) -> Result<Option<Located>, Fault> {
        let Some(Location { height, index, .. }) = self.location(id)? else { return Ok(None) };
        let recent = self.recent(height);
        let recent = recent.as_ref().and_then(|block| block.outcome(index));
        let (stored, outcome) = match recent {
            Some((id, outcome)) => (id, outcome.clone()),
            None => state::outcome(self.reader.as_ref(), height, index)?,
        };
        if stored != id {
            return Err(Fault::Corrupt(format!("outcome ({height}, {index}) is not of {id}")));
        }
        Ok(Some(Located { id, height, index, outcome }))
    }

    /// Events of one transaction.
    pub fn transaction_events(&self, located: &Located) -> Result<Vec<NumberedEvent>, Fault> {
        let (height, index) = (located.height, located.index);
        let events = match &located.outcome {
            Outcome::Receipt(receipt) if receipt.events > 0 => receipt.events as usize,
            _ => return Ok(Vec::new()),
        };
        if let Some(block) = self.recent(height) {
            return Ok(block.events(index));
        }
        // They lie after those of the transactions before it.
        let outcomes = state::outcomes(self.reader.as_ref(), height)?;
        let before = outcomes.iter().take(index as usize).map(|(_, outcome)| outcome.events());
        let first = before.fold(0, u32::saturating_add);
        self.events((height, first), height, events)
    }

    /// Proves an outcome under the receipts root of its height; none outside the block.
    pub fn receipt_proof(&self, height: Height, index: u32) -> Result<Option<MerkleProof>, Fault> {
        let outcomes = self.block_outcomes(height)?;
        Ok(crate::execution::receipt_proof(&outcomes, index))
    }

    /// A block that is kept in memory, unless it is above the view's height.
    fn recent(&self, height: Height) -> Option<Arc<RecentBlock>> {
        self.chain.recent.block(height).filter(|_| height <= self.head.height)
    }

    /// Roots of an executed height, certified or not yet.
    pub fn roots(&self, height: Height) -> Result<Option<Roots>, Fault> {
        state::roots(self.reader.as_ref(), height)
    }

    /// Events from number `from` on, up to and with height `to`, at most `limit`.
    pub fn events(
        &self,
        from: (Height, u32),
        to: Height,
        limit: usize,
    ) -> Result<Vec<NumberedEvent>, Fault> {
        let range = Range { start: column::place(from.0, from.1), end: after(to) };
        let entries = self.reader.scan(Column::Events, &range, false, limit)?;
        entries.into_iter().map(|(key, value)| state::decode_event(&key, &value)).collect()
    }

    /// The same of one contract, by its index.
    pub fn contract_events(
        &self,
        contract: Address,
        from: (Height, u32),
        to: Height,
        limit: usize,
    ) -> Result<Vec<NumberedEvent>, Fault> {
        let end = after(to).unwrap_or_else(|| vec![0xff; 9]);
        let range = Range::new(
            column::place_of(contract, from.0, from.1),
            [contract.as_ref(), end.as_slice()].concat(),
        );
        let entries = self.reader.scan(Column::ContractEvents, &range, false, limit)?;
        entries.iter().map(|(key, _)| state::event(self.reader.as_ref(), key)).collect()
    }

    /// Transactions of an account or contract, newest first, with the cursor of the next page.
    ///
    /// `before` is the place of the last entry already seen.
    #[expect(clippy::type_complexity, reason = "a page is its entries and the next cursor")]
    pub fn history(
        &self,
        account: Address,
        before: Option<(Height, u32)>,
        limit: usize,
    ) -> Result<(Vec<HistoryEntry>, Option<(Height, u32)>), Fault> {
        let mut range = Range::prefix(&account.0);
        if let Some((height, index)) = before {
            range.end = Some(column::place_of(account, height, index));
        }
        let entries = self.reader.scan(Column::History, &range, true, limit)?;
        let page = entries
            .iter()
            .map(|(key, value)| state::decode_history(key, value))
            .collect::<Result<Vec<_>, _>>()?;
        let next = (page.len() == limit).then(|| page.last().map(|e| (e.height, e.index)));
        Ok((page, next.flatten()))
    }

    /// Contracts by ascending address, after one of them.
    pub fn contracts(
        &self,
        after: Option<Address>,
        limit: usize,
    ) -> Result<Vec<(Address, ContractRecord)>, Fault> {
        Ok(dure_runtime::system::contracts(self.state.as_ref(), after, limit)?)
    }

    /// Proves the value of a state key, or its absence, at the newest certified height.
    pub fn state_proof(&self, key: &[u8]) -> Result<CertifiedEntry, Fault> {
        crate::execution::certified_entry(&self.chain, key)
    }
}

/// A state under what was written, or taken back, since.
#[derive(Clone)]
pub struct Layered {
    below: Arc<dyn StateRead>,
    written: StateDelta,
}

impl Layered {
    /// Nothing is written yet.
    #[must_use]
    pub fn over(below: Arc<dyn StateRead>) -> Self {
        Self { below, written: StateDelta::new() }
    }

    /// Writes.
    pub fn write(&mut self, delta: StateDelta) {
        self.written.extend(delta);
    }
}

impl StateRead for Layered {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, dure_runtime::Fault> {
        match self.written.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.below.get(key),
        }
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, dure_runtime::Fault> {
        if start >= end {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(start), Bound::Excluded(end));
        let written: Vec<_> = self.written.range::<[u8], _>(bounds).collect();
        // Each write hides at most one entry below, so this many are always enough.
        let enough = limit.saturating_add(written.len());
        let below = self.below.scan(start, end, reverse, enough)?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            below.into_iter().map(|(key, value)| (key, Some(value))).collect();
        for (key, value) in written {
            merged.insert(key.clone(), value.clone());
        }
        let live = merged.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(if reverse {
            let mut entries: Vec<_> = live.collect();
            entries.reverse();
            entries.truncate(limit);
            entries
        } else {
            live.take(limit).collect()
        })
    }
}

/// First key after all of a height.
fn after(height: Height) -> Option<Vec<u8>> {
    height.0.checked_add(1).map(|next| column::place(Height(next), 0))
}

impl StateRead for SnapshotState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, dure_runtime::Fault> {
        self.0
            .get(Column::State, key)
            .map_err(|error| dure_runtime::Fault::Storage(error.to_string()))
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, dure_runtime::Fault> {
        self.0
            .scan(Column::State, &Range::new(start, end), reverse, limit)
            .map_err(|error| dure_runtime::Fault::Storage(error.to_string()))
    }
}
