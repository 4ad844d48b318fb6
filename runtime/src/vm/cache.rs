//! Compiled modules that outlive the process, so that a node that starts again does not compile
//! again. Nothing that a block does depends on them.
//!
//! An entry is settings (32 bytes) | BLAKE3 of the WASM that was compiled (32) | BLAKE3 of the
//! rest (32) | what wasmtime serialised. The settings are wasmtime's own, its version, and the gas
//! table: an entry of another release, or a torn one, is not read and is written anew. Who may write to the
//! cache runs code in this process, as who may write to the node's program does.

use super::gas;
use dure_types::{Hash, domain::blake3_hash};
use std::hash::{Hash as _, Hasher};
use wasmtime::{Engine, Module};

/// Bytes of settings and WASM, with which an entry begins.
const KEY_BYTES: usize = 64;

/// Where compiled modules are kept.
pub trait CodeCache: Send + Sync {
    /// The entry of a code hash; none when there is none or it cannot be read.
    fn read(&self, code: Hash) -> Option<Vec<u8>>;
    /// Keeps an entry in the place of the one before. Where this fails, the module is compiled
    /// again at the next start.
    fn write(&self, code: Hash, entry: &[u8]);
    /// Learns why a module has no entry to keep: it runs, and is compiled again at the next start.
    fn lacks(&self, code: Hash, reason: &str);
    /// Removes the entries that are not kept; `keep` is given the code hash, and the settings with
    /// which the entry begins.
    fn retain(&self, keep: &mut dyn FnMut(Hash, Hash) -> bool);
}

/// Which entries this engine can use at all.
pub(super) fn settings(engine: &Engine) -> Hash {
    let mut settings = Blake3(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut settings);
    settings.0.update(&gas::table_hash().0);
    Hash(*settings.0.finalize().as_bytes())
}

/// Which entries this engine can use for a module.
pub(super) fn key(engine: &Engine, wasm: &[u8]) -> Vec<u8> {
    [settings(engine).0, blake3_hash(wasm).0].concat()
}

/// Keeps what a module was serialised as; one that cannot be is a matter of the cache alone.
pub(super) fn keep(
    cache: &dyn CodeCache,
    code: Hash,
    key: &[u8],
    serialised: wasmtime::Result<Vec<u8>>,
) {
    match serialised {
        Ok(bytes) => cache.write(code, &[key, &blake3_hash(&bytes).0, &bytes].concat()),
        Err(error) => cache.lacks(code, &error.to_string()),
    }
}

/// The module of an entry, if the entry is whole and of this key.
pub(super) fn module(engine: &Engine, wanted: &[u8], entry: &[u8]) -> Option<Module> {
    let (key, rest) = entry.split_at_checked(KEY_BYTES)?;
    let (checksum, serialised) = rest.split_at_checked(32)?;
    if key != wanted || checksum != blake3_hash(serialised).0 {
        return None;
    }
    // SAFETY: `keep` wrote these bytes as wasmtime serialised them, which the checksum shows, on an
    // engine of the same settings, which the key shows.
    #[allow(unsafe_code, reason = "wasmtime cannot check machine code")]
    unsafe { Module::deserialize(engine, serialised) }.ok()
}

/// The standard library's hashing, by BLAKE3.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks: the 32 bytes are taken.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeCache, keep};
    use dure_types::{Hash, domain::blake3_hash};
    use std::sync::Mutex;

    #[derive(Default)]
    struct Told(Mutex<Vec<(Hash, Vec<u8>)>>);

    impl CodeCache for Told {
        fn read(&self, _: Hash) -> Option<Vec<u8>> {
            None
        }

        fn write(&self, code: Hash, entry: &[u8]) {
            self.0.lock().unwrap().push((code, entry.to_vec()));
        }

        fn lacks(&self, code: Hash, reason: &str) {
            self.0.lock().unwrap().push((code, reason.into()));
        }

        fn retain(&self, _: &mut dyn FnMut(Hash, Hash) -> bool) {}
    }

    #[test]
    fn a_module_that_cannot_be_serialised_is_told_and_not_kept() {
        let (cache, code) = (Told::default(), Hash([7; 32]));
        keep(&cache, code, b"key", Err(wasmtime::Error::msg("no room")));
        keep(&cache, code, b"key", Ok(b"bytes".to_vec()));
        let entry = [b"key".as_slice(), &blake3_hash(b"bytes").0, b"bytes"].concat();
        let told = cache.0.into_inner().unwrap();
        assert_eq!(told, [(code, b"no room".to_vec()), (code, entry)]);
    }
}
