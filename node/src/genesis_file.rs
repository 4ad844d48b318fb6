//! The genesis file that people read and write: TOML. The chain id is the hash of its canonical
//! SCALE bytes, so that layout and comments of the file do not matter.
//!
//! Unknown keys are errors: a misspelt limit must not become a default.

use crate::printable::is_steering;
use dure_types::{
    Address, Gas, Genesis, Hash, Parameters, Selector, SponsorRecord, SponsoredContract, Tier,
    TimestampMs, ValidatorId, ValidatorRecord, ValidatorSet, genesis::GenesisError, limits,
};
use ed25519_dalek::{Signer, SigningKey, Verifier};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Says why a genesis file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisFileError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// More bytes than a genesis may have.
    #[error("genesis file of {length} bytes exceeds {limit}")]
    TooLong {
        /// Bytes in the file.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not TOML, a missing key, or an unknown one.
    #[error("genesis file: {0}")]
    Syntax(String),
    /// A value is not the hexadecimal text that it should be.
    #[error("{what}: {text:?} is not 0x and {digits} hexadecimal digits")]
    Hex {
        /// The key in the file.
        what: &'static str,
        /// Its value.
        text: String,
        /// Digits wanted.
        digits: usize,
    },
    /// A name would steer the terminal of whoever reads it.
    #[error("the name {0:?} has control characters")]
    Name(String),
    /// A validator's keys are not bound to each other by both signatures.
    #[error("validator {name}: the signature {which} does not hold")]
    Binding {
        /// The validator's name.
        name: String,
        /// `consensus_binding` or `network_binding`.
        which: &'static str,
    },
    /// The contents are no genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u16,
    name: String,
    time: u64,
    parameters: ParametersEntry,
    #[serde(default)]
    validators: Vec<ValidatorEntry>,
    #[serde(default)]
    tiers: Vec<TierEntry>,
    #[serde(default)]
    accounts: Vec<AccountEntry>,
    #[serde(default)]
    sponsors: Vec<SponsorEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParametersEntry {
    block_gas_max: u64,
    transaction_gas_base: u64,
    transaction_gas_per_byte: u64,
    vm_version: u32,
    gas_table: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorEntry {
    name: String,
    power: u64,
    consensus_key: String,
    network_key: String,
    consensus_binding: String,
    network_binding: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierEntry {
    tier: u8,
    capacity: u64,
    refill_per_second: u64,
    may_deploy: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountEntry {
    address: String,
    tier: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SponsorEntry {
    sponsor: String,
    tier_min: u8,
    gas_per_account_day: u64,
    gas_per_day: u64,
    /// Covers every contract but the system contract.
    #[serde(default)]
    any_contract: bool,
    #[serde(default)]
    contracts: Vec<SponsoredEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SponsoredEntry {
    contract: String,
    /// Names of methods; none: all.
    #[serde(default)]
    methods: Vec<String>,
}

/// Reads a genesis from a file.
///
/// # Errors
/// [`GenesisFileError`] names the key or rule that is wrong.
pub fn read(path: &Path) -> Result<Genesis, GenesisFileError> {
    let text = crate::file::read_text(path).map_err(|source| io_error(path, source))?;
    parse(&text)
}

/// Writes a genesis into a file.
///
/// # Errors
/// [`GenesisFileError::Io`].
pub fn write(path: &Path, genesis: &Genesis) -> Result<(), GenesisFileError> {
    write_whole(path, &print(genesis)?)
}

/// Beside the file first: a write that is cut off leaves the old one.
fn write_whole(path: &Path, text: &str) -> Result<(), GenesisFileError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    std::fs::write(partial, text)
        .and_then(|()| std::fs::rename(partial, path))
        .map_err(|source| io_error(path, source))
}

/// Reads a genesis that may have no validator yet.
///
/// # Errors
/// As [`read`].
pub fn read_draft(path: &Path) -> Result<Genesis, GenesisFileError> {
    let text = crate::file::read_text(path).map_err(|source| io_error(path, source))?;
    let genesis = unchecked(&text)?;
    if !genesis.validators.0.is_empty() {
        return checked(genesis);
    }
    Ok(genesis)
}

/// Reads the public file of a validator, and checks its signatures.
///
/// # Errors
/// [`GenesisFileError`] names the key or rule that is wrong.
pub fn read_validator(path: &Path) -> Result<ValidatorRecord, GenesisFileError> {
    let text = crate::file::read_text(path).map_err(|source| io_error(path, source))?;
    let entry: ValidatorEntry =
        toml::from_str(&text).map_err(|error| GenesisFileError::Syntax(error.to_string()))?;
    if entry.name.contains(is_steering) {
        return Err(GenesisFileError::Name(entry.name));
    }
    let record = validator(&entry)?;
    check_binding(&record)?;
    Ok(record)
}

/// Writes the public file of a validator.
///
/// # Errors
/// [`GenesisFileError::Io`].
pub fn write_validator(path: &Path, record: &ValidatorRecord) -> Result<(), GenesisFileError> {
    let text = toml::to_string_pretty(&print_validator(record))
        .map_err(|error| GenesisFileError::Syntax(error.to_string()))?;
    write_whole(path, &text)
}

/// A chain without validators, whose deployers have gas of their own and carry nobody else's.
#[must_use]
pub fn draft(name: &str, time: TimestampMs, deployers: &[Address]) -> Genesis {
    let none = ValidatorSet(Vec::new());
    Genesis { sponsors: Vec::new(), ..dev_genesis_of(name, time, none, deployers) }
}

fn io_error(path: &Path, source: std::io::Error) -> GenesisFileError {
    GenesisFileError::Io { path: path.display().to_string(), source }
}

/// Reads a genesis from text, and checks it, its signatures included.
///
/// # Errors
/// [`GenesisFileError`] names the key or rule that is wrong.
pub fn parse(text: &str) -> Result<Genesis, GenesisFileError> {
    checked(unchecked(text)?)
}

fn checked(genesis: Genesis) -> Result<Genesis, GenesisFileError> {
    genesis.check()?;
    genesis.validators.0.iter().try_for_each(check_binding)?;
    Ok(genesis)
}

fn unchecked(text: &str) -> Result<Genesis, GenesisFileError> {
    // Text is longer than SCALE, by less than eight times.
    let limit = limits::GENESIS_BYTES_MAX * 8;
    if text.len() > limit {
        return Err(GenesisFileError::TooLong { length: text.len(), limit });
    }
    let file: File =
        toml::from_str(text).map_err(|error| GenesisFileError::Syntax(error.to_string()))?;
    let validators = file.validators.iter().map(|entry| &entry.name);
    if let Some(name) = validators.chain([&file.name]).find(|name| name.contains(is_steering)) {
        return Err(GenesisFileError::Name(name.clone()));
    }
    genesis(&file)
}

fn genesis(file: &File) -> Result<Genesis, GenesisFileError> {
    let validators = file.validators.iter().map(validator).collect::<Result<Vec<_>, _>>()?;
    let tiers = file.tiers.iter().map(|entry| Tier {
        tier: entry.tier,
        capacity: Gas(entry.capacity),
        refill_per_second: Gas(entry.refill_per_second),
        may_deploy: entry.may_deploy,
    });
    let mut accounts = file
        .accounts
        .iter()
        .map(|entry| Ok((Address(hex("address", &entry.address)?), entry.tier)))
        .collect::<Result<Vec<_>, GenesisFileError>>()?;
    accounts.sort();
    let mut sponsors = file.sponsors.iter().map(sponsor).collect::<Result<Vec<_>, _>>()?;
    sponsors.sort_by_key(|record| record.sponsor);
    let parameters = &file.parameters;
    Ok(Genesis {
        version: file.version,
        name: file.name.clone(),
        time: TimestampMs(file.time),
        validators: ValidatorSet::new(validators),
        tiers: tiers.collect(),
        accounts,
        sponsors,
        parameters: Parameters {
            block_gas_max: Gas(parameters.block_gas_max),
            transaction_gas_base: Gas(parameters.transaction_gas_base),
            transaction_gas_per_byte: Gas(parameters.transaction_gas_per_byte),
            vm_version: parameters.vm_version,
            gas_table: Hash(hex("gas_table", &parameters.gas_table)?),
        },
    })
}

fn validator(entry: &ValidatorEntry) -> Result<ValidatorRecord, GenesisFileError> {
    let consensus_key = hex("consensus_key", &entry.consensus_key)?;
    Ok(ValidatorRecord {
        id: ValidatorId::of_key(&consensus_key),
        name: entry.name.clone(),
        consensus_key,
        network_key: hex("network_key", &entry.network_key)?,
        consensus_binding: hex("consensus_binding", &entry.consensus_binding)?,
        network_binding: hex("network_binding", &entry.network_binding)?,
        power: entry.power,
    })
}

fn sponsor(entry: &SponsorEntry) -> Result<SponsorRecord, GenesisFileError> {
    let mut contracts = Vec::new();
    if entry.any_contract {
        contracts.push(SponsoredContract::Any);
    }
    for covered in &entry.contracts {
        let contract = Address(hex("contract", &covered.contract)?);
        let methods = covered.methods.iter().map(|name| method(name)).collect::<Result<_, _>>()?;
        contracts.push(SponsoredContract::Contract { contract, methods });
    }
    Ok(SponsorRecord {
        sponsor: Address(hex("sponsor", &entry.sponsor)?),
        contracts,
        tier_min: entry.tier_min,
        gas_per_account_day: Gas(entry.gas_per_account_day),
        gas_per_day: Gas(entry.gas_per_day),
    })
}

/// A method by name, or by its selector where only that is known.
fn method(text: &str) -> Result<Selector, GenesisFileError> {
    if text.starts_with("0x") {
        return Ok(Selector(hex("methods", text)?));
    }
    Ok(dure_types::domain::selector(text))
}

fn hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], GenesisFileError> {
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| GenesisFileError::Hex {
        what,
        text: text.chars().take(200).collect(),
        digits: N * 2,
    })
}

fn check_binding(record: &ValidatorRecord) -> Result<(), GenesisFileError> {
    let bound = ValidatorRecord::binding(record.id, &record.consensus_key, &record.network_key);
    let holds = |key: &[u8; 32], signature: &[u8; 64]| {
        ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| {
            key.verify(&bound, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
        })
    };
    let error = |which| GenesisFileError::Binding { name: record.name.clone(), which };
    if !holds(&record.consensus_key, &record.consensus_binding) {
        return Err(error("consensus_binding"));
    }
    if !holds(&record.network_key, &record.network_binding) {
        return Err(error("network_binding"));
    }
    Ok(())
}

/// Prints a genesis as text that [`parse`] reads back to the same.
///
/// # Errors
/// [`GenesisFileError::Syntax`] when a number does not fit into TOML's 63 bits.
pub fn print(genesis: &Genesis) -> Result<String, GenesisFileError> {
    let text = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let file = File {
        version: genesis.version,
        name: genesis.name.clone(),
        time: genesis.time.0,
        parameters: ParametersEntry {
            block_gas_max: genesis.parameters.block_gas_max.0,
            transaction_gas_base: genesis.parameters.transaction_gas_base.0,
            transaction_gas_per_byte: genesis.parameters.transaction_gas_per_byte.0,
            vm_version: genesis.parameters.vm_version,
            gas_table: text(&genesis.parameters.gas_table.0),
        },
        validators: genesis.validators.0.iter().map(print_validator).collect(),
        tiers: genesis
            .tiers
            .iter()
            .map(|tier| TierEntry {
                tier: tier.tier,
                capacity: tier.capacity.0,
                refill_per_second: tier.refill_per_second.0,
                may_deploy: tier.may_deploy,
            })
            .collect(),
        accounts: genesis
            .accounts
            .iter()
            .map(|(address, tier)| AccountEntry { address: text(&address.0), tier: *tier })
            .collect(),
        sponsors: genesis.sponsors.iter().map(print_sponsor).collect(),
    };
    toml::to_string_pretty(&file).map_err(|error| GenesisFileError::Syntax(error.to_string()))
}

fn print_validator(record: &ValidatorRecord) -> ValidatorEntry {
    let text = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    ValidatorEntry {
        name: record.name.clone(),
        power: record.power,
        consensus_key: text(&record.consensus_key),
        network_key: text(&record.network_key),
        consensus_binding: text(&record.consensus_binding),
        network_binding: text(&record.network_binding),
    }
}

fn print_sponsor(record: &SponsorRecord) -> SponsorEntry {
    let text = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let contracts = record.contracts.iter().filter_map(|covered| match covered {
        SponsoredContract::Any => None,
        SponsoredContract::Contract { contract, methods } => Some(SponsoredEntry {
            contract: text(&contract.0),
            methods: methods.iter().map(|method| text(&method.0)).collect(),
        }),
    });
    SponsorEntry {
        sponsor: text(&record.sponsor.0),
        tier_min: record.tier_min,
        gas_per_account_day: record.gas_per_account_day.0,
        gas_per_day: record.gas_per_day.0,
        any_contract: record.contracts.contains(&SponsoredContract::Any),
        contracts: contracts.collect(),
    }
}

/// The record of a validator whose two keys are at hand.
#[must_use]
pub fn validator_record(
    name: &str,
    consensus_key: &SigningKey,
    network_key: &SigningKey,
    power: u64,
) -> ValidatorRecord {
    let consensus = consensus_key.verifying_key().to_bytes();
    let network = network_key.verifying_key().to_bytes();
    let bound = ValidatorRecord::binding(ValidatorId::of_key(&consensus), &consensus, &network);
    ValidatorRecord {
        id: ValidatorId::of_key(&consensus),
        name: name.to_owned(),
        consensus_key: consensus,
        network_key: network,
        consensus_binding: consensus_key.sign(&bound).to_bytes(),
        network_binding: network_key.sign(&bound).to_bytes(),
        power,
    }
}

/// Tier of the accounts of a development chain.
pub const DEVELOPER_TIER: u8 = 9;
/// Gas that a developer's account has at hand, and gets back every second.
const DEVELOPER_GAS: Gas = Gas(1_000_000_000_000);

/// The genesis of a development chain: one validator, and accounts that may deploy, hold a big
/// quota, and carry anybody's gas for any contract.
#[must_use]
pub fn dev_genesis(
    name: &str,
    time: TimestampMs,
    consensus_key: &SigningKey,
    network_key: &SigningKey,
    developers: &[Address],
) -> Genesis {
    let validator = validator_record("dev", consensus_key, network_key, 1);
    dev_genesis_of(name, time, ValidatorSet::new(vec![validator]), developers)
}

/// The same of these validators.
#[must_use]
pub fn dev_genesis_of(
    name: &str,
    time: TimestampMs,
    validators: ValidatorSet,
    developers: &[Address],
) -> Genesis {
    let mut developers = developers.to_vec();
    developers.sort();
    developers.dedup();
    let everyone =
        Tier { tier: 0, capacity: Gas::ZERO, refill_per_second: Gas::ZERO, may_deploy: false };
    let developer = Tier {
        tier: DEVELOPER_TIER,
        capacity: DEVELOPER_GAS,
        refill_per_second: DEVELOPER_GAS,
        may_deploy: true,
    };
    let sponsors = developers.iter().map(|sponsor| SponsorRecord {
        sponsor: *sponsor,
        contracts: vec![SponsoredContract::Any],
        tier_min: 0,
        gas_per_account_day: Gas(100_000_000_000),
        gas_per_day: Gas(100_000_000_000_000),
    });
    Genesis {
        version: Genesis::VERSION,
        name: name.to_owned(),
        time,
        validators,
        tiers: vec![everyone, developer],
        sponsors: sponsors.collect(),
        accounts: developers.iter().map(|address| (*address, DEVELOPER_TIER)).collect(),
        parameters: dure_runtime::genesis::parameters(),
    }
}
