//! What the calls do to money; who may call is asked before.

use crate::{
    error::Error,
    event::Expired,
    scheme::Scheme,
    state::{Books, Programme, Quote, RegionalCurrency, Sale},
};
use dure_sdk::{
    crypto::blake3,
    domain::{
        calendar::{Day, Month},
        caps::check_holding,
        lots::{Cancelled, Class, Earned, Earning, LotKey, LotsError, PaymentId, Refund, Taken},
        policy::Brackets,
        pool::OnShort,
        registry::{Merchant, MerchantsOf},
        roles::Role,
    },
    prelude::*,
};
use merchants::merchants::{RegistryPublished, call as registry};

/// How long the old key may object to a recovery.
pub const RECOVERY_DELAY_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// The only class of the supply.
const UNITS: u8 = 0;
/// Programmes of bonus.
const CASHBACK: u32 = 1;
const TOP_UP: u32 = 2;
/// Lots that one act ends on its way.
pub(crate) const EXPIRED_MAX: u32 = 64;
/// Months of the pool that one answer adds.
const MONTHS_MAX: usize = 120;

/// Names a payment, or a cash-out: its id belongs to a merchant, so that nobody takes another's.
#[must_use]
pub fn payment_id(merchant: Address, receipt: Hash) -> PaymentId {
    let mut named = [0; 64];
    let (of, id) = named.split_at_mut(32);
    of.copy_from_slice(&merchant.0);
    id.copy_from_slice(&receipt.0);
    blake3(&named)
}

impl RegionalCurrency {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    pub(crate) fn registry(&self) -> RegistryPublished {
        RegistryPublished::at(self.registry.get())
    }

    /// An account that may hold money: a person's, no merchant's, and not one that was moved.
    pub(crate) fn may_hold(&self, account: Address) -> Result<Hash, Error> {
        self.recovery.check(account)?;
        let registry = self.registry();
        let is_merchant = registry.merchants().merchant(account).is_ok();
        ensure!(!is_merchant, Error::IsMerchant { account });
        Ok(registry.persons().person(account)?)
    }

    /// Money leaves the bank.
    pub(crate) fn pay_out(&mut self, amount: Amount) -> Result<(), Error> {
        let left = |short: Short| Error::Escrow { left: short.left, wanted: short.wanted };
        self.escrow.sub(amount).map_err(left)
    }

    pub(crate) fn burn(&mut self, amount: Amount) -> Result<(), Error> {
        Ok(self.supply.burn(&UNITS, amount)?)
    }

    fn mint(&mut self, amount: Amount) -> Result<(), Error> {
        Ok(self.supply.issue(&UNITS, amount, Amount(u128::MAX))?)
    }

    /// Money that is out no longer goes back to the pool.
    fn pool_again(&mut self, amount: Amount, now: TimestampMs) -> Result<(), Error> {
        if amount == Amount::ZERO {
            return Ok(());
        }
        self.burn(amount)?;
        self.pool.give_back(amount, now);
        Ok(())
    }

    /// Draws from the month's pool what is more than nought.
    fn draw(&mut self, amount: Amount, short: OnShort, now: TimestampMs) -> Result<Amount, Error> {
        if amount == Amount::ZERO { Ok(amount) } else { Ok(self.pool.draw(amount, short, now)?) }
    }

    pub(crate) fn programme(&self, programme: u32) -> Result<Programme, Error> {
        self.programmes.get(&programme).ok_or(Error::NoProgramme { programme })
    }

    pub(crate) fn budget(&mut self, programme: u32, amount: Amount) {
        self.budgets.at(&programme).add(amount);
        self.budgets_total.add(amount);
    }

    pub(crate) fn spend_budget(&mut self, programme: u32, amount: Amount) -> Result<(), Error> {
        let short = |short: Short| Error::ProgrammeShort {
            programme,
            left: short.left,
            wanted: short.wanted,
        };
        self.budgets.at(&programme).sub(amount).map_err(short)?;
        self.budgets_total.sub(amount).map_err(short)
    }

    pub(crate) fn grant_of(
        &mut self,
        programme: u32,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let Programme { set, end } = self.programme(programme)?;
        self.spend_budget(programme, amount)?;
        let key = LotKey { class: Class::Policy, expiry: end, programme, set, purchase: 0 };
        self.lots.grant(holder, key, amount, now)?;
        self.mint(amount)
    }

    /// Ends lots that expired: bonus goes to the pool, an allowance to its programme, own money
    /// waits for who claims it.
    pub(crate) fn expire_of(&mut self, cx: &Cx, holder: Address, limit: u32) -> Result<u32, Error> {
        let ended = self.lots.expire(holder, cx.time(), limit);
        for lot in &ended {
            self.end_lot(*lot, cx.time())?;
            cx.emit(&Expired { holder, lot: *lot });
        }
        Ok(ended.len() as u32)
    }

