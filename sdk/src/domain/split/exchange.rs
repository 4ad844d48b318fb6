//! Exchange of points at a rate.

use super::{SplitError, by_weight};
use crate::{
    Amount, Ratio, TimestampMs,
    domain::share::{ceil, floor},
};
use alloc::vec::Vec;

/// Says why there is nothing to exchange.
#[crate::ty]
#[derive(Copy)]
pub enum ExchangeError {
    /// The rate has a nought in it.
    BadRate,
    /// So little would give nothing.
    TooLittle {
        /// What was offered.
        quantity: Amount,
    },
    /// The output is above the greatest amount.
    TooMuch {
        /// What was offered.
        quantity: Amount,
    },
}

/// What an exchange gives and takes (C10).
///
/// # Example
/// ```
/// use dure_sdk::{Amount, Ratio, domain::split::Exchange};
/// // Two of these for three of those: of 100, 99 are taken for 66, and one stays.
/// let exchange = Exchange::of(Amount(100), Ratio::new(2, 3).unwrap()).unwrap();
/// assert_eq!((exchange.output, exchange.consumed), (Amount(66), Amount(99)));
/// ```
#[crate::ty]
#[derive(Copy)]
pub struct Exchange {
    /// What is given: `floor(quantity x rate)`.
    pub output: Amount,
    /// What is taken: `ceil(output / rate)`, the least that gives so much. The rest stays.
    pub consumed: Amount,
}

impl Exchange {
    /// Exchanges up to a quantity at a rate of output for each unit.
    ///
    /// # Errors
    /// `TooLittle` when the output would be nought, `TooMuch`, and `BadRate`.
    pub fn of(quantity: Amount, rate: Ratio) -> Result<Self, ExchangeError> {
        crate::ensure!(rate.is_valid(), ExchangeError::BadRate);
        let numerator = Amount(u128::from(rate.numerator()));
        let denominator = Amount(u128::from(rate.denominator()));
        let too_much = ExchangeError::TooMuch { quantity };
        let output = floor(quantity, numerator, denominator).ok_or(too_much)?;
        crate::ensure!(output != Amount::ZERO, ExchangeError::TooLittle { quantity });
        // At most the quantity, so it fits.
        let consumed = ceil(output, denominator, numerator).ok_or(too_much)?;
        Ok(Self { output, consumed })
    }

    /// Divides the output over what it was taken from, by the largest remainder: a part for each
    /// source, which expires with its source or with what is new of the target, whichever is
    /// sooner. An exchange there and back so never makes points live longer than new ones do.
    ///
    /// # Errors
    /// As [`by_weight`].
    pub fn parts(
        &self,
        sources: &[(Amount, TimestampMs)],
        expiry_of_new: TimestampMs,
    ) -> Result<Vec<(Amount, TimestampMs)>, SplitError> {
        let weights: Vec<_> = sources.iter().map(|(amount, _)| *amount).collect();
        let parts = by_weight(self.output, &weights)?;
        let expiries = sources.iter().map(|(_, expiry)| (*expiry).min(expiry_of_new));
        Ok(parts.into_iter().zip(expiries).collect())
    }
}
