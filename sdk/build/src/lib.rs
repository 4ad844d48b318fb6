//! Builds a contract crate into the module that is deployed.
//!
//! The crate is compiled twice: once with the feature `spec` of `dure-sdk`, whose only extra export
//! is run in the sandbox and hands over the specification; once without, stripped, with the
//! specification appended as the custom section `dure.spec` (registry code left in a contract
//! costs 66 KB). The result is validated as a deploy would, so that what builds can be deployed.
//!
//! `dure.lock` beside the contract's manifest pins the ids of its storage fields: a build creates and
//! extends it, and refuses what contradicts it ([`LockError`]).
//!
//! The same sources, lock file and compiler give the same bytes on every machine, wherever the contract
//! and the SDK lie on it: the profile and the flags are fixed here, and no path of the machine is left
//! in the bytes nor in what the compiler orders functions by.
//!
//! The command line, the test chain and the project's own tasks all build through [`build`].

mod compile;
mod floats;
mod lock;
mod module;
mod size;
mod sources;
mod toolchain;
#[cfg(all(test, unix))]
mod toolchain_tests;
mod wrapper;

use codec::{Decode, DecodeAll, Encode};
use dure_abi::spec::ContractSpec;
use dure_types::{Hash, ModuleError};
use lock::{LockFile, LockMode, Settled};
use std::path::{Path, PathBuf};

pub use lock::{LOCK_FILE, LockError, lock_of};
pub use size::{FunctionSize, Sizes, sizes};
pub use toolchain::{Toolchain, ToolchainError};

/// What to build.
#[derive(Clone, Debug, Default)]
pub struct BuildRequest {
    /// Folder of the contract's `Cargo.toml`.
    pub manifest_dir: PathBuf,
    /// Where cargo puts its files; by default `CARGO_TARGET_DIR` or `target` of the workspace. A
    /// folder `dure` inside it is used, so that a running `cargo test` does not block the build.
    pub target_dir: Option<PathBuf>,
    /// Refuse to change `Cargo.lock` and `dure.lock`.
    pub locked: bool,
    /// Build from what is downloaded already.
    pub offline: bool,
}

impl BuildRequest {
    /// Passes the caller's restrictions on to a cargo command.
    fn restrict(&self, cargo: &mut std::process::Command) {
        if self.locked {
            cargo.arg("--locked");
        }
        if self.offline {
            cargo.arg("--offline");
        }
    }
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Built {
    /// The module, ready to be deployed.
    pub wasm: Vec<u8>,
    /// What it offers.
    pub spec: ContractSpec,
    /// Where the module was written.
    pub path: PathBuf,
    /// BLAKE3 of the module: its name on chain.
    pub code_hash: Hash,
    /// What the bytes are spent on.
    pub sizes: Sizes,
}

/// Says why a contract was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No way to compile for `wasm32-unknown-unknown` was found.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The folder is no crate of a contract.
    #[error("{path}: {reason}")]
    Crate {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The compiler refused; its words.
    #[error("cargo failed:\n{0}")]
    Compiler(String),
    /// The contract contradicts its lock, or there is none where there must be.
    #[error("{}: {error}{}{}", .path.display(), error.way_out(), arrow(.place))]
    Lock {
        /// The lock file.
        path: Box<Path>,
        /// Where the source declares the field that is meant, file and line.
        place: Option<Box<str>>,
        /// What is wrong.
        error: LockError,
    },
    /// The spec build did not hand over a specification.
    #[error("specification: {0}")]
    Spec(String),
    /// The module would be refused at deploy.
    #[error("the module would be refused at deploy: {0}{advice}", advice = way_out(.0))]
    Module(ModuleError),
    /// The contract computes with floats.
    #[error(
        "`{function}` computes with floats, which no node runs: count in the smallest unit \
         (`Amount`, `u64`), or use `Ratio`; a function of a library does so, too, where it is called"
    )]
    Floats {
        /// A function of the module that does, by its name in the source; others may be compiled
        /// into it.
        function: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Points at a place as the compiler does.
fn arrow(place: &Option<Box<str>>) -> String {
    place.as_ref().map_or_else(String::new, |place| format!("\n  --> {place}"))
}

/// What helps beyond mending the contract.
const fn way_out(error: &ModuleError) -> &'static str {
    match error {
        ModuleError::Import { .. } => {
            "; `dure` and the contract's `dure-sdk` are of different versions: build `dure` again \
             from the checkout that the contract uses"
        }
        _ => "",
    }
}

/// What the specification build hands over.
#[derive(Decode)]
struct Described {
    spec: ContractSpec,
    /// Where fields are declared, file and line.
    places: Vec<(u16, String)>,
}

/// Builds a contract crate. `progress` is told what happens, a line each.
///
/// # Errors
/// [`BuildError`] says what to do about it.
pub fn build(request: &BuildRequest, progress: &mut dyn FnMut(&str)) -> Result<Built, BuildError> {
    let mode = if request.locked { LockMode::Locked } else { LockMode::Write };
    build_as(request, mode, progress)
}

/// As [`build`], but writes no `dure.lock`: for tests of a contract that is not finished, and for
/// trying out. What contradicts a lock that is there is refused all the same.
///
/// # Errors
/// [`BuildError`] says what to do about it.
pub fn build_unpinned(
    request: &BuildRequest,
    progress: &mut dyn FnMut(&str),
) -> Result<Built, BuildError> {
    build_as(request, LockMode::Keep, progress)
}

