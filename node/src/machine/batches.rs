//! Batches that no decided header names yet: ours and those of the others, within bounds.

use super::verified::VerifiedBatch;
use crate::drill::{self, Drill};
use dure_consensus::{Named, ReadyBatch};
use dure_runtime::VerifiedTransaction;
use dure_types::{BatchHeader, BatchReference, Gas, Hash, Height, ValidatorId, limits};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Bytes of one author's batches that are held and not named: of 64 numbers an honest author uses
/// at most this much.
pub const AUTHOR_BYTES_MAX: usize = 33_554_432;
/// An author is refused for so long after a batch that proves it lies.
pub const REFUSE_FOR: Duration = Duration::from_secs(10);
/// Heights that an author may be ahead of us when it seals.
const AHEAD_MAX: u64 = 64;

const _: () = {
    // Bounds never keep an honest author from filling blocks, nor us from holding a block.
    assert!(AUTHOR_BYTES_MAX >= limits::BATCH_SEAL_BYTES * limits::BATCH_SEQ_WINDOW as usize);
    assert!(AUTHOR_BYTES_MAX >= limits::BLOCK_BYTES_MAX + limits::BATCH_BYTES_MAX);
};

/// What an author signed, with its signature.
pub(super) type SignedHeader = (BatchHeader, [u8; 64]);

/// A batch that is held.
pub(super) struct Held {
    pub(super) ready: ReadyBatch,
    /// Beside another with the same number it proves the author a liar.
    pub(super) signed: SignedHeader,
    pub(super) transactions: Vec<VerifiedTransaction>,
    pub(super) durable: bool,
    /// When it came.
    pub(super) since: Duration,
    /// Whether we acknowledge it: the first with its number. Another is held only because a header
    /// names it, so that of two with one number at most one is acknowledged by a quorum.
    pub(super) first: bool,
    /// Whether the ordering knows that a quorum holds it.
    pub(super) spread: bool,
}

/// Why a batch that its author sent is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another batch with this number is held.
    Twice,
    /// The author has too many open, or its number or expiry is out of range; as may happen to an
    /// honest one while we are behind.
    Bounds,
}

/// What is known of batches.
#[derive(Default)]
pub(super) struct Batches {
    held: BTreeMap<BatchReference, Held>,
    /// With the host, which checks their signatures: the bytes that their headers promise, and who
    /// sent a copy. One of each, so that a bad copy does not keep a true one out.
    verifying: BTreeMap<BatchReference, (usize, BTreeSet<ValidatorId>)>,
    /// In how many batches each transaction is, that are spread or decided and not executed.
    sealed: BTreeMap<Hash, u32>,
    /// Whether there is no other author, so that nobody else can seal what we do.
    alone: bool,
}

const fn numbers(
    author: ValidatorId,
    first: u64,
    last: u64,
) -> std::ops::RangeInclusive<BatchReference> {
    let least = BatchReference { author, seq: first, id: Hash([0; 32]) };
    let most = BatchReference { author, seq: last, id: Hash([255; 32]) };
    least..=most
}

impl Batches {
    /// Holds nothing yet.
    pub(super) fn new(alone: bool) -> Self {
        Self { alone, ..Self::default() }
    }

    /// Whether a batch is held, durable or not, or being checked.
    pub(super) fn knows(&self, reference: &BatchReference) -> bool {
        self.held.contains_key(reference) || self.verifying.contains_key(reference)
    }

    /// Whether a batch is held, or a copy from this validator is being checked.
    pub(super) fn knows_from(&self, reference: &BatchReference, from: ValidatorId) -> bool {
        let copies = self.verifying.get(reference);
        self.held.contains_key(reference) || copies.is_some_and(|(_, of)| of.contains(&from))
    }

    pub(super) fn get(&self, reference: &BatchReference) -> Option<&Held> {
        self.held.get(reference)
    }

