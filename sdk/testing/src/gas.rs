//! Gas by method: a report to read, and a committed file that fails on unexplained change.

use crate::{
    Chain, TestFailure,
    names::{Names, lock},
};
use dure_runtime::StateRead;
use dure_types::{Address, Gas, Selector, domain::selector};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    path::Path,
    sync::Mutex,
};

/// What was called: one method, or the methods of one transaction; an init has no selector.
type Called = Vec<(Address, Option<Selector>)>;

/// Gas of everything that a chain ran.
#[derive(Clone, Default)]
pub(crate) struct GasLog {
    used: BTreeMap<Called, Vec<u64>>,
    /// The last `instantiate`, until the address that it made is known.
    instantiation: Option<u64>,
}

impl GasLog {
    pub(crate) fn add(&mut self, methods: Vec<(Address, Selector)>, gas: Gas) {
        if methods == [(Address::SYSTEM, selector("instantiate"))] {
            self.instantiation = Some(gas.0);
            return;
        }
        let called = methods.into_iter().map(|(contract, method)| (contract, Some(method)));
        self.used.entry(called.collect()).or_default().push(gas.0);
    }

    /// The last `instantiate` made this contract: its gas is that of the init method.
    pub(crate) fn instantiated(&mut self, contract: Address) {
        if let Some(gas) = self.instantiation.take() {
            self.used.entry(vec![(contract, None)]).or_default().push(gas);
        }
    }

    fn report(&self, names: &Names, state: &dyn StateRead) -> GasReport {
        let mut by_name: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (called, used) in &self.used {
            let parts: Vec<String> = called
                .iter()
                .map(|(contract, method)| names.method(state, *contract, *method))
                .collect();
            by_name.entry(parts.join(" + ")).or_default().extend(used);
        }
        let row = |(method, mut used): (String, Vec<u64>)| {
            used.sort_unstable();
            let at = |index: usize| Gas(used.get(index).copied().unwrap_or_default());
            let last = used.len().saturating_sub(1);
            GasRow { method, calls: used.len(), min: at(0), median: at(last / 2), max: at(last) }
        };
        GasReport { rows: by_name.into_iter().map(row).collect() }
    }
}

/// Gas of one method, or of the methods of one transaction together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GasRow {
    /// `points.transfer`; `a.x + b.y` for a transaction of two calls.
    pub method: String,
    /// How often it succeeded.
    pub calls: usize,
    /// Least gas.
    pub min: Gas,
    /// The middle one, the lower of two.
    pub median: Gas,
    /// Most gas.
    pub max: Gas,
}

/// Gas by method; shown as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GasReport {
    /// By name.
    pub rows: Vec<GasRow>,
}

impl fmt::Display for GasReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.method.len()).max().unwrap_or(0).max(6);
        let line = |f: &mut fmt::Formatter<'_>, name: &str, columns: [&str; 4]| {
            let [calls, min, median, max] = columns;
            writeln!(f, "{name:<width$}  {calls:>6}  {min:>11}  {median:>11}  {max:>11}")
        };
        line(f, "method", ["calls", "min", "median", "max"])?;
        for row in &self.rows {
            let numbers = [row.calls as u64, row.min.0, row.median.0, row.max.0];
            let [calls, min, median, max] = numbers.map(|number| number.to_string());
            line(f, &row.method, [&calls, &min, &median, &max])?;
        }
        Ok(())
    }
}

impl Chain {
    /// Gas of what succeeded so far, by method: transactions with their base cost, queries
    /// without.
    #[must_use]
    pub fn gas_report(&self) -> GasReport {
        lock(&self.gas).report(&self.names, self.state.as_ref())
    }

    /// Compares the gas of a test with the committed file `gas.snapshot` of the contract; see
    /// [`assert_gas!`](crate::assert_gas), which calls it. With `UPDATE_GAS=1` in the environment
    /// the file is written instead; a test that the file does not know is added to it, except
    /// where `CI` is set.
    ///
    /// # Errors
    /// [`TestFailure::Gas`] names every method whose gas changed, with both figures.
    pub fn check_gas(&self, manifest_dir: &Path, test: &str) -> Result<(), TestFailure> {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let mode = match (set("UPDATE_GAS"), set("CI")) {
            (true, _) => Mode::Accept,
            (false, true) => Mode::Compare,
            (false, false) => Mode::CompareKnown,
        };
        check(manifest_dir, test, &self.gas_report(), mode)
    }
}

