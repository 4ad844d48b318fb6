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
        let amount = |part: u64| Amount(u128::from(part));
        Self::at(quantity, amount(rate.numerator()), amount(rate.denominator()))
    }

    /// Exchanges up to a quantity by what a unit of the source and one of the target are worth in a
    /// common unit. What is given is worth at most what is taken, so at unchanged rates no sequence
    /// of exchanges gains, whatever it goes through.
    ///
    /// # Errors
    /// As [`Exchange::of`].
    pub fn by_worth(quantity: Amount, source: Ratio, target: Ratio) -> Result<Self, ExchangeError> {
        crate::ensure!(source.is_valid() && target.is_valid(), ExchangeError::BadRate);
        // Two of 64 bits fit.
        let product = |a: u64, b: u64| Amount(u128::from(a) * u128::from(b));
        let numerator = product(source.numerator(), target.denominator());
        Self::at(quantity, numerator, product(source.denominator(), target.numerator()))
    }

    fn at(quantity: Amount, numerator: Amount, denominator: Amount) -> Result<Self, ExchangeError> {
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
