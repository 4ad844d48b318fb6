//! Rates against a list of all of them, and that nothing is gained by going round.

use dure_sdk::{
    Amount, Field, Place, Ratio, TimestampMs,
    domain::{
        rates::{Guard, InForce, Jump, Rates, RatesError},
        split::Exchange,
    },
    native::Sandbox,
};
use proptest::{collection::vec, prelude::*};

const HOUR: u64 = 60 * 60 * 1_000;
const DAY: u64 = 24 * HOUR;
const NOW: u64 = 1_000 * DAY;
/// An hour's notice, a day's age, a tenth an hour.
const GUARD: Guard =
    Guard { notice_ms: HOUR, age_max_ms: Some(DAY), jump_max_bp: Some(1_000), window_ms: HOUR };

fn at(ms: u64) -> TimestampMs {
    TimestampMs(NOW + ms)
}

fn won(worth: u64) -> Ratio {
    Ratio::new(worth, 1).unwrap()
}

fn rates() -> Rates<u8> {
    Rates::open(Place::field(0))
}

#[test]
fn a_quote_is_good_for_the_notice_and_no_longer_than_the_rate() {
    Sandbox::new().run(|_| {
        let mut rates = rates();
        assert_eq!(rates.at(&1, at(0), &GUARD), Err(RatesError::NoneYet { time: at(0) }));
        rates.set(&1, won(100), at(0), at(0), &GUARD).unwrap();
        rates.set(&2, won(7), at(5), at(0), &GUARD).unwrap();
        let held = |until| Ok(InForce { rate: won(100), since: at(0), until });
        assert_eq!(rates.at(&1, at(0), &GUARD), held(at(HOUR)));
        rates.set(&1, won(105), at(2 * HOUR), at(HOUR), &GUARD).unwrap();
        assert_eq!(rates.at(&1, at(HOUR + 1), &GUARD), held(at(2 * HOUR)));
        let since = at(2 * HOUR);
        let next = InForce { rate: won(105), since, until: at(3 * HOUR) };
        assert_eq!(rates.at(&1, at(2 * HOUR), &GUARD), Ok(next));
        let old = at(2 * HOUR + DAY);
        assert_eq!(rates.at(&1, TimestampMs(old.0 - 1), &GUARD).unwrap().until, old);
        assert_eq!(rates.at(&1, old, &GUARD), Err(RatesError::Stale { since, until: old }));
    });
}

#[test]
fn a_rate_is_set_in_time_after_every_other_and_withdrawn_before_it_holds() {
    Sandbox::new().run(|_| {
        let mut rates = rates();
        rates.set(&1, won(100), at(0), at(0), &GUARD).unwrap();
        let soon = rates.set(&1, won(100), at(HOUR), at(1), &GUARD);
        let (from, earliest) = (at(HOUR), at(HOUR + 1));
        assert_eq!(soon, Err(RatesError::TooSoon { from, earliest }));
        rates.set(&1, won(101), at(3 * HOUR), at(1), &GUARD).unwrap();
        let before = rates.set(&1, won(100), at(2 * HOUR), at(1), &GUARD);
        let (from, last) = (at(2 * HOUR), at(3 * HOUR));
        assert_eq!(before, Err(RatesError::NotLast { from, last }));
        let holds = RatesError::Holds { from: at(0) };
        assert_eq!(rates.withdraw(&1, at(0), at(0)), Err(holds));
        let unknown = RatesError::Unknown { from: at(9) };
        assert_eq!(rates.withdraw(&1, at(9), at(0)), Err(unknown));
        // The last one was compared with this one: it stays as long as that does.
        let end = at(4 * HOUR);
        rates.set(&1, won(110), end, at(1), &GUARD).unwrap();
        let middle = rates.withdraw(&1, last, at(1));
        assert_eq!(middle, Err(RatesError::NotLast { from: last, last: end }));
        rates.withdraw(&1, end, at(1)).unwrap();
        rates.withdraw(&1, last, at(1)).unwrap();
        rates.set(&1, won(100), at(2 * HOUR), at(1), &GUARD).unwrap();
    });
}

