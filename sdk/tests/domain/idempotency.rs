//! Requests that are carried out once, against a model that remembers everything.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::idempotency::{Arrival, Idempotency, IdempotencyError},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SHOP: Address = Address([1; 32]);
const OTHER: Address = Address([2; 32]);

type Requests = Idempotency<Amount, u64>;

fn requests() -> Requests {
    Idempotency::open(Place::field(0))
}

fn id(number: u8) -> Hash {
    Hash([number; 32])
}

fn at(ms: u64) -> TimestampMs {
    TimestampMs(ms)
}

#[test]
fn the_same_request_gets_the_first_answer_and_another_is_refused() {
    let (mut sandbox, mut seen) = (Sandbox::new(), requests());
    sandbox.run(|_| {
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(500), at(10), at(12)), Ok(Arrival::First));
        seen.keep(&SHOP, &id(1), Amount(500), 77, at(10));
    });
    let before = sandbox.storage();
    sandbox.run(|_| {
        let again = seen.check(&SHOP, &id(1), &Amount(500), at(10), at(99));
        assert_eq!(again, Ok(Arrival::Again(77)));
        let other = Err(IdempotencyError::OtherRequest { id: id(1), made: at(10) });
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(501), at(10), at(99)), other);
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(500), at(11), at(99)), other);
        // Another shop's ids are its own.
        assert_eq!(seen.check(&OTHER, &id(1), &Amount(9), at(10), at(12)), Ok(Arrival::First));
    });
    assert_eq!(sandbox.storage(), before, "looking changes nothing");
}

#[test]
fn what_was_forgotten_cannot_be_carried_out_again() {
    Sandbox::new().run(|_| {
        let mut seen = requests();
        for number in 1..=3 {
            seen.keep(&SHOP, &id(number), Amount(1), 1, at(u64::from(number) * 10));
        }
        // Only one of the two that are old is forgotten yet; both are refused or answered.
        assert_eq!(seen.forget(at(30), 1), 1);
        let forgotten = |made| Err(IdempotencyError::Forgotten { made, oldest: at(30) });
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(1), at(10), at(40)), forgotten(at(10)));
        let again = seen.check(&SHOP, &id(2), &Amount(1), at(20), at(40));
        assert_eq!(again, Ok(Arrival::Again(1)));
        assert_eq!(seen.check(&SHOP, &id(9), &Amount(1), at(29), at(40)), forgotten(at(29)));
        assert_eq!(seen.check(&SHOP, &id(9), &Amount(1), at(30), at(40)), Ok(Arrival::First));
        assert_eq!(seen.forget(at(30), 9), 1);
        assert_eq!(seen.forget(at(20), 9), 0, "the mark never moves back");
        assert_eq!(seen.oldest(), at(30));
    });
}

#[test]
fn a_request_from_the_future_is_refused() {
    Sandbox::new().run(|_| {
        let seen = requests();
        let early = IdempotencyError::FromTheFuture { made: at(11), now: at(10) };
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(1), at(11), at(10)), Err(early));
        assert_eq!(seen.check(&SHOP, &id(1), &Amount(1), at(10), at(10)), Ok(Arrival::First));
    });
}

proptest! {
    #[test]
    fn nothing_is_carried_out_twice(
        steps in prop::collection::vec((0u8..3, 0u8..6, 0u128..3, 0u64..20, 0u32..3), 1..80),
    ) {
        let (mut sandbox, mut seen) = (Sandbox::new(), requests());
        let mut done: BTreeMap<(u8, u128, u64), u64> = BTreeMap::new();
        let mut now = 100;
        for (kind, number, amount, ago, limit) in steps {
            now += 3;
            if kind == 0 {
                let until = at(now - 2 * ago);
                let oldest = sandbox.run(|_| seen.oldest());
                let forgot = sandbox.run(|_| seen.forget(until, limit));
                prop_assert!(forgot <= limit);
                prop_assert_eq!(sandbox.run(|_| seen.oldest()), oldest.max(until));
                continue;
            }
            let made = now - ago;
            let arrival = sandbox.run(|_| {
                let found = seen.check(&SHOP, &id(number), &Amount(amount), at(made), at(now))?;
                if found == Arrival::First {
                    seen.keep(&SHOP, &id(number), Amount(amount), now, at(made));
                }
                Ok::<_, IdempotencyError>(found)
            });
            let before = done.get(&(number, amount, made)).copied();
            match arrival {
                Ok(Arrival::First) => {
                    prop_assert_eq!(before, None, "it was carried out before");
                    done.insert((number, amount, made), now);
                }
                Ok(Arrival::Again(answer)) => prop_assert_eq!(Some(answer), before),
                Err(IdempotencyError::OtherRequest { made: first, .. }) => {
                    let known = done.keys().any(|(of, _, made)| (*of, *made) == (number, first.0));
                    prop_assert!(known && before.is_none_or(|_| first.0 != made));
                }
                Err(IdempotencyError::Forgotten { made, oldest }) => prop_assert!(made < oldest),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
