//! Merchants, sets of merchants and persons.

use dure_sdk::{
    Address, Field, Hash, Place,
    domain::registry::{
        Category, Merchant, MerchantSet, MerchantSetError, Merchants, MerchantsError, NotPermitted,
        Persons, PersonsError, Status,
    },
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SHOP: Address = Address([1; 32]);
const OWNER: Hash = Hash([50; 32]);
const GIMPO: u32 = 41_570;

fn merchants() -> Merchants {
    Merchants::open(Place::field(0))
}

fn persons() -> Persons {
    Persons::open(Place::field(1))
}

fn shop() -> Merchant {
    Merchant {
        owner: OWNER,
        region: GIMPO,
        category: Category([5, 2, 1, 0]),
        tier: 1,
        status: Status::Active,
    }
}

#[test]
fn a_suspended_merchant_takes_nothing_but_its_customers_cancels_work() {
    Sandbox::new().run(|_| {
        let mut merchants = merchants();
        let unknown = MerchantsError::Unknown { merchant: SHOP };
        assert_eq!(merchants.merchant(SHOP), Err(unknown));
        merchants.register(SHOP, &shop()).unwrap();
        let registered = MerchantsError::Registered { merchant: SHOP };
        assert_eq!(merchants.register(SHOP, &shop()), Err(registered));
        assert_eq!(merchants.active(SHOP), Ok(shop()));
        merchants.set_status(SHOP, Status::Suspended).unwrap();
        let suspended = MerchantsError::NotActive { merchant: SHOP, status: Status::Suspended };
        assert_eq!(merchants.active(SHOP), Err(suspended));
        assert!(merchants.merchant(SHOP).is_ok(), "enough for a cancel");
        merchants.set_status(SHOP, Status::Active).unwrap();
        merchants.set_status(SHOP, Status::Closed).unwrap();
        let closed = MerchantsError::Closed { merchant: SHOP };
        assert_eq!(merchants.set_status(SHOP, Status::Active), Err(closed));
        assert_eq!(merchants.update(SHOP, &shop()), Err(closed));
    });
}

#[test]
fn nobody_pays_in_the_own_shop_and_owners_do_not_buy() {
    Sandbox::new().run(|_| {
        let mut merchants = merchants();
        merchants.register(SHOP, &shop()).unwrap();
        let own = MerchantsError::OwnShop { merchant: SHOP };
        assert_eq!(merchants.payable_by(SHOP, OWNER), Err(own));
        assert_eq!(merchants.payable_by(SHOP, Hash([51; 32])), Ok(shop()));
        assert_eq!(merchants.owns_none(OWNER), Err(MerchantsError::Owner { merchant: SHOP }));
        // The shop is sold: its new owner does not buy, the old one may.
        let sold = Merchant { owner: Hash([52; 32]), ..shop() };
        merchants.update(SHOP, &sold).unwrap();
        // Whoever changes what it sells does not reopen or suspend it on the way.
        let suspended = Merchant { status: Status::Suspended, ..sold };
        let other = MerchantsError::OtherStatus { merchant: SHOP, status: Status::Active };
        assert_eq!(merchants.update(SHOP, &suspended), Err(other));
        assert_eq!(merchants.owns_none(OWNER), Ok(()));
        assert!(merchants.owns_none(sold.owner).is_err());
        merchants.set_status(SHOP, Status::Closed).unwrap();
        assert_eq!(merchants.owns_none(sold.owner), Ok(()));
    });
}

/// Whether the shop, a member of group 8, is in a set.
fn check(set: &MerchantSet, expected: Result<(), NotPermitted>) {
    assert_eq!(set.permits(&shop(), |group| group == 8), expected, "{set:?}");
}

#[test]
fn every_condition_of_a_set_must_hold() {
    let all = MerchantSet::EVERYWHERE;
    check(&all, Ok(()));
    check(&MerchantSet { regions: vec![1, GIMPO], ..all.clone() }, Ok(()));
    let region = NotPermitted::Region { region: GIMPO };
    check(&MerchantSet { regions: vec![1], ..all.clone() }, Err(region));
    let (category, branch) = (shop().category, Category([5, 2, 0, 0]));
    check(&MerchantSet { allowed: vec![branch], ..all.clone() }, Ok(()));
    let elsewhere = MerchantSet { allowed: vec![Category([5, 3, 0, 0])], ..all.clone() };
    check(&elsewhere, Err(NotPermitted::Category { category }));
    // Denied wins over allowed: education, but no games.
    let denied = MerchantSet {
        allowed: vec![Category([5, 0, 0, 0])],
        denied: vec![Category([9, 0, 0, 0]), branch],
        ..all.clone()
    };
    check(&denied, Err(NotPermitted::Denied { category, branch }));
    check(&MerchantSet { tier_max: 1, ..all.clone() }, Ok(()));
    let large = MerchantSet { tier_max: 0, ..all.clone() };
    check(&large, Err(NotPermitted::Tier { tier: 1, limit: 0 }));
    check(&MerchantSet { groups: vec![8], ..all.clone() }, Ok(()));
    check(&MerchantSet { groups: vec![8, 9], ..all }, Err(NotPermitted::Group { group: 9 }));
}

#[test]
fn a_set_never_changes_but_its_merchants_do() {
    Sandbox::new().run(|_| {
        let mut merchants = merchants();
        merchants.register(SHOP, &shop()).unwrap();
        let unknown = MerchantsError::UnknownSet { set: 3 };
        assert_eq!(merchants.permits(3, SHOP, &shop()), Err(unknown));
        let members = MerchantSet { groups: vec![8], ..MerchantSet::EVERYWHERE };
        merchants.define_set(3, &members).unwrap();
        let exists = MerchantsError::SetExists { set: 3 };
        assert_eq!(merchants.define_set(3, &MerchantSet::EVERYWHERE), Err(exists));
        let reason = NotPermitted::Group { group: 8 };
        let refused = Err(MerchantsError::NotPermitted { set: 3, reason });
        assert_eq!(merchants.permits(3, SHOP, &shop()), refused);
        merchants.set_member(8, SHOP, true).unwrap();
        assert!(merchants.is_member(8, SHOP) && !merchants.is_member(9, SHOP));
        assert_eq!(merchants.permits(3, SHOP, &shop()), Ok(()));
        merchants.set_member(8, SHOP, false).unwrap();
        assert_eq!(merchants.permits(3, SHOP, &shop()), refused);
        let stranger = Address([9; 32]);
        let unknown = MerchantsError::Unknown { merchant: stranger };
        assert_eq!(merchants.set_member(8, stranger, true), Err(unknown));
    });
}

#[test]
fn what_is_no_category_or_no_set_is_refused() {
    Sandbox::new().run(|_| {
        let mut merchants = merchants();
        let category = Category([5, 0, 1, 0]);
        let bad = MerchantsError::BadCategory { category };
        assert_eq!(merchants.register(SHOP, &Merchant { category, ..shop() }), Err(bad));
        let set = MerchantSet { denied: vec![category], ..MerchantSet::EVERYWHERE };
        let bad = MerchantsError::BadSet(MerchantSetError::BadCategory { category });
        assert_eq!(merchants.define_set(1, &set), Err(bad));
        let set = MerchantSet { regions: vec![0; 65], ..MerchantSet::EVERYWHERE };
        let long = MerchantSetError::TooLong { count: 65, limit: 64 };
        assert_eq!(merchants.define_set(1, &set), Err(MerchantsError::BadSet(long)));
    });
}

#[test]
fn a_set_of_nobody_is_none() {
    let food = Category([5, 0, 0, 0]);
    let allowed = MerchantSet { allowed: vec![food], ..MerchantSet::EVERYWHERE };
    let denied = MerchantSet { denied: vec![food], ..MerchantSet::EVERYWHERE };
    assert_eq!(allowed.narrowed(&denied), None);
    let all = MerchantSet { denied: vec![Category([0; 4])], ..MerchantSet::EVERYWHERE };
    assert_eq!(all.narrowed(&MerchantSet::EVERYWHERE), None);
    // Noodles are denied, other food is left.
    let denied = MerchantSet { denied: vec![Category([5, 2, 0, 0])], ..MerchantSet::EVERYWHERE };
    assert_eq!(allowed.narrowed(&denied).map(|set| set.allowed), Some(vec![food]));
}

/// The levels of a category as people would write them.
fn levels(category: Category) -> Vec<u8> {
    category.0.into_iter().take_while(|level| *level != 0).collect()
}

proptest! {
    #[test]
    fn a_category_is_under_what_its_levels_begin_with(
        a in prop::collection::vec(1u8..3, 0..5),
        b in prop::collection::vec(1u8..3, 0..5),
    ) {
        let category = |levels: &[u8]| {
            let mut all = [0; 4];
            all[..levels.len()].copy_from_slice(levels);
            Category(all)
        };
        prop_assert!(category(&a).is_valid());
        prop_assert_eq!(levels(category(&a)), a.clone());
        prop_assert_eq!(category(&a).is_under(category(&b)), a.starts_with(&b));
    }

    #[test]
    fn a_narrowed_set_permits_exactly_what_both_permit(
        issuer in any_set(),
        guardian in any_set(),
        merchants in prop::collection::vec((any_merchant(), 0u32..4), 1..30),
    ) {
        let narrowed = issuer.narrowed(&guardian);
        for (merchant, groups) in merchants {
            let by = |set: &MerchantSet| {
                set.permits(&merchant, |group| groups >> group & 1 == 1).is_ok()
            };
            prop_assert_eq!(narrowed.as_ref().is_some_and(by), by(&issuer) && by(&guardian));
        }
        if let Some(set) = narrowed {
            // Somebody is in it.
            let region = set.regions.first().copied().unwrap_or(1);
            let category = set.allowed.first().copied().unwrap_or(Category([0; 4]));
            let merchant = Merchant { region, category, tier: 0, ..shop() };
            prop_assert_eq!(set.permits(&merchant, |_| true), Ok(()));
        }
    }

    #[test]
    fn a_set_that_includes_another_permits_all_that_it_permits(
        wide in any_set(),
        narrow in any_set(),
        merchants in prop::collection::vec((any_merchant(), 0u32..4), 1..30),
    ) {
        prop_assert!(wide.includes(&wide) && MerchantSet::EVERYWHERE.includes(&wide));
        if let Some(both) = wide.narrowed(&narrow) {
            prop_assert!(wide.includes(&both), "what is narrowed is included: {:?}", both);
        }
        if wide.includes(&narrow) {
            for (merchant, groups) in merchants {
                let by = |set: &MerchantSet| {
                    set.permits(&merchant, |group| groups >> group & 1 == 1).is_ok()
                };
                prop_assert!(by(&wide) || !by(&narrow), "{:?}", merchant);
            }
        }
    }

    #[test]
    fn accounts_are_those_that_were_linked(
        steps in prop::collection::vec((0u8..3, 0u8..6, 0u8..3), 1..60),
    ) {
        let (mut sandbox, mut persons) = (Sandbox::new(), persons());
        let mut model: BTreeMap<u8, u8> = BTreeMap::new();
        let (account, person) = (|n: u8| Address([n; 32]), |n: u8| Hash([n; 32]));
        for (kind, who, of) in steps {
            match kind {
                0 => {
                    let found = sandbox.run(|_| persons.link(account(who), person(of)));
                    prop_assert_eq!(found.is_ok(), !model.contains_key(&who));
                    model.entry(who).or_insert(of);
                }
                1 => {
                    let found = sandbox.run(|_| persons.unlink(account(who))).ok();
                    prop_assert_eq!(found, model.remove(&who).map(person));
                }
                _ => {
                    let found = sandbox.run(|_| persons.forget(person(of)));
                    let mine = model.iter().filter(|(_, person)| **person == of);
                    let mine: Vec<_> = mine.map(|(who, _)| account(*who)).collect();
                    prop_assert_eq!(found, mine);
                    model.retain(|_, person| *person != of);
                }
            }
            for who in 0..6 {
                let found = sandbox.run(|_| persons.person(account(who))).ok();
                prop_assert_eq!(found, model.get(&who).copied().map(person));
            }
            for of in 0..3 {
                let mine = model.iter().filter(|(_, person)| **person == of);
                let mine: Vec<_> = mine.map(|(who, _)| account(*who)).collect();
                prop_assert_eq!(sandbox.run(|_| persons.accounts(person(of))), mine);
            }
        }
        if model.is_empty() {
            prop_assert!(sandbox.storage().is_empty(), "who was forgotten left nothing");
        }
    }
}

#[test]
fn a_person_has_sixteen_accounts_at_most() {
    Sandbox::new().run(|_| {
        let mut persons = persons();
        for number in 0..16 {
            persons.link(Address([number; 32]), OWNER).unwrap();
        }
        let account = Address([16; 32]);
        let many = PersonsError::TooMany { person: OWNER, limit: 16 };
        assert_eq!(persons.link(account, OWNER), Err(many));
        assert_eq!(persons.person(account), Err(PersonsError::Unknown { account }));
        let account = Address([3; 32]);
        let taken = PersonsError::Taken { account };
        assert_eq!(persons.link(account, Hash([1; 32])), Err(taken));
    });
}

fn any_category() -> impl Strategy<Value = Category> {
    prop::array::uniform4(1u8..3).prop_flat_map(|levels| {
        (0usize..5).prop_map(move |length| {
            let mut cut = levels;
            cut[length..].fill(0);
            Category(cut)
        })
    })
}

fn any_set() -> impl Strategy<Value = MerchantSet> {
    let categories = || prop::collection::vec(any_category(), 0..3);
    let regions = prop::collection::vec(0u32..3, 0..3);
    (regions, categories(), categories(), 0u8..4, prop::collection::vec(0u32..2, 0..3)).prop_map(
        |(regions, allowed, denied, tier_max, groups)| MerchantSet {
            regions,
            allowed,
            denied,
            tier_max,
            groups,
        },
    )
}

fn any_merchant() -> impl Strategy<Value = Merchant> {
    (0u32..3, any_category(), 0u8..4).prop_map(|(region, category, tier)| Merchant {
        region,
        category,
        tier,
        ..shop()
    })
}
