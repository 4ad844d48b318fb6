//! Crates that are the same on every machine.
//!
//! Cargo tells the compiler of each crate a word by which its symbols are told from those of others
//! (`-C metadata`), and the order of functions in a module follows from symbols. Of a crate that
//! another workspace has, as the SDK is to a contract of `dure new`, the folder is a part of that word.
//! So cargo runs the compiler through a script that gives the crates of the machine's folders a word of
//! their name, version and features. Crates of a registry have no folder in theirs.

use crate::{BuildError, io};
use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Tests of one program write one after another.
static FILE: Mutex<()> = Mutex::new(());

/// The script. What it does is a part of what was compiled: another one compiles anew.
pub(crate) const SCRIPT: &str = r#"#!/bin/sh
# Written by dure build, and run by cargo in the place of the compiler.
rustc=$1
shift
case "
$DURE_FOLDERS
" in
*"
$CARGO_MANIFEST_DIR
"*) ;;
*) exec "$rustc" "$@" ;;
esac
word=$CARGO_PKG_NAME-$CARGO_PKG_VERSION-$CARGO_CRATE_NAME
for arg do
    case $arg in
    feature=*) word=$word-$arg ;;
    esac
done
for arg do
    shift
    case $arg in
    metadata=*) arg=metadata=$word ;;
    esac
    set -- "$@" "$arg"
done
exec "$rustc" "$@"
"#;

/// Has cargo compile through the script, which is written into the folder unless it is there.
pub(crate) fn wrap(
    cargo: &mut Command,
    folder: &Path,
    sources: &[(PathBuf, String)],
) -> Result<(), BuildError> {
    let path = folder.join("rustc.sh");
    {
        let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
        // Written anew, it would have cargo ask the compiler anew what it is.
        if std::fs::read(&path).ok().as_deref() != Some(SCRIPT.as_bytes()) {
            put(&path)?;
        }
    }
    let folders: Vec<String> =
        sources.iter().map(|(folder, _)| folder.display().to_string()).collect();
    cargo.env("RUSTC_WRAPPER", path).env("DURE_FOLDERS", folders.join("\n"));
    Ok(())
}

/// Puts the script there as a whole, ready to run: other processes may build, too.
fn put(path: &Path) -> Result<(), BuildError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io(folder))?;
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = std::fs::File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o755).open(&partial);
    file.and_then(|mut file| file.write_all(SCRIPT.as_bytes())).map_err(io(&partial))?;
    std::fs::rename(&partial, path).map_err(io(path))
}
