//! A registry, a token and the campaigns of a charity, in the memory of the test.

use donation::donation::{Donations, Error, Line, Payees, Plan, Rules, call};
use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        registry::{Category, Merchant, MerchantSet, Status},
        roles::Role,
    },
    native::Sandbox,
    prelude::CallError,
};
use merchants::merchants::{Registry, call as registry};
use token::token::{Conditions, PurposeToken, call as money};

pub(crate) const CITY: Address = Address([90; 32]);
pub(crate) const REGISTRY: Address = Address([91; 32]);
pub(crate) const MONEY: Address = Address([92; 32]);
pub(crate) const FUND: Address = Address([93; 32]);
pub(crate) const CHARITY: Address = Address([80; 32]);
/// Sells food; the second one belongs to the charity's person.
pub(crate) const GROCER: Address = Address([50; 32]);
pub(crate) const OWN_SHOP: Address = Address([51; 32]);
/// Sells books.
pub(crate) const BOOKSHOP: Address = Address([52; 32]);
/// Is given money.
pub(crate) const FAMILY: Address = Address([60; 32]);
/// 2026-12-01 00:00 in Korea.
pub(crate) const START: u64 = 1_796_050_800_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000;
pub(crate) const DONORS: usize = 3;
pub(crate) const AUDITORS: usize = 3;
/// What each donor has.
pub(crate) const PURSE: u128 = 1_000_000;
pub(crate) const ANYWHERE: u32 = 1;
pub(crate) const FOOD: u32 = 2;

pub(crate) fn donor(index: usize) -> Address {
    Address([10 + index as u8; 32])
}

pub(crate) fn auditor(index: usize) -> Address {
    Address([70 + index as u8; 32])
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}

/// Rice of merchants of food, allowances of persons; a tenth is overhead; two of three release
/// 50,000 and 50,000.
pub(crate) fn plan() -> Plan {
    let line = |name: &str, cap, payees| Line { name: name.to_owned(), cap: Amount(cap), payees };
    Plan {
        charity: CHARITY,
        document: id(1),
        goal: Amount(200_000),
        least: Amount(10_000),
        gifts_until: TimestampMs(START + 30 * DAY),
        spend_until: TimestampMs(START + 90 * DAY),
        overhead_bp: 1_000,
        overhead_payees: Payees::Merchants { set: ANYWHERE },
        lines: vec![
            line("rice", 60_000, Payees::Merchants { set: FOOD }),
            line("allowances", 40_000, Payees::Persons),
        ],
        milestones: vec![Amount(50_000), Amount(50_000)],
        auditors: (0..AUDITORS).map(auditor).collect(),
        quorum: 2,
    }
}

fn merchant(owner: Hash, category: u8) -> Merchant {
    let category = Category([category, 0, 0, 0]);
    Merchant { owner, region: 1, category, tier: 0, status: Status::Active }
}

/// Everything but a campaign.
pub(crate) fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.time(TimestampMs(START)).caller(CITY);
    sandbox.deploy::<Registry>(REGISTRY, ()).unwrap();
    let food = MerchantSet { allowed: vec![Category([1, 0, 0, 0])], ..MerchantSet::EVERYWHERE };
    for (set, permitted) in [(ANYWHERE, MerchantSet::EVERYWHERE), (FOOD, food)] {
        sandbox.send(REGISTRY, &registry::define_set(set, permitted)).unwrap();
    }
    let persons = [CHARITY, FAMILY].into_iter().chain((0..AUDITORS).map(auditor));
    for account in persons {
        sandbox.send(REGISTRY, &registry::link(account, Hash(account.0))).unwrap();
    }
    let shops = [(GROCER, id(200), 1), (OWN_SHOP, Hash(CHARITY.0), 1), (BOOKSHOP, id(201), 2)];
    for (shop, owner, category) in shops {
        let register = registry::register(shop, merchant(owner, category), vec![]);
        sandbox.send(REGISTRY, &register).unwrap();
    }
    let won = ("Won".to_owned(), "W".to_owned(), 0u8, Conditions::NONE);
    sandbox.deploy::<PurposeToken>(MONEY, won).unwrap();
    let rules = Rules { overhead_bp: 1_500, quorum: 2 };
    sandbox.deploy::<Donations>(FUND, (REGISTRY, MONEY, rules)).unwrap();
    for index in 0..DONORS {
        sandbox.caller(CITY).send(MONEY, &money::issue(donor(index), Amount(PURSE))).unwrap();
        let approve = money::approve(FUND, Amount::MAX, None);
        sandbox.caller(donor(index)).send(MONEY, &approve).unwrap();
    }
    for index in 0..AUDITORS {
        let role = call::set_role(auditor(index), Role::Auditor, true);
        sandbox.caller(CITY).send(FUND, &role).unwrap();
    }
    sandbox
}

pub(crate) fn tokens(sandbox: &mut Sandbox, of: Address) -> u128 {
    sandbox.ask(MONEY, &money::balance_of(of)).unwrap().0
}

/// Counts everything again, page by page.
pub(crate) fn audit(sandbox: &mut Sandbox) -> Result<(), CallError<Error>> {
    let mut counted = None;
    loop {
        counted = sandbox.ask(FUND, &call::audit(counted, 2))?.next;
        if counted.is_none() {
            return Ok(());
        }
    }
}
