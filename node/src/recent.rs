//! The newest executed blocks, kept in memory as they were executed.
//!
//! Whoever waits for a transaction, shows its receipt or follows the chain asks for the newest
//! blocks. In the store a transaction lies in its batch and its events lie after those of the
//! others: reading one costs decoding a whole block.

use crate::view::{Location, NumberedEvent};
use dure_runtime::{TransactionOutput, VerifiedTransaction};
use dure_types::{Hash, Height, Outcome, Transaction};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

/// Blocks that are kept at most, whatever their size.
const HEIGHTS: usize = 64;
/// Bytes that they take at most, about; the newest block is always kept.
const BYTES: usize = 64 << 20;
/// What a transaction and its outcome take beside what is counted.
const OVERHEAD: usize = 512;

/// A block with what came of it.
#[derive(Debug)]
pub struct RecentBlock {
    height: Height,
    transactions: Vec<VerifiedTransaction>,
    outputs: Vec<TransactionOutput>,
    /// Number of each transaction's first event.
    first_events: Vec<u32>,
    bytes: usize,
}

impl RecentBlock {
    pub(crate) fn new(
        height: Height,
        transactions: Vec<VerifiedTransaction>,
        outputs: Vec<TransactionOutput>,
    ) -> Self {
        let mut first_events = Vec::with_capacity(outputs.len());
        let (mut events, mut bytes) = (0u32, 0usize);
        for (transaction, output) in transactions.iter().zip(&outputs) {
            first_events.push(events);
            events = events.saturating_add(u32::try_from(output.events.len()).unwrap_or(u32::MAX));
            let data = output.events.iter().map(|event| event.data.len() + OVERHEAD / 4);
            bytes += transaction.encoded_len() + returned(&output.outcome) + OVERHEAD;
            bytes += data.sum::<usize>();
        }
        Self { height, transactions, outputs, first_events, bytes }
    }

    /// Its transactions, in block order.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().map(VerifiedTransaction::transaction)
    }

    /// One of them.
    #[must_use]
    pub fn transaction(&self, index: u32) -> Option<&Transaction> {
        self.transactions.get(index as usize).map(VerifiedTransaction::transaction)
    }

    /// Ids and outcomes, in block order.
    pub fn outcomes(&self) -> impl Iterator<Item = (Hash, &Outcome)> {
        self.outputs.iter().map(|output| (output.id, &output.outcome))
    }

    /// Id and outcome of one transaction.
    #[must_use]
    pub fn outcome(&self, index: u32) -> Option<(Hash, &Outcome)> {
        self.outputs.get(index as usize).map(|output| (output.id, &output.outcome))
    }

    /// Events of one transaction.
    #[must_use]
    pub fn events(&self, index: u32) -> Vec<NumberedEvent> {
        let place = index as usize;
        let output = self.outputs.get(place).zip(self.first_events.get(place));
        let Some((output, first)) = output else { return Vec::new() };
        let numbered = output.events.iter().zip(*first..).map(|(event, index)| NumberedEvent {
            height: self.height,
            index,
            transaction: output.id,
            event: event.clone(),
        });
        numbered.collect()
    }
}

fn returned(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Receipt(receipt) => {
            receipt.result.iter().flatten().map(Vec::len).fold(0, usize::saturating_add)
        }
        Outcome::Skipped(_) => 0,
    }
}

/// The newest executed blocks, shared by all threads of a node.
#[derive(Debug, Default)]
pub struct Recent(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Ascending, without gaps.
    blocks: VecDeque<Arc<RecentBlock>>,
    bytes: usize,
    locations: HashMap<Hash, Location>,
}

impl Recent {
    /// Adds the block after the newest one; the oldest go where there is no room.
    pub(crate) fn push(&self, block: RecentBlock) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for ((id, outcome), index) in block.outcomes().zip(0u32..) {
            let ran = matches!(outcome, Outcome::Receipt(_));
            let location = Location { height: block.height, index, ran };
            let known = kept.locations.entry(id).or_insert(location);
            // A skipped copy never stands in the way of the receipt of another copy.
            if ran || !known.ran {
                *known = location;
            }
        }
        kept.bytes += block.bytes;
        kept.blocks.push_back(Arc::new(block));
        while kept.blocks.len() > HEIGHTS || (kept.bytes > BYTES && kept.blocks.len() > 1) {
            let Some(oldest) = kept.blocks.pop_front() else { break };
            kept.bytes -= oldest.bytes;
            for (id, _) in oldest.outcomes() {
                if kept.locations.get(&id).is_some_and(|known| known.height == oldest.height) {
                    kept.locations.remove(&id);
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block, when it is kept.
    #[must_use]
    pub fn block(&self, height: Height) -> Option<Arc<RecentBlock>> {
        let kept = self.read();
        let first = kept.blocks.front()?.height;
        let place = usize::try_from(height.0.checked_sub(first.0)?).ok()?;
        kept.blocks.get(place).map(Arc::clone)
    }

    /// Where a transaction has its outcome, by the blocks after a height.
    ///
    /// # Errors
    /// [`Forgotten`] when one of them is kept no more: the store knows.
    pub fn location_after(&self, after: Height, id: Hash) -> Result<Option<Location>, Forgotten> {
        let kept = self.read();
        if let Some(location) = kept.locations.get(&id) {
            return Ok(Some(*location));
        }
        match kept.blocks.front() {
            Some(first) if first.height.0 > after.0.saturating_add(1) => Err(Forgotten),
            _ => Ok(None),
        }
    }
}

/// A block is no longer kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a block is no longer kept in memory")]
pub struct Forgotten;
