//! What happened.

use crate::{
    state::{ClaimKey, Product},
    terms::VoucherTerms,
};
use dure_sdk::{
    domain::{calendar::Day, freeze::FreezeOrder, policy::Version, recovery::Request},
    prelude::*,
};

pub use dure_sdk::standard::RoleChanged;

/// The contract stands on these, for good.
#[dure::event]
pub struct Opened {
    pub registry: Address,
    pub token: Address,
}

/// A product is sold from now on.
#[dure::event]
pub struct ProductDefined {
    #[index]
    pub product: u32,
    pub terms: Product,
}

/// A product is not to be had any more: its vouchers are paid back in full.
#[dure::event]
pub struct ProductWithdrawn {
    #[index]
    pub product: u32,
}

/// Vouchers were issued, `first` and those after it, one for each key.
#[dure::event]
pub struct Issued {
    #[index]
    pub holder: Address,
    #[index]
    pub product: u32,
    #[index]
    pub id: Hash,
    pub by: Address,
    pub first: u64,
    pub keys: Vec<Address>,
    /// For each.
    pub paid: Amount,
    /// Behind each.
    pub value: Amount,
    pub expiry: TimestampMs,
}

/// Codes of a voucher are signed with another key.
#[dure::event]
pub struct KeyChanged {
    #[index]
    pub voucher: u64,
    pub key: Address,
}

/// A voucher was given and waits for who claims it.
#[dure::event]
pub struct Offered {
    #[index]
    pub voucher: u64,
    #[index]
    pub from: Address,
    pub claim: ClaimKey,
    pub until: TimestampMs,
    /// These hold once it is claimed.
    pub limit: Option<u32>,
    pub guardian: Option<Address>,
}

/// A given voucher went back to who gave it.
#[dure::event]
pub struct Returned {
    #[index]
    pub voucher: u64,
    #[index]
    pub holder: Address,
}

/// A voucher has another holder, and another key.
#[dure::event]
pub struct HolderChanged {
    #[index]
    pub voucher: u64,
    #[index]
    pub from: Address,
    #[index]
    pub holder: Address,
    pub key: Address,
}

/// A guardian made a voucher good in fewer places.
#[dure::event]
pub struct Limited {
    #[index]
    pub voucher: u64,
    pub set: u32,
}

/// A voucher was redeemed and settled.
#[dure::event]
pub struct Redeemed {
    #[index]
    pub voucher: u64,
    #[index]
    pub merchant: Address,
    #[index]
    pub receipt: Hash,
    pub amount: Amount,
    /// Merchant, headquarters, issuer, distributor, platform.
    pub parts: [Amount; 5],
    /// The first day on which it cannot be undone.
    pub free_on: Day,
}

/// A redemption was undone.
#[dure::event]
pub struct Undone {
    #[index]
    pub voucher: u64,
    #[index]
    pub merchant: Address,
    #[index]
    pub receipt: Hash,
    pub amount: Amount,
}

/// Why a voucher ended other than by use.
#[dure::ty]
#[derive(Copy)]
pub enum RefundKind {
    /// Taken back unused, within days of the purchase: paid to who bought it.
    Withdrawn,
    /// The rest of a voucher that was used enough.
    Balance,
    /// Expired, in money.
    Expired,
    /// Expired, in points that the issuer owes.
    Points,
    /// What it was bought for is not to be had any more.
    Unavailable,
    /// Nobody claimed it: the issuer's.
    Breakage,
}

/// A voucher ended other than by use.
#[dure::event]
pub struct Refunded {
    #[index]
    pub voucher: u64,
    /// Who is paid, the holder or who bought it.
    #[index]
    pub to: Address,
    pub kind: RefundKind,
    /// Money, or points.
    pub paid_back: Amount,
    /// Money of the issuer.
    pub to_issuer: Amount,
}

/// The expiry of a voucher was postponed.
#[dure::event]
pub struct Extended {
    #[index]
    pub voucher: u64,
    pub expiry: TimestampMs,
}

/// A voucher will be over: its wallet tells the holder.
#[dure::event]
pub struct ExpiryNotice {
    #[index]
    pub voucher: u64,
    #[index]
    pub holder: Address,
    pub expiry: TimestampMs,
    /// What would be paid back of it afterwards.
    pub refund: Amount,
    /// How many notices there were.
    pub notices: u32,
}

/// A payee took what it is owed.
#[dure::event]
pub struct Collected {
    #[index]
    pub payee: Address,
    /// Itself, or the account that was put in its place.
    #[index]
    pub to: Address,
    pub amount: Amount,
}

/// Terms hold for what is bought from then on.
#[dure::event]
pub struct TermsScheduled {
    pub from: Version,
    pub terms: VoucherTerms,
    /// Whether they hold for what was bought before, where they are better.
    pub retroactive: bool,
}

/// Terms that did not hold yet never will.
#[dure::event]
pub struct TermsWithdrawn {
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

/// An account is to be put in the place of one whose key is lost.
#[dure::event]
pub struct RecoveryRequested {
    #[index]
    pub account: Address,
    pub request: Request,
}

/// It will not be: the old key objected, or who asked for it took it back.
#[dure::event]
pub struct RecoveryDropped {
    #[index]
    pub account: Address,
    pub by: Address,
}

/// Another account is in the place of one whose key is lost.
#[dure::event]
pub struct Recovered {
    #[index]
    pub account: Address,
    #[index]
    pub to: Address,
}
