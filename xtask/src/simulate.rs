//! Seeds of the consensus simulator, played.

use crate::{
    Outcome,
    cargo::{self, command},
    progress::Progress,
};

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
    let (package, simulator) = ("dure-consensus", "network");
    let built = progress.stage("build: the simulator", || {
        let what = ["build", "--workspace", "--no-default-features", "--test", simulator];
        cargo::build(&what)
    })?;
    let built = built.iter().find(|built| built.package == package && built.target == simulator);
    let program = built.ok_or("cargo built no simulator")?.program.to_string_lossy();
    let test = ["faults::chaos_never_forks_and_heals", "--exact", "--nocapture"];
    cargo::run(command(&program).args(test).env(variable, number))
}
