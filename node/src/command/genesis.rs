//! `dure genesis`: looking at a genesis file, and the ceremony that makes one.
//!
//! Nobody holds another's key. One operator writes the beginning (`new`), each signs a public file of
//! its own validator (`validator`), one adds them all (`add`), and all compare the hash (`check`), by
//! which each node is started.

use super::{
    exit::Failure,
    key,
    output::{Output, say},
};
use crate::{
    driver::WallClock,
    genesis_file::{self, GenesisFileError},
};
use clap::Subcommand;
use dure_types::Genesis;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to do with a genesis file.
#[derive(Debug, Subcommand)]
pub(super) enum GenesisCommand {
    /// Begin one: a chain without validators.
    New {
        /// The file to write.
        file: PathBuf,
        /// The chain's name.
        #[arg(long)]
        name: String,
        /// Account that may deploy contracts, with gas of its own; each: an address, or @NAME of a
        /// key.
        #[arg(long, value_name = "ADDRESS")]
        deployer: Vec<String>,
    },
    /// Sign the public file of a validator, with both of its keys.
    Validator {
        /// The file to write.
        file: PathBuf,
        /// The validator's name: by it others say where it listens.
        #[arg(long)]
        name: String,
        /// Its consensus key: name or file.
        #[arg(long, value_name = "KEY")]
        key: String,
        /// Its network key: name or file.
        #[arg(long, value_name = "KEY")]
        network_key: String,
        /// File whose first line opens keys that are encrypted.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// Its voting power.
        #[arg(long, default_value_t = 1, value_name = "N")]
        power: u64,
    },
    /// Add validators, each by its public file, whose signatures are checked.
    Add {
        /// The genesis file.
        genesis: PathBuf,
        /// Public files.
        #[arg(required = true, value_name = "FILE")]
        validators: Vec<PathBuf>,
    },
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

fn failed(error: GenesisFileError) -> Failure {
    Failure::File(error.to_string())
}

pub(super) fn run(command: GenesisCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        GenesisCommand::New { file, name, deployer } => new(&file, name, &deployer, output),
        GenesisCommand::Validator { file, name, key, network_key, passphrase_file, power } => {
            let read = |name: &str| key::unlocked(&key::path_of(name), passphrase_file.as_deref());
            let (key, network) = (read(&key)?, read(&network_key)?);
            let record =
                genesis_file::validator_record(&name, key.signing(), network.signing(), power);
            genesis_file::write_validator(&file, &record).map_err(failed)?;
            let value = json!({
                "file": file.display().to_string(), "name": name, "power": power.to_string(),
                "peer_id": key::peer_id(&network),
            });
            output.answer(&value, || {
                format!("{}: give it to whoever adds the validators\n", file.display())
            })
        }
        GenesisCommand::Add { genesis, validators } => add(&genesis, &validators, output),
        GenesisCommand::Hash { file } => {
            // Reading checks it too.
            let genesis = genesis_file::read(&file).map_err(failed)?;
            let chain = genesis.chain_id().to_string();
            output.answer(&json!({ "chain": chain }), || chain.clone())
        }
        GenesisCommand::Check { file } => {
            let genesis = genesis_file::read(&file).map_err(failed)?;
            show(&genesis, output)
        }
    }
}

/// A chain that nobody orders yet.
fn new(
    path: &Path,
    name: String,
    deployers: &[String],
    output: &mut Output,
) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::File(format!("{} is there already", path.display())));
    }
    let deployers = deployers.iter().map(|text| key::address(text));
    let deployers = deployers.collect::<Result<Vec<_>, _>>()?;
    let genesis = genesis_file::draft(&name, WallClock::fixed().now(), &deployers);
    genesis_file::write(path, &genesis).map_err(failed)?;
    let value = json!({ "file": path.display().to_string(), "name": genesis.name });
    output.answer(&value, || {
        format!(
            "{}: edit tiers, accounts and sponsors if need be, then add the validators by \
             `dure genesis add`\n",
            path.display()
        )
    })
}

fn add(path: &Path, validators: &[PathBuf], output: &mut Output) -> Result<(), Failure> {
    let mut genesis = genesis_file::read_draft(path).map_err(failed)?;
    for file in validators {
        let told = |error: GenesisFileError| Failure::File(format!("{}: {error}", file.display()));
        let record = genesis_file::read_validator(file).map_err(told)?;
        let same = |other: &&dure_types::ValidatorRecord| {
            other.name == record.name
                || other.id == record.id
                || other.network_key == record.network_key
        };
        match genesis.validators.0.iter().find(same) {
            // The same file once more.
            Some(other) if *other == record => {
                say(&format!("{}: {} is there already", file.display(), record.name));
            }
            Some(other) => {
                return Err(Failure::File(format!(
                    "{}: {} has the name or a key of the validator {} that is there already",
                    file.display(),
                    record.name,
                    other.name
                )));
            }
            None => genesis.validators.0.push(record),
        }
    }
    genesis.validators = dure_types::ValidatorSet::new(genesis.validators.0);
    genesis.check().map_err(|error| failed(error.into()))?;
    genesis_file::write(path, &genesis).map_err(failed)?;
    show(&genesis, output)
}

/// What all operators compare.
fn show(genesis: &Genesis, output: &mut Output) -> Result<(), Failure> {
    let chain = genesis.chain_id().to_string();
    let names: Vec<&str> = genesis.validators.0.iter().map(|it| it.name.as_str()).collect();
    let value = json!({
        "chain": chain,
        "name": genesis.name,
        "time": genesis.time.0.to_string(),
        "validators": names.len(),
        "validator_names": names,
        "tiers": genesis.tiers.len(),
        "accounts": genesis.accounts.len(),
        "sponsors": genesis.sponsors.len(),
    });
    output.answer(&value, || {
        format!(
            "chain       {chain}\nname        {}\nvalidators  {} ({})\ntiers       {}\n\
             accounts    {}\nsponsors    {}\n",
            genesis.name,
            names.len(),
            names.join(", "),
            genesis.tiers.len(),
            genesis.accounts.len(),
            genesis.sponsors.len()
        )
    })
}
