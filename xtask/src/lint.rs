//! Formatting, clippy and documentation, warnings denied.

use crate::{
    Outcome,
    cargo::{self, cargo, output},
    prerequisites,
    progress::Progress,
};

/// Runs all three; the first that complains ends it.
fn every(progress: &mut Progress) -> Outcome {
    components()?;
    prerequisites::all(progress)?;
    progress.stage("lint: formatting", || cargo::run(&mut cargo(&["fmt", "--all", "--check"])))?;
    let rest = ["--all-targets", "--locked", "--", "-D", "warnings"];
    for (what, arguments) in [
        ("lint: clippy", &["--workspace"][..]),
        ("lint: clippy, the author's build", &["--workspace", "--no-default-features"]),
        // A node refuses to be compiled with the mistakes of the agreement: each crate alone.
        (
            "lint: clippy, the agreement with its mistakes",
            &["-p", "dure-consensus", "--features", "drills"],
        ),
        (
            "lint: clippy, whole nodes with their mistakes",
            &["-p", "dure-node", "--no-default-features", "--features", "drills"],
        ),
    ] {
        progress.stage(what, || {
            cargo::run(&mut cargo(&[&["clippy"], arguments, &rest[..]].concat()))
        })?;
    }
    progress.stage("lint: documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
        cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })
}

/// The task.
pub(crate) fn run(progress: &mut Progress) -> Outcome {
    let outcome = every(progress);
    progress.summary();
    outcome
}

fn components() -> Outcome {
    for (component, arguments) in
        [("rustfmt", &["fmt", "--version"]), ("clippy", &["clippy", "--version"])]
    {
        if output(&mut cargo(arguments)).is_none() {
            return Err(format!("{component} is missing: run `rustup component add {component}`"));
        }
    }
    Ok(())
}
