//! What the contract refuses an operator, in the words of a policy file.

use super::{super::exit::Failure, day::shown, describe::time};
use dure_client::RpcError;
use serde_json::Value;

/// The failure of an operator's call, with what it means for the policy where that is not plain.
pub(super) fn told(failure: Failure) -> Failure {
    let hint = match failure.refusal() {
        Some(RpcError::ContractRefused { decoded, .. }) => hint(decoded),
        _ => None,
    };
    failure.hinted(hint)
}

/// By the contract's error, `{"Worse": {"condition": "PerPurchase"}}` or `"Redeemable"`.
fn hint(error: &Value) -> Option<String> {
    let (name, fields) = match error {
        Value::String(name) => (name.as_str(), &Value::Null),
        Value::Object(one) => one.iter().next().map(|(name, fields)| (name.as_str(), fields))?,
        _ => return None,
    };
    let text = match name {
        "NotExpired" => match time(&fields["until"]) {
            Some(until) => format!(
                "units can be used before {}: what is left can be swept from then on",
                shown(until)
            ),
            None => "the policy has no period.last_day: nothing ever expires".to_owned(),
        },
        "Redeemable" => "by permission.redeem = \"anyone\" holders may still give their units \
                         back: what they have is theirs, and is not swept"
            .to_owned(),
        "Worse" => format!(
            "{} of the file leaves holders less than the policy that was set last, and they keep \
             what they have; stricter conditions are another token, with another token.salt",
            key(fields["condition"].as_str()?)
        ),
        "Policy" => scheduled(fields)?,
        _ => return None,
    };
    Some(text)
}

/// By the error of the module `policy`.
fn scheduled(error: &Value) -> Option<String> {
    let (name, fields) = error.as_object()?.iter().next()?;
    match name.as_str() {
        "TooSoon" => {
            let earliest = shown(time(&fields["earliest"])?);
            Some(format!("--from is a day to come: {earliest} is the earliest time"))
        }
        "NotLast" => {
            let last = shown(time(&fields["last"])?);
            Some(format!(
                "a policy from {last} on is set already: --from is a later day, or withdraw that \
                 one first: dure call ADDRESS withdraw_policy --from {last}"
            ))
        }
        _ => None,
    }
}

/// The key of a policy file that stands for a condition of the contract.
fn key(condition: &str) -> &str {
    match condition {
        "FirstDay" => "period.first_day",
        "LastDay" => "period.last_day",
        "Merchants" => "[merchants]",
        "Hold" => "permission.hold",
        "Spend" => "permission.spend",
        "Gifts" => "permission.gifts",
        "Redeem" => "permission.redeem",
        "PerPurchase" => "caps.per_purchase",
        "SpentPerMonth" => "caps.spent_per_month",
        "Held" => "caps.held",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_file() {
        let check = |error: Value, expect: &str| {
            let told = hint(&error).unwrap_or_default();
            assert!(told.contains(expect), "{error}: {told}");
        };
        let until = "1798729200000";
        check(json!({ "NotExpired": { "until": until } }), "before 2027-01-01: ");
        check(json!({ "NotExpired": { "until": null } }), "no period.last_day");
        check(json!("Redeemable"), "permission.redeem = \"anyone\"");
        check(json!({ "Worse": { "condition": "PerPurchase" } }), "caps.per_purchase of the file");
        let soon = json!({ "Policy": { "TooSoon": { "from": until, "earliest": until } } });
        check(soon, "2027-01-01 is the earliest");
        let last = json!({ "Policy": { "NotLast": { "from": until, "last": until } } });
        check(last, "withdraw_policy --from 2027-01-01");
        assert_eq!(hint(&json!("Zero")), None);
        assert_eq!(hint(&Value::Null), None);
    }
}
