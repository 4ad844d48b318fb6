//! Benches, always built for release, JSON lines on standard output.
//!
//! Those of our own parts are a program each under `benches/src/bin`. Those that run a foreign
//! engine beside ours are in `benches/peers`, one program of a workspace of its own that takes the
//! name.

use crate::{
    Outcome,
    cargo::{self, cargo, root, target_dir},
};

/// Prints the names.
pub(crate) fn list() -> Outcome {
    println!("own: {}", own().join(", "));
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
    if own().iter().any(|known| known == name) {
        return cargo::run(&mut cargo(&["run", "--release", "-p", "dure-benches", "--bin", name]));
    }
    let manifest = "benches/peers/Cargo.toml";
    let mut peers = cargo(&["run", "--release", "--manifest-path", manifest, "--", name]);
    cargo::run(peers.env("CARGO_TARGET_DIR", target_dir().join("peers")))
}
