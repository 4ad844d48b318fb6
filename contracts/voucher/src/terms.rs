//! The terms with holders: frozen at the purchase; a later version applies to it only where it was
//! declared so and is better.

use dure_sdk::{
    domain::{
        calendar::Period,
        policy::{Bracket, Brackets, BracketsError, Terms},
        share::WHOLE_BP,
    },
    prelude::*,
};

/// Notices before an expiry: at 30 days and two more, at least (C9).
const NOTICES: core::ops::RangeInclusive<usize> = 3..=8;
/// One of them is so many days before.
const NOTICE_DAYS: u32 = 30;

/// What an issuer promises.
#[dure::ty]
pub struct VoucherTerms {
    /// Days within which an unused voucher is taken back at what was paid.
    pub withdrawal_days: u32,
    /// What of a face must be used before the rest is paid out: basis points by face.
    pub used_bp: Brackets,
    /// What is paid back of an expired voucher: basis points by face.
    pub expired_bp: Brackets,
    /// How long after the purchase an expired voucher is paid back.
    pub claims: Period,
    /// By how much an extension postpones the expiry.
    pub extension: Period,
    /// How often.
    pub extensions: u32,
    /// Days before the expiry on which its holder is told, the first first.
    pub notice_days: Vec<u32>,
    /// Days that who is given a voucher has to claim it.
    pub claim_days: u32,
    /// Whether what expired is paid back to who bought it, and not to who holds it.
    pub expired_to_purchaser: bool,
}

/// Says why these are no terms.
#[dure::ty]
#[derive(Copy)]
pub enum TermsError {
    /// One of the tables is none.
    Brackets(BracketsError),
    /// A face above the last bound would have no rate.
    Unbounded,
    /// Fewer or more notices than there have to be, not one after another, none 30 days before, or
    /// the last when it is over.
    Notices,
    /// Nobody could claim what is given.
    NoClaimDays,
    /// A period of nothing.
    NoPeriod,
}

impl VoucherTerms {
    /// Checks terms that came from outside.
    pub(crate) fn check(&self) -> Result<(), TermsError> {
        for table in [&self.used_bp, &self.expired_bp] {
            table.check().map_err(TermsError::Brackets)?;
            // Every face has a rate.
            ensure!(table.rate_bp(Amount::MAX) != 0, TermsError::Unbounded);
        }
        let falls = self.notice_days.windows(2).all(|pair| matches!(pair, [a, b] if a > b));
        let timely = self.notice_days.contains(&NOTICE_DAYS) && self.notice_days.last() != Some(&0);
        let enough = NOTICES.contains(&self.notice_days.len());
        ensure!(falls && timely && enough, TermsError::Notices);
        ensure!(self.claim_days > 0, TermsError::NoClaimDays);
        let some = !self.claims.is_nothing() && !self.extension.is_nothing();
        ensure!(some, TermsError::NoPeriod);
        Ok(())
    }

    /// Terms with one rate for every face: for tests and simple schemes.
    #[must_use]
    pub fn flat(rate_bp: u32) -> Brackets {
        let whole = Bracket { up_to: Amount::MAX, rate_bp: rate_bp.min(WHOLE_BP) };
        // One bracket within the whole is always a table.
        Brackets::new(vec![whole]).unwrap_or_else(|_| Self::flat(WHOLE_BP))
    }
}

impl Terms for VoucherTerms {
    /// In every respect: longer, sooner usable, more paid back at each bound of either table.
    fn is_better_for_holder(&self, than: &Self) -> bool {
        let at_least = self.withdrawal_days >= than.withdrawal_days
            && self.extensions >= than.extensions
            && self.claim_days >= than.claim_days
            && longer(self.claims, than.claims)
            && longer(self.extension, than.extension)
            && notices(&self.notice_days, &than.notice_days)
            && (self.expired_to_purchaser == than.expired_to_purchaser
                || !self.expired_to_purchaser)
            && everywhere(&self.expired_bp, &than.expired_bp, |new, old| new >= old)
            && everywhere(&self.used_bp, &than.used_bp, |new, old| new <= old);
        at_least && self != than
    }
}

/// Whether a holder is told as often and each time as early.
fn notices(new: &[u32], old: &[u32]) -> bool {
    new.len() >= old.len() && new.iter().zip(old).all(|(new, old)| new >= old)
}

/// Whether periods of one unit compare so; of different units only equal ones do.
fn longer(new: Period, old: Period) -> bool {
    match (new, old) {
        (Period::Days(new), Period::Days(old))
        | (Period::Months(new), Period::Months(old))
        | (Period::Years(new), Period::Years(old)) => new >= old,
        (Period::Years(new), Period::Months(old)) => u64::from(new) * 12 >= u64::from(old),
        (Period::Months(new), Period::Years(old)) => u64::from(new) >= u64::from(old) * 12,
        _ => false,
    }
}

/// Whether a relation holds for every face: rates change at the bounds alone.
fn everywhere(new: &Brackets, old: &Brackets, holds: impl Fn(u32, u32) -> bool) -> bool {
    let bounds = new.bounds().chain(old.bounds()).chain([Amount::MAX]);
    bounds.into_iter().all(|face| holds(new.rate_bp(face), old.rate_bp(face)))
}