    /// Whether an author's batch may be taken.
    pub(super) fn admits(
        &self,
        (reference, header): (&BatchReference, &BatchHeader),
        named: &Named,
        decided: Height,
        block_gas_max: Gas,
    ) -> Result<(), Refusal> {
        let BatchHeader { author, seq, expiry_height, gas_limit_sum, length, .. } = *header;
        let twice = self.others(reference).next().is_some();
        if twice && !drill::is(Drill::BothAcknowledged) {
            return Err(Refusal::Twice);
        }
        if self.knows(reference) {
            return Ok(());
        }
        let latest = decided.0.saturating_add(limits::BATCH_EXPIRY_BLOCKS + AHEAD_MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (count, bytes) = self.open(author);
        let fits = named.allows(author, seq)
            && expiry_height > decided
            && expiry_height.0 <= latest
            && gas_limit_sum <= block_gas_max
            && (count as u64) < limits::BATCH_SEQ_WINDOW
            && bytes.saturating_add(length) <= AUTHOR_BYTES_MAX;
        if fits { Ok(()) } else { Err(Refusal::Bounds) }
    }

    /// Other batches with the same number, held or being checked.
    fn others<'a>(
        &'a self,
        reference: &'a BatchReference,
    ) -> impl Iterator<Item = &'a BatchReference> {
        let range = numbers(reference.author, reference.seq, reference.seq);
        let held = self.held.range(range.clone()).map(|(other, _)| other);
        let all = held.chain(self.verifying.range(range).map(|(other, _)| other));
        all.filter(move |other| *other != reference)
    }

    /// How many batches of an author are open, and their bytes.
    fn open(&self, author: ValidatorId) -> (usize, usize) {
        let range = numbers(author, 0, u64::MAX);
        let held = self.held.range(range.clone()).map(|(_, held)| held.ready.bytes);
        let all = held.chain(self.verifying.range(range).map(|(_, (bytes, _))| *bytes));
        all.fold((0, 0), |(count, sum), bytes| (count + 1, sum.saturating_add(bytes)))
    }

    /// Whether an author may open a further number.
    pub(super) fn has_room(&self, author: ValidatorId, next: u64) -> bool {
        let mut open = self.held.range(numbers(author, 0, u64::MAX));
        let oldest = open.next().map_or(next, |(reference, _)| reference.seq);
        let (_, bytes) = self.open(author);
        next.saturating_sub(oldest) < limits::BATCH_SEQ_WINDOW
            && bytes.saturating_add(limits::BATCH_BYTES_MAX) <= AUTHOR_BYTES_MAX
    }

    /// Whether all of an author's that are held are durable.
    pub(super) fn is_written(&self, author: ValidatorId) -> bool {
        self.held.range(numbers(author, 0, u64::MAX)).all(|(_, held)| held.durable)
    }

    /// A copy of a batch is with the host to be checked.
    pub(super) fn verifying(&mut self, reference: BatchReference, bytes: usize, from: ValidatorId) {
        self.verifying.entry(reference).or_insert((bytes, BTreeSet::new())).1.insert(from);
    }

    /// A copy of a batch was checked.
    pub(super) fn verified(&mut self, reference: &BatchReference, from: ValidatorId) {
        if let Some((_, copies)) = self.verifying.get_mut(reference) {
            copies.remove(&from);
            if copies.is_empty() {
                self.verifying.remove(reference);
            }
        }
    }

    /// Holds a batch that is on its way to the disk.
    pub(super) fn hold(&mut self, batch: VerifiedBatch, now: Duration) -> Vec<u8> {
        let VerifiedBatch { ready, signed, bytes, transactions } = batch;
        self.insert((ready, signed), transactions, false, now);
        bytes
    }

    /// What the author signed of another batch with the same number that is held.
    pub(super) fn signed_beside(&self, reference: &BatchReference) -> Option<&SignedHeader> {
        let same = self.held.range(numbers(reference.author, reference.seq, reference.seq));
        let mut others = same.filter(|(other, _)| *other != reference);
        others.next().map(|(_, held)| &held.signed)
    }

    /// Holds a batch.
    pub(super) fn insert(
        &mut self,
        (ready, signed): (ReadyBatch, SignedHeader),
        transactions: Vec<VerifiedTransaction>,
        durable: bool,
        since: Duration,
    ) {
        let beside: Vec<_> = self.others(&ready.reference).copied().collect();
        let first = beside.is_empty();
        for other in beside.iter().filter(|_| durable) {
            // Which one was acknowledged before the restart is not known: none is any more.
            if let Some(held) = self.held.get_mut(other) {
                held.first = false;
            }
        }
        let held = Held { ready, signed, transactions, durable, since, first, spread: false };
        self.held.insert(ready.reference, held);
    }

    /// A batch is durable; none when it is held no more.
    pub(super) fn durable(&mut self, reference: &BatchReference) -> Option<&Held> {
        let held = self.held.get_mut(reference)?;
        held.durable = true;
        Some(held)
    }

    /// A durable batch, of which the ordering is told now.
    pub(super) fn offer(&mut self, reference: &BatchReference, spread: bool) -> Option<&Held> {
        let held = self.held.get_mut(reference).filter(|held| held.durable)?;
        if spread && !held.spread {
            held.spread = true;
            if !self.alone {
                count(&mut self.sealed, &held.transactions);
            }
        }
        Some(held)
    }

    /// Takes the transactions of a durable batch out.
    pub(super) fn take(&mut self, reference: &BatchReference) -> Option<Vec<VerifiedTransaction>> {
        self.held.get(reference).filter(|held| held.durable)?;
        let held = self.held.remove(reference)?;
        if !held.spread && !self.alone {
            count(&mut self.sealed, &held.transactions);
        }
        Some(held.transactions)
    }

    /// Takes out what no later header may name, except what `keep` says.
    pub(super) fn expire(
        &mut self,
        named: &Named,
        decided: Height,
        keep: impl Fn(&BatchReference) -> bool,
    ) -> Vec<(BatchReference, Held)> {
        let over = |reference: &BatchReference, held: &Held| {
            let open = named.allows(reference.author, reference.seq) && held.ready.expiry > decided;
            !open && !keep(reference)
        };
        let expired: Vec<_> =
            self.held.extract_if(.., |reference, held| over(reference, held)).collect();
        let spread = expired.iter().filter(|(_, held)| held.spread);
        for id in spread.flat_map(|(_, held)| &held.transactions).map(VerifiedTransaction::id) {
            if let Some(count) = self.sealed.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    self.sealed.remove(&id);
                }
            }
        }
        expired
    }

    /// Whether a batch has the transaction that is decided and not executed, or that a quorum
    /// holds: one that only its author knows of may come to nothing.
    pub(super) fn seals(&self, id: &Hash) -> bool {
        self.sealed.contains_key(id)
    }

    /// A transaction was executed.
    pub(super) fn executed(&mut self, id: &Hash) {
        self.sealed.remove(id);
    }

    /// What we hold and have acknowledged since before a time, to be said again.
    pub(super) fn acknowledged(&self, before: Duration) -> impl Iterator<Item = BatchReference> {
        let old = move |(_, held): &(_, &Held)| held.durable && held.first && held.since <= before;
        self.held.iter().filter(old).map(|(reference, _)| *reference)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

fn count(sealed: &mut BTreeMap<Hash, u32>, transactions: &[VerifiedTransaction]) {
    for transaction in transactions {
        *sealed.entry(transaction.id()).or_default() += 1;
    }
}
