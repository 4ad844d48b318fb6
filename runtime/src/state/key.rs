//! Every state key.
//!
//! A state key is `address (32) | field id (u16, big-endian) | ordered key`. A contract chooses
//! what follows its address; the SDK's macro numbers the fields in order of declaration. The
//! system contract (address 0) has the fields below.

use dure_types::{Address, Hash};

/// The name of one field of the system contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum SystemField {
    /// code hash -> module bytes.
    Code = 0,
    /// code hash -> `CodeRecord`.
    CodeRecord = 1,
    /// address -> `ContractRecord`.
    Contract = 2,
    /// address -> `AccountRecord`, with lane 0.
    Account = 3,
    /// sponsor -> `SponsorRecord`.
    Sponsor = 4,
    /// sponsor -> `Usage` of all accounts.
    SponsorUsage = 5,
    /// sponsor | account -> `Usage` of one account.
    SponsorAccountUsage = 6,
    /// -> list of tiers.
    Tiers = 7,
    /// -> `Parameters`.
    Parameters = 8,
    /// -> validator set.
    Validators = 9,
    /// -> block time until which the compiler is busy.
    Compiling = 10,
}

/// Puts a contract's address before the key that it chose.
#[must_use]
pub fn of_contract(contract: Address, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len().saturating_add(32));
    bytes.extend_from_slice(&contract.0);
    bytes.extend_from_slice(key);
    bytes
}

/// The key of a field of the system contract.
#[must_use]
pub fn of_system(field: SystemField, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(98);
    bytes.extend_from_slice(&Address::SYSTEM.0);
    bytes.extend_from_slice(&(field as u16).to_be_bytes());
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The key of a module's bytes.
#[must_use]
pub fn code(hash: Hash) -> Vec<u8> {
    of_system(SystemField::Code, &[&hash.0])
}

/// The key of an account's record.
#[must_use]
pub fn account(address: Address) -> Vec<u8> {
    of_system(SystemField::Account, &[&address.0])
}

/// The key of a contract's record.
#[must_use]
pub fn contract(address: Address) -> Vec<u8> {
    of_system(SystemField::Contract, &[&address.0])
}

/// The least key that is greater than every key with this prefix; `None` when there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
