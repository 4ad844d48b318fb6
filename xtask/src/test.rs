//! Every test.
//!
//! Two builds: all crates without RocksDB, whose tests run first, and the node as it ships, of which
//! only what touches its disk is tested again. Both select the whole workspace, so that cargo
//! chooses the same features of what they share and compiles it once. The programs are then run
//! here, which gives a time for each and lets one failure not hide the next. At the end every example
//! is played, the city's year with less in it.

use crate::{
    Outcome,
    cargo::{self, Built, cargo, command, output},
    demo, example, prerequisites,
    progress::{Progress, time},
    simulate,
};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::available_parallelism,
    time::{Duration, Instant},
};

/// True of the test programs that need a browser.
fn is_page(built: &Built) -> bool {
    built.package == "dure-node" && ["page", "book_page"].contains(&built.target.as_str())
}

/// The test programs of the node whose tests differ with RocksDB.
const ROCKS: [&str; 6] = ["cluster", "command", "node", "store", "process", "page"];

/// Everything but RocksDB, with the network: its tests run on sockets, and on memory for a disk.
const LIGHT: [&str; 4] =
    ["--workspace", "--no-default-features", "--features", "dure-node/network"];

/// What builds these, and all programs with what is compiled for them: the stories are played by
/// them.
pub(crate) fn with_rocks() -> Vec<&'static str> {
    let tests = ROCKS.iter().flat_map(|name| ["--test", *name]);
    ["build", "--workspace", "--bins"].into_iter().chain(tests).collect()
}

/// Tests by what became of them.
#[derive(Default)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// What one program reported.
struct Report {
    counts: Counts,
    took: Duration,
    outcome: Outcome,
}

/// What the test programs reported, added.
#[derive(Default)]
struct Tally {
    counts: Counts,
    /// Programs with failures, and stages that could not run.
    bad: Vec<String>,
}

impl Tally {
    fn add(&mut self, report: &Report) {
        self.counts.passed += report.counts.passed;
        self.counts.failed += report.counts.failed;
        self.counts.ignored += report.counts.ignored;
    }
}

/// The task; the pages are left out only when asked to.
pub(crate) fn run(progress: &mut Progress, pages: bool) -> Outcome {
    let mut tally = Tally::default();
    let outcome = stages(progress, &mut tally, pages);
    progress.summary();
    if !pages {
        println!("left out, as asked: pages in Chromium");
    }
    for program in &tally.bad {
        println!("failed: {program}");
    }
    let Counts { passed, failed, ignored } = tally.counts;
    println!("\n{passed} passed, {failed} failed, {ignored} ignored");
    outcome?;
    match (tally.bad.len(), failed, passed) {
        (0, 0, 0) => Err("no test ran".into()),
        (0, 0, _) => Ok(()),
        _ => Err("not every test passed".into()),
    }
}

fn stages(progress: &mut Progress, tally: &mut Tally, pages: bool) -> Outcome {
    prerequisites::all(progress)?;
    // Known before anything is built, told again at the end.
    let chromium = pages.then(prerequisites::chromium);
    if let Some(Err(reason)) = &chromium {
        eprintln!("   {reason}");
    }
    let light = progress.stage("build: tests without RocksDB", || {
        cargo::build(&[&["test"], &LIGHT[..], &["--no-run"]].concat())
    })?;
    let (light_pages, light) = tests(light);
    programs_stage(progress, tally, "test: everything but RocksDB and pages", &light);
    let mut documentation = cargo(&[&["test"], &LIGHT[..], &["--doc"]].concat());
    command_stage(progress, tally, "examples in the documentation", &mut documentation);
    for simulator in simulate::with_mistakes(progress)? {
        let mut drills = test_command(&simulator);
        let what = format!("chaos finds every mistake: {}", simulator.package);
        command_stage(progress, tally, &what, drills.arg("drills::"));
    }
    let full = progress
        .stage("build: the node with RocksDB, and its tests", || cargo::build(&with_rocks()))?;
    let of_node = full.into_iter().filter(|built| built.package == "dure-node").collect();
    let (full_pages, mut full) = tests(of_node);
    match chromium {
        Some(Ok(())) => full.extend(light_pages.into_iter().chain(full_pages)),
        Some(Err(reason)) => tally.bad.push(format!(
            "pages in Chromium: {reason}; `cargo xtask test --without-pages` leaves them out"
        )),
        None => {}
    }
    programs_stage(progress, tally, "test: RocksDB, real processes and pages", &full);
    tally.bad.extend(demo::test(progress).err().map(|error| format!("demo: {error}")));
    tally.bad.extend(example::test(progress));
    Ok(())
}

/// Runs one command of tests; a failure is noted and the rest still runs.
fn command_stage(progress: &mut Progress, tally: &mut Tally, what: &str, tests: &mut Command) {
    let outcome = progress.stage(&format!("test: {what}"), || {
        let report = run_tests(tests, |line| println!("{line}"));
        tally.add(&report);
        report.outcome
    });
    if outcome.is_err() {
        tally.bad.push(what.to_owned());
    }
}

/// The test programs: those that need a browser, and the others.
fn tests(built: Vec<Built>) -> (Vec<Built>, Vec<Built>) {
    built.into_iter().filter(|built| built.test).partition(is_page)
}

