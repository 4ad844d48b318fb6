//! What a domain module offers, as its page shows it: types and signatures, taken from the source.

use std::{fs, path::Path};

/// What the files of a module declare in public, without comments and bodies.
pub(crate) fn of_module(domain: &Path, module: &str) -> String {
    let folder = domain.join(module);
    let mut files = vec![domain.join(format!("{module}.rs"))];
    if folder.is_dir() {
        let entries = fs::read_dir(&folder).expect("a folder").flatten();
        files = entries.map(|entry| entry.path()).collect();
        files.sort();
    }
    let text = |path: &_| fs::read_to_string(path).expect("a file of text");
    let parts = files.iter().map(text).map(|source| of_source(&source));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What one file declares. The source is formatted, so that its columns say what is inside what.
pub(crate) fn of_source(source: &str) -> String {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut lines = source.lines();
    let mut items = Vec::new();
    while let Some(line) = lines.next() {
        let is_type = ["pub struct ", "pub enum "].iter().any(|word| line.starts_with(word));
        let is_own = line.starts_with("impl") && !line.contains(" for ") && line.ends_with('{');
        if is_type {
            items.push(declared(line, &mut lines));
        } else if is_own || line.starts_with("pub trait ") {
            let inside = methods(line, &mut lines);
            items.extend(inside);
        } else if ["pub fn ", "pub const fn "].iter().any(|word| line.starts_with(word)) {
            items.push(signature(line, &mut lines));
        }
    }
    items.join("\n")
}

/// A type with its public parts.
fn declared<'a>(line: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    if !line.ends_with('{') {
        return format!("{line}\n");
    }
    let is_enum = line.starts_with("pub enum ");
    let inside = lines.take_while(|inner| *inner != "}");
    let shown = inside.filter(|inner| {
        let inner = inner.trim_start();
        let said = inner.starts_with("//") || inner.starts_with("#[");
        !said && (is_enum || inner.starts_with("pub "))
    });
    let shown: String = shown.map(|inner| format!("{inner}\n")).collect();
    // A variant stands on one line.
    let shown = shown.replace(" {\n        ", " { ").replace(",\n        ", ", ");
    let shown = shown.replace(",\n    },\n", " },\n");
    if shown.is_empty() { format!("{line} .. }}\n") } else { format!("{line}\n{shown}}}\n") }
}

/// An `impl` or a trait with the signatures of its public methods; none where it has none.
fn methods<'a>(line: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let is_trait = line.starts_with("pub trait ");
    let mut shown = String::new();
    while let Some(inner) = lines.next().filter(|inner| *inner != "}") {
        let words = if is_trait { &["    fn "][..] } else { &["    pub fn ", "    pub const "] };
        if words.iter().any(|word| inner.starts_with(word)) {
            shown.push_str(&signature(inner, lines));
        }
    }
    (!shown.is_empty()).then(|| format!("{line}\n{shown}}}\n"))
}

/// A function up to its body, a constant up to its value.
fn signature<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut line = Some(first);
    while let Some(part) = line {
        if !part.contains("fn ") && text.is_empty() {
            let head = part.split(" = ").next().unwrap_or(part);
            return format!("{};\n", head.trim_end_matches(';'));
        }
        match part.strip_suffix(" {").or_else(|| part.strip_suffix(';')) {
            Some(last) => return format!("{text}{last};\n"),
            None => text.push_str(&format!("{part}\n")),
        }
        line = lines.next();
    }
    text
}