    fn end_lot(&mut self, lot: Taken, now: TimestampMs) -> Result<(), Error> {
        match lot.key.class {
            Class::Own => Ok(()),
            Class::Bonus => self.pool_again(lot.amount, now),
            Class::Policy => {
                self.burn(lot.amount)?;
                self.budget(lot.key.programme, lot.amount);
                Ok(())
            }
        }
    }

    /// Face that a person can still buy with a discount this month.
    pub(crate) fn purchase_left(&self, scheme: &Scheme, person: Hash, now: TimestampMs) -> Amount {
        scheme.purchase_cap.saturating_sub(self.bought.used(&person, now))
    }

    /// What the city would add to a purchase, and the bonus on top of it.
    fn terms(
        &self,
        scheme: &Scheme,
        person: Hash,
        face: Amount,
        now: TimestampMs,
    ) -> Result<(Amount, Amount), Error> {
        let total = self.bought.used(&person, now);
        let of =
            |rates: &Brackets| rates.marginal(total, face).ok_or(Error::TooMuch { amount: face });
        let subsidy = of(&scheme.discount)?;
        let bonus = scheme.top_up.as_ref().map_or(Ok(Amount::ZERO), |top_up| of(&top_up.rates))?;
        Ok((subsidy, bonus))
    }

    pub(crate) fn quote_for(
        &self,
        buyer: Address,
        face: Amount,
        now: TimestampMs,
    ) -> Result<Quote, Error> {
        let person = self.may_hold(buyer)?;
        let (_, scheme) = self.scheme.at(now)?;
        let (subsidy, bonus) = self.terms(&scheme, person, face, now)?;
        let paid = face.saturating_sub(subsidy);
        let purchase_left = self.purchase_left(&scheme, person, now);
        Ok(Quote { paid, subsidy, bonus, purchase_left })
    }

    pub(crate) fn purchase(
        &mut self,
        buyer: Address,
        face: Amount,
        now: TimestampMs,
    ) -> Result<Sale, Error> {
        let person = self.may_hold(buyer)?;
        registry::owns_none(person).send(self.registry.get()).map_err(Error::Owner)?;
        let (_, scheme) = self.scheme.at(now)?;
        let (subsidy, bonus) = self.terms(&scheme, person, face, now)?;
        let subsidy = self.draw(subsidy, scheme.discount_on_short, now)?;
        let bonus = match &scheme.top_up {
            Some(top_up) => self.draw(bonus, top_up.on_short, now)?,
            None => Amount::ZERO,
        };
        if subsidy.saturating_add(bonus) != Amount::ZERO {
            self.bought.add(&person, face, scheme.purchase_cap, now)?;
        }
        let added = face.checked_add(bonus).ok_or(Error::TooMuch { amount: face })?;
        check_holding(self.lots.holding(buyer), added, scheme.holding_cap)?;
        let paid = face.saturating_sub(subsidy);
        let expiry = scheme.validity.end(now)?;
        // A bonus stays when the purchase is refunded: what it cost is kept back then.
        let refundable = paid.saturating_sub(bonus);
        let lot = self.lots.buy(buyer, face, refundable, scheme.own_set, expiry, now)?;
        if let (Some(top_up), true) = (&scheme.top_up, bonus != Amount::ZERO) {
            let expiry = top_up.validity.end(now)?;
            let (class, programme, set) = (Class::Bonus, TOP_UP, top_up.set);
            let key = LotKey { class, expiry, programme, set, purchase: 0 };
            self.lots.grant(buyer, key, bonus, now)?;
        }
        self.mint(added)?;
        self.escrow.add(paid);
        Ok(Sale { buyer, face, paid, subsidy, bonus, lot })
    }

    /// Takes the payer's lots, credits the merchant and the cashback, and says what of that the
    /// payer got.
    pub(crate) fn spend(
        &mut self,
        payment: PaymentId,
        payer: Address,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let (_, scheme) = self.scheme.at(now)?;
        let (merchants, shop) = self.shop(payer, merchant)?;
        let permits = |set| merchants.permits(set, merchant, &shop).is_ok();
        let taken = self.lots.take(payer, amount, now, permits)?;
        let (mut earned, credit) = self.earned(&scheme, payer, &taken, &shop, now)?;
        let short = scheme.cashback.as_ref().map_or(OnShort::Zero, |cashback| cashback.on_short);
        if self.draw(earned.cashback, short, now)? != earned.cashback {
            earned = Earned::NOTHING;
        }
        let credited = self.lots.record(payment, payer, taken, earned, credit, now)?;
        if credited.recovered != Amount::ZERO {
            self.pool.give_back(credited.recovered, now);
        }
        if credited.credited != Amount::ZERO {
            self.mint(credited.credited)?;
        }
        let today = Day::of(now);
        self.receivables.credit(merchant, amount, today, today);
        Ok(credited.credited)
    }