#[test]
fn a_jump_opens_the_breaker_until_somebody_looked() {
    Sandbox::new().run(|_| {
        let mut rates = rates();
        rates.set(&1, won(100), at(0), at(0), &GUARD).unwrap();
        // A tenth is allowed, itself included; a second tenth within the hour adds up.
        let quiet = rates.set(&1, won(110), at(2 * HOUR), at(0), &GUARD).unwrap();
        assert_eq!(quiet, None);
        let from = at(2 * HOUR + 1);
        let jump = Jump { before: won(100), after: won(111), from };
        assert_eq!(rates.set(&1, won(111), from, at(0), &GUARD), Ok(Some(jump)));
        assert_eq!(rates.at(&1, at(1), &GUARD), Err(RatesError::Tripped { jump }));
        rates.withdraw(&1, from, at(1)).unwrap();
        assert_eq!(rates.at(&1, at(1), &GUARD), Err(RatesError::Tripped { jump }));
        assert_eq!(rates.reset(&1), Ok(jump));
        assert_eq!(rates.at(&1, at(1), &GUARD).unwrap().rate, won(100));
        assert_eq!(rates.reset(&1), Err(RatesError::NotTripped));
    });
}

#[test]
fn more_rates_than_can_be_compared_are_refused() {
    Sandbox::new().run(|_| {
        let mut rates = rates();
        for minute in 0..65 {
            rates.set(&1, won(100), at(2 * HOUR + minute), at(0), &GUARD).unwrap();
        }
        let often = rates.set(&1, won(100), at(2 * HOUR + 65), at(0), &GUARD);
        assert_eq!(often, Err(RatesError::TooOften { limit: 64 }));
        rates.set(&1, won(100), at(4 * HOUR), at(0), &GUARD).unwrap();
    });
}

proptest! {
    #[test]
    fn the_breaker_compares_with_every_rate_of_the_window(
        steps in vec((1u64..200, 1u64..50, 1u64..4), 1..24),
    ) {
        Sandbox::new().run(|_| {
            let guard = Guard { notice_ms: 0, age_max_ms: None, ..GUARD };
            let (mut rates, mut all, mut now) = (rates(), Vec::<(u64, [u64; 2])>::new(), NOW);
            for (worth, wait, per) in steps {
                now += wait * HOUR / 10;
                let rate = Ratio::new(worth, per).unwrap();
                let start = now - HOUR;
                // Everything that held at some instant of the window.
                let held = |index: usize| all.get(index + 1).is_none_or(|(until, _)| *until > start);
                let jumps = (0..all.len()).filter(|index| held(*index)).any(|index| {
                    let [old, old_per] = all[index].1;
                    10 * (worth * old_per).abs_diff(old * per) > old * per
                });
                let jump = rates.set(&1, rate, TimestampMs(now), TimestampMs(now), &guard);
                prop_assert_eq!(jump.unwrap().is_some(), jumps);
                all.push((now, [worth, per]));
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// 2,000 markets with 512 round trips each, through up to five things: a million in all.
    #[test]
    fn nobody_ends_a_round_trip_with_more(
        worths in vec((1u64..1_000_000, 1u64..10_000), 6),
        trips in vec((vec(0usize..6, 1..6), 1u128..1_000_000_000_000), 512),
    ) {
        let worths: Vec<_> = worths.iter().map(|(n, d)| Ratio::new(*n, *d).unwrap()).collect();
        for (path, start) in trips {
            let home = path[0];
            let (mut held, mut here, mut kept) = (Amount(start), home, Amount(0));
            for next in path.iter().skip(1).chain([&home]) {
                // Where so little gives nothing the trip ends; what stays at home counts there.
                let Ok(done) = Exchange::by_worth(held, worths[here], worths[*next]) else { break };
                prop_assert!(done.consumed <= held);
                if here == home {
                    kept = kept.checked_add(Amount(held.0 - done.consumed.0)).unwrap();
                }
                (held, here) = (done.output, *next);
            }
            let back = if here == home { held.0 } else { 0 };
            prop_assert!(back + kept.0 <= start, "{start} became {back} and {kept:?}");
        }
    }
}
