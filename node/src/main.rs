//! `dure`: node, author's tool and client in one program.

use clap::Parser;
use dure_node::command::Cli;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // `DURE_LOG=dure_node=debug` and the like; what an operator must see is a warning or worse.
    let filter = EnvFilter::try_from_env("DURE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Cli::parse().run()
}
