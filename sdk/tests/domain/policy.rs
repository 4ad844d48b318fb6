//! Policies with effective dates, frozen terms, and brackets.

use dure_sdk::{
    Amount, Field, Place, TimestampMs,
    domain::policy::{Bracket, Brackets, BracketsError, Policy, PolicyError, Terms, Version},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const HOUR: u64 = 60 * 60 * 1_000;
const NOTICE: u64 = 24 * HOUR;

/// Terms of a voucher: what is refunded after expiry, and what must be used for a refund before.
#[dure_sdk::ty]
#[derive(Copy)]
struct Voucher {
    refund_bp: u32,
    threshold_percent: u32,
}

impl Terms for Voucher {
    fn is_better_for_holder(&self, than: &Self) -> bool {
        self != than
            && self.refund_bp >= than.refund_bp
            && self.threshold_percent <= than.threshold_percent
    }
}

fn at(hours: u64) -> TimestampMs {
    TimestampMs(1_000 * HOUR + hours * HOUR)
}

fn terms(refund_bp: u32, threshold_percent: u32) -> Voucher {
    Voucher { refund_bp, threshold_percent }
}

fn policy() -> Policy<Voucher> {
    Policy::open(Place::field(0))
}

#[test]
fn a_version_holds_from_its_instant_on() {
    Sandbox::new().run(|_| {
        let mut policy = policy();
        let none = PolicyError::NoneYet { time: at(0) };
        assert_eq!(policy.at(at(0)), Err(none));
        let first = policy.schedule(&terms(9_000, 60), at(0), at(0), NOTICE, false).unwrap();
        let second = policy.schedule(&terms(9_500, 60), at(48), at(1), NOTICE, false).unwrap();
        assert_eq!(policy.at(TimestampMs(at(48).0 - 1)), Ok((first, terms(9_000, 60))));
        assert_eq!(policy.at(at(48)), Ok((second, terms(9_500, 60))));
        assert_eq!(policy.at(at(500)), Ok((second, terms(9_500, 60))));
        assert_eq!(policy.version(first), Ok(terms(9_000, 60)));
        let third = policy.schedule(&terms(9_900, 60), at(600), at(1), NOTICE, false).unwrap();
        assert_eq!(policy.next(at(0)), Some(second));
        assert_eq!(policy.next(at(48)), Some(third));
        assert_eq!(policy.next(at(600)), None);
        let unknown = Version(at(3));
        assert_eq!(policy.version(unknown), Err(PolicyError::Unknown { version: unknown }));
    });
}

#[test]
fn a_change_needs_notice_and_comes_after_every_other() {
    let mut sandbox = Sandbox::new();
    let mut policy = policy();
    sandbox.run(|_| policy.schedule(&terms(1, 1), at(0), at(0), NOTICE, false)).unwrap();
    let before = sandbox.storage();
    let soon = TimestampMs(at(34).0 - 1);
    let refused = sandbox.run(|_| policy.schedule(&terms(2, 2), soon, at(10), NOTICE, false));
    assert_eq!(refused, Err(PolicyError::TooSoon { from: soon, earliest: at(34) }));
    assert_eq!(sandbox.storage(), before);
    let last = sandbox.run(|_| policy.schedule(&terms(2, 2), at(34), at(10), NOTICE, false));
    let last = last.unwrap();
    let refused = sandbox.run(|_| policy.schedule(&terms(3, 3), at(34), at(10), NOTICE, false));
    assert_eq!(refused, Err(PolicyError::NotLast { from: at(34), last }));
}

#[test]
fn only_what_does_not_hold_yet_is_withdrawn() {
    Sandbox::new().run(|_| {
        let mut policy = policy();
        let first = policy.schedule(&terms(1, 1), at(0), at(0), NOTICE, false).unwrap();
        let second = policy.schedule(&terms(2, 2), at(48), at(0), NOTICE, true).unwrap();
        assert_eq!(policy.withdraw(first, at(1)), Err(PolicyError::InForce { version: first }));
        let refused = policy.withdraw(second, at(48));
        assert_eq!(refused, Err(PolicyError::InForce { version: second }));
        policy.withdraw(second, TimestampMs(at(48).0 - 1)).unwrap();
        assert_eq!(policy.last(), Some(first));
        assert_eq!(policy.frozen(first, at(90)), Ok(terms(1, 1)));
        let refused = policy.withdraw(second, at(50));
        assert_eq!(refused, Err(PolicyError::Unknown { version: second }));
    });
}

#[test]
fn old_vouchers_get_a_change_only_if_it_is_retroactive_and_better() {
    Sandbox::new().run(|_| {
        let mut policy = policy();
        let mut add = |value, hours, retroactive| {
            policy.schedule(&value, at(hours), at(hours - 1), 0, retroactive).unwrap()
        };
        let bought = add(terms(9_000, 60), 1, false);
        add(terms(9_900, 60), 10, false);
        add(terms(9_500, 60), 20, true);
        add(terms(9_800, 70), 30, true);
        let latest = add(terms(9_600, 60), 40, true);
        let frozen = |hours| policy.frozen(bought, at(hours)).unwrap();
        assert_eq!(frozen(15), terms(9_000, 60), "better, but not retroactive");
        assert_eq!(frozen(20), terms(9_500, 60), "from its instant on");
        assert_eq!(frozen(35), terms(9_500, 60), "better here and worse there");
        assert_eq!(frozen(40), terms(9_600, 60));
        assert_eq!(policy.frozen(latest, at(40)), Ok(terms(9_600, 60)));
    });
}

#[test]
fn a_thousand_versions_are_enough() {
    Sandbox::new().run(|_| {
        let mut policy = policy();
        for hour in 1..=1_024 {
            policy.schedule(&terms(1, 1), at(hour), at(0), 0, hour <= 32).unwrap();
            if hour == 32 {
                let refused = policy.schedule(&terms(1, 1), at(33), at(0), 0, true);
                assert_eq!(refused, Err(PolicyError::Full { limit: 32 }));
            }
        }
        let refused = policy.schedule(&terms(1, 1), at(2_000), at(0), 0, false);
        assert_eq!(refused, Err(PolicyError::Full { limit: 1_024 }));
    });
}

proptest! {
    #[test]
    fn what_holds_is_the_last_that_began(
        steps in prop::collection::vec((0u64..40, 0u64..60, any::<bool>(), 0u32..4), 1..40),
        asked in prop::collection::vec(0u64..400, 1..20),
    ) {
        let (mut sandbox, mut policy) = (Sandbox::new(), policy());
        let mut model: BTreeMap<u64, (Voucher, bool)> = BTreeMap::new();
        let mut now = 0;
        for (wait, ahead, retroactive, better) in steps {
            now += wait;
            let value = terms(9_000 + better, 60);
            let from = now + ahead;
            let found =
                sandbox.run(|_| policy.schedule(&value, at(from), at(now), NOTICE, retroactive));
            let last = model.keys().last().copied();
            let allowed = last.is_none_or(|last| from > last && from >= now + 24);
            prop_assert_eq!(found.is_ok(), allowed, "{:?}", found);
            if allowed {
                model.insert(from, (value, retroactive));
            }
            for hour in &asked {
                let held = model.range(..=hour).next_back();
                let found = sandbox.run(|_| policy.at(at(*hour))).ok();
                prop_assert_eq!(found, held.map(|(from, (value, _))| (Version(at(*from)), *value)));
                for (bought, (value, _)) in &model {
                    let mut best = *value;
                    for (from, (later, retroactive)) in &model {
                        let counts = *retroactive && from > bought && from <= hour;
                        if counts && later.is_better_for_holder(&best) {
                            best = *later;
                        }
                    }
                    let found = sandbox.run(|_| policy.frozen(Version(at(*bought)), at(*hour)));
                    prop_assert_eq!(found, Ok(best));
                }
            }
        }
    }
}

fn brackets(table: &[(u128, u32)]) -> Result<Brackets, BracketsError> {
    let bracket =
        |(up_to, rate_bp): &(u128, u32)| Bracket { up_to: Amount(*up_to), rate_bp: *rate_bp };
    Brackets::new(table.iter().map(bracket).collect())
}

#[test]
fn a_bound_belongs_to_its_bracket() {
    // Refunds after expiry by face: 90 % up to 50,000, 95 % above.
    let refunds = brackets(&[(50_000, 9_000), (u128::MAX, 9_500)]).unwrap();
    let rates = [0, 50_000, 50_001, u128::MAX].map(|face| refunds.rate_bp(Amount(face)));
    assert_eq!(rates, [9_000, 9_000, 9_500, 9_500]);
    // Thresholds of a gift certificate: 80 % up to 10,000, 60 % above.
    let thresholds = brackets(&[(10_000, 8_000), (u128::MAX, 6_000)]).unwrap();
    assert_eq!([10_000, 10_001].map(|face| thresholds.rate_bp(Amount(face))), [8_000, 6_000]);
    let ending = brackets(&[(100, 1_000)]).unwrap();
    assert_eq!(ending.rate_bp(Amount(101)), 0);
}

#[test]
fn brackets_that_are_none_are_refused() {
    assert_eq!(brackets(&[(5, 1), (5, 2)]), Err(BracketsError::NotAscending { index: 1 }));
    let above = BracketsError::AboveWhole { index: 0, rate_bp: 10_001 };
    assert_eq!(brackets(&[(5, 10_001)]), Err(above));
    let many: Vec<_> = (0..17).map(|bound| (bound, 1)).collect();
    assert_eq!(brackets(&many), Err(BracketsError::TooMany { count: 17, limit: 16 }));
    assert_eq!(brackets(&many[..16]).map(|_| ()), Ok(()));
}

#[test]
fn a_total_beyond_the_greatest_amount_earns_nothing() {
    let table = brackets(&[(u128::MAX, 10_000)]).unwrap();
    assert_eq!(table.marginal(Amount::MAX, Amount(1)), None);
    assert_eq!(table.marginal(Amount(0), Amount::MAX), Some(Amount::MAX));
}

proptest! {
    #[test]
    fn marginal_rates_are_those_of_each_won(
        table in prop::collection::btree_map(1u128..400, 0u32..10_001, 1..5),
        total in 0u128..500,
        amount in 0u128..500,
    ) {
        let rows: Vec<_> = table.iter().map(|(bound, rate)| (*bound, *rate)).collect();
        let found = brackets(&rows).unwrap().marginal(Amount(total), Amount(amount));
        // Won by won: the n-th of the month lies in the first bracket that reaches n.
        let mut counts = vec![0u128; rows.len()];
        for won in total + 1..=total + amount {
            if let Some(index) = rows.iter().position(|(bound, _)| won <= *bound) {
                counts[index] += 1;
            }
        }
        let earned = counts.iter().zip(&rows).map(|(n, (_, rate))| n * u128::from(*rate) / 10_000);
        prop_assert_eq!(found, Some(Amount(earned.sum())));
    }
}
