//! Exact parts and splits.

use dure_sdk::{
    Amount, Ratio, TimestampMs,
    domain::{
        share,
        split::{Exchange, ExchangeError, Leg, Legs, LegsError, SplitError, by_weight},
    },
};
use proptest::prelude::*;
use std::cmp::Ordering;

fn amounts(values: &[u128]) -> Vec<Amount> {
    values.iter().copied().map(Amount).collect()
}

/// Compares with the split that the doc describes; the numbers are plain.
fn check(amount: u128, weights: &[u128], expected: &[u128]) {
    assert_eq!(by_weight(Amount(amount), &amounts(weights)), Ok(amounts(expected)));
}

#[test]
fn units_that_are_left_go_to_the_largest_remainders() {
    // Exact shares 2.5, 2.5, 5: the tie goes to the lower index.
    check(10, &[1, 1, 2], &[3, 2, 5]);
    // 3.33 each: one unit is left.
    check(10, &[1, 1, 1], &[4, 3, 3]);
    // 0.75, 0.15, 0.1: the one unit goes to the first.
    check(1, &[75, 15, 10], &[1, 0, 0]);
    // 14.28, 28.57, 57.14: one unit is left, for the second.
    check(100, &[1, 2, 4], &[14, 29, 57]);
    check(0, &[1, 2], &[0, 0]);
    check(7, &[0, 1, 0], &[0, 7, 0]);
    check(u128::MAX, &[1, 1], &[u128::MAX / 2 + 1, u128::MAX / 2]);
}

#[test]
fn the_method_is_not_monotone_so_totals_are_never_subtracted() {
    // Of 10 the first gets 2, of 11 only 1: the difference of two splits would be below nought.
    let weights = [6, 6, 2].map(Amount);
    let of_10 = by_weight(Amount(10), &weights).unwrap();
    let of_11 = by_weight(Amount(11), &weights).unwrap();
    assert_eq!((of_10[2], of_11[2]), (Amount(2), Amount(1)));
}

#[test]
fn nothing_is_divided_among_nobody() {
    let amount = Amount(5);
    assert_eq!(by_weight(amount, &amounts(&[0, 0])), Err(SplitError::NoWeight { amount }));
    assert_eq!(by_weight(amount, &[]), Err(SplitError::NoWeight { amount }));
    assert_eq!(by_weight(Amount(0), &[]), Ok(vec![]));
    let heavy = [Amount::MAX, Amount(1)];
    assert_eq!(by_weight(amount, &heavy), Err(SplitError::TooHeavy { index: 1 }));
}

#[test]
fn shares_of_legs_sum_to_the_whole_or_are_refused() {
    assert!(Legs::new([10_000, 0, 0, 0, 0]).is_ok());
    let refused = Legs::new([9_000, 300, 250, 150, 100]);
    assert_eq!(refused, Err(LegsError::NotWhole { sum_bp: 9_800, whole_bp: 10_000 }));
    let refused = Legs::new([u16::MAX; 5]);
    assert_eq!(refused, Err(LegsError::NotWhole { sum_bp: 327_675, whole_bp: 10_000 }));
}

#[test]
fn a_leg_without_a_share_gets_nothing() {
    let legs = Legs::new([9_500, 0, 0, 0, 500]).unwrap();
    for amount in 0..2_000 {
        let parts = legs.split(Amount(amount));
        assert_eq!(parts[1..4], [Amount(0); 3], "{amount}");
        assert_eq!(parts[0].0 + parts[4].0, amount);
    }
    assert_eq!(legs.share_bp(Leg::Platform), 500);
    assert_eq!(Leg::ALL.map(|leg| legs.share_bp(leg)), [9_500, 0, 0, 0, 500]);
}

#[test]
fn an_exchange_that_gives_nothing_is_refused() {
    let rate = Ratio::new(1, 10).unwrap();
    let little = ExchangeError::TooLittle { quantity: Amount(9) };
    assert_eq!(Exchange::of(Amount(9), rate), Err(little));
    let all = Exchange { output: Amount(1), consumed: Amount(10) };
    assert_eq!(Exchange::of(Amount(19), rate), Ok(all));
    let much = ExchangeError::TooMuch { quantity: Amount::MAX };
    assert_eq!(Exchange::of(Amount::MAX, Ratio::new(2, 1).unwrap()), Err(much));
}

#[test]
fn parts_of_an_exchange_expire_with_their_sources() {
    let exchange = Exchange::of(Amount(10), Ratio::new(1, 1).unwrap()).unwrap();
    let sources = [(Amount(4), TimestampMs(5)), (Amount(6), TimestampMs(50))];
    let parts = exchange.parts(&sources, TimestampMs(20)).unwrap();
    assert_eq!(parts, [(Amount(4), TimestampMs(5)), (Amount(6), TimestampMs(20))]);
}

/// The largest remainder by its definition, on numbers that fit: floors first, then unit by unit to
/// whoever has the largest remainder and none of the units yet.
fn model(amount: u128, weights: &[u128]) -> Vec<u128> {
    let sum: u128 = weights.iter().sum();
    let mut parts: Vec<_> = weights.iter().map(|weight| amount * weight / sum).collect();
    let mut rest: Vec<_> = weights.iter().map(|weight| Some(amount * weight % sum)).collect();
    while parts.iter().sum::<u128>() < amount {
        let largest = rest.iter().flatten().max().copied();
        let index = rest.iter().position(|rest| rest.is_some() && *rest == largest).unwrap();
        parts[index] += 1;
        rest[index] = None;
    }
    parts
}

