//! The rules of the registry, on WASM and natively.

use dure_sdk::domain::{
    registry::{
        Category, Merchant, MerchantSet, MerchantsError, NotPermitted, PersonsError, Status,
    },
    roles::{Role, RolesError},
};
use dure_testing::{Account, Address, Chain, Hash, assert_refused};
use merchants::merchants::{Error, MerchantChanged, Registry, call};

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
fn what_is_known_of_a_merchant_changes_and_groups_have_members() {
    let Scene { mut chain, clerk, shop: account, registry, city } = Scene::new();
    let account = account.address();
    chain.send(clerk, registry, &call::register(account, shop(), vec![7])).unwrap();
    let of_group = MerchantSet { groups: vec![7], ..MerchantSet::EVERYWHERE };
    chain.send(city, registry, &call::define_set(1, of_group)).unwrap();
    let grown = Merchant { owner: Hash([51; 32]), tier: 2, ..shop() };
    chain.send(clerk, registry, &call::update(account, grown, None)).unwrap();
    assert_eq!(chain.ask(registry, &call::merchant(account)), Ok(Some(grown)));
    // Who sold it buys again, and who bought it does not.
    assert_eq!(chain.ask(registry, &call::owns_none(OWNER)), Ok(()));
    assert_refused!(
        chain.ask(registry, &call::owns_none(grown.owner)),
        Error::Merchants(MerchantsError::Owner { merchant }) if merchant == account
    );
    assert_eq!(chain.ask(registry, &call::permits(1, account)), Ok(()));
    chain.send(clerk, registry, &call::set_member(7, account, false)).unwrap();
    assert_refused!(
        chain.ask(registry, &call::permits(1, account)),
        Error::Merchants(MerchantsError::NotPermitted {
            reason: NotPermitted::Group { group: 7 },
            ..
        })
    );
}

#[test]
fn a_forgotten_person_has_none_of_sixteen_accounts_left() {
    let Scene { mut chain, clerk, registry, .. } = Scene::new();
    let person = Hash([3; 32]);
    let accounts: Vec<_> = (1..=17).map(|number| Address([number; 32])).collect();
    let (last, sixteen) = accounts.split_last().unwrap();
    for account in sixteen {
        chain.send(clerk, registry, &call::link(*account, person)).unwrap();
    }
    let many = PersonsError::TooMany { person, limit: 16 };
    assert_refused!(
        chain.send(clerk, registry, &call::link(*last, person)),
        Error::Persons(why) if why == many
    );
    assert_refused!(
        chain.send(clerk, registry, &call::link(sixteen[0], OWNER)),
        Error::Persons(PersonsError::Taken { .. })
    );
    assert_eq!(chain.ask(registry, &call::accounts(person)), Ok(sixteen.to_vec()));
    assert_eq!(chain.send(clerk, registry, &call::forget(person)), Ok(16));
    for account in sixteen {
        assert_eq!(chain.ask(registry, &call::person(*account)), Ok(None));
    }
    assert_refused!(
        chain.send(clerk, registry, &call::unlink(sixteen[0])),
        Error::Persons(PersonsError::Unknown { .. })
    );
}
