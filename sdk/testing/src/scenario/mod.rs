//! Scenarios: settlement rules as files that the operator of a scheme can read and write.
//!
//! A file says who there is, which contracts are deployed, and step by step what is done when and
//! what must come of it. [`run`] plays it on a fresh [`Chain`](crate::Chain) and stops at the first
//! difference. Calls, errors, events and queries go by the specification of the contract, so that
//! nothing is compiled for a scenario. `docs/formats.md` has the format.

mod expect;
mod file;
mod play;
mod values;

pub use file::{
    Deployment, Expect, ExpectedError, ExpectedEvent, OneCall, Query, Scenario, Setup, Step,
};
pub use play::Played;

use crate::TestFailure;
use std::path::{Path, PathBuf};

/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why a scenario did not go as written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is no scenario: line and column are said.
    #[error("not a scenario: {0}")]
    Format(#[from] serde_json::Error),
    /// Something in it has no meaning: an unknown name, a method that is not there.
    #[error("{place}: {text}")]
    Meaning {
        /// Where, as a path: `steps[3].args`.
        place: String,
        /// What is wrong.
        text: String,
    },
    /// Something else happened than was expected.
    #[error("{place}: expected {expected}, found {found}")]
    Differs {
        /// Where, as a path: `steps[3] (she pays) balances.won.alice`.
        place: String,
        /// As the file has it.
        expected: String,
        /// As the chain has it.
        found: String,
    },
    /// A contract does not build or deploy, or the chain is broken.
    #[error("{place}: {failure}")]
    Chain {
        /// Where, as a path.
        place: String,
        /// Why.
        failure: Box<TestFailure>,
    },
}

/// Plays the scenario of a file on a fresh chain.
///
/// # Errors
/// [`ScenarioError`] at the first thing that is not as written.
pub fn run(path: &Path) -> Result<Played, ScenarioError> {
    let failed = |reason: String| ScenarioError::File { path: path.to_path_buf(), reason };
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(failed(format!("{length} bytes are above the limit of {FILE_BYTES_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let scenario: Scenario = serde_json::from_str(&text)?;
    play::play(&scenario, path.parent().unwrap_or(Path::new(".")))
}
