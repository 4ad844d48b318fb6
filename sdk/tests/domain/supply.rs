//! The supply of a token against plain sums.

use dure_sdk::{
    Amount, Field, Place,
    domain::supply::{Supply, SupplyError},
    native::Sandbox,
};
use proptest::prelude::*;

fn supply() -> Supply<u8> {
    Supply::open(Place::field(0))
}

#[test]
fn the_cap_is_reached_and_not_passed() {
    let (mut sandbox, mut supply) = (Sandbox::new(), supply());
    sandbox.run(|_| supply.issue(&1, Amount(90), Amount(100))).unwrap();
    let before = sandbox.storage();
    let above =
        SupplyError::AboveCap { outstanding: Amount(90), wanted: Amount(11), cap: Amount(100) };
    assert_eq!(sandbox.run(|_| supply.issue(&1, Amount(11), Amount(100))), Err(above));
    assert_eq!(sandbox.storage(), before);
    sandbox.run(|_| supply.issue(&1, Amount(10), Amount(100))).unwrap();
    // What was burned can be issued again.
    sandbox.run(|_| supply.burn(&1, Amount(5))).unwrap();
    sandbox.run(|_| supply.issue(&1, Amount(5), Amount(100))).unwrap();
    let totals = sandbox.run(|_| (supply.outstanding(&1), supply.issued(&1), supply.burned(&1)));
    assert_eq!(totals, (Amount(100), Amount(105), Amount(5)));
}

#[test]
fn what_was_burned_is_not_issued_again_of_a_total() {
    let (mut sandbox, mut supply) = (Sandbox::new(), supply());
    sandbox.run(|_| supply.issue_of_total(&1, Amount(90), Amount(100))).unwrap();
    sandbox.run(|_| supply.burn(&1, Amount(50))).unwrap();
    let before = sandbox.storage();
    let above =
        SupplyError::AboveTotal { issued: Amount(90), wanted: Amount(11), cap: Amount(100) };
    assert_eq!(sandbox.run(|_| supply.issue_of_total(&1, Amount(11), Amount(100))), Err(above));
    assert_eq!(sandbox.storage(), before);
    sandbox.run(|_| supply.issue_of_total(&1, Amount(10), Amount(100))).unwrap();
    assert_eq!(sandbox.run(|_| supply.audit(&1, Amount(50))), Ok(()));
    let all =
        SupplyError::AboveTotal { issued: Amount(100), wanted: Amount::MAX, cap: Amount::MAX };
    assert_eq!(sandbox.run(|_| supply.issue_of_total(&1, Amount::MAX, Amount::MAX)), Err(all));
}

#[test]
fn more_than_is_outstanding_is_not_burned() {
    Sandbox::new().run(|_| {
        let mut supply = supply();
        supply.issue(&1, Amount(3), Amount::MAX).unwrap();
        let short = SupplyError::Short { outstanding: Amount(3), wanted: Amount(4) };
        assert_eq!(supply.burn(&1, Amount(4)), Err(short));
        let short = SupplyError::Short { outstanding: Amount(0), wanted: Amount(1) };
        assert_eq!(supply.burn(&2, Amount(1)), Err(short), "classes are apart");
    });
}

#[test]
fn an_audit_finds_a_unit_that_nobody_holds() {
    Sandbox::new().run(|_| {
        let mut supply = supply();
        supply.issue(&1, Amount(10), Amount::MAX).unwrap();
        supply.burn(&1, Amount(4)).unwrap();
        assert_eq!(supply.audit(&1, Amount(6)), Ok(()));
        for counted in [5, 7] {
            let mismatch = SupplyError::Mismatch {
                issued_less_burned: Amount(6),
                outstanding: Amount(6),
                counted: Amount(counted),
            };
            assert_eq!(supply.audit(&1, Amount(counted)), Err(mismatch));
        }
    });
}

proptest! {
    #[test]
    fn the_books_are_the_sums(
        steps in prop::collection::vec((any::<bool>(), 0u8..3, 0u128..50, 0u128..120), 1..60),
    ) {
        let (mut sandbox, mut supply) = (Sandbox::new(), supply());
        let (mut issued, mut burned) = ([0u128; 3], [0u128; 3]);
        for (issues, class, amount, cap) in steps {
            let index = usize::from(class);
            let outstanding = issued[index] - burned[index];
            if issues {
                let found = sandbox.run(|_| supply.issue(&class, Amount(amount), Amount(cap)));
                prop_assert_eq!(found.is_ok(), outstanding + amount <= cap);
                issued[index] += if found.is_ok() { amount } else { 0 };
            } else {
                let found = sandbox.run(|_| supply.burn(&class, Amount(amount)));
                prop_assert_eq!(found.is_ok(), amount <= outstanding);
                burned[index] += if found.is_ok() { amount } else { 0 };
            }
            let counted = Amount(issued[index] - burned[index]);
            prop_assert_eq!(sandbox.run(|_| supply.audit(&class, counted)), Ok(()));
            prop_assert_eq!(sandbox.run(|_| supply.issued(&class)), Amount(issued[index]));
        }
    }
}
