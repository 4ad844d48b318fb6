//! Benches, always built for release, JSON lines on standard output.
//!
//! Those of our own parts are a program each under `benches/src/bin`. Those that run a foreign
//! engine beside ours are in `benches/peers`, one program of a workspace of its own that takes the
//! name. Figures of consensus are on virtual time: the simulators print them, of the agreement alone
//! and of whole nodes.

use crate::{
    Outcome,
    cargo::{self, cargo, command, root, target_dir},
    simulate,
};

const CONSENSUS: &str = "consensus";

/// Prints the names.
pub(crate) fn list() -> Outcome {
    println!("own: {CONSENSUS}, {}", own().join(", "));
    println!("against peers: `cargo xtask bench` with another name asks benches/peers");
    Ok(())
}

fn own() -> Vec<String> {
    let folder = root().join("benches/src/bin");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names
}

/// Builds and runs one.
pub(crate) fn run(name: &str) -> Outcome {
    eprintln!("building and running the bench {name}");
    if name == CONSENSUS {
        let names = ["figures::", "slow_", "--include-ignored"];
        let tests = [&names[..], &["--nocapture", "--test-threads", "1", "--quiet"]].concat();
        for simulator in simulate::released()? {
            cargo::run_bench(command(&simulator.program.to_string_lossy()).args(&tests))?;
        }
        return Ok(());
    }
    if own().iter().any(|known| known == name) {
        return cargo::run_bench(&mut cargo(&[
            "run",
            "--release",
            "-p",
            "dure-benches",
            "--bin",
            name,
        ]));
    }
    let manifest = "benches/peers/Cargo.toml";
    let mut peers = cargo(&["run", "--release", "--manifest-path", manifest, "--", name]);
    cargo::run_bench(peers.env("CARGO_TARGET_DIR", target_dir().join("peers")))
}
