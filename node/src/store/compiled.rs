//! Compiled contracts in files beside the databases, for a quick start. They may be deleted.

use dure_runtime::CodeCache;
use dure_types::Hash;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tracing::warn;

/// Name of the folder in the data directory.
pub const COMPILED_FOLDER: &str = "compiled";

/// A folder with a file for each code hash.
pub struct CompiledFiles {
    folder: PathBuf,
}

impl CompiledFiles {
    /// The folder of a data directory; made when first written to.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join(COMPILED_FOLDER) }
    }

    fn file(&self, code: Hash) -> PathBuf {
        self.folder.join(hex::encode(code.0))
    }

    fn replace(&self, code: Hash, entry: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let file = self.file(code);
        // Never two writers: a code hash is compiled by one thread at a time.
        let new = file.with_extension("new");
        fs::write(&new, entry)?;
        fs::rename(&new, &file)
    }
}

impl CodeCache for CompiledFiles {
    fn read(&self, code: Hash) -> Option<Vec<u8>> {
        fs::read(self.file(code)).ok()
    }

    /// Without an fsync: who reads it checks it.
    fn write(&self, code: Hash, entry: &[u8]) {
        if let Err(error) = self.replace(code, entry) {
            let folder = self.folder.display();
            warn!(%folder, %code, %error, "compiled code is not kept; the next start compiles it");
        }
    }
}
