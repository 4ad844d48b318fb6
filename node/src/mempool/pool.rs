//! Waiting transactions, in the order in which they came.

use super::Rejection;
use crate::{config::MempoolLimits, mempool::Admissible, view::Location};
use dure_runtime::VerifiedTransaction;
use dure_types::{
    Address, Gas, Hash, Height, TimestampMs, limits,
    transaction::{Lane, Nonce},
};
use std::collections::{HashMap, VecDeque};

/// Heights for which an executed transaction is remembered here, so that an admission that began
/// before the execution does not let a copy in.
const RECENT_HEIGHTS: u64 = 8;

/// Answer to a transaction that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Transaction id.
    pub id: Hash,
    /// Where it has its receipt, when it ran before.
    pub known: Option<Location>,
}

/// How full the mempool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolStatus {
    /// Transactions accepted and not yet executed.
    pub transactions: usize,
    /// Their encoded bytes.
    pub bytes: usize,
    /// Accounts that they are of.
    pub accounts: usize,
}

/// What is remembered of a transaction until it is executed.
struct Entry {
    account: Address,
    lane: Lane,
    nonce: Nonce,
    bytes: usize,
}

/// The mempool. Its maps are looked up, never walked, so that their order cannot matter.
pub struct Pool {
    limits: MempoolLimits,
    entries: HashMap<Hash, Entry>,
    nonces: HashMap<(Address, Lane, Nonce), Hash>,
    accounts: HashMap<Address, usize>,
    bytes: usize,
    /// Not yet in a batch.
    queue: VecDeque<VerifiedTransaction>,
    queue_bytes: usize,
    recent: HashMap<Hash, Location>,
    recent_ids: VecDeque<(Height, Vec<Hash>)>,
}

