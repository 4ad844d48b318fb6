//! Gas of what a chain ran, by method.

use super::snapshot::{self, Checked, Mode};
use crate::{
    Chain, TestFailure,
    names::{Names, lock},
};
use dure_build::{Toolchain, ToolchainError};
use dure_runtime::StateRead;
use dure_types::{Address, Gas, Selector, domain::selector};
use std::{collections::BTreeMap, fmt, io::Write, path::Path, sync::OnceLock};

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

    /// Compares the gas of a test with the committed file `gas.snapshot` of the contract: a figure
    /// that differs by more than a hundredth or by more than 50, whichever is more, is a change; see
    /// [`assert_gas!`](crate::assert_gas), which calls it. `dure test --update-gas`, which sets
    /// `UPDATE_GAS` in the environment, writes the file instead; a test that the file does not know
    /// is added to it, except where `CI` is set.
    ///
    /// The file names the compiler that it was made with. Under another one nothing is compared,
    /// and a line on standard error says so: the same contract is other code there.
    ///
    /// # Errors
    /// [`TestFailure::Gas`] names every method whose gas changed, with both figures.
    pub fn check_gas(&self, manifest_dir: &Path, test: &str) -> Result<(), TestFailure> {
        let compiler = compiler()?;
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let mode = match (set("UPDATE_GAS"), set("CI")) {
            (true, _) => Mode::Accept,
            (false, true) => Mode::Compare,
            (false, false) => Mode::CompareKnown,
        };
        let checked = snapshot::check(manifest_dir, test, &self.gas_report(), mode, &compiler)?;
        if let Checked::OtherCompiler { path, made_with } = checked {
            // Past the harness, which hides what a test that passes prints. A line that cannot be
            // shown is no failure of the test.
            let _ = writeln!(
                std::io::stderr(),
                "gas of {test} is not compared: {} was made with {made_with}, this is {compiler}",
                path.display()
            );
        }
        Ok(())
    }
}

/// The compiler of contracts, asked once in a test binary.
fn compiler() -> Result<String, TestFailure> {
    static COMPILER: OnceLock<Result<String, ToolchainError>> = OnceLock::new();
    let find = || Toolchain::find().and_then(|toolchain| toolchain.compiler());
    COMPILER.get_or_init(find).clone().map_err(|error| TestFailure::Build(error.to_string()))
}

/// Asserts that the gas of a test is what the committed file `gas.snapshot` beside the contract's
/// `Cargo.toml` says, within a hundredth or 50; `dure test --update-gas` accepts what it is now.
///
/// Gas depends on the compiler too, which the file names: under another one nothing is compared, and
/// a line on standard error says so. Commit the file from the toolchain that CI uses.
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
