//! `dure token`: tokens whose conditions are a policy file (`contracts/token`).

mod change;
mod day;
mod describe;
mod issue;
mod policy;
mod problem;
mod refused;
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
    /// Set the conditions of a policy file from a day on, for all units; none may be worse.
    Policy(change::PolicyArgs),
    /// Take expired units off the books, those that their holders can do nothing with any more.
    Sweep(change::Target),
    /// Stop whatever moves units.
    Pause(change::PauseArgs),
    /// Let units move again.
    Resume(change::Target),
}

pub(super) async fn run(command: TokenCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        TokenCommand::Issue(args) => issue::run(args, output).await,
        TokenCommand::Show(args) => show::run(args, output).await,
        TokenCommand::Policy(args) => change::policy(args, output).await,
        TokenCommand::Sweep(target) => change::sweep(target, output).await,
        TokenCommand::Pause(args) => change::pause(args, output).await,
        TokenCommand::Resume(target) => change::resume(target, output).await,
    }
}
