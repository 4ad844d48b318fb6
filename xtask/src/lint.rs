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
    progress.stage("lint: clippy", || {
        cargo::run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    // A node refuses to be compiled with the mistakes of the agreement: each crate alone.
    progress.stage("lint: clippy, the simulators with their mistakes", || {
        ["dure-consensus", "dure-node"].into_iter().try_for_each(|of| {
            let (what, more) =
                (["clippy", "-p", of], ["--no-default-features", "--features", "drills"]);
            let rest = ["--all-targets", "--locked", "--", "-D", "warnings"];
            cargo::run(&mut cargo(&[&what[..], &more, &rest].concat()))
        })
    })?;
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
