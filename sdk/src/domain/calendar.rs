//! The Korean calendar (rule C0): days, months and the ends of periods.
//!
//! Korea is nine hours ahead of UTC the whole year round. A day begins at 00:00 KST; a month is
//! `[the 1st 00:00, the next 1st 00:00)`.
//!
//! **Periods** follow articles 157, 159 and 160 of the Civil Act. The first day is not counted:
//! let `d` be the day after the day on which the period starts, whatever the hour. Then
//!
//! - `N` days end at 00:00 of `d + N`;
//! - `N` months or years end at 00:00 of the same date `N` months or years after `d`, or, where
//!   that month has no such date, at 00:00 of the 1st of the month after it.
//!
//! Article 157 counts the first day when a period starts exactly at 00:00; C0 does not, so that
//! one millisecond never decides over a day. Something is live iff `time < end`: see [`is_live`].
//!
//! Days and months are plain numbers, counted from January 1970, so that every value that can be
//! decoded is one that exists, and both sort in storage as they do in time. [`Date`] is for people.

use crate::TimestampMs;
use dure_abi::calendar::{date, days, days_in_month};

pub use dure_abi::calendar::{DAY_MS, KST_AHEAD_MS};

/// Says why there is no such date or instant.
#[crate::ty]
#[derive(Copy)]
pub enum CalendarError {
    /// The period ends after the last instant that there is.
    TooFar {
        /// When it starts.
        start: TimestampMs,
        /// How long it is.
        period: Period,
    },
}

/// Whether something that ends then is still live: equal is over.
///
/// # Example
/// ```
/// use dure_sdk::{TimestampMs, domain::calendar::is_live};
/// assert!(is_live(TimestampMs(99), TimestampMs(100)));
/// assert!(!is_live(TimestampMs(100), TimestampMs(100)));
/// ```
#[must_use]
pub const fn is_live(time: TimestampMs, end: TimestampMs) -> bool {
    time.0 < end.0
}

/// A day in Korea, as the number of days since 1970-01-01.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Day(pub u32);

/// A calendar month in Korea, as the number of months since January 1970.
#[crate::ty(key)]
#[derive(Copy, Default, PartialOrd, Ord)]
pub struct Month(pub u32);

/// Year, month and day of the month, as people write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u32,
    month: u32,
    day: u32,
}

/// A length of time in calendar units.
///
/// # Example
/// ```
/// use dure_sdk::domain::calendar::{Date, Period};
/// // Bought at noon on 31 January: a month later is the end of February.
/// let noon = Date::new(2026, 1, 31).unwrap().day().start().0 + 12 * 60 * 60 * 1_000;
/// let end = Period::Months(1).end(dure_sdk::TimestampMs(noon)).unwrap();
/// assert_eq!(end, Date::new(2026, 3, 1).unwrap().day().start());
/// ```
#[crate::ty]
#[derive(Copy)]
pub enum Period {
    /// Whole days.
    Days(u32),
    /// Calendar months.
    Months(u32),
    /// Calendar years.
    Years(u32),
}

impl Period {
    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        matches!(self, Self::Days(0) | Self::Months(0) | Self::Years(0))
    }

    /// When a period ends that starts then.
    ///
    /// # Errors
    /// `TooFar` beyond the last instant that 64 bits of milliseconds can name.
    pub fn end(self, start: TimestampMs) -> Result<TimestampMs, CalendarError> {
        let too_far = CalendarError::TooFar { start, period: self };
        let first = Day::of(start).0.checked_add(1).map(Day).ok_or(too_far)?;
        let end = match self {
            Self::Days(days) => first.0.checked_add(days).map(Day),
            Self::Months(months) => first.date().months_on(months),
            Self::Years(years) => {
                years.checked_mul(12).and_then(|months| first.date().months_on(months))
            }
        };
        end.and_then(Day::checked_start).ok_or(too_far)
    }
}

