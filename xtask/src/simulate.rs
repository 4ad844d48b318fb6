//! Seeds of the simulators, played.

use crate::{
    Outcome,
    cargo::{self, command},
    progress::Progress,
};

/// The simulators: package, target and test. The agreement alone, and whole nodes.
const SIMULATORS: [(&str, &str, &str); 2] = [
    ("dure-consensus", "network", "faults::chaos_never_forks_and_heals"),
    ("dure-node", "simulation", "chaos::chaos_loses_nothing_and_heals"),
];

/// Builds the simulators and plays one seed of each, or new ones for some minutes each; each seed is
/// played twice, and both runs must be equal.
pub(crate) fn run(progress: &mut Progress, option: &str, number: &str) -> Outcome {
    let variable = match option {
        "--seed" => "DURE_SEED",
        "--seeds" => "DURE_SEEDS",
        "--minutes" => "DURE_MINUTES",
        other => return Err(format!("simulate has no option {other}")),
    };
    number.parse::<u64>().map_err(|error| format!("{option} {number}: {error}"))?;
    let built = progress.stage("build: the simulators", || {
        let what = ["build", "--workspace", "--no-default-features"];
        let tests = SIMULATORS.iter().flat_map(|(_, target, _)| ["--test", target]);
        cargo::build(&what.into_iter().chain(tests).collect::<Vec<_>>())
    })?;
    for (package, target, test) in SIMULATORS {
        let found = built.iter().find(|built| built.package == package && built.target == target);
        let program = found.ok_or("cargo built no simulator")?.program.to_string_lossy();
        let arguments = [test, "--exact", "--nocapture"];
        cargo::run(command(&program).args(arguments).env(variable, number))?;
    }
    Ok(())
}