fn any_amount() -> impl Strategy<Value = u128> {
    prop_oneof![0u128..1_000, any::<u64>().prop_map(u128::from), any::<u128>()]
}

fn digits(value: u128) -> Vec<u32> {
    value.to_string().bytes().rev().map(|digit| u32::from(digit - b'0')).collect()
}

/// The product in decimal digits, least first: another way to multiply.
fn product(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut product = vec![0; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    for index in 0..product.len() - 1 {
        product[index + 1] += product[index] / 10;
        product[index] %= 10;
    }
    product
}

fn compare(a: &[u32], b: &[u32]) -> Ordering {
    let digit = |digits: &[u32], index: usize| digits.get(index).copied().unwrap_or(0);
    let orders = (0..a.len().max(b.len())).rev().map(|i| digit(a, i).cmp(&digit(b, i)));
    orders.reduce(Ordering::then).unwrap_or(Ordering::Equal)
}

proptest! {
    #[test]
    fn parts_are_those_of_the_definition(
        amount in 0u128..1_000_000_000_000,
        weights in prop::collection::vec(0u128..1_000_000, 1..12),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight != 0));
        let parts = by_weight(Amount(amount), &amounts(&weights)).unwrap();
        prop_assert_eq!(parts, amounts(&model(amount, &weights)));
    }

    #[test]
    fn parts_sum_to_the_whole_and_are_within_one_of_the_share(
        amount in any_amount(),
        weights in prop::collection::vec(any::<u64>().prop_map(u128::from), 1..40),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight != 0));
        let sum = Amount(weights.iter().sum());
        let parts = by_weight(Amount(amount), &amounts(&weights)).unwrap();
        prop_assert_eq!(parts.iter().map(|part| part.0).sum::<u128>(), amount);
        for (part, weight) in parts.iter().zip(&weights) {
            let least = share::floor(Amount(amount), Amount(*weight), sum).unwrap();
            let most = share::ceil(Amount(amount), Amount(*weight), sum).unwrap();
            prop_assert!(*part == least || *part == most);
        }
    }

    #[test]
    fn an_exchange_takes_the_least_that_gives_its_output(
        quantity in 0u128..100_000,
        numerator in 1u64..500,
        denominator in 1u64..500,
    ) {
        let rate = Ratio::new(numerator, denominator).unwrap();
        let gives = |taken: u128| taken * u128::from(numerator) / u128::from(denominator);
        match Exchange::of(Amount(quantity), rate) {
            Err(error) => {
                prop_assert_eq!(gives(quantity), 0);
                let quantity = Amount(quantity);
                prop_assert_eq!(error, ExchangeError::TooLittle { quantity });
            }
            Ok(Exchange { output: Amount(output), consumed: Amount(consumed) }) => {
                prop_assert_eq!(output, gives(quantity));
                prop_assert!(consumed <= quantity);
                prop_assert_eq!(gives(consumed), output);
                prop_assert!(gives(consumed - 1) < output, "one less would give less");
                // There and back gains nothing.
                let back = Ratio::new(denominator, numerator).unwrap();
                if let Ok(back) = Exchange::of(Amount(output), back) {
                    prop_assert!(back.output.0 <= consumed);
                }
            }
        }
    }

    #[test]
    fn legs_are_divided_as_weights_are(amount in any_amount(), cuts in any::<[u16; 4]>()) {
        let mut cuts = cuts.map(|cut| cut % 10_001);
        cuts.sort_unstable();
        let [a, b, c, d] = cuts;
        let shares = [a, b - a, c - b, d - c, 10_000 - d];
        let parts = Legs::new(shares).unwrap().split(Amount(amount));
        let weights = shares.map(|share| Amount(u128::from(share)));
        prop_assert_eq!(parts.to_vec(), by_weight(Amount(amount), &weights).unwrap());
    }

    #[test]
    fn a_share_is_exact_for_every_amount(a in any_amount(), b in any_amount(), c in any_amount()) {
        let found = share::floor(Amount(a), Amount(b), Amount(c));
        let above = share::ceil(Amount(a), Amount(b), Amount(c));
        if c == 0 {
            prop_assert_eq!((found, above), (None, None));
            return Ok(());
        }
        let whole = product(&digits(a), &digits(b));
        let Some(Amount(quotient)) = found else {
            // One above the greatest amount, times c, is at most the product.
            let beyond: Vec<_> = "340282366920938463463374607431768211456"
                .bytes()
                .rev()
                .map(|digit| u32::from(digit - b'0'))
                .collect();
            prop_assert!(compare(&product(&beyond, &digits(c)), &whole).is_le());
            return Ok(());
        };
        // quotient x c <= a x b < (quotient + 1) x c.
        let order = compare(&product(&digits(quotient), &digits(c)), &whole);
        prop_assert!(order.is_le());
        if let Some(next) = quotient.checked_add(1) {
            prop_assert!(compare(&product(&digits(next), &digits(c)), &whole).is_gt());
        }
        let expected = if order.is_eq() { Some(quotient) } else { quotient.checked_add(1) };
        prop_assert_eq!(above, expected.map(Amount));
    }
}
