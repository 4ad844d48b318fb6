//! Why the contract refuses.

use crate::{event::RefundKind, terms::TermsError};
use dure_sdk::{
    domain::{
        calendar::CalendarError,
        freeze::FreezeError,
        policy::PolicyError,
        recovery::RecoveryError,
        registry::RegistryError,
        roles::RolesError,
        split::{LegsError, ReceivablesError},
    },
    prelude::*,
};

/// Why the contract refuses.
#[dure::error]
pub enum Error {
    /// The account lacks the role.
    Roles(RolesError),
    /// Something is stopped.
    Freeze(FreezeError),
    /// The registry does not know it, or the voucher is not good there.
    Registry(RegistryError),
    /// The account was moved, or is not.
    Recovery(RecoveryError),
    /// An account is not moved to another person.
    OtherPerson { account: Address, to: Address },
    /// Nobody redeems in the own shop.
    OwnShop { merchant: Address },
    /// There is no such product.
    NoProduct { product: u32 },
    /// A product stays as it is.
    ProductExists { product: u32 },
    /// It is not to be had any more.
    Withdrawn { product: u32 },
    /// It is to be had.
    NotWithdrawn { product: u32 },
    /// Nobody could take what goes there.
    NoAccount { account: Address },
    /// A window to undo longer than there may be.
    UndoTooLong { undo_days: u32, limit: u32 },
    /// Other vouchers were issued under the id.
    OtherIssue { first: u64, count: u32 },
    /// The law asks for a year, of what is perishable or seasonal for three months: a validity in
    /// days for as many as these have at most.
    TooShort { least_months: u32, least_days: u32 },
    /// The shares are not whole.
    Legs(LegsError),
    /// There is no such voucher.
    NoVoucher { voucher: u64 },
    /// It is somebody else's.
    NotHolder { voucher: u64, holder: Address },
    /// Somebody else bought it, and is paid.
    NotPurchaser { voucher: u64, purchaser: Address },
    /// The payee takes it, or the account that is in its place.
    NotPayee { payee: Address, to: Address },
    /// Not the guardian whom the giver named.
    NotGuardian { voucher: u64 },
    /// It was given and waits for who claims it.
    IsOffered { voucher: u64, until: TimestampMs },
    /// It was not given, or it is claimed.
    NotOffered { voucher: u64 },
    /// It goes back at that time, and not before.
    NotBackYet { until: TimestampMs },
    /// It could be claimed until then.
    OfferOver { until: TimestampMs },
    /// Nothing is left of it.
    Used { voucher: u64 },
    /// What was left of it was paid back.
    Refunded { voucher: u64, kind: RefundKind },
    /// It has another holder by now.
    PassedOn { voucher: u64, holder: Address },
    /// It was good until then.
    Expired { expiry: TimestampMs },
    /// It is still good.
    NotExpired { expiry: TimestampMs },
    /// The key of the voucher signs its codes, and not the caller's.
    WrongKey { voucher: u64, key: Address },
    /// The code is for another count: the voucher was used since, or changed.
    OtherCount { voucher: u64, count: u32 },
    /// Signed by another key, or for somebody else, or for an earlier present.
    WrongClaim { voucher: u64 },
    /// The voucher has less left.
    Short { left: Amount, wanted: Amount },
    /// So little is redeemed only where no more is left.
    TooLittle { least: Amount, wanted: Amount },
    /// A thing is redeemed whole.
    Whole { value: Amount, wanted: Amount },
    /// An amount of nought, or no vouchers.
    Zero,
    /// More at once than there may be.
    TooMany { count: u32, limit: u32 },
    /// The receipt was used for another redemption.
    OtherRedemption { voucher: u64, amount: Amount },
    /// No such redemption of the caller's.
    NoRedemption { receipt: Hash },
    /// The redemption was undone: what is redeemed anew has another receipt.
    WasUndone { receipt: Hash },
    /// It was used, or the days are over.
    NotWithdrawable { until: TimestampMs },
    /// Too little of it was used.
    UsedTooLittle { used: Amount, value: Amount, used_bp: u32 },
    /// It was a present of the issuer: nothing was paid.
    Free { voucher: u64 },
    /// What was claimed too late is the issuer's.
    ClaimsOver { until: TimestampMs },
    /// It can still be claimed.
    ClaimsOpen { until: TimestampMs },
    /// It was extended as often as it may be.
    NoExtension { extensions: u32 },
    /// The next notice is due then.
    NoticeNotDue { due: Option<TimestampMs> },
    /// More paid than it is worth.
    PaidTooMuch { paid: Amount, face: Amount },
    /// More than can be counted.
    TooMuch { amount: Amount },
    /// What a payee is owed.
    Receivables(ReceivablesError),
    /// The policy cannot change so.
    Policy(PolicyError),
    /// Those are no terms.
    Terms(TermsError),
    /// A date beyond what can be named.
    Calendar(CalendarError),
    /// The token refused: the bytes are its own error.
    Token(CallError<Vec<u8>>),
    /// The books hold more than the contract has, or less than the escrow.
    Unbacked { escrow: Amount, cash: Amount, tokens: Amount },
    /// Vouchers, or what payees are owed, come to something else than the books.
    Miscounted { escrow: Amount, vouchers: Amount, cash: Amount, payees: Amount },
}

dure_sdk::errors_from! {
    Error;
    Roles: RolesError,
    Freeze: FreezeError,
    Registry: RegistryError,
    Legs: LegsError,
    Recovery: RecoveryError,
    Receivables: ReceivablesError,
    Policy: PolicyError,
    Terms: TermsError,
    Calendar: CalendarError,
}
