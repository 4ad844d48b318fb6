//! Printing, for people or for machines.

use super::{exit::Failure, names::beside};
use crate::printable::printable;
use serde::Serialize;
use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

/// Where answers go.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Answers in JSON from now on, when `json`.
    pub(super) const fn also_json(&mut self, json: bool) {
        self.json |= json;
    }

    /// Prints an answer: the value for machines, the text for people, in which known accounts have
    /// their names beside them.
    pub(super) fn answer(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.bare(value, || beside(&text()))
    }

    /// The same of what is read as it is: one value, which a script takes, or a list of names.
    pub(super) fn bare(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let line = if self.json {
            serde_json::to_string(value)
                .map_err(|error| Failure::File(format!("answer: {error}")))?
        } else {
            printable(&text()).into_owned()
        };
        let mut out = std::io::stdout().lock();
        let printed = writeln!(out, "{}", line.trim_end()).and_then(|()| out.flush());
        printed.map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::File(format!("standard output: {error}")),
        })
    }

    /// Says what goes on, to people only.
    pub(super) fn progress(&self, line: &str) {
        if !self.json {
            say(&printable(line));
        }
    }

    /// What stands before an error: red where a person looks at a terminal.
    fn head() -> &'static str {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if colour { "\x1b[1;31merror:\x1b[0m" } else { "error:" }
    }

    /// Prints a failure; its exit code.
    pub(super) fn fail(&self, failure: &Failure) -> ExitCode {
        // `dure inspect .. | head` has what it wanted.
        if matches!(failure, Failure::Unread) {
            return ExitCode::from(failure.code());
        }
        if self.json {
            say(&failure.to_json().to_string());
        } else {
            say(&format!("{} {}", Self::head(), printable(&beside(&failure.to_string()))));
        }
        ExitCode::from(failure.code())
    }
}

/// Writes a line to standard error. Where nobody can hear it, what was to be done goes on, and
/// the exit code still tells.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
