//! Products, issues, holders and presents; roles are asked before.

use crate::{
    error::Error,
    state::{ClaimKey, Issue, Kind, Product, State, Voucher, Vouchers},
};
use dure_sdk::{
    codec::Encode,
    crypto::ed25519_verify,
    domain::{
        calendar::{DAY_MS, Period, is_live},
        recovery::Request,
        registry::{PersonsError, RegistryError},
        roles::Role,
    },
    prelude::*,
    standard::TokenClient,
};
use merchants::merchants::RegistryPublished;

/// Vouchers that one call issues.
pub const BATCH_MAX: u32 = 64;
/// Sets that givers and guardians may add to a voucher.
pub const LIMITS_MAX: u32 = 8;
/// Days that a merchant may have to undo a redemption.
pub const UNDO_DAYS_MAX: u32 = 31;
/// How long the key of an account has to object to a recovery.
pub const RECOVERY_DELAY_MS: u64 = 7 * DAY_MS;
/// How long a voucher has to be good, in months, and in days that are never fewer: one that is
/// short-lived, and any other.
const LEAST: [(u32, u32); 2] = [(3, 92), (12, 366)];

/// What the key of a present signs for who claims it: `count` is the voucher's, `key` the account
/// that will sign its codes.
#[must_use]
pub fn claim_message(
    contract: Address,
    voucher: u64,
    count: u32,
    holder: Address,
    key: Address,
) -> Vec<u8> {
    (*b"dure/voucher/claim", contract, voucher, count, holder, key).encode()
}

impl Vouchers {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    pub(crate) fn voucher_of(&self, voucher: u64) -> Result<Voucher, Error> {
        self.vouchers.get(&voucher).ok_or(Error::NoVoucher { voucher })
    }

    pub(crate) fn product_of(&self, product: u32) -> Result<Product, Error> {
        self.products.get(&product).ok_or(Error::NoProduct { product })
    }

    pub(crate) fn registry(&self) -> RegistryPublished {
        RegistryPublished::at(self.registry.get())
    }

    /// A voucher that its holder has.
    pub(crate) fn held_by(&self, voucher: u64, holder: Address) -> Result<Voucher, Error> {
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
        self.cash.sub(amount).map_err(Error::short)?;
        TokenClient::at(self.token.get()).transfer(to, amount, None).map_err(Error::Token)
    }

    pub(crate) fn define(&mut self, product: u32, terms: &Product) -> Result<(), Error> {
        ensure!(!self.products.contains(&product), Error::ProductExists { product });
        let worth = terms.value(Amount::ZERO);
        ensure!(worth > Amount::ZERO && terms.face > Amount::ZERO, Error::Zero);
        if let Kind::Amount { least } = terms.kind {
            ensure!(least <= terms.face, Error::Short { left: terms.face, wanted: least });
        }
        let (undo_days, limit) = (terms.undo_days, UNDO_DAYS_MAX);
        ensure!(undo_days <= limit, Error::UndoTooLong { undo_days, limit });
        terms.legs.check()?;
        // The issuer has what holders do not get back, whatever its share.
        for account in terms.payees {
            ensure!(account != Address::SYSTEM, Error::NoAccount { account });
        }
        let [short, any] = LEAST;
        let (least_months, least_days) = if terms.short_lived { short } else { any };
        // Whatever the day it is sold on: 365 days are no year where one of them is 29 February.
        let enough = match terms.validity {
            Period::Days(days) => days >= least_days,
            Period::Months(months) => months >= least_months,
            Period::Years(years) => years > 0,
        };
        ensure!(enough, Error::TooShort { least_months, least_days });
        self.registry().merchants().defined(terms.set)?;
        self.products.set(&product, terms);
        Ok(())
    }

    pub(crate) fn withdraw(&mut self, product: u32, now: TimestampMs) -> Result<(), Error> {
        self.product_of(product)?;
        ensure!(!self.withdrawn.contains(&product), Error::Withdrawn { product });
        self.withdrawn.set(&product, &now);
        Ok(())
    }

