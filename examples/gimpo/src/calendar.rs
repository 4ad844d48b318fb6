//! Days and months in Korea, and the instants in which the story plays.

use eyre::eyre;
use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const KST_AHEAD_MS: u64 = 9 * 60 * 60 * 1_000;

/// An instant, milliseconds since 1970, and its month in Korea: the number since January 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) time: u64,
    pub(crate) month: u32,
}

/// Noon of a day in Korea, the month from 1.
pub(crate) fn noon(year: i32, month: u32, day: u8) -> eyre::Result<Now> {
    let of_year = Month::try_from(u8::try_from(month)?)?;
    let date = Date::from_calendar_date(year, of_year, day)?;
    let time = instant(date)?.saturating_add(DAY_MS / 2);
    let years = u32::try_from(year - 1970)?;
    Ok(Now { time, month: years * 12 + month - 1 })
}

/// The first year that begins after an instant.
pub(crate) fn next_year(time: u64) -> eyre::Result<i32> {
    Ok(date(time).ok_or_else(|| eyre!("{time} ms is no date"))?.year() + 1)
}

/// Whole days later, the day itself not counted: over at midnight.
pub(crate) fn after_days(time: u64, days: u32) -> u64 {
    ((time + KST_AHEAD_MS) / DAY_MS + 1 + u64::from(days)) * DAY_MS - KST_AHEAD_MS
}

/// Whole years later, the day itself not counted. The story plays on no 28 February.
pub(crate) fn after_years(time: u64, years: u32) -> u64 {
    let later = || {
        let next = date(time)? + Duration::DAY;
        let year = next.year() + i32::try_from(years).ok()?;
        instant(next.replace_year(year).ok()?).ok()
    };
    later().expect("the day after one of the story is in every year")
}

fn date(time: u64) -> Option<Date> {
    let utc = OffsetDateTime::from_unix_timestamp(i64::try_from(time / 1_000).ok()?).ok()?;
    Some(utc.to_offset(UtcOffset::from_hms(9, 0, 0).ok()?).date())
}

/// Midnight in Korea.
fn instant(date: Date) -> eyre::Result<u64> {
    let korea = UtcOffset::from_hms(9, 0, 0)?;
    let seconds = date.with_time(Time::MIDNIGHT).assume_offset(korea).unix_timestamp();
    Ok(u64::try_from(seconds)?.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_as_the_scheme_counts_them() {
        let march = noon(2026, 3, 1).unwrap();
        assert_eq!(march.month, 56 * 12 + 2);
        // Thirty days from 1 March: over on 1 April at midnight.
        assert_eq!(after_days(march.time, 30), noon(2026, 4, 1).unwrap().time - DAY_MS / 2);
        assert_eq!(after_years(march.time, 5), noon(2031, 3, 2).unwrap().time - DAY_MS / 2);
        assert_eq!(next_year(march.time).unwrap(), 2027);
    }
}
