//! `gas.snapshot`: the committed figures, and what is new against them.

use super::report::{GasReport, GasRow};
use crate::{TestFailure, names::lock};
use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
    sync::Mutex,
};

const HEAD: &str = "\
# Gas by test and method: calls, least, median, most. Written by `dure test --update-gas`.
";

/// First words of the line that names the compiler.
const COMPILER: &str = "# Compiler: ";

/// So much more or less gas is no change: where a text in the code grows by a letter, or another method
/// is compiled otherwise, that of a method moves a little. A deviation is from the file, so that many
/// small ones do not add up unseen.
const TOLERANCE: u64 = 50;

/// A hundredth of the gas is no change either, where that is more.
const TOLERANCE_PART: u64 = 100;

/// The method of the system contract that stores a module.
const DEPLOY: &str = "system.deploy";

/// What is done about gas that the file does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is a failure.
    Compare,
    /// Of a test that the file does not know it is added, else it is a failure.
    CompareKnown,
    /// It is written into the file.
    Accept,
}

/// Tests of one program write one after another.
static FILE: Mutex<()> = Mutex::new(());

/// What came of a comparison without a difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The figures are those of the file, by now.
    Same,
    /// The file is of another compiler: nothing was compared.
    OtherCompiler { path: PathBuf, made_with: String },
}

pub(super) fn check(
    manifest_dir: &Path,
    test: &str,
    report: &GasReport,
    mode: Mode,
    compiler: &str,
) -> Result<Checked, TestFailure> {
    let path = manifest_dir.join("gas.snapshot");
    let shown = path.display();
    // A test is one word of its line.
    let test = test.replace(char::is_whitespace, "_");
    let _guard = lock(&FILE);
    let mut file = read(&path)?;
    match file.compiler {
        Some(made_with) if made_with == compiler => {}
        None if file.known.is_empty() => {}
        // One file, one compiler: the figures of the other tests are of the one before.
        _ if mode == Mode::Accept => file.known.clear(),
        Some(made_with) => return Ok(Checked::OtherCompiler { path, made_with }),
        None => {
            return Err(TestFailure::Gas(format!(
                "{shown} names no compiler: run `dure test --update-gas` and commit the file"
            )));
        }
    }
    // What a deploy costs follows from the module's bytes, which are other ones after every change.
    let rows = report.rows.iter().filter(|row| row.method != DEPLOY);
    let now: BTreeMap<String, [u64; 4]> = rows.map(figures).collect();
    let is_new = mode == Mode::CompareKnown && !file.known.contains_key(&test);
    if is_new || mode == Mode::Accept {
        file.known.insert(test, now);
        let partial = path.with_extension(format!("snapshot.{}", std::process::id()));
        std::fs::write(&partial, render(compiler, &file.known))
            .and_then(|()| std::fs::rename(&partial, &path))
            .map_err(|error| TestFailure::Gas(format!("{shown}: {error}")))?;
        return Ok(Checked::Same);
    }
    let differences = differences(file.known.get(&test), &now);
    if differences.is_empty() {
        return Ok(Checked::Same);
    }
    Err(TestFailure::Gas(format!(
        "gas of {test} is not what {shown} says, by more than 1 % or {TOLERANCE}; if the change is \
         meant, run `dure test --update-gas` and commit the file\n{differences}"
    )))
}

/// What the file says; of a file that is not there, nothing.
#[derive(Default)]
struct Snapshot {
    compiler: Option<String>,
    known: Known,
}

fn read(path: &Path) -> Result<Snapshot, TestFailure> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Snapshot::default());
        }
        Err(error) => return Err(TestFailure::Gas(format!("{shown}: {error}"))),
    };
    let known = parse(&text).map_err(|line| {
        TestFailure::Gas(format!(
            "{shown}, line {line}: expected `test method calls min median max`"
        ))
    })?;
    let compiler = text.lines().find_map(|line| line.strip_prefix(COMPILER));
    Ok(Snapshot { compiler: compiler.map(|compiler| compiler.trim().to_owned()), known })
}

fn figures(row: &GasRow) -> (String, [u64; 4]) {
    (row.method.replace(' ', ""), [row.calls as u64, row.min.0, row.median.0, row.max.0])
}

type Known = BTreeMap<String, BTreeMap<String, [u64; 4]>>;

/// Reads the file; the number of the first line that is not of its form.
fn parse(text: &str) -> Result<Known, usize> {
    let mut known = Known::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [test, method, numbers @ ..] = words.as_slice() else { return Err(index + 1) };
        let numbers: Result<Vec<u64>, _> = numbers.iter().map(|word| word.parse()).collect();
        let numbers = numbers.ok().and_then(|numbers| <[u64; 4]>::try_from(numbers).ok());
        let numbers = numbers.ok_or(index + 1)?;
        known.entry((*test).to_owned()).or_default().insert((*method).to_owned(), numbers);
    }
    Ok(known)
}

fn render(compiler: &str, known: &Known) -> String {
    let mut text = format!("{HEAD}{COMPILER}{compiler}\n");
    for (test, methods) in known {
        for (method, [calls, min, median, max]) in methods {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{test} {method} {calls} {min} {median} {max}");
        }
    }
    text
}

