//! Exact parts of amounts: `a x b / c`, rounded down or up, for every amount there is.
//!
//! The product of two amounts needs 256 bits. Cutting it to 128 refuses large tokens or, worse,
//! rounds before dividing; so the product is kept whole and divided whole. Amounts below 2^64 take
//! the short way.

use crate::Amount;

/// Basis points in a whole.
pub const WHOLE_BP: u32 = 10_000;

/// `amount x numerator / denominator`, rounded down; `None` when the denominator is nought or the
/// result is above the greatest amount.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::share};
/// // 20,000 are left of a voucher of 50,000 that cost 47,000.
/// let refund = share::floor(Amount(20_000), Amount(47_000), Amount(50_000));
/// assert_eq!(refund, Some(Amount(18_800)));
/// ```
#[must_use]
pub fn floor(amount: Amount, numerator: Amount, denominator: Amount) -> Option<Amount> {
    divided(amount.0, numerator.0, denominator.0).map(|(quotient, _)| Amount(quotient))
}

/// As [`floor`], rounded up.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::share};
/// assert_eq!(share::ceil(Amount(7), Amount(1), Amount(2)), Some(Amount(4)));
/// ```
#[must_use]
pub fn ceil(amount: Amount, numerator: Amount, denominator: Amount) -> Option<Amount> {
    let (quotient, remainder) = divided(amount.0, numerator.0, denominator.0)?;
    if remainder == 0 { Some(Amount(quotient)) } else { quotient.checked_add(1).map(Amount) }
}

/// So many basis points of an amount, rounded down. `None` above the greatest amount, which takes
/// more than 10,000 basis points.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::share};
/// assert_eq!(share::basis_points(Amount(50_000), 600), Some(Amount(3_000)));
/// ```
#[must_use]
pub fn basis_points(amount: Amount, bp: u32) -> Option<Amount> {
    floor(amount, Amount(u128::from(bp)), Amount(u128::from(WHOLE_BP)))
}

/// Quotient and remainder of `a x b / c`.
pub(crate) fn divided(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    if c == 0 {
        return None;
    }
    match a.checked_mul(b) {
        Some(product) => Some((product / c, product % c)),
        None => long_division(product(a, b), c),
    }
}

/// The high and the low half of a product.
fn product(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let (low, mid, cross, high) = (a0 * b0, a1 * b0, a0 * b1, a1 * b1);
    // None of the sums overflows: a product of two halves is at most (2^64 - 1)^2.
    let carry = (low >> 64) + (mid & LOW) + (cross & LOW);
    let high = high + (mid >> 64) + (cross >> 64) + (carry >> 64);
    (high, (carry << 64) | (low & LOW))
}

/// Divides bit by bit; `None` when the quotient does not fit.
fn long_division((high, low): (u128, u128), c: u128) -> Option<(u128, u128)> {
    if high >= c {
        return None;
    }
    let (mut remainder, mut quotient) = (high, 0u128);
    for bit in (0..128).rev() {
        let overflows = remainder >> 127 == 1;
        remainder = (remainder << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        // The true remainder is below 2c, so one subtraction does, also when bit 128 was shifted
        // out: the wrapped difference is then the true one.
        if overflows || remainder >= c {
            remainder = remainder.wrapping_sub(c);
            quotient |= 1;
        }
    }
    Some((quotient, remainder))
}
