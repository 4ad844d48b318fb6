//! New accounts for lost keys, against a plain map of moves.

use dure_sdk::{
    Address, Field, Hash, Place, TimestampMs,
    domain::recovery::{Recovery, RecoveryError, Request},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const AGENT: Address = Address([99; 32]);
const WHY: Hash = Hash([7; 32]);
const DELAY: u64 = 1_000;

fn recovery() -> Recovery {
    Recovery::open(Place::field(0))
}

fn who(number: u8) -> Address {
    Address([number; 32])
}

fn at(ms: u64) -> TimestampMs {
    TimestampMs(ms)
}

#[test]
fn the_old_key_can_object_until_the_delay_is_over() {
    Sandbox::new().run(|_| {
        let mut recovery = recovery();
        let request = recovery.request(who(1), who(2), AGENT, WHY, at(10), DELAY).unwrap();
        let expected = Request { to: who(2), by: AGENT, reason: WHY, due: at(1_010) };
        assert_eq!((request, recovery.pending(who(1))), (expected, Some(expected)));
        let again = recovery.request(who(1), who(3), AGENT, WHY, at(11), DELAY);
        assert_eq!(again, Err(RecoveryError::Pending { request }));
        let early = RecoveryError::TooEarly { due: at(1_010), now: at(1_009) };
        assert_eq!(recovery.complete(who(1), at(1_009)), Err(early));
        let stranger = RecoveryError::NotTheOwner { account: who(1), by: who(2) };
        assert_eq!(recovery.object(who(1), who(2)), Err(stranger));
        assert_eq!(recovery.object(who(1), who(1)), Ok(request));
        let none = RecoveryError::NoRequest { account: who(1) };
        assert_eq!(recovery.complete(who(1), at(2_000)), Err(none));
        assert_eq!(recovery.check(who(1)), Ok(()));
    });
}

#[test]
fn a_moved_account_is_refused_with_its_successor() {
    Sandbox::new().run(|_| {
        let mut recovery = recovery();
        recovery.request(who(1), who(2), AGENT, WHY, at(0), DELAY).unwrap();
        recovery.complete(who(1), at(DELAY)).unwrap();
        let moved = RecoveryError::Moved { account: who(1), to: who(2) };
        assert_eq!(recovery.check(who(1)), Err(moved));
        let refused = recovery.request(who(1), who(3), AGENT, WHY, at(0), DELAY);
        assert_eq!(refused, Err(moved));
        let refused = recovery.request(who(3), who(1), AGENT, WHY, at(0), DELAY);
        assert_eq!(refused, Err(moved), "nobody is moved to a dead account");
        let same = recovery.request(who(3), who(3), AGENT, WHY, at(0), DELAY);
        assert_eq!(same, Err(RecoveryError::Same { account: who(3) }));
        assert_eq!(recovery.current(who(1)), who(2));
        assert_eq!(recovery.current(who(9)), who(9));
    });
}

#[test]
fn a_request_to_an_account_that_moved_meanwhile_is_not_completed() {
    Sandbox::new().run(|_| {
        let mut recovery = recovery();
        for (from, to) in [(1, 2), (2, 3), (2, 1)] {
            let made = recovery.request(who(from), who(to), AGENT, WHY, at(0), DELAY);
            assert_eq!(made.is_ok(), (from, to) != (2, 1));
        }
        recovery.complete(who(2), at(DELAY)).unwrap();
        let moved = RecoveryError::Moved { account: who(2), to: who(3) };
        assert_eq!(recovery.complete(who(1), at(DELAY)), Err(moved));
        assert!(recovery.drop_request(who(1)).is_ok(), "the agent asks again");
    });
}

#[test]
fn a_line_of_moves_has_sixteen_at_most() {
    Sandbox::new().run(|_| {
        let mut recovery = recovery();
        for number in 0..16 {
            recovery.request(who(number), who(number + 1), AGENT, WHY, at(0), 0).unwrap();
            recovery.complete(who(number), at(0)).unwrap();
        }
        assert_eq!(recovery.current(who(0)), who(16));
        let refused = recovery.request(who(16), who(17), AGENT, WHY, at(0), 0);
        assert_eq!(refused, Err(RecoveryError::TooManyMoves { limit: 16 }));
    });
}

#[test]
fn a_short_line_that_joins_a_long_one_does_not_shorten_it() {
    Sandbox::new().run(|_| {
        let mut recovery = recovery();
        let mut step = |from: u8, to: u8| {
            recovery.request(who(from), who(to), AGENT, WHY, at(0), 0)?;
            recovery.complete(who(from), at(0))
        };
        for number in 0..15 {
            step(number, number + 1).unwrap();
        }
        step(50, 15).unwrap();
        step(15, 16).unwrap();
        assert_eq!(step(16, 17), Err(RecoveryError::TooManyMoves { limit: 16 }));
        assert_eq!((recovery.current(who(0)), recovery.current(who(50))), (who(16), who(16)));
    });
}

proptest! {
    #[test]
    fn everybody_is_found_where_the_moves_lead(
        steps in prop::collection::vec((0u8..3, 0u8..8, 0u8..8, 0u64..900), 1..80),
    ) {
        let (mut sandbox, mut recovery) = (Sandbox::new(), recovery());
        let mut moved: BTreeMap<u8, u8> = BTreeMap::new();
        let mut asked: BTreeMap<u8, (u8, u64)> = BTreeMap::new();
        let mut now = 0;
        for (kind, from, to, wait) in steps {
            now += wait;
            let alive = |number: &u8| !moved.contains_key(number);
            let (found, allowed) = match kind {
                0 => (
                    sandbox.run(|_| {
                        recovery.request(who(from), who(to), AGENT, WHY, at(now), DELAY)
                    }),
                    from != to && alive(&from) && alive(&to) && !asked.contains_key(&from),
                ),
                1 => (
                    sandbox.run(|_| recovery.object(who(from), who(to))),
                    from == to && asked.contains_key(&from),
                ),
                _ => (
                    sandbox.run(|_| recovery.complete(who(from), at(now))),
                    asked.get(&from).is_some_and(|(to, due)| now >= *due && alive(to)),
                ),
            };
            prop_assert_eq!(found.is_ok(), allowed, "{:?}", found);
            match kind {
                0 if allowed => {
                    asked.insert(from, (to, now + DELAY));
                }
                1 if allowed => {
                    asked.remove(&from);
                }
                2 if allowed => {
                    let (to, _) = asked.remove(&from).expect("it was asked for");
                    moved.insert(from, to);
                }
                _ => {}
            }
            for number in 0..8 {
                let mut current = number;
                while let Some(to) = moved.get(&current) {
                    current = *to;
                }
                prop_assert_eq!(sandbox.run(|_| recovery.current(who(number))), who(current));
                let refused = sandbox.run(|_| recovery.check(who(number))).is_err();
                prop_assert_eq!(refused, moved.contains_key(&number));
            }
        }
    }
}
