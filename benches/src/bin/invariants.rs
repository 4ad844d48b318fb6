//! The runner of invariants on the ledger of `tests/mutants`: calls a second where no bug is, and
//! how long it takes to report each of the ten bugs, the shortening of the calls included. The
//! peers are the bars that the runner was made for, on two cores.

#[path = "../../../tests/mutants/tests/rules/mod.rs"]
mod rules;

use rules::set_up;
use std::{path::PathBuf, time::Instant};

const SEQUENCES: u64 = 4_000;
const CALLS: u64 = 64;
const BUGS: u32 = 10;
const CALLS_A_SECOND: f64 = 20_000.0;
const FOUND_MS: f64 = 60_000.0;

fn main() {
    let ledger = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants");
    let sound = set_up(&ledger, &[]);
    let explored = sound.search().effort(SEQUENCES, CALLS).run().expect("it has no bug");
    assert_eq!(explored.calls, SEQUENCES * CALLS);
    line("calls", explored.calls_per_second() as f64, "1/s", CALLS_A_SECOND);
    for bug in 1..=BUGS {
        let set = set_up(&ledger, &[bug]);
        let begun = Instant::now();
        let found = set.search().effort(SEQUENCES, CALLS).run();
        let took = begun.elapsed();
        assert!(found.is_err(), "bug {bug} is not found");
        line(&format!("bug_{bug}_found"), took.as_secs_f64() * 1e3, "ms", FOUND_MS);
    }
}

fn line(metric: &str, value: f64, unit: &str, bar: f64) {
    println!(
        "{{\"bench\":\"invariants\",\"metric\":\"{metric}\",\"value\":{value:.1},\
         \"unit\":\"{unit}\",\"peer\":\"bar\",\"peer_value\":{bar:.1},\"ratio\":{:.4}}}",
        value / bar
    );
}
