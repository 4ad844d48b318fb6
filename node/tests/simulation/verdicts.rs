//! What one node checked is not checked by the others again: a check is a function of bytes.

use codec::Encode;
use dure_node::machine::{BadBatch, VerifiedBatch, verify_batch};
use dure_runtime::{VerifiedTransaction, signature};
use dure_types::{Batch, Hash, Transaction, ValidatorSet, domain::blake3_hash};
use std::collections::BTreeMap;

/// Of so many batches, and of so many transactions, the verdicts are kept.
const KEPT_MAX: usize = 512;

/// Verdicts by the hash of what was looked at.
#[derive(Default)]
pub(crate) struct Verdicts {
    batches: BTreeMap<Hash, Result<VerifiedBatch, BadBatch>>,
    transactions: BTreeMap<Hash, Option<VerifiedTransaction>>,
}

impl Verdicts {
    /// As [`verify_batch`].
    pub(crate) fn batch(
        &mut self,
        chain: Hash,
        validators: &ValidatorSet,
        batch: Batch,
    ) -> Result<VerifiedBatch, BadBatch> {
        let verify = || verify_batch(chain, validators, batch.clone());
        kept(&mut self.batches, blake3_hash(&batch.encode()), verify)
    }

    /// The transaction, verified, when its signatures hold.
    pub(crate) fn transaction(
        &mut self,
        chain: Hash,
        transaction: Transaction,
    ) -> Option<VerifiedTransaction> {
        let hash = blake3_hash(&transaction.encode());
        let verify = || signature::verify(chain, vec![transaction]).pop()?.ok();
        kept(&mut self.transactions, hash, verify)
    }
}

fn kept<T: Clone>(known: &mut BTreeMap<Hash, T>, of: Hash, judge: impl FnOnce() -> T) -> T {
    if known.len() >= KEPT_MAX && !known.contains_key(&of) {
        known.clear();
    }
    known.entry(of).or_insert_with(judge).clone()
}
