//! `dure check`: how large a contract is, what it costs, how far it is from the limits.

use super::{exit::Failure, output::Output};
use clap::Args;
use dure_abi::spec::ContractSpec;
use dure_build::{BuildError, BuildRequest, Built, build, build_unpinned};
use dure_types::limits;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Folder of the contract's `Cargo.toml`.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Functions that are listed, the largest first.
    #[arg(long, default_value_t = 12)]
    functions: usize,
    /// Refuse to change `Cargo.lock`, and where `dure.lock` would change.
    #[arg(long)]
    locked: bool,
    /// Use only what is downloaded already.
    #[arg(long)]
    offline: bool,
}

/// One limit of a module.
struct Limit {
    what: &'static str,
    value: u64,
    limit: u64,
}

pub(super) async fn run(args: CheckArgs, output: &mut Output) -> Result<(), Failure> {
    let request = BuildRequest {
        manifest_dir: args.dir.clone(),
        target_dir: None,
        locked: args.locked,
        offline: args.offline,
    };
    // Who only looks pins no storage.
    let how: Build = if args.locked { build } else { build_unpinned };
    let built = compile(request, how, output).await?;
    let gas = Known::of(gas(&args.dir.join("gas.snapshot"))?, &built.spec);
    let limits = measured(&built)?;
    let value = json!({
        "code": built.code_hash.to_string(),
        "crates": built.sizes.by_crate().iter().map(|(name, bytes)| {
            json!({ "crate": name, "bytes": bytes })
        }).collect::<Vec<Value>>(),
        "functions": built.sizes.functions.iter().take(args.functions).map(|function| {
            json!({ "function": function.name, "bytes": function.bytes })
        }).collect::<Vec<Value>>(),
        "data_bytes": built.sizes.data_bytes,
        "gas": gas.own.iter().map(|(method, (most, test))| {
            json!({ "method": method, "most": most.to_string(), "test": test })
        }).collect::<Vec<Value>>(),
        "gas_stale": gas.stale,
        "gas_others": gas.others,
        "limits": limits.iter().map(|limit| {
            json!({ "what": limit.what, "value": limit.value, "limit": limit.limit })
        }).collect::<Vec<Value>>(),
    });
    output.answer(&value, || text(&built, &gas, &limits, args.functions))
}

/// One of the ways to build.
pub(super) type Build = fn(&BuildRequest, &mut dyn FnMut(&str)) -> Result<Built, BuildError>;

/// Builds on a thread of its own, telling what goes on.
pub(super) async fn compile(
    request: BuildRequest,
    build: Build,
    output: &Output,
) -> Result<Built, Failure> {
    let quiet = Output::new(output.is_json());
    let building =
        tokio::task::spawn_blocking(move || build(&request, &mut |line| quiet.progress(line)));
    let built = building.await.map_err(|error| Failure::Build(error.to_string()))?;
    built.map_err(|error| match error {
        // What is not there, or is no contract, is no contract that does not build.
        BuildError::Crate { .. } | BuildError::Io { .. } => Failure::File(error.to_string()),
        _ => Failure::Build(error.to_string()),
    })
}

/// The most gas of each method in the tests, and the test that used it.
type Gas = BTreeMap<String, (u64, String)>;

fn gas(path: &Path) -> Result<Gas, Failure> {
    let text = match crate::file::read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Gas::new()),
        Err(error) => return Err(Failure::File(format!("{}: {error}", path.display()))),
    };
    let mut gas = Gas::new();
    for (line, number) in text.lines().zip(1u32..) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [test, method, _, _, _, most] = words.as_slice() else {
            let text = format!("{}, line {number}: expected six words", path.display());
            return Err(Failure::File(text));
        };
        let most = most.parse().map_err(|_| {
            Failure::File(format!("{}, line {number}: \"{most}\" is no gas", path.display()))
        })?;
        let known = gas.entry((*method).to_owned()).or_default();
        if most >= known.0 {
            *known = (most, (*test).to_owned());
        }
    }
    Ok(gas)
}

/// The gas of the snapshot, held against the methods that there are.
#[derive(Default)]
struct Known {
    /// That of the contract's methods.
    own: Gas,
    /// Entries that name methods of the contract which are gone.
    stale: Vec<String>,
    /// Entries of other contracts alone, which the tests called too.
    others: Vec<String>,
}

impl Known {
    fn of(gas: Gas, spec: &ContractSpec) -> Self {
        let mut known = Self::default();
        for (entry, most) in gas {
            // The methods of one transaction stand side by side: `a.x+b.y`.
            let parts = entry.split('+').filter_map(|part| part.split_once('.'));
            let own: Vec<&str> =
                parts.filter(|part| part.0 == spec.name).map(|part| part.1).collect();
            if own.is_empty() {
                known.others.push(entry);
            } else if own.iter().all(|method| spec.method(method).is_some()) {
                known.own.insert(entry, most);
            } else {
                known.stale.push(entry);
            }
        }
        known
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if self.own.is_empty() {
            text.push_str(
                "\nno gas.snapshot of this contract yet: dure test writes it, of the tests that call \
                 assert_gas!\n",
            );
        } else {
            text.push_str("\nmost gas in tests\n");
        }
        for (method, (most, test)) in &self.own {
            let share = percent(*most, limits::TRANSACTION_GAS_MAX);
            text.push_str(&format!("{most:>11}  {share:>5}  {method}  ({test})\n"));
        }
        if !self.others.is_empty() {
            let others = self.others.join(", ");
            text.push_str(&format!("\nalso in gas.snapshot, of other contracts: {others}\n"));
        }
        if !self.stale.is_empty() {
            let stale = self.stale.join(", ");
            text.push_str(&format!(
                "\nin gas.snapshot, and no method any more: {stale}; dure test --update-gas leaves \
                 them out\n"
            ));
        }
        text
    }
}

