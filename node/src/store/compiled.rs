//! Compiled contracts in files beside the databases, for a quick start. They may be deleted.

use dure_runtime::CodeCache;
use dure_types::Hash;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use tracing::warn;

/// Files that a start looks at: more than this are left to the next.
const FILES_MAX: usize = 65_536;

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

    fn prune(&self, keep: &mut dyn FnMut(Hash, Hash) -> bool) -> io::Result<()> {
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        for file in files.take(FILES_MAX) {
            let path = file?.path();
            if !head(&path)?.is_some_and(|(code, settings)| keep(code, settings)) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// The code hash and the settings of a file; none when it is no entry, or a torn one.
fn head(path: &Path) -> io::Result<Option<(Hash, Hash)>> {
    let (mut code, mut settings) = ([0; 32], [0; 32]);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if hex::decode_to_slice(name, &mut code).is_err() {
        return Ok(None);
    }
    match File::open(path)?.read_exact(&mut settings) {
        Ok(()) => Ok(Some((Hash(code), Hash(settings)))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
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
    fn lacks(&self, code: Hash, reason: &str) {
        warn!(%code, reason, "compiled code is not kept; the next start compiles it");
    }

    fn retain(&self, keep: &mut dyn FnMut(Hash, Hash) -> bool) {
        if let Err(error) = self.prune(keep) {
            let folder = self.folder.display();
            warn!(%folder, %error, "compiled code that is of no use may still be there");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPILED_FOLDER, CompiledFiles};
    use dure_runtime::CodeCache;
    use dure_types::Hash;
    use std::{fs, path::Path};

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_is_of_use_outlives_a_start() {
        let data = tempfile::tempdir().unwrap();
        let cache = CompiledFiles::of(data.path());
        // Nothing was compiled yet.
        cache.retain(&mut |_, _| panic!("there is no entry"));
        let (own, other) = (Hash([7; 32]), Hash([8; 32]));
        let [kept, foreign, gone, torn] = [1, 2, 3, 4].map(|byte| Hash([byte; 32]));
        let entry = |settings: Hash| [settings.0.as_slice(), b"and the rest"].concat();
        cache.write(kept, &entry(own));
        cache.write(foreign, &entry(other));
        cache.write(gone, &entry(own));
        cache.write(torn, &[7; 31]);
        let folder = data.path().join(COMPILED_FOLDER);
        fs::write(folder.join("0101.new"), b"half").unwrap();
        cache.retain(&mut |code, settings| settings == own && code != gone);
        assert_eq!(names(&folder), [hex::encode(kept.0)]);
        assert_eq!(cache.read(kept), Some(entry(own)));
    }
}
