//! Running cargo on an author's crate.

use super::exit::Failure;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What cargo says of a crate's workspace.
pub(super) fn metadata(folder: &Path) -> Result<Value, Failure> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Failure::File(format!("{}: no such file", manifest.display())));
    }
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(&manifest)
        .output()
        .map_err(|error| Failure::Build(format!("cargo does not run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::Build(said));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::Build(format!("cargo metadata: {error}")))
}

/// Where what is compiled should lie: with the repository of the SDK, when the crate uses it by
/// path, so that its tests need not compile the executor again; none: where cargo thinks.
pub(super) fn shared_target(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    let metadata = metadata(folder)?;
    if std::env::var_os("CARGO_TARGET_DIR").is_some() {
        return Ok(None);
    }
    let manifest = folder.join("Cargo.toml").canonicalize().ok();
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages
        .find(|package| package["manifest_path"].as_str().map(Path::new) == manifest.as_deref());
    let dependencies = package.and_then(|package| package["dependencies"].as_array());
    let sdk = dependencies
        .into_iter()
        .flatten()
        .find(|dependency| dependency["name"] == "dure-testing")
        .and_then(|dependency| dependency["path"].as_str());
    let Some(sdk) = sdk else { return Ok(None) };
    let ours = self::metadata(Path::new(sdk))?;
    let inside = ours["workspace_root"] == metadata["workspace_root"];
    let target = ours["target_directory"].as_str().filter(|_| !inside);
    Ok(target.map(PathBuf::from))
}

/// Runs cargo with what it says on standard error; whether it succeeded.
pub(super) fn run(
    arguments: &[String],
    target: Option<&Path>,
    variable: Option<(&str, &str)>,
) -> Result<bool, Failure> {
    let mut command = Command::new("cargo");
    command.args(arguments).stdin(Stdio::null());
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    if let Some((name, value)) = variable {
        command.env(name, value);
    }
    // Answers are ours; what tests print goes where progress goes.
    command.stdout(std::io::stderr());
    let status = command.status();
    let status = status.map_err(|error| Failure::Build(format!("cargo does not run: {error}")))?;
    Ok(status.success())
}
