//! What happened.

use crate::{scheme::Scheme, state::Programme};
use dure_sdk::{
    domain::{
        calendar::Month,
        cash_out::CashOutState,
        freeze::FreezeOrder,
        lots::{LotKey, PaymentId, Taken},
        policy::Version,
    },
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// Somebody bought.
#[dure::event]
pub struct Bought {
    #[index]
    pub buyer: Address,
    /// Who sold, and under which id.
    #[index]
    pub agent: Address,
    pub id: Hash,
    pub face: Amount,
    pub paid: Amount,
    pub subsidy: Amount,
    pub bonus: Amount,
    pub lot: LotKey,
}

/// An allowance was granted.
#[dure::event]
pub struct Granted {
    #[index]
    pub holder: Address,
    #[index]
    pub programme: u32,
    pub amount: Amount,
}

/// A merchant was paid.
#[dure::event]
pub struct Paid {
    #[index]
    pub payer: Address,
    #[index]
    pub merchant: Address,
    #[index]
    pub payment: PaymentId,
    pub amount: Amount,
    pub cashback: Amount,
}

/// A payment was cancelled, or a part of it.
#[dure::event]
pub struct Cancelled {
    #[index]
    pub payer: Address,
    #[index]
    pub merchant: Address,
    #[index]
    pub payment: PaymentId,
    pub amount: Amount,
    /// Cashback that was taken back.
    pub recovered: Amount,
    /// Cashback that is a debt now.
    pub owed: Amount,
}

/// Own money was given away.
#[dure::event]
pub struct Given {
    #[index]
    pub from: Address,
    #[index]
    pub to: Address,
    pub amount: Amount,
}

/// The rest of a purchase was refunded: an agent pays it out.
#[dure::event]
pub struct Refunded {
    #[index]
    pub holder: Address,
    pub lot: LotKey,
    pub to_holder: Amount,
    /// What the city added to the purchase.
    pub to_pool: Amount,
    /// Cashback that was owed: it went to the pool too.
    pub recovered: Amount,
}

/// A lot expired.
#[dure::event]
pub struct Expired {
    #[index]
    pub holder: Address,
    pub lot: Taken,
    /// What of it the holder can claim.
    pub to_holder: Amount,
}

/// A claim of own money that had expired went on.
#[dure::event]
pub struct ClaimChanged {
    #[index]
    pub holder: Address,
    #[index]
    pub id: Hash,
    pub amount: Amount,
    pub state: CashOutState,
}

/// Cashback that was owed was paid out of what could be claimed.
#[dure::event]
pub struct DebtPaid {
    #[index]
    pub holder: Address,
    pub amount: Amount,
}

/// A cash-out went on.
#[dure::event]
pub struct CashOutChanged {
    #[index]
    pub merchant: Address,
    #[index]
    pub id: Hash,
    pub amount: Amount,
    pub state: CashOutState,
}

/// The city put money into a month's pool.
#[dure::event]
pub struct PoolFunded {
    #[index]
    pub month: Month,
    pub amount: Amount,
}

/// What a month had left was taken out.
#[dure::event]
pub struct PoolClosed {
    #[index]
    pub month: Month,
    pub left: Amount,
}

/// An issuer asked for what a second one must ask for too.
#[dure::event]
pub struct SecondAwaited {
    /// Names what was asked for.
    #[index]
    pub action: Hash,
    /// Who asked.
    #[index]
    pub by: Address,
    /// The money that it puts aside; of a scheme the greater of what it lets one issuer fund and of
    /// what it lets be out.
    pub amount: Amount,
    /// From when the request is void.
    pub until: TimestampMs,
}

/// A request that awaited a second issuer was taken back.
#[dure::event]
pub struct RequestWithdrawn {
    #[index]
    pub action: Hash,
    pub by: Address,
}

/// A programme was defined.
#[dure::event]
pub struct ProgrammeDefined {
    #[index]
    pub programme: u32,
    pub terms: Programme,
}

/// A programme was given money, or money was taken out of it.
#[dure::event]
pub struct ProgrammeFunded {
    #[index]
    pub programme: u32,
    /// What it can grant now.
    pub left: Amount,
}

/// A scheme holds from then on.
#[dure::event]
pub struct SchemeScheduled {
    pub from: Version,
    pub scheme: Scheme,
}

/// A scheme that did not hold yet never will.
#[dure::event]
pub struct SchemeWithdrawn {
    pub from: Version,
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

/// An agent asked to move a holder's money to a new account.
#[dure::event]
pub struct RecoveryRequested {
    #[index]
    pub account: Address,
    #[index]
    pub to: Address,
    pub by: Address,
    /// Hash of the document that says why.
    pub reason: Hash,
    /// From when it can be completed.
    pub due: TimestampMs,
}

/// A request to move a holder's money was dropped: by an agent, or by the old key.
#[dure::event]
pub struct RecoveryDropped {
    #[index]
    pub account: Address,
    #[index]
    pub to: Address,
    pub by: Address,
}

/// A holder's money went to a new account.
#[dure::event]
pub struct Recovered {
    #[index]
    pub from: Address,
    #[index]
    pub to: Address,
}
