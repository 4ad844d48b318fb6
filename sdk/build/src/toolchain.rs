//! Finding a compiler for `wasm32-unknown-unknown` (decision 0001).

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The target of contracts.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, of the package `rustc-web` (or a recent `rustc`).
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler that can build contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The installed toolchain has the target.
    Installed,
    /// Debian's compiler builds `core` and `alloc` from its own source.
    BuildStd {
        /// The compiler.
        rustc: PathBuf,
        /// The linker, from rustup's toolchain.
        linker: PathBuf,
        /// Where the compiler's libraries and their source lie.
        sysroot: PathBuf,
    },
}

/// Says what to install.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian and Ubuntu \
     `apt-get install rustc-web rust-web-src` ({missing})"
)]
pub struct ToolchainError {
    /// What was looked for and not found.
    pub missing: String,
}

fn print(rustc: &Path, args: &[&str]) -> Option<PathBuf> {
    let output = Command::new(rustc).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

/// The compiler that cargo uses.
fn installed() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from)
}

impl Toolchain {
    /// Finds a compiler: rustup's target first, Debian's source next.
    ///
    /// # Errors
    /// [`ToolchainError`] says what to install.
    pub fn find() -> Result<Self, ToolchainError> {
        let libraries = print(&installed(), &["--print", "target-libdir", "--target", TARGET]);
        if libraries.is_some_and(|folder| folder.is_dir()) {
            return Ok(Self::Installed);
        }
        let debian = Path::new(DEBIAN_RUSTC);
        let missing = |what: String| ToolchainError { missing: what };
        let sysroot = print(debian, &["--print", "sysroot"])
            .ok_or_else(|| missing(format!("{DEBIAN_RUSTC} does not run")))?;
        let source = sysroot.join("lib/rustlib/src/rust/library/core");
        if !source.is_dir() {
            return Err(missing(format!("{} is missing", source.display())));
        }
        let own = print(Path::new("rustc"), &["--print", "sysroot"])
            .ok_or_else(|| missing("rustc does not run".into()))?;
        let hosts = own.join("lib/rustlib");
        let linker = std::fs::read_dir(&hosts)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin/rust-lld"))
            .find(|path| path.is_file())
            .ok_or_else(|| missing(format!("no rust-lld under {}", hosts.display())))?;
        Ok(Self::BuildStd { rustc: debian.to_path_buf(), linker, sysroot })
    }

    /// What the compiler calls itself, `rustc 1.95.0 (0000000 2026-01-01)`: other compilers make
    /// other code of the same contract.
    ///
    /// # Errors
    /// [`ToolchainError`] when it does not say.
    pub fn compiler(&self) -> Result<String, ToolchainError> {
        let rustc = match self {
            Self::Installed => installed(),
            Self::BuildStd { rustc, .. } => rustc.clone(),
        };
        let output = Command::new(&rustc).arg("-vV").output().ok();
        let text = output.filter(|output| output.status.success());
        let text = text.and_then(|output| String::from_utf8(output.stdout).ok());
        let first = text.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
        first.ok_or_else(|| ToolchainError { missing: format!("{} -vV", rustc.display()) })
    }
}
