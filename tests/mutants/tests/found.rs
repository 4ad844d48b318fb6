//! The invariant runner finds each of the ten bugs, and nothing in the ledger without one.

use dure_testing::{
    Account, Address, Amount, Chain, Invariants, TimestampMs,
    codec::DecodeAll,
    invariants::{Explored, Moment, Played, Violation},
};
use mutants::ledger::call;
use std::path::Path;

struct Set {
    chain: Chain,
    ledger: Address,
    issuer: Account,
    others: [Account; 2],
}

fn set_up(bug: u8) -> Set {
    let mut chain = Chain::new();
    let (issuer, a, b) = (chain.account("issuer"), chain.account("a"), chain.account("b"));
    let init = (bug, Amount(1_000_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    Set { chain, ledger, issuer, others: [a, b] }
}

fn said<T, E: std::fmt::Debug>(answer: Result<T, E>) -> Result<T, String> {
    answer.map_err(|error| format!("{error:?}"))
}

impl Set {
    fn search(&self, sequences: u64, corpus: Option<&Path>) -> Result<Explored, Violation> {
        let (ledger, issuer) = (self.ledger, self.issuer.address());
        let invariants = Invariants::of(&self.chain)
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
                let id = played.args.get(..8).unwrap_or_default();
                let id = u64::from_le_bytes(id.try_into().unwrap_or_default());
                match said(before.ask(ledger, &call::hold_of(id)))? {
                    Some(hold) if hold.open => Ok(()),
                    other => Err(format!("{other:?} ended again")),
                }
            })
            .effort(sequences, 64);
        match corpus {
            Some(folder) => invariants.corpus(folder).run(),
            None => invariants.run(),
        }
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
    let (from, _, amount): (Address, Address, Amount) =
        said(DecodeAll::decode_all(&mut played.args.as_slice()))?;
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

#[test]
fn each_of_the_ten_bugs_is_found() {
    let found_by = [
        (1, ["is_conserved"; 2]),
        (2, ["is_conserved"; 2]),
        (3, ["is_conserved"; 2]),
        (4, ["an allowance is valid and is used up"; 2]),
        (5, ["an allowance is valid and is used up"; 2]),
        // The first when the hold is of nothing.
        (6, ["a hold ends once", "is_conserved"]),
        (7, ["is_conserved"; 2]),
        (8, ["a pause stops every transfer"; 2]),
        (9, ["only the issuer moves the cap"; 2]),
        (10, ["the supply keeps to the cap"; 2]),
    ];
    for (bug, invariants) in found_by {
        let set = set_up(bug);
        let begun = std::time::Instant::now();
        let violation = set.search(4_000, None).unwrap_err();
        println!("bug {bug}, {} ms: {violation}", begun.elapsed().as_millis());
        assert!(invariants.contains(&violation.invariant.as_str()), "bug {bug}: {violation}");
        assert!(violation.calls.len() <= 4, "bug {bug} is not minimal: {violation}");
    }
}

#[test]
fn the_ledger_without_a_bug_keeps_every_invariant() {
    let explored = set_up(0).search(256, None).unwrap();
    println!("{explored}");
    assert_eq!(explored.calls, 256 * 64);
    explored.assert_all_accepted();
}

#[test]
fn a_failing_sequence_is_kept_and_played_first() {
    let folder = tempfile::tempdir().unwrap();
    let found = set_up(1).search(1_000, Some(folder.path())).unwrap_err();
    let kept = found.kept.clone().unwrap();
    let again = set_up(1).search(0, Some(folder.path())).unwrap_err();
    assert_eq!((again.calls, again.kept, again.after), (found.calls, Some(kept.clone()), 0));
    let mended = set_up(0).search(1, Some(folder.path())).unwrap();
    assert_eq!(mended.corpus, 1);
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("\"transfer\"", "\"teleport\"")).unwrap();
    let refused = set_up(0).search(1, Some(folder.path())).unwrap_err();
    assert!(refused.why.contains("ledger has no method teleport"), "{refused}");
}

#[test]
fn the_same_seed_finds_the_same_sequence() {
    let (one, two) = (set_up(7).search(1_000, None), set_up(7).search(1_000, None));
    assert_eq!(one.unwrap_err().calls, two.unwrap_err().calls);
}

#[test]
fn a_method_that_no_call_got_through_to_is_told_with_what_refused_it() {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let init = (0u8, Amount(1_000_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    let search = Invariants::of(&chain).accounts([guest]).contract(ledger);
    let explored = search.query(ledger, "is_conserved").effort(4, 64).run().unwrap();
    let pause = &explored.methods["ledger.pause"];
    let refusal = "ledger::Error::NotIssuer";
    assert_eq!(pause.mostly, Some((refusal.to_owned(), pause.refused)));
    let failed = std::panic::catch_unwind(|| explored.assert_all_accepted()).unwrap_err();
    let said = failed.downcast_ref::<String>().unwrap();
    let tried = pause.tried();
    let line =
        format!("\n  ledger.pause: accepted 0 of {tried}, {tried} times refused with {refusal}");
    assert!(said.contains(&line), "{said}");
    let warning = explored.warning().unwrap();
    assert!(warning.contains(&line) && explored.to_string().contains(&warning), "{explored}");
    let approve = &explored.methods["ledger.approve"];
    assert!(!approve.is_seldom_accepted() && !warning.contains("ledger.approve"), "{explored}");
}
