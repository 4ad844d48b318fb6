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
    let chosen = !args.rest.is_empty();
    if chosen {
        arguments.push("--".to_owned());
        arguments.extend(args.rest);
    }
    if let Some(target) = &target {
        output.progress(&format!("compiling into {}", target.display()));
    }
    // Written anew by all tests, so that it keeps nothing of a test that is gone.
    let anew = args.update_gas && !chosen;
    let snapshot = Snapshot::set_aside(args.dir.join("gas.snapshot"), anew)?;
    let variable = args.update_gas.then_some(("UPDATE_GAS", "1"));
    if !cargo::run(&arguments, target.as_deref(), variable)? {
        snapshot.put_back()?;
        return Err(Failure::Unmet(
            "the tests do not compile or not all of them passed: cargo says which above".to_owned(),
        ));
    }
    output.answer(&json!({ "passed": true, "dir": args.dir }), || "every test passed".to_owned())
}

/// The file `gas.snapshot` as it was before the tests wrote it anew.
struct Snapshot {
    path: PathBuf,
    text: Option<String>,
}

impl Snapshot {
    /// Takes the file away, if it is to be written anew and is there.
    fn set_aside(path: PathBuf, anew: bool) -> Result<Self, Failure> {
        let failed = |error| Failure::File(format!("{}: {error}", path.display()));
        let is_there = anew && path.is_file();
        let text = is_there.then(|| crate::file::read_text(&path)).transpose().map_err(failed)?;
        if text.is_some() {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        Ok(Self { path, text })
    }

    /// Puts it back where the tests failed: they may have written a part of it.
    fn put_back(&self) -> Result<(), Failure> {
        let Some(text) = &self.text else { return Ok(()) };
        let written = std::fs::write(&self.path, text);
        written.map_err(|error| Failure::File(format!("{}: {error}", self.path.display())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Snapshot;
    use std::fs;

    #[test]
    fn gas_is_written_anew_by_all_tests_and_is_put_back_when_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gas.snapshot");
        Snapshot::set_aside(path.clone(), true).unwrap().put_back().unwrap();
        assert!(!path.exists(), "there was none");
        fs::write(&path, "of a test that is gone").unwrap();
        Snapshot::set_aside(path.clone(), false).unwrap();
        assert!(path.exists(), "some tests write their part of it");
        let kept = Snapshot::set_aside(path.clone(), true).unwrap();
        assert!(!path.exists());
        fs::write(&path, "half").unwrap();
        kept.put_back().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of a test that is gone");
    }
}
