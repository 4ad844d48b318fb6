//! Roles, the two-man rule and cooling, and the day on which a company paid 1,000 shares for won.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::{
        calendar::{DAY_MS, Date, Day},
        roles::{
            COOLING_STEP_MS, Cooling, CoolingError, Role, Roles, RolesError, TwoMan, TwoManError,
            Verdict,
        },
        supply::{Supply, SupplyError},
    },
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [Role; 5] =
    [Role::Administrator, Role::Issuer, Role::Agent, Role::Auditor, Role::Pauser];
const VALID: u64 = 60 * 60 * 1_000;

fn person(number: u8) -> Address {
    Address([number; 32])
}

fn roles() -> Roles {
    Roles::open(Place::field(0))
}

fn two_man() -> TwoMan {
    TwoMan::open(Place::field(1))
}

fn cooling() -> Cooling {
    Cooling::open(Place::field(2))
}

fn noon() -> TimestampMs {
    TimestampMs(Date::new(2018, 4, 6).expect("a date").day().start().0 + DAY_MS / 2)
}

fn after(ms: u64) -> TimestampMs {
    TimestampMs(noon().0 + ms)
}

#[test]
fn the_last_administrator_stays() {
    Sandbox::new().run(|_| {
        let mut roles = roles();
        roles.found(person(1));
        let stays = Err(RolesError::LastAdministrator);
        assert_eq!(roles.revoke(person(1), person(1), Role::Administrator), stays);
        roles.grant(person(1), person(2), Role::Administrator).unwrap();
        roles.revoke(person(2), person(1), Role::Administrator).unwrap();
        let lacks = RolesError::Lacks { account: person(1), role: Role::Administrator };
        assert_eq!(roles.grant(person(1), person(3), Role::Issuer), Err(lacks));
    });
}

proptest! {
    #[test]
    fn roles_are_those_that_were_given(
        steps in prop::collection::vec((any::<bool>(), 1u8..5, 1u8..5, 0usize..5), 1..80),
    ) {
        let (mut sandbox, mut roles) = (Sandbox::new(), roles());
        let mut model = BTreeSet::from([(Role::Administrator, person(1))]);
        sandbox.run(|_| roles.found(person(1)));
        for (grants, by, account, role) in steps {
            let (by, account, role) = (person(by), person(account), ROLES[role]);
            let before = sandbox.storage();
            let found = sandbox.run(|_| if grants {
                roles.grant(by, account, role)
            } else {
                roles.revoke(by, account, role)
            });
            let of = |model: &BTreeSet<_>, role| -> Vec<_> {
                model.iter().filter(|(of, _)| *of == role).map(|(_, who)| *who).collect()
            };
            let administers = model.contains(&(Role::Administrator, by));
            let has = model.contains(&(role, account));
            let last = role == Role::Administrator && of(&model, role).len() == 1;
            let allowed = administers && has != grants && (grants || !last);
            prop_assert_eq!(found.is_ok(), allowed, "{:?}", found);
            if !allowed {
                prop_assert_eq!(sandbox.storage(), before, "a refusal changes nothing");
            } else if grants {
                model.insert((role, account));
            } else {
                model.remove(&(role, account));
            }
            for role in ROLES {
                prop_assert_eq!(sandbox.run(|_| roles.holders(role)), of(&model, role));
            }
            let check = sandbox.run(|_| roles.check(account, role));
            prop_assert_eq!(check.is_ok(), model.contains(&(role, account)));
        }
    }
}

#[test]
fn above_the_limit_a_second_person_names_the_same_action() {
    Sandbox::new().run(|_| {
        let mut two_man = two_man();
        let (action, limit) = (Hash([7; 32]), Amount(1_000));
        let mut ask = |by, amount, ms| {
            two_man.ask(person(by), action, Amount(amount), limit, after(ms), VALID)
        };
        assert_eq!(ask(1, 5_000, 0), Ok(Verdict::Waits { until: after(VALID) }));
        assert_eq!(ask(1, 5_000, 1), Ok(Verdict::Waits { until: after(VALID) }), "the same");
        let other = TwoManError::OtherAmount { asked: Amount(5_000), amount: Amount(5_001) };
        assert_eq!(ask(2, 5_001, 2), Err(other));
        assert_eq!(ask(2, 5_000, VALID - 1), Ok(Verdict::Do));
        // It was done: asking again begins anew.
        assert_eq!(ask(2, 5_000, VALID), Ok(Verdict::Waits { until: after(2 * VALID) }));
        // At the instant at which it expires the request is over.
        assert_eq!(ask(1, 5_000, 2 * VALID), Ok(Verdict::Waits { until: after(3 * VALID) }));
        assert_eq!(two_man.withdraw(action), Ok(()));
        assert_eq!(two_man.withdraw(action), Err(TwoManError::Unknown { action }));
    });
}