fn differences(
    before: Option<&BTreeMap<String, [u64; 4]>>,
    now: &BTreeMap<String, [u64; 4]>,
) -> String {
    let none = BTreeMap::new();
    let before = before.unwrap_or(&none);
    let mut text = String::new();
    let all: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for method in all {
        let figure = |figures: Option<&[u64; 4]>| {
            figures.map_or("none".to_owned(), |[calls, min, median, max]| {
                format!("{min}/{median}/{max} in {calls} calls")
            })
        };
        let (was, is) = (before.get(method), now.get(method));
        if !alike(was, is) {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  {method}: {} -> {}", figure(was), figure(is));
        }
    }
    text
}

/// Whether figures are of as many calls, and of about the same gas.
fn alike(was: Option<&[u64; 4]>, is: Option<&[u64; 4]>) -> bool {
    let (Some([calls, gas @ ..]), Some([calls_now, gas_now @ ..])) = (was, is) else {
        return was == is;
    };
    let near = |(was, is): (&u64, &u64)| was.abs_diff(*is) <= TOLERANCE.max(was / TOLERANCE_PART);
    calls == calls_now && gas.iter().zip(gas_now).all(near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dure_types::Gas;

    fn report(max: u64) -> GasReport {
        let [transfer, deploy] = ["points.transfer", DEPLOY].map(str::to_owned);
        let row = |method| GasRow { method, calls: 2, min: Gas(5), median: Gas(5), max: Gas(max) };
        GasReport { rows: vec![row(transfer), row(deploy)] }
    }

    const HERE: &str = "rustc 1.95.0 (here)";

    #[test]
    fn a_change_of_gas_is_named_until_it_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let check = |max, mode| check(folder.path(), "story", &report(max), mode, HERE);
        let missing = check(9, Mode::Compare).unwrap_err().to_string();
        assert!(missing.contains("points.transfer: none -> 5/5/9 in 2 calls"), "{missing}");
        check(9, Mode::CompareKnown).unwrap();
        assert_eq!(check(9, Mode::Compare), Ok(Checked::Same));
        let changed = check(60, Mode::CompareKnown).unwrap_err().to_string();
        assert!(changed.contains("5/5/9 in 2 calls -> 5/5/60 in 2 calls"), "{changed}");
        assert!(
            changed.contains("by more than 1 % or 50; if the change is meant, run"),
            "{changed}"
        );
        assert!(!changed.contains(DEPLOY), "{changed}");
        check(60, Mode::Accept).unwrap();
        assert_eq!(check(60, Mode::Compare), Ok(Checked::Same));
    }

    #[test]
    fn a_hundredth_or_fifty_is_no_change_and_many_of_them_do_not_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let check = |max, mode| check(folder.path(), "story", &report(max), mode, HERE).is_ok();
        for (committed, above, below) in [(1_000, 1_050, 950), (20_000, 20_200, 19_800)] {
            assert!(check(committed, Mode::Accept));
            let text = std::fs::read_to_string(folder.path().join("gas.snapshot")).unwrap();
            assert!(text.contains(&format!(" {committed}\n")), "what is written is exact: {text}");
            for near in [above, below] {
                assert!(check(near, Mode::Compare));
            }
            for far in [above + 1, below - 1] {
                assert!(!check(far, Mode::Compare));
            }
        }
        assert!(alike(None, None) && !alike(Some(&[2, 5, 5, 5]), None));
        assert!(!alike(Some(&[2, 5, 5, 5]), Some(&[3, 5, 5, 5])), "another number of calls");
    }

    #[test]
    fn the_figures_of_another_compiler_are_not_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gas.snapshot");
        let check =
            |test, max, mode, compiler| check(folder.path(), test, &report(max), mode, compiler);
        for test in ["story", "other"] {
            check(test, 9, Mode::Accept, HERE).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\n# Compiler: rustc 1.95.0 (here)\n"), "{text}");
        let there = "rustc 1.96.0 (there)";
        let skipped = Checked::OtherCompiler { path: path.clone(), made_with: HERE.to_owned() };
        for mode in [Mode::Compare, Mode::CompareKnown] {
            assert_eq!(check("story", 10, mode, there).unwrap(), skipped);
            assert_eq!(check("new", 10, mode, there).unwrap(), skipped);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "nothing is written either");
        // Accepted, the file is of the new compiler alone.
        check("story", 10, Mode::Accept, there).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(there) && !text.contains("other"), "{text}");
        // A file from before the line: what it was made with is not known.
        std::fs::write(&path, text.replace("# Compiler: ", "# ")).unwrap();
        let refused = check("story", 10, Mode::Compare, there).unwrap_err().to_string();
        assert!(refused.contains("names no compiler"), "{refused}");
        check("story", 10, Mode::Accept, there).unwrap();
        assert_eq!(check("story", 10, Mode::Compare, there), Ok(Checked::Same));
    }

    #[test]
    fn a_malformed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gas.snapshot"), "# head\nstory points 1 2\n").unwrap();
        let refused =
            check(folder.path(), "story", &report(1), Mode::Compare, HERE).unwrap_err().to_string();
        assert!(refused.contains("line 2"), "{refused}");
    }
}
