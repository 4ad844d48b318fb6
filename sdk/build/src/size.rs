//! What the bytes of a module are spent on.

use std::collections::BTreeMap;
use wasmparser::{CustomSectionReader, KnownCustom, Name, Parser, Payload};

/// Bytes and counts of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Functions that it defines, the largest first.
    pub functions: Vec<FunctionSize>,
    /// Bytes of constants.
    pub data_bytes: usize,
    /// Exports.
    pub exports: usize,
    /// Types.
    pub types: usize,
    /// Globals.
    pub globals: usize,
    /// Functions that it imports.
    pub imports: usize,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSize {
    /// Its name in the source, without the compiler's hash.
    pub name: String,
    /// The crate that it is of, as far as the name tells.
    pub krate: String,
    /// Bytes of its body.
    pub bytes: usize,
}

/// Measures a module that still has its names; none when the bytes are no module.
#[must_use]
pub fn sizes(module: &[u8]) -> Option<Sizes> {
    let mut found = Sizes::default();
    let mut bodies = Vec::new();
    let mut known = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                found.imports = imports.into_imports().count();
            }
            Payload::TypeSection(types) => found.types = types.count() as usize,
            Payload::GlobalSection(globals) => found.globals = globals.count() as usize,
            Payload::ExportSection(exports) => found.exports = exports.count() as usize,
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(data) => {
                found.data_bytes = data.into_iter().flatten().map(|one| one.data.len()).sum();
            }
            Payload::CustomSection(section) => known.extend(names(&section)),
            _ => {}
        }
    }
    for (index, bytes) in bodies.into_iter().enumerate() {
        let raw = known.get(&(index + found.imports));
        let name = raw.map_or_else(|| format!("function {index}"), |raw| readable(raw));
        let krate = krate(&name);
        found.functions.push(FunctionSize { name, krate, bytes });
    }
    found.functions.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Some(found)
}

/// The functions that a custom section names, by index; nothing in other sections.
pub(crate) fn names(section: &CustomSectionReader<'_>) -> Vec<(usize, String)> {
    let KnownCustom::Name(sections) = section.as_known() else { return Vec::new() };
    let functions = sections.into_iter().flatten().filter_map(|name| match name {
        Name::Function(map) => Some(map),
        _ => None,
    });
    let named = functions.flat_map(|map| map.into_iter().flatten());
    named.map(|one| (one.index as usize, one.name.to_owned())).collect()
}

impl Sizes {
    /// Bytes of functions by crate, the largest first.
    #[must_use]
    pub fn by_crate(&self) -> Vec<(String, usize)> {
        let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
        for function in &self.functions {
            *sums.entry(&function.krate).or_default() += function.bytes;
        }
        let mut sums: Vec<(String, usize)> =
            sums.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        sums.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sums
    }
}

/// The compiler's symbol as its source has it.
pub(crate) fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// The crate that a name begins with: of `<alloc::vec::Vec<T> as codec::Encode>::encode`, `alloc`.
fn krate(name: &str) -> String {
    let start = name.trim_start_matches(['<', '&', '*', '(', '[']);
    let start = start.strip_prefix("mut ").or(start.strip_prefix("dyn ")).unwrap_or(start);
    match start.split_once("::") {
        Some((krate, _)) if krate.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            krate.to_owned()
        }
        // Entry points and what the linker adds.
        _ => "(no crate)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{krate, readable};

    #[test]
    fn a_name_tells_its_crate() {
        let check = |name: &str, expect: &str| assert_eq!(krate(name), expect, "{name}");
        check("points::points::dispatch", "points");
        check("<alloc::vec::Vec<u8> as codec::Encode>::encode", "alloc");
        check("<&mut dure_sdk::Cx>::call", "dure_sdk");
        check("memcpy", "(no crate)");
        check("dure_call", "(no crate)");
    }

    #[test]
    fn a_symbol_becomes_a_path_without_its_hash() {
        let symbol = "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE";
        assert_eq!(readable(symbol), "core::fmt::Formatter::pad");
        assert_eq!(readable("memset"), "memset");
    }
}
