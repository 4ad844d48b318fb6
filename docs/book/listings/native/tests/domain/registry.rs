//! Merchants, where money may be spent, and persons.

// ANCHOR: listing
use dure_sdk::{
    domain::registry::{
        Category, Merchant, MerchantSet, Merchants, MerchantsError, NotPermitted, Persons, Status,
    },
    native::Sandbox,
    prelude::*,
};

const FOOD: Category = Category([1, 0, 0, 0]);
const BOOKS: Category = Category([5, 2, 0, 0]);

#[test]
fn a_child_buys_books_and_nobody_buys_from_themselves() {
    let (kiosk, bookshop) = (Address([2; 32]), Address([3; 32]));
    let (child, owner) = (Hash([5; 32]), Hash([6; 32]));
    let merchant =
        |category| Merchant { owner, region: 41_570, category, tier: 0, status: Status::Active };
    Sandbox::new().run(|_| {
        let mut merchants = Merchants::open(Place::field(0));
        merchants.register(kiosk, &merchant(FOOD)).unwrap();
        merchants.register(bookshop, &merchant(BOOKS)).unwrap();
        let only_books = MerchantSet { allowed: vec![BOOKS], ..MerchantSet::EVERYWHERE };
        merchants.define_set(1, &only_books).unwrap();

        let shop = merchants.payable_by(bookshop, child).unwrap();
        assert_eq!(merchants.permits(1, bookshop, &shop), Ok(()));
        let shop = merchants.payable_by(kiosk, child).unwrap();
        let reason = NotPermitted::Category { category: FOOD };
        let refused = merchants.permits(1, kiosk, &shop);
        assert_eq!(refused, Err(MerchantsError::NotPermitted { set: 1, reason }));

        let own = MerchantsError::OwnShop { merchant: kiosk };
        assert_eq!(merchants.payable_by(kiosk, owner), Err(own));
        let owns = MerchantsError::Owner { merchant: kiosk };
        assert_eq!(merchants.owns_none(owner), Err(owns));

        // A suspended merchant takes no payment, and is still known for cancels.
        merchants.set_status(kiosk, Status::Suspended).unwrap();
        let inactive = MerchantsError::NotActive { merchant: kiosk, status: Status::Suspended };
        assert_eq!(merchants.active(kiosk), Err(inactive));
        assert!(merchants.merchant(kiosk).is_ok());
    });
}

#[test]
fn a_guardian_narrows_and_a_person_is_forgotten() {
    let books = MerchantSet { allowed: vec![BOOKS], ..MerchantSet::EVERYWHERE };
    let food = MerchantSet { allowed: vec![FOOD], ..MerchantSet::EVERYWHERE };
    assert_eq!(MerchantSet::EVERYWHERE.narrowed(&books), Some(books.clone()));
    assert_eq!(books.narrowed(&food), None, "nothing is left");

    let (account, person) = (Address([1; 32]), Hash([5; 32]));
    Sandbox::new().run(|_| {
        let mut persons = Persons::open(Place::field(0));
        persons.link(account, person).unwrap();
        assert_eq!(persons.person(account), Ok(person));
        assert_eq!(persons.forget(person), [account]);
        assert!(persons.person(account).is_err());
    });
}
// ANCHOR_END: listing
