//! What must be there besides rustup, git and a C toolchain: found, installed, or named.

use crate::{
    Outcome,
    cargo::{command, output, run},
    progress::Progress,
    toolchain::{TARGET, Toolchain, is_new_enough},
};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

/// Finds or installs everything that `demo` and `test` need.
pub(crate) fn all(progress: &mut Progress) -> Outcome {
    progress.stage("prerequisites", || {
        compiler()?;
        libclang()?;
        wasm_target()
    })
}

fn compiler() -> Outcome {
    for program in ["cc", "c++"] {
        if output(command(program).arg("--version")).is_none() {
            let reason = format!("there is no `{program}`, which RocksDB is compiled with");
            apt_install(&["build-essential"], &reason)?;
        }
    }
    Ok(())
}

/// RocksDB's bindings are generated with libclang.
fn libclang() -> Outcome {
    if has_libclang() {
        return Ok(());
    }
    apt_install(&["libclang-dev"], "RocksDB's bindings need libclang, which was not found")?;
    if has_libclang() {
        Ok(())
    } else {
        Err("libclang-dev is installed, yet no libclang.so was found; set LIBCLANG_PATH".into())
    }
}

fn has_libclang() -> bool {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("LIBCLANG_PATH").into_iter().map(Into::into).collect();
    folders.extend(
        [
            "/usr/lib",
            "/usr/lib64",
            "/usr/local/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/opt/homebrew/opt/llvm/lib",
        ]
        .map(PathBuf::from),
    );
    if let Some(folder) = output(command("llvm-config").arg("--libdir")) {
        folders.push(folder.into());
    }
    for llvm in entries(Path::new("/usr/lib")) {
        if name(&llvm).starts_with("llvm-") {
            folders.push(llvm.join("lib"));
        }
    }
    folders.iter().flat_map(|folder| entries(folder)).any(|file| is_libclang(&name(&file)))
}

fn is_libclang(name: &str) -> bool {
    (name.starts_with("libclang.so") || name.starts_with("libclang-") || name == "libclang.dylib")
        && !name.starts_with("libclang-cpp")
        && (name.contains(".so") || name.contains(".dylib"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Contracts are compiled to WASM: by rustup's target, else by Debian's compiler and source.
fn wasm_target() -> Outcome {
    let find = || Toolchain::find().map(|_| ()).map_err(|error| error.to_string());
    if find().is_ok() {
        return Ok(());
    }
    eprintln!("   adding the target {TARGET} to this toolchain");
    // A machine that cannot reach rustup's server waits long for nothing without a limit.
    let mut add = command("timeout");
    add.args(["180", "rustup", "target", "add", TARGET]);
    if run(&mut add).is_ok() && find().is_ok() {
        return Ok(());
    }
    let reason = format!("`rustup target add {TARGET}` did not work");
    let candidate = candidate("rustc-web");
    if !candidate.as_deref().is_some_and(is_new_enough) {
        let candidate = candidate.unwrap_or_else(|| "none".to_owned());
        return Err(format!(
            "{reason}, and no package can stand in for it: the rustc-web that apt would install \
             is {candidate}; {}",
            find().err().unwrap_or_default()
        ));
    }
    apt_install(&["rustc-web", "rust-web-src"], &reason)?;
    find()
}

/// The version of a package that apt would install.
fn candidate(package: &str) -> Option<String> {
    let policy = output(command("apt-cache").args(["policy", package]))?;
    let line = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    Some(line.to_owned())
}

/// Finds Chromium and its driver, or installs them; the pages' tests need a real browser.
pub(crate) fn chromium() -> Outcome {
    if has_chromium() {
        return Ok(());
    }
    let reason = "the tests of the pages need Chromium and chromedriver";
    // Ubuntu's package of that name installs a snap, which a container cannot.
    if is_ubuntu() {
        return Err(format!(
            "{reason}, which Ubuntu has as a snap: `sudo snap install chromium`, and see that \
             /snap/bin is in PATH"
        ));
    }
    apt_install(&["chromium", "chromium-driver"], reason)?;
    let missing = "Chromium was installed, yet it or its driver is not in PATH";
    if has_chromium() { Ok(()) } else { Err(missing.to_owned()) }
}

fn is_ubuntu() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=ubuntu")
}

/// As the tests look for them.
fn has_chromium() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |names: &[&str]| {
        std::env::split_paths(&path)
            .any(|folder| names.iter().any(|name| folder.join(name).is_file()))
    };
    found(&["chromium", "chromium-browser"]) && found(&["chromedriver", "chromium.chromedriver"])
}

/// Installs Debian packages where this user may, and says what to do where not.
fn apt_install(packages: &[&str], reason: &str) -> Outcome {
    let list = packages.join(" ");
    eprintln!("   {reason}");
    let by_hand = format!(
        "{reason}; install it (on Debian and Ubuntu: `sudo apt-get install {list}`) and try again"
    );
    if output(command("apt-get").arg("--version")).is_none() {
        return Err(by_hand);
    }
    let is_root = output(command("id").arg("-u")).is_some_and(|id| id == "0");
    let may_sudo = !is_root && output(command("sudo").args(["-n", "true"])).is_some();
    if !is_root && !may_sudo {
        return Err(by_hand);
    }
    let apt = |arguments: &[&str]| {
        let mut apt = command(if is_root { "env" } else { "sudo" });
        if may_sudo {
            apt.args(["-n", "env"]);
        }
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"]);
        apt.args(arguments).stdout(Stdio::null());
        run(&mut apt)
    };
    eprintln!("   installing {list}");
    let install = [&["install", "--no-install-recommends"], packages].concat();
    // The lists may be missing or old: refresh them only when the first attempt fails.
    if apt(&install).is_ok() || (apt(&["update"]).is_ok() && apt(&install).is_ok()) {
        return Ok(());
    }
    Err(by_hand)
}

#[cfg(test)]
mod tests {
    use super::is_libclang;

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        for good in ["libclang.so", "libclang.so.1", "libclang-14.so.1", "libclang.dylib"] {
            assert!(is_libclang(good), "{good}");
        }
        for other in ["libclang-cpp.so.14", "libclangAST.a", "libclang-14.a"] {
            assert!(!is_libclang(other), "{other}");
        }
    }
}