/// Runs the programs side by side; a failure is noted and the rest still runs. Those that took
/// longest last time begin.
fn programs_stage(progress: &mut Progress, tally: &mut Tally, headline: &str, programs: &[Built]) {
    if programs.is_empty() {
        return;
    }
    let mut programs: Vec<(String, &Built)> = programs
        .iter()
        .map(|built| (format!("{} {}", built.package, built.target), built))
        .collect();
    let timed = |name: &str| format!("program: {name}");
    programs.sort_by_key(|(name, _)| std::cmp::Reverse(progress.last(&timed(name))));
    let mut times = Vec::new();
    let outcome = progress.stage(headline, || {
        let mut failures = 0u32;
        for (name, report) in side_by_side(&programs) {
            tally.add(&report);
            if report.outcome.is_err() {
                tally.bad.push(name.clone());
                failures += 1;
            }
            times.push((name, report.took));
        }
        if failures == 0 { Ok(()) } else { Err(format!("{failures} programs failed")) }
    });
    for (name, took) in times {
        progress.remember(timed(&name), took);
    }
    if let Err(reason) = outcome {
        eprintln!("   {reason}");
    }
}

/// Runs the programs on all cores, in their order, and prints what each said when it ended. Some
/// wait for each other where they build contracts, so there is one more of them than cores.
fn side_by_side(programs: &[(String, &Built)]) -> Vec<(String, Report)> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((name, built)) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut text = String::new();
            let report = run_tests(&mut test_command(built), |line| {
                text.push_str(line);
                text.push('\n');
            });
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            println!("\n   {} {} ({})\n{text}", built.package, built.target, time(report.took));
            done.push((name.clone(), report));
        }
    };
    let workers = available_parallelism().map_or(1, usize::from) + 1;
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
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

/// Runs a command, hands each line of its output on and counts what libtest says at the end of it.
fn run_tests(command: &mut Command, mut line: impl FnMut(&str)) -> Report {
    let (counts, took) = (Counts::default(), Duration::ZERO);
    let mut report = Report { counts, took, outcome: Ok(()) };
    let started = Instant::now();
    report.outcome = watched(command, |text| {
        count(text, &mut report.counts);
        line(text);
    });
    report.took = started.elapsed();
    if report.outcome.is_err() && report.counts.failed == 0 {
        // It died without a word: a crash is a failure too.
        report.counts.failed = 1;
    }
    report
}

/// How long what a program started may go on writing after it ended.
const LEFT_MAX: Duration = Duration::from_secs(2);

/// Output and error output together, line by line. A program that leaves another behind, which holds
/// its output open, has failed: nobody would ever end that one.
fn watched(command: &mut Command, mut line: impl FnMut(&str)) -> Outcome {
    let words = cargo::words(command);
    let failed = |error: std::io::Error| format!("{words}: {error}");
    let (output, into) = std::io::pipe().map_err(failed)?;
    command.stdout(into.try_clone().map_err(failed)?).stderr(into);
    let mut child = command.spawn().map_err(failed)?;
    // Else this process would hold the pipe open for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (to, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for text in BufReader::new(output).split(b'\n') {
            // Whoever does not listen any more has said why.
            let _ = to.send(text);
        }
    });
    let (mut ended, mut left) = (None, false);
    loop {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(text) => line(&String::from_utf8_lossy(&text.map_err(failed)?)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() && child.try_wait().map_err(failed)?.is_some() {
            ended = Some(Instant::now());
        }
        left = ended.is_some_and(|at| at.elapsed() > LEFT_MAX);
        if left {
            break;
        }
    }
    let status = child.wait().map_err(failed)?;
    match (status.success(), left) {
        (true, false) => Ok(()),
        (true, true) => Err(format!("{words}: left a process behind that holds its output")),
        (false, _) => Err(format!("{words}: {status}")),
    }
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; ..`.
fn count(line: &str, tally: &mut Counts) {
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
    use super::{Counts, count, run_tests};
    use std::process::Command;

    #[test]
    fn closing_lines_are_added() {
        let mut counts = Counts::default();
        count(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out",
            &mut counts,
        );
        count("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured", &mut counts);
        count("test something ... ok", &mut counts);
        assert_eq!((counts.passed, counts.failed, counts.ignored), (6, 2, 1));
    }

    #[test]
    fn a_program_that_dies_silently_is_a_failure() {
        let report = run_tests(&mut Command::new("false"), |_| {});
        assert!(report.outcome.is_err());
        assert_eq!(report.counts.failed, 1);
    }

    #[test]
    fn a_program_that_leaves_another_behind_is_a_failure_and_not_waited_for() {
        for end in ["kill -9 $$", "true"] {
            let mut command = Command::new("sh");
            let report =
                run_tests(command.args(["-c", &format!("echo said; sleep 30 & {end}")]), |_| {});
            assert!(report.outcome.is_err(), "{end}");
            assert!(report.took.as_secs() < 25, "{end}: waited for what was left");
        }
    }

    #[test]
    fn both_outputs_are_handed_on() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        let said = "echo out; echo err >&2; echo 'test result: ok. 2 passed; 0 failed'";
        let report = run_tests(command.args(["-c", said]), |line| lines.push(line.to_owned()));
        assert!(report.outcome.is_ok());
        assert_eq!(report.counts.passed, 2);
        assert_eq!(lines.get(..2), Some(["out".to_owned(), "err".to_owned()].as_slice()));
    }
}
