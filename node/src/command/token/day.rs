//! Days in Korea, as a policy file and people write them.

use dure_types::TimestampMs;

/// Milliseconds by which Korean time is ahead of UTC; the calendar of `dure-sdk` says the same.
const KST_AHEAD_MS: u64 = 9 * 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Days from 1 March of year 0 to 1 January 1970, and in 400 years.
const DAYS_TO_1970: u64 = 719_468;
const DAYS_IN_ERA: u64 = 146_097;

/// A day in Korea, as the number of days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(u64);

impl Day {
    /// The day of a date that exists, after 1970-01-01.
    pub(super) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        // Howard Hinnant's `days_from_civil`.
        let (year, month, day) = (u64::from(year), u64::from(month), u64::from(day));
        if year < 1970 || month == 0 || day == 0 {
            return None;
        }
        let year = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * DAYS_IN_ERA + day_of_era;
        days.checked_sub(DAYS_TO_1970).filter(|days| *days > 0).map(Self)
    }

    /// When it begins.
    pub(super) const fn start(self) -> TimestampMs {
        TimestampMs((self.0 * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }

    /// When it is over.
    pub(super) const fn end(self) -> TimestampMs {
        TimestampMs(((self.0 + 1) * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }
}

/// An instant as a clock in Korea shows it: `2026-03-01`, with the time of day unless midnight.
pub(super) fn shown(time: TimestampMs) -> String {
    let local = time.0.saturating_add(KST_AHEAD_MS);
    // Howard Hinnant's `civil_from_days`.
    let shifted = local / DAY_MS + DAYS_TO_1970;
    let (era, day_of_era) = (shifted / DAYS_IN_ERA, shifted % DAYS_IN_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{day:02}");
    match local % DAY_MS / 1_000 {
        0 => date,
        s => format!("{date} {:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_korea() {
        let first = Day::new(2027, 1, 1).unwrap_or(Day(0));
        // 15:00 UTC of the day before.
        assert_eq!(first.start(), TimestampMs(1_798_729_200_000));
        assert_eq!(first.end(), Day::new(2027, 1, 2).unwrap_or(Day(0)).start());
        assert!(Day::new(1969, 12, 31).is_none() && Day::new(1970, 1, 1).is_none());
    }

    #[test]
    fn what_is_written_is_what_is_shown() {
        for (year, month, day) in [(1970, 1, 2), (2000, 2, 29), (2026, 12, 31), (2099, 3, 1)] {
            let start = Day::new(year, month, day).unwrap_or(Day(0)).start();
            assert_eq!(shown(start), format!("{year:04}-{month:02}-{day:02}"));
        }
        assert_eq!(shown(TimestampMs(1_798_729_200_000 + 3_661_000)), "2027-01-01 01:01:01");
    }
}
