//! A city with its registry and its currency, in the memory of the test.

use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::registry::{Category, Merchant, MerchantSet, Status},
    native::Sandbox,
};
use merchants::merchants::{Registry, call as registry};
use regional_currency::regional::{Programme, RegionalCurrency, Scheme, call};

pub(crate) const CITY: Address = Address([90; 32]);
pub(crate) const REGISTRY: Address = Address([91; 32]);
pub(crate) const WON: Address = Address([92; 32]);
/// 2026-03-01 00:00 in Korea.
pub(crate) const START: u64 = 1_772_290_800_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;
pub(crate) const PROGRAMME: u32 = 7;
/// Accounts of holders: the first two are one person's.
pub(crate) const ACCOUNTS: usize = 3;
/// Merchants, whose tier is their index: own money and bonus are spent up to tier 1.
pub(crate) const MERCHANTS: usize = 3;

pub(crate) fn account(index: usize) -> Address {
    Address([10 + index as u8; 32])
}

/// Whose account it is.
pub(crate) fn person(index: usize) -> Hash {
    Hash([150 + index as u8 / 2; 32])
}

pub(crate) fn merchant(index: usize) -> Address {
    Address([50 + index as u8; 32])
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}

/// Own money and bonus are of set 1, the allowance, which has 20,000 to grant until `end`, `most` to
/// a person, of set 2.
pub(crate) fn city(scheme: Scheme, end: u64, most: u128) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.time(TimestampMs(START)).caller(CITY);
    sandbox.deploy::<Registry>(REGISTRY, ()).unwrap();
    let set = |tier_max| MerchantSet { tier_max, ..MerchantSet::EVERYWHERE };
    sandbox.send(REGISTRY, &registry::define_set(1, set(1))).unwrap();
    sandbox.send(REGISTRY, &registry::define_set(2, set(9))).unwrap();
    for index in 0..MERCHANTS {
        let shop = Merchant {
            owner: Hash([200 + index as u8; 32]),
            region: 1,
            category: Category([1, 0, 0, 0]),
            tier: index as u8,
            status: Status::Active,
        };
        sandbox.send(REGISTRY, &registry::register(merchant(index), shop, vec![])).unwrap();
    }
    for index in 0..ACCOUNTS {
        sandbox.send(REGISTRY, &registry::link(account(index), person(index))).unwrap();
    }
    let init = ("Won".to_owned(), "W".to_owned(), REGISTRY, scheme);
    sandbox.deploy::<RegionalCurrency>(WON, init).unwrap();
    let allowance = Programme { set: 2, end: TimestampMs(end), most: Amount(most) };
    let define = call::define_programme(PROGRAMME, allowance);
    sandbox.send(WON, &define).unwrap();
    sandbox.send(WON, &call::fund_programme(id(u64::MAX), PROGRAMME, Amount(20_000))).unwrap();
    sandbox
}
