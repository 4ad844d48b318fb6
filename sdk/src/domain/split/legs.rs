//! The five payees of a redemption.

use crate::{
    Amount,
    domain::share::{WHOLE_BP, divided},
};

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
    ///
    /// It is [`by_weight`](super::by_weight) for five, without its lists.
    #[must_use]
    pub fn split(&self, amount: Amount) -> [Amount; 5] {
        let whole = self.shares_bp.iter().map(|share| u32::from(*share)).sum();
        let (mut parts, mut rests) = ([Amount::ZERO; 5], [0u32; 5]);
        let mut left = amount.0;
        for ((part, rest), share) in parts.iter_mut().zip(&mut rests).zip(self.shares_bp) {
            (part.0, *rest) = share_of(amount.0, share, whole);
            left = left.saturating_sub(part.0);
        }
        if whole == 0 {
            parts[0].0 = left;
            return parts;
        }
        // Fewer than five units are left, and more remainders than that are above nought.
        for _ in 0..left {
            let largest = *rests.iter().max().unwrap_or(&0);
            let first = rests.iter().position(|rest| *rest == largest).unwrap_or(0);
            parts[first].0 += 1;
            rests[first] = 0;
        }
        parts
    }
}

/// Quotient and remainder of `amount x share / whole`; nought of a whole of nought.
fn share_of(amount: u128, share: u16, whole: u32) -> (u128, u32) {
    // 48 bits times 16 fit, and a machine divides them at once.
    if amount < 1 << 48 {
        let (product, whole) = (amount as u64 * u64::from(share), u64::from(whole));
        let quotient = product.checked_div(whole).unwrap_or(0);
        return (u128::from(quotient), (product - quotient * whole) as u32);
    }
    let (quotient, rest) = divided(amount, u128::from(share), u128::from(whole)).unwrap_or((0, 0));
    (quotient, rest as u32)
}
