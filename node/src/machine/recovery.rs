//! Recovery: from what the two databases hold to where the machine goes on.
//!
//! The ledger is the truth. The state may be behind it (its last flush), never ahead; the blocks in
//! between are executed again and must give the same roots, which later headers prove.

use super::backlog::{Slot, Waiting};
use crate::{
    chain::Chain,
    execution::execute,
    fault::Fault,
    store::{Column, Read, column, ledger, state},
};
use dure_consensus::{Log, history_from};
use dure_runtime::VerifiedTransaction;
use dure_types::{
    Batch, BatchReference, CommitCertificate, Hash, Header, Height, Roots, Transaction,
    ValidatorId, ValidatorSet,
};

/// Where the machine goes on.
pub struct Recovered {
    /// Newest decided header with its certificate.
    pub tip: Option<(Header, CommitCertificate)>,
    /// What we signed at the height after it, and why.
    pub log: Option<Log>,
    /// The log is missing or older than the ledger: follow the others, and sign nothing until they
    /// decide a block that was proposed after now.
    pub observe: bool,
    /// The height of the signer's log; 0 where it is empty.
    pub logged: Height,
    /// The newest decided headers, ascending, as far back as consensus must know them.
    pub history: Vec<Header>,
    /// Roots that no decided header lists, with whether their block was empty.
    pub results: Vec<(Height, Roots, bool)>,
    /// Decided blocks after the newest executed one: the first lacks a batch.
    pub backlog: Vec<Waiting>,
    /// The newest executed height: the state is after it.
    pub executed: Height,
    /// Durable batches that no decided header names, ours and those of others that may still be
    /// named, ascending for each author.
    pub batches: Vec<(Batch, Vec<VerifiedTransaction>)>,
    /// Batches of others that no header may name any more.
    pub expired: Vec<BatchReference>,
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
    let validators = &chain.genesis.validators;
    let signed = look(reader, &chain.store.log()?.entries, (me, validators), chain.id)?;
    let Signed { log, observe, logged } = signed;
    let tip = ledger::tip(reader)?;
    let height = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.height);
    let applied = chain.head()?.height;
    let mut backlog = Vec::new();
    for next in applied.0 + 1..=height.0 {
        let waiting = waiting(chain, Height(next))?;
        match waiting.is_whole() && backlog.is_empty() {
            true => drop(execute(chain, waiting.into_block())?),
            false => backlog.push(waiting),
        }
    }
    let executed = chain.head()?.height;
    let certified = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.executed);
    let (mut seq_highest, mut batches, mut expired) = (0, Vec::new(), Vec::new());
    for author in chain.genesis.validators.0.iter().map(|record| record.id) {
        let (unnamed, highest) = ledger::unnamed(reader, author)?;
        if author == me {
            seq_highest = highest;
        }
        for batch in unnamed {
            if author != me && batch.header.expiry_height <= height {
                expired.push(batch.header.reference(chain.id));
                continue;
            }
            let transactions = verify(chain.id, batch.transactions.clone())?;
            batches.push((batch, transactions));
        }
    }
    let results = results(chain, certified, executed)?;
    let history = (history_from(height).0..=height.0)
        .map(|height| ledger::header(reader, Height(height))?.ok_or_else(|| missing(height)))
        .collect::<Result<_, _>>()?;
    Ok(Recovered {
        tip,
        log,
        observe,
        logged,
        history,
        results,
        backlog,
        executed,
        batches,
        expired,
        seq_highest,
    })
}

fn missing(height: u64) -> Fault {
    Fault::Corrupt(format!("header {height} is missing"))
}

/// What the signer's log tells at a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// The log, when it is of the height after the newest decided one.
    pub log: Option<Log>,
    /// It may lack what this node signed, but others decide without it: follow them at first.
    pub observe: bool,
    /// The height of the log, whichever that is; 0 where it is empty.
    pub logged: Height,
}

