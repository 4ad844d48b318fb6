//! Budgets and caps by month.

use dure_sdk::{
    Amount, Field, Hash, Place, TimestampMs,
    domain::{
        calendar::{DAY_MS, Date, Month},
        caps::{Caps, CapsError},
        pool::{OnShort, Pool, PoolError},
    },
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn on(month: u32, day: u32) -> TimestampMs {
    Date::new(2026, month, day).expect("a date").day().start()
}

fn last_instant(month: u32) -> TimestampMs {
    TimestampMs(Month::of(on(month, 1)).end().0 - 1)
}

fn pool() -> Pool {
    Pool::open(Place::field(0))
}

fn caps() -> Caps<Hash> {
    Caps::open(Place::field(1))
}

#[test]
fn a_draw_is_whole_or_nothing() {
    let (mut sandbox, mut pool) = (Sandbox::new(), pool());
    let (march, now) = (Month::of(on(3, 1)), on(3, 5));
    sandbox.run(|_| pool.fund(march, Amount(100), now)).unwrap();
    sandbox.run(|_| pool.draw(Amount(90), OnShort::Reject, now)).unwrap();
    let before = sandbox.storage();
    let short = PoolError::Short { month: march, left: Amount(10), wanted: Amount(11) };
    assert_eq!(sandbox.run(|_| pool.draw(Amount(11), OnShort::Reject, now)), Err(short));
    assert_eq!(sandbox.run(|_| pool.draw(Amount(11), OnShort::Zero, now)), Ok(Amount(0)));
    assert_eq!(sandbox.storage(), before);
    assert_eq!(sandbox.run(|_| pool.draw(Amount(10), OnShort::Zero, now)), Ok(Amount(10)));
    assert_eq!(sandbox.run(|_| (pool.room(march), pool.drawn(march))), (Amount(0), Amount(100)));
}

#[test]
fn what_comes_back_raises_only_the_month_of_its_return() {
    Sandbox::new().run(|_| {
        let mut pool = pool();
        let (march, april) = (Month::of(on(3, 1)), Month::of(on(4, 1)));
        pool.fund(march, Amount(100), on(3, 1)).unwrap();
        pool.draw(Amount(100), OnShort::Reject, last_instant(3)).unwrap();
        pool.give_back(Amount(30), on(4, 1));
        assert_eq!((pool.room(march), pool.room(april)), (Amount(0), Amount(30)));
        assert_eq!((pool.budget(april), pool.returned(april)), (Amount(0), Amount(30)));
        assert_eq!(pool.draw(Amount(30), OnShort::Reject, on(4, 2)), Ok(Amount(30)));
        assert_eq!((pool.audit(march), pool.audit(april)), (Ok(()), Ok(())));
    });
}

#[test]
fn a_month_that_is_over_never_reopens() {
    Sandbox::new().run(|_| {
        let mut pool = pool();
        let (march, april) = (Month::of(on(3, 1)), Month::of(on(4, 1)));
        pool.fund(march, Amount(100), on(2, 1)).unwrap();
        let short =
            PoolError::Short { month: Month::of(on(2, 1)), left: Amount(0), wanted: Amount(1) };
        assert_eq!(pool.draw(Amount(1), OnShort::Reject, last_instant(2)), Err(short));
        let early = PoolError::NotOver { month: march, end: on(4, 1) };
        assert_eq!(pool.close(march, last_instant(3)), Err(early));
        let over = PoolError::Over { month: march, now: april };
        assert_eq!(pool.fund(march, Amount(1), on(4, 1)), Err(over));
        let (month, last) = (april.plus(25), april.plus(24));
        let far = PoolError::TooFar { month, last };
        assert_eq!(pool.fund(month, Amount(1), on(4, 1)), Err(far));
        assert_eq!(pool.fund(last, Amount(1), on(4, 1)), Ok(()));
        assert_eq!(pool.close(march, on(4, 1)), Ok(Amount(100)));
        assert_eq!(pool.close(march, on(4, 1)), Ok(Amount(0)));
        assert_eq!(pool.audit(march), Ok(()));
    });
}

proptest! {
    #[test]
    fn a_month_never_gives_more_than_it_was_given(
        steps in prop::collection::vec((0u8..4, 0u128..60, 0u64..12), 1..80),
    ) {
        let (mut sandbox, mut pool, mut now) = (Sandbox::new(), pool(), on(1, 1));
        // Given and drawn or taken out, by month.
        let mut model: BTreeMap<Month, (u128, u128)> = BTreeMap::new();
        for (kind, amount, days) in steps {
            now = TimestampMs(now.0 + days * DAY_MS);
            let (month, value) = (Month::of(now), Amount(amount));
            let (given, used) = model.entry(month).or_default();
            match kind {
                0 => {
                    sandbox.run(|_| pool.fund(month, value, now)).unwrap();
                    *given += amount;
                }
                1 => {
                    sandbox.run(|_| pool.give_back(value, now));
                    *given += amount;
                }
                2 => {
                    let found = sandbox.run(|_| pool.draw(value, OnShort::Zero, now));
                    let drawn = if amount <= *given - *used { amount } else { 0 };
                    prop_assert_eq!(found, Ok(Amount(drawn)));
                    *used += drawn;
                }
                _ => {
                    let last = Month(month.0 - 1);
                    let (given, used) = model.entry(last).or_default();
                    let found = sandbox.run(|_| pool.close(last, now));
                    prop_assert_eq!(found, Ok(Amount(*given - *used)));
                    *used = *given;
                }
            }
            for (month, (given, used)) in &model {
                prop_assert_eq!(sandbox.run(|_| pool.room(*month)), Amount(given - used));
                prop_assert_eq!(sandbox.run(|_| pool.audit(*month)), Ok(()));
            }
        }
    }
}

#[test]
fn equal_to_the_cap_is_allowed_and_a_refusal_says_what_is_left() {
    let (mut sandbox, mut caps) = (Sandbox::new(), caps());
    let (ana, cap, now) = (Hash([1; 32]), Amount(700_000), on(3, 5));
    let add = |caps: &mut Caps<Hash>, sandbox: &mut Sandbox, amount, now| {
        sandbox.run(|_| caps.add(&ana, Amount(amount), cap, now))
    };
    assert_eq!(add(&mut caps, &mut sandbox, 500_000, now), Ok(Amount(200_000)));
    let before = sandbox.storage();
    let above = CapsError::AboveCap { left: Amount(200_000), wanted: Amount(200_001), cap };
    assert_eq!(add(&mut caps, &mut sandbox, 200_001, now), Err(above));
    assert_eq!(sandbox.run(|_| caps.check(&ana, Amount(200_001), cap, now)), Err(above));
    assert_eq!(sandbox.run(|_| caps.check(&ana, Amount(200_000), cap, now)), Ok(Amount(0)));
    assert_eq!(sandbox.storage(), before);
    assert_eq!(add(&mut caps, &mut sandbox, 200_000, last_instant(3)), Ok(Amount(0)));
    // The next month begins at 00:00 in Korea.
    assert_eq!(add(&mut caps, &mut sandbox, 700_000, on(4, 1)), Ok(Amount(0)));
}

#[test]
fn an_undo_in_the_month_restores_it_and_later_never() {
    Sandbox::new().run(|_| {
        let mut caps = caps();
        let (ana, cap) = (Hash([1; 32]), Amount(100));
        caps.add(&ana, Amount(100), cap, on(3, 5)).unwrap();
        assert_eq!(caps.undo(&ana, Amount(60), on(3, 5), last_instant(3)), Amount(60));
        assert_eq!(caps.add(&ana, Amount(60), cap, last_instant(3)), Ok(Amount(0)));
        caps.add(&ana, Amount(90), cap, on(4, 1)).unwrap();
        assert_eq!(caps.undo(&ana, Amount(40), on(3, 5), on(4, 1)), Amount(0));
        assert_eq!(caps.used(&ana, on(4, 1)), Amount(90));
        // A cap that was lowered leaves nothing, and takes nothing away.
        let lowered = Amount(80);
        let above = CapsError::AboveCap { left: Amount(0), wanted: Amount(1), cap: lowered };
        assert_eq!(caps.add(&ana, Amount(1), lowered, on(4, 2)), Err(above));
    });
}

proptest! {
    #[test]
    fn the_month_total_is_the_sum_of_what_stands(
        steps in prop::collection::vec(
            (0u8..3, 0u128..60, 0u64..8, any::<prop::sample::Index>()),
            1..60,
        ),
    ) {
        let (mut sandbox, mut caps, mut now) = (Sandbox::new(), caps(), on(1, 1));
        let (cap, mut done) = (200, Vec::<(u8, u128, TimestampMs)>::new());
        for (who, amount, days, which) in steps {
            now = TimestampMs(now.0 + days * DAY_MS);
            let person = |who| Hash([who; 32]);
            let total = |done: &[(u8, u128, TimestampMs)], who| -> u128 {
                let mine = done.iter().filter(|(of, _, at)| {
                    *of == who && Month::of(*at) == Month::of(now)
                });
                mine.map(|(_, amount, _)| amount).sum()
            };
            if who == 2 && !done.is_empty() {
                let (of, amount, at) = done.remove(which.index(done.len()));
                let found = sandbox.run(|_| caps.undo(&person(of), Amount(amount), at, now));
                let same = Month::of(at) == Month::of(now);
                prop_assert_eq!(found, Amount(if same { amount } else { 0 }));
            } else {
                let left = cap - total(&done, who);
                let found =
                    sandbox.run(|_| caps.add(&person(who), Amount(amount), Amount(cap), now));
                prop_assert_eq!(found.ok(), left.checked_sub(amount).map(Amount));
                if found.is_ok() {
                    done.push((who, amount, now));
                }
            }
            for who in 0..3 {
                let used = sandbox.run(|_| caps.used(&person(who), now));
                prop_assert_eq!(used, Amount(total(&done, who)));
            }
        }
    }
}
