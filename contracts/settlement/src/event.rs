//! What happened.

use crate::{
    scheme::Scheme,
    state::{Member, Route},
};
use dure_sdk::{
    domain::{
        freeze::FreezeOrder,
        holds::HoldState,
        netting::{Position, Report},
        policy::Version,
    },
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// A member takes part from now on.
#[dure::event]
pub struct MemberAdmitted {
    #[index]
    pub member: u32,
    pub of: Member,
    pub cap: Amount,
}

/// What a member may come to owe changes with the next cycle.
#[dure::event]
pub struct CapChanged {
    #[index]
    pub member: u32,
    pub cap: Amount,
}

/// A member put funds in.
#[dure::event]
pub struct Funded {
    #[index]
    pub member: u32,
    pub id: Hash,
    pub amount: Amount,
}

/// A member took funds out.
#[dure::event]
pub struct Withdrawn {
    #[index]
    pub member: u32,
    pub id: Hash,
    pub amount: Amount,
}

/// A member owes another: of its own, or for a payment of a customer under the same id.
#[dure::event]
pub struct ObligationEntered {
    #[index]
    pub debtor: u32,
    #[index]
    pub creditor: u32,
    #[index]
    pub id: Hash,
    pub amount: Amount,
    pub priority: u8,
    pub cycle: u64,
}

/// A customer of one bank paid a customer of another, or of the same.
#[dure::event]
pub struct Paid {
    #[index]
    pub id: Hash,
    #[index]
    pub payer: Address,
    #[index]
    pub payee: Address,
    pub route: Route,
    pub amount: Amount,
}

/// A customer's deposit tokens wait for what a merchant captures.
#[dure::event]
pub struct Authorised {
    #[index]
    pub hold: Hash,
    #[index]
    pub payer: Address,
    #[index]
    pub merchant: Address,
    pub route: Route,
    pub amount: Amount,
    pub expires: TimestampMs,
}

/// A merchant was paid out of an authorisation.
#[dure::event]
pub struct Captured {
    #[index]
    pub hold: Hash,
    #[index]
    pub merchant: Address,
    /// Of the capture, and of what the payer's bank owes for it.
    pub id: Hash,
    pub amount: Amount,
    /// What went back to the payer, unless its token refused: [`GiveBackRefused`].
    pub released: Amount,
    pub state: HoldState,
}

/// An authorisation was voided or ran out.
#[dure::event]
pub struct HoldEnded {
    #[index]
    pub hold: Hash,
    #[index]
    pub payer: Address,
    /// What went back to the payer, unless its token refused: [`GiveBackRefused`].
    pub released: Amount,
    pub state: HoldState,
}

/// The bank's token refused to go back to the payer: it waits for `take_back`.
#[dure::event]
pub struct GiveBackRefused {
    #[index]
    pub hold: Hash,
    #[index]
    pub payer: Address,
    pub amount: Amount,
}

/// What waited went back to the payer.
#[dure::event]
pub struct TakenBack {
    #[index]
    pub hold: Hash,
    #[index]
    pub payer: Address,
    pub amount: Amount,
}

/// A merchant gave back what it had captured.
#[dure::event]
pub struct Refunded {
    #[index]
    pub hold: Hash,
    #[index]
    pub merchant: Address,
    /// Of the refund, and of what the merchant's bank owes for it.
    pub id: Hash,
    pub amount: Amount,
}

/// What comes now is of the next cycle.
#[dure::event]
pub struct CycleCut {
    #[index]
    pub cycle: u64,
}

/// Gridlock took an obligation out of a cycle; it is in the next one.
#[dure::event]
pub struct ObligationCarried {
    #[index]
    pub debtor: u32,
    #[index]
    pub creditor: u32,
    #[index]
    pub id: Hash,
    pub amount: Amount,
    /// All penalties so far.
    pub penalty: Amount,
    pub cycle: u64,
}

/// What members paid or received; those of nought are left out.
#[dure::event]
pub struct PositionsSettled {
    #[index]
    pub cycle: u64,
    pub positions: Vec<Position>,
}

/// A cycle is settled.
#[dure::event]
pub struct CycleSettled {
    #[index]
    pub cycle: u64,
    pub report: Report,
}

/// A scheme holds from then on.
#[dure::event]
pub struct SchemeScheduled {
    pub from: Version,
    pub scheme: Scheme,
}

/// Everything was stopped, or goes on.
#[dure::event]
pub struct PauseChanged {
    pub order: Option<FreezeOrder>,
}

/// An account was frozen, or no longer is.
#[dure::event]
pub struct FreezeChanged {
    #[index]
    pub account: Address,
    pub order: Option<FreezeOrder>,
}
