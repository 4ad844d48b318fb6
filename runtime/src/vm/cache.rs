//! Compiled modules that outlive the process, so that a node that starts again does not compile
//! again. Nothing that a block does depends on them.
//!
//! An entry is key (32 bytes) | BLAKE3 of the rest (32) | what wasmtime serialised. The key is of
//! the WASM that was compiled, of wasmtime's own settings and version, and of the gas table: an
//! entry of another release, or a torn one, is not read and is written anew. Who may write to the
//! cache runs code in this process, as who may write to the node's program does.

use super::gas;
use dure_types::{Hash, domain::blake3_hash};
use std::hash::{Hash as _, Hasher};
use wasmtime::{Engine, Module};

/// Bytes before the serialised module.
const HEAD_BYTES: usize = 64;

/// Where compiled modules are kept.
pub trait CodeCache: Send + Sync {
    /// The entry of a code hash; none when there is none or it cannot be read.
    fn read(&self, code: Hash) -> Option<Vec<u8>>;
    /// Keeps an entry in the place of the one before. Where this fails, the module is compiled
    /// again at the next start.
    fn write(&self, code: Hash, entry: &[u8]);
}

/// Which entries this engine can use for a module.
pub(super) fn key(engine: &Engine, wasm: &[u8]) -> Hash {
    let mut settings = Blake3(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut settings);
    settings.0.update(&gas::table_hash().0);
    settings.0.update(&blake3_hash(wasm).0);
    Hash(*settings.0.finalize().as_bytes())
}

pub(super) fn entry(key: Hash, module: &Module) -> wasmtime::Result<Vec<u8>> {
    let serialised = module.serialize()?;
    Ok([key.0.as_slice(), &blake3_hash(&serialised).0, &serialised].concat())
}

/// The module of an entry, if the entry is whole and of this key.
pub(super) fn module(engine: &Engine, wanted: Hash, entry: &[u8]) -> Option<Module> {
    let (head, serialised) = entry.split_at_checked(HEAD_BYTES)?;
    let (key, checksum) = head.split_at_checked(32)?;
    if key != wanted.0 || checksum != blake3_hash(serialised).0 {
        return None;
    }
    // SAFETY: `entry` wrote these bytes as wasmtime serialised them, which the checksum shows, on an
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
