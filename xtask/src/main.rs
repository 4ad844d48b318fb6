//! Project tasks. `demo` and `test` are the two commands of the README.
//!
//! Each finds out first what the machine lacks and installs it where it may, says what it does and
//! how long that took last time, and ends with a summary.

mod bench;
mod book;
mod cargo;
mod demo;
mod example;
mod lint;
mod node;
mod prerequisites;
mod progress;
mod scenario;
mod simulate;
mod test;
// One search: `dure build` asks the same. As a file, so that nothing else is built before.
#[path = "../../sdk/build/src/toolchain.rs"]
#[allow(dead_code, unreachable_pub, reason = "`dure build` uses more of it, as a library")]
mod toolchain;

use progress::Progress;
use std::process::ExitCode;

/// What went wrong, in words for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask <task>

  demo [--keep]       build everything, start a node and play the café's story on it;
                      --keep leaves the node running and prints its URL and keys
  example [NAME] [--keep]  play an example on a node of its own; without NAME, list them
  test [--without-pages]  every test, the fast ones first; those of pages need Chromium
  scenario FILE...    play files of settlement rules on a fresh chain, by their first difference
  simulate --seed N | --seeds N | --minutes M
                      consensus under loss, partitions, crashes and liars; each seed twice, equally
  simulate --drills [NAME]
                      the mistakes that chaos must find, or one: by which check, seed and time
  bench [NAME]        run a bench; JSON lines on standard output; without NAME, list them
  book                build the book with mdBook, or say how to install it
  lint                formatting, clippy and documentation, warnings denied
  ci                  lint, then test
  setup               only find or install what the others need
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut progress = Progress::new();
    let outcome = match words.as_slice() {
        ["demo"] => demo::run(&mut progress, false),
        ["demo", "--keep"] => demo::run(&mut progress, true),
        ["example"] => example::list(),
        ["example", name] => example::run(&mut progress, name, false),
        ["example", name, "--keep"] => example::run(&mut progress, name, true),
        ["test"] => test::run(&mut progress, true),
        ["test", "--without-pages"] => test::run(&mut progress, false),
        ["scenario", files @ ..] => scenario::run(&mut progress, files),
        ["simulate", "--drills", name @ ..] => simulate::drills(&mut progress, name.first()),
        ["simulate", option, number] => simulate::run(&mut progress, option, number),
        ["bench"] => bench::list(),
        ["bench", name] => bench::run(name),
        ["book"] => book::run(),
        ["lint"] => lint::run(&mut progress),
        ["ci"] => lint::run(&mut progress).and_then(|()| test::run(&mut progress, true)),
        ["setup"] => prerequisites::all(&mut progress),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\nxtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
