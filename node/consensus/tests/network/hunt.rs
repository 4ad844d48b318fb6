//! What both simulators hunt mistakes with: a seed played with one, and the search for the first seed
//! that finds it.

use std::{
    cell::Cell,
    fmt::Debug,
    panic::{catch_unwind, set_hook, take_hook},
    sync::{
        Mutex, Once,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long to look for one.
const MINUTES_MAX: u64 = 3;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Plays a run without showing its panic; what the panic said.
pub(crate) fn complaint(run: impl FnOnce() + std::panic::UnwindSafe) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    QUIET.set(true);
    let run = catch_unwind(run);
    QUIET.set(false);
    let panic = run.err()?;
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Some(text.unwrap_or_default().to_owned())
}

/// Looks for a seed that finds a mistake, from 0 on, on all cores.
fn search(find: impl Fn(u64) -> Option<String> + Sync) -> Option<(u64, String)> {
    let (next, found) = (AtomicU64::new(0), Mutex::new(None::<(u64, String)>));
    let (over, start) = (AtomicBool::new(false), Instant::now());
    let time = Duration::from_secs(60 * MINUTES_MAX);
    let look = || {
        while !over.load(Ordering::Relaxed) && start.elapsed() < time {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if let Some(complaint) = find(seed) {
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

/// Hunts each mistake, or the one that `DURE_DRILL` names, and prints a table.
pub(crate) fn table<D: Copy + Debug + Sync>(
    all: &[D],
    find: impl Fn(D, u64) -> Option<String> + Sync,
) {
    println!("| mistake | found by | seed | seconds |\n|---|---|---|---|");
    let only = std::env::var("DURE_DRILL").ok();
    let mut missed = Vec::new();
    for drill in all {
        let name = format!("{drill:?}");
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let start = Instant::now();
        match search(|seed| find(*drill, seed)) {
            Some((seed, complaint)) => {
                let seconds = start.elapsed().as_secs_f64();
                println!("| `{name}` | {complaint} | {seed} | {seconds:.1} |");
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not found within {MINUTES_MAX} minutes each: {missed:?}");
}
