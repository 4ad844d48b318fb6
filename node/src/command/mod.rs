//! The commands of `dure`.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | what was asked for happened |
//! | 1 | the node refused, the call failed, or the transaction was skipped |
//! | 2 | the command line is wrong, or an argument of a method that stands on it |
//! | 3 | no node answers at the URL |
//! | 4 | a file, a crate or a key is not there, or cannot be read, written or understood |
//! | 5 | the node cannot start, or had to stop |
//! | 6 | the contract does not build |
//! | 7 | a test failed, or what was to be the same is not |
//!
//! Answers go to standard output, with `--json` as one JSON value (one a line for `events`);
//! errors go to standard error, with `--json` as `{"error": {"code", "message", "data"}}`.

mod account;
mod apply;
mod arguments;
mod audit;
mod build;
mod cargo;
mod check;
mod contract;
mod dev;
mod dev_key;
mod difference;
mod exit;
mod genesis;
mod help;
mod inspect;
mod key;
mod module;
mod names;
#[cfg(feature = "network")]
mod net;
mod new;
mod node;
mod output;
mod plan;
mod read;
#[cfg(feature = "network")]
mod sealed;
mod test;
mod token;
mod trace;
mod upgrade;
mod verify;
mod words;

use clap::{Args, CommandFactory, Parser, Subcommand};
use output::Output;
use std::{io::Write, path::PathBuf, process::ExitCode};

pub use dev_key::DEV_NAMES;
pub use exit::Failure;

/// Runs and uses a Dure chain.
#[derive(Debug, Parser)]
#[command(name = "dure", version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// What [`Failure::code`] says.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused or failed on the chain; 2 wrong input; \
    3 no node answers; 4 a file or key; 5 the node cannot start or had to stop; 6 does not compile; \
    7 a test failed, or what is there is not what was asked for";

/// Settings of every command.
#[derive(Clone, Debug, Args)]
struct Global {
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
}

/// Where `dure dev` answers unless told.
const RPC_DEFAULT: &str = "http://127.0.0.1:9944/v1";

/// How to reach a node.
#[derive(Clone, Debug, Args)]
struct Remote {
    /// URL of a node.
    #[arg(long, env = "DURE_RPC", default_value = RPC_DEFAULT, value_name = "URL")]
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
    /// Write a contract crate to begin with.
    New(new::NewArgs),
    /// Run the tests of a contract.
    Test(test::TestArgs),
    /// Say how large a contract is, what gas it uses and how far it is from the limits.
    Check(check::CheckArgs),
    /// Build a contract into a module that can be deployed.
    Build(build::BuildArgs),
    /// Store a module and make a contract of it.
    Deploy(contract::DeployArgs),
    /// Give a contract new code, or show what that would change.
    Upgrade(upgrade::UpgradeArgs),
    /// Call a method of a contract in a transaction.
    #[command(disable_help_flag = true)]
    Call(contract::CallArgs),
    /// Ask a read-only method of a contract.
    #[command(disable_help_flag = true)]
    Query(contract::CallArgs),
    /// Try a call or a query without a transaction, and show what it would do.
    #[command(disable_help_flag = true)]
    Simulate(contract::CallArgs),
    /// Show every contract that a transaction or a call enters, with gas, events and errors.
    Trace(trace::TraceArgs),
    /// Show what a contract or a module offers, and what a contract stores.
    Inspect(inspect::InspectArgs),
    /// Show an account: its tier, gas, nonces and latest transactions.
    Account(account::AccountArgs),
    /// Make the contracts that a file describes, wired; what is there already is left alone.
    Apply(apply::ApplyArgs),
    /// Make tokens whose conditions are a policy file, and show them.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Prove that the code of a contract is what its source builds.
    Verify(verify::VerifyArgs),
    /// Count what a contract keeps, page by page, and compare it with its books.
    Audit(audit::AuditArgs),
    /// Write the completions of a shell to standard output.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Move the clock of a `dure dev` forward: what ends in a year can be seen to end.
    Advance(read::AdvanceArgs),
    /// Say where the chain is and how the node fares.
    Status(read::StatusArgs),
    /// Show what became of a transaction.
    Tx(read::TxArgs),
    /// List or follow events.
    Events(read::EventsArgs),
    /// Look at a genesis file, or make one with the other operators.
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Look at the configuration of a node.
    #[command(subcommand)]
    Config(node::ConfigCommand),
    /// Run a network of several validators on this machine.
    #[cfg(feature = "network")]
    #[command(subcommand)]
    Net(net::NetCommand),
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

    /// Prints help, the version or what is wrong with the command line, as JSON where that is asked
    /// for. Help that cannot be written did not succeed.
    #[must_use]
    pub fn told(said: &clap::Error) -> ExitCode {
        if said.use_stderr() && std::env::args().any(|word| word == "--json") {
            let text = said.to_string();
            let text = text.trim().trim_start_matches("error: ").to_owned();
            return Output::new(true).fail(&Failure::Usage(text));
        }
        let printed = said.print().and_then(|()| std::io::stdout().flush());
        match (said.use_stderr(), printed) {
            (true, _) => ExitCode::from(2),
            (false, Ok(())) => ExitCode::SUCCESS,
            (false, Err(_)) => ExitCode::from(4),
        }
    }
}

async fn dispatch(command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Dev(args) => dev::run(args, output).await,
        Command::Start(args) => node::start(args, output).await,
        Command::Keys(command) => key::run(command, output),
        Command::New(args) => new::run(args, output),
        Command::Test(args) => test::run(args, output),
        Command::Check(args) => check::run(args, output).await,
        Command::Build(args) => build::run(args, output).await,
        Command::Deploy(args) => contract::deploy(args, output).await,
        Command::Upgrade(args) => upgrade::run(args, output).await,
        Command::Call(args) => contract::call(args, output).await,
        Command::Query(args) => contract::query(args, output).await,
        Command::Simulate(args) => trace::simulate(args, output).await,
        Command::Trace(args) => trace::trace(args, output).await,
        Command::Inspect(args) => inspect::run(args, output).await,
        Command::Account(args) => account::run(args, output).await,
        Command::Apply(args) => apply::run(args, output).await,
        Command::Token(command) => token::run(command, output).await,
        Command::Verify(args) => verify::run(args, output).await,
        Command::Audit(args) => audit::run(args, output).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dure", &mut script);
            output.bare(&String::from_utf8_lossy(&script), || {
                String::from_utf8_lossy(&script).into_owned()
            })
        }
        Command::Advance(args) => read::advance(args, output).await,
        Command::Status(args) => read::status(args, output).await,
        Command::Tx(args) => read::tx(args, output).await,
        Command::Events(args) => read::events(args, output).await,
        Command::Genesis(command) => genesis::run(command, output),
        Command::Config(command) => node::config(command, output),
        #[cfg(feature = "network")]
        Command::Net(command) => net::run(command, output).await,
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
