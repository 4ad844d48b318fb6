//! Recovery: from what the two databases hold to where the machine goes on.
//!
//! The ledger is the truth. The state may be behind it (its last flush), never ahead; the blocks in
//! between are executed again and must give the same roots, which later headers prove.

use crate::{
    chain::Chain,
    execution::{Block, execute},
    fault::Fault,
    store::{ledger, state},
};
use dure_runtime::VerifiedTransaction;
use dure_types::{Batch, CommitCertificate, Hash, Header, Height, Roots, Transaction, ValidatorId};

/// Where the machine goes on.
pub struct Recovered {
    /// Newest decided header with its certificate.
    pub tip: Option<(Header, CommitCertificate)>,
    /// What we proposed for the height after it, and may have signed.
    pub proposed: Option<Header>,
    /// Roots that no decided header lists, with whether their block was empty.
    pub results: Vec<(Height, Roots, bool)>,
    /// Our durable batches that no decided header names, ascending.
    pub batches: Vec<(Batch, Vec<VerifiedTransaction>)>,
    /// Highest sequence number that we used.
    pub seq_highest: u64,
}

/// Brings the state up to the ledger, and reads where to go on.
///
/// # Errors
/// [`Fault`] when the store fails, is corrupt, is ahead of its ledger, or lost the signer's mark.
pub fn recover(chain: &Chain, me: ValidatorId) -> Result<Recovered, Fault> {
    let reader = chain.store.as_ref();
    let tip = ledger::tip(reader)?;
    let height = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.height);
    let applied = chain.head()?.height;
    if applied > height {
        return Err(Fault::StateAhead { applied, ledger: height });
    }
    let proposed = proposed(ledger::mark(reader)?, height)?;
    for next in applied.0 + 1..=height.0 {
        execute(chain, &block(chain, Height(next))?)?;
    }
    let certified = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.executed);
    let (unnamed, seq_highest) = ledger::unnamed(reader, me)?;
    let mut batches = Vec::with_capacity(unnamed.len());
    for batch in unnamed {
        let transactions = verify(chain.id, batch.transactions.clone())?;
        batches.push((batch, transactions));
    }
    let results = results(chain, certified, height)?;
    Ok(Recovered { tip, proposed, results, batches, seq_highest })
}

/// The signer's mark, when it is for the next height. It is written before every decision, so it
/// is for the newest decided height or the next one, or the ledger is not ours to go on with.
fn proposed(mark: Option<Header>, ledger: Height) -> Result<Option<Header>, Fault> {
    let marked = mark.as_ref().map_or(Height::ZERO, |header| header.height);
    if marked < ledger {
        return Err(Fault::SignerBehind { mark: marked, ledger });
    }
    Ok(mark.filter(|_| marked > ledger))
}

fn block(chain: &Chain, height: Height) -> Result<Block, Fault> {
    let reader = chain.store.as_ref();
    let missing = || Fault::Corrupt(format!("header or certificate of {height} is missing"));
    let header = ledger::header(reader, height)?.ok_or_else(missing)?;
    let id = ledger::certificate(reader, height)?.ok_or_else(missing)?.block;
    if header.id(chain.id) != id {
        return Err(Fault::Corrupt(format!("header {height} is not the certified one")));
    }
    let transactions = verify(chain.id, ledger::transactions(reader, &header)?)?;
    Ok(Block { header, id, transactions })
}

/// Signatures are checked again: a disk that flips bits must not change what is executed.
fn verify(chain: Hash, transactions: Vec<Transaction>) -> Result<Vec<VerifiedTransaction>, Fault> {
    dure_runtime::signature::verify(chain, transactions)
        .into_iter()
        .map(|verdict| {
            verdict.map_err(|error| Fault::Corrupt(format!("a stored transaction: {error}")))
        })
        .collect()
}

fn results(
    chain: &Chain,
    certified: Height,
    height: Height,
) -> Result<Vec<(Height, Roots, bool)>, Fault> {
    let reader = chain.store.as_ref();
    let mut results = Vec::new();
    for next in certified.0 + 1..=height.0 {
        let next = Height(next);
        let roots = state::roots(reader, next)?
            .ok_or_else(|| Fault::Corrupt(format!("roots of height {next} are missing")))?;
        let header = ledger::header(reader, next)?
            .ok_or_else(|| Fault::Corrupt(format!("header {next} is missing")))?;
        results.push((next, roots, header.batches.is_empty()));
    }
    Ok(results)
}
