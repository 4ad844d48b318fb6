//! Records of the system contract and how they are read.

use crate::state::{
    key::{self, SystemField},
    overlay::Overlay,
    read::{Fault, StateRead},
};
use codec::{Decode, DecodeAll, Encode};
use dure_abi::spec::ContractSpec;
use dure_types::{
    Address, Gas, Hash, Height, Lane, Nonce, Parameters, SponsorRecord, Tier, TimestampMs,
    ValidatorSet, limits,
};

/// What is known of stored code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, scale_info::TypeInfo)]
pub struct CodeRecord {
    /// Height that stored it; usable from the next, at the earliest.
    pub height: Height,
    /// Bytes of the module.
    pub length: u32,
    /// First block time at which it is usable: by then every node has compiled it.
    pub ready: TimestampMs,
}

/// What is known of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, scale_info::TypeInfo)]
pub struct ContractRecord {
    /// Hash of its code.
    pub code: Hash,
    /// Who instantiated it.
    pub creator: Address,
    /// Height at which it was instantiated.
    pub height: Height,
    /// Who may give it new code; nobody any more when none.
    pub upgrader: Option<Address>,
}

/// What is known of an account. One that has no record is of tier 0, its bucket full, no nonce
/// used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, scale_info::TypeInfo)]
pub struct AccountRecord {
    /// Its tier.
    pub tier: u8,
    /// Gas taken from the full bucket at `updated`; it flows back with block time.
    pub spent: Gas,
    /// Block time at which `spent` was right.
    pub updated: TimestampMs,
    /// Nonces of lane 0.
    pub nonces: NonceWindow,
}

/// Gas used by others on a sponsor's account in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Usage {
    /// Days since 1970-01-01 UTC, in block time.
    pub day: u64,
    /// Gas used in it.
    pub gas: Gas,
}

impl Usage {
    /// More used on the same day.
    pub(crate) fn plus(self, gas: Gas) -> Self {
        Self { gas: self.gas.saturating_add(gas), ..self }
    }
}

/// Which nonces of a lane are used: all up to `highest` but those that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, scale_info::TypeInfo)]
pub struct NonceWindow {
    /// The greatest nonce used; 0 when none is.
    pub highest: Nonce,
    /// Bit i, least significant first, is set when `highest - i` is not used. Ends with a byte
    /// that is not 0, so that the usual account, which counts up, stores none.
    pub missing: Vec<u8>,
}

/// What a lane says of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceState {
    /// It can be used.
    Free,
    /// It was used.
    Used,
    /// More than the window below the highest: unknown, thus unusable.
    TooOld,
    /// More than the window above the highest.
    TooHigh,
}

impl NonceWindow {
    /// Judges a nonce.
    #[must_use]
    pub fn state(&self, nonce: Nonce) -> NonceState {
        if let Some(behind) = self.highest.checked_sub(nonce) {
            if nonce == 0 || behind >= limits::NONCE_WINDOW {
                return NonceState::TooOld;
            }
            return if self.is_missing(behind) { NonceState::Free } else { NonceState::Used };
        }
        let ahead = nonce.saturating_sub(self.highest);
        if ahead > limits::NONCE_WINDOW { NonceState::TooHigh } else { NonceState::Free }
    }

    fn is_missing(&self, behind: u64) -> bool {
        let byte = usize::try_from(behind / 8).ok().and_then(|index| self.missing.get(index));
        byte.is_some_and(|byte| byte >> (behind % 8) & 1 == 1)
    }

    /// Marks a nonce that is [`NonceState::Free`] as used; does nothing to any other.
    pub fn take(&mut self, nonce: Nonce) {
        if self.state(nonce) != NonceState::Free {
            return;
        }
        if nonce == self.next() && self.missing.is_empty() {
            self.highest = nonce;
            return;
        }
        let mut bits = [0u64; 16];
        self.unpack(&mut bits);
        if let Some(behind) = self.highest.checked_sub(nonce) {
            clear(&mut bits, behind);
        } else {
            let ahead = nonce.saturating_sub(self.highest);
            bits = shifted(&bits, ahead);
            // The nonces jumped over, and those before the first: only the former exist.
            for behind in 1..ahead.min(limits::NONCE_WINDOW) {
                set(&mut bits, behind);
            }
            self.highest = nonce;
        }
        self.pack(&bits);
    }

