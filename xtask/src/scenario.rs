//! Files of settlement rules, played.

use crate::{
    Outcome,
    cargo::{self, command},
    prerequisites,
    progress::Progress,
};
use std::path::absolute;

/// Builds the player with what the tests use, and plays the files.
pub(crate) fn run(progress: &mut Progress, files: &[&str]) -> Outcome {
    prerequisites::all(progress)?;
    let player = "dure-scenario";
    let built = progress.stage("build: the scenario player", || {
        cargo::build(&["build", "--workspace", "--no-default-features", "--bin", player])
    })?;
    let built = built.iter().find(|built| built.target == player);
    let program = built.ok_or("cargo built no scenario player")?.program.to_string_lossy();
    // It runs in the root of the checkout, and they were named from here.
    let files = files.iter().map(|file| absolute(file).map_err(|error| format!("{file}: {error}")));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    cargo::run(command(&program).args(files))
}
