//! Runs the scripts of the book and compares what they print with what its pages show.

use super::shape::shape;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Where the listings are.
pub(crate) fn listings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/book/listings").canonicalize().unwrap()
}

/// The text of a listing without its anchors.
pub(crate) fn listing(path: &str) -> String {
    let text = fs::read_to_string(listings().join(path)).unwrap();
    text.lines().filter(|line| !line.contains("ANCHOR")).map(|line| format!("{line}\n")).collect()
}

/// Holds the folder of what is compiled for one test: two crates of one name would write one file.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in which scripts run: a folder, and a node that they talk to.
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    /// What the reader's folder is called.
    pub(crate) shown: &'a str,
    pub(crate) url: &'a str,
}

impl Place<'_> {
    /// Runs a script and compares what each of its steps printed with the file that the book
    /// shows. `UPDATE_BOOK=1` writes all of its files where one differs, so that hashes and heights
    /// on a page are those of one run.
    #[track_caller]
    pub(crate) fn check(&self, name: &str) {
        let script = fs::read_to_string(listings().join(format!("shell/{name}.sh"))).unwrap();
        let update = std::env::var_os("UPDATE_BOOK").is_some();
        let out = listings().join("shell/out");
        let printed = self.run(&script);
        let silent = |file: &String| {
            let step = file.strip_prefix(&format!("{name}.")).and_then(|f| f.strip_suffix(".txt"));
            step.is_some_and(|step| printed.iter().all(|(known, _)| known != step))
        };
        let files = fs::read_dir(&out).into_iter().flatten().flatten();
        let files = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let silent = files.filter(silent).map(|file| format!("{file}: nothing was printed"));
        let mut differing = Vec::new();
        for (step, printed) in &printed {
            let path = out.join(format!("{name}.{step}.txt"));
            let shown = fs::read_to_string(&path).unwrap_or_default();
            if shape(step, &shown) != shape(step, printed) {
                differing.push(format!("{name}.{step} shows\n{shown}\nand prints\n{printed}"));
            }
        }
        if update && !differing.is_empty() {
            differing.clear();
            fs::create_dir_all(&out).unwrap();
            for (step, printed) in &printed {
                fs::write(out.join(format!("{name}.{step}.txt")), printed).unwrap();
            }
        }
        differing.extend(silent);
        let said = differing.join("\n");
        assert!(differing.is_empty(), "{said}\nUPDATE_BOOK=1 accepts what is printed");
    }

    /// What each step of a script printed, steps without output left out.
    fn run(&self, script: &str) -> Vec<(String, String)> {
        let mut text = "exec 2>&1\ntrap 'echo \"exit code $?\"' ERR\n".to_owned();
        for line in script.lines() {
            text.push_str(line);
            text.push('\n');
            for (mark, step) in [("# ANCHOR: ", true), ("# ANCHOR_END: ", false)] {
                if let Some(name) = line.strip_prefix(mark) {
                    let name = if step { name } else { "" };
                    text.push_str(&format!("echo '@@{name}'\n"));
                }
            }
        }
        let output = self.shell(&text).output().unwrap();
        let printed = self.plain(&String::from_utf8_lossy(&output.stdout));
        let parts = printed.split("@@").skip(1).filter_map(|part| part.split_once('\n'));
        let steps = parts.map(|(name, text)| (name.to_owned(), heard(name, text)));
        steps.filter(|(name, text)| !name.is_empty() && !text.trim().is_empty()).collect()
    }

    /// A shell that finds the program, the node and what is compiled already.
    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_dure"));
        let programs = program.parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).current_dir(self.folder);
        shell.env("PATH", format!("{}:{path}", programs.display()));
        shell.env("DURE_RPC", self.url).env("LISTINGS", listings());
        shell.env("DURE_KEYS", self.folder.join(".dure/keys"));
        shell.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
        shell.env_remove("CARGO_MANIFEST_DIR").env_remove("RUSTFLAGS");
        // What a reader's shell has not, and `dure test` asks.
        shell.env_remove("CI").env_remove("UPDATE_GAS");
        shell
    }

    /// What was printed, with the reader's folders in the place of ours, without what cargo says
    /// of its own work: that depends on what was compiled before.
    fn plain(&self, printed: &str) -> String {
        let folder = self.folder.canonicalize().unwrap();
        let cargo = ["Compiling ", "Blocking ", "Locking ", "Updating ", "Removing ", "Adding "];
        let says = |line: &str| {
            line.starts_with(' ') && cargo.iter().any(|word| line.trim_start().starts_with(word))
        };
        let lines = printed.lines().filter(|line| !says(line));
        let printed: String = lines.map(|line| format!("{line}\n")).collect();
        printed
            .replace(&target().display().to_string(), "~/stamps/target")
            .replace(&folder.display().to_string(), self.shown)
            .replace(&self.folder.display().to_string(), self.shown)
            .replace(self.url, "http://127.0.0.1:9944/v1")
    }
}

/// Where what is compiled lies: the program is in `<target>/<profile>/`.
fn target() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_dure"));
    program.parent().and_then(Path::parent).unwrap().to_path_buf()
}

/// What counts of a step's output. Tests of a crate run side by side, and cargo tells of them at
/// length: that they pass is all, and then there is no exit code.
fn heard(step: &str, text: &str) -> String {
    let counts = |line: &&str| !step.starts_with("test") || line.starts_with("exit code");
    text.lines().filter(counts).map(|line| format!("{line}\n")).collect()
}
