//! Finding a compiler for `wasm32-unknown-unknown` (decision 0001).

// `cargo xtask` includes this file: nothing here but the standard library.
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
    process::Command,
};

/// The target of contracts.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler that cargo uses.
const RUSTC: &str = "rustc";

/// Debian's compiler, of the package `rustc-web` (or a recent `rustc`).
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// The first compiler that can build contracts: the workspace's `rust-version`.
const RUSTC_MIN: (u32, u32) = (1, 95);

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolchainError {
    /// What was looked for and not found.
    pub missing: String,
}

impl Display for ToolchainError {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let (Self { missing }, (major, minor)) = (self, RUSTC_MIN);
        write!(
            to,
            "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on a Debian or Ubuntu \
             whose `rustc-web` is {major}.{minor} or newer `apt-get install rustc-web \
             rust-web-src` ({missing})"
        )
    }
}

impl Error for ToolchainError {}

fn missing(missing: String) -> ToolchainError {
    ToolchainError { missing }
}

fn output(rustc: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(rustc).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Whether a version, as in `rustc 1.96.0 (..)` or `1.96.0+dfsg1-1`, can build contracts.
#[must_use]
pub(crate) fn is_new_enough(version: &str) -> bool {
    let number = version.strip_prefix("rustc ").unwrap_or(version);
    let mut parts = number.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(a)), Some(Ok(b))) if (a, b) >= RUSTC_MIN)
}

impl Toolchain {
    /// Finds a compiler: rustup's target first, Debian's source next.
    ///
    /// # Errors
    /// [`ToolchainError`] says what to install.
    pub fn find() -> Result<Self, ToolchainError> {
        Self::among(Path::new(RUSTC), Path::new(DEBIAN_RUSTC))
    }

    pub(crate) fn among(installed: &Path, debian: &Path) -> Result<Self, ToolchainError> {
        let libraries = output(installed, &["--print", "target-libdir", "--target", TARGET]);
        if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
            return Ok(Self::Installed);
        }
        let version = output(debian, &["--version"])
            .ok_or_else(|| missing(format!("{} does not run", debian.display())))?;
        if !is_new_enough(&version) {
            return Err(missing(format!("{} is {version}, which is too old", debian.display())));
        }
        let sysroot = |rustc: &Path| {
            let folder = output(rustc, &["--print", "sysroot"]).map(PathBuf::from);
            folder.ok_or_else(|| missing(format!("{} names no sysroot", rustc.display())))
        };
        let of_debian = sysroot(debian)?;
        let source = of_debian.join("lib/rustlib/src/rust/library/core");
        if !source.is_dir() {
            return Err(missing(format!("{} is missing", source.display())));
        }
        let hosts = sysroot(installed)?.join("lib/rustlib");
        let linker = std::fs::read_dir(&hosts)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin/rust-lld"))
            .find(|path| path.is_file())
            .ok_or_else(|| missing(format!("no rust-lld under {}", hosts.display())))?;
        Ok(Self::BuildStd { rustc: debian.to_path_buf(), linker, sysroot: of_debian })
    }

    /// What the compiler calls itself, `rustc 1.95.0 (0000000 2026-01-01)`: other compilers make
    /// other code of the same contract.
    ///
    /// # Errors
    /// [`ToolchainError`] when it does not say.
    pub fn compiler(&self) -> Result<String, ToolchainError> {
        let rustc = match self {
            Self::Installed => Path::new(RUSTC),
            Self::BuildStd { rustc, .. } => rustc,
        };
        let text = output(rustc, &["-vV"]);
        let first = text.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
        first.ok_or_else(|| missing(format!("{} -vV", rustc.display())))
    }
}
