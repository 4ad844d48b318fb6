//! The Gregorian calendar in days since 1970-01-01, and the clock of Korea.
//!
//! Contracts count by it (`dure_sdk::domain::calendar` has its types and rules), and tools show
//! what they counted: the same arithmetic on both sides.

/// Milliseconds by which Korean time is ahead of UTC, the whole year round.
pub const KST_AHEAD_MS: u64 = 9 * 60 * 60 * 1_000;
/// Milliseconds in a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Days from 1 March of year 0 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;
/// Days in 400 years.
const DAYS_IN_ERA: u64 = 146_097;

/// Year, month from 1 and day of the month from 1, of a number of days since 1970-01-01.
#[must_use]
pub const fn date(days: u32) -> (u32, u32, u32) {
    // Howard Hinnant's `civil_from_days`: eras of 400 years from 1 March of year 0, whose years
    // therefore end with the leap day.
    let shifted = days as u64 + DAYS_TO_1970;
    let (era, day_of_era) = (shifted / DAYS_IN_ERA, shifted % DAYS_IN_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    // The year is below 12 million and the others below 32.
    (year as u32, month as u32, day as u32)
}

/// Days since 1970-01-01 of a date; `None` before it, and after day 4,294,967,295.
///
/// The month is from 1 to 12 and the day one of that month: see [`days_in_month`].
#[must_use]
pub const fn days(year: u32, month: u32, day: u32) -> Option<u32> {
    if year < 1970 {
        return None;
    }
    // Howard Hinnant's `days_from_civil`.
    let (year, from_march) = (year as u64 - (month <= 2) as u64, (month as u64 + 9) % 12);
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * from_march + 2) / 5 + day as u64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * DAYS_IN_ERA + day_of_era).saturating_sub(DAYS_TO_1970);
    if days > u32::MAX as u64 { None } else { Some(days as u32) }
}

/// The number of days of a month, from 1.
#[must_use]
pub const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{date, days, days_in_month};

    #[test]
    fn every_day_of_five_centuries_follows_the_one_before() {
        let mut expected = (1970, 1, 1);
        for day in 0..500 * 366 {
            assert_eq!(date(day), expected);
            let (year, month, of_month) = expected;
            assert_eq!(days(year, month, of_month), Some(day));
            expected = match (of_month == days_in_month(year, month), month) {
                (false, _) => (year, month, of_month + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
        assert_eq!((days(1969, 12, 31), days(u32::MAX, 1, 1)), (None, None));
    }
}
