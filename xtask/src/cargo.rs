//! Running cargo and other programs from the root of the checkout.

use crate::Outcome;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

/// Root of the checkout: that of `cargo xtask`, for a build folder that two checkouts share may hold
/// the program of the other.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Where cargo puts what it builds; this program is in `<target>/<profile>/`.
pub(crate) fn target_dir() -> PathBuf {
    let folder = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.parent()?.to_path_buf()));
    folder.unwrap_or_else(|| root().join("target"))
}

/// A program to be run from the root, without what `cargo run` put into the environment.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_")
            || matches!(&*text, "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "LD_LIBRARY_PATH")
        {
            command.env_remove(&name);
        }
    }
    command
}

pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = command("cargo");
    command.args(arguments);
    command
}

/// Runs a command whose output the person sees.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("{}: {error}", words(command)))?;
    ended(&words(command), status)
}

fn ended(what: &str, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("`{what}` failed: {status}")) }
}

/// What every line of a bench has: others script against it.
const BENCH_FIELDS: [&str; 7] = ["bench", "metric", "value", "unit", "peer", "peer_value", "ratio"];

/// Runs a bench, whose lines of JSON go to standard output and the others to the terminal.
pub(crate) fn run_bench(command: &mut Command) -> Outcome {
    let what = words(command);
    let failed = |error: std::io::Error| format!("{what}: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let (mut measured, mut wrong) = (0usize, Vec::new());
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(failed)?;
        if line.starts_with('{') {
            println!("{line}");
            measured += 1;
            wrong.extend(misshapen(&line));
        } else {
            eprintln!("{line}");
        }
    }
    ended(&what, child.wait().map_err(failed)?)?;
    match wrong.first() {
        Some(reason) => Err(format!("{what} printed a line that is no measurement: {reason}")),
        None if measured == 0 => Err(format!("{what} measured nothing")),
        None => Ok(()),
    }
}

/// What is wrong with a line of a bench.
fn misshapen(line: &str) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
        return Some(format!("no JSON object: {line}"));
    };
    let missing = BENCH_FIELDS.iter().find(|name| !fields.contains_key(**name));
    let fits = |name: &&str| {
        let value = fields.get(*name);
        match *name {
            "value" => value.is_some_and(Value::is_number),
            "peer_value" | "ratio" => {
                value.is_none_or(|value| value.is_number() || value.is_null())
            }
            "peer" => value.is_none_or(|value| value.is_string() || value.is_null()),
            _ => value.is_some_and(Value::is_string),
        }
    };
    let wrong = BENCH_FIELDS.iter().find(|name| !fits(name));
    missing.map(|name| format!("no {name}: {line}")).or(wrong.map(|name| format!("{name}: {line}")))
}

/// Runs a command and returns what it printed, or nothing where it failed.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

pub(crate) fn words(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// A program that cargo built.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// Package it belongs to.
    pub(crate) package: String,
    /// Name of the target.
    pub(crate) target: String,
    /// Whether cargo built it as a test.
    pub(crate) test: bool,
    /// Folder of the package.
    pub(crate) folder: PathBuf,
    /// The program.
    pub(crate) program: PathBuf,
}

/// Builds and returns the programs; compiler messages and progress go to the terminal.
pub(crate) fn build(arguments: &[&str]) -> Outcome<Vec<Built>> {
    let mut command = cargo(arguments);
    command.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", words(&command)))?;
    let mut built = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|error| format!("cargo's messages: {error}"))?;
            built.extend(serde_json::from_str(&line).ok().as_ref().and_then(program));
        }
    }
    let status = child.wait().map_err(|error| format!("{}: {error}", words(&command)))?;
    ended(&words(&command), status).map(|()| built)
}

/// Reads one of cargo's messages.
fn program(message: &Value) -> Option<Built> {
    let program = PathBuf::from(message["executable"].as_str()?);
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
    let package = message["package_id"].as_str()?;
    // `path+file:///folder/name#0.1.0` or `path+file:///folder#name@0.1.0`.
    let (path, version) = package.rsplit_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next()?,
    };
    Some(Built {
        package: package.to_owned(),
        target: message["target"]["name"].as_str()?.to_owned(),
        test: message["profile"]["test"].as_bool()?,
        folder,
        program,
    })
}

#[cfg(test)]
mod tests {
    use super::misshapen;

    #[test]
    fn a_line_of_a_bench_has_what_others_script_against() {
        let with = |value: &str, peer: &str| {
            format!(
                "{{\"bench\":\"execution\",\"metric\":\"transfer\",\"value\":{value},\"unit\":\"us\",\
                 \"peer\":{peer},\"peer_value\":null,\"ratio\":1.5,\"seed\":7}}"
            )
        };
        assert_eq!(misshapen(&with("11.2", "\"revm\"")), None);
        assert_eq!(misshapen(&with("11", "null")), None);
        for wrong in [with("null", "null"), with("\"11\"", "null"), with("11", "3")] {
            assert!(misshapen(&wrong).is_some(), "{wrong}");
        }
        let line = with("11", "null");
        for field in ["bench", "metric", "value", "unit", "peer", "peer_value", "ratio"] {
            let without = line.replace(&format!("\"{field}\":"), "\"other\":");
            assert!(misshapen(&without).is_some(), "without {field}");
        }
        assert!(misshapen("{torn").is_some());
    }
}
