//! Allowances against a plain map of what may be taken.

use dure_sdk::{
    Address, Amount, Field, Place, TimestampMs,
    domain::allowance::{AllowanceError, Allowances},
    native::Sandbox,
    standard::Allowance,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const fn account(number: u8) -> Address {
    Address([number; 32])
}

#[test]
fn a_refusal_says_why_and_changes_nothing() {
    let (mut sandbox, mut allowances) = (Sandbox::new(), Allowances::open(Place::field(0)));
    let (ana, shop, end) = (account(1), account(2), TimestampMs(9));
    let now = TimestampMs(8);
    sandbox.run(|_| allowances.approve(ana, shop, Amount(5), Some(end), now)).unwrap();
    let before = sandbox.storage();
    for spender in [ana, Address::SYSTEM] {
        let found = sandbox.run(|_| allowances.approve(ana, spender, Amount(1), None, now));
        assert_eq!(found, Err(AllowanceError::NoSpender { spender }));
    }
    let void = Err(AllowanceError::Expired { expires: end });
    let found = sandbox.run(|_| allowances.approve(ana, shop, Amount(1), Some(end), end));
    assert_eq!(found, void, "equal is over");
    assert_eq!(sandbox.run(|_| allowances.spend(ana, shop, Amount(1), end)), void);
    let short = AllowanceError::Short { left: Amount(5), wanted: Amount(6) };
    assert_eq!(sandbox.run(|_| allowances.spend(ana, shop, Amount(6), now)), Err(short));
    assert_eq!(sandbox.storage(), before);
    // Whoever revokes need not name a time to come.
    sandbox.run(|_| allowances.approve(ana, shop, Amount(0), Some(end), end)).unwrap();
    assert!(sandbox.storage().is_empty(), "what is nought takes no room");
}

proptest! {
    #[test]
    fn what_is_taken_is_what_the_model_allows(
        steps in prop::collection::vec(
            (any::<bool>(), 1u8..4, 1u8..4, 0u128..9, prop::option::of(0u64..12), 0u64..3),
            1..80,
        ),
    ) {
        let (mut sandbox, mut allowances) = (Sandbox::new(), Allowances::open(Place::field(0)));
        let (mut model, mut now) = (BTreeMap::<(u8, u8), (u128, Option<u64>)>::new(), 0u64);
        for (approves, holder, spender, amount, end, pause) in steps {
            now += pause;
            let (from, by, time) = (account(holder), account(spender), TimestampMs(now));
            let live = |end: Option<u64>| end.is_none_or(|end| now < end);
            if approves {
                let fits = holder != spender && (amount == 0 || live(end));
                let found = sandbox.run(|_| {
                    allowances.approve(from, by, Amount(amount), end.map(TimestampMs), time)
                });
                prop_assert_eq!(found.is_ok(), fits);
                if fits {
                    model.insert((holder, spender), (amount, end));
                }
            } else {
                let (left, until) = model.get(&(holder, spender)).copied().unwrap_or_default();
                let found = sandbox.run(|_| allowances.spend(from, by, Amount(amount), time));
                prop_assert_eq!(found.is_ok(), live(until) && amount <= left);
                if found.is_ok() {
                    model.insert((holder, spender), (left - amount, until));
                }
            }
            model.retain(|_, (amount, _)| *amount > 0);
            for ((holder, spender), (amount, end)) in &model {
                let found = sandbox.run(|_| allowances.get(account(*holder), account(*spender)));
                let expires = end.map(TimestampMs);
                prop_assert_eq!(found, Some(Allowance { amount: Amount(*amount), expires }));
            }
            prop_assert_eq!(sandbox.storage().len(), model.len());
        }
    }
}
