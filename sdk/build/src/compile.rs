//! Running cargo.

use crate::{
    BuildError, BuildRequest, sources,
    toolchain::{TARGET, Toolchain},
    wrapper,
};
use serde_json::Value;
use std::{
    io::{ErrorKind, IsTerminal},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// Bytes of the guest's stack: it lies first, so that overflowing it traps, and is small, so that a
/// contract and its heap fit into one page of memory.
const STACK_BYTES: u32 = 16 * 1024;

/// The same where the contract only describes itself, in code that is not optimised.
const SPEC_STACK_BYTES: u32 = 512 * 1024;

/// A contract crate as cargo sees it.
pub(crate) struct Package {
    pub(crate) name: String,
    manifest: PathBuf,
    library: String,
    target_dir: PathBuf,
    workspace: PathBuf,
    /// Stands for the lock: what was compiled under another is compiled again.
    pub(crate) lock_mark: String,
    /// Folders of this package and of what it depends on by path, with the packages' names.
    sources: Vec<(PathBuf, String)>,
    /// The compiler's `opt-level`.
    level: &'static str,
}

/// What a contract is compiled for, by `optimise` under `[package.metadata.dure]` of its Cargo.toml:
/// the compiler's level. Nothing else there is known.
fn level(package: &Value) -> Result<&'static str, String> {
    const SIZE: &str = "z";
    const SPEED: &str = "2";
    let place = "Cargo.toml, [package.metadata.dure]";
    let Some(settings) = package["metadata"].get("dure") else { return Ok(SIZE) };
    let settings = settings.as_object().ok_or_else(|| format!("{place}: no table"))?;
    if let Some(other) = settings.keys().find(|key| *key != "optimise") {
        return Err(format!("{place}: `{other}` is not known; there is `optimise`"));
    }
    match settings.get("optimise").map(Value::as_str) {
        None | Some(Some("size")) => Ok(SIZE),
        Some(Some("speed")) => Ok(SPEED),
        Some(_) => Err(format!("{place}: `optimise` is \"size\" or \"speed\"")),
    }
}

impl Package {
    pub(crate) fn read(folder: &Path, request: &BuildRequest) -> Result<Self, BuildError> {
        let missing = |reason: &str| BuildError::Crate {
            path: folder.to_path_buf(),
            reason: reason.to_owned(),
        };
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(|_| missing("no Cargo.toml here"))?;
        let metadata = metadata(&manifest)?;
        let mut packages = metadata["packages"].as_array().into_iter().flatten();
        let package = packages
            .find(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest))
            .ok_or_else(|| missing("Cargo.toml has no [package]"))?;
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        if !dependencies.into_iter().any(|dependency| dependency["name"] == "dure-sdk") {
            return Err(missing(
                "no contract: Cargo.toml names no `dure-sdk` under [dependencies]",
            ));
        }
        let targets = package["targets"].as_array().into_iter().flatten();
        let library = targets
            .into_iter()
            .find(|target| {
                let kinds = target["kind"].as_array().into_iter().flatten();
                kinds.into_iter().any(|kind| kind != "bin" && kind != "test" && kind != "example")
            })
            .and_then(|target| target["name"].as_str())
            .ok_or_else(|| missing("a contract is a library: src/lib.rs is missing"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let target = request.target_dir.clone();
        let target = target.unwrap_or_else(|| text(&metadata["target_directory"]).into());
        Ok(Self {
            name: text(&package["name"]),
            manifest,
            library: library.to_owned(),
            target_dir: target.join("dure"),
            workspace: text(&metadata["workspace_root"]).into(),
            lock_mark: String::new(),
            sources: sources::find(&metadata)?,
            level: level(package).map_err(|reason| missing(&reason))?,
        })
    }

    /// Folder of the manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.target_dir.join(format!("{}.wasm", self.library))
    }
}

/// Cargo without what an outer cargo put into the environment.
fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let inherited = text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_PROFILE_")
            || matches!(
                &*text,
                "CARGO_MANIFEST_DIR"
                    | "CARGO_MANIFEST_PATH"
                    | "CARGO_ENCODED_RUSTFLAGS"
                    | "CARGO_CRATE_NAME"
                    | "CARGO_BIN_NAME"
                    | "CARGO_PRIMARY_PACKAGE"
                    | "CARGO_BUILD_TARGET"
                    | "CARGO_MAKEFLAGS"
                    | "MAKEFLAGS"
                    | "RUSTFLAGS"
                    | "RUSTC"
                    | "RUSTC_WRAPPER"
                    | "RUSTC_WORKSPACE_WRAPPER"
                    | "RUSTDOCFLAGS"
                    | "LD_LIBRARY_PATH"
            );
        if inherited {
            command.env_remove(&name);
        }
    }
    command
}

