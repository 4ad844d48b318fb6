//! Recovery: from what the two databases hold to where the machine goes on.
//!
//! The ledger is the truth. The state may be behind it (its last flush), never ahead; the blocks in
//! between are executed again and must give the same roots, which later headers prove.

use crate::{
    chain::Chain,
    execution::{Block, execute},
    fault::Fault,
    store::{Column, Read, column, ledger, state},
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
/// [`Fault`] when the store fails, is corrupt, is ahead of its ledger, or contradicts the signer's
/// mark.
pub fn recover(chain: &Chain, me: ValidatorId) -> Result<Recovered, Fault> {
    let reader = chain.store.as_ref();
    let proposed = look(reader, chain.store.mark()?, chain.id)?;
    let tip = ledger::tip(reader)?;
    let height = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.height);
    let applied = chain.head()?.height;
    for next in applied.0 + 1..=height.0 {
        execute(chain, block(chain, Height(next))?)?;
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

/// Holds signer's mark, ledger and state against each other, and writes nothing; returns the mark
/// when it is for the next height.
///
/// # Errors
/// [`Fault`] when what belongs together is not: going on would sign a height twice, or answer from
/// a state that nothing decided.
pub fn look(reader: &dyn Read, mark: Option<Header>, chain: Hash) -> Result<Option<Header>, Fault> {
    // The mark first: where the ledger lost its tail, the state may well be ahead of it.
    let proposed = proposed(reader, mark, chain)?;
    let ledger = ledger::tip(reader)?.map_or(Height::ZERO, |(header, _)| header.height);
    match state::applied(reader)? {
        Some(state::Applied { height: applied, .. }) if applied > ledger => {
            Err(Fault::StateAhead { applied, ledger })
        }
        _ => Ok(proposed),
    }
}

/// Holds the ledger against the signer's mark; returns the mark when it is for the next height.
///
/// A mark is durable before its height is signed, and the next one is made only after the height's
/// decision is. So the mark is for the newest decided height, or for the one after it, whose
/// header is then signed again as it is: with nothing lost but what that header says anew.
///
/// # Errors
/// [`Fault`] when the ledger lost what this node signed, or has other blocks: going on would sign
/// a height twice.
fn proposed(reader: &dyn Read, mark: Option<Header>, chain: Hash) -> Result<Option<Header>, Fault> {
    let (ledger, id) = match ledger::tip(reader)? {
        Some((header, certificate)) => (header.height, certificate.block),
        None => (Height::ZERO, chain),
    };
    let Some(mark) = mark else {
        return if ledger == Height::ZERO { Ok(None) } else { Err(Fault::NoMark { ledger }) };
    };
    let signed = mark.height;
    if signed < ledger {
        return Err(Fault::SignerBehind { mark: signed, ledger });
    }
    if signed.0 > ledger.0.saturating_add(1) {
        return Err(Fault::LedgerLost { signed, ledger });
    }
    let expected = if signed == ledger { mark.id(chain) } else { mark.parent };
    if expected != id {
        return Err(Fault::SignedOther { height: ledger, signed: expected, ledger: id });
    }
    if signed == ledger {
        return Ok(None);
    }
    for batch in &mark.batches {
        let key = column::batch(batch.author, batch.seq);
        if reader.get(Column::Batches, &key)?.is_none() {
            return Err(Fault::BatchLost { seq: batch.seq, signed, ledger });
        }
    }
    Ok(Some(mark))
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
