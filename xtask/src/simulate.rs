//! Seeds of the simulators, played.

use crate::{
    Outcome,
    cargo::{self, Built, command},
    progress::Progress,
};

/// The simulators: package, target and test. The agreement alone, and whole nodes.
const SIMULATORS: [(&str, &str, &str); 2] = [
    (AGREEMENT.0, AGREEMENT.1, "chaos::chaos_never_forks_and_heals"),
    (NODES.0, NODES.1, "chaos::chaos_loses_nothing_and_heals"),
];
const AGREEMENT: (&str, &str) = ("dure-consensus", "network");
const NODES: (&str, &str) = ("dure-node", "simulation");

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
    let targets: Vec<&str> = SIMULATORS.iter().map(|(_, target, _)| *target).collect();
    let built = progress.stage("build: the simulators", || built(&targets, &[]))?;
    for (package, target, test) in SIMULATORS {
        let program = find(&built, (package, target))?.program.to_string_lossy().into_owned();
        let arguments = [test, "--exact", "--nocapture"];
        cargo::run(command(&program).args(arguments).env(variable, number))?;
    }
    Ok(())
}

/// Plays every mistake of both files `drill.rs`, or one, until chaos finds it; prints tables.
pub(crate) fn drills(progress: &mut Progress, name: Option<&&str>) -> Outcome {
    for simulator in with_mistakes(progress)? {
        let test = ["drills::table", "--exact", "--ignored", "--nocapture"];
        let mut table = command(&simulator.program.to_string_lossy());
        table.args(test);
        if let Some(name) = name {
            table.env("DURE_DRILL", name);
        }
        cargo::run(&mut table)?;
    }
    Ok(())
}

/// Both simulators, built so that mistakes can be switched on in them. Only they are compiled anew,
/// one after the other: the node refuses the mistakes of the agreement.
pub(crate) fn with_mistakes(progress: &mut Progress) -> Outcome<Vec<Built>> {
    progress.stage("build: the simulators with their mistakes", || {
        let with = |of: (&str, &str)| {
            let feature = format!("{}/drills", of.0);
            find(&built(&[of.1], &["--features", &feature])?, of).cloned()
        };
        Ok(vec![with(AGREEMENT)?, with(NODES)?])
    })
}

/// Both simulators from the release build.
pub(crate) fn released() -> Outcome<Vec<Built>> {
    let targets: Vec<&str> = SIMULATORS.iter().map(|(_, target, _)| *target).collect();
    let built = built(&targets, &["--release"])?;
    let wanted = SIMULATORS.iter().map(|(package, target, _)| find(&built, (package, target)));
    wanted.map(|found| found.cloned()).collect()
}

fn built(targets: &[&str], more: &[&str]) -> Outcome<Vec<Built>> {
    let what = ["build", "--workspace", "--no-default-features"];
    let tests = targets.iter().flat_map(|target| ["--test", target]);
    let arguments = what.into_iter().chain(tests).chain(more.iter().copied());
    cargo::build(&arguments.collect::<Vec<_>>())
}

fn find<'b>(built: &'b [Built], (package, target): (&str, &str)) -> Outcome<&'b Built> {
    let found = built.iter().find(|built| built.package == package && built.target == target);
    found.ok_or_else(|| "cargo built no simulator".into())
}
