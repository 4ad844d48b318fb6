//! Building the contract under test.

use crate::TestFailure;
use dure_build::BuildRequest;
use std::{io::Write, path::Path};

/// Builds the contract crate in a folder.
pub(crate) fn build(manifest_dir: &Path) -> Result<Vec<u8>, TestFailure> {
    let request = BuildRequest { manifest_dir: manifest_dir.to_path_buf(), ..Default::default() };
    let mut told = false;
    let mut tell = |line: &str| {
        // The first of what a build tells: it may take a minute, and a test that is silent looks
        // as if it hung. Past the harness, which hides what a test prints; nobody may hear it.
        if !std::mem::replace(&mut told, true) {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    };
    let built = dure_build::build_unpinned(&request, &mut tell);
    built.map(|built| built.wasm).map_err(|error| TestFailure::Build(error.to_string()))
}