    /// What was issued under this id before.
    pub(crate) fn issued_before(
        &self,
        by: Address,
        id: Hash,
        (product, holder, paid): (u32, Address, Amount),
        keys: &[Address],
    ) -> Result<Option<u64>, Error> {
        let Some(done) = self.issues.get(&(by, id)) else { return Ok(None) };
        let Issue { first, count, .. } = done;
        let wanted = Issue { product, holder, paid, first, count: keys.len() as u32 };
        ensure!(done == wanted, Error::OtherIssue { first, count });
        Ok(Some(first))
    }

    /// Makes vouchers; says the first, and what has to be put in for all.
    pub(crate) fn make(
        &mut self,
        (by, id): (Address, Hash),
        (product, holder, paid): (u32, Address, Amount),
        keys: &[Address],
        now: TimestampMs,
    ) -> Result<(Voucher, u64, Amount), Error> {
        let (count, limit) = (keys.len() as u32, BATCH_MAX);
        ensure!(count <= limit, Error::TooMany { count, limit });
        ensure!(holder != Address::SYSTEM, Error::NoAccount { account: holder });
        self.freeze.check(holder)?;
        let sold = self.product_of(product)?;
        ensure!(!self.withdrawn.contains(&product), Error::Withdrawn { product });
        let (face, value) = (sold.face, sold.value(paid));
        // What is paid back is a share of what was paid: never more than lies there.
        ensure!(paid <= face && paid <= value, Error::PaidTooMuch { paid, face });
        let mut made = Voucher {
            product,
            holder,
            purchaser: holder,
            key: *keys.first().ok_or(Error::Zero)?,
            count: 0,
            paid,
            value,
            remaining: value,
            bought: now,
            terms: self.terms.at(now)?.0,
            expiry: sold.validity.end(now)?,
            extended: 0,
            notices: 0,
            given: false,
            limits: Vec::new(),
            guardian: None,
            state: State::Held,
        };
        let first = self.last.get().saturating_add(1);
        for (number, key) in (first..).zip(keys) {
            made.key = *key;
            self.vouchers.set(&number, &made);
        }
        self.last.set(&first.saturating_add(u64::from(count) - 1));
        self.issues.set(&(by, id), &Issue { product, holder, paid, first, count });
        let all = value.checked_mul(u128::from(count)).ok_or(Error::TooMuch { amount: value })?;
        self.escrow.add(all);
        self.cash.add(all);
        Ok((made, first, all))
    }

    pub(crate) fn rekey(&mut self, voucher: u64, by: Address, key: Address) -> Result<(), Error> {
        let mut found = self.held_by(voucher, by)?;
        found.key = key;
        self.change(voucher, found);
        Ok(())
    }

    /// Keeps a voucher that changed hands, key or value.
    pub(crate) fn change(&mut self, voucher: u64, mut found: Voucher) {
        found.count = found.count.wrapping_add(1);
        self.vouchers.set(&voucher, &found);
    }

    pub(crate) fn put_up(
        &mut self,
        voucher: u64,
        from: Address,
        (claim, limit, guardian): (ClaimKey, Option<u32>, Option<Address>),
        now: TimestampMs,
    ) -> Result<TimestampMs, Error> {
        let mut found = self.held_by(voucher, from)?;
        live(&found, now)?;
        let terms = self.terms.frozen(found.terms, now)?;
        let days = u64::from(terms.claim_days).saturating_mul(DAY_MS);
        let until = TimestampMs(now.0.saturating_add(days)).min(found.expiry);
        if let Some(set) = limit {
            self.narrowed(&found, set)?;
        }
        found.state = State::Offered { claim, until, limit, guardian };
        self.change(voucher, found);
        Ok(until)
    }

    /// Answers who gave it.
    pub(crate) fn claimed(
        &mut self,
        cx: &Cx,
        voucher: u64,
        key: Address,
        signature: &[u8; 64],
    ) -> Result<Address, Error> {
        let (holder, mut found) = (cx.caller(), self.voucher_of(voucher)?);
        let State::Offered { claim, until, limit, guardian } = found.state else {
            return Err(Error::NotOffered { voucher });
        };
        ensure!(cx.time() < until, Error::OfferOver { until });
        self.freeze.check(found.holder)?;
        let message = claim_message(cx.address(), voucher, found.count, holder, key);
        let signed = ed25519_verify(&claim.0, &message, signature);
        ensure!(signed, Error::WrongClaim { voucher });
        if let Some(set) = limit {
            found.limits = self.narrowed(&found, set)?;
        }
        let from = found.holder;
        found.given = true;
        // Who guards it goes on to do so: a present passed on is no way round a guardian.
        found.guardian = found.guardian.or(guardian);
        // The giver's codes end here.
        (found.holder, found.key, found.state) = (holder, key, State::Held);
        self.change(voucher, found);
        Ok(from)
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
        let holder = found.holder;
        ensure!(by == holder || now >= until, Error::NotBackYet { until });
        found.state = State::Held;
        self.change(voucher, found);
        Ok(holder)
    }

