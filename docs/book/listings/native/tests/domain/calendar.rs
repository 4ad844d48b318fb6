//! Ends of periods in Korea.

// ANCHOR: listing
use dure_sdk::{
    TimestampMs,
    domain::calendar::{Date, Day, Month, Period, is_live},
};

/// Noon of a date in Korea.
fn noon(year: u32, month: u32, day: u32) -> TimestampMs {
    let midnight = Date::new(year, month, day).unwrap().day().start();
    TimestampMs(midnight.0 + 12 * 60 * 60 * 1_000)
}

#[test]
fn a_voucher_bought_at_noon_lives_to_the_end_of_a_day() {
    // Thirty days: the day of the purchase is not counted.
    let end = Period::Days(30).end(noon(2026, 3, 1)).unwrap();
    assert_eq!(end, Date::new(2026, 4, 1).unwrap().day().start());
    assert!(is_live(TimestampMs(end.0 - 1), end));
    assert!(!is_live(end, end), "equal is over");
}

#[test]
fn a_month_that_lacks_the_date_ends_on_the_first_of_the_next() {
    // The day after 30 January is the 31st, which February lacks.
    let end = Period::Months(1).end(noon(2026, 1, 30)).unwrap();
    assert_eq!(end, Date::new(2026, 3, 1).unwrap().day().start());
}

#[test]
fn budgets_and_points_go_by_calendar_months() {
    let december = Month::of(noon(2026, 12, 5));
    // Points that live to the end of the month after next.
    let end = december.plus(2).end();
    assert_eq!(Day::of(end).date(), Date::new(2027, 3, 1).unwrap());
    assert_eq!(Month::of(TimestampMs(end.0 - 1)), december.plus(2));
}
// ANCHOR_END: listing