    fn unpack(&self, bits: &mut [u64; 16]) {
        for (word, chunk) in bits.iter_mut().zip(self.missing.chunks(8)) {
            let mut bytes = [0u8; 8];
            for (to, from) in bytes.iter_mut().zip(chunk) {
                *to = *from;
            }
            *word = u64::from_le_bytes(bytes);
        }
    }

    fn pack(&mut self, bits: &[u64; 16]) {
        self.missing.clear();
        for word in bits {
            self.missing.extend_from_slice(&word.to_le_bytes());
        }
        while self.missing.last() == Some(&0) {
            self.missing.pop();
        }
    }

    /// The least nonce above all used ones.
    #[must_use]
    pub fn next(&self) -> Nonce {
        self.highest.saturating_add(1)
    }
}

fn set(bits: &mut [u64; 16], at: u64) {
    if let Some(word) = usize::try_from(at / 64).ok().and_then(|index| bits.get_mut(index)) {
        *word |= 1u64 << (at % 64);
    }
}

fn clear(bits: &mut [u64; 16], at: u64) {
    if let Some(word) = usize::try_from(at / 64).ok().and_then(|index| bits.get_mut(index)) {
        *word &= !(1u64 << (at % 64));
    }
}

/// Moves every bit `by` places up; those beyond the window fall off.
fn shifted(bits: &[u64; 16], by: u64) -> [u64; 16] {
    let mut out = [0u64; 16];
    let words = usize::try_from(by / 64).unwrap_or(usize::MAX);
    let rest = (by % 64) as u32;
    let mut carry = 0;
    for (to, from) in out.iter_mut().skip(words).zip(bits) {
        *to = from << rest | carry;
        carry = from.checked_shr(64u32.saturating_sub(rest)).unwrap_or(0);
    }
    out
}

fn decoded<T: Decode>(key: &[u8], bytes: Option<Vec<u8>>) -> Result<Option<T>, Fault> {
    bytes.map(|bytes| decode(key, &bytes)).transpose()
}

pub(crate) fn decode<T: Decode>(key: &[u8], mut bytes: &[u8]) -> Result<T, Fault> {
    T::decode_all(&mut bytes)
        .map_err(|error| Fault::Corrupt(format!("state key {key:02x?}: {error}")))
}

fn read<T: Decode>(
    state: &dyn StateRead,
    field: SystemField,
    parts: &[&[u8]],
) -> Result<Option<T>, Fault> {
    let key = key::of_system(field, parts);
    decoded(&key, state.get(&key)?)
}

pub(crate) fn overlay_read<T: Decode>(
    overlay: &mut Overlay,
    field: SystemField,
    parts: &[&[u8]],
) -> Result<Option<T>, Fault> {
    let key = key::of_system(field, parts);
    overlay.get(&key)?.map(|bytes| decode(&key, bytes)).transpose()
}

pub(crate) fn overlay_write(
    overlay: &mut Overlay,
    field: SystemField,
    parts: &[&[u8]],
    value: &impl Encode,
) {
    overlay.set(&key::of_system(field, parts), Some(value.encode()));
}

pub(crate) fn overlay_contract(
    overlay: &mut Overlay,
    address: Address,
) -> Result<Option<ContractRecord>, Fault> {
    overlay_read(overlay, SystemField::Contract, &[&address.0])
}

/// Reads a contract's record.
///
/// # Errors
/// [`Fault`] when the store fails; so for all that follow.
pub fn contract_record(
    state: &dyn StateRead,
    address: Address,
) -> Result<Option<ContractRecord>, Fault> {
    read(state, SystemField::Contract, &[&address.0])
}

