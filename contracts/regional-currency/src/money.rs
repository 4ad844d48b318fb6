//! What the calls do to money; who may call is asked before.

use crate::{
    error::Error,
    event::{Expired, SchemeScheduled, SchemeWithdrawn, SecondAwaited},
    scheme::Scheme,
    state::{Books, Programme, Quote, RegionalCurrency, Sale},
};
use core::ops::ControlFlow::{self, Break, Continue};
use dure_sdk::{
    codec::Encode,
    crypto::blake3,
    domain::{
        calendar::{Day, Month},
        caps::check_holding,
        lots::{
            Accrual, Cancelled, Class, Division, Earning, Ended, LotKey, LotsError, NewId,
            PaymentId, PaymentOrder, Plan, Purchase,
        },
        policy::{Brackets, Version},
        pool::OnShort,
        roles::{Role, Verdict},
    },
    prelude::*,
};
use merchants::merchants::{RegistryPublished, call as registry};

/// How long the old key may object to a recovery.
pub const RECOVERY_DELAY_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// How long what one issuer asked for waits for a second.
pub const SECOND_AWAITED_MS: u64 = 3 * 24 * 60 * 60 * 1_000;
/// The only class of the supply.
pub(crate) const UNITS: u8 = 0;
/// Programmes of bonus.
const CASHBACK: u32 = 1;
const TOP_UP: u32 = 2;
/// Lots that one act ends on its way.
pub(crate) const EXPIRED_MAX: u32 = 64;
/// Months of the pool that one answer adds.
const MONTHS_MAX: usize = 120;

/// Names a payment: the receipt belongs to payer and merchant, so that nobody takes another's.
#[must_use]
pub fn payment_id(payer: Address, merchant: Address, receipt: Hash) -> PaymentId {
    let mut parts = [0; 96];
    for (part, of) in parts.chunks_exact_mut(32).zip([payer.0, merchant.0, receipt.0]) {
        part.copy_from_slice(&of);
    }
    blake3(&parts)
}

/// Names a cash-out or a claim: its id belongs to who asks.
pub(crate) fn request_id(of: Address, id: Hash) -> Hash {
    blake3(&[of.0, id.0].concat())
}

impl RegionalCurrency {
    pub(crate) fn only(&self, cx: &Cx, role: Role) -> Result<(), Error> {
        Ok(self.roles.check(cx.caller(), role)?)
    }

    pub(crate) fn registry(&self) -> RegistryPublished {
        RegistryPublished::at(self.registry.get())
    }

    /// An account that may hold money: a person's, and not one that was moved. The registry sees to
    /// it that no merchant's account is a person's.
    pub(crate) fn may_hold(&self, account: Address) -> Result<Hash, Error> {
        self.recovery.check(account)?;
        Ok(self.registry().persons().person(account)?)
    }

    /// Checks that a recovery stays with a person.
    pub(crate) fn one_person(&self, account: Address, to: Address) -> Result<(), Error> {
        let (person, other) = (self.registry().persons().person(account)?, self.may_hold(to)?);
        ensure!(person == other, Error::OtherPerson { account, to });
        Ok(())
    }

    pub(crate) fn outstanding(&self) -> Amount {
        self.supply.outstanding(&UNITS)
    }

    /// Whether the issuers' order under this id is carried out; another one under it is refused.
    pub(crate) fn is_done(&self, cx: &Cx, id: Hash, order: Hash) -> Result<bool, Error> {
        let known = self.orders.get(&(cx.address(), id));
        ensure!(known.is_none_or(|known| known == order), Error::IdUsed { id });
        Ok(known.is_some())
    }

    /// Whether an order to put money aside is to be carried out now: once, and when it is more than
    /// an issuer may do alone in a day, after a second one has sent the same.
    pub(crate) fn agreed(
        &mut self,
        cx: &Cx,
        id: Hash,
        order: Hash,
        amount: Amount,
    ) -> Result<ControlFlow<Verdict>, Error> {
        let action = blake3(&(id, order).encode());
        let order = blake3(&(action, amount).encode());
        if self.is_done(cx, id, order)? {
            return Ok(Break(Verdict::Do));
        }
        self.freeze.running()?;
        ensure!(amount > Amount::ZERO, Error::Zero);
        let alone = self.scheme.at(cx.time())?.1.funded_alone;
        let verdict = self.second(cx, action, amount, alone)?;
        if verdict != Verdict::Do {
            return Ok(Break(verdict));
        }
        self.orders.set(&(cx.address(), id), &order);
        Ok(Continue(()))
    }

