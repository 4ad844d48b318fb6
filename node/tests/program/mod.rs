//! The program as a script runs it, and a development chain to run it against.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

/// A running `dure dev`; killed without mercy when dropped.
#[allow(dead_code, reason = "not every test needs one")]
pub(crate) struct Dev {
    child: Child,
    pub(crate) url: String,
    #[allow(dead_code, reason = "not every test looks at it")]
    pub(crate) ready: Value,
}

#[allow(dead_code, reason = "not every test needs one")]
impl Dev {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["dev", "--rpc-port", "0", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("said {line:?}"));
        let url = ready["url"].as_str().unwrap().to_owned();
        Self { child, url, ready }
    }

    /// Runs a command against the node.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        dure(&[arguments, &["--rpc", &self.url, "--json"]].concat())
    }

    pub(crate) fn answer(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // SIGKILL: what a node promised must survive this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn dure(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dure")).args(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}
