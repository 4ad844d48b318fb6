//! The book: its pages show only what is compiled and run, and lead where they say.
//!
//! A page takes code from `docs/book/listings` (or another file of the repository) by an include
//! with an anchor; what it writes itself is output, in a block of `text`. The listings are run by
//! the tests of their crates, the scripts by `node/tests/book`.

#[path = "book/api.rs"]
mod api;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// Files of the listings that no page shows: what cargo needs around them.
const SCAFFOLDING: &[&str] = &[
    "Cargo.toml",
    "lunch/dure.lock",
    "native/src/lib.rs",
    "native/tests/main.rs",
    "native/tests/concept/mod.rs",
    "native/tests/domain/mod.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// Every file under a folder, with its text.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read_to_string(&path).expect("a file of text"));
        }
    }
    found
}

fn pages() -> BTreeMap<PathBuf, String> {
    files(&root().join("docs/book/src"))
}

/// A block of a page: what stands behind the fence, and its lines.
struct Block<'a> {
    info: &'a str,
    lines: Vec<&'a str>,
}

/// The blocks of a page and the lines outside them.
fn parts(page: &str) -> (Vec<Block<'_>>, Vec<&str>) {
    let (mut blocks, mut prose, mut open) = (Vec::new(), Vec::new(), None);
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(info), None) => open = Some(Block { info: info.trim(), lines: Vec::new() }),
            (None, Some(Block { info, mut lines })) => {
                lines.push(line);
                open = Some(Block { info, lines });
            }
            (None, None) => prose.push(line),
        }
    }
    blocks.extend(open);
    (blocks, prose)
}

/// What a line includes: a path and, behind a colon, an anchor.
fn include(line: &str) -> Option<(&str, Option<&str>)> {
    let inner = line.trim().strip_prefix("{{#")?.strip_suffix("}}")?;
    let (word, target) = inner.split_once(' ')?;
    if word != "include" && word != "rustdoc_include" {
        return None;
    }
    Some(match target.split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    })
}

/// Names after a mark of mdBook's, such as `ANCHOR:`.
fn anchors<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let name = line.split_once(mark)?.1.trim();
        name.split_whitespace().next()
    })
}

/// Whether a file has an anchor from one line to another.
fn has_anchor(text: &str, name: &str) -> bool {
    anchors(text, "ANCHOR: ").any(|found| found == name)
        && anchors(text, "ANCHOR_END: ").any(|found| found == name)
}

/// Code comes by an include; what a page writes itself is `text`.
fn literal_code(page: &str) -> Vec<String> {
    let (blocks, prose) = parts(page);
    let mut complaints: Vec<String> = prose
        .into_iter()
        .filter(|line| line.contains("{{#"))
        .map(|line| format!("an include outside a block: {line}"))
        .collect();
    for block in blocks {
        let included = block.lines.iter().filter(|line| include(line).is_some()).count();
        let all = !block.lines.is_empty() && included == block.lines.len();
        if !all && (block.info != "text" || included > 0) {
            let first = block.lines.first().copied().unwrap_or_default();
            complaints.push(format!("a literal block of `{}`: {first}", block.info));
        }
    }
    complaints
}

