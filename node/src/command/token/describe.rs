//! The conditions of a token in words.

use super::day::shown;
use dure_types::TimestampMs;
use serde_json::Value;

/// The contract's `Conditions` as lines of a name and what it says.
pub(super) fn lines(conditions: &Value, decimals: u64) -> Vec<(&'static str, String)> {
    let caps = &conditions["caps"];
    let bounds = [
        ("per_purchase", "a purchase"),
        ("spent_per_month", "spent by a person in a month"),
        ("held", "held by an account"),
        ("issued_per_month", "issued to a person in a month"),
        ("issued_in_total", "issued in total"),
    ];
    let bounds = bounds.iter().filter_map(|(key, of_what)| {
        Some(format!("{} {of_what}", units(caps[*key].as_str()?, decimals)))
    });
    let mut bounds: Vec<String> = bounds.collect();
    if bounds.is_empty() {
        bounds.push("no caps".to_owned());
    }
    let lines = [
        ("period", period(&conditions["from"], &conditions["until"])),
        ("spent at", merchants(&conditions["merchants"])),
        ("held by", accounts(&conditions["hold"])),
        ("spent by", accounts(&conditions["spend"])),
        ("gifts", if conditions["gifts"] == true { "yes" } else { "no" }.to_owned()),
        ("redeemed by", text(&conditions["redeem"]).to_lowercase()),
    ];
    let named = ["at most"].into_iter().chain(core::iter::repeat(""));
    lines.into_iter().chain(named.zip(bounds)).collect()
}

/// An amount in base units with its point.
pub(super) fn units(amount: &str, decimals: u64) -> String {
    let decimals = usize::try_from(decimals).unwrap_or_default();
    if decimals == 0 {
        return amount.to_owned();
    }
    let padded = format!("{amount:0>width$}", width = decimals.saturating_add(1));
    let (whole, rest) = padded.split_at(padded.len().saturating_sub(decimals));
    format!("{whole}.{rest}")
}

/// A time of the contract: a number of milliseconds as text.
pub(super) fn time(value: &Value) -> Option<TimestampMs> {
    value.as_str()?.parse().ok().map(TimestampMs)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn period(from: &Value, until: &Value) -> String {
    // A period that ends at midnight is told by its last day.
    let end = |until: TimestampMs| match shown(until) {
        midnight if !midnight.contains(' ') => {
            let day = shown(TimestampMs(until.0.saturating_sub(1)));
            format!("to {}", day.split(' ').next().unwrap_or_default())
        }
        instant => format!("until {instant}"),
    };
    match (time(from).map(shown), time(until).map(end)) {
        (None, None) => "no bound".to_owned(),
        (Some(first), None) => format!("from {first} on"),
        (None, Some(end)) => end,
        (Some(first), Some(end)) => format!("{first} {end}"),
    }
}

fn accounts(access: &Value) -> String {
    match text(access) {
        "Anyone" => "anyone".to_owned(),
        other => format!("{} accounts", other.to_lowercase()),
    }
}

fn merchants(set: &Value) -> String {
    if set.is_null() {
        return "anyone".to_owned();
    }
    let list = |key: &str, shown: &dyn Fn(&Value) -> String| {
        let items = set[key].as_array().filter(|items| !items.is_empty())?;
        Some(items.iter().map(shown).collect::<Vec<_>>().join(", "))
    };
    let conditions = [
        list("regions", &Value::to_string).map(|list| format!("regions {list}")),
        list("allowed", &category).map(|list| format!("categories {list}")),
        list("denied", &category).map(|list| format!("not categories {list}")),
        set["tier_max"].as_u64().filter(|t| *t < 255).map(|t| format!("tier up to {t}")),
        list("groups", &Value::to_string).map(|list| format!("groups {list}")),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    if conditions.is_empty() {
        return "registered merchants".to_owned();
    }
    format!("registered merchants of {}", conditions.join("; "))
}

/// `0x05020000` as `5.2`.
fn category(value: &Value) -> String {
    let levels = dure_rpc::hex::to_bytes(text(value)).unwrap_or_default();
    let levels = levels.iter().take_while(|level| **level > 0).map(ToString::to_string);
    levels.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_told_in_words() {
        let conditions = json!({
            "from": null, "until": "1798729200000",
            "merchants": {
                "regions": [41570], "allowed": ["0x05020000", "0x05030100"], "denied": [],
                "tier_max": 255, "groups": [1],
            },
            "hold": "Admitted", "spend": "Anyone", "gifts": false, "redeem": "Merchants",
            "caps": { "held": "15000", "per_purchase": "500" },
        });
        let told: Vec<String> = lines(&conditions, 2).into_iter().map(|(_, told)| told).collect();
        assert_eq!(
            told,
            [
                "to 2026-12-31",
                "registered merchants of regions 41570; categories 5.2, 5.3.1; groups 1",
                "admitted accounts",
                "anyone",
                "no",
                "merchants",
                "5.00 a purchase",
                "150.00 held by an account",
            ]
        );
        assert_eq!((units("5", 2), units("5", 0)), ("0.05".to_owned(), "5".to_owned()));
        let (day, later) = (json!("1798729200000"), json!("1798729201000"));
        assert_eq!(period(&day, &later), "2027-01-01 until 2027-01-01 00:00:01");
        assert_eq!(period(&day, &Value::Null), "from 2027-01-01 on");
    }
}