/// What cargo says of the packages of a workspace.
pub(crate) fn metadata(manifest: &Path) -> Result<Value, BuildError> {
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = run(cargo, &mut |_| {})?;
    serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Crate {
        path: manifest.to_path_buf(),
        reason: format!("cargo metadata: {error}"),
    })
}

/// How long nothing is said while cargo, which is told to be quiet, runs.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Runs cargo; `waiting` is told now and then for how long that takes, where a person watches.
fn run(mut command: Command, waiting: &mut dyn FnMut(Duration)) -> Result<Output, BuildError> {
    let (sender, ended) = mpsc::channel();
    let begun = Instant::now();
    thread::spawn(move || sender.send(command.stdin(Stdio::null()).output()));
    let output = loop {
        match ended.recv_timeout(SILENCE_MAX) {
            Ok(output) => break output,
            // To a file it would say how busy the machine was.
            Err(RecvTimeoutError::Timeout) if std::io::stderr().is_terminal() => {
                waiting(begun.elapsed());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break Err(ErrorKind::Interrupted.into()),
        }
    };
    let output =
        output.map_err(|error| BuildError::Compiler(format!("cargo does not run: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let mut words = String::from_utf8_lossy(&output.stderr).into_owned();
    // With JSON messages the compiler's own words are in the messages.
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let message: Value = serde_json::from_slice(line).unwrap_or_default();
        if let Some(rendered) = message["message"]["rendered"].as_str() {
            words.push_str(rendered);
        }
    }
    Err(BuildError::Compiler(words))
}

/// What compiling gave.
pub(crate) struct Compiled {
    /// Path of the module.
    pub(crate) module: PathBuf,
    /// What the compiler said all the same.
    pub(crate) warnings: String,
}

/// Compiles the crate.
pub(crate) fn wasm(
    toolchain: &Toolchain,
    package: &Package,
    request: &BuildRequest,
    spec: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<Compiled, BuildError> {
    let mut cargo = cargo();
    cargo.args([
        "rustc",
        "--quiet",
        "--release",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        TARGET,
    ]);
    cargo.args(["--message-format", "json-render-diagnostics", "--manifest-path"]);
    cargo.arg(&package.manifest);
    if spec {
        cargo.args(["--features", "dure-sdk/spec"]);
    }
    let flags = flags(toolchain, package).join("\u{1f}");
    let folder = |spec| folder(package, &flags, spec);
    take_over(&folder(!spec), &folder(spec));
    cargo.arg("--target-dir").arg(folder(spec));
    wrapper::wrap(&mut cargo, &package.target_dir, &package.sources)?;
    request.restrict(&mut cargo);
    if let Toolchain::BuildStd { rustc, linker, .. } = toolchain {
        cargo.arg("-Zbuild-std=core,alloc");
        cargo.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    // The profile is the contract's, whatever its workspace says: the bytes are its name (decision
    // 0009). What only describes the contract runs once: least work for the compiler.
    let level = if spec { "0" } else { package.level };
    cargo
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)
        .env("CARGO_PROFILE_RELEASE_LTO", "fat")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
        .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "false")
        .env("DURE_LOCK", &package.lock_mark)
        .env("CARGO_ENCODED_RUSTFLAGS", flags);
    // Only the crate itself exports entry points: a contract may depend on another's crate.
    cargo.args(["--", "--cfg", "dure_contract"]);
    // `balance.sub(price);` whose refusal nobody looks at gives things away.
    cargo.args(["-D", "unused_must_use"]);
    cargo.args(unplaced(package, package.folder(), &package.name));
    let stack = if spec { SPEC_STACK_BYTES } else { STACK_BYTES };
    cargo.args([format!("-Clink-arg=-zstack-size={stack}"), "-Clink-arg=--stack-first".to_owned()]);
    let output = run(cargo, &mut |time| {
        let seconds = time.as_secs();
        progress(&format!(
            "{}: after {seconds} s cargo compiles, or waits for another",
            package.name
        ));
    })?;
    let module = artifact(&output.stdout, package).ok_or_else(|| BuildError::Crate {
        path: package.manifest.clone(),
        reason: "cargo reported no WASM module".into(),
    })?;
    Ok(Compiled { module, warnings: String::from_utf8_lossy(&output.stderr).into_owned() })
}

/// Where cargo compiles. It keeps one outcome of a library in a folder: the two builds would replace
/// each other, and so would those with other flags what all of them use. In folders of their own
/// nothing that did not change is compiled again.
fn folder(package: &Package, flags: &str, spec: bool) -> PathBuf {
    let what = [flags, package.level, wrapper::SCRIPT].concat();
    let name = dure_types::domain::blake3_hash(what.as_bytes());
    let name = name.to_string();
    let short = name.trim_start_matches("0x").get(..8).unwrap_or_default();
    package.target_dir.join(if spec { "spec" } else { "code" }).join(short)
}

/// Copies what one folder has of programs that run while others are compiled (macros, and what they
/// are made of) into the other, which is new: half of what a first build has to compile. Whatever
/// goes wrong, cargo compiles instead.
fn take_over(from: &Path, to: &Path) {
    const HOST: &str = "release";
    if to.exists() || !from.join(HOST).is_dir() {
        return;
    }
    // What is noted as done first, and then what was done: the other way round, the note of what
    // another process finishes meanwhile would stand for half a file.
    for part in [".fingerprint", "build", "deps"] {
        let inside = Path::new(HOST).join(part);
        if copy(&from.join(&inside), &to.join(&inside)).is_err() {
            let _ = std::fs::remove_dir_all(to);
            return;
        }
    }
}

/// Copies a folder with the times of its files, by which cargo judges what is up to date.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &copied)?;
        } else {
            std::fs::copy(entry.path(), &copied)?;
            let file = std::fs::File::options().append(true).open(&copied)?;
            file.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

fn flags(toolchain: &Toolchain, package: &Package) -> Vec<String> {
    let mut flags = vec![
        "-Ctarget-cpu=mvp".to_owned(),
        // Copies in one instruction: 5 % smaller, 4 % less gas in a transfer.
        "-Ctarget-feature=+bulk-memory,+sign-ext,+mutable-globals".to_owned(),
    ];
    // Panic messages name files: the machine's paths must not reach the bytes. What the compiler
    // says to the author keeps them.
    flags.push("--remap-path-scope=object".to_owned());
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    // The same of every contract that lies beside this one, or cargo would compile the SDK anew for
    // each: the contract's own place comes with what the compiler is told of it alone. Another
    // contract of the workspace is named from the workspace's root, which is on no machine.
    for (folder, name) in &package.sources {
        let beside = folder.starts_with(&package.workspace) && !name.starts_with("dure-");
        if folder != package.folder() && !beside {
            flags.extend(unplaced(package, folder, name));
        }
    }
    if let Toolchain::BuildStd { sysroot, .. } = toolchain {
        let source = sysroot.join("lib/rustlib/src/rust");
        flags.push(format!("--remap-path-prefix={}=/rust", source.display()));
    }
    flags
}

/// Names the files of a folder after its package, wherever it lies.
fn unplaced(package: &Package, folder: &Path, name: &str) -> Vec<String> {
    let mut flags = vec![format!("--remap-path-prefix={}=/{name}", folder.display())];
    // Within a workspace cargo names files from the workspace's root.
    if let Ok(inside) = folder.strip_prefix(&package.workspace)
        && inside.components().next().is_some()
    {
        flags.push(format!("--remap-path-prefix={}=/{name}", inside.display()));
    }
    flags
}

fn artifact(stdout: &[u8], package: &Package) -> Option<PathBuf> {
    for line in stdout.split(|byte| *byte == b'\n') {
        let message: Value = serde_json::from_slice(line).unwrap_or_default();
        if message["reason"] != "compiler-artifact"
            || message["target"]["name"].as_str() != Some(&package.library)
        {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten();
        let mut files = files.into_iter().filter_map(Value::as_str).map(PathBuf::from);
        if let Some(path) = files.find(|path| path.extension().is_some_and(|e| e == "wasm")) {
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::level;
    use serde_json::json;

    #[test]
    fn a_contract_is_compiled_for_size_unless_its_manifest_says_speed() {
        let of = |settings| level(&json!({ "metadata": { "dure": settings } }));
        assert_eq!(level(&json!({ "metadata": null })), Ok("z"));
        assert_eq!(of(json!({})), Ok("z"));
        assert_eq!(of(json!({ "optimise": "size" })), Ok("z"));
        assert_eq!(of(json!({ "optimise": "speed" })), Ok("2"));
        for wrong in [json!("speed"), json!({ "optimise": 3 }), json!({ "optimize": "speed" })] {
            let refused = of(wrong).unwrap_err();
            assert!(refused.starts_with("Cargo.toml, [package.metadata.dure]: "), "{refused}");
        }
    }
}
