//! The mistakes of `drill.rs`, each found by chaos: by the checks that hold for every run, not by a
//! scenario made for it.

use crate::chaos::chaos;
use dure_node::drill::{Drill, play};
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

/// For each mistake a seed that finds it, and words of what is complained of.
const FOUND: &[(Drill, u64, &str)] = &[
    (Drill::AcknowledgedEarly, 6, "was acknowledged and is gone"),
    (Drill::BothAcknowledged, 0, "acknowledged two batches"),
    (Drill::NumbersReused, 28, "two batches with number"),
    (Drill::ExecutedEarly, 23, "was final, the node has"),
    (Drill::BatchSkipped, 0, "other results of height"),
    (Drill::ExpiredNamed, 10, "named after its expiry"),
    (Drill::UnspreadNamed, 0, "named, not spread"),
    (Drill::AppliedApart, 4, "roots of height 1 are missing"),
    (Drill::NamedRemoved, 0, "of an executed block is gone"),
    (Drill::FetchNever, 0, "stands"),
    (Drill::NumbersForgotten, 5, "two batches with number"),
];

/// How long to look for one.
const MINUTES_MAX: u64 = 3;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Plays a seed with a mistake; what is complained of.
fn complaint(drill: Option<Drill>, seed: u64) -> Option<String> {
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
    let run = catch_unwind(|| chaos(seed));
    QUIET.set(false);
    play(None);
    let panic = run.err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    Some(text.replace('\n', " ").chars().take(100).collect())
}

#[test]
fn every_mistake_is_found_by_its_seed_which_is_clean_without_it() {
    assert!(Drill::ALL.iter().all(|drill| FOUND.iter().any(|(found, ..)| found == drill)));
    for (drill, seed, words) in FOUND {
        let complaint_with = complaint(Some(*drill), *seed).unwrap_or_default();
        assert!(complaint_with.contains(words), "{drill:?}: seed {seed}: {complaint_with}");
        assert_eq!(complaint(None, *seed), None, "{drill:?}: seed {seed} fails without it");
    }
}

/// Looks for a seed that finds a mistake, from 0 on, on all cores.
fn search(drill: Drill) -> Option<(u64, String)> {
    let (next, found) = (AtomicU64::new(0), Mutex::new(None::<(u64, String)>));
    let (over, start) = (AtomicBool::new(false), Instant::now());
    let time = Duration::from_secs(60 * MINUTES_MAX);
    let look = || {
        while !over.load(Ordering::Relaxed) && start.elapsed() < time {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if let Some(complaint) = complaint(Some(drill), seed) {
                over.store(true, Ordering::Relaxed);
                let mut found = found.lock().unwrap();
                if found.as_ref().is_none_or(|(first, _)| seed < *first) {
                    *found = Some((seed, complaint));
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
            Some((seed, complaint)) => {
                let seconds = start.elapsed().as_secs_f64();
                println!("| `{name}` | {complaint} | {seed} | {seconds:.1} |");
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not found within {MINUTES_MAX} minutes each: {missed:?}");
}
