//! The rules of the registry, on WASM and natively, and that reading it says what asking it says.

use dure_sdk::{
    domain::{
        registry::{
            Category, Merchant, MerchantSet, MerchantsError, NotPermitted, PersonsError,
            RegistryError, Status,
        },
        roles::{Role, RolesError},
    },
    native::Sandbox,
    prelude::CallError,
};
use dure_testing::{Account, Address, Chain, Hash, assert_refused};
use merchants::merchants::{Error, MerchantChanged, Registry, RegistryPublished, call};
use proptest::prelude::*;

const OWNER: Hash = Hash([50; 32]);
const GIMPO: u32 = 41_570;

fn shop() -> Merchant {
    let category = Category([5, 2, 1, 0]);
    Merchant { owner: OWNER, region: GIMPO, category, tier: 1, status: Status::Active }
}

struct Scene {
    chain: Chain,
    city: Account,
    clerk: Account,
    shop: Account,
    registry: Address,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let [city, clerk, shop] = ["city", "clerk", "shop"].map(|name| chain.account(name));
        chain.shadow::<Registry>(chain.next_address(city));
        let registry = chain.deploy(env!("CARGO_MANIFEST_DIR"), city, ()).unwrap();
        let agent = call::set_role(clerk.address(), Role::Agent, true);
        chain.send(city, registry, &agent).unwrap();
        Self { chain, city, clerk, shop, registry }
    }
}

#[test]
fn agents_register_and_administrators_define_sets() {
    let Scene { mut chain, city, clerk, shop: account, registry } = Scene::new();
    let register = call::register(account.address(), shop(), vec![7]);
    let lacks = |of: Account, role| RolesError::Lacks { account: of.address(), role };
    assert_refused!(
        chain.send(account, registry, &register),
        Error::Roles(why) if why == lacks(account, Role::Agent)
    );
    chain.send(clerk, registry, &register).unwrap();
    assert_eq!(chain.ask(registry, &call::merchant(account.address())), Ok(Some(shop())));
    assert_eq!(chain.ask(registry, &call::is_member(7, account.address())), Ok(true));
    let define = call::define_set(3, MerchantSet { regions: vec![1], ..MerchantSet::EVERYWHERE });
    assert_refused!(
        chain.send(clerk, registry, &define),
        Error::Roles(why) if why == lacks(clerk, Role::Administrator)
    );
    chain.send(city, registry, &define).unwrap();
    let elsewhere =
        MerchantsError::NotPermitted { set: 3, reason: NotPermitted::Region { region: GIMPO } };
    assert_refused!(
        chain.ask(registry, &call::permits(3, account.address())),
        Error::Merchants(why) if why == elsewhere
    );
    // A set is for good: money was issued on it.
    let again = call::define_set(3, MerchantSet::EVERYWHERE);
    assert_refused!(
        chain.send(city, registry, &again),
        Error::Merchants(MerchantsError::SetExists { set: 3 })
    );
    let nobody = call::register(Address::SYSTEM, shop(), vec![]);
    assert_refused!(chain.send(clerk, registry, &nobody), Error::NoAccount { .. });
}

#[test]
fn a_suspension_has_a_reason_and_a_closing_is_for_good() {
    let Scene { mut chain, clerk, shop: account, registry, .. } = Scene::new();
    let account = account.address();
    chain.send(clerk, registry, &call::register(account, shop(), vec![])).unwrap();
    let reason = Some(Hash([9; 32]));
    let suspend = call::set_status(account, Status::Suspended, reason);
    chain.send(clerk, registry, &suspend).unwrap();
    let changed = chain.last().unwrap().events_of::<MerchantChanged>();
    assert_eq!((changed[0].merchant.status, changed[0].reason), (Status::Suspended, reason));
    let payer = Hash([1; 32]);
    assert_refused!(
        chain.ask(registry, &call::payable_by(account, payer)),
        Error::Merchants(MerchantsError::NotActive { status: Status::Suspended, .. })
    );
    assert!(chain.ask(registry, &call::owns_none(OWNER)).is_err());
    chain.send(clerk, registry, &call::set_status(account, Status::Closed, None)).unwrap();
    assert_eq!(chain.ask(registry, &call::owns_none(OWNER)), Ok(()));
    assert_refused!(
        chain.send(clerk, registry, &call::set_status(account, Status::Active, None)),
        Error::Merchants(MerchantsError::Closed { .. })
    );
    assert_refused!(
        chain.send(clerk, registry, &call::update(account, shop(), None)),
        Error::Merchants(MerchantsError::Closed { .. })
    );
}

#[test]
fn an_account_is_a_persons_or_a_merchants_and_never_both() {
    let Scene { mut chain, clerk, shop: account, registry, city } = Scene::new();
    let (account, city) = (account.address(), city.address());
    chain.send(clerk, registry, &call::register(account, shop(), vec![])).unwrap();
    assert_refused!(
        chain.send(clerk, registry, &call::link(account, OWNER)),
        Error::IsMerchant { account: found } if found == account
    );
    chain.send(clerk, registry, &call::link(city, OWNER)).unwrap();
    assert_refused!(
        chain.send(clerk, registry, &call::register(city, shop(), vec![])),
        Error::IsPerson { account: found } if found == city
    );
    let suspended = Merchant { status: Status::Suspended, ..shop() };
    assert_refused!(
        chain.send(clerk, registry, &call::update(account, suspended, None)),
        Error::Merchants(MerchantsError::OtherStatus { status: Status::Active, .. })
    );
}

