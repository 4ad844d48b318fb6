//! Writing a lock that was lost, from the specification of the code that was deployed.

use super::{
    file::{LockFile, LockedField},
    layout::Layout,
};
use dure_abi::spec::ContractSpec;

/// The text of the `dure.lock` that code was built with, by its specification; none when that is of
/// no contract that `dure build` made: its names are no words, or its types go on for ever.
///
/// Of a field that was retired the specification has the id and the name: kind and type are `?`.
#[must_use]
pub fn lock_of(spec: &ContractSpec) -> Option<String> {
    let layout = Layout::of(spec);
    let retired = spec.history.retired.iter().map(|field| LockedField {
        id: field.id,
        name: field.name.clone(),
        was: Vec::new(),
        kind: "?".into(),
        key: None,
        value: "?".into(),
        parts: Vec::new(),
        retired: true,
    });
    let is_whole = layout.is_whole();
    let mut fields: Vec<_> = layout.fields.into_iter().chain(retired).collect();
    fields.sort_by_key(|field| field.id);
    let version = spec.history.version;
    let lock = LockFile { version, contract: spec.name.clone(), fields, types: layout.types };
    let text = lock.render();
    // A stranger's names may hold quotes and line ends: then the file says something else.
    (is_whole && LockFile::parse(&text).ok()? == lock).then_some(text)
}