/// Includes lead to a file, and to an anchor in it.
fn includes(path: &Path, page: &str) -> (Vec<(PathBuf, Option<String>)>, Vec<String>) {
    let (mut shown, mut complaints) = (Vec::new(), Vec::new());
    let folder = path.parent().unwrap_or(Path::new(""));
    for (target, anchor) in page.lines().filter_map(include) {
        let file = plain(&folder.join(target));
        match (fs::read_to_string(&file), anchor) {
            (Err(error), _) => complaints.push(format!("{target}: {error}")),
            (Ok(text), Some(anchor)) if !has_anchor(&text, anchor) => {
                complaints.push(format!("{target} has no anchor {anchor}"));
            }
            (Ok(text), None) if text.contains("ANCHOR") => {
                complaints.push(format!("{target} has anchors: name one"));
            }
            (Ok(_), _) => shown.push((file, anchor.map(str::to_owned))),
        }
    }
    (shown, complaints)
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// What a heading is called in a link, as mdBook has it.
fn slug(heading: &str) -> String {
    let plain = heading.to_lowercase();
    let kept = plain.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Links within the book lead to a page and a heading.
fn links(path: &Path, page: &str, pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut complaints = Vec::new();
    for target in parts(page).1.iter().flat_map(|line| line.split("](").skip(1)) {
        let target = target.split(')').next().unwrap_or_default();
        if target.contains("://") {
            continue;
        }
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let file = if file.is_empty() { path.to_path_buf() } else { plain(&folder.join(file)) };
        let Some(text) = pages.get(&file) else {
            complaints.push(format!("{target} is no page of the book"));
            continue;
        };
        let prose = parts(text).1;
        let mut headings = prose.iter().filter(|line| line.starts_with('#'));
        let there = |line: &&str| slug(line.trim_start_matches('#').trim()) == heading;
        if !heading.is_empty() && !headings.any(there) {
            complaints.push(format!("{target}: no such heading"));
        }
    }
    complaints
}

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn of_every_page(check: impl Fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    let named = |path: &Path, what: String| {
        let shown = path.strip_prefix(root()).unwrap_or(path);
        format!("{}: {what}", shown.display())
    };
    let pages = pages();
    let all = pages.iter().flat_map(|(path, page)| {
        check(path, page).into_iter().map(|what| named(path, what)).collect::<Vec<_>>()
    });
    all.collect()
}

#[test]
fn code_is_never_written_into_a_page() {
    let bad = "# A\n```rust\nfn a() {}\n```\n```sh\n{{#include a.sh:b}}\nls\n```\n";
    assert_eq!(literal_code(bad).len(), 2);
    assert_none(literal_code("```text\n70\n```\n```rust,ignore\n{{#include a.rs:b}}\n```\n"));
    assert_none(of_every_page(|_, page| literal_code(page)));
}

#[test]
fn includes_lead_somewhere_and_every_listing_is_shown() {
    let here = root().join("tests/book.rs");
    let (_, bad) = includes(&here, "{{#include gone.rs:a}}\n{{#include Cargo.toml:none}}");
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert_none(of_every_page(|path, page| includes(path, page).1));

    let shown: Vec<_> = pages().iter().flat_map(|(path, page)| includes(path, page).0).collect();
    let folder = root().join("docs/book/listings");
    let mut hidden = Vec::new();
    for (path, text) in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        let mut names = anchors(&text, "ANCHOR: ").map(Some).collect::<Vec<_>>();
        if SCAFFOLDING.iter().any(|known| path.ends_with(known)) {
            continue;
        }
        if names.is_empty() {
            names.push(None);
        }
        for anchor in names {
            let anchor = anchor.map(str::to_owned);
            if !shown.iter().any(|(file, part)| (file, part) == (&path, &anchor)) {
                hidden.push(format!("{name}: no page shows {anchor:?}"));
            }
        }
    }
    assert_none(hidden);
}

/// What the last lines of a page say of the files that it includes; of what was printed, the folder.
fn unnamed(path: &Path, page: &str) -> Vec<String> {
    let foot = page.rsplit_once("\n*Listings:*").map_or("", |(_, foot)| foot);
    let shown = includes(path, page).0;
    let root = root();
    let named = |file: &Path| foot.contains(&format!("`{}`", file.display()));
    let files = shown.iter().map(|(file, _)| file.strip_prefix(&root).unwrap_or(file));
    let missing = files.filter(|file| !named(file) && !file.parent().is_some_and(named));
    missing.map(|file| format!("its last line does not name {}", file.display())).collect()
}

#[test]
fn a_page_read_raw_names_the_files_of_its_listings() {
    let here = root().join("tests/book.rs");
    let page = "```rs\n{{#include src/lib.rs}}\n```\n\n*Listings:* ";
    assert_eq!(unnamed(&here, &format!("{page}`src/lib.rs`\n")).len(), 1);
    assert_none(unnamed(&here, &format!("{page}`tests/src/lib.rs`\n")));
    assert_none(of_every_page(unnamed));
}

#[test]
fn pages_of_modules_show_the_signatures_of_the_source() {
    let source = "impl A {\n    /// Says.\n    pub fn a(\n        &self,\n    ) -> u8 {\n        \
                  1\n    }\n\n    fn b() {}\n}\n\npub enum E {\n    /// Is.\n    A,\n}\n";
    let shown =
        "impl A {\n    pub fn a(\n        &self,\n    ) -> u8;\n}\n\npub enum E {\n    A,\n}\n";
    assert_eq!(api::of_source(source), shown);

    let domain = root().join("sdk/src/domain");
    let listings = root().join("docs/book/listings/api");
    let mut stale = Vec::new();
    for page in pages().into_keys().filter(|page| page.parent().is_some_and(is_domain)) {
        let module = page.file_stem().expect("a page").to_string_lossy().into_owned();
        if module == "index" {
            continue;
        }
        let (path, now) =
            (listings.join(format!("{module}.txt")), api::of_module(&domain, &module));
        if fs::read_to_string(&path).unwrap_or_default() == now {
            continue;
        }
        if std::env::var_os("UPDATE_BOOK").is_some() {
            fs::create_dir_all(&listings).expect("a folder");
            fs::write(&path, now).expect("a file");
        } else {
            stale.push(format!("{module}: UPDATE_BOOK=1 writes the signatures anew"));
        }
    }
    assert_none(stale);
}

fn is_domain(folder: &Path) -> bool {
    folder.ends_with("docs/book/src/domain")
}

#[test]
fn the_summary_lists_every_page_once() {
    let folder = root().join("docs/book/src");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).expect("the summary");
    let listed: Vec<PathBuf> = summary
        .lines()
        .filter_map(|line| line.split_once("](")?.1.split(')').next())
        .map(|page| folder.join(page))
        .collect();
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice");
    let there: BTreeSet<_> =
        pages().into_keys().filter(|path| !path.ends_with("SUMMARY.md")).collect();
    assert_eq!(once, there);
}

