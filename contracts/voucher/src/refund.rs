//! How vouchers end other than by use, and when.

use crate::{
    book::{held, live, unended},
    error::Error,
    event::RefundKind,
    state::{State, Voucher, Vouchers},
    terms::VoucherTerms,
};
use dure_sdk::{
    domain::{
        calendar::{DAY_MS, Day, Period, is_live},
        share::{WHOLE_BP, ceil, floor},
    },
    prelude::*,
};

/// What comes of what is left of a voucher.
#[derive(Clone, Copy)]
pub(crate) struct Refund {
    pub(crate) to: Address,
    pub(crate) paid_back: Amount,
    pub(crate) to_issuer: Amount,
}

impl Vouchers {
    /// Who is paid, and how much of what remains; the issuer has the rest.
    pub(crate) fn judge(
        &self,
        voucher: u64,
        found: &Voucher,
        kind: RefundKind,
        now: TimestampMs,
    ) -> Result<Refund, Error> {
        unended(voucher, found)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let (holder, of_expired) = (found.holder, self.paid_when_expired(found, &terms));
        let (value, paid, left) = (found.value, found.paid, found.remaining);
        if kind == RefundKind::Breakage {
            let until = self.claims_until(found, &terms)?;
            ensure!(now >= until, Error::ClaimsOpen { until });
            return Ok(Refund { to: of_expired, paid_back: Amount::ZERO, to_issuer: left });
        }
        held(voucher, found)?;
        ensure!(paid > Amount::ZERO, Error::Free { voucher });
        let face = self.product_of(found.product)?.face;
        let (to, paid_back) = match kind {
            RefundKind::Withdrawn => {
                let until = Period::Days(terms.withdrawal_days).end(found.bought)?;
                ensure!(left == value && now < until, Error::NotWithdrawable { until });
                (self.recovery.current(found.purchaser), paid)
            }
            RefundKind::Balance => {
                live(found, now)?;
                self.used_enough(found, terms.used_bp.rate_bp(face))?;
                (holder, part(left, paid, value)?)
            }
            RefundKind::Expired | RefundKind::Points => {
                self.claimable(found, &terms, now)?;
                if kind == RefundKind::Points {
                    return Ok(Refund { to: of_expired, paid_back: left, to_issuer: left });
                }
                (of_expired, expired(left, paid, value, terms.expired_bp.rate_bp(face))?)
            }
            RefundKind::Unavailable => {
                let product = found.product;
                let since = self.withdrawn.get(&product).ok_or(Error::NotWithdrawn { product })?;
                // What was over by then is paid back as expired.
                live(found, since)?;
                self.claims_open(found, &terms, now)?;
                (of_expired, part(left, paid, value)?)
            }
            RefundKind::Breakage => (of_expired, Amount::ZERO),
        };
        Ok(Refund { to, paid_back, to_issuer: left.saturating_sub(paid_back) })
    }

    /// used / value at least used_bp / 10,000, and never of an untouched one.
    fn used_enough(&self, found: &Voucher, used_bp: u32) -> Result<(), Error> {
        let value = found.value;
        let used = value.saturating_sub(found.remaining);
        let least = ceil(value, Amount(u128::from(used_bp)), Amount(u128::from(WHOLE_BP)));
        let enough = used > Amount::ZERO && least.is_some_and(|least| used >= least);
        ensure!(enough, Error::UsedTooLittle { used, value, used_bp });
        Ok(())
    }

    /// Whether an expired voucher is still paid back.
    fn claimable(
        &self,
        found: &Voucher,
        terms: &VoucherTerms,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let expiry = found.expiry;
        ensure!(!is_live(now, expiry), Error::NotExpired { expiry });
        self.claims_open(found, terms, now)
    }

    fn claims_open(
        &self,
        found: &Voucher,
        terms: &VoucherTerms,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let until = self.claims_until(found, terms)?;
        ensure!(now < until, Error::ClaimsOver { until });
        Ok(())
    }

    /// Whom an expired voucher is paid back to: of who bought it, the account that is in its place.
    fn paid_when_expired(&self, found: &Voucher, terms: &VoucherTerms) -> Address {
        if terms.expired_to_purchaser {
            self.recovery.current(found.purchaser)
        } else {
            found.holder
        }
    }

