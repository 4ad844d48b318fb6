//! Rules for names, pages and what may be written down.

use crate::File;
use std::path::{Component, Path, PathBuf};

/// Names under which anything could hide.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "manager"];

/// No folder or file has a name that says nothing.
pub(crate) fn names(file: &File) -> Vec<String> {
    let path = Path::new(&file.path);
    let folders = path.components().filter_map(|part| part.as_os_str().to_str());
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    folders
        .chain(stem)
        .filter(|name| EMPTY_NAMES.contains(name))
        .map(|name| format!("the name {name} says nothing"))
        .collect()
}

/// No file knows the machine that it was written on, or where its packages came from.
pub(crate) fn machines(file: &File) -> Vec<String> {
    if file.path == "Cargo.lock" || file.path.ends_with("/Cargo.lock") {
        let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        return file
            .text
            .lines()
            .filter(|line| line.starts_with("source = ") && *line != usual)
            .map(|line| format!("unusual {line}"))
            .collect();
    }
    let marks = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("registry.npmjs", ".org"),
        concat!("proxy.golang", ".org"),
        concat!("pypi", ".org"),
    ];
    marks
        .into_iter()
        .filter(|mark| file.text.contains(mark))
        .map(|mark| format!("names {mark}"))
        .collect()
}

/// Lines of a page outside its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// A page has one title.
pub(crate) fn headings(file: &File) -> Vec<String> {
    match prose(&file.text).filter(|line| line.starts_with("# ")).count() {
        1 => Vec::new(),
        count => vec![format!("{count} headings of the first level; a page has one")],
    }
}

/// Relative links lead to files that are there.
pub(crate) fn links(file: &File, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut complaints = Vec::new();
    for line in prose(&file.text) {
        for rest in line.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            let path = target.split(['#', ' ']).next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            if !exists(&plain(&folder.join(path))) {
                complaints.push(format!("link to {path} leads nowhere"));
            }
        }
    }
    complaints
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

/// Every decision has its four parts, the number of its name, and a place in the index.
pub(crate) fn decisions(files: &[File]) -> Vec<String> {
    let index = files.iter().find(|file| file.path == "ARCHITECTURE.md");
    let mut complaints = Vec::new();
    for file in files {
        let Some(name) = file.path.strip_prefix("docs/decisions/") else { continue };
        let stem = name.trim_end_matches(".md");
        let number = stem.split('-').next().unwrap_or_default();
        if !file.text.starts_with(&format!("# {number}: ")) {
            complaints.push(format!("{stem}: the heading does not start with {number}"));
        }
        for part in ["## Context", "## Decision", "## Consequences"] {
            if !file.text.lines().any(|line| line == part) {
                complaints.push(format!("{stem}: {part} is missing"));
            }
        }
        if index.is_some_and(|index| !index.text.contains(stem)) {
            complaints.push(format!("{stem} is not in the index of ARCHITECTURE.md"));
        }
    }
    complaints
}

/// Every file of golden bytes is read by a test.
pub(crate) fn vectors(files: &[File]) -> Vec<String> {
    let tests: String = files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && !file.path.starts_with("tests/tidy"))
        .map(|file| file.text.as_str())
        .collect();
    files
        .iter()
        .filter_map(|file| file.path.strip_prefix("tests/vectors/"))
        // Scenarios are played by the folder.
        .filter(|name| !name.starts_with("scenario/") && !tests.contains(name))
        .map(|name| format!("no test reads {name}"))
        .collect()
}