    /// Asks for an action, or agrees to it as the second issuer. What somebody asked for who is no
    /// issuer any more is not waited for: the key may have been stolen.
    fn second(
        &mut self,
        cx: &Cx,
        action: Hash,
        amount: Amount,
        alone: Amount,
    ) -> Result<Verdict, Error> {
        let (by, now) = (cx.caller(), cx.time());
        let first = self.two_man.asked(action, now);
        if first.is_some_and(|first| !self.roles.has(first, Role::Issuer)) {
            self.two_man.withdraw(action)?;
        }
        let verdict = self.two_man.ask(by, action, amount, alone, now, SECOND_AWAITED_MS)?;
        if let (Verdict::Waits { until }, true) = (verdict, first != Some(by)) {
            cx.emit(&SecondAwaited { action, by, amount, until });
        }
        Ok(verdict)
    }

    /// Agrees as two issuers to what bounds issuers less from an instant on.
    #[inline(never)]
    fn loosened(
        &mut self,
        cx: &Cx,
        how: &str,
        scheme: &Scheme,
        from: TimestampMs,
    ) -> Result<Verdict, Error> {
        let action = blake3(&(how, scheme, from).encode());
        let widest = scheme.funded_alone.max(scheme.supply_cap);
        self.second(cx, action, widest, Amount::ZERO)
    }

    /// Whether a scheme bounds issuers less than the one that holds, or one that will.
    fn loosens(&self, scheme: &Scheme, now: TimestampMs) -> Result<bool, Error> {
        let (mut version, mut other) = self.scheme.at(now)?;
        while !scheme.is_looser_than(&other) {
            let Some(next) = self.scheme.next(version.0) else { return Ok(false) };
            (version, other) = (next, self.scheme.version(next)?);
        }
        Ok(true)
    }

    /// Schedules a scheme; one that bounds issuers less, when a second one has sent the same.
    // Not inlined: all methods become one function, and no function may have more than 64 KiB.
    #[inline(never)]
    pub(crate) fn planned(
        &mut self,
        cx: &Cx,
        scheme: Scheme,
        from: TimestampMs,
    ) -> Result<Verdict, Error> {
        scheme.check()?;
        self.defined(&scheme.sets())?;
        let now = cx.time();
        if self.loosens(&scheme, now)? {
            let verdict = self.loosened(cx, "scheme", &scheme, from)?;
            if verdict != Verdict::Do {
                return Ok(verdict);
            }
        }
        let from = self.scheme.schedule(&scheme, from, now, 0, false)?;
        cx.emit(&SchemeScheduled { from, scheme });
        Ok(Verdict::Do)
    }

    /// Withdraws a scheme; one that bounds issuers more than what holds in its place, when a second
    /// one has sent the same.
    #[inline(never)]
    pub(crate) fn unplanned(&mut self, cx: &Cx, from: Version) -> Result<Verdict, Error> {
        let (now, before) = (cx.time(), TimestampMs(from.0.0.saturating_sub(1)));
        let (scheme, instead) = (self.scheme.version(from)?, self.scheme.at(before.max(now))?.1);
        if now < from.0 && instead.is_looser_than(&scheme) {
            let verdict = self.loosened(cx, "withdrawal", &instead, from.0)?;
            if verdict != Verdict::Do {
                return Ok(verdict);
            }
        }
        self.scheme.withdraw(from, now)?;
        cx.emit(&SchemeWithdrawn { from });
        Ok(Verdict::Do)
    }

    /// Checks that sets of merchants are defined.
    pub(crate) fn defined(&self, sets: &[u32]) -> Result<(), Error> {
        let merchants = self.registry().merchants();
        sets.iter().try_for_each(|set| Ok(merchants.defined(*set)?))
    }

    /// What a person holds that counts against the cap, in all accounts.
    fn held_by(&self, person: Hash) -> Result<Amount, Error> {
        let accounts = self.registry().persons().accounts(person)?;
        let held = accounts.into_iter().map(|account| self.lots.holding(account));
        Ok(held.fold(Amount::ZERO, Amount::saturating_add))
    }

    /// Money leaves the escrow.
    pub(crate) fn pay_out(&mut self, amount: Amount) -> Result<(), Error> {
        let left = |short: Short| Error::Escrow { left: short.left, wanted: short.wanted };
        self.escrow.sub(amount).map_err(left)
    }

