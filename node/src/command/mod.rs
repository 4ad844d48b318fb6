//! The commands of `dure`.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | what was asked for happened |
//! | 1 | the node refused, the call failed, or the transaction was skipped |
//! | 2 | the command line is wrong |
//! | 3 | no node answers at the URL |
//! | 4 | a file or key cannot be read or written |
//! | 5 | the node cannot start, or had to stop |
//! | 6 | the contract does not build |
//!
//! Answers go to standard output, with `--json` as one JSON value (one a line for `events`);
//! errors go to standard error, with `--json` as `{"error": {"code", "message", "data"}}`.

mod arguments;
mod build;
mod contract;
mod dev;
mod dev_key;
mod exit;
mod genesis;
mod key;
mod node;
mod output;
mod read;
mod upgrade;

use clap::{Args, Parser, Subcommand};
use output::Output;
use std::{path::PathBuf, process::ExitCode};

pub use dev_key::DEV_NAMES;
pub use exit::Failure;

/// Runs and uses a Dure chain.
#[derive(Debug, Parser)]
#[command(name = "dure", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Settings of every command.
#[derive(Clone, Debug, Args)]
struct Global {
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
}

/// How to reach a node.
#[derive(Clone, Debug, Args)]
struct Remote {
    /// URL of a node.
    #[arg(long, env = "DURE_RPC", default_value = "http://127.0.0.1:9944/v1", value_name = "URL")]
    rpc: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a chain of one validator for development, with funded keys.
    Dev(dev::DevArgs),
    /// Run a node of a chain.
    Start(node::StartArgs),
    /// Make and show keys.
    #[command(subcommand)]
    Keys(key::KeysCommand),
    /// Build a contract into a module that can be deployed.
    Build(build::BuildArgs),
    /// Store a module and make a contract of it.
    Deploy(contract::DeployArgs),
    /// Give a contract new code, or show what that would change.
    Upgrade(upgrade::UpgradeArgs),
    /// Call a method of a contract in a transaction.
    Call(contract::CallArgs),
    /// Ask a read-only method of a contract.
    Query(contract::CallArgs),
    /// Say where the chain is and how the node fares.
    Status(read::StatusArgs),
    /// Show what became of a transaction.
    Tx(read::TxArgs),
    /// List or follow events.
    Events(read::EventsArgs),
    /// Look at a genesis file.
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
}

impl Cli {
    /// Does what the command line says.
    ///
    /// The exit code is 0 only for what succeeded.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let mut output = Output::new(self.global.json);
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return output.fail(&Failure::Start(format!("no runtime: {error}"))),
        };
        let done = runtime.block_on(dispatch(self.command, &mut output));
        // Threads that still read from the store end on their own.
        runtime.shutdown_background();
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => output.fail(&failure),
        }
    }
}

async fn dispatch(command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Dev(args) => dev::run(args, output).await,
        Command::Start(args) => node::start(args, output).await,
        Command::Keys(command) => key::run(command, output),
        Command::Build(args) => build::run(args, output).await,
        Command::Deploy(args) => contract::deploy(args, output).await,
        Command::Upgrade(args) => upgrade::run(args, output).await,
        Command::Call(args) => contract::call(args, output).await,
        Command::Query(args) => contract::query(args, output).await,
        Command::Status(args) => read::status(args, output).await,
        Command::Tx(args) => read::tx(args, output).await,
        Command::Events(args) => read::events(args, output).await,
        Command::Genesis(command) => genesis::run(command, output),
    }
}

/// Where keys lie unless told: `DURE_KEYS`, else `.dure/keys` in the home directory.
fn keys_dir() -> PathBuf {
    if let Some(folder) = std::env::var_os("DURE_KEYS") {
        return folder.into();
    }
    let home = std::env::var_os("HOME").map_or_else(PathBuf::new, PathBuf::from);
    home.join(".dure").join("keys")
}
