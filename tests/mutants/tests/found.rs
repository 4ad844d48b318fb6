//! The invariant runner finds each of the ten bugs, and nothing in the ledger without one.

mod rules;

use dure_testing::{
    Address, Amount, Chain, Invariants,
    invariants::{Explored, Moment, Played, Violation},
};
use mutants::ledger::call;
use std::path::Path;

fn search(bugs: &[u32], sequences: u64, corpus: Option<&Path>) -> Result<Explored, Violation> {
    let set = rules::set_up(env!("CARGO_MANIFEST_DIR").as_ref(), bugs);
    let search = set.search().effort(sequences, 64);
    match corpus {
        Some(folder) => search.corpus(folder).run(),
        None => search.run(),
    }
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
        let begun = std::time::Instant::now();
        let violation = search(&[bug], 4_000, None).unwrap_err();
        println!("bug {bug}, {} ms: {violation}", begun.elapsed().as_millis());
        assert!(invariants.contains(&violation.invariant.as_str()), "bug {bug}: {violation}");
        assert!(violation.calls.len() <= 4, "bug {bug} is not minimal: {violation}");
    }
}

#[test]
fn the_ledger_without_a_bug_keeps_every_invariant() {
    let explored = search(&[], 256, None).unwrap();
    println!("{explored}");
    assert_eq!(explored.calls, 256 * 64);
    explored.assert_all_accepted();
}

#[test]
fn a_failing_sequence_is_kept_and_played_first() {
    let folder = tempfile::tempdir().unwrap();
    let found = search(&[1], 1_000, Some(folder.path())).unwrap_err();
    let kept = found.kept.clone().unwrap();
    let again = search(&[1], 0, Some(folder.path())).unwrap_err();
    assert_eq!((&again.calls, &again.kept, again.after), (&found.calls, &found.kept, 0));
    // The line at which the last call begins, and no seed that would find it.
    let text = std::fs::read_to_string(&kept).unwrap();
    let begins = text.lines().zip(1..).filter(|(line, _)| *line == "    {").last().unwrap().1;
    assert_eq!((found.line, again.line), (None, Some(begins)));
    let said = format!("again from {}, where the call of line {begins} breaks it", kept.display());
    let told = again.to_string();
    assert!(told.ends_with(&said) && !told.contains("seed"), "{told}");
    let mended = search(&[], 1, Some(folder.path())).unwrap();
    assert_eq!(mended.corpus, 1);
    std::fs::write(&kept, text.replace("\"transfer\"", "\"teleport\"")).unwrap();
    let refused = search(&[], 1, Some(folder.path())).unwrap_err();
    assert!(refused.why.contains("ledger has no method teleport"), "{refused}");
    std::fs::write(&kept, "{}").unwrap();
    let refused = search(&[], 1, Some(folder.path())).unwrap_err();
    assert!(
        refused.why.starts_with(&format!("{}: it has no `steps`", kept.display())),
        "{refused}"
    );
}

#[test]
fn a_step_that_is_refused_and_only_lets_time_pass_says_so() {
    let mut chain = Chain::new();
    let issuer = chain.account("issuer");
    let init = (0u16, Amount(5));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    let begun = chain.time().0;
    let others = ["set_cap", "pause", "issue", "burn", "transfer", "split", "approve"];
    let more = ["transfer_from", "hold", "post"];
    // What is left gives back a hold, and there is none.
    let search = others
        .iter()
        .chain(&more)
        .fold(Invariants::of(&chain).contract(ledger), |search, method| search.without(method));
    let search = search.always("it is the same day", move |now| {
        if now.time().0 < begun + 86_400_000 { Ok(()) } else { Err("it is over".to_owned()) }
    });
    let found = search.effort(64, 8).run().unwrap_err();
    assert_eq!(found.calls.len(), 1, "{found}");
    assert!(found.calls[0].ends_with("ms  (refused: ledger::Error::NoHold)"), "{found}");
}

