//! The five payees of a redemption.

use super::by_weight;
use crate::{Amount, domain::share::WHOLE_BP};

/// A payee of a redemption, in the order in which ties are broken.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub enum Leg {
    /// The shop that took the payment.
    Merchant,
    /// The headquarters of its franchise.
    Headquarters,
    /// Who issued the voucher.
    Issuer,
    /// Who sold it.
    Distributor,
    /// Who runs the service.
    Platform,
}

impl Leg {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::Merchant, Self::Headquarters, Self::Issuer, Self::Distributor, Self::Platform];
}

/// Says why these shares divide nothing.
#[crate::ty]
#[derive(Copy)]
pub enum LegsError {
    /// The shares do not sum to the whole.
    NotWhole {
        /// What they sum to, in basis points.
        sum_bp: u32,
        /// What they must sum to.
        whole_bp: u32,
    },
}

/// The shares of the five legs, in basis points that sum to 10,000.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::split::Legs};
/// let legs = Legs::new([9_200, 300, 250, 150, 100]).unwrap();
/// let parts = legs.split(Amount(4_999));
/// assert_eq!(parts.map(|part| part.0), [4_599, 150, 125, 75, 50]);
/// ```
#[crate::ty]
#[derive(Copy)]
pub struct Legs {
    shares_bp: [u16; 5],
}

impl Legs {
    /// Makes shares.
    ///
    /// # Errors
    /// `NotWhole` unless they sum to 10,000.
    pub fn new(shares_bp: [u16; 5]) -> Result<Self, LegsError> {
        let legs = Self { shares_bp };
        legs.check().map(|()| legs)
    }

    /// Checks shares that came from outside: a decoded value may hold any numbers.
    ///
    /// # Errors
    /// `NotWhole` unless they sum to 10,000.
    pub fn check(&self) -> Result<(), LegsError> {
        let sum_bp = self.shares_bp.iter().map(|share| u32::from(*share)).sum();
        if sum_bp == WHOLE_BP {
            Ok(())
        } else {
            Err(LegsError::NotWhole { sum_bp, whole_bp: WHOLE_BP })
        }
    }

    /// The share of a leg, in basis points.
    #[must_use]
    pub fn share_bp(&self, leg: Leg) -> u16 {
        self.shares_bp[leg as usize]
    }

    /// Divides one redemption. The parts sum to the amount: shares that are all nought, which
    /// [`Legs::check`] refuses, give all to the merchant.
    #[must_use]
    pub fn split(&self, amount: Amount) -> [Amount; 5] {
        let weights = self.shares_bp.map(|share| Amount(u128::from(share)));
        let parts = by_weight(amount, &weights).ok().and_then(|parts| parts.try_into().ok());
        parts.unwrap_or([amount, Amount::ZERO, Amount::ZERO, Amount::ZERO, Amount::ZERO])
    }
}
