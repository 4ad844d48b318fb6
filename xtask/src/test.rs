//! Every test, the fast ones first.
//!
//! Two builds: all crates without RocksDB, whose tests run first, and the node as it ships, of which
//! only what touches its disk is tested again. Both select the whole workspace, so that cargo
//! chooses the same features of what they share and compiles it once. The programs are then run here, which gives a time for each stage and lets one
//! failure not hide the next.

use crate::{
    Outcome,
    cargo::{self, Built, cargo, command, output},
    prerequisites,
    progress::Progress,
};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// Where a test belongs, in the order of running.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Formats,
    Runtime,
    Contracts,
    Node,
    Rocks,
    Processes,
    Page,
}

impl Group {
    /// Those that need no RocksDB.
    const LIGHT: [Self; 4] = [Self::Formats, Self::Runtime, Self::Contracts, Self::Node];

    fn headline(self) -> &'static str {
        match self {
            Self::Formats => "test: formats and SDK",
            Self::Runtime => "test: runtime",
            Self::Contracts => "test: contracts",
            Self::Node => "test: node on simulated disk and time",
            Self::Rocks => "test: node with RocksDB",
            Self::Processes => "test: real processes",
            Self::Page => "test: page in Chromium",
        }
    }

    fn of(built: &Built) -> Self {
        if built.folder.parent() == Some(&cargo::root().join("contracts")) {
            return Self::Contracts;
        }
        match (built.package.as_str(), built.target.as_str()) {
            ("points" | "mutants" | "stamps" | "stamps-upgraded", _) => Self::Contracts,
            ("template-points" | "template-token" | "template-voucher", _) => Self::Contracts,
            ("dure-tests", "hostile" | "host" | "runtime" | "reuse" | "upgrade") => Self::Runtime,
            ("dure-tests", _) => Self::Formats,
            ("dure-node", "page" | "book_page") => Self::Page,
            ("dure-node", "process") => Self::Processes,
            ("dure-runtime" | "dure-build" | "dure-testing", _) => Self::Runtime,
            (
                "book-listings" | "dure-abi" | "dure-json" | "dure-types" | "dure-light"
                | "dure-macros" | "dure-sdk",
                _,
            ) => Self::Formats,
            _ => Self::Node,
        }
    }
}

/// The test programs of the node whose tests differ with RocksDB.
const ROCKS: [&str; 5] = ["command", "node", "store", "process", "page"];

/// What the test programs reported, added.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Programs with failures, and stages that could not run.
    bad: Vec<String>,
    skipped: Vec<String>,
}

/// The task.
pub(crate) fn run(progress: &mut Progress) -> Outcome {
    let mut tally = Tally::default();
    let outcome = stages(progress, &mut tally);
    progress.summary();
    for reason in &tally.skipped {
        println!("skipped: {reason}");
    }
    for program in &tally.bad {
        println!("failed: {program}");
    }
    println!("\n{} passed, {} failed, {} ignored", tally.passed, tally.failed, tally.ignored);
    outcome?;
    match (tally.bad.len(), tally.failed, tally.passed) {
        (0, 0, 0) => Err("no test ran".into()),
        (0, 0, _) => Ok(()),
        _ => Err("not every test passed".into()),
    }
}

fn stages(progress: &mut Progress, tally: &mut Tally) -> Outcome {
    prerequisites::all(progress)?;
    let light = progress.stage("build: tests without RocksDB", || {
        cargo::build(&["test", "--workspace", "--no-default-features", "--no-run"])
    })?;
    let light: Vec<Built> = light.into_iter().filter(|built| built.test).collect();
    for group in Group::LIGHT {
        group_stage(progress, tally, group, &light);
    }
    let documentation = progress.stage("test: examples in the documentation", || {
        run_tests(&mut cargo(&["test", "--workspace", "--no-default-features", "--doc"]), tally)
    });
    if documentation.is_err() {
        tally.bad.push("examples in the documentation".into());
    }
    let mut arguments = vec!["test", "--workspace", "--no-run", "--bin", "dure"];
    arguments.extend(ROCKS.iter().flat_map(|name| ["--test", name]));
    let full = progress
        .stage("build: the node with RocksDB, and its tests", || cargo::build(&arguments))?;
    let full: Vec<Built> = full.into_iter().filter(|built| built.test).collect();
    let rocks: Vec<Built> = full
        .iter()
        .filter(|built| built.package == "dure-node" && Group::of(built) == Group::Node)
        .cloned()
        .collect();
    programs_stage(progress, tally, Group::Rocks.headline(), &rocks);
    group_stage(progress, tally, Group::Processes, &full);
    let pages: Vec<Built> = light.into_iter().chain(full).collect();
    page_stage(progress, tally, &pages);
    Ok(())
}

