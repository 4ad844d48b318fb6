//! What a contract author waits for: one test on WASM and a hundred, the program built from nothing,
//! the first green test of a new crate and of the next, a node that answers, a live token out of a
//! policy file; and the sizes of the token that `dure new` writes. The peers are the bars that these were made for.
//!
//! The program and the crates are compiled into a folder of their own, which is emptied first: what
//! is waited for is then what an author waits for whose cargo has downloaded all it needs. It takes
//! some ten minutes on two cores.

use dure_testing::{Address, Chain, TestFailure};
use serde_json::Value;
use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const TESTS: usize = 100;

fn main() -> Outcome {
    tests()?;
    let target = Target::new()?;
    let begun = Instant::now();
    target.cargo(&[
        "build",
        "--locked",
        "--offline",
        "-p",
        "dure-node",
        "--no-default-features",
    ])?;
    line("program_built", seconds(begun), "s", 300.0);
    for (metric, name) in [("first_green_test", "coin"), ("next_green_test", "stamp")] {
        let begun = Instant::now();
        let folder = target.new_crate(name)?;
        target.dure(&["test", &folder, "--offline"])?;
        line(metric, seconds(begun), "s", 60.0);
    }
    sizes(&target)?;
    let policy = root().join("contracts/token/policies/plain.toml").display().to_string();
    for metric in ["token_issued", "token_issued_again"] {
        let begun = Instant::now();
        let dev = Dev::start(&target)?;
        line("node_ready", seconds(begun), "s", 1.0);
        let begun = Instant::now();
        target.dure(&["token", "issue", "--policy", &policy, "--offline", "--rpc", &dev.url])?;
        line(metric, seconds(begun), "s", 60.0);
    }
    Ok(())
}

fn line(metric: &str, value: f64, unit: &str, bar: f64) {
    println!(
        "{{\"bench\":\"author\",\"metric\":\"{metric}\",\"value\":{value:.3},\
         \"unit\":\"{unit}\",\"peer\":\"bar\",\"peer_value\":{bar:.1},\"ratio\":{:.4}}}",
        value / bar
    );
}

fn seconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A hundred tests in one program, the first of which compiles the module, and one of them.
fn tests() -> Result<(), TestFailure> {
    // Builds the crate, which a program does once and cargo not at all when nothing changed.
    test()?;
    let (begun, mut times) = (Instant::now(), Vec::with_capacity(TESTS));
    for _ in 0..TESTS {
        let one = Instant::now();
        test()?;
        times.push(seconds(one) * 1e3);
    }
    let all = seconds(begun) * 1e3;
    times.sort_by(f64::total_cmp);
    line("contract_test", times[TESTS / 2], "ms", 5.0);
    line("contract_tests_100", all, "ms", 1_000.0);
    Ok(())
}

/// The first test of the template: a chain of its own, a deploy, two calls, a refusal, three queries.
fn test() -> Result<(), TestFailure> {
    let mut chain = Chain::new();
    let [issuer, holder, guest] = ["issuer", "holder", "guest"].map(|name| chain.account(name));
    let template = root().join("node/templates/token");
    let token = chain.deploy(template, issuer, ("Won", "KRW", 0u8))?;
    let (to, memo) = (guest.address(), Some(b"rent".to_vec()));
    chain.call::<()>(issuer, token, "issue", (holder.address(), 10u128))?;
    chain.call::<()>(holder, token, "transfer", (to, 4u128, memo.clone()))?;
    let refused = chain.call::<()>(holder, token, "transfer", (to, 40u128, memo));
    let balance = |of: Address| chain.query::<u128>(token, "balance_of", of);
    let held = (balance(holder.address())?, balance(to)?);
    let supply = chain.query::<u128>(token, "total_supply", ())?;
    assert_eq!((refused.is_err(), held, supply), (true, (6, 4), 10));
    Ok(())
}

/// The token of `dure new` without its specification, and that.
fn sizes(target: &Target) -> Outcome {
    let folder = target.folder.join("coin").display().to_string();
    let mut check = target.program();
    let output = check.args(["check", &folder, "--offline", "--json"]).output()?;
    let checked: Value = serde_json::from_slice(&output.stdout)?;
    let size = |what: &str| -> Outcome<f64> {
        let limits = checked["limits"].as_array().ok_or("no limits")?;
        let limit = limits.iter().find(|limit| limit["what"] == what);
        Ok(limit.and_then(|limit| limit["value"].as_f64()).ok_or(format!("no {what}"))?)
    };
    let (code, spec) = (size("code bytes")?, size("spec bytes")?);
    line("token_code", code - spec, "bytes", 24.0 * 1024.0);
    line("token_spec", spec, "bytes", 8.0 * 1024.0);
    Ok(())
}

/// A folder in which everything is compiled anew.
struct Target {
    folder: PathBuf,
}

impl Target {
    fn new() -> Outcome<Self> {
        // This program is in `<target>/<profile>/`.
        let program = std::env::current_exe()?;
        let target = program.parent().and_then(Path::parent).ok_or("no target folder")?;
        let folder = target.join("author");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// A program as an author starts it: without what `cargo run` put into the environment.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.env_remove("LD_LIBRARY_PATH").env_remove("DURE_REPOSITORY");
        command.env("CARGO_TARGET_DIR", &self.folder).stdout(Stdio::null());
        command
    }

    fn program(&self) -> Command {
        let mut program = self.command(self.folder.join("debug/dure"));
        program.stdout(Stdio::piped());
        program
    }

    fn cargo(&self, arguments: &[&str]) -> Outcome {
        let mut cargo = self.command("cargo");
        succeeds(cargo.current_dir(root()).args(arguments))
    }

    fn dure(&self, arguments: &[&str]) -> Outcome {
        succeeds(self.program().stdout(Stdio::null()).args(arguments))
    }

    /// Writes a crate; where it is.
    fn new_crate(&self, name: &str) -> Outcome<String> {
        let folder = self.folder.join(name).display().to_string();
        self.dure(&["new", name, "--dir", &folder])?;
        Ok(folder)
    }
}

fn succeeds(command: &mut Command) -> Outcome {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

/// A running `dure dev`; it is killed when this goes out of scope.
struct Dev {
    child: Child,
    url: String,
}

impl Dev {
    fn start(target: &Target) -> Outcome<Self> {
        let mut program = target.program();
        let mut child = program.args(["dev", "--rpc-port", "0", "--json"]).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["url"].as_str().ok_or("the node said no URL")?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // One that is gone already is no matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
