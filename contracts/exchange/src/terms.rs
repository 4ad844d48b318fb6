//! The terms of the desk: a policy.

use dure_sdk::{
    domain::{rates::Guard, share::WHOLE_BP},
    prelude::*,
};

/// Tokens that a desk may exchange.
pub const ASSETS_MAX: u32 = 32;

/// The terms of the desk.
#[dure::ty]
pub struct Terms {
    /// What is exchanged: each for each other.
    pub assets: Vec<Asset>,
    /// The fee, in basis points of what would be given, rounded up.
    pub fee_bp: u32,
    /// Who gets it.
    pub fee_to: Address,
    /// The bounds of rates. Terms themselves change with the same notice.
    pub guard: Guard,
}

/// A token at the desk.
#[dure::ty]
#[derive(Copy)]
pub struct Asset {
    /// The token.
    pub token: Address,
    /// Who says what it is worth.
    pub source: Address,
    /// Whether the desk takes it.
    pub takes: bool,
    /// Whether the desk gives it.
    pub gives: bool,
    /// The least that the desk takes at once.
    pub taken_min: Amount,
    /// The most that the desk takes at once.
    pub taken_max: Amount,
    /// The most that the desk has of it.
    pub inventory_max: Amount,
}

/// Says why these are no terms.
#[dure::ty]
#[derive(Copy)]
pub enum TermsError {
    /// More tokens than a desk may have.
    TooMany {
        /// How many there are.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// A token is named twice.
    Twice {
        /// The token.
        token: Address,
    },
    /// Nothing could be taken.
    EmptyRange {
        /// Of which token.
        token: Address,
    },
    /// The fee takes all.
    FeeTooHigh {
        /// The fee.
        fee_bp: u32,
    },
}

impl Terms {
    /// Checks terms that came from outside.
    pub(crate) fn check(&self) -> Result<(), TermsError> {
        let (count, limit) = (self.assets.len() as u32, ASSETS_MAX);
        ensure!(count <= limit, TermsError::TooMany { count, limit });
        for (index, asset) in self.assets.iter().enumerate() {
            let token = asset.token;
            let before = self.assets.iter().take(index);
            ensure!(before.clone().all(|a| a.token != token), TermsError::Twice { token });
            ensure!(asset.taken_min <= asset.taken_max, TermsError::EmptyRange { token });
        }
        ensure!(self.fee_bp < WHOLE_BP, TermsError::FeeTooHigh { fee_bp: self.fee_bp });
        Ok(())
    }

    /// A token of the desk.
    pub(crate) fn asset(&self, token: Address) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.token == token)
    }
}
