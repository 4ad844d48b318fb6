//! Rates by size.

use crate::{
    Amount,
    domain::share::{WHOLE_BP, basis_points},
};
use alloc::vec::Vec;

/// Brackets that a table may have.
const BRACKETS_MAX: usize = 16;

/// A rate up to a bound.
#[crate::ty]
#[derive(Copy)]
pub struct Bracket {
    /// The greatest amount of the bracket, itself included.
    pub up_to: Amount,
    /// The rate in basis points.
    pub rate_bp: u32,
}

/// Says why these are no brackets.
#[crate::ty]
#[derive(Copy)]
pub enum BracketsError {
    /// More brackets than a table may have.
    TooMany {
        /// How many there are.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// A bound is not above the one before.
    NotAscending {
        /// The index of that bracket.
        index: u32,
    },
    /// A rate is above the whole.
    AboveWhole {
        /// The index of that bracket.
        index: u32,
        /// The rate, in basis points.
        rate_bp: u32,
    },
}

/// Rates by size, the bounds ascending; above the last bound the rate is nought.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::policy::{Bracket, Brackets}};
/// // 10 % of the first 100,000 of a month, 5 % of what follows up to 500,000.
/// let rates = Brackets::new(vec![
///     Bracket { up_to: Amount(100_000), rate_bp: 1_000 },
///     Bracket { up_to: Amount(500_000), rate_bp: 500 },
/// ]).unwrap();
/// assert_eq!(rates.rate_bp(Amount(100_000)), 1_000);
/// assert_eq!(rates.rate_bp(Amount(100_001)), 500);
/// // A payment of 30,000 after 90,000: 1,000 of the first bracket, 1,000 of the second.
/// assert_eq!(rates.marginal(Amount(90_000), Amount(30_000)), Some(Amount(2_000)));
/// ```
#[crate::ty]
pub struct Brackets {
    brackets: Vec<Bracket>,
}

impl Brackets {
    /// Makes a table.
    ///
    /// # Errors
    /// [`BracketsError`] unless bounds ascend, rates are at most the whole, and there are at most
    /// 16 of them.
    pub fn new(brackets: Vec<Bracket>) -> Result<Self, BracketsError> {
        let table = Self { brackets };
        table.check().map(|()| table)
    }

    /// Checks a table that came from outside: a decoded value may hold anything.
    ///
    /// # Errors
    /// As [`Brackets::new`].
    pub fn check(&self) -> Result<(), BracketsError> {
        let count = u32::try_from(self.brackets.len()).unwrap_or(u32::MAX);
        let limit = BRACKETS_MAX as u32;
        crate::ensure!(count <= limit, BracketsError::TooMany { count, limit });
        let mut last = None;
        for (index, bracket) in (0u32..).zip(&self.brackets) {
            let rate_bp = bracket.rate_bp;
            crate::ensure!(rate_bp <= WHOLE_BP, BracketsError::AboveWhole { index, rate_bp });
            let ascends = last.is_none_or(|last| bracket.up_to > last);
            crate::ensure!(ascends, BracketsError::NotAscending { index });
            last = Some(bracket.up_to);
        }
        Ok(())
    }

    /// The index of the first bracket whose rate is above the one before: none where more never
    /// earns a higher rate.
    #[must_use]
    pub fn rising(&self) -> Option<u32> {
        let mut pairs = self.brackets.windows(2);
        let found = pairs.position(|pair| matches!(pair, [a, b] if a.rate_bp < b.rate_bp));
        // There are 16 at most.
        found.map(|index| index as u32 + 1)
    }

    /// The bounds, ascending: between two of them the rate is one.
    pub fn bounds(&self) -> impl Iterator<Item = Amount> {
        self.brackets.iter().map(|bracket| bracket.up_to)
    }

    /// The rate of the class that an amount is in, as with refunds by face value.
    #[must_use]
    pub fn rate_bp(&self, amount: Amount) -> u32 {
        let bracket = self.brackets.iter().find(|bracket| amount <= bracket.up_to);
        bracket.map_or(0, |bracket| bracket.rate_bp)
    }

    /// What an amount earns that comes on top of a total: each bracket's part of it at the
    /// bracket's rate, each rounded down. `None` when the total exceeds the greatest amount.
    #[must_use]
    pub fn marginal(&self, total: Amount, amount: Amount) -> Option<Amount> {
        let end = total.checked_add(amount)?;
        let (mut start, mut earned) = (total, Amount::ZERO);
        for bracket in &self.brackets {
            let until = end.min(bracket.up_to);
            if until > start {
                let part = until.saturating_sub(start);
                earned = earned.checked_add(basis_points(part, bracket.rate_bp)?)?;
                start = until;
            }
        }
        Some(earned)
    }
}
