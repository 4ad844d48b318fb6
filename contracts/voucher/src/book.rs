//! What the calls do to vouchers and money; roles are asked before.

use crate::{
    error::Error,
    event::RefundKind,
    state::{Kind, Product, Redemption, State, Voucher, Vouchers},
    terms::VoucherTerms,
};
use dure_sdk::{
    crypto::blake3,
    domain::{
        calendar::{DAY_MS, Day, Period, is_live},
        registry::Merchant,
        roles::Role,
        share::{WHOLE_BP, ceil, floor},
        split::{Leg, Receivables},
    },
    prelude::*,
    standard::TokenClient,
};
use merchants::merchants::RegistryPublished;

/// Vouchers that one call issues.
pub const BATCH_MAX: u32 = 64;
/// Sets that givers and guardians may add to a voucher.
pub const LIMITS_MAX: u32 = 8;
/// How long a voucher has to be good, in months: one that is short-lived, and any other.
const LEAST_MONTHS: (u32, u32) = (3, 12);

/// The code that comes before another: its hash. A holder begins with a secret, hashes it as often
/// as it wants codes, puts the last hash into the voucher, and shows the codes backwards.
#[must_use]
pub fn code_before(code: Hash) -> Hash {
    blake3(&code.0)
}

impl Vouchers {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    pub(crate) fn voucher_of(&self, voucher: u64) -> Result<Voucher, Error> {
        self.vouchers.get(&voucher).ok_or(Error::NoVoucher { voucher })
    }

    fn product_of(&self, product: u32) -> Result<Product, Error> {
        self.products.get(&product).ok_or(Error::NoProduct { product })
    }

    /// A voucher that its holder has.
    fn held_by(&self, voucher: u64, holder: Address) -> Result<Voucher, Error> {
        let found = self.voucher_of(voucher)?;
        let owner = found.holder;
        ensure!(owner == holder, Error::NotHolder { voucher, holder: owner });
        held(voucher, &found)?;
        Ok(found)
    }

