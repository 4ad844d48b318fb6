//! State at height 0.

use crate::{
    state::{
        key::{SystemField, of_system},
        read::StateDelta,
    },
    system::AccountRecord,
    vm::gas,
};
use codec::Encode;
use dure_types::{Gas, Genesis, Parameters, limits};

/// Parameters of this release, for a new genesis.
#[must_use]
pub fn parameters() -> Parameters {
    Parameters {
        block_gas_max: Gas(limits::BLOCK_GAS_MAX),
        transaction_gas_base: Gas(gas::TRANSACTION),
        transaction_gas_per_byte: Gas(gas::TRANSACTION_BYTE),
        vm_version: gas::VM_VERSION,
        gas_table: gas::table_hash(),
    }
}

/// Whether this release runs by the chain's rules; a chain of another gas table would diverge.
#[must_use]
pub fn supports(parameters: &Parameters) -> bool {
    parameters.vm_version == gas::VM_VERSION && parameters.gas_table == gas::table_hash()
}

/// Everything that is in state before block 1.
#[must_use]
pub fn state(genesis: &Genesis) -> StateDelta {
    let mut state = StateDelta::new();
    let mut put = |field, parts: &[&[u8]], value: Vec<u8>| {
        state.insert(of_system(field, parts), Some(value));
    };
    put(SystemField::Tiers, &[], genesis.tiers.encode());
    put(SystemField::Parameters, &[], genesis.parameters.encode());
    put(SystemField::Validators, &[], genesis.validators.encode());
    for (address, tier) in &genesis.accounts {
        let record =
            AccountRecord { tier: *tier, updated: genesis.time, ..AccountRecord::default() };
        put(SystemField::Account, &[&address.0], record.encode());
    }
    for record in &genesis.sponsors {
        put(SystemField::Sponsor, &[&record.sponsor.0], record.encode());
    }
    state
}