/// A ledger without a bug whose rules are broken by what is no bug: so the least that does is known.
fn plain() -> (Chain, Address) {
    let mut chain = Chain::new();
    let [issuer, ana] = ["issuer", "ana"].map(|name| chain.account(name));
    let init = (0u16, Amount(1_000_000));
    let ledger = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
    chain.send(issuer, ledger, &call::issue(ana.address(), Amount(1_000))).unwrap();
    (chain, ledger)
}

#[test]
fn ids_that_calls_before_used_up_do_not_keep_those_calls() {
    let (chain, ledger) = plain();
    let small = |_: &Moment, played: &Played, _: &Moment| {
        if played.method != "post" || played.result.is_err() {
            return Ok(());
        }
        let amount = played.arg::<Amount>("amount").unwrap();
        let other = [played.arg::<u8>("amount").is_err(), played.arg::<u8>("sum").is_err()];
        assert_eq!(other, [true; 2], "of another type, and of another name");
        if amount < Amount(7) { Ok(()) } else { Err(format!("{amount:?}")) }
    };
    for seed in 0..8 {
        let search = Invariants::of(&chain).contract(ledger).each("posts are small", small);
        let found = search.seed(seed).run().unwrap_err();
        let [hold, post] = found.calls.as_slice() else { panic!("seed {seed}: {found}") };
        assert!(hold.starts_with("ledger.hold ") && hold.contains("amount: 7 }"), "{found}");
        assert!(post.starts_with("ledger.post { id: 1, amount: 7 } by "), "{found}");
    }
}

#[test]
fn time_that_calls_before_waited_does_not_keep_those_calls() {
    let (chain, ledger) = plain();
    // A call takes a second, too.
    let (begun, wait) = (chain.time().0, 2 * 86_400_000 + 4_321);
    let early = move |_: &Moment, played: &Played, now: &Moment| {
        let late = now.time().0 > begun + wait;
        if played.method == "approve" && late { Err("it is late".to_owned()) } else { Ok(()) }
    };
    for seed in 0..8 {
        let search = Invariants::of(&chain).contract(ledger).each("approvals are early", early);
        let found = search.seed(seed).run().unwrap_err();
        let [call] = found.calls.as_slice() else { panic!("seed {seed}: {found}") };
        assert!(call.ends_with(&format!(" after {} ms", wait + 1 - 1_000)), "{found}");
    }
}

#[test]
fn the_same_seed_finds_the_same_sequence() {
    let (one, two) = (search(&[7], 1_000, None), search(&[7], 1_000, None));
    // Threads share the sequences anew in each run.
    assert_eq!(one.unwrap_err(), two.unwrap_err());
}

#[test]
fn each_broken_invariant_is_told_and_kept_though_another_breaks_sooner() {
    let folder = tempfile::tempdir().unwrap();
    let found = search(&[1, 9], 256, Some(folder.path())).unwrap_err();
    let told = |name: &str| {
        let one = found.all().find(|one| one.invariant == name).expect(name);
        assert!(one.kept.as_ref().is_some_and(|path| path.is_file()), "{found}");
        one.calls.as_slice()
    };
    // Each by what it takes, and nothing that only the other one takes.
    assert!(told("is_conserved").iter().all(|call| !call.contains("set_cap")), "{found}");
    let moved = told("only the issuer moves the cap");
    assert!(matches!(moved, [call] if call.starts_with("ledger.set_cap")), "{found}");
    assert_eq!(found.to_string().matches("broken: ").count(), found.all().count(), "{found}");
    // Both kept sequences are played, and both are told, with one bug or with two.
    let names = |violation: &Violation| {
        let mut names: Vec<&str> = violation.all().map(|one| one.invariant.as_str()).collect();
        names.sort();
        names.join(", ")
    };
    let again = search(&[1, 9], 0, Some(folder.path())).unwrap_err();
    assert_eq!(names(&again), names(&found));
    let mended = search(&[9], 0, Some(folder.path())).unwrap_err();
    assert_eq!(names(&mended), "only the issuer moves the cap");
}

#[test]
fn a_method_that_no_call_got_through_to_is_told_with_what_refused_it() {
    let mut chain = Chain::new();
    let (issuer, guest) = (chain.account("issuer"), chain.account("guest"));
    let init = (0u16, Amount(1_000_000));
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
