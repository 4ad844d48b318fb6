//! Points in time as people write them.

use dure_abi::calendar::{DAY_MS, KST_AHEAD_MS, date, days, days_in_month};

/// What a time may be written as.
pub(super) const FORMS: &str = "milliseconds since 1970, a day as 2026-03-01 (its first moment in Korea), or a moment as \
     2026-03-01T09:30:00+09:00";

const MINUTE_MS: u64 = 60_000;

/// Milliseconds since 1970 of a day in Korea, `2026-03-01`, at whose 00:00 it begins there, or of a
/// moment by RFC 3339, `2026-03-01T09:30:00+09:00`, to the millisecond; `None` of anything else.
///
/// A moment needs its offset: without one it would be another on every machine.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let (date, rest) = text.split_at_checked(10)?;
    let midnight = u64::from(day(date)?).checked_mul(DAY_MS)?;
    if rest.is_empty() {
        return midnight.checked_sub(KST_AHEAD_MS);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let local = midnight.checked_add(of_day(clock)?)?;
    let (fraction, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    let local = local.checked_add(thousandths(fraction)?)?;
    match offset.split_at_checked(1)? {
        ("Z" | "z", "") => Some(local),
        ("+", ahead) => local.checked_sub(minutes(ahead)?.checked_mul(MINUTE_MS)?),
        ("-", behind) => local.checked_add(minutes(behind)?.checked_mul(MINUTE_MS)?),
        _ => None,
    }
}

/// How a time is written so that [`milliseconds`] reads it: as a day where it is the first moment of
/// one in Korea, else as a moment there; `None` after the year 9999.
pub(super) fn written(milliseconds: u64) -> Option<String> {
    let local = milliseconds.checked_add(KST_AHEAD_MS)?;
    let (year, month, day) = date(u32::try_from(local / DAY_MS).ok()?);
    if year > 9_999 {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let (second, fraction) = (local % DAY_MS / 1_000, local % 1_000);
    let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    Some(match (local % DAY_MS, fraction) {
        (0, _) => date,
        (_, 0) => format!("{date}T{clock}+09:00"),
        _ => format!("{date}T{clock}.{fraction:03}+09:00"),
    })
}

/// Days since 1970-01-01 of `2026-03-01`.
fn day(date: &str) -> Option<u32> {
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let exists = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    days(year, month, day).filter(|_| exists)
}

/// Milliseconds since midnight of `09:30:00`.
fn of_day(clock: &str) -> Option<u64> {
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let exists = hour < 24 && minute < 60 && second < 60;
    exists.then(|| u64::from(hour * 3_600 + minute * 60 + second) * 1_000)
}

/// Milliseconds of `.25`; none is nought.
fn thousandths(fraction: &str) -> Option<u64> {
    let Some(digits) = fraction.strip_prefix('.') else {
        return fraction.is_empty().then_some(0);
    };
    let plain = matches!(digits.len(), 1..=3) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| format!("{digits:0<3}").parse().ok()).flatten()
}

/// Minutes of `09:00`.
fn minutes(offset: &str) -> Option<u64> {
    let [hours, minutes] = numbers(offset, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then(|| u64::from(hours * 60 + minutes))
}

/// Numbers of so many digits each, with a sign between them.
fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let digits = parts.next().filter(|part| part.len() == length)?;
        *number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, written};

    #[test]
    fn what_is_written_is_read() {
        for (time, expect) in [
            (1_772_290_800_000, "2026-03-01"),
            (1_772_290_801_000, "2026-03-01T00:00:01+09:00"),
            (1_772_290_799_999, "2026-02-28T23:59:59.999+09:00"),
            (0, "1970-01-01T09:00:00+09:00"),
            (253_402_268_399_000, "9999-12-31T23:59:59+09:00"),
        ] {
            assert_eq!(written(time).as_deref(), Some(expect));
            assert_eq!(milliseconds(expect), Some(time), "{expect}");
        }
        assert_eq!((written(253_402_268_400_000), written(u64::MAX)), (None, None));
    }

    #[test]
    fn a_day_begins_in_korea_and_a_moment_is_where_its_offset_says() {
        let day = 1_772_290_800_000;
        for (text, expect) in [
            ("2026-03-01", day),
            ("2026-03-01T00:00:00+09:00", day),
            ("2026-02-28T15:00:00Z", day),
            ("2026-02-28 10:30:00.000-04:30", day),
            ("2026-02-28t15:00:01.5z", day + 1_500),
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
        ] {
            assert_eq!(milliseconds(text), Some(expect), "{text}");
        }
        for text in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-3-1",
            "+026-03-01",
            "2026-03-01T09:30:00",
            "2026-03-01T24:00:00Z",
            "2026-03-01T09:30Z",
            "2026-03-01T09:30:00.1234Z",
            "2026-03-01T09:30:00.Z",
            "2026-03-01T09:30:00+9:00",
            "2026-03-01T09:30:00Zulu",
            "1969-12-31",
            "1970-01-01",
            "2026년 3월 1일",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