    pub(crate) fn pay_out(&mut self, to: Address, amount: Amount) -> Result<(), Error> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        let short = |short: Short| Error::Short { left: short.left, wanted: short.wanted };
        self.cash.sub(amount).map_err(short)?;
        TokenClient::at(self.token.get()).transfer(to, amount, None).map_err(Error::Token)
    }

    pub(crate) fn define(
        &mut self,
        product: u32,
        terms: &Product,
        now: TimestampMs,
    ) -> Result<(), Error> {
        ensure!(!self.products.contains(&product), Error::ProductExists { product });
        let worth = terms.value(Amount::ZERO);
        ensure!(worth > Amount::ZERO && terms.face > Amount::ZERO, Error::Zero);
        terms.legs.check()?;
        let least = if terms.short_lived { LEAST_MONTHS.0 } else { LEAST_MONTHS.1 };
        let enough = terms.validity.end(now)? >= Period::Months(least).end(now)?;
        ensure!(enough, Error::TooShort { least_months: least });
        self.products.set(&product, terms);
        Ok(())
    }

    /// Makes vouchers; says the first and what has to be put in for all.
    pub(crate) fn make(
        &mut self,
        product: u32,
        holder: Address,
        paid: Amount,
        codes: &[Hash],
        now: TimestampMs,
    ) -> Result<(u64, Amount), Error> {
        let (count, limit) = (codes.len() as u32, BATCH_MAX);
        ensure!(count > 0, Error::Zero);
        ensure!(count <= limit, Error::TooMany { count, limit });
        let sold = self.product_of(product)?;
        let (face, value) = (sold.face, sold.value(paid));
        // What is paid back is a share of what was paid: never more than lies there.
        ensure!(paid <= face && paid <= value, Error::PaidTooMuch { paid, face });
        let (terms, _) = self.terms.at(now)?;
        let expiry = sold.validity.end(now)?;
        let first = self.last.get().saturating_add(1);
        for (number, code) in (first..).zip(codes) {
            let made = Voucher {
                product,
                holder,
                code: *code,
                paid,
                value,
                remaining: value,
                bought: now,
                terms,
                expiry,
                extended: 0,
                notices: 0,
                given: false,
                limits: Vec::new(),
                guardian: None,
                state: State::Held,
            };
            self.vouchers.set(&number, &made);
            self.escrow.deposit(&number, value);
        }
        self.last.set(&first.saturating_add(u64::from(count) - 1));
        let all = value.checked_mul(u128::from(count)).ok_or(Error::TooMuch { amount: value })?;
        self.cash.add(all);
        Ok((first, all))
    }

    pub(crate) fn put_up(
        &mut self,
        voucher: u64,
        from: Address,
        claim: Hash,
        limit: Option<u32>,
        guardian: Option<Address>,
        now: TimestampMs,
    ) -> Result<TimestampMs, Error> {
        let mut found = self.held_by(voucher, from)?;
        live(&found, now)?;
        let (_, terms) = self.terms.at(now)?;
        let days = u64::from(terms.claim_days).saturating_mul(DAY_MS);
        let until = TimestampMs(now.0.saturating_add(days)).min(found.expiry);
        if let Some(set) = limit {
            push(&mut found, set)?;
        }
        // Whoever has limited it stays who may: a gift passed on is no way round a guardian.
        found.guardian = found.guardian.or(guardian).or(Some(from));
        found.state = State::Offered { claim, until };
        self.vouchers.set(&voucher, &found);
        Ok(until)
    }

    pub(crate) fn claimed(
        &mut self,
        voucher: u64,
        holder: Address,
        secret: Hash,
        code: Hash,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let mut found = self.voucher_of(voucher)?;
        let State::Offered { claim, until } = found.state else {
            return Err(Error::NotOffered { voucher });
        };
        ensure!(now < until, Error::OfferOver { until });
        ensure!(code_before(secret) == claim, Error::WrongCode { voucher });
        found.given = true;
        // The giver's codes end here.
        (found.holder, found.code, found.state) = (holder, code, State::Held);
        self.vouchers.set(&voucher, &found);
        Ok(())
    }

    pub(crate) fn returned(
        &mut self,
        voucher: u64,
        by: Address,
        now: TimestampMs,
    ) -> Result<Address, Error> {
        let mut found = self.voucher_of(voucher)?;
        let State::Offered { until, .. } = found.state else {
            return Err(Error::NotOffered { voucher });
        };
        ensure!(by == found.holder || now >= until, Error::NotBackYet { until });
        found.state = State::Held;
        self.vouchers.set(&voucher, &found);
        Ok(found.holder)
    }

    pub(crate) fn narrow(&mut self, voucher: u64, by: Address, set: u32) -> Result<(), Error> {
        let mut found = self.voucher_of(voucher)?;
        ensure!(found.guardian == Some(by), Error::NotGuardian { voucher });
        push(&mut found, set)?;
        self.vouchers.set(&voucher, &found);
        Ok(())
    }

    /// The redemption that came under this receipt before.
    pub(crate) fn redeemed_before(
        &self,
        merchant: Address,
        receipt: Hash,
        voucher: u64,
        amount: Amount,
    ) -> Result<Option<Redemption>, Error> {
        let Some(done) = self.redemptions.get(&(merchant, receipt)) else { return Ok(None) };
        let same = (done.voucher, done.amount) == (voucher, amount);
        let (voucher, amount) = (done.voucher, done.amount);
        ensure!(same, Error::OtherRedemption { voucher, amount });
        Ok(Some(done))
    }

    pub(crate) fn redeem_at(
        &mut self,
        merchant: Address,
        voucher: u64,
        code: Option<Hash>,
        amount: Amount,
        receipt: Hash,
        now: TimestampMs,
    ) -> Result<Redemption, Error> {
        let mut found = self.voucher_of(voucher)?;
        held(voucher, &found)?;
        live(&found, now)?;
        self.freeze.check(found.holder)?;
        self.freeze.check(merchant)?;
        if let Some(code) = code {
            ensure!(code_before(code) == found.code, Error::WrongCode { voucher });
            found.code = code;
        }
        let sold = self.product_of(found.product)?;
        let left = found.remaining;
        ensure!(amount > Amount::ZERO, Error::Zero);
        // Of a thing all that lies there leaves.
        let released = match sold.kind {
            Kind::Amount => amount,
            Kind::Goods { price } => {
                ensure!(amount == price, Error::Whole { value: price, wanted: amount });
                left
            }
        };
        let rest = left.checked_sub(released).ok_or(Error::Short { left, wanted: amount })?;
        self.good_at(merchant, &found, &sold)?;

        let [headquarters, issuer, distributor, platform] = sold.payees;
        let payees = [merchant, headquarters, issuer, distributor, platform];
        let mut parts = sold.legs.split(amount);
        let of_issuer = &mut parts[Leg::Issuer as usize];
        *of_issuer = of_issuer.saturating_add(released.saturating_sub(amount));
        self.escrow.release_parts(&voucher, released, &parts)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let today = Day::of(now);
        let free_on = Receivables::free_on(today, terms.undo_days);
        self.receivables.credit_legs(&payees, &parts, free_on, today);
        found.remaining = rest;
        if rest == Amount::ZERO {
            found.state = State::Ended;
        }
        self.vouchers.set(&voucher, &found);
        let done = Redemption { voucher, amount, payees, parts, free_on, undone: false };
        self.redemptions.set(&(merchant, receipt), &done);
        Ok(done)
    }

    /// Where the voucher is good, and that its holder does not own the shop.
    fn good_at(
        &self,
        merchant: Address,
        found: &Voucher,
        sold: &Product,
    ) -> Result<Merchant, Error> {
        let registry = RegistryPublished::at(self.registry.get());
        let merchants = registry.merchants();
        let shop = merchants.active(merchant)?;
        match registry.persons().person(found.holder) {
            Ok(person) => ensure!(person != shop.owner, Error::OwnShop { merchant }),
            Err(error) => ensure!(!sold.identified, Error::Registry(error)),
        }
        for set in [sold.set].into_iter().chain(found.limits.iter().copied()) {
            merchants.permits(set, merchant, &shop)?;
        }
        Ok(shop)
    }

    pub(crate) fn undone(
        &mut self,
        merchant: Address,
        receipt: Hash,
        now: TimestampMs,
    ) -> Result<Redemption, Error> {
        let key = (merchant, receipt);
        let done = self.redemptions.get(&key).filter(|done| !done.undone);
        let mut done = done.ok_or(Error::NoRedemption { receipt })?;
        self.receivables.undo_legs(&done.payees, &done.parts, done.free_on, Day::of(now))?;
        let back = done.parts.iter().fold(Amount::ZERO, |sum, part| sum.saturating_add(*part));
        self.escrow.restore(&done.voucher, back)?;
        let mut found = self.voucher_of(done.voucher)?;
        found.remaining = found.remaining.saturating_add(back);
        // One that was given meanwhile stays given.
        if found.state == State::Ended {
            found.state = State::Held;
        }
        self.vouchers.set(&done.voucher, &found);
        done.undone = true;
        self.redemptions.set(&key, &done);
        Ok(done)
    }

    /// What its holder and the issuer get of what remains.
    pub(crate) fn judge(
        &self,
        voucher: u64,
        found: &Voucher,
        by: Address,
        kind: RefundKind,
        now: TimestampMs,
    ) -> Result<(Amount, Amount), Error> {
        let holder = found.holder;
        let sold = self.product_of(found.product)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let left = found.remaining;
        ensure!(left > Amount::ZERO, Error::Ended { voucher });
        if kind == RefundKind::Breakage {
            let until = self.claims_until(found, &terms)?;
            ensure!(now >= until, Error::ClaimsOpen { until });
            return Ok((Amount::ZERO, left));
        }
        ensure!(by == holder, Error::NotHolder { voucher, holder });
        held(voucher, found)?;
        let (value, paid) = (found.value, found.paid);
        ensure!(paid > Amount::ZERO, Error::Free { voucher });
        let to_holder = match kind {
            RefundKind::Withdrawn => {
                let until = Period::Days(terms.withdrawal_days).end(found.bought)?;
                let fresh = left == value && !found.given && now < until;
                ensure!(fresh, Error::NotWithdrawable { until });
                paid
            }
            RefundKind::Balance => {
                live(found, now)?;
                let used = value.saturating_sub(left);
                let used_bp = terms.used_bp.rate_bp(sold.face);
                let whole = Amount(u128::from(WHOLE_BP));
                // used / value at least used_bp / 10,000, and never of an untouched one.
                let least = ceil(value, Amount(u128::from(used_bp)), whole);
                let enough = used > Amount::ZERO && least.is_some_and(|least| used >= least);
                ensure!(enough, Error::UsedTooLittle { used, value, used_bp });
                part(left, paid, value)?
            }
            RefundKind::Expired | RefundKind::Points => {
                let expiry = found.expiry;
                ensure!(!is_live(now, expiry), Error::NotExpired { expiry });
                let until = self.claims_until(found, &terms)?;
                ensure!(now < until, Error::ClaimsOver { until });
                if kind == RefundKind::Points {
                    return Ok((left, left));
                }
                expired(left, paid, value, terms.expired_bp.rate_bp(sold.face))?
            }
            RefundKind::Breakage => Amount::ZERO,
        };
        Ok((to_holder, left.saturating_sub(to_holder)))
    }

    /// Until when an expired voucher is paid back: years after the purchase, and never before a
    /// month after its expiry.
    fn claims_until(&self, found: &Voucher, terms: &VoucherTerms) -> Result<TimestampMs, Error> {
        let claims = terms.claims.end(found.bought)?;
        Ok(claims.max(Period::Months(1).end(found.expiry)?))
    }

    pub(crate) fn refunded(
        &mut self,
        voucher: u64,
        by: Address,
        kind: RefundKind,
        now: TimestampMs,
    ) -> Result<(Address, Amount, Amount), Error> {
        let mut found = self.voucher_of(voucher)?;
        let (to_holder, to_issuer) = self.judge(voucher, &found, by, kind, now)?;
        let (holder, [_, issuer, ..]) = (found.holder, self.product_of(found.product)?.payees);
        if kind != RefundKind::Breakage {
            self.freeze.check(holder)?;
        }
        self.escrow.release(&voucher, found.remaining)?;
        (found.remaining, found.state) = (Amount::ZERO, State::Ended);
        self.vouchers.set(&voucher, &found);
        let today = Day::of(now);
        if to_issuer != Amount::ZERO {
            self.receivables.credit(issuer, to_issuer, today, today);
        }
        // Points are the issuer's to give: it has the money for them.
        if kind != RefundKind::Points {
            self.pay_out(holder, to_holder)?;
        }
        Ok((holder, to_holder, to_issuer))
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
        self.vouchers.set(&voucher, &found);
        Ok(found.expiry)
    }

    pub(crate) fn noticed(
        &mut self,
        voucher: u64,
        now: TimestampMs,
    ) -> Result<(Address, TimestampMs, Amount), Error> {
        let mut found = self.voucher_of(voucher)?;
        ensure!(found.remaining > Amount::ZERO, Error::Ended { voucher });
        live(&found, now)?;
        let sold = self.product_of(found.product)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let days = terms.notice_days.get(found.notices as usize);
        let due = days.map(|days| {
            TimestampMs(found.expiry.0.saturating_sub(u64::from(*days).saturating_mul(DAY_MS)))
        });
        ensure!(due.is_some_and(|due| now >= due), Error::NoticeNotDue { due });
        found.notices = found.notices.saturating_add(1);
        self.vouchers.set(&voucher, &found);
        let rate_bp = terms.expired_bp.rate_bp(sold.face);
        let refund = expired(found.remaining, found.paid, found.value, rate_bp)?;
        Ok((found.holder, found.expiry, refund))
    }
}

fn held(voucher: u64, found: &Voucher) -> Result<(), Error> {
    match found.state {
        State::Held => Ok(()),
        State::Offered { until, .. } => Err(Error::IsOffered { voucher, until }),
        State::Ended => Err(Error::Ended { voucher }),
    }
}

fn live(found: &Voucher, now: TimestampMs) -> Result<(), Error> {
    let expiry = found.expiry;
    ensure!(is_live(now, expiry), Error::Expired { expiry });
    Ok(())
}

fn push(found: &mut Voucher, set: u32) -> Result<(), Error> {
    let (count, limit) = (found.limits.len() as u32 + 1, LIMITS_MAX);
    ensure!(count <= limit, Error::TooMany { count, limit });
    found.limits.push(set);
    Ok(())
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
