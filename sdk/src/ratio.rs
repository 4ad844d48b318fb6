//! Exact ratios of amounts.

use crate::Amount;
use codec::{Decode, Encode, MaxEncodedLen};

/// A positive ratio: so many units of one thing for so many of another.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, Ratio};
/// let rate = Ratio::new(3, 2).unwrap();
/// assert_eq!(rate.of_rounded_down(Amount(5)), Some(Amount(7)));
/// assert_eq!(rate.of_rounded_up(Amount(5)), Some(Amount(8)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
#[cfg_attr(feature = "spec", derive(scale_info::TypeInfo))]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// Makes a ratio; `None` when one of the two is nought.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        Some(Self { numerator, denominator })
    }

    /// Whether it is one that `new` makes: a decoded one may hold a nought.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.numerator != 0 && self.denominator != 0
    }

    /// The part above the line.
    #[must_use]
    pub const fn numerator(&self) -> u64 {
        self.numerator
    }

    /// The part below the line.
    #[must_use]
    pub const fn denominator(&self) -> u64 {
        self.denominator
    }

    /// This ratio of an amount, rounded down; `None` above the greatest amount.
    #[must_use]
    pub fn of_rounded_down(&self, amount: Amount) -> Option<Amount> {
        let product = amount.0.checked_mul(u128::from(self.numerator))?;
        product.checked_div(u128::from(self.denominator)).map(Amount)
    }

    /// This ratio of an amount, rounded up; `None` above the greatest amount.
    #[must_use]
    pub fn of_rounded_up(&self, amount: Amount) -> Option<Amount> {
        let product = amount.0.checked_mul(u128::from(self.numerator))?;
        let denominator = u128::from(self.denominator);
        let whole = product.checked_div(denominator)?;
        match product.checked_rem(denominator)? {
            0 => Some(Amount(whole)),
            _ => whole.checked_add(1).map(Amount),
        }
    }
}