    pub(crate) fn burn(&mut self, amount: Amount) -> Result<(), Error> {
        Ok(self.supply.burn(&UNITS, amount)?)
    }

    /// Issues against money of buyers or of a programme, up to what may be out.
    fn mint(&mut self, amount: Amount, cap: Amount) -> Result<(), Error> {
        Ok(self.supply.issue(&UNITS, amount, cap)?)
    }

    /// Issues what was drawn from the pool, which counts it, up to what may be out.
    fn credit(&mut self, drawn: Amount, cap: Amount) -> Result<(), Error> {
        if drawn == Amount::ZERO {
            return Ok(());
        }
        Ok(self.supply.issue_counted(&UNITS, drawn, cap)?)
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
        (holder, person): (Address, Hash),
        amount: Amount,
        now: TimestampMs,
    ) -> Result<(), Error> {
        let Programme { set, end, most } = self.programme(programme)?;
        let granted = self.granted.at(&(programme, person));
        granted.add_within(amount, most).map_err(|above| Error::AboveGrant {
            programme,
            left: above.room,
            wanted: amount,
        })?;
        let cap = self.scheme.at(now)?.1.supply_cap;
        self.spend_budget(programme, amount)?;
        let key = LotKey { class: Class::Policy, expiry: end, programme, set, purchase: 0 };
        self.lots.grant(holder, key, amount, now)?;
        self.mint(amount, cap)
    }

    /// Ends lots that expired: bonus goes to the pool, an allowance to its programme; of own money
    /// the holder can claim what was paid for it, and the city's part goes to the pool.
    pub(crate) fn expire_of(&mut self, cx: &Cx, holder: Address, limit: u32) -> Result<u32, Error> {
        let ended = self.lots.expire(holder, cx.time(), limit);
        self.end_all(cx, holder, &ended)?;
        Ok(ended.len() as u32)
    }

    fn end_all(&mut self, cx: &Cx, holder: Address, ended: &[Ended]) -> Result<(), Error> {
        if ended.is_empty() {
            return Ok(());
        }
        let person = self.registry().persons().person(holder).ok();
        for lot in ended {
            let to_holder = self.end_lot(holder, person, lot, cx.time())?;
            cx.emit(&Expired { holder, lot: lot.lot, to_holder });
        }
        Ok(())
    }

    /// Books a lot that expired, and says what of it the holder can claim.
    fn end_lot(
        &mut self,
        holder: Address,
        person: Option<Hash>,
        ended: &Ended,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let Ended { lot, bought, division } = *ended;
        if lot.key.class == Class::Policy {
            self.burn(lot.amount)?;
            self.budget(lot.key.programme, lot.amount);
            return Ok(Amount::ZERO);
        }
        let Some(person) = person else {
            self.pool_again(division.to_pool, now)?;
            return Ok(division.to_holder);
        };
        let more = if lot.key.programme == TOP_UP {
            self.matched(person, lot.key, lot.amount, Amount::ZERO)
        } else {
            self.not_kept(person, bought, &division)?
        };
        self.lots.owe(holder, more);
        self.pool_again(division.to_pool.saturating_sub(more), now)?;
        Ok(division.to_holder.saturating_add(more))
    }

    /// What of the price of a bonus is not kept back, since that bonus went back to the pool.
    fn not_kept(
        &mut self,
        person: Hash,
        bought: TimestampMs,
        division: &Division,
    ) -> Result<Amount, Error> {
        let Division { kept, unkept, .. } = *division;
        if kept.max(unkept) == Amount::ZERO {
            return Ok(Amount::ZERO);
        }
        let Some(top_up) = self.scheme.at(bought)?.1.top_up else { return Ok(Amount::ZERO) };
        let bonus = bonus_key(TOP_UP, top_up.set, top_up.validity.end(bought)?);
        // What was kept too much is as if so much of the bonus had come back.
        Ok(self.matched(person, bonus, unkept, kept))
    }

