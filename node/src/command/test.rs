//! `dure test`.

use super::{cargo, exit::Failure, output::Output};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// What to test.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Folder of the contract's `Cargo.toml`.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Refuse to change `Cargo.lock`.
    #[arg(long)]
    locked: bool,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
    /// Accept what gas the tests use now, and write it into `gas.snapshot`.
    #[arg(long)]
    update_gas: bool,
    /// What follows `--` goes to the test programs, such as part of a test's name.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(super) fn run(args: TestArgs, output: &mut Output) -> Result<(), Failure> {
    let target = cargo::shared_target(&args.dir)?;
    let manifest = args.dir.join("Cargo.toml").display().to_string();
    let mut arguments = vec!["test".to_owned(), "--manifest-path".to_owned(), manifest];
    arguments.extend(args.locked.then(|| "--locked".to_owned()));
    arguments.extend(args.offline.then(|| "--offline".to_owned()));
    if !args.rest.is_empty() {
        arguments.push("--".to_owned());
        arguments.extend(args.rest);
    }
    if let Some(target) = &target {
        output.progress(&format!("compiling into {}", target.display()));
    }
    let variable = args.update_gas.then_some(("UPDATE_GAS", "1"));
    if !cargo::run(&arguments, target.as_deref(), variable)? {
        return Err(Failure::Unmet(
            "the tests do not compile or not all of them passed: cargo says which above".to_owned(),
        ));
    }
    output.answer(&json!({ "passed": true, "dir": args.dir }), || "every test passed".to_owned())
}