/// Lists contracts by address, those after `after`.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn contracts(
    state: &dyn StateRead,
    after: Option<Address>,
    limit: usize,
) -> Result<Vec<(Address, ContractRecord)>, Fault> {
    let prefix = key::of_system(SystemField::Contract, &[]);
    let end = key::after_prefix(&prefix).unwrap_or_default();
    let mut start = prefix;
    if let Some(after) = after {
        start.extend_from_slice(&after.0);
        start.push(0);
    }
    let mut list = Vec::new();
    for (key, value) in state.scan(&start, &end, false, limit)? {
        let record = decode(&key, &value)?;
        let address = key.get(34..).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let address = address.ok_or_else(|| Fault::Corrupt("contract key".into()))?;
        list.push((Address(address), record));
    }
    Ok(list)
}

/// Reads a module's bytes.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn code(state: &dyn StateRead, hash: Hash) -> Result<Option<Vec<u8>>, Fault> {
    state.get(&key::code(hash))
}

/// Reads what is known of code.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn code_record(state: &dyn StateRead, hash: Hash) -> Result<Option<CodeRecord>, Fault> {
    read(state, SystemField::CodeRecord, &[&hash.0])
}

/// Reads the specification of a contract; that of the system contract is this release's.
///
/// # Errors
/// [`Fault`] when the store fails or holds code that deploy would have refused.
pub fn spec_of(state: &dyn StateRead, address: Address) -> Result<Option<ContractSpec>, Fault> {
    if address == Address::SYSTEM {
        return Ok(Some(super::spec::contract_spec()));
    }
    let Some(record) = contract_record(state, address)? else { return Ok(None) };
    match spec_of_code(state, record.code)? {
        Some(spec) => Ok(Some(spec)),
        None => Err(Fault::Corrupt(format!("no code {}", record.code))),
    }
}

/// Reads the specification of stored code; none where it is not stored.
///
/// # Errors
/// [`Fault`] when the store fails or holds code that deploy would have refused.
pub fn spec_of_code(state: &dyn StateRead, hash: Hash) -> Result<Option<ContractSpec>, Fault> {
    let Some(code) = code(state, hash)? else { return Ok(None) };
    let valid = crate::vm::validate(&code)
        .map_err(|error| Fault::Corrupt(format!("stored code {hash}: {error}")))?;
    Ok(Some(valid.spec))
}

/// Reads an account's record.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn account_record(state: &dyn StateRead, address: Address) -> Result<AccountRecord, Fault> {
    Ok(read(state, SystemField::Account, &[&address.0])?.unwrap_or_default())
}

/// Reads which nonces of a lane are used.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn nonce_window(
    state: &dyn StateRead,
    account: Address,
    lane: Lane,
) -> Result<NonceWindow, Fault> {
    if lane != 0 {
        return Ok(NonceWindow::default());
    }
    Ok(account_record(state, account)?.nonces)
}

/// Reads a sponsor's record.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn sponsor_record(
    state: &dyn StateRead,
    sponsor: Address,
) -> Result<Option<SponsorRecord>, Fault> {
    read(state, SystemField::Sponsor, &[&sponsor.0])
}

/// Reads the tiers.
///
/// # Errors
/// [`Fault`] when the store fails.
pub fn tiers(state: &dyn StateRead) -> Result<Vec<Tier>, Fault> {
    Ok(read(state, SystemField::Tiers, &[])?.unwrap_or_default())
}

/// Reads the chain's parameters.
///
/// # Errors
/// [`Fault`] when the store fails or has none.
pub fn parameters(state: &dyn StateRead) -> Result<Parameters, Fault> {
    read(state, SystemField::Parameters, &[])?
        .ok_or_else(|| Fault::Corrupt("state has no parameters".into()))
}

/// Reads the validator set.
///
/// # Errors
/// [`Fault`] when the store fails or has none.
pub fn validators(state: &dyn StateRead) -> Result<ValidatorSet, Fault> {
    read(state, SystemField::Validators, &[])?
        .ok_or_else(|| Fault::Corrupt("state has no validators".into()))
}