    /// Sets bonus that went back to the pool against what was kept back for it, whichever came
    /// first, and says how much of that goes to the holder after all.
    fn matched(&mut self, person: Hash, bonus: LotKey, ended: Amount, kept: Amount) -> Amount {
        let entry = (person, bonus);
        let (was_ended, was_kept) = (self.ended_bonus.get(&entry), self.kept_bonus.get(&entry));
        let ended = was_ended.unwrap_or_default().saturating_add(ended);
        let kept = was_kept.unwrap_or_default().saturating_add(kept);
        let both = ended.min(kept);
        for (of, was, left) in [
            (&mut self.ended_bonus, was_ended, ended.saturating_sub(both)),
            (&mut self.kept_bonus, was_kept, kept.saturating_sub(both)),
        ] {
            match was {
                Some(_) if left == Amount::ZERO => of.remove(&entry),
                was if was.unwrap_or_default() != left => of.set(&entry, &left),
                _ => {}
            }
        }
        both
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
        self.defined(&scheme.sets())?;
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
        check_holding(self.held_by(person)?, added, scheme.holding_cap)?;
        let paid = face.saturating_sub(subsidy);
        let (set, expiry) = (scheme.own_set, scheme.validity.end(now)?);
        // A bonus stays when the purchase is refunded: what it cost is kept back then.
        let bonus_paid = bonus.min(paid);
        let purchase = Purchase {
            face,
            paid: paid.saturating_sub(bonus_paid),
            bonus: bonus_paid,
            set,
            expiry,
        };
        let lot = self.lots.buy(buyer, person, &purchase, now)?;
        if let (Some(top_up), true) = (&scheme.top_up, bonus != Amount::ZERO) {
            let key = bonus_key(TOP_UP, top_up.set, top_up.validity.end(now)?);
            self.lots.grant(buyer, key, bonus, now)?;
        }
        self.mint(paid, scheme.supply_cap)?;
        self.credit(subsidy.saturating_add(bonus), scheme.supply_cap)?;
        self.escrow.add(paid);
        Ok(Sale { buyer, face, paid, subsidy, bonus, lot })
    }

    /// Takes the payer's lots, credits the merchant and the cashback, and says what of that the
    /// payer got.
    pub(crate) fn spend(
        &mut self,
        id: NewId,
        payer: Address,
        merchant: Address,
        amount: Amount,
        time: TimestampMs,
    ) -> Result<Amount, Error> {
        let Offer { person, plan, mut accrual, credit, on_short } =
            self.offer(payer, merchant, amount, time)?;
        let cashback = accrual.earned.cashback;
        if self.draw(cashback, on_short, time)? != cashback {
            accrual = Accrual::nothing();
        }
        let order = PaymentOrder { id, payer, person, payee: merchant, time };
        let credited = self.lots.pay(order, plan, &accrual, credit)?;
        self.credit(accrual.earned.cashback, Amount::MAX)?;
        self.pool_again(credited.recovered, time)?;
        let today = Day::of(time);
        self.receivables.credit(merchant, amount, today, today);
        Ok(credited.credited)
    }

    /// What a payment credited that arrives again; another amount is refused.
    pub(crate) fn paid_before(&self, payment: PaymentId, amount: Amount) -> Result<Amount, Error> {
        let id = payment;
        let paid = self.lots.payment(payment).ok_or(LotsError::UnknownPayment { id })?;
        let before = paid.amount;
        ensure!(before == amount, Error::OtherPayment { payment, amount: before });
        Ok(paid.credited)
    }

    /// What cashback the payer would get; the pool is not asked.
    pub(crate) fn preview_of(
        &self,
        payer: Address,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let Offer { person, accrual, .. } = self.offer(payer, merchant, amount, now)?;
        Ok(accrual.earned.cashback.saturating_sub(self.lots.standing(person).debt))
    }