/// Holds signer's log, ledger and state against each other, and writes nothing.
///
/// A log that is missing, or older than the ledger, is no reason to stop where the others have a
/// quorum without this node: it follows them, as one that writes no log because it signs nothing
/// does at every start.
///
/// # Errors
/// [`Fault`] when what belongs together is not: going on would sign a height twice, or answer from
/// a state that nothing decided.
pub fn look(
    reader: &dyn Read,
    entries: &[Vec<u8>],
    (me, validators): (ValidatorId, &ValidatorSet),
    chain: Hash,
) -> Result<Signed, Fault> {
    let log = Log::decode(entries).map_err(|error| Fault::Corrupt(format!("signer: {error}")))?;
    let others = validators.0.iter().filter(|record| record.id != me);
    let others = others.fold(0u64, |power, record| power.saturating_add(record.power));
    // The log first: where the ledger lost its tail, the state may well be ahead of it.
    let logged = log.as_ref().map_or(Height::ZERO, |log| log.height);
    let signed = match of_next(reader, log, me, chain) {
        Err(Fault::NoMark { .. } | Fault::SignerBehind { .. }) if validators.is_quorum(others) => {
            Signed { log: None, observe: true, logged }
        }
        log => Signed { log: log?, observe: false, logged },
    };
    let ledger = ledger::tip(reader)?.map_or(Height::ZERO, |(header, _)| header.height);
    match state::applied(reader)? {
        Some(state::Applied { height: applied, .. }) if applied > ledger => {
            Err(Fault::StateAhead { applied, ledger })
        }
        _ => Ok(signed),
    }
}

/// Holds the ledger against the signer's log; returns the log when it is of the next height.
///
/// A height is in the log before anything of it is signed and before its decision is durable, and
/// the next height is begun only after that. So the log is of the newest decided height, or of the
/// one after it, which is then gone through again to the same votes. Of heights that others decided
/// and in which nothing was signed here, the decisions say so themselves.
///
/// # Errors
/// [`Fault`] when the ledger lost what this node signed, or has other blocks: going on would sign
/// a height twice.
fn of_next(
    reader: &dyn Read,
    log: Option<Log>,
    me: ValidatorId,
    chain: Hash,
) -> Result<Option<Log>, Fault> {
    let tip = ledger::tip(reader)?;
    let ledger = tip.as_ref().map_or(Height::ZERO, |(header, _)| header.height);
    let signed = log.as_ref().map_or(Height::ZERO, |log| log.height);
    if signed < ledger && ledger::followed(reader)? == Some((signed, ledger)) {
        return Ok(None);
    }
    let Some(log) = log else {
        return if ledger == Height::ZERO { Ok(None) } else { Err(Fault::NoMark { ledger }) };
    };
    if signed < ledger {
        return Err(Fault::SignerBehind { mark: signed, ledger });
    }
    if signed.0 > ledger.0.saturating_add(1) {
        return Err(Fault::LedgerLost { signed, ledger });
    }
    let (id, ours) = match &tip {
        Some((_, decided)) if signed == ledger => {
            (decided.block, log.precommit(me, decided.round).unwrap_or(decided.block))
        }
        Some((_, decided)) => (decided.block, log.parent),
        None => (chain, log.parent),
    };
    if ours != id {
        return Err(Fault::SignedOther { height: ledger, signed: ours, ledger: id });
    }
    if signed == ledger {
        return Ok(None);
    }
    for batch in log.headers().flat_map(|header| &header.batches) {
        if reader.get(Column::Batches, &column::batch(batch))?.is_none() {
            return Err(Fault::BatchLost { seq: batch.seq, signed, ledger });
        }
    }
    Ok(Some(log))
}

/// Reads a decided block. Its batches are all there unless other validators decided it.
fn waiting(chain: &Chain, height: Height) -> Result<Waiting, Fault> {
    let reader = chain.store.as_ref();
    let missing = || Fault::Corrupt(format!("header or certificate of {height} is missing"));
    let header = ledger::header(reader, height)?.ok_or_else(missing)?;
    let id = ledger::certificate(reader, height)?.ok_or_else(missing)?.block;
    if header.id(chain.id) != id {
        return Err(Fault::Corrupt(format!("header {height} is not the certified one")));
    }
    let alone = chain.genesis.validators.0.len() == 1;
    let mut slots: Vec<Slot> = Vec::with_capacity(header.batches.len());
    for reference in &header.batches {
        let batch = match ledger::find_batch(reader, reference)? {
            None if alone => Some(ledger::batch(reader, reference)?),
            found => found,
        };
        let transactions = batch.map(|batch| verify(chain.id, batch.transactions));
        slots.push((*reference, transactions.transpose()?));
    }
    Ok(Waiting { header, id, slots })
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
    executed: Height,
) -> Result<Vec<(Height, Roots, bool)>, Fault> {
    let reader = chain.store.as_ref();
    let mut results = Vec::new();
    for next in certified.0 + 1..=executed.0 {
        let next = Height(next);
        let roots = state::roots(reader, next)?
            .ok_or_else(|| Fault::Corrupt(format!("roots of height {next} are missing")))?;
        let header = ledger::header(reader, next)?.ok_or_else(|| missing(next.0))?;
        results.push((next, roots, header.batches.is_empty()));
    }
    Ok(results)
}
