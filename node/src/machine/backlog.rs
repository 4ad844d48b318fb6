//! Decided blocks on their way to execution: in order, each once all its batches are here.

use crate::{
    drill::{self, Drill},
    execution::Block,
};
use dure_runtime::VerifiedTransaction;
use dure_types::{BatchReference, Hash, Header, ValidatorId};
use std::collections::{BTreeSet, VecDeque};

/// Decided blocks that wait; with more the next height is not begun.
pub const BACKLOG_MAX: usize = 256;
/// Blocks that the host executes or will execute next: enough that it never waits for us.
pub const EXECUTING_MAX: usize = 4;

/// A batch of a decided block, with its transactions once they are here.
pub type Slot = (BatchReference, Option<Vec<VerifiedTransaction>>);

/// A decided block, durable but for some of its batches.
pub struct Waiting {
    /// Its header.
    pub header: Header,
    /// Its id.
    pub id: Hash,
    /// Its batches, in order.
    pub slots: Vec<Slot>,
}

impl Waiting {
    /// Whether every batch is here.
    pub(super) fn is_whole(&self) -> bool {
        self.slots.iter().all(|(_, held)| held.is_some()) || drill::is(Drill::BatchSkipped)
    }

    /// The block; of batches that are not here it has nothing.
    pub(super) fn into_block(self) -> Block {
        let Self { header, id, slots } = self;
        let transactions = slots.into_iter().filter_map(|(_, held)| held).flatten().collect();
        Block { header, id, transactions }
    }
}

/// Decided blocks that are not with the host yet.
#[derive(Default)]
pub(super) struct Backlog {
    blocks: VecDeque<Waiting>,
    /// Batches of these that are not here.
    missing: BTreeSet<BatchReference>,
}

impl Backlog {
    pub(super) fn push(&mut self, block: Waiting) {
        let missing = block.slots.iter().filter(|(_, held)| held.is_none());
        self.missing.extend(missing.map(|(reference, _)| *reference));
        self.blocks.push_back(block);
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether a block lacks this batch.
    pub(super) fn lacks(&self, reference: &BatchReference) -> bool {
        self.missing.contains(reference)
    }

    /// Whether no block lacks a batch.
    pub(super) fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }

    /// Batches that are not here, the most urgent first.
    pub(super) fn missing(&self) -> impl Iterator<Item = BatchReference> {
        let slots = self.blocks.iter().flat_map(|block| &block.slots);
        slots.filter(|(_, held)| held.is_none()).map(|(reference, _)| *reference)
    }

    /// Puts the transactions of a durable batch where they are missing.
    pub(super) fn fill(&mut self, of: &BatchReference, transactions: Vec<VerifiedTransaction>) {
        self.missing.remove(of);
        let mut slots = self.blocks.iter_mut().flat_map(|block| &mut block.slots);
        if let Some((_, slot)) = slots.find(|(reference, slot)| reference == of && slot.is_none()) {
            *slot = Some(transactions);
        }
    }

    /// The next block, once it is whole, with who sealed how many of its transactions.
    pub(super) fn next(&mut self) -> Option<(Block, Vec<(ValidatorId, usize)>)> {
        let block = self.blocks.pop_front_if(|block| block.is_whole())?;
        let count = |(batch, held): &Slot| (batch.author, held.as_ref().map_or(0, Vec::len));
        let sealed = block.slots.iter().map(count).collect();
        Some((block.into_block(), sealed))
    }
}
