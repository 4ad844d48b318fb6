//! `dure genesis`.

use super::{exit::Failure, output::Output};
use crate::genesis_file;
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

/// What to do with a genesis file.
#[derive(Debug, Subcommand)]
pub(super) enum GenesisCommand {
    /// Print the chain id: the hash of the canonical bytes.
    Hash {
        /// The file.
        file: PathBuf,
    },
    /// Check it, signatures included, and say what the chain begins with.
    Check {
        /// The file.
        file: PathBuf,
    },
}

pub(super) fn run(command: GenesisCommand, output: &mut Output) -> Result<(), Failure> {
    let (GenesisCommand::Hash { file } | GenesisCommand::Check { file }) = &command;
    // Reading checks it too.
    let genesis = genesis_file::read(file).map_err(|error| Failure::File(error.to_string()))?;
    let chain = genesis.chain_id().to_string();
    if matches!(command, GenesisCommand::Hash { .. }) {
        return output.answer(&json!({ "chain": chain }), || chain.clone());
    }
    let value = json!({
        "chain": chain,
        "name": genesis.name,
        "time": genesis.time.0.to_string(),
        "validators": genesis.validators.0.len(),
        "tiers": genesis.tiers.len(),
        "accounts": genesis.accounts.len(),
        "sponsors": genesis.sponsors.len(),
    });
    output.answer(&value, || {
        format!(
            "chain       {chain}\nname        {}\nvalidators  {}\ntiers       {}\n\
             accounts    {}\nsponsors    {}\n",
            genesis.name,
            genesis.validators.0.len(),
            genesis.tiers.len(),
            genesis.accounts.len(),
            genesis.sponsors.len()
        )
    })
}
