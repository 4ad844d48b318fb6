//! What happened.

use crate::{
    state::{Outcome, Placed, Reading, Settlement, Signer, Slot, Trade},
    terms::EnergyTerms,
};
use dure_sdk::{domain::policy::Version, prelude::*};

pub use dure_sdk::standard::RoleChanged;

/// Terms hold for slots that begin then or later.
#[dure::event]
pub struct TermsScheduled {
    pub from: Version,
    pub terms: EnergyTerms,
}

/// A meter was registered.
#[dure::event]
pub struct MeterRegistered {
    #[index]
    pub meter: u32,
    #[index]
    pub owner: Address,
    pub zone: u16,
    pub keys: [[u8; 32]; 3],
    pub renewable: bool,
}

/// A signer of a meter has another key.
#[dure::event]
pub struct KeyReplaced {
    #[index]
    pub meter: u32,
    pub signer: Signer,
    pub key: [u8; 32],
}

/// Tokens came in, or went out.
#[dure::event]
pub struct CashMoved {
    #[index]
    pub account: Address,
    #[index]
    pub id: Hash,
    pub deposited: bool,
    pub amount: Amount,
    /// What of it went to the utility for what was owed.
    pub debt_paid: Amount,
}

/// An order was placed.
#[dure::event]
pub struct Ordered {
    #[index]
    pub slot: Slot,
    #[index]
    pub meter: u32,
    pub order: Placed,
}

/// An order was cancelled: its collateral is free.
#[dure::event]
pub struct Cancelled {
    #[index]
    pub slot: Slot,
    #[index]
    pub meter: u32,
    pub id: Hash,
    pub collateral: Amount,
    /// What of it went to the utility for what was owed.
    pub debt_paid: Amount,
}

/// A slot was cleared. With its orders this says what is filled of each.
#[dure::event]
pub struct Cleared {
    #[index]
    pub slot: Slot,
    pub outcome: Outcome,
    /// What the operator of each zone got.
    pub fees: Vec<Amount>,
}

/// A meter's trade was paid: what is not in it of the collateral is free.
#[dure::event]
pub struct Collected {
    #[index]
    pub slot: Slot,
    #[index]
    pub meter: u32,
    pub trade: Trade,
    /// Proceeds, and what is free of the collateral.
    pub freed: Amount,
    /// What of it went to the utility for what was owed.
    pub debt_paid: Amount,
}

/// A meter was read, or a reading corrected.
#[dure::event]
pub struct Read {
    #[index]
    pub meter: u32,
    #[index]
    pub slot: Slot,
    pub reading: Reading,
}

/// What a meter's reading deviates from its trade was paid.
#[dure::event]
pub struct Settled {
    #[index]
    pub slot: Slot,
    #[index]
    pub meter: u32,
    pub settlement: Settlement,
    /// The seller's deposit, which is free.
    pub freed: Amount,
    /// What of it and of the credit went to the utility for what was owed before.
    pub debt_paid: Amount,
}

/// Certificates of origin were made, `first` and those after it.
#[dure::event]
pub struct Minted {
    #[index]
    pub meter: u32,
    #[index]
    pub holder: Address,
    pub first: u64,
    pub count: u32,
}

/// A certificate has another holder.
#[dure::event]
pub struct CertificateMoved {
    #[index]
    pub meter: u32,
    pub number: u64,
    #[index]
    pub from: Address,
    #[index]
    pub to: Address,
}

/// A certificate was retired for a claim.
#[dure::event]
pub struct Retired {
    #[index]
    pub meter: u32,
    pub number: u64,
    #[index]
    pub holder: Address,
    pub claim: Hash,
}

/// An account (none: everything) was stopped for a reason, or goes on.
#[dure::event]
pub struct Stopped {
    #[index]
    pub account: Option<Address>,
    pub reason: Option<Hash>,
}