fn measured(built: &Built) -> Result<Vec<Limit>, Failure> {
    let valid = dure_runtime::vm::validate(&built.wasm)
        .map_err(|error| Failure::Build(error.to_string()))?;
    let largest = built.sizes.functions.first().map_or(0, |function| function.bytes);
    let spec = valid.spec_bytes.len();
    let of =
        |what, value: usize, limit: usize| Limit { what, value: value as u64, limit: limit as u64 };
    Ok(vec![
        of("code bytes", built.wasm.len(), limits::CODE_BYTES_MAX),
        of("spec bytes", spec, limits::SPEC_BYTES_MAX),
        of("functions", valid.functions as usize, limits::FUNCTIONS_MAX as usize),
        of("largest function", largest, limits::FUNCTION_BYTES_MAX),
        of("types", built.sizes.types, limits::TYPES_MAX as usize),
        of("globals", built.sizes.globals, limits::GLOBALS_MAX as usize),
        of("exports", built.sizes.exports, limits::EXPORTS_MAX as usize),
        of("memory pages", valid.memory_pages as usize, limits::MEMORY_PAGES_MAX as usize),
        of("table elements", valid.table_elements as usize, limits::TABLE_ELEMENTS_MAX as usize),
    ])
}

fn text(built: &Built, gas: &Known, limits: &[Limit], functions: usize) -> String {
    let mut text = format!("code      {}\n\nbytes by crate\n", built.code_hash);
    for (name, bytes) in built.sizes.by_crate() {
        text.push_str(&format!("{bytes:>9}  {name}\n"));
    }
    text.push_str(&format!("{:>9}  constants\n", built.sizes.data_bytes));
    text.push_str(
        "\n(no crate): the entry points, into which the compiler put most of the contract's own \
         code, and\nfunctions of the compiler's such as memcpy\n\nlargest functions\n",
    );
    for function in built.sizes.functions.iter().take(functions) {
        text.push_str(&format!("{:>9}  {}\n", function.bytes, function.name));
    }
    text.push_str(&gas.text());
    text.push_str("\nlimits\n");
    for limit in limits {
        let share = percent(limit.value, limit.limit);
        let Limit { what, value, limit } = limit;
        text.push_str(&format!("{value:>11}  {share:>5}  of {limit} {what}\n"));
    }
    text
}

/// A share in whole per cent, rounded up so that only nothing is none.
fn percent(value: u64, limit: u64) -> String {
    format!("{}%", value.saturating_mul(100).div_ceil(limit.max(1)))
}

#[cfg(test)]
mod tests {
    use super::{Gas, Known, gas, percent};
    use dure_abi::spec::{ContractSpec, MethodKind, MethodSpec, StorageHistory, VERSION};

    #[test]
    fn gas_of_methods_that_are_gone_is_named_and_not_shown() {
        let pay = MethodSpec {
            name: "pay".into(),
            selector: Default::default(),
            kind: MethodKind::Call,
            args: Vec::new(),
            returns: 0,
            fallible: false,
            reentrant: false,
            docs: Vec::new(),
        };
        let spec = ContractSpec {
            version: VERSION,
            name: "cafe".into(),
            methods: vec![pay],
            events: Vec::new(),
            error: None,
            storage: Vec::new(),
            history: StorageHistory::default(),
            interfaces: Vec::new(),
            docs: Vec::new(),
            types: scale_info::Registry::new().into(),
        };
        let entries =
            ["cafe.pay", "token.issue+cafe.pay", "cafe.pay+cafe.give", "cafe.take", "token.pay"];
        let gas: Gas =
            entries.iter().map(|entry| ((*entry).to_owned(), (7, "story".to_owned()))).collect();
        let known = Known::of(gas, &spec);
        let own: Vec<&str> = known.own.keys().map(String::as_str).collect();
        assert_eq!(own, ["cafe.pay", "token.issue+cafe.pay"]);
        assert_eq!(known.stale, ["cafe.pay+cafe.give", "cafe.take"]);
        assert_eq!(known.others, ["token.pay"]);
        let text = known.text();
        assert!(text.contains("7     1%  cafe.pay  (story)\n"), "{text}");
        assert!(text.contains("no method any more: cafe.pay+cafe.give, cafe.take;"), "{text}");
    }

    #[test]
    fn the_dearest_test_of_a_method_is_named() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = folder.path().join("gas.snapshot");
        assert!(gas(&path).is_ok_and(|gas| gas.is_empty()));
        let text = "# head\nfirst a.b 1 5 5 5\nsecond a.b 2 1 2 9\n";
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{e}"));
        let found = gas(&path).unwrap_or_default();
        assert_eq!(found.get("a.b"), Some(&(9, "second".to_owned())));
        std::fs::write(&path, "first a.b 1 5\n").unwrap_or_else(|e| panic!("{e}"));
        assert!(gas(&path).is_err_and(|error| error.to_string().contains("line 1")));
    }

    #[test]
    fn shares_are_rounded_up() {
        assert_eq!(
            (percent(0, 7), percent(1, 1_000), percent(7, 7)),
            ("0%".to_owned(), "1%".to_owned(), "100%".to_owned())
        );
    }
}