fn build_as(
    request: &BuildRequest,
    mode: LockMode,
    progress: &mut dyn FnMut(&str),
) -> Result<Built, BuildError> {
    let toolchain = Toolchain::find()?;
    let package = compile::Package::read(&request.manifest_dir, request)?;
    let path = package.output();
    built(&toolchain, package, request, mode, progress).inspect_err(|_| {
        // The module of older sources is not what was asked for: nobody may deploy it by mistake.
        // It may never have been there.
        let _ = std::fs::remove_file(path);
    })
}

fn built(
    toolchain: &Toolchain,
    mut package: compile::Package,
    request: &BuildRequest,
    mode: LockMode,
    progress: &mut dyn FnMut(&str),
) -> Result<Built, BuildError> {
    let lock_path = package.folder().join(LOCK_FILE);
    let lock = read_lock(&lock_path, mode)?;
    package.lock_mark = lock_mark(lock.as_ref());
    progress(&format!("compiling {} to WASM for its specification", package.name));
    let spec_module = compile::wasm(toolchain, &package, request, true, progress)?.module;
    let bytes = dure_runtime::vm::run_spec(&read(&spec_module)?)
        .map_err(|error| BuildError::Spec(error.to_string()))?;
    let described = Described::decode_all(&mut bytes.as_slice())
        .map_err(|error| BuildError::Spec(error.to_string()))?;
    let settled = settle(&lock_path, lock.as_ref(), &described, mode)?;
    let spec = described.spec;
    progress(&format!("compiling {} to WASM", package.name));
    let compiled = compile::wasm(toolchain, &package, request, false, progress)?;
    compiled.warnings.lines().for_each(&mut *progress);
    let plain = read(&compiled.module)?;
    let wasm = module::with_spec(&plain, &spec.encode())
        .ok_or_else(|| BuildError::Spec("the compiler's output is not a WASM module".into()))?;
    dure_runtime::vm::validate(&wasm).map_err(|error| unfit(error, &plain))?;
    let path = package.output();
    write(&path, &wasm)?;
    // Last: a build that did not end leaves the lock of what was built before it.
    if let (LockMode::Write, Some(settled)) = (mode, settled) {
        pin(&lock_path, &settled, progress)?;
    }
    let code_hash = dure_types::domain::blake3_hash(&wasm);
    let sizes = sizes(&plain).unwrap_or_default();
    Ok(Built { wasm, spec, path, code_hash, sizes })
}

/// A refusal at deploy, where it is for floats with the function that has them.
fn unfit(error: ModuleError, plain: &[u8]) -> BuildError {
    let floats = match &error {
        ModuleError::Opcode { .. } | ModuleError::Type { .. } => floats::find(plain),
        _ => None,
    };
    match floats {
        Some(function) => BuildError::Floats { function },
        None => BuildError::Module(error),
    }
}

fn refused(path: &Path) -> impl FnOnce(LockError) -> BuildError {
    let path = path.into();
    move |error| BuildError::Lock { path, place: None, error }
}

fn read_lock(path: &Path, mode: LockMode) -> Result<Option<LockFile>, BuildError> {
    match std::fs::read_to_string(path) {
        Ok(text) => LockFile::parse(&text).map(Some).map_err(refused(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match mode {
            LockMode::Locked => Err(refused(path)(LockError::Missing)),
            LockMode::Write | LockMode::Keep => Ok(None),
        },
        Err(error) => Err(io(path)(error)),
    }
}

/// What the source depends on of its lock: cargo compiles again when it changes.
fn lock_mark(lock: Option<&LockFile>) -> String {
    lock.map_or_else(String::new, |lock| {
        dure_types::domain::blake3_hash(lock.render().as_bytes()).to_string()
    })
}

/// Holds the contract against its lock; what is new, if there is something and it may be written.
fn settle(
    path: &Path,
    lock: Option<&LockFile>,
    described: &Described,
    mode: LockMode,
) -> Result<Option<Settled>, BuildError> {
    let settled = lock::settle(lock, &described.spec).map_err(|error| {
        let place = described.places.iter().find(|(id, _)| error.field() == Some(*id));
        let place = place.map(|(_, place)| place.as_str().into());
        BuildError::Lock { path: path.into(), place, error }
    })?;
    match (settled.changes.first(), mode) {
        (None, _) => Ok(None),
        (Some(first), LockMode::Locked) => {
            Err(refused(path)(LockError::Stale { change: first.clone() }))
        }
        (Some(_), LockMode::Write | LockMode::Keep) => Ok(Some(settled)),
    }
}

/// Writes the lock and says what is new in it.
fn pin(path: &Path, settled: &Settled, progress: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
    write(path, settled.lock.render().as_bytes())?;
    for change in &settled.changes {
        progress(&format!("{LOCK_FILE}: {change}"));
    }
    progress(&format!("{} pins the storage: commit it", path.display()));
    Ok(())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_path_buf();
    move |source| BuildError::Io { path, source }
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(path).map_err(io(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io(folder))?;
    }
    // Two test binaries may build the same contract: nobody may read half a file.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, bytes).map_err(io(&partial))?;
    std::fs::rename(&partial, path).map_err(io(path))
}