/// Asserts that the gas of a test is what the committed file `gas.snapshot` beside the contract's
/// `Cargo.toml` says; `UPDATE_GAS=1 cargo test` accepts what it is now.
///
/// Gas depends on the compiler too: commit the file from the toolchain that CI uses.
///
/// ```no_run
/// # use dure_testing::{Chain, assert_gas};
/// # let chain = Chain::new();
/// assert_gas!(chain, "a_day_in_the_shop");
/// ```
#[macro_export]
macro_rules! assert_gas {
    ($chain:expr, $test:expr) => {
        if let Err(failure) = $chain.check_gas(env!("CARGO_MANIFEST_DIR").as_ref(), $test) {
            panic!("{failure}");
        }
    };
}

const HEAD: &str = "\
# Gas by test and method: calls, least, median, most. Written by `UPDATE_GAS=1 cargo test`.
";

/// What is done about gas that the file does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is a failure.
    Compare,
    /// Of a test that the file does not know it is added, else it is a failure.
    CompareKnown,
    /// It is written into the file.
    Accept,
}

/// Tests of one program write one after another.
static FILE: Mutex<()> = Mutex::new(());

fn check(
    manifest_dir: &Path,
    test: &str,
    report: &GasReport,
    mode: Mode,
) -> Result<(), TestFailure> {
    let path = manifest_dir.join("gas.snapshot");
    let shown = path.display();
    // A test is one word of its line.
    let test = test.replace(char::is_whitespace, "_");
    let _guard = lock(&FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(TestFailure::Gas(format!("{shown}: {error}"))),
    };
    let mut known = parse(&text).map_err(|line| {
        TestFailure::Gas(format!(
            "{shown}, line {line}: expected `test method calls min median max`"
        ))
    })?;
    let now: BTreeMap<String, [u64; 4]> = report.rows.iter().map(figures).collect();
    let is_new = mode == Mode::CompareKnown && !known.contains_key(&test);
    if is_new || mode == Mode::Accept {
        known.insert(test, now);
        let partial = path.with_extension(format!("snapshot.{}", std::process::id()));
        return std::fs::write(&partial, render(&known))
            .and_then(|()| std::fs::rename(&partial, &path))
            .map_err(|error| TestFailure::Gas(format!("{shown}: {error}")));
    }
    let differences = differences(known.get(&test), &now);
    if differences.is_empty() {
        return Ok(());
    }
    Err(TestFailure::Gas(format!(
        "gas of {test} is not what {shown} says; if the change is meant, run with \
         UPDATE_GAS=1 and commit the file\n{differences}"
    )))
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

fn render(known: &Known) -> String {
    let mut text = HEAD.to_owned();
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
        if was != is {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  {method}: {} -> {}", figure(was), figure(is));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(max: u64) -> GasReport {
        let method = "points.transfer".to_owned();
        GasReport {
            rows: vec![GasRow { method, calls: 2, min: Gas(5), median: Gas(5), max: Gas(max) }],
        }
    }

    #[test]
    fn a_change_of_gas_is_named_until_it_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let check = |max, mode| check(folder.path(), "story", &report(max), mode);
        let missing = check(9, Mode::Compare).unwrap_err().to_string();
        assert!(missing.contains("points.transfer: none -> 5/5/9 in 2 calls"), "{missing}");
        check(9, Mode::CompareKnown).unwrap();
        assert_eq!(check(9, Mode::Compare), Ok(()));
        let changed = check(10, Mode::CompareKnown).unwrap_err().to_string();
        assert!(changed.contains("5/5/9 in 2 calls -> 5/5/10 in 2 calls"), "{changed}");
        assert!(changed.contains("UPDATE_GAS=1"), "{changed}");
        check(10, Mode::Accept).unwrap();
        assert_eq!(check(10, Mode::Compare), Ok(()));
    }

    #[test]
    fn a_malformed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gas.snapshot"), "# head\nstory points 1 2\n").unwrap();
        let refused =
            check(folder.path(), "story", &report(1), Mode::Compare).unwrap_err().to_string();
        assert!(refused.contains("line 2"), "{refused}");
    }
}
