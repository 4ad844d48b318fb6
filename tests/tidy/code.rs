//! Rules for Rust files.

use crate::File;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};

/// Lines of a file, and of a function from `fn` to its closing brace.
const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

/// No file and no function is longer than one can hold in mind.
pub(crate) fn sizes(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        complaints.push(format!("{lines} lines; allowed are {FILE_LINES_MAX}"));
    }
    match syn::parse_file(&file.text) {
        Ok(parsed) => {
            let mut functions = Functions { complaints };
            functions.visit_file(&parsed);
            functions.complaints
        }
        Err(error) => {
            complaints.push(format!("does not parse: {error}"));
            complaints
        }
    }
}

struct Functions {
    complaints: Vec<String>,
}

impl Functions {
    fn check(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        let lines = last - first + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = &signature.ident;
            self.complaints
                .push(format!("`{name}` has {lines} lines; allowed are {FUNCTION_LINES_MAX}"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.check(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.check(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.check(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// A file opens with what it is for.
pub(crate) fn documentation(file: &File) -> Vec<String> {
    let first = file.text.lines().find(|line| !line.starts_with("#!["));
    if first.is_some_and(|line| line.starts_with("//!")) {
        Vec::new()
    } else {
        vec!["opens without a module doc".to_owned()]
    }
}

/// Nothing is promised in place of being done.
pub(crate) fn stubs(file: &File) -> Vec<String> {
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];
    marks
        .into_iter()
        .filter(|mark| file.text.contains(mark))
        .map(|mark| format!("{mark} is a stub"))
        .collect()
}

/// Every file of a `src` folder is a module of the file above it.
pub(crate) fn dead(files: &[File]) -> Vec<String> {
    let rust: Vec<_> = files.iter().filter(|file| file.path.ends_with(".rs")).collect();
    let declared: BTreeSet<String> = rust.iter().flat_map(|file| children(file)).collect();
    rust.iter()
        .filter(|file| file.path.contains("/src/") && !file.path.contains("/src/bin/"))
        .filter(|file| !["/src/lib.rs", "/src/main.rs"].iter().any(|end| file.path.ends_with(end)))
        .map(|file| file.path.trim_end_matches(".rs").trim_end_matches("/mod"))
        .filter(|module| !declared.contains(*module))
        .map(|module| format!("{module}.rs is no module of the file above it"))
        .collect()
}

/// Modules that a file declares, as paths without ending.
fn children(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let own = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        other => format!("{folder}/{}", other.trim_end_matches(".rs")),
    };
    let parsed = syn::parse_file(&file.text);
    let items = parsed.map(|parsed| parsed.items).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| match item {
            syn::Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
            _ => None,
        })
        .map(|module| format!("{own}/{module}"))
        .collect()
}