    pub(crate) fn narrow(&mut self, voucher: u64, by: Address, set: u32) -> Result<(), Error> {
        let mut found = self.voucher_of(voucher)?;
        ensure!(found.guardian == Some(by), Error::NotGuardian { voucher });
        unended(voucher, &found)?;
        found.limits = self.narrowed(&found, set)?;
        self.vouchers.set(&voucher, &found);
        Ok(())
    }

    /// The limits of a voucher with one more.
    fn narrowed(&self, found: &Voucher, set: u32) -> Result<Vec<u32>, Error> {
        self.registry().merchants().defined(set)?;
        let mut limits = found.limits.clone();
        if !limits.contains(&set) {
            limits.push(set);
        }
        let (count, limit) = (limits.len() as u32, LIMITS_MAX);
        ensure!(count <= limit, Error::TooMany { count, limit });
        Ok(limits)
    }

    /// Checks that two accounts are one person's, where the registry knows that of the first.
    pub(crate) fn same_person(&self, account: Address, to: Address) -> Result<(), Error> {
        let registry = self.registry();
        let known = person(&registry, account)?;
        let same = known.is_none() || person(&registry, to)? == known;
        ensure!(same && to != Address::SYSTEM, Error::OtherPerson { account, to });
        Ok(())
    }

    pub(crate) fn recovered(
        &mut self,
        account: Address,
        now: TimestampMs,
    ) -> Result<Request, Error> {
        let request = self.recovery.complete(account, now)?;
        self.same_person(account, request.to)?;
        self.freeze.carry_over(account, request.to);
        Ok(request)
    }

    /// A voucher of an account whose key is lost gets the holder that is in its place.
    pub(crate) fn taken_over(
        &mut self,
        voucher: u64,
        by: Address,
        key: Address,
    ) -> Result<Address, Error> {
        let mut found = self.voucher_of(voucher)?;
        let from = found.holder;
        let holder = self.recovery.current(from);
        ensure!(by == holder && by != from, Error::NotHolder { voucher, holder });
        self.freeze.check(from)?;
        self.freeze.check(holder)?;
        unended(voucher, &found)?;
        (found.holder, found.key, found.state) = (holder, key, State::Held);
        self.change(voucher, found);
        Ok(from)
    }
}

/// Whose account it is, if the registry knows.
pub(crate) fn person(
    registry: &RegistryPublished,
    account: Address,
) -> Result<Option<Hash>, Error> {
    match registry.persons().person(account) {
        Ok(person) => Ok(Some(person)),
        Err(RegistryError::Persons(PersonsError::Unknown { .. })) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Error {
    pub(crate) fn short(short: Short) -> Self {
        Self::Short { left: short.left, wanted: short.wanted }
    }
}

/// Checks that something is left of it.
pub(crate) fn unended(voucher: u64, found: &Voucher) -> Result<(), Error> {
    match found.state {
        State::Held | State::Offered { .. } => Ok(()),
        State::Used => Err(Error::Used { voucher }),
        State::Refunded(kind) => Err(Error::Refunded { voucher, kind }),
    }
}

pub(crate) fn held(voucher: u64, found: &Voucher) -> Result<(), Error> {
    match found.state {
        State::Offered { until, .. } => Err(Error::IsOffered { voucher, until }),
        _ => unended(voucher, found),
    }
}

pub(crate) fn live(found: &Voucher, now: TimestampMs) -> Result<(), Error> {
    let expiry = found.expiry;
    ensure!(is_live(now, expiry), Error::Expired { expiry });
    Ok(())
}
