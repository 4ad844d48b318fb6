//! Escrow against a plain map of what is held.

use dure_sdk::{
    Amount, Field, Place,
    domain::vault::{Vault, VaultError},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn vault() -> Vault<u64> {
    Vault::open(Place::field(0))
}

#[test]
fn never_more_leaves_than_is_held_for_the_thing() {
    let (mut sandbox, mut vault) = (Sandbox::new(), vault());
    sandbox.run(|_| {
        vault.deposit(&1, Amount(10));
        vault.deposit(&2, Amount(90));
    });
    let before = sandbox.storage();
    let short = VaultError::Short { held: Amount(10), wanted: Amount(11) };
    assert_eq!(sandbox.run(|_| vault.release(&1, Amount(11))), Err(short));
    assert_eq!(sandbox.storage(), before, "although the vault as a whole holds more");
    assert_eq!(sandbox.run(|_| vault.empty(&1)), Ok(Amount(10)));
    assert_eq!(sandbox.run(|_| (vault.held(&1), vault.total())), (Amount(0), Amount(90)));
}

#[test]
fn parts_sum_to_what_leaves_or_nothing_does() {
    let (mut sandbox, mut vault) = (Sandbox::new(), vault());
    sandbox.run(|_| vault.deposit(&1, Amount(100)));
    let before = sandbox.storage();
    for (parts, sum) in [
        (vec![Amount(50), Amount(49)], Amount(99)),
        (vec![Amount(50), Amount(51)], Amount(101)),
        (vec![Amount::MAX, Amount(101)], Amount::MAX),
    ] {
        let found = sandbox.run(|_| vault.release_parts(&1, Amount(100), &parts));
        assert_eq!(found, Err(VaultError::Unequal { amount: Amount(100), parts: sum }));
    }
    assert_eq!(sandbox.storage(), before);
    let parts = [Amount(92), Amount(8), Amount(0)];
    assert_eq!(sandbox.run(|_| vault.release_parts(&1, Amount(100), &parts)), Ok(()));
    assert_eq!(sandbox.run(|_| vault.total()), Amount(0));
}

#[test]
fn tokens_that_are_missing_are_found() {
    Sandbox::new().run(|_| {
        let mut vault = vault();
        vault.deposit(&1, Amount(100));
        assert_eq!(vault.backed(Amount(100)), Ok(()));
        assert_eq!(vault.backed(Amount(101)), Ok(()), "what was sent unasked does no harm");
        let unbacked = VaultError::Unbacked { held: Amount(100), balance: Amount(99) };
        assert_eq!(vault.backed(Amount(99)), Err(unbacked));
    });
}

#[test]
fn an_audit_finds_what_bypassed_the_books() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let mut vault = vault();
        vault.deposit(&1, Amount(100));
        assert_eq!(vault.audit(), Ok(()));
        // Part 0 of the field holds what is held for each thing.
        dure_sdk::Map::<u64, dure_sdk::Balance>::open(Place::field(0).part(0))
            .at(&2)
            .add(Amount(1));
        let mismatch = VaultError::Mismatch {
            deposited_less_released: Amount(100),
            held: Amount(100),
            counted: Amount(101),
        };
        assert_eq!(vault.audit(), Err(mismatch));
    });
}

#[test]
fn no_more_comes_back_than_was_released() {
    Sandbox::new().run(|_| {
        let mut vault = vault();
        vault.deposit(&1, Amount(10));
        vault.release(&1, Amount(4)).unwrap();
        let short = VaultError::Short { held: Amount(4), wanted: Amount(5) };
        assert_eq!(vault.restore(&1, Amount(5)), Err(short));
        vault.restore(&1, Amount(4)).unwrap();
        assert_eq!((vault.held(&1), vault.audit()), (Amount(10), Ok(())));
    });
}

proptest! {
    #[test]
    fn what_is_held_is_what_came_less_what_left(
        steps in prop::collection::vec((0u8..4, 0u64..4, 0u128..60), 1..80),
    ) {
        let (mut sandbox, mut vault) = (Sandbox::new(), vault());
        let (mut held, mut released) = (BTreeMap::<u64, u128>::new(), 0);
        for (kind, thing, amount) in steps {
            let own = held.entry(thing).or_default();
            match kind {
                0 => {
                    sandbox.run(|_| vault.deposit(&thing, Amount(amount)));
                    *own += amount;
                }
                1 => {
                    let found = sandbox.run(|_| vault.release(&thing, Amount(amount)));
                    prop_assert_eq!(found.is_ok(), amount <= *own);
                    if found.is_ok() {
                        *own -= amount;
                        released += amount;
                    }
                }
                2 => {
                    let found = sandbox.run(|_| vault.restore(&thing, Amount(amount)));
                    prop_assert_eq!(found.is_ok(), amount <= released);
                    if found.is_ok() {
                        *own += amount;
                        released -= amount;
                    }
                }
                _ => {
                    prop_assert_eq!(sandbox.run(|_| vault.empty(&thing)), Ok(Amount(*own)));
                    released += *own;
                    *own = 0;
                }
            }
            for (thing, amount) in &held {
                prop_assert_eq!(sandbox.run(|_| vault.held(thing)), Amount(*amount));
            }
            prop_assert_eq!(sandbox.run(|_| vault.total()), Amount(held.values().sum()));
            prop_assert_eq!(sandbox.run(|_| vault.audit()), Ok(()));
        }
    }
}