#[test]
fn a_forgotten_person_has_no_account_left() {
    let Scene { mut chain, clerk, shop: account, registry, city } = Scene::new();
    let person = Hash([3; 32]);
    for account in [account, city] {
        chain.send(clerk, registry, &call::link(account.address(), person)).unwrap();
    }
    assert_refused!(
        chain.send(clerk, registry, &call::link(city.address(), OWNER)),
        Error::Persons(PersonsError::Taken { .. })
    );
    assert_eq!(chain.ask(registry, &call::person(city.address())), Ok(Some(person)));
    assert_eq!(chain.send(clerk, registry, &call::forget(person)), Ok(2));
    for account in [account, city] {
        assert_eq!(chain.ask(registry, &call::person(account.address())), Ok(None));
    }
    assert_refused!(
        chain.send(clerk, registry, &call::unlink(city.address())),
        Error::Persons(PersonsError::Unknown { .. })
    );
}

/// Small worlds, so that what is asked is often there.
fn merchant() -> impl Strategy<Value = Merchant> {
    let status = prop_oneof![
        3 => Just(Status::Active), 1 => Just(Status::Suspended), 1 => Just(Status::Closed)
    ];
    (0u8..3, 1u32..3, 1u8..3, 0u8..3, status).prop_map(|(owner, region, branch, tier, status)| {
        let (owner, category) = (Hash([owner; 32]), Category([branch, 0, 0, 0]));
        Merchant { owner, region, category, tier, status }
    })
}

fn set() -> impl Strategy<Value = MerchantSet> {
    let few = |of: std::ops::Range<u32>| proptest::collection::vec(of, 0..2);
    let branch = || proptest::collection::vec((1u8..3).prop_map(|b| Category([b, 0, 0, 0])), 0..2);
    (few(1..3), branch(), branch(), 0u8..3, few(0..2)).prop_map(
        |(regions, allowed, denied, tier_max, groups)| MerchantSet {
            regions,
            allowed,
            denied,
            tier_max,
            groups,
        },
    )
}

fn refusal(error: CallError<Error>) -> Error {
    match error {
        CallError::Contract(error) => error,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn reading_it_says_what_asking_it_says(
        known in proptest::collection::vec((merchant(), proptest::collection::vec(0u32..2, 0..2)), 1..4),
        sets in proptest::collection::vec(set(), 1..4),
    ) {
        let (registry, reader) = (Address([1; 32]), Address([2; 32]));
        let clerk = Address([8; 32]);
        let mut sandbox = Sandbox::new();
        sandbox.caller(clerk).deploy::<Registry>(registry, ()).unwrap();
        let address = |index: usize| Address([100 + index as u8; 32]);
        let of_owner = |index: usize| Address([200 + index as u8; 32]);
        for (index, (merchant, groups)) in known.iter().enumerate() {
            let register = call::register(address(index), *merchant, groups.clone());
            sandbox.caller(clerk).send(registry, &register).unwrap();
            sandbox.send(registry, &call::link(of_owner(index), merchant.owner)).unwrap();
        }
        for (number, permitted) in sets.iter().enumerate() {
            sandbox.send(registry, &call::define_set(number as u32, permitted.clone())).unwrap();
        }
        // One merchant and one set more than there are.
        for index in 0..=known.len() {
            let (at, payer) = (address(index), Hash([1; 32]));
            let read = sandbox.contract(reader).run(|_| {
                let registry = RegistryPublished::at(registry);
                let merchant = registry.merchants().merchant(at);
                let permits = (0..=sets.len() as u32).map(|set| {
                    let merchants = registry.merchants();
                    merchant.and_then(|merchant| merchants.permits(set, at, &merchant))
                });
                let permits: Vec<_> = permits.collect();
                let payable = registry.merchants().payable_by(at, payer);
                let owner = of_owner(index);
                let cashing_out = registry.merchants().cashing_out(at);
                (merchant, permits, payable, registry.persons().person(owner), cashing_out)
            });
            let said = |error: Error| match error {
                Error::Merchants(error) => RegistryError::Merchants(error),
                other => panic!("{other:?}"),
            };
            let unknown = RegistryError::Merchants(MerchantsError::Unknown { merchant: at });
            let asked = sandbox.ask(registry, &call::merchant(at)).unwrap();
            prop_assert_eq!(read.0, asked.ok_or(unknown));
            for (set, read) in read.1.into_iter().enumerate() {
                let asked = sandbox.ask(registry, &call::permits(set as u32, at));
                prop_assert_eq!(read, asked.map_err(|error| said(refusal(error))));
            }
            let asked = sandbox.ask(registry, &call::payable_by(at, payer));
            prop_assert_eq!(read.2, asked.map_err(|error| said(refusal(error))));
            let account = of_owner(index);
            let asked = sandbox.ask(registry, &call::person(account)).unwrap();
            let unknown = RegistryError::Persons(PersonsError::Unknown { account });
            prop_assert_eq!(read.3, asked.ok_or(unknown));
            if let Some(person) = asked {
                let accounts = sandbox.ask(registry, &call::accounts(person)).unwrap();
                let read = sandbox.contract(reader).run(|_| {
                    RegistryPublished::at(registry).persons().accounts(person)
                });
                prop_assert!(accounts.contains(&account));
                prop_assert_eq!(read, Ok(accounts));
            }
            let suspended = read.0.is_ok_and(|known| known.status == Status::Suspended);
            prop_assert_eq!(read.4.is_ok(), read.0.is_ok() && !suspended);
        }
    }
}