fn page_stage(progress: &mut Progress, tally: &mut Tally, built: &[Built]) {
    match prerequisites::chromium() {
        Ok(()) => group_stage(progress, tally, Group::Page, built),
        Err(reason) => tally.skipped.push(format!("{}: {reason}", Group::Page.headline())),
    }
}

fn group_stage(progress: &mut Progress, tally: &mut Tally, group: Group, built: &[Built]) {
    let programs: Vec<Built> =
        built.iter().filter(|built| Group::of(built) == group).cloned().collect();
    programs_stage(progress, tally, group.headline(), &programs);
}

/// Runs the programs one after another; a failure is noted and the rest still runs.
fn programs_stage(progress: &mut Progress, tally: &mut Tally, headline: &str, programs: &[Built]) {
    if programs.is_empty() {
        return;
    }
    let outcome = progress.stage(headline, || {
        let mut failures = 0u32;
        for built in programs {
            println!("\n   {} {}", built.package, built.target);
            if run_tests(&mut test_command(built), tally).is_err() {
                tally.bad.push(format!("{} {}", built.package, built.target));
                failures += 1;
            }
        }
        if failures == 0 { Ok(()) } else { Err(format!("{failures} programs failed")) }
    });
    if let Err(reason) = outcome {
        eprintln!("   {reason}");
    }
}

/// A test program in the surroundings that `cargo test` would give it.
fn test_command(built: &Built) -> Command {
    let mut test = command(&built.program.to_string_lossy());
    test.current_dir(&built.folder).env("CARGO_MANIFEST_DIR", &built.folder);
    // Tests of a procedural macro are linked to the compiler's own libraries.
    if let Some(libraries) = output(command("rustc").args(["--print", "target-libdir"])) {
        test.env("LD_LIBRARY_PATH", libraries);
    }
    test
}

/// Runs a command, passes its output on and counts what libtest says at the end of it.
fn run_tests(command: &mut Command, tally: &mut Tally) -> Outcome {
    let failed_before = tally.failed;
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", cargo::words(command)))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| format!("the test's output: {error}"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            count(&line, tally);
        }
    }
    let status = child.wait().map_err(|error| format!("waiting for a test: {error}"))?;
    if status.success() {
        return Ok(());
    }
    if tally.failed == failed_before {
        // It died without a word: a crash is a failure too.
        tally.failed += 1;
    }
    Err(format!("{}: {status}", cargo::words(command)))
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; ..`.
fn count(line: &str, tally: &mut Tally) {
    let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|l| l.split_once(". "))
    else {
        return;
    };
    for part in counts.split(';') {
        let mut words = part.split_whitespace();
        let number = words.next().and_then(|word| word.parse::<u64>().ok());
        match (number, words.next()) {
            (Some(number), Some("passed")) => tally.passed += number,
            (Some(number), Some("failed")) => tally.failed += number,
            (Some(number), Some("ignored")) => tally.ignored += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tally, count, run_tests};
    use std::process::Command;

    #[test]
    fn closing_lines_are_added() {
        let mut tally = Tally::default();
        count(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out",
            &mut tally,
        );
        count("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured", &mut tally);
        count("test something ... ok", &mut tally);
        assert_eq!((tally.passed, tally.failed, tally.ignored), (6, 2, 1));
    }

    #[test]
    fn a_program_that_dies_silently_is_a_failure() {
        let mut tally = Tally::default();
        assert!(run_tests(&mut Command::new("false"), &mut tally).is_err());
        assert_eq!(tally.failed, 1);
    }
}
