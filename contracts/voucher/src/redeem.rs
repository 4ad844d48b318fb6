//! What the calls do that redeem, undo and pay payees out.

use crate::{
    book::{held, live, person},
    error::Error,
    event::Redeemed,
    state::{Kind, Product, Redemption, State, Voucher, Vouchers},
};
use dure_sdk::{
    domain::{
        calendar::Day,
        registry::{MerchantsError, PersonsError, RegistryError},
        split::{Leg, Receivables},
    },
    prelude::*,
};

impl Vouchers {
    /// The redemption that came under this receipt before.
    pub(crate) fn redeemed_before(
        &self,
        voucher: u64,
        merchant: Address,
        receipt: Hash,
        wanted: Amount,
    ) -> Result<Option<Redemption>, Error> {
        let Some(done) = self.redemptions.get(&(voucher, merchant, receipt)) else {
            return Ok(None);
        };
        let amount = done.amount;
        ensure!(amount == wanted, Error::OtherRedemption { voucher, amount });
        ensure!(!done.undone, Error::WasUndone { receipt });
        Ok(Some(done))
    }

    /// A voucher as it was when who signs for it signed for this count.
    pub(crate) fn shown(&self, voucher: u64, count: u32, by: Address) -> Result<Voucher, Error> {
        let found = self.voucher_of(voucher)?;
        let Voucher { key, count: now, .. } = found;
        ensure!(by == key, Error::WrongKey { voucher, key });
        ensure!(count == now, Error::OtherCount { voucher, count: now });
        Ok(found)
    }

    /// Redeems a voucher whose code or holder was checked.
    pub(crate) fn redeem_at(
        &mut self,
        cx: &Cx,
        merchant: Address,
        (voucher, mut found): (u64, Voucher),
        amount: Amount,
        receipt: Hash,
    ) -> Result<Redemption, Error> {
        let now = cx.time();
        self.freeze.running()?;
        held(voucher, &found)?;
        live(&found, now)?;
        self.freeze.check(found.holder)?;
        self.freeze.check(merchant)?;
        let sold = self.product_of(found.product)?;
        let released = released(&sold, found.remaining, amount)?;
        self.good_at(merchant, &found, &sold)?;

        let mut parts = sold.legs.split(amount);
        let of_issuer = &mut parts[Leg::Issuer as usize];
        *of_issuer = of_issuer.saturating_add(released.saturating_sub(amount));
        self.escrow.sub(released).map_err(Error::short)?;
        let today = Day::of(now);
        let free_on = Receivables::free_on(today, sold.undo_days);
        self.receivables.credit_legs(&sold.payees(merchant), &parts, free_on, today);
        found.remaining = found.remaining.saturating_sub(released);
        if found.remaining == Amount::ZERO {
            found.state = State::Used;
        }
        let done = Redemption { holder: found.holder, amount, parts, free_on, undone: false };
        self.change(voucher, found);
        self.redemptions.set(&(voucher, merchant, receipt), &done);
        cx.emit(&Redeemed { voucher, merchant, receipt, amount, parts, free_on });
        Ok(done)
    }

    /// Checks that a voucher is good there, and that its holder does not own the shop.
    fn good_at(&self, merchant: Address, found: &Voucher, sold: &Product) -> Result<(), Error> {
        let (holder, registry) = (found.holder, self.registry());
        let merchants = registry.merchants();
        let shop = merchants.active(merchant)?;
        let owner = match person(&registry, holder)? {
            Some(person) => Some(person),
            None if sold.identified => {
                return Err(RegistryError::from(PersonsError::Unknown { account: holder }).into());
            }
            // A merchant's account is no person's, and its owner may have other shops.
            None => match merchants.merchant(holder) {
                Ok(own) => Some(own.owner),
                Err(RegistryError::Merchants(MerchantsError::Unknown { .. })) => None,
                Err(error) => return Err(error.into()),
            },
        };
        ensure!(owner != Some(shop.owner), Error::OwnShop { merchant });
        for set in [sold.set].into_iter().chain(found.limits.iter().copied()) {
            merchants.permits(set, merchant, &shop)?;
        }
        Ok(())
    }

    pub(crate) fn undone(
        &mut self,
        voucher: u64,
        merchant: Address,
        receipt: Hash,
        now: TimestampMs,
    ) -> Result<Redemption, Error> {
        let key = (voucher, merchant, receipt);
        let mut done = self.redemptions.get(&key).ok_or(Error::NoRedemption { receipt })?;
        ensure!(!done.undone, Error::WasUndone { receipt });
        let mut found = self.voucher_of(voucher)?;
        let holder = found.holder;
        // Who redeemed it gets it back, in whatever account by now, and nobody else.
        let same = self.recovery.current(holder) == self.recovery.current(done.holder);
        ensure!(same, Error::PassedOn { voucher, holder });
        match found.state {
            State::Held | State::Used => {}
            State::Offered { until, .. } => return Err(Error::IsOffered { voucher, until }),
            // It was paid back because so much of it was used.
            State::Refunded(kind) => return Err(Error::Refunded { voucher, kind }),
        }
        let payees = self.product_of(found.product)?.payees(merchant);
        self.receivables.undo_legs(&payees, &done.parts, done.free_on, Day::of(now))?;
        let back = done.parts.iter().fold(Amount::ZERO, |sum, part| sum.saturating_add(*part));
        self.escrow.add(back);
        found.remaining = found.remaining.saturating_add(back);
        found.state = State::Held;
        self.change(voucher, found);
        done.undone = true;
        self.redemptions.set(&key, &done);
        Ok(done)
    }

    /// A payee, or the account that is in its place, takes what is free.
    pub(crate) fn collected(
        &mut self,
        payee: Address,
        by: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        ensure!(amount > Amount::ZERO, Error::Zero);
        let to = self.recovery.current(payee);
        ensure!(by == to, Error::NotPayee { payee, to });
        self.freeze.check(payee)?;
        self.freeze.check(to)?;
        match self.registry().merchants().cashing_out(payee) {
            Ok(_) | Err(RegistryError::Merchants(MerchantsError::Unknown { .. })) => {}
            Err(error) => return Err(error.into()),
        }
        self.receivables.take(payee, amount, Day::of(now))?;
        self.pay_out(to, amount)
    }
}

/// What leaves the escrow for an amount: of a thing all that lies there.
fn released(sold: &Product, left: Amount, amount: Amount) -> Result<Amount, Error> {
    ensure!(amount > Amount::ZERO, Error::Zero);
    match sold.kind {
        Kind::Amount { least } => {
            ensure!(amount <= left, Error::Short { left, wanted: amount });
            let enough = amount >= least || amount == left;
            ensure!(enough, Error::TooLittle { least, wanted: amount });
            Ok(amount)
        }
        Kind::Goods { price } => {
            ensure!(amount == price, Error::Whole { value: price, wanted: amount });
            Ok(left)
        }
    }
}
