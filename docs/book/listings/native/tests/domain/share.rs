//! Exact parts of amounts.

// ANCHOR: listing
use dure_sdk::{Amount, domain::share};

#[test]
fn a_refund_is_rounded_for_one_side_and_the_rest_goes_to_the_other() {
    // 20,000 are left of a voucher of 50,000 that cost 47,000.
    let (remaining, paid, face) = (Amount(20_000), Amount(47_000), Amount(50_000));
    let to_holder = share::floor(remaining, paid, face).unwrap();
    let to_pool = remaining.checked_sub(to_holder).unwrap();
    assert_eq!((to_holder, to_pool), (Amount(18_800), Amount(1_200)));
}

#[test]
fn a_subsidy_is_rounded_down_and_a_fee_up() {
    assert_eq!(share::basis_points(Amount(33_333), 600), Some(Amount(1_999)));
    assert_eq!(share::ceil(Amount(33_333), Amount(6), Amount(100)), Some(Amount(2_000)));
}

#[test]
fn the_product_may_be_larger_than_any_amount() {
    let all = Amount::MAX;
    assert_eq!(share::floor(all, all, all), Some(all));
    assert_eq!(share::floor(all, Amount(2), Amount(1)), None, "the result does not fit");
    assert_eq!(share::floor(all, Amount(1), Amount::ZERO), None, "nothing is divided by nought");
}
// ANCHOR_END: listing