#[test]
fn splitting_an_issue_does_not_pass_the_limit() {
    Sandbox::new().run(|_| {
        let mut two_man = two_man();
        let mut ask = |by, number, amount, now| {
            let action = Hash([number; 32]);
            two_man.ask(person(by), action, Amount(amount), Amount(1_000), now, VALID)
        };
        assert_eq!(ask(1, 1, 600, noon()), Ok(Verdict::Do));
        assert_eq!(ask(1, 2, 400, noon()), Ok(Verdict::Do));
        assert_eq!(ask(1, 3, 1, noon()), Ok(Verdict::Waits { until: after(VALID) }));
        assert_eq!(ask(2, 4, 1_000, noon()), Ok(Verdict::Do), "each person has a limit");
        assert_eq!(ask(2, 3, 1, noon()), Ok(Verdict::Do), "as the second, without counting");
        assert_eq!(ask(1, 5, 1_000, Day::of(noon()).end()), Ok(Verdict::Do), "a new day");
    });
}

#[test]
fn new_units_are_sold_when_they_have_cooled() {
    Sandbox::new().run(|_| {
        let (mut cooling, ana) = (cooling(), person(1));
        let hour = COOLING_STEP_MS;
        let first = cooling.issued(ana, Amount(100), noon(), 24 * hour);
        assert_eq!(first, after(24 * hour));
        let second = cooling.issued(ana, Amount(50), after(1), 24 * hour);
        assert_eq!(second, after(25 * hour), "rounded up to the hour");
        let sell = |balance, wanted, ms| {
            cooling.check_sale(ana, Amount(balance), Amount(wanted), after(ms))
        };
        let cools = |matured, wanted, next| {
            let (matured, wanted) = (Amount(matured), Amount(wanted));
            Err(CoolingError::Cooling { account: ana, matured, wanted, next })
        };
        assert_eq!(sell(160, 10, 2), Ok(()));
        assert_eq!(sell(160, 11, 2), cools(10, 11, first));
        assert_eq!(sell(160, 11, 24 * hour - 1), cools(10, 11, first));
        assert_eq!(sell(160, 110, 24 * hour), Ok(()));
        assert_eq!(sell(160, 111, 24 * hour), cools(110, 111, second));
        assert_eq!(sell(160, 160, 25 * hour), Ok(()));
        let short = CoolingError::Short { balance: Amount(160), wanted: Amount(161) };
        assert_eq!(sell(160, 161, 25 * hour), Err(short));
    });
}

#[test]
fn no_cooling_is_no_entry_and_matured_entries_go() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let (mut cooling, hour) = (cooling(), COOLING_STEP_MS);
        let ready = after(hour);
        assert_eq!(cooling.issued(person(1), Amount(5), after(hour), 0), ready);
        for step in 0..20 {
            cooling.issued(person(1), Amount(1), after(step * hour), hour);
        }
        cooling.issued(person(1), Amount(1), after(21 * hour), 0);
    });
    assert!(sandbox.storage().is_empty(), "what has matured is cleared away");
}

/// 6 April 2018: one clerk, 1,000 shares a person instead of 1,000 won, 2.8 billion shares of 89
/// million there were, sold within minutes.
#[test]
fn one_clerk_cannot_issue_more_than_exists_nor_sell_it_at_once() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let (mut two_man, mut cooling) = (two_man(), cooling());
        let mut supply = Supply::<u8>::open(Place::field(3));
        let (clerk, checker, staff) = (person(1), person(2), person(3));
        let (issued, authorised) = (Amount(2_812_956_000), Amount(120_000_000));
        supply.issue(&0, Amount(89_300_000), authorised).unwrap();
        let action = Hash([4; 32]);
        let mut ask =
            |by| two_man.ask(by, action, issued, Amount(1_000_000), noon(), VALID).unwrap();
        assert!(matches!(ask(clerk), Verdict::Waits { .. }), "one person is not enough");
        assert_eq!(ask(checker), Verdict::Do);
        // Should the second person not look either, there are not so many shares.
        let above = SupplyError::AboveCap {
            outstanding: Amount(89_300_000),
            wanted: issued,
            cap: authorised,
        };
        assert_eq!(supply.issue(&0, issued, authorised), Err(above));
        // And what could be issued by mistake cannot be sold before somebody saw it.
        supply.issue(&0, Amount(30_000_000), authorised).unwrap();
        cooling.issued(staff, Amount(30_000_000), noon(), DAY_MS);
        let sale = cooling.check_sale(staff, Amount(30_000_000), Amount(1), after(60_000));
        assert!(matches!(sale, Err(CoolingError::Cooling { matured: Amount::ZERO, .. })));
        let found = cooling.revoke(staff, Amount(40_000_000), after(120_000));
        assert_eq!(found, Amount(30_000_000));
        supply.burn(&0, found).unwrap();
        assert_eq!(cooling.cooling(staff, after(120_000)), Amount(0));
        assert_eq!(supply.audit(&0, Amount(89_300_000)), Ok(()));
    });
}

