//! Which crate may depend on which (DESIGN 3), and where engines may be named.

use crate::File;
use toml::{Table, Value};

/// Our crates, each with those of ours that it may depend on. A crate that is not here needs a
/// decision record first.
const ARROWS: &[(&str, &[&str])] = &[
    ("dure-abi", &[]),
    ("dure-macros", &[]),
    ("dure-sdk", &["dure-abi", "dure-light", "dure-macros", "dure-types"]),
    ("dure-types", &["dure-abi"]),
    ("dure-light", &["dure-types"]),
    ("dure-runtime", &["dure-abi", "dure-light", "dure-types"]),
    ("dure-build", &["dure-abi", "dure-json", "dure-runtime", "dure-types"]),
    ("dure-json", &["dure-abi"]),
    (
        "dure-testing",
        &[
            "dure-abi",
            "dure-build",
            "dure-json",
            "dure-macros",
            "dure-runtime",
            "dure-sdk",
            "dure-types",
        ],
    ),
    ("dure-rpc", &["dure-abi", "dure-json", "dure-types"]),
    ("dure-client", &["dure-abi", "dure-light", "dure-rpc", "dure-types"]),
    ("dure-consensus", &["dure-light", "dure-types"]),
    (
        "dure-node",
        &[
            "dure-abi",
            "dure-build",
            "dure-client",
            "dure-consensus",
            "dure-json",
            "dure-light",
            "dure-rpc",
            "dure-runtime",
            "dure-types",
        ],
    ),
    ("xtask", &[]),
];

/// What only the node and its RPC may use.
const OUTSIDE_WORLD: &[&str] = &["tokio", "rocksdb", "libp2p", "jsonrpsee", "hyper", "axum"];

/// Crates that may use [`OUTSIDE_WORLD`].
const RIM: &[&str] = &["dure-node", "dure-rpc", "dure-client", "dure-tests", "dure-benches"];

/// Crates of consensus types and of what a contract contains: SCALE only.
const NO_SERDE: &[&str] = &["dure-abi", "dure-types", "dure-sdk", "dure-light", "dure-runtime"];

/// Checks one manifest.
pub(crate) fn check(file: &File) -> Vec<String> {
    let manifest: Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("does not parse: {error}")],
    };
    let Some(name) = manifest.get("package").and_then(|package| package["name"].as_str()) else {
        return Vec::new(); // the workspace
    };
    let contract = file.path.starts_with("contracts/")
        || file.path.starts_with("node/templates/")
        || file.path.starts_with("docs/book/listings/stamps")
        || file.path.starts_with("docs/book/listings/lunch")
        || ["examples/points/", "tests/gift/", "tests/mutants/", "tests/notify/", "tests/shelf/"]
            .iter()
            .any(|folder| file.path.starts_with(folder));
    // Stories are played through JSON-RPC, as any application would.
    let story = file.path.starts_with("examples/") && !file.path.starts_with("examples/upgrade/");
    let mut complaints = Vec::new();
    // A contract's manifest is what an author copies, and an author has no workspace of ours.
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    let exempt = contract || file.path.starts_with("benches/peers/");
    if lints != Some(&Value::Boolean(true)) && !exempt {
        complaints.push("lints of the workspace are not turned on".to_owned());
    }
    for (kind, dependency) in dependencies(&manifest) {
        let allowed = match (contract, story) {
            (true, _) => contract_may(&kind, &dependency),
            (_, true) => story_may(&dependency),
            _ => may(name, &kind, &dependency),
        };
        if !allowed {
            complaints.push(format!("{name} may not depend on {dependency} ({kind})"));
        }
    }
    let known = ARROWS.iter().any(|(known, _)| *known == name);
    let leaf = contract
        || ["tests/", "benches/", "examples/", "docs/book/listings/"]
            .iter()
            .any(|folder| file.path.starts_with(folder));
    if !known && !leaf {
        complaints.push(format!("{name} is a new crate: write a decision, then add it here"));
    }
    complaints
}

/// Kind (`dependencies`, `dev-dependencies`..) and name of each dependency, renamed ones included.
fn dependencies(manifest: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables =
        targets.into_iter().flat_map(|targets| targets.values().filter_map(Value::as_table));
    for table in tables.chain([manifest]) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                found.push((kind.to_owned(), package.to_owned()));
            }
        }
    }
    found
}

fn is_outside_world(dependency: &str) -> bool {
    OUTSIDE_WORLD
        .iter()
        .any(|banned| dependency == *banned || dependency.starts_with(&format!("{banned}-")))
}

fn may(name: &str, kind: &str, dependency: &str) -> bool {
    let serde = dependency == "serde" || dependency == "serde_json";
    if serde && NO_SERDE.contains(&name) && kind == "dependencies" {
        return false;
    }
    if is_outside_world(dependency) && !RIM.contains(&name) {
        return false;
    }
    if dependency.contains("malachite") && name != "dure-consensus" {
        return false;
    }
    if dependency.starts_with("wasmtime") && name != "dure-runtime" {
        return false;
    }
    // A crate's tests may look further, but an author's never as far as the node.
    if kind == "dev-dependencies" {
        let above = ["dure-node", "dure-rpc", "dure-client"].contains(&dependency);
        return !above || RIM.contains(&name);
    }
    match ARROWS.iter().find(|(known, _)| *known == name) {
        Some((_, arrows)) => !dependency.starts_with("dure-") || arrows.contains(&dependency),
        None => true,
    }
}

fn story_may(dependency: &str) -> bool {
    let ours = ["dure-client", "dure-light", "dure-rpc", "dure-types"].contains(&dependency);
    ours || !dependency.starts_with("dure-") && !dependency.starts_with("wasmtime")
}

/// A contract stands on the SDK alone, and on typed clients of other contracts; its tests on the
/// test chain too.
fn contract_may(kind: &str, dependency: &str) -> bool {
    match kind {
        "dependencies" => ["dure-sdk", "merchants"].contains(&dependency),
        "dev-dependencies" => {
            let ours = ["dure-testing", "dure-types", "dure-sdk"].contains(&dependency);
            ours || !dependency.starts_with("dure-") && !is_outside_world(dependency)
        }
        _ => false,
    }
}

/// Wasmtime is named in the sandbox alone, Malachite in the consensus crate alone.
pub(crate) fn engines(file: &File) -> Vec<String> {
    let path = &file.path;
    let names = |word: &str| file.text.contains(&format!("{word}::"));
    let mut complaints = Vec::new();
    if path.starts_with("runtime/src/") && !path.starts_with("runtime/src/vm") && names("wasmtime")
    {
        complaints.push("names wasmtime outside runtime/src/vm".to_owned());
    }
    let malachite = ["core_types", "core_consensus"]
        .iter()
        .any(|krate| names(&format!("arc_{}bft_{krate}", "malachite")));
    if malachite && !path.starts_with("node/consensus/") && !path.starts_with("tests/tidy") {
        complaints.push("names malachite outside node/consensus".to_owned());
    }
    complaints
}

/// What runs in a contract or a browser needs no operating system.
pub(crate) fn no_std(file: &File) -> Vec<String> {
    let light = [
        "runtime/types/src/lib.rs",
        "sdk/src/lib.rs",
        "sdk/abi/src/lib.rs",
        "sdk/light/src/lib.rs",
    ];
    if light.contains(&file.path.as_str())
        && !file.text.lines().any(|line| line.starts_with("#![") && line.contains("no_std"))
    {
        return vec!["is not no_std".to_owned()];
    }
    Vec::new()
}
