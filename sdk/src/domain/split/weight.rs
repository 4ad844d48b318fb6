//! Division by the largest remainder.

use crate::{Amount, domain::share::divided};
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Says why an amount cannot be divided so.
#[crate::ty]
#[derive(Copy)]
pub enum SplitError {
    /// There is something to divide and nobody has a weight.
    NoWeight {
        /// What was to be divided.
        amount: Amount,
    },
    /// The weights sum to more than the greatest amount.
    TooHeavy {
        /// The index of the weight that went beyond.
        index: u32,
    },
}

/// Divides an amount in proportion to weights; the parts sum to it exactly.
///
/// # Errors
/// `NoWeight` when the weights are all nought and the amount is not; `TooHeavy` when they sum to
/// more than the greatest amount.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::split::by_weight};
/// let parts = by_weight(Amount(100), &[Amount(1), Amount(1), Amount(1)]).unwrap();
/// assert_eq!(parts, [Amount(34), Amount(33), Amount(33)]);
/// ```
pub fn by_weight(amount: Amount, weights: &[Amount]) -> Result<Vec<Amount>, SplitError> {
    let mut sum = Amount::ZERO;
    for (index, weight) in weights.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        sum = sum.checked_add(*weight).ok_or(SplitError::TooHeavy { index })?;
    }
    if sum == Amount::ZERO && amount != Amount::ZERO {
        return Err(SplitError::NoWeight { amount });
    }
    let mut parts = Vec::with_capacity(weights.len());
    // Who has which remainder, the largest first after sorting.
    let mut rest: Vec<(Reverse<u128>, usize)> = Vec::with_capacity(weights.len());
    let mut left = amount.0;
    for (index, weight) in weights.iter().enumerate() {
        // No weight is above the sum, so every quotient fits; a sum of nought has only the amount
        // of nought to divide.
        let (part, remainder) = divided(amount.0, weight.0, sum.0).unwrap_or((0, 0));
        left = left.saturating_sub(part);
        parts.push(Amount(part));
        rest.push((Reverse(remainder), index));
    }
    rest.sort_unstable();
    // The remainders sum to `left` times the sum of weights and each is below that sum, so more
    // than `left` of them are above nought: nobody without a share gets a unit.
    for (_, index) in rest {
        if left == 0 {
            break;
        }
        if let Some(part) = parts.get_mut(index) {
            part.0 += 1;
            left -= 1;
        }
    }
    Ok(parts)
}
