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
    let snapshot = Snapshot::read(args.dir.join("gas.snapshot"))?;
    if args.update_gas && !chosen {
        // Written anew by all tests, so that it keeps nothing of a test that is gone.
        snapshot.set_aside()?;
    }
    let variable = args.update_gas.then_some(("UPDATE_GAS", "1"));
    if !cargo::run(&arguments, target.as_deref(), variable)? {
        snapshot.put_back()?;
        return Err(Failure::Unmet(
            "the tests do not compile or not all of them passed: cargo says which above".to_owned(),
        ));
    }
    output.answer(&json!({ "passed": true, "dir": args.dir }), || "every test passed".to_owned())
}

/// The file `gas.snapshot` as it was before the tests, which write what they use into it.
struct Snapshot {
    path: PathBuf,
    text: Option<String>,
}

impl Snapshot {
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let text = path.is_file().then(|| crate::file::read_text(&path)).transpose();
        let text = text.map_err(|error| Failure::File(format!("{}: {error}", path.display())))?;
        Ok(Self { path, text })
    }

    fn set_aside(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::File(format!("{}: {error}", self.path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Makes it what it was: what failing tests use is nothing to hold others against.
    fn put_back(&self) -> Result<(), Failure> {
        let Some(text) = &self.text else { return self.set_aside() };
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
    fn gas_of_tests_that_fail_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gas.snapshot");
        let none = Snapshot::read(path.clone()).unwrap();
        none.put_back().unwrap();
        fs::write(&path, "of a run that failed").unwrap();
        none.put_back().unwrap();
        assert!(!path.exists(), "there was none");

        fs::write(&path, "of a test that is gone").unwrap();
        let kept = Snapshot::read(path.clone()).unwrap();
        kept.set_aside().unwrap();
        assert!(!path.exists());
        fs::write(&path, "half").unwrap();
        kept.put_back().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of a test that is gone");
    }
}
