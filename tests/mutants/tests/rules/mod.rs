//! What must hold of the ledger, for the tests and for the bench `invariants`.

use dure_testing::{
    Account, Address, Amount, Chain, Invariants, TimestampMs,
    invariants::{Moment, Played},
};
use mutants::ledger::call;
use std::path::Path;

/// The ledger on a chain of its own, and who calls it.
pub(crate) struct Set {
    chain: Chain,
    ledger: Address,
    issuer: Account,
    others: [Account; 2],
}

/// A ledger whose source is in a folder, with these bugs.
pub(crate) fn set_up(folder: &Path, bugs: &[u32]) -> Set {
    let mut chain = Chain::new();
    let (issuer, a, b) = (chain.account("issuer"), chain.account("a"), chain.account("b"));
    let bits = bugs.iter().fold(0u16, |bits, bug| bits | 1 << bug);
    let ledger = chain.deploy(folder, issuer, (bits, Amount(1_000_000))).expect("it builds");
    Set { chain, ledger, issuer, others: [a, b] }
}

fn said<T, E: std::fmt::Debug>(answer: Result<T, E>) -> Result<T, String> {
    answer.map_err(|error| format!("{error:?}"))
}

impl Set {
    /// A search for what breaks one of six rules.
    pub(crate) fn search(&self) -> Invariants<'_> {
        let (ledger, issuer) = (self.ledger, self.issuer.address());
        Invariants::of(&self.chain)
            .accounts([self.issuer, self.others[0], self.others[1]])
            .contract(ledger)
            .query(ledger, "is_conserved")
            .always("the supply keeps to the cap", move |now| {
                let supply = said(now.ask(ledger, &call::supply()))?;
                let cap = said(now.ask(ledger, &call::cap()))?;
                if supply <= cap { Ok(()) } else { Err(format!("{supply:?} above {cap:?}")) }
            })
            .each("only the issuer moves the cap", move |before, played, after| {
                let was = said(before.ask(ledger, &call::cap()))?;
                let is = said(after.ask(ledger, &call::cap()))?;
                let fine = was == is || played.by == issuer;
                if fine { Ok(()) } else { Err(format!("{was:?} became {is:?}")) }
            })
            .each("a pause stops every transfer", move |before, played, _| {
                let paused = said(before.ask(ledger, &call::is_paused()))?;
                let moves = ["transfer", "transfer_from", "split"];
                let moved = moves.contains(&played.method.as_str()) && played.result.is_ok();
                if paused && moved {
                    Err(format!("{} went through", played.method))
                } else {
                    Ok(())
                }
            })
            .each("an allowance is valid and is used up", move |before, played, after| {
                allowance(ledger, before, played, after)
            })
            .each("a hold ends once", move |before, played, _| {
                if played.result.is_err() || !["post", "void"].contains(&played.method.as_str()) {
                    return Ok(());
                }
                let id = said(played.arg("id"))?;
                match said(before.ask(ledger, &call::hold_of(id)))? {
                    Some(hold) if hold.open => Ok(()),
                    other => Err(format!("{other:?} ended again")),
                }
            })
    }
}

fn allowance(
    ledger: Address,
    before: &Moment,
    played: &Played,
    after: &Moment,
) -> Result<(), String> {
    if played.method != "transfer_from" || played.result.is_err() {
        return Ok(());
    }
    let (from, amount) = (said(played.arg("from"))?, said(played.arg::<Amount>("amount"))?);
    let of = |moment: &Moment| said(moment.ask(ledger, &call::allowance(from, played.by)));
    let was = of(before)?.ok_or("there was no allowance")?;
    let is = of(after)?.ok_or("the allowance is gone")?;
    let valid = after.time() < was.expires;
    let used = was.amount.checked_sub(amount) == Some(is.amount);
    if valid && used {
        return Ok(());
    }
    let at: TimestampMs = after.time();
    Err(format!("{was:?} became {is:?} at {at:?} when {amount:?} was taken"))
}
