//! `dure token`: tokens whose conditions are a policy file (`contracts/token`).

mod day;
mod describe;
mod issue;
mod policy;
mod problem;
mod section;
mod show;

use super::{exit::Failure, output::Output};
use clap::Subcommand;

pub(super) use problem::PolicyFileError;

/// Tokens whose conditions are a policy file.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token of a policy file, with its merchants and holders; what is there is left alone.
    Issue(issue::IssueArgs),
    /// Show the policy of a token and how much of it there is.
    Show(show::ShowArgs),
}

pub(super) async fn run(command: TokenCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        TokenCommand::Issue(args) => issue::run(args, output).await,
        TokenCommand::Show(args) => show::run(args, output).await,
    }
}
