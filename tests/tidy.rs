//! House rules, as tests: sizes, arrows between crates, names, links, leftovers.
//!
//! Each check is a function from text to complaints. It runs over every file that git knows or
//! would add, and over a deliberate violation, so that a check that cannot fail is itself a failure.

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/text.rs"]
mod text;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A file of the repository.
struct File {
    /// From the root, with `/`.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// Every file that is text and is, or would be, committed.
fn files() -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names are UTF-8");
    let files: Vec<_> = names
        .split_terminator('\0')
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File { path: path.to_owned(), text })
        })
        .collect();
    assert!(files.len() > 50, "only {} files found", files.len());
    files
}

/// Runs a check over the files whose names end so.
fn complaints(ending: &str, check: impl Fn(&File) -> Vec<String>) -> Vec<String> {
    let files = files();
    let chosen: Vec<_> = files.iter().filter(|file| file.path.ends_with(ending)).collect();
    assert!(!chosen.is_empty(), "no file ends with {ending}");
    chosen
        .into_iter()
        .flat_map(|file| check(file).into_iter().map(|what| format!("{}: {what}", file.path)))
        .collect()
}

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Checks that a violation is complained of, with these words.
#[track_caller]
fn assert_finds(complaints: Vec<String>, words: &str) {
    assert!(complaints.iter().any(|what| what.contains(words)), "{complaints:?}");
}

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn code_is_short() {
    assert_finds(code::sizes(&file("a.rs", &"\n".repeat(801))), "801 lines");
    let long = format!("impl A {{ fn long() {{{}}} }}", "\n".repeat(70));
    assert_finds(code::sizes(&file("a.rs", &long)), "`long` has 71 lines");
    assert_none(complaints(".rs", code::sizes));
}

#[test]
fn code_opens_with_its_documentation() {
    assert_finds(code::documentation(&file("a.rs", "fn a() {}")), "module doc");
    assert_none(complaints(".rs", code::documentation));
}

#[test]
fn code_has_no_stubs() {
    assert_finds(code::stubs(&file("a.rs", concat!("fn a() { to", "do!() }"))), "stub");
    assert_none(complaints(".rs", code::stubs));
}

#[test]
fn code_is_reachable() {
    let dead = [file("a/src/lib.rs", "mod b;"), file("a/src/c.rs", ""), file("a/src/b.rs", "")];
    assert_finds(code::dead(&dead), "a/src/c.rs");
    assert_none(code::dead(&files()));
}

#[test]
fn arrows_go_one_way() {
    let check = |path: &str, text: &str| arrows::check(&file(path, text));
    let manifest = |name: &str, table: &str, dependency: &str| {
        format!(
            "[package]\nname = '{name}'\n[lints]\nworkspace = true\n[{table}]\n{dependency} = '1'"
        )
    };
    let types = manifest("dure-types", "dependencies", "dure-runtime");
    assert_finds(check("Cargo.toml", &types), "dure-runtime");
    let serde = manifest("dure-types", "dependencies", "serde");
    assert_finds(check("Cargo.toml", &serde), "serde");
    let tokio = manifest("dure-runtime", "target.'cfg(unix)'.dependencies", "tokio");
    assert_finds(check("Cargo.toml", &tokio), "tokio");
    let node = manifest("shop", "dev-dependencies", "dure-node");
    assert_finds(check("contracts/shop/Cargo.toml", &node), "dure-node");
    let cafe = manifest("cafe", "dependencies", "dure-runtime");
    assert_finds(check("examples/cafe/Cargo.toml", &cafe), "dure-runtime");
    assert_finds(check("Cargo.toml", &manifest("dure-new", "dependencies", "a")), "decision");
    assert_finds(check("Cargo.toml", "[package]\nname = 'dure-abi'"), "lints");
    assert_none(complaints("Cargo.toml", arrows::check));
}

#[test]
fn engines_stay_where_they_belong() {
    let outside = file("runtime/src/state/a.rs", "use wasmtime::Engine;");
    assert_finds(arrows::engines(&outside), "wasmtime");
    let malachite = file("node/src/a.rs", "use arc_malachitebft_core_types::Value;");
    assert_finds(arrows::engines(&malachite), "malachite");
    assert_none(complaints(".rs", arrows::engines));
}

#[test]
fn light_crates_are_no_std() {
    assert_finds(arrows::no_std(&file("sdk/light/src/lib.rs", "//! Light.")), "no_std");
    assert_none(complaints("src/lib.rs", arrows::no_std));
}

#[test]
fn names_say_something() {
    assert_finds(text::names(&file("node/src/utils.rs", "")), "utils");
    assert_finds(text::names(&file("node/common/mod.rs", "")), "common");
    assert_none(complaints("", text::names));
}

#[test]
fn files_name_no_machine() {
    for bad in [concat!("/ro", "ot/x"), concat!("/wo", "rk/main"), concat!("index.crates", ".io")] {
        assert_finds(text::machines(&file("a.md", bad)), bad.split_at(5).0);
    }
    let lock = "source = \"registry+https://example.org/index\"";
    assert_finds(text::machines(&file("Cargo.lock", lock)), "example.org");
    assert_none(complaints("", text::machines));
}

#[test]
fn pages_have_one_heading_and_links_that_lead_somewhere() {
    let exists = |path: &Path| path == Path::new("docs/formats.md");
    let bad = file("docs/a.md", "# A\n```\n# no heading\n```\n# B\n[x](formats.md) [y](gone.md#z)");
    assert_finds(text::headings(&bad), "2 headings");
    assert_eq!(text::links(&bad, exists), ["link to gone.md leads nowhere"]);
    assert_none(complaints(".md", text::headings));
    assert_none(complaints(".md", |file| text::links(file, |path| root().join(path).exists())));
}

#[test]
fn decisions_are_in_the_index() {
    let page = |path: &str, text: &str| file(path, text);
    let decision = "# 0001: A\n## Context\n## Decision\n## Consequences\n";
    let index = [page("ARCHITECTURE.md", "# A"), page("docs/decisions/0001-a.md", decision)];
    assert_finds(text::decisions(&index), "0001-a");
    let short = [page("docs/decisions/0001-a.md", "# 0002: A\n## Context\n")];
    assert_finds(text::decisions(&short), "Consequences");
    assert_finds(text::decisions(&short), "heading");
    assert_none(text::decisions(&files()));
}

#[test]
fn vectors_are_all_read() {
    let unused = [file("tests/vectors/old.json", "{}"), file("tests/vectors.rs", "new.json")];
    assert_finds(text::vectors(&unused), "old.json");
    assert_none(text::vectors(&files()));
}
