//! Days in Korea, as a policy file and people write them.

use dure_abi::calendar::{DAY_MS, KST_AHEAD_MS, date, days, days_in_month};
use dure_types::TimestampMs;

/// A day in Korea, as the number of days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(u32);

impl Day {
    /// The day of a date, after 1970-01-01; none when there is no such date.
    pub(super) fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let (year, month, day) = (u32::from(year), u32::from(month), u32::from(day));
        let exists = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        days(year, month, day).filter(|days| exists && *days > 0).map(Self)
    }

    /// Reads `2027-03-01`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let date = text.parse::<toml::value::Datetime>().ok()?;
        let day = date.date.filter(|_| date.time.is_none() && date.offset.is_none())?;
        Self::new(day.year, day.month, day.day)
    }

    /// When it begins.
    pub(super) const fn start(self) -> TimestampMs {
        TimestampMs((self.0 as u64 * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }

    /// When it is over.
    pub(super) const fn end(self) -> TimestampMs {
        TimestampMs(((self.0 as u64 + 1) * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }
}

/// An instant as a clock in Korea shows it: `2026-03-01`, with the time of day unless midnight.
pub(super) fn shown(time: TimestampMs) -> String {
    let local = time.0.saturating_add(KST_AHEAD_MS);
    let (year, month, day) = date(u32::try_from(local / DAY_MS).unwrap_or(u32::MAX));
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
        assert_eq!(Day::parse("2027-01-01"), Some(first));
        for text in ["2027-1-1", "2027-02-29", "2027-01-01T00:00:00", "tomorrow", ""] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for (year, month, day) in [(1969, 12, 31), (1970, 1, 1), (2027, 2, 29), (2027, 0, 1)] {
            assert_eq!(Day::new(year, month, day), None);
        }
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