impl Pool {
    /// Makes an empty pool.
    #[must_use]
    pub fn new(limits: MempoolLimits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            nonces: HashMap::new(),
            accounts: HashMap::new(),
            bytes: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            recent: HashMap::new(),
            recent_ids: VecDeque::new(),
        }
    }

    /// Lets a transaction in, unless its nonce is held or there is no room; gives one that is new
    /// back, to be put in line here or at its home.
    ///
    /// # Errors
    /// [`Rejection::NoncePending`] or [`Rejection::MempoolFull`].
    pub fn admit(
        &mut self,
        admissible: Admissible,
    ) -> Result<(Submitted, Option<VerifiedTransaction>), Rejection> {
        let transaction = admissible.into_transaction();
        let id = transaction.id();
        if let Some(known) = self.recent.get(&id) {
            return Ok((Submitted { id, known: Some(*known) }, None));
        }
        if self.entries.contains_key(&id) {
            return Ok((Submitted { id, known: None }, None));
        }
        let body = transaction.body();
        let (lane, nonce) = (body.lane, body.nonce);
        if let Some(by) = self.nonces.get(&(body.account, lane, nonce)) {
            return Err(Rejection::NoncePending { lane, nonce, by: *by });
        }
        self.check_room(body.account, transaction.encoded_len())?;
        self.remember(&transaction);
        Ok((Submitted { id, known: None }, Some(transaction)))
    }

    fn check_room(&self, account: Address, length: usize) -> Result<(), Rejection> {
        let check = |what, value, limit| {
            if value > limit { Err(Rejection::MempoolFull { what, value, limit }) } else { Ok(()) }
        };
        let of_account = self.accounts.get(&account).map_or(1, |count| count + 1);
        check("transactions", self.entries.len() + 1, self.limits.transactions_max)?;
        check("bytes", self.bytes + length, self.limits.bytes_max)?;
        check("transactions of the account", of_account, self.limits.per_account_max)
    }

    /// Takes note of a transaction that is in a batch already, found at start.
    pub fn remember(&mut self, transaction: &VerifiedTransaction) {
        let body = transaction.body();
        let entry = Entry {
            account: body.account,
            lane: body.lane,
            nonce: body.nonce,
            bytes: transaction.encoded_len(),
        };
        self.bytes += entry.bytes;
        *self.accounts.entry(entry.account).or_default() += 1;
        self.nonces.insert((entry.account, entry.lane, entry.nonce), transaction.id());
        if let Some(before) = self.entries.insert(transaction.id(), entry) {
            self.release(&before);
        }
    }

    /// Puts a transaction in line for our next batch.
    pub fn enqueue(&mut self, transaction: VerifiedTransaction) {
        self.queue_bytes += transaction.encoded_len();
        self.queue.push_back(transaction);
    }

    /// Puts the transactions of a batch that can no longer be named back in line.
    pub fn put_back(&mut self, transactions: Vec<VerifiedTransaction>) {
        for transaction in transactions {
            self.enqueue(transaction);
        }
    }

    /// Whether something waits to be put in a batch.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether what waits fills a batch.
    #[must_use]
    pub fn fills_batch(&self) -> bool {
        self.queue_bytes >= limits::BATCH_SEAL_BYTES
            || self.queue.len() >= limits::BATCH_TRANSACTIONS_MAX
    }

    /// Takes the transactions of the next batch; dropped are those that expired, and those that ran
    /// in another author's.
    pub fn take_batch(&mut self, time: TimestampMs, gas_max: Gas) -> Vec<VerifiedTransaction> {
        let (mut batch, mut bytes, mut gas) = (Vec::new(), 0usize, Gas::ZERO);
        while let Some(next) = self.queue.front() {
            let fits = batch.len() < limits::BATCH_TRANSACTIONS_MAX
                && (batch.is_empty() || bytes + next.encoded_len() <= limits::BATCH_SEAL_BYTES)
                && gas.saturating_add(next.body().gas_limit) <= gas_max;
            let expired = next.body().valid_until < time;
            let over = expired || !self.entries.contains_key(&next.id());
            if !fits && !over {
                break;
            }
            let Some(next) = self.queue.pop_front() else { break };
            self.queue_bytes -= next.encoded_len();
            if over {
                self.forget(next.id());
                continue;
            }
            bytes += next.encoded_len();
            gas = gas.saturating_add(next.body().gas_limit);
            batch.push(next);
        }
        batch
    }

    /// Forgets the transactions of an executed block, except that for some heights more copies are
    /// answered with their place.
    pub fn executed(&mut self, height: Height, outcomes: &[(Hash, bool)]) {
        for ((id, ran), index) in outcomes.iter().zip(0u32..) {
            self.forget(*id);
            if *ran {
                self.recent.insert(*id, Location { height, index, ran: true });
            }
        }
        let ids = outcomes.iter().filter(|(_, ran)| *ran).map(|(id, _)| *id).collect();
        self.recent_ids.push_back((height, ids));
        while self.recent_ids.front().is_some_and(|(old, _)| old.0 + RECENT_HEIGHTS < height.0) {
            for id in self.recent_ids.pop_front().into_iter().flat_map(|(_, ids)| ids) {
                self.recent.remove(&id);
            }
        }
    }

    /// Forgets a transaction that nobody will seal any more.
    pub fn forget(&mut self, id: Hash) {
        if let Some(entry) = self.entries.remove(&id) {
            self.release(&entry);
            let key = (entry.account, entry.lane, entry.nonce);
            if self.nonces.get(&key) == Some(&id) {
                self.nonces.remove(&key);
            }
        }
    }

    fn release(&mut self, entry: &Entry) {
        self.bytes -= entry.bytes;
        if let Some(count) = self.accounts.get_mut(&entry.account) {
            *count -= 1;
            if *count == 0 {
                self.accounts.remove(&entry.account);
            }
        }
    }

    /// How full the pool is.
    #[must_use]
    pub fn status(&self) -> MempoolStatus {
        MempoolStatus {
            transactions: self.entries.len(),
            bytes: self.bytes,
            accounts: self.accounts.len(),
        }
    }
}
