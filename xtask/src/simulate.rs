//! Seeds of the consensus simulator, played.

use crate::{
    Outcome,
    cargo::{self, Built, command},
    progress::Progress,
};

/// The package and the test program that is the simulator.
const PACKAGE: &str = "dure-consensus";
const SIMULATOR: &str = "network";

/// Builds the simulator and plays one seed, or new ones for some minutes; each is played twice, and
/// both runs must be equal.
pub(crate) fn run(progress: &mut Progress, option: &str, number: &str) -> Outcome {
    let variable = match option {
        "--seed" => "DURE_SEED",
        "--seeds" => "DURE_SEEDS",
        "--minutes" => "DURE_MINUTES",
        other => return Err(format!("simulate has no option {other}")),
    };
    number.parse::<u64>().map_err(|error| format!("{option} {number}: {error}"))?;
    let simulator = progress.stage("build: the simulator", || built(&[]))?;
    let test = ["chaos::chaos_never_forks_and_heals", "--exact", "--nocapture"];
    cargo::run(command(&simulator.program.to_string_lossy()).args(test).env(variable, number))
}

/// Plays every mistake of `drill.rs`, or one, until chaos finds it; prints a table.
pub(crate) fn drills(progress: &mut Progress, name: Option<&&str>) -> Outcome {
    let simulator = with_mistakes(progress)?;
    let test = ["drills::table", "--exact", "--ignored", "--nocapture"];
    let mut table = command(&simulator.program.to_string_lossy());
    table.args(test);
    if let Some(name) = name {
        table.env("DURE_DRILL", name);
    }
    cargo::run(&mut table)
}

/// The simulator, built so that mistakes can be switched on in it. Only it is compiled anew.
pub(crate) fn with_mistakes(progress: &mut Progress) -> Outcome<Built> {
    progress.stage("build: the simulator with its mistakes", || {
        built(&["--features", "dure-consensus/drills"])
    })
}

/// The simulator from the release build.
pub(crate) fn released() -> Outcome<Built> {
    built(&["--release"])
}

fn built(more: &[&str]) -> Outcome<Built> {
    let what = ["build", "--workspace", "--no-default-features", "--test", SIMULATOR];
    let built = cargo::build(&[what.as_slice(), more].concat())?;
    let is_it = |built: &Built| built.package == PACKAGE && built.target == SIMULATOR;
    built.into_iter().find(is_it).ok_or_else(|| "cargo built no simulator".into())
}
