//! Plays scenario files: `dure-scenario FILE.json...`, exit code 0 only if all went as written.

use dure_testing::scenario;
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: dure-scenario FILE.json...");
        return ExitCode::from(2);
    }
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match scenario::run(Path::new(&file)) {
            Ok(played) => println!(
                "{file}: as written ({} steps, {} transactions of which {} were to fail, {} values)",
                played.steps, played.transactions, played.refused, played.compared
            ),
            Err(error) => {
                eprintln!("{file}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
