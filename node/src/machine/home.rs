//! Home authors (DESIGN D5): one validator puts a lane's transactions into its batches.
//!
//! Were every validator that hears of a transaction to seal it, all would check and store it n
//! times. So whoever takes one in sends it on to its home, and to the next in line when no batch
//! that a quorum holds has it after a while. The nonce sees to it that a transaction that two of them seal runs once.

use super::wire::FORWARD_BYTES_MAX;
use codec::Encode;
use dure_runtime::VerifiedTransaction;
use dure_types::{
    Address, Hash, Transaction, ValidatorId, ValidatorSet, domain::blake3_hash, transaction::Lane,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A home is passed over when no batch that a quorum holds has the transaction after this time.
pub const HAND_OVER_AFTER: Duration = Duration::from_millis(300);
/// Transactions that one validator may forward in a [`FORWARD_WINDOW`]: as many signatures as one core
/// checks meanwhile. Who takes more in has them sealed by the next in line.
const FORWARDED_MAX: usize = 4_096;
const FORWARD_WINDOW: Duration = Duration::from_millis(100);
/// A batch that has the transaction should be named after this time.
const SEEN_FOR: Duration = Duration::from_secs(10);

/// Validators in the order in which they are the home of an account's lane: rendezvous hashing, so
/// that a change of the set moves only the lanes of who came or went.
#[must_use]
pub fn homes(validators: &ValidatorSet, account: Address, lane: Lane) -> Vec<ValidatorId> {
    let rank = |id: &ValidatorId| blake3_hash(&(id, account, lane).encode());
    let mut homes: Vec<_> = validators.0.iter().map(|record| record.id).collect();
    homes.sort_by_cached_key(rank);
    homes
}

struct Forwarded {
    transaction: VerifiedTransaction,
    /// How many homes were asked.
    tries: usize,
    due: Duration,
}

/// Transactions that others were asked to seal.
#[derive(Default)]
pub(super) struct Forwarding {
    waiting: BTreeMap<Hash, Forwarded>,
    due: BTreeSet<(Duration, Hash)>,
    /// How many each validator sent us since when.
    taken: BTreeMap<ValidatorId, (Duration, usize)>,
    /// To be sent.
    unsent: BTreeMap<ValidatorId, Vec<Transaction>>,
}

impl Forwarding {
    /// Asks the home after the first `tries` ones; gives the transaction back when that is us.
    pub(super) fn forward(
        &mut self,
        transaction: VerifiedTransaction,
        tries: usize,
        (homes, me): (&[ValidatorId], ValidatorId),
        now: Duration,
    ) -> Option<VerifiedTransaction> {
        let home = homes.get(tries % homes.len().max(1)).copied().filter(|home| *home != me);
        let Some(home) = home else { return Some(transaction) };
        self.unsent.entry(home).or_default().push(transaction.transaction().clone());
        self.wait(transaction, tries, now + HAND_OVER_AFTER);
        None
    }

    /// How many of the transactions that a validator forwards are taken now.
    pub(super) fn room(&mut self, from: ValidatorId, count: usize, now: Duration) -> usize {
        let (since, taken) = self.taken.entry(from).or_insert((now, 0));
        if now >= *since + FORWARD_WINDOW {
            (*since, *taken) = (now, 0);
        }
        let count = count.min(FORWARDED_MAX - *taken);
        *taken += count;
        count
    }

    /// Waits for the batch that has the transaction already.
    pub(super) fn sealed(&mut self, transaction: VerifiedTransaction, now: Duration) {
        self.wait(transaction, 0, now + SEEN_FOR);
    }

    fn wait(&mut self, transaction: VerifiedTransaction, tries: usize, due: Duration) {
        let id = transaction.id();
        self.due.insert((due, id));
        self.waiting.insert(id, Forwarded { transaction, tries, due });
    }

    /// Takes out a transaction that waited too long, with the number of the home to ask.
    pub(super) fn overdue(&mut self, now: Duration) -> Option<(VerifiedTransaction, usize)> {
        let (_, id) = *self.due.first().filter(|(due, _)| *due <= now)?;
        let Forwarded { transaction, tries, due } = self.waiting.remove(&id)?;
        self.due.remove(&(due, id));
        Some((transaction, tries + 1))
    }

    /// Takes a transaction out.
    pub(super) fn take(&mut self, id: &Hash) -> Option<VerifiedTransaction> {
        let Forwarded { transaction, due, .. } = self.waiting.remove(id)?;
        self.due.remove(&(due, *id));
        Some(transaction)
    }

    /// A batch that had these transactions will not be named: another home is asked at once.
    pub(super) fn unsealed(&mut self, transactions: &[VerifiedTransaction]) {
        for id in transactions.iter().map(VerifiedTransaction::id) {
            if let Some(forwarded) = self.waiting.get_mut(&id) {
                self.due.remove(&(forwarded.due, id));
                forwarded.due = Duration::ZERO;
                self.due.insert((forwarded.due, id));
            }
        }
    }

    /// A batch that a quorum holds has these transactions.
    pub(super) fn seen(&mut self, transactions: &[VerifiedTransaction], now: Duration) {
        if self.waiting.is_empty() {
            return;
        }
        for id in transactions.iter().map(VerifiedTransaction::id) {
            if let Some(forwarded) = self.waiting.get_mut(&id) {
                self.due.remove(&(forwarded.due, id));
                forwarded.due = now + SEEN_FOR;
                self.due.insert((forwarded.due, id));
            }
        }
    }

    /// When the next home is to be asked.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What is to be sent, in pieces that fit a message.
    pub(super) fn unsent(&mut self) -> Vec<(ValidatorId, Vec<Transaction>)> {
        let mut messages = Vec::new();
        for (home, transactions) in std::mem::take(&mut self.unsent) {
            let (mut piece, mut bytes) = (Vec::new(), 4);
            for transaction in transactions {
                let length = transaction.encoded_size();
                if bytes + length > FORWARD_BYTES_MAX {
                    messages.push((home, std::mem::take(&mut piece)));
                    bytes = 4;
                }
                bytes += length;
                piece.push(transaction);
            }
            messages.push((home, piece));
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attack: one validator forwards far more than can be checked.
    #[test]
    fn what_one_validator_forwards_is_bounded() {
        let mut forwarding = Forwarding::default();
        let ids = [ValidatorId([1; 32]), ValidatorId([2; 32])];
        let mut room =
            |who: usize, count, ms| forwarding.room(ids[who], count, Duration::from_millis(ms));
        assert_eq!(room(0, FORWARDED_MAX - 1, 0), FORWARDED_MAX - 1);
        assert_eq!((room(0, 9, 50), room(0, 9, 99)), (1, 0));
        assert_eq!((room(1, 9, 99), room(0, 9, 100)), (9, 9));
    }
}