#[test]
fn links_of_the_book_lead_to_pages_and_headings() {
    let page = PathBuf::from("src/a.md");
    let pages_of = BTreeMap::from([(page.clone(), "# A\n## Two words: here\n".to_owned())]);
    assert_none(links(&page, "[x](#two-words-here) [y](a.md)", &pages_of));
    assert_eq!(links(&page, "[x](#gone) [y](b.md)", &pages_of).len(), 2);
    let pages = pages();
    assert_none(of_every_page(|path, page| links(path, page, &pages)));
}

#[test]
fn the_gas_table_has_the_figures_of_the_runtime() {
    use dure_runtime::vm::gas;
    let shown = |number: u64| {
        let digits = number.to_string();
        match digits.len().checked_sub(3).filter(|head| *head > 0) {
            Some(head) => format!("{},{}", &digits[..head], &digits[head..]),
            None => digits,
        }
    };
    let page = fs::read_to_string(root().join("docs/book/src/concepts/gas.md")).expect("the page");
    for (row, figures) in [
        (
            "a transaction, before its first call",
            &[gas::TRANSACTION, gas::TRANSACTION_BYTE] as &[_],
        ),
        ("entering a contract", &[gas::ENTER]),
        ("reading a stored value", &[gas::STORAGE_READ]),
        ("writing a stored value", &[gas::STORAGE_WRITE, gas::KEEP_BYTE]),
        ("adding to or taking from a balance", &[gas::AMOUNT]),
        ("reading a published value", &[gas::PUBLISHED_READ]),
        ("each entry that an iteration fetches", &[gas::SCAN_ENTRY]),
        ("an event", &[gas::EVENT, gas::KEEP_BYTE]),
        ("a page of memory", &[gas::PAGE]),
        ("checking an Ed25519 signature", &[gas::ED25519, gas::ED25519_BYTE]),
        ("storing a module", &[gas::DEPLOY, gas::DEPLOY_BYTE, gas::COMPILE_WORK]),
    ] {
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("| {row}")));
        let line = line.unwrap_or_else(|| panic!("no row {row}"));
        let cost = line.rsplit('|').nth(1).unwrap_or_default();
        let words = cost.split_whitespace().map(|word| word.trim_matches(','));
        let found: Vec<&str> = words.filter(|word| word.starts_with(char::is_numeric)).collect();
        let expect: Vec<String> = figures.iter().map(|figure| shown(*figure)).collect();
        assert_eq!(found, expect, "{row}");
    }
}
