//! What happened.

use crate::{state::Product, terms::VoucherTerms};
use dure_sdk::{
    domain::{policy::Version, roles::Role},
    prelude::*,
};

/// A product is sold from now on.
#[dure::event]
pub struct ProductDefined {
    #[index]
    pub product: u32,
    pub terms: Product,
}

/// Vouchers were issued, `first` and those after it.
#[dure::event]
pub struct Issued {
    #[index]
    pub holder: Address,
    #[index]
    pub product: u32,
    pub first: u64,
    pub count: u32,
    pub paid: Amount,
}

/// A voucher was given and waits for who claims it.
#[dure::event]
pub struct Offered {
    #[index]
    pub voucher: u64,
    #[index]
    pub from: Address,
    pub until: TimestampMs,
}

/// A given voucher has a holder: who claimed it, or who gave it.
#[dure::event]
pub struct HolderChanged {
    #[index]
    pub voucher: u64,
    #[index]
    pub holder: Address,
}

/// A giver or guardian made a voucher good in fewer places.
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
    /// Taken back unused, within days of the purchase.
    Withdrawn,
    /// The rest of a voucher that was used enough.
    Balance,
    /// Expired, in money.
    Expired,
    /// Expired, in points that the issuer owes.
    Points,
    /// Nobody claimed it: the issuer's.
    Breakage,
}

/// A voucher ended other than by use.
#[dure::event]
pub struct Refunded {
    #[index]
    pub voucher: u64,
    #[index]
    pub holder: Address,
    pub kind: RefundKind,
    /// Money, or points, of the holder.
    pub to_holder: Amount,
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
}

/// A payee took what it is owed.
#[dure::event]
pub struct Collected {
    #[index]
    pub payee: Address,
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

/// An account was given a role, or lost it.
#[dure::event]
pub struct RoleChanged {
    #[index]
    pub account: Address,
    pub role: Role,
    pub has: bool,
}