proptest! {
    /// A step waits, then asks for one of three actions, or takes it back.
    #[test]
    fn two_men_agree_as_in_plain_maps(
        steps in prop::collection::vec(
            (0..DAY_MS / 2, 1u8..4, 0u8..3, 1u128..4, any::<bool>()),
            1..60,
        ),
    ) {
        let (mut sandbox, mut two_man, limit) = (Sandbox::new(), two_man(), 8);
        let valid = DAY_MS / 4;
        let mut waiting = BTreeMap::<u8, (u8, u128, u64)>::new();
        let mut alone = BTreeMap::<(u8, Day), u128>::new();
        let mut now = noon().0;
        for (wait, by, action, amount, withdraw) in steps {
            now += wait / 8;
            let (time, hash) = (TimestampMs(now), Hash([action; 32]));
            let today = Day::of(time);
            if withdraw && amount == 1 {
                let found = sandbox.run(|_| two_man.withdraw(hash));
                prop_assert_eq!(found.is_ok(), waiting.remove(&action).is_some());
                continue;
            }
            let found = sandbox.run(|_| {
                two_man.ask(person(by), hash, Amount(amount), Amount(limit), time, valid)
            });
            let live = waiting.get(&action).copied().filter(|(.., until)| now < *until);
            let sum = alone.entry((by, today)).or_default();
            let expected = match live {
                Some((_, asked, _)) if asked != amount => {
                    Err(TwoManError::OtherAmount { asked: Amount(asked), amount: Amount(amount) })
                }
                Some((first, _, until)) if first == by => {
                    Ok(Verdict::Waits { until: TimestampMs(until) })
                }
                Some(_) => Ok(Verdict::Do),
                None if *sum + amount <= limit => {
                    *sum += amount;
                    Ok(Verdict::Do)
                }
                None => {
                    waiting.insert(action, (by, amount, now + valid));
                    Ok(Verdict::Waits { until: TimestampMs(now + valid) })
                }
            };
            if expected == Ok(Verdict::Do) {
                waiting.remove(&action);
            }
            prop_assert_eq!(found, expected);
            let sum = Amount(alone[&(by, today)]);
            prop_assert_eq!(sandbox.run(|_| two_man.alone(person(by), today)), sum);
            let asked = waiting.get(&action).filter(|(.., until)| now < *until);
            let asked = asked.map(|(by, ..)| person(*by));
            prop_assert_eq!(sandbox.run(|_| two_man.asked(hash, time)), asked);
        }
    }

    #[test]
    fn what_cools_is_what_was_issued_and_has_not_matured(
        steps in prop::collection::vec((0u64..90, 0u128..50, 0u64..300, 0u128..40), 1..40),
    ) {
        let (mut sandbox, mut cooling) = (Sandbox::new(), cooling());
        let (minute, mut now, mut model) = (60_000, noon().0, Vec::<(u64, u128)>::new());
        for (wait, amount, minutes, revoked) in steps {
            now += wait * minute;
            let mature = (now + minutes * minute).div_ceil(COOLING_STEP_MS) * COOLING_STEP_MS;
            let at = TimestampMs(now);
            let found =
                sandbox.run(|_| cooling.issued(person(1), Amount(amount), at, minutes * minute));
            prop_assert_eq!(found, TimestampMs(mature));
            model.push((mature, amount));
            model.retain(|(mature, _)| *mature > now);
            model.sort_unstable();
            let mut left = revoked;
            for (_, amount) in model.iter_mut().rev() {
                let part = left.min(*amount);
                *amount -= part;
                left -= part;
            }
            let found = sandbox.run(|_| cooling.revoke(person(1), Amount(revoked), at));
            prop_assert_eq!(found, Amount(revoked - left));
            let sum: u128 = model.iter().map(|(_, amount)| amount).sum();
            let new = sandbox.run(|_| cooling.cooling(person(1), at));
            prop_assert_eq!(new, Amount(sum));
            prop_assert_eq!(sandbox.run(|_| cooling.cooling(person(2), at)), Amount(0));
        }
    }
}
