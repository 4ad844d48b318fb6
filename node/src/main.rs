//! `dure`: node, author's tool and client in one program.

use clap::Parser;
use dure_node::command::Cli;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

fn main() -> ExitCode {
    if dure_node::drill::DRILLS {
        eprintln!("built with the feature `drills`, to make mistakes: build it without");
        return ExitCode::FAILURE;
    }
    // `DURE_LOG=dure_node=debug` and the like; what an operator must see is a warning or worse.
    let asked = std::env::var("DURE_LOG").ok().map(|text| (text.parse::<Targets>(), text));
    let usual = Targets::new().with_default(LevelFilter::WARN);
    let (filter, refused) = match asked {
        None => (usual, None),
        Some((Ok(filter), _)) => (filter, None),
        Some((Err(error), text)) => (usual, Some((error, text))),
    };
    // Colours are for people: in a file they are noise, and hide what is looked for.
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let words = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    tracing_subscriber::registry().with(words).with(filter).init();
    if let Some((error, text)) = refused {
        tracing::warn!(%error, DURE_LOG = text, "the log filter is not understood: warnings only");
    }
    match Cli::try_parse() {
        Ok(cli) => cli.run(),
        Err(said) => Cli::told(&said),
    }
}
