//! The Korean calendar against a calendar that counts day by day.

use dure_sdk::{
    TimestampMs,
    domain::calendar::{CalendarError, DAY_MS, Date, Day, Month, Period, is_live},
};
use proptest::prelude::*;

const HOUR: u64 = 60 * 60 * 1_000;

fn date(year: u32, month: u32, day: u32) -> Date {
    Date::new(year, month, day).expect("a date that exists")
}

/// An instant in Korean time.
fn at(year: u32, month: u32, day: u32, hour: u64) -> TimestampMs {
    TimestampMs(date(year, month, day).day().start().0 + hour * HOUR)
}

/// Days of the months from January on, by the rule that everybody learns.
fn lengths(year: u32) -> [u32; 12] {
    let leap = matches!((year % 4, year % 100, year % 400), (0, 1.., _) | (.., 0));
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Every date from 1970 to 2600, counted one by one.
fn every_date() -> impl Iterator<Item = (u32, u32, u32)> {
    (1970..2600).flat_map(|year| {
        (1..=12).flat_map(move |month| {
            (1..=lengths(year)[month as usize - 1]).map(move |day| (year, month, day))
        })
    })
}

#[test]
fn every_day_of_six_centuries_has_the_date_that_counting_gives() {
    for (number, (year, month, day)) in (0..).zip(every_date()) {
        let expected = date(year, month, day);
        assert_eq!(Day(number).date(), expected);
        assert_eq!(expected.day(), Day(number));
        assert_eq!(Day(number).month(), Month((year - 1970) * 12 + month - 1));
        if day == 1 {
            assert_eq!(Day(number).month().first(), Day(number));
        }
    }
}

#[test]
fn a_day_begins_at_fifteen_hundred_utc() {
    // 2026-11-24 15:00 UTC.
    let midnight = 1_795_532_400_000;
    assert_eq!(Day::of(TimestampMs(midnight)).date(), date(2026, 11, 25));
    assert_eq!(Day::of(TimestampMs(midnight - 1)).date(), date(2026, 11, 24));
    assert_eq!(date(2026, 11, 25).day().start(), TimestampMs(midnight));
    assert_eq!(date(2026, 11, 24).day().end(), TimestampMs(midnight));
}

#[test]
fn a_month_ends_where_the_next_begins() {
    let december = Month::of(at(2026, 12, 31, 23));
    assert_eq!(december.start(), at(2026, 12, 1, 0));
    assert_eq!(december.end(), at(2027, 1, 1, 0));
    assert_eq!(Month::of(december.end()), december.plus(1));
    assert_eq!(Month::of(TimestampMs(december.end().0 - 1)), december);
}

/// When a period ends that starts at an hour of a day.
fn check(start: (u32, u32, u32, u64), period: Period, end: (u32, u32, u32)) {
    let (year, month, day, hour) = start;
    let found = period.end(at(year, month, day, hour));
    assert_eq!(found, Ok(date(end.0, end.1, end.2).day().start()), "{start:?} and {period:?}");
}

#[test]
fn periods_end_as_the_civil_act_counts() {
    // Seven days from a purchase on 24 November: through 1 December.
    check((2026, 11, 24, 10), Period::Days(7), (2026, 12, 2));
    // The first day is not counted, at whatever hour.
    check((2026, 11, 24, 0), Period::Days(1), (2026, 11, 26));
    check((2026, 11, 24, 23), Period::Days(1), (2026, 11, 26));
    check((2026, 11, 24, 12), Period::Days(0), (2026, 11, 25));
    // A month from the 30th of January counts from the 31st, a date that February lacks.
    check((2026, 1, 30, 12), Period::Months(1), (2026, 3, 1));
    check((2026, 1, 31, 12), Period::Months(1), (2026, 3, 1));
    check((2026, 2, 27, 12), Period::Months(1), (2026, 3, 28));
    check((2026, 3, 30, 12), Period::Months(1), (2026, 5, 1));
    check((2026, 10, 30, 12), Period::Months(2), (2026, 12, 31));
    // Five years of validity, and the leap day.
    check((2026, 4, 16, 9), Period::Years(5), (2031, 4, 17));
    check((2024, 2, 28, 9), Period::Years(1), (2025, 3, 1));
    check((2024, 2, 28, 9), Period::Years(4), (2028, 2, 29));
    check((2024, 2, 29, 9), Period::Years(1), (2025, 3, 1));
    check((2026, 12, 31, 23), Period::Months(12), (2028, 1, 1));
}

#[test]
fn what_ends_now_is_over() {
    let end = at(2031, 4, 17, 0);
    assert!(is_live(TimestampMs(end.0 - 1), end));
    assert!(!is_live(end, end));
    assert!(!is_live(TimestampMs(end.0 + 1), end));
}

#[test]
fn a_period_beyond_time_is_refused_with_what_was_asked() {
    let start = at(2026, 1, 1, 0);
    for period in [Period::Days(u32::MAX), Period::Months(u32::MAX), Period::Years(u32::MAX)] {
        assert_eq!(period.end(start), Err(CalendarError::TooFar { start, period }));
    }
    let (start, period) = (TimestampMs::MAX, Period::Days(1));
    assert_eq!(period.end(start), Err(CalendarError::TooFar { start, period }));
}

#[test]
fn dates_that_do_not_exist_are_none() {
    for (year, month, day) in
        [(2026, 2, 29), (2100, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 4, 31), (2026, 1, 0)]
    {
        assert_eq!(Date::new(year, month, day), None);
    }
    assert_eq!(Date::new(1969, 12, 31), None);
    assert!(Date::new(2000, 2, 29).is_some());
}

/// The end of a period of months by walking: the date after the start, then month by month.
fn walked(start: (u32, u32, u32), months: u32) -> (u32, u32, u32) {
    let (mut year, mut month, mut day) = start;
    day += 1;
    if day > lengths(year)[month as usize - 1] {
        (month, day) = (month + 1, 1);
    }
    if month > 12 {
        (year, month) = (year + 1, 1);
    }
    for _ in 0..months {
        month += 1;
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    if day > lengths(year)[month as usize - 1] {
        (month, day) = (month + 1, 1);
    }
    (year, month, day)
}

proptest! {
    #[test]
    fn months_and_years_end_where_walking_ends(
        day in 0u32..200_000,
        hour in 0u64..24,
        months in 0u32..400,
    ) {
        let first = Day(day).date();
        let start = TimestampMs(u64::from(day) * DAY_MS + hour * HOUR);
        // Until 15:00 UTC it is the same day in Korea; then the next.
        let first = if hour < 15 { first } else { Day(day + 1).date() };
        let parts = (first.year(), first.month(), first.day_of_month());
        let (year, month, day) = walked(parts, months);
        prop_assert_eq!(Period::Months(months).end(start), Ok(at(year, month, day, 0)));
        let (year, month, day) = walked(parts, months * 12);
        prop_assert_eq!(Period::Years(months).end(start), Ok(at(year, month, day, 0)));
    }

    #[test]
    fn a_longer_period_never_ends_sooner(
        start in 0u64..4_000_000_000_000,
        months in 0u32..1_000,
        more in 0u32..1_000,
    ) {
        let end = |months| Period::Months(months).end(TimestampMs(start)).expect("not too far");
        prop_assert!(end(months) <= end(months + more));
        prop_assert!(end(0) > TimestampMs(start), "what was bought just now is live");
    }
}