impl Day {
    /// The day of an instant. Instants after day 4,294,967,295 count as that day.
    #[must_use]
    pub fn of(time: TimestampMs) -> Self {
        let days = time.0.saturating_add(KST_AHEAD_MS) / DAY_MS;
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }

    /// When it begins. Day 0 began before the first instant there is, and says that one.
    #[must_use]
    pub fn start(self) -> TimestampMs {
        // 2^32 days are 3.7e17 milliseconds: no overflow.
        TimestampMs((u64::from(self.0) * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }

    fn checked_start(self) -> Option<TimestampMs> {
        (self.0 < u32::MAX).then(|| self.start())
    }

    /// When it is over: the beginning of the next day.
    #[must_use]
    pub fn end(self) -> TimestampMs {
        TimestampMs(((u64::from(self.0) + 1) * DAY_MS).saturating_sub(KST_AHEAD_MS))
    }

    /// The day so many days before, at the earliest day 0.
    #[must_use]
    pub const fn before(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The month it is in.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.date();
        Month((date.year - 1970) * 12 + date.month - 1)
    }

    /// Its date.
    ///
    /// # Example
    /// ```
    /// use dure_sdk::{TimestampMs, domain::calendar::Day};
    /// // 15:00 UTC is midnight in Korea.
    /// let date = Day::of(TimestampMs(1_798_729_200_000)).date();
    /// assert_eq!((date.year(), date.month(), date.day_of_month()), (2027, 1, 1));
    /// ```
    #[must_use]
    pub fn date(self) -> Date {
        let (year, month, day) = date(self.0);
        Date { year, month, day }
    }
}

impl Month {
    /// The month of an instant.
    #[must_use]
    pub fn of(time: TimestampMs) -> Self {
        Day::of(time).month()
    }

    /// When it begins.
    #[must_use]
    pub fn start(self) -> TimestampMs {
        self.first().start()
    }

    /// When it is over: the beginning of the next month.
    #[must_use]
    pub fn end(self) -> TimestampMs {
        self.plus(1).start()
    }

    /// The month so many months later. Points that live to the end of the month after next expire
    /// at `Month::of(time).plus(2).end()`.
    #[must_use]
    pub const fn plus(self, months: u32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Its first day; of months after day 4,294,967,295, that day.
    #[must_use]
    pub fn first(self) -> Day {
        Date { year: 1970 + self.0 / 12, month: self.0 % 12 + 1, day: 1 }
            .checked_day()
            .unwrap_or(Day(u32::MAX))
    }
}

impl Date {
    /// Names a date; `None` when there is none such, or when it is before 1970.
    ///
    /// # Example
    /// ```
    /// use dure_sdk::domain::calendar::Date;
    /// assert!(Date::new(2024, 2, 29).is_some());
    /// assert!(Date::new(2100, 2, 29).is_none());
    /// ```
    #[must_use]
    pub fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let month_exists = (1970..=9_999).contains(&year) && (1..=12).contains(&month);
        (month_exists && (1..=days_in_month(year, month)).contains(&day)).then_some(Self {
            year,
            month,
            day,
        })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u32 {
        self.year
    }

    /// The month, from 1.
    #[must_use]
    pub const fn month(self) -> u32 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day_of_month(self) -> u32 {
        self.day
    }

    /// Its day.
    #[must_use]
    pub fn day(self) -> Day {
        self.checked_day().unwrap_or(Day(u32::MAX))
    }

    fn checked_day(self) -> Option<Day> {
        days(self.year, self.month, self.day).map(Day)
    }

    /// The same date so many months later, or the 1st of the month after where it is missing.
    fn months_on(self, months: u32) -> Option<Day> {
        let index = u64::from(self.year) * 12 + u64::from(self.month - 1) + u64::from(months);
        let (year, month) = (u32::try_from(index / 12).ok()?, (index % 12) as u32 + 1);
        let date = if self.day <= days_in_month(year, month) {
            Self { year, month, day: self.day }
        } else {
            // Only a month of fewer than 31 days lacks a date, and December has 31.
            Self { year, month: month + 1, day: 1 }
        };
        date.checked_day()
    }
}