    /// What a payment would take and earn.
    fn offer(
        &self,
        payer: Address,
        merchant: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Offer, Error> {
        let (_, scheme) = self.scheme.at(now)?;
        let registry = self.registry();
        let person = registry.persons().person(payer)?;
        let merchants = registry.merchants();
        let shop = merchants.payable_by(merchant, person)?;
        let permits = |set| merchants.permits(set, merchant, &shop).is_ok();
        let plan = self.lots.plan(payer, amount, now, permits)?;
        let Some(cashback) = scheme.cashback.filter(|terms| terms.rate_bp(shop.tier) != 0) else {
            let credit = bonus_key(CASHBACK, 0, TimestampMs(u64::MAX));
            let (accrual, on_short) = (Accrual::nothing(), OnShort::Zero);
            return Ok(Offer { person, plan, accrual, credit, on_short });
        };
        let credit = bonus_key(CASHBACK, cashback.set, cashback.validity.end(now)?);
        let (tier_bp, base_cap) = (cashback.rate_bp(shop.tier), cashback.base_cap);
        let accrual = self.lots.earn(person, &plan, &Earning { tier_bp, base_cap, credit }, now);
        Ok(Offer { person, plan, accrual, credit, on_short: cashback.on_short })
    }

    /// Cancels: the merchant bears it, and what the payment earned on it is taken back.
    // Not inlined, as `planned`.
    #[inline(never)]
    pub(crate) fn undo(
        &mut self,
        cx: &Cx,
        payment: PaymentId,
        payer: Address,
        amount: Amount,
    ) -> Result<Cancelled, Error> {
        let now = cx.time();
        let done = self.lots.cancel(payment, payer, amount, now)?;
        self.receivables.take(cx.caller(), amount, Day::of(now))?;
        self.end_all(cx, payer, &done.expired)?;
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
        let (giver, receiver) = (self.may_hold(from)?, self.may_hold(to)?);
        self.given.add(&giver, amount, cap, now)?;
        if giver != receiver {
            check_holding(self.held_by(receiver)?, amount, scheme.holding_cap)?;
        }
        self.lots.give(from, giver, to, amount, now)?;
        Ok(())
    }

    /// Refunds by the terms of the day of the purchase, and says what a debt took of it.
    // Not inlined, as `planned`.
    #[inline(never)]
    pub(crate) fn take_back(
        &mut self,
        holder: Address,
        key: LotKey,
        now: TimestampMs,
    ) -> Result<(Division, Amount), Error> {
        let person = self.may_hold(holder)?;
        ensure!(key.is_bought(), LotsError::NotRefundable { key });
        let lot = self.lots.lot(holder, key).ok_or(LotsError::UnknownLot { key })?;
        let percent = self.scheme.at(lot.bought)?.1.refund_percent;
        let mut division = self.lots.refund(holder, key, percent, now)?;
        if division.amount == lot.face && lot.paid < lot.face {
            self.bought.undo(&person, lot.face, lot.bought, now);
        }
        let more = self.not_kept(person, lot.bought, &division)?;
        division.to_pool = division.to_pool.saturating_sub(more);
        let due = division.to_holder.saturating_add(more);
        let recovered = self.lots.pay_debt(person, due);
        division.to_holder = due.saturating_sub(recovered);
        self.pool_again(division.to_pool.saturating_add(recovered), now)?;
        self.burn(division.to_holder)?;
        self.pay_out(division.to_holder)?;
        Ok((division, recovered))
    }

    /// Sets aside what a holder claims; a debt is paid out of what can be claimed before, and what
    /// that took is said.
    pub(crate) fn claim_of(
        &mut self,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Amount, Error> {
        let person = self.may_hold(holder)?;
        let recovered = self.lots.pay_debt(person, self.lots.unclaimed(holder));
        self.lots.claim(holder, recovered)?;
        self.pool_again(recovered, now)?;
        self.lots.claim(holder, amount)?;
        Ok(recovered)
    }

    pub(crate) fn checked(
        &self,
        first: Month,
        last: Month,
        now: TimestampMs,
    ) -> Result<Books, Error> {
        let (mut pool, mut drawn) = (Amount::ZERO, Amount::ZERO);
        for month in (first.0..=last.0).take(MONTHS_MAX).map(Month) {
            self.pool.audit(month)?;
            pool = pool.saturating_add(self.pool.room(month));
            drawn = drawn.saturating_add(self.pool.drawn(month));
        }
        let (outstanding, budgets) = (self.supply.outstanding(&UNITS), self.budgets_total.get());
        // What was drawn is what was issued besides.
        self.supply.audit_with(&UNITS, outstanding, drawn)?;
        let (escrow, owed) =
            (self.escrow.get(), outstanding.saturating_add(pool).saturating_add(budgets));
        ensure!(escrow == owed, Error::Mismatch { escrow, owed });
        let issued = self.supply.issued(&UNITS).saturating_add(drawn);
        let burned = self.supply.burned(&UNITS);
        Ok(Books { outstanding, issued, burned, escrow, pool, budgets, today: Day::of(now) })
    }
}

/// What a payment would take and earn, and what happens when the pool is short of that.
struct Offer {
    person: Hash,
    plan: Plan,
    accrual: Accrual,
    credit: LotKey,
    on_short: OnShort,
}

const fn bonus_key(programme: u32, set: u32, expiry: TimestampMs) -> LotKey {
    LotKey { class: Class::Bonus, expiry, programme, set, purchase: 0 }
}
