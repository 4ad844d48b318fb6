//! Pause, frozen accounts and frozen amounts.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::freeze::{Freeze, FreezeError, FreezeOrder},
    native::Sandbox,
};
use proptest::prelude::*;

const ANA: Address = Address([1; 32]);
const NEW: Address = Address([2; 32]);

fn freeze() -> Freeze {
    Freeze::open(Place::field(0))
}

fn order(number: u8) -> FreezeOrder {
    FreezeOrder {
        reason: Hash([number; 32]),
        by: Address([number; 32]),
        since: TimestampMs(u64::from(number)),
    }
}

#[test]
fn a_pause_names_its_order_and_the_first_one_stands() {
    Sandbox::new().run(|_| {
        let mut freeze = freeze();
        assert_eq!(freeze.resume(), Err(FreezeError::NotFrozen));
        freeze.set_paused(Some(order(1))).unwrap();
        assert_eq!(freeze.running(), Err(FreezeError::Paused { order: order(1) }));
        assert_eq!(freeze.pause(order(2)), Err(FreezeError::Already { order: order(1) }));
        freeze.set_paused(None).unwrap();
        assert_eq!(freeze.running(), Ok(()));
    });
}

#[test]
fn a_frozen_account_moves_nothing() {
    Sandbox::new().run(|_| {
        let mut freeze = freeze();
        freeze.set_frozen(ANA, Some(order(1))).unwrap();
        let frozen = FreezeError::Frozen { account: ANA, order: order(1) };
        assert_eq!(freeze.check(ANA), Err(frozen));
        assert_eq!(freeze.spendable(ANA, Amount(10), Amount(0)), Err(frozen));
        assert_eq!(freeze.check(NEW), Ok(()));
        assert_eq!(freeze.freeze(ANA, order(2)), Err(FreezeError::Already { order: order(1) }));
        freeze.set_frozen(ANA, None).unwrap();
        assert_eq!(freeze.unfreeze(ANA), Err(FreezeError::NotFrozen));
    });
}

#[test]
fn a_frozen_amount_stays_and_the_rest_moves() {
    Sandbox::new().run(|_| {
        let mut freeze = freeze();
        freeze.freeze_amount(ANA, Amount(60));
        assert_eq!(freeze.spendable(ANA, Amount(100), Amount(40)), Ok(()));
        let part = FreezeError::Part {
            account: ANA,
            spendable: Amount(40),
            wanted: Amount(41),
            frozen: Amount(60),
        };
        assert_eq!(freeze.spendable(ANA, Amount(100), Amount(41)), Err(part));
        // More is frozen than there is: what comes in is bound too.
        assert!(freeze.spendable(ANA, Amount(50), Amount(1)).is_err());
        let short = FreezeError::Short { frozen: Amount(60), wanted: Amount(61) };
        assert_eq!(freeze.release_amount(ANA, Amount(61)), Err(short));
        freeze.release_amount(ANA, Amount(60)).unwrap();
        assert_eq!(freeze.spendable(ANA, Amount(50), Amount(50)), Ok(()));
    });
}

#[test]
fn a_forced_transfer_takes_free_units_first() {
    let forced = |frozen, balance, wanted| {
        Sandbox::new().run(|_| {
            let mut freeze = freeze();
            freeze.freeze_amount(ANA, Amount(frozen));
            let found = freeze.forced(ANA, Amount(balance), Amount(wanted));
            (found, freeze.frozen(ANA).0)
        })
    };
    assert_eq!(forced(60, 100, 40), (Ok(Amount(0)), 60));
    assert_eq!(forced(60, 100, 50), (Ok(Amount(10)), 50));
    assert_eq!(forced(60, 100, 100), (Ok(Amount(60)), 0));
    // 50 of the 150 bind what will come, and go on doing so.
    assert_eq!(forced(150, 100, 30), (Ok(Amount(30)), 120));
    let above = FreezeError::Balance { balance: Amount(100), wanted: Amount(101) };
    assert_eq!(forced(60, 100, 101), (Err(above), 60));
}

#[test]
fn nobody_gets_free_by_losing_the_key() {
    Sandbox::new().run(|_| {
        let mut freeze = freeze();
        freeze.freeze(ANA, order(1)).unwrap();
        freeze.freeze_amount(ANA, Amount(60));
        freeze.freeze_amount(NEW, Amount(5));
        freeze.carry_over(ANA, NEW);
        let frozen = FreezeError::Frozen { account: NEW, order: order(1) };
        assert_eq!(freeze.check(NEW), Err(frozen));
        assert!(freeze.check(ANA).is_err(), "the old account stays frozen");
        assert_eq!((freeze.frozen(NEW), freeze.frozen(ANA)), (Amount(65), Amount(0)));
    });
}

proptest! {
    #[test]
    fn what_is_frozen_never_moves_unless_forced(
        steps in prop::collection::vec((0u8..5, 0u128..60), 1..60),
    ) {
        let (mut sandbox, mut freeze) = (Sandbox::new(), freeze());
        let (mut balance, mut frozen) = (100u128, 0u128);
        for (kind, amount) in steps {
            let value = Amount(amount);
            match kind {
                0 => {
                    sandbox.run(|_| freeze.freeze_amount(ANA, value));
                    frozen += amount;
                }
                1 => {
                    let found = sandbox.run(|_| freeze.release_amount(ANA, value));
                    prop_assert_eq!(found.is_ok(), amount <= frozen);
                    frozen -= if found.is_ok() { amount } else { 0 };
                }
                2 => balance += amount,
                3 => {
                    let found = sandbox.run(|_| freeze.spendable(ANA, Amount(balance), value));
                    prop_assert_eq!(found.is_ok(), amount + frozen <= balance || amount == 0);
                    balance -= if found.is_ok() { amount } else { 0 };
                }
                _ => {
                    let found = sandbox.run(|_| freeze.forced(ANA, Amount(balance), value));
                    prop_assert_eq!(found.is_ok(), amount <= balance);
                    if let Ok(Amount(unfrozen)) = found {
                        // Free units go first, one by one; then frozen ones.
                        let free = balance.saturating_sub(frozen);
                        prop_assert_eq!(unfrozen, amount.saturating_sub(free));
                        balance -= amount;
                        frozen -= unfrozen;
                    }
                }
            }
            prop_assert_eq!(sandbox.run(|_| freeze.frozen(ANA)), Amount(frozen));
        }
    }
}
