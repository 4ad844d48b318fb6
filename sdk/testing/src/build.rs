//! Building the contract under test.

use crate::TestFailure;
use dure_build::BuildRequest;
use std::path::Path;

/// Builds the contract crate in a folder.
pub(crate) fn build(manifest_dir: &Path) -> Result<Vec<u8>, TestFailure> {
    let request = BuildRequest { manifest_dir: manifest_dir.to_path_buf(), ..Default::default() };
    let built = dure_build::build_for_test(&request, &mut |_| {});
    built.map(|built| built.wasm).map_err(|error| TestFailure::Build(error.to_string()))
}