    /// Until when an expired voucher is paid back: years after the purchase, and never before a
    /// month after its expiry, nor after a pause or an order that froze who is paid: nobody waits
    /// until it is late. One that nothing was paid for: until it expires.
    fn claims_until(&self, found: &Voucher, terms: &VoucherTerms) -> Result<TimestampMs, Error> {
        if found.paid == Amount::ZERO {
            return Ok(found.expiry);
        }
        let to = self.paid_when_expired(found, terms);
        let freed = [to, Address::SYSTEM].map(|account| self.freed.get(&account));
        let since = freed.into_iter().flatten().fold(found.expiry, TimestampMs::max);
        let claims = terms.claims.end(found.bought)?;
        Ok(claims.max(Period::Months(1).end(since)?))
    }

    pub(crate) fn refunded(
        &mut self,
        voucher: u64,
        by: Address,
        kind: RefundKind,
        now: TimestampMs,
    ) -> Result<Refund, Error> {
        let mut found = self.voucher_of(voucher)?;
        let refund = self.judge(voucher, &found, kind, now)?;
        let Refund { to, paid_back, to_issuer } = refund;
        let holder = found.holder;
        match kind {
            RefundKind::Breakage => {}
            // Who was given it refuses it, and who bought it is paid.
            RefundKind::Withdrawn => {
                ensure!(by == holder, Error::NotHolder { voucher, holder });
            }
            _ if to == holder => ensure!(by == to, Error::NotHolder { voucher, holder }),
            _ => ensure!(by == to, Error::NotPurchaser { voucher, purchaser: to }),
        }
        // An order to freeze it outlasts the time to claim.
        self.freeze.check(holder)?;
        self.freeze.check(to)?;
        self.escrow.sub(found.remaining).map_err(Error::short)?;
        let [_, issuer, ..] = self.product_of(found.product)?.payees;
        (found.remaining, found.state) = (Amount::ZERO, State::Refunded(kind));
        self.change(voucher, found);
        let today = Day::of(now);
        if to_issuer != Amount::ZERO {
            self.receivables.credit(issuer, to_issuer, today, today);
        }
        // Points are the issuer's to give: it has the money for them.
        if kind != RefundKind::Points {
            self.pay_out(to, paid_back)?;
        }
        Ok(refund)
    }

    pub(crate) fn extended(
        &mut self,
        voucher: u64,
        by: Address,
        now: TimestampMs,
    ) -> Result<TimestampMs, Error> {
        let mut found = self.held_by(voucher, by)?;
        live(&found, now)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let extensions = terms.extensions;
        ensure!(found.extended < extensions, Error::NoExtension { extensions });
        found.extended = found.extended.saturating_add(1);
        // The last instant before the expiry belongs to its last day.
        let last = TimestampMs(found.expiry.0.saturating_sub(1));
        found.expiry = terms.extension.end(last)?;
        found.notices = 0;
        let expiry = found.expiry;
        self.vouchers.set(&voucher, &found);
        Ok(expiry)
    }

    /// Takes all notices for given that are due by now.
    pub(crate) fn noticed(
        &mut self,
        voucher: u64,
        now: TimestampMs,
    ) -> Result<(Voucher, Amount), Error> {
        let mut found = self.voucher_of(voucher)?;
        unended(voucher, &found)?;
        live(&found, now)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let due = |days: &u32| {
            let before = u64::from(*days).saturating_mul(DAY_MS);
            TimestampMs(found.expiry.0.saturating_sub(before))
        };
        let next = terms.notice_days.get(found.notices as usize).map(due);
        ensure!(next.is_some_and(|next| now >= next), Error::NoticeNotDue { due: next });
        let passed = terms.notice_days.iter().filter(|days| now >= due(days)).count();
        found.notices = passed as u32;
        self.vouchers.set(&voucher, &found);
        let rate_bp = terms.expired_bp.rate_bp(self.product_of(found.product)?.face);
        let refund = expired(found.remaining, found.paid, found.value, rate_bp)?;
        Ok((found, refund))
    }
}

/// `floor(amount x numerator / denominator)`.
fn part(amount: Amount, numerator: Amount, denominator: Amount) -> Result<Amount, Error> {
    floor(amount, numerator, denominator).ok_or(Error::TooMuch { amount })
}

/// One floor of `left x paid x bp / (value x 10,000)`.
fn expired(left: Amount, paid: Amount, value: Amount, bp: u32) -> Result<Amount, Error> {
    let too_much = Error::TooMuch { amount: paid };
    let numerator = paid.checked_mul(u128::from(bp)).ok_or(too_much)?;
    let denominator = value.checked_mul(u128::from(WHOLE_BP));
    part(left, numerator, denominator.ok_or(Error::TooMuch { amount: value })?)
}
