//! The mistakes of `drill.rs`, each found by chaos: by the checks that hold for every run, not by a
//! scenario made for it.

use crate::{chaos::chaos, checks::Verified};
use dure_consensus::{Drill, play};
use std::{
    cell::Cell,
    panic::{catch_unwind, set_hook, take_hook},
    sync::{
        Mutex, Once,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// For each mistake a seed that finds it, and the rule that does not hold then.
const FOUND: &[(Drill, u64, &str)] = &[
    (Drill::VoteBeforeBarrier, 145, "one signature"),
    (Drill::DecisionBeforeBarrier, 224, "log"),
    (Drill::ReasonsNotLogged, 3, "stopped"),
    (Drill::LogOfAnotherHeight, 4, "stopped"),
    (Drill::OwnForgotten, 3, "one signature"),
    (Drill::CaughtUpNotLogged, 171, "log"),
    (Drill::LockForgotten, 71, "lock"),
    (Drill::QuorumInCore, 1, "certificate"),
    (Drill::QuorumInCertificate, 22, "certificate"),
    (Drill::BatchOfDalek, 23, "refused"),
    (Drill::QuorumInPolka, 22, "truth"),
    (Drill::PolkaOfAnotherRound, 22, "truth"),
    (Drill::RoundsUnverified, 22, "truth"),
    (Drill::RotationFromLocal, 7, "one proposer"),
    (Drill::RootSkipped, 13, "same roots"),
    (Drill::RootsUnchecked, 110, "stopped"),
    (Drill::ExpiredBatch, 21, "batches"),
    (Drill::BatchTwice, 0, "batches"),
    (Drill::BatchUnheld, 6, "batches"),
    (Drill::BatchUnspread, 3, "spread"),
    (Drill::TimeBackwards, 198, "header"),
    (Drill::TimeAhead, 44, "header"),
    (Drill::ParentUnchecked, 175, "header"),
    (Drill::SetsUnchecked, 53, "header"),
    (Drill::ParentCertificateUnchecked, 39, "certificate"),
    (Drill::ParentSetMixedUp, 2, "refused"),
    (Drill::SetChangeEarly, 2, "header"),
    (Drill::NewestSetCertifies, 2, "liveness"),
    (Drill::KeyUnchecked, 2, "truth"),
    (Drill::VerdictOnce, 40, "liveness"),
    (Drill::BirthUnmarked, 28, "liveness"),
    (Drill::EvidenceTwice, 3, "evidence"),
    (Drill::EvidenceUnchecked, 119, "evidence"),
    (Drill::DecidedUnchecked, 13, "certificate"),
    (Drill::MemoUnbound, 22, "truth"),
    (Drill::HealNever, 1, "liveness"),
    (Drill::ObservesNever, 68, "one signature"),
    (Drill::EmptyDiskVotes, 4, "one signature"),
];

/// How long to look for one.
const MINUTES_MAX: u64 = 3;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Plays a seed with a mistake; the rule that does not hold.
fn broken_rule(drill: Option<Drill>, seed: u64) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    play(drill);
    QUIET.set(true);
    let run = catch_unwind(|| drop(chaos(seed, &Verified::default())));
    QUIET.set(false);
    play(None);
    let panic = run.err()?;
    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    Some(text.split(':').next().unwrap_or_default().to_owned())
}

#[test]
fn every_mistake_is_found_by_its_seed_which_is_clean_without_it() {
    assert!(Drill::ALL.iter().all(|drill| FOUND.iter().any(|(found, ..)| found == drill)));
    let mut wrong = Vec::new();
    for (drill, seed, rule) in FOUND {
        let [with, without] = [Some(*drill), None].map(|drill| broken_rule(drill, *seed));
        if (with.as_deref(), without.as_deref()) != (Some(*rule), None) {
            wrong.push((drill, seed, with, without));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Looks for a seed that finds a mistake, from 0 on, on all cores.
fn search(drill: Drill) -> Option<(u64, String)> {
    let (next, found) = (AtomicU64::new(0), Mutex::new(None::<(u64, String)>));
    let (over, start) = (AtomicBool::new(false), Instant::now());
    let look = || {
        while !over.load(Ordering::Relaxed)
            && start.elapsed() < Duration::from_secs(60 * MINUTES_MAX)
        {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if let Some(rule) = broken_rule(Some(drill), seed) {
                over.store(true, Ordering::Relaxed);
                let mut found = found.lock().unwrap();
                if found.as_ref().is_none_or(|(first, _)| seed < *first) {
                    *found = Some((seed, rule));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(look);
        }
    });
    found.into_inner().unwrap()
}

#[test]
#[ignore = "takes minutes; `cargo xtask simulate --drills` runs it"]
fn table() {
    println!("| mistake | found by | seed | seconds |\n|---|---|---|---|");
    let only = std::env::var("DURE_DRILL").ok();
    let mut missed = Vec::new();
    for drill in Drill::ALL {
        let name = format!("{drill:?}");
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let start = Instant::now();
        match search(*drill) {
            Some((seed, rule)) => {
                println!("| `{name}` | {rule} | {seed} | {:.1} |", start.elapsed().as_secs_f64());
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not found within {MINUTES_MAX} minutes each: {missed:?}");
}