    /// What cashback a payment would earn; the pool is not asked.
    pub(crate) fn preview_of(
        &self,
        payer: Address,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let (_, scheme) = self.scheme.at(now)?;
        let (merchants, shop) = self.shop(payer, merchant)?;
        let permits = |set| merchants.permits(set, merchant, &shop).is_ok();
        let taken = self.lots.would_take(payer, amount, now, permits)?;
        Ok(self.earned(&scheme, payer, &taken, &shop, now)?.0.cashback)
    }

    fn shop(&self, payer: Address, merchant: Address) -> Result<(MerchantsOf, Merchant), Error> {
        let registry = self.registry();
        let person = registry.persons().person(payer)?;
        let merchants = registry.merchants();
        let shop = merchants.payable_by(merchant, person)?;
        Ok((merchants, shop))
    }

    fn earned(
        &self,
        scheme: &Scheme,
        payer: Address,
        taken: &[Taken],
        shop: &Merchant,
        now: TimestampMs,
    ) -> Result<(Earned, LotKey), Error> {
        let (class, programme) = (Class::Bonus, CASHBACK);
        let cashback = scheme.cashback.as_ref().map(|terms| (terms, terms.rate_bp(shop.tier)));
        let Some((cashback, tier_bp)) = cashback.filter(|(_, tier_bp)| *tier_bp != 0) else {
            let expiry = TimestampMs(u64::MAX);
            let none = LotKey { class, expiry, programme, set: 0, purchase: 0 };
            return Ok((Earned::NOTHING, none));
        };
        let expiry = cashback.validity.end(now)?;
        let credit = LotKey { class, expiry, programme, set: cashback.set, purchase: 0 };
        let terms = Earning { tier_bp, base_cap: cashback.base_cap, credit };
        Ok((self.lots.earn(payer, taken, &terms, now), credit))
    }

    /// Cancels: the merchant bears it, and what the payment earned on it is taken back.
    pub(crate) fn undo(
        &mut self,
        payment: PaymentId,
        payer: Address,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Cancelled, Error> {
        self.receivables.take(merchant, amount, Day::of(now))?;
        let done = self.lots.cancel(payment, payer, amount, now)?;
        for lot in &done.expired {
            self.end_lot(*lot, now)?;
        }
        self.pool_again(done.recovered, now)?;
        Ok(done)
    }

    pub(crate) fn gift(
        &mut self,
        from: Address,
        to: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let (_, scheme) = self.scheme.at(now)?;
        let cap = scheme.gift_cap.ok_or(Error::NoGifts)?;
        let giver = self.may_hold(from)?;
        self.may_hold(to)?;
        self.given.add(&giver, amount, cap, now)?;
        check_holding(self.lots.holding(to), amount, scheme.holding_cap)?;
        self.lots.give(from, to, amount, now)?;
        Ok(())
    }

    /// Refunds by the terms of the day of the purchase.
    pub(crate) fn take_back(
        &mut self,
        holder: Address,
        key: LotKey,
        now: TimestampMs,
    ) -> Result<Refund, Error> {
        let person = self.registry().persons().person(holder)?;
        ensure!(key.is_bought(), LotsError::NotRefundable { key });
        let lot = self.lots.lot(holder, key).ok_or(LotsError::UnknownLot { key })?;
        let percent = self.scheme.at(lot.bought)?.1.refund_percent;
        let refund = self.lots.refund(holder, key, percent, now)?;
        if refund.amount == lot.face && lot.paid < lot.face {
            self.bought.undo(&person, lot.face, lot.bought, now);
        }
        self.burn(refund.amount)?;
        if refund.to_pool != Amount::ZERO {
            self.pool.give_back(refund.to_pool, now);
        }
        self.pay_out(refund.to_holder)?;
        Ok(refund)
    }

    pub(crate) fn books(
        &self,
        first: Month,
        last: Month,
        now: TimestampMs,
    ) -> Result<Books, Error> {
        let mut pool = Amount::ZERO;
        for month in (first.0..=last.0).take(MONTHS_MAX).map(Month) {
            self.pool.audit(month)?;
            pool = pool.saturating_add(self.pool.room(month));
        }
        let (outstanding, budgets) = (self.supply.outstanding(&UNITS), self.budgets_total.get());
        self.supply.audit(&UNITS, outstanding)?;
        let (escrow, owed) =
            (self.escrow.get(), outstanding.saturating_add(pool).saturating_add(budgets));
        ensure!(escrow == owed, Error::Mismatch { escrow, owed });
        let (issued, burned) = (self.supply.issued(&UNITS), self.supply.burned(&UNITS));
        Ok(Books { outstanding, issued, burned, escrow, pool, budgets, today: Day::of(now) })
    }
}
