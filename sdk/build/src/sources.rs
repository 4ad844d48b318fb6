//! Where the sources lie on this machine, so that no such place reaches the bytes of a module.

use crate::{BuildError, compile};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Finds the folders, with the packages' names, of a workspace and of all it names by path.
///
/// Outer folders come before the folders inside them: of the prefixes that fit, the compiler takes
/// the last.
pub(crate) fn find(metadata: &Value) -> Result<Vec<(PathBuf, String)>, BuildError> {
    let mut found = BTreeMap::new();
    let mut open = read(metadata, &mut found);
    while let Some(folder) = open.pop() {
        if !found.contains_key(&folder) {
            let metadata = compile::metadata(&folder.join("Cargo.toml"))?;
            open.extend(read(&metadata, &mut found));
            // Cargo may spell the folder in another way.
            found.entry(folder).or_insert_with(|| "source".into());
        }
    }
    Ok(found.into_iter().collect())
}

/// Notes the packages and returns the folders that they depend on.
fn read(metadata: &Value, found: &mut BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let mut named = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = package["manifest_path"].as_str().map(Path::new);
        let folder = manifest.and_then(Path::parent).map(Path::to_path_buf);
        if let (Some(folder), Some(name)) = (folder, package["name"].as_str()) {
            found.insert(folder, name.to_owned());
        }
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        // What only tests use is not in the module. Its place among the compiler's arguments would
        // compile the SDK anew for every contract that has other ones.
        let used = dependencies.filter(|one| one["kind"] != "dev");
        named.extend(used.filter_map(|one| one["path"].as_str().map(PathBuf::from)));
    }
    named
}
