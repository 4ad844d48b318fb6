//! Finding a compiler, with scripts in the place of compilers. Beside the file, which `cargo xtask`
//! includes without these.

use crate::toolchain::{TARGET, Toolchain, is_new_enough};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A compiler that says its version and its sysroot, and is asked for nothing else.
fn rustc(folder: &Path, name: &str, version: &str) -> PathBuf {
    let (path, sysroot) = (folder.join(name), folder.join(format!("{name}-sysroot")));
    let sysroot = sysroot.display();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n--version) echo 'rustc {version} (x)';;\n\
         '--print sysroot') echo '{sysroot}';;\n\
         *) echo '{sysroot}/lib/rustlib/{TARGET}/lib';;\nesac\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Each is added to what is there, until contracts can be compiled, and better.
#[test]
fn what_is_missing_is_named_until_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let rustup = rustc(folder.path(), "rustup", "1.95.0");
    let find = |debian: &Path| Toolchain::among(&rustup, debian);
    let says = |debian: &Path, what: &str| {
        let said = find(debian).unwrap_err().to_string();
        assert!(said.contains(what), "{said}");
    };
    says(&at("none"), "none does not run");
    says(&rustc(folder.path(), "old", "1.85.0"), "1.85.0 (x), which is too old");
    let debian = rustc(folder.path(), "debian", "1.96.1");
    says(&debian, "library/core is missing");
    let sysroot = at("debian-sysroot");
    fs::create_dir_all(sysroot.join("lib/rustlib/src/rust/library/core")).unwrap();
    says(&debian, "no rust-lld");
    let linker = at("rustup-sysroot/lib/rustlib/host/bin/rust-lld");
    fs::create_dir_all(linker.parent().unwrap()).unwrap();
    fs::write(&linker, "").unwrap();
    let found = Toolchain::BuildStd { rustc: debian.clone(), linker, sysroot };
    assert_eq!(find(&debian), Ok(found));
    fs::create_dir_all(at(&format!("rustup-sysroot/lib/rustlib/{TARGET}/lib"))).unwrap();
    assert_eq!(find(&debian), Ok(Toolchain::Installed));
}

#[test]
fn versions_are_compared_by_number() {
    for good in ["rustc 1.95.0", "rustc 1.100.0 (abc) (built from a tarball)", "2.0.0+dfsg1-1"] {
        assert!(is_new_enough(good), "{good}");
    }
    for bad in ["rustc 1.94.9", "1.85.0+dfsg3-1~deb12u3", "(none)", "", "not a compiler"] {
        assert!(!is_new_enough(bad), "{bad}");
    }
}
