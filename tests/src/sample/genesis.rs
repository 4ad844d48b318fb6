//! Validators and genesis.

use super::{public, sign};
use dure_types::{
    Address, Gas, Genesis, Hash, Parameters, PublicKey, SponsorRecord, SponsoredContract, Tier,
    TimestampMs, ValidatorId, ValidatorRecord, ValidatorSet, address, domain,
};

/// Seeds of the consensus keys of [`validator_set`]; the network key's seed is 16 more.
const SEEDS: [u8; 4] = [0x41, 0x42, 0x43, 0x44];

fn record(seed: u8) -> ValidatorRecord {
    let (consensus_key, network_key) = (public(seed), public(seed + 16));
    let id = ValidatorId::of_key(&consensus_key);
    let binding = ValidatorRecord::binding(id, &consensus_key, &network_key);
    ValidatorRecord {
        id,
        name: format!("validator {seed:#04x}"),
        consensus_key,
        network_key,
        consensus_binding: sign(seed, &binding),
        network_binding: sign(seed + 16, &binding),
        power: u64::from(seed),
    }
}

/// Four validators of unequal power.
#[must_use]
pub fn validator_set() -> ValidatorSet {
    ValidatorSet::new(SEEDS.into_iter().map(record).collect())
}

/// Ids of [`validator_set`], ascending, each with the seed of its consensus key.
#[must_use]
pub fn validators() -> Vec<(ValidatorId, u8)> {
    let mut all: Vec<_> =
        SEEDS.into_iter().map(|seed| (ValidatorId::of_key(&public(seed)), seed)).collect();
    all.sort_unstable();
    all
}

/// Parameters that no two fields share.
#[must_use]
pub const fn parameters() -> Parameters {
    Parameters {
        block_gas_max: Gas(200_000_000),
        transaction_gas_base: Gas(20_000),
        transaction_gas_per_byte: Gas(10),
        vm_version: 7,
        gas_table: Hash([0x9a; 32]),
    }
}

/// A genesis with every list filled.
#[must_use]
pub fn genesis() -> Genesis {
    let account = |seed| address::of_key(PublicKey::Ed25519(public(seed)));
    let mut accounts = vec![(account(1), 1), (account(2), 9)];
    accounts.sort_unstable();
    let methods = vec![domain::selector("order"), domain::selector("refund")];
    let covered = SponsoredContract::Contract { contract: Address([0xc0; 32]), methods };
    Genesis {
        version: Genesis::VERSION,
        name: "두레 sample".to_owned(),
        time: TimestampMs(1_800_000_000_000),
        validators: validator_set(),
        tiers: vec![
            tier(0, 0, 0, false),
            tier(1, 50_000_000, 10_000, false),
            tier(9, 1_000_000_000_000, 1_000_000_000, true),
        ],
        accounts,
        sponsors: vec![SponsorRecord {
            sponsor: account(2),
            contracts: vec![SponsoredContract::Any, covered],
            tier_min: 0,
            gas_per_account_day: Gas(100_000_000),
            gas_per_day: Gas(10_000_000_000),
        }],
        parameters: parameters(),
    }
}

const fn tier(tier: u8, capacity: u64, refill: u64, may_deploy: bool) -> Tier {
    Tier { tier, capacity: Gas(capacity), refill_per_second: Gas(refill), may_deploy }
}
