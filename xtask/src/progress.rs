//! Says what is being done, how long it took last time, and sums up at the end.

use crate::{Outcome, cargo};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// The stages of one run, with the times of the runs before.
pub(crate) struct Progress {
    file: PathBuf,
    /// Seconds that each stage took when it last succeeded.
    last: BTreeMap<String, f64>,
    done: Vec<(String, Duration, bool)>,
    started: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let file = cargo::target_dir().join("xtask-times.txt");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let last = text
            .lines()
            .filter_map(|line| {
                let (seconds, name) = line.split_once(' ')?;
                let seconds =
                    seconds.parse().ok().filter(|seconds| (0.0..1e6).contains(seconds))?;
                Some((name.to_owned(), seconds))
            })
            .collect();
        Self { file, last, done: Vec::new(), started: Instant::now() }
    }

    /// Runs one stage between its headline and its time.
    pub(crate) fn stage<T>(&mut self, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let before = match self.last.get(name) {
            Some(seconds) => format!("last time {}", time(Duration::from_secs_f64(*seconds))),
            None => "first time here".to_owned(),
        };
        eprintln!("\n== {name} ({before})");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        eprintln!("== {name}: {} in {}", verdict(outcome.is_ok()), time(took));
        self.done.push((name.to_owned(), took, outcome.is_ok()));
        if outcome.is_ok() {
            self.last.insert(name.to_owned(), took.as_secs_f64());
            self.save();
        }
        outcome
    }

    /// How long something took when it was last remembered.
    pub(crate) fn last(&self, name: &str) -> Duration {
        self.last.get(name).map_or(Duration::ZERO, |seconds| Duration::from_secs_f64(*seconds))
    }

    /// Keeps the time of a part of a stage.
    pub(crate) fn remember(&mut self, name: String, took: Duration) {
        self.last.insert(name, took.as_secs_f64());
        self.save();
    }

    /// Prints a line of time for every stage.
    pub(crate) fn summary(&self) {
        println!();
        for (name, took, good) in &self.done {
            println!("{:>8}  {:<6} {name}", time(*took), verdict(*good));
        }
        println!("{:>8}  in all", time(self.started.elapsed()));
    }

    /// Times are a comfort: a disk that refuses them must not fail the task.
    fn save(&self) {
        let text: String =
            self.last.iter().map(|(name, seconds)| format!("{seconds:.3} {name}\n")).collect();
        if let Err(error) = fs::write(&self.file, text) {
            eprintln!("xtask: the times are not kept: {}: {error}", self.file.display());
        }
    }
}

fn verdict(good: bool) -> &'static str {
    if good { "ok" } else { "FAILED" }
}

/// A duration as people say it.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60.. => format!("{}m {:02}s", seconds / 60, seconds % 60),
    }
}
