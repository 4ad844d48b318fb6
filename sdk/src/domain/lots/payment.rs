//! Payments, and their cancels.

use super::{
    Accrual, Class, Division, Earned, Ended, Lot, LotKey, Lots, LotsError, Plan, Standing, Taken,
    purse::Purse,
};
use crate::{
    Address, Amount, Hash, TimestampMs,
    domain::calendar::{Month, is_live},
};
use alloc::vec::Vec;

/// Names a payment: the id that came with it.
pub type PaymentId = Hash;

/// An id that no payment had when it was asked for: see [`Lots::new_id`].
#[derive(Debug)]
pub struct NewId(PaymentId);

/// Who pays whom, when, under which id.
#[derive(Debug)]
pub struct PaymentOrder {
    /// The id of the payment, of this very moment.
    pub id: NewId,
    /// Whose lots are taken.
    pub payer: Address,
    /// Who that is.
    pub person: Hash,
    /// Who is paid.
    pub payee: Address,
    /// When.
    pub time: TimestampMs,
}

/// A part of a payment: so much of a lot, and how it was bought.
#[crate::ty]
#[derive(Copy)]
pub struct Part {
    /// The lot.
    pub key: LotKey,
    /// How much of it.
    #[codec(compact)]
    pub amount: Amount,
    /// Face and price of the purchase or the gift that it came from; of other money none.
    pub price: Option<(Amount, Amount)>,
    /// The bonus that came with that purchase, and when it was bought.
    pub bonus: Option<(Amount, TimestampMs)>,
}

impl Part {
    /// So much of a lot.
    pub(super) fn of(key: LotKey, amount: Amount, lot: &Lot) -> Self {
        let price = (key.class == Class::Own).then_some((lot.face, lot.paid));
        let bonus = (lot.bonus != Amount::ZERO).then_some((lot.bonus, lot.bought));
        Self { key, amount, price, bonus }
    }

    /// Divides it by its price, after so much of the same part was divided before: several cancels
    /// of one part divide it as one would, each rounded down for all so far.
    fn divide(&self, before: Amount) -> Division {
        let ((face, paid), (bonus, _)) =
            (self.price.unwrap_or_default(), self.bonus.unwrap_or_default());
        let price = Lot { face, paid, bonus, ..Lot::default() };
        price.divide(before.saturating_add(self.amount)).less(&price.divide(before))
    }

    /// The part without its price.
    pub(super) const fn taken(&self) -> Taken {
        Taken { key: self.key, amount: self.amount }
    }
}

/// What is kept of a payment.
#[crate::ty]
pub struct Payment {
    /// Who paid. After a recovery the lots are with its successor.
    pub payer: Address,
    /// Who that is.
    pub person: Hash,
    /// Who was paid.
    pub payee: Address,
    /// When.
    pub time: TimestampMs,
    /// How much, before cancels.
    #[codec(compact)]
    pub amount: Amount,
    /// What was taken and not given back, in the order in which it was taken.
    pub taken: Vec<Part>,
    /// What of the last of them was given back at a price of its own, and not to the lot as it was.
    #[codec(compact)]
    pub divided: Amount,
    /// What it earned, on all of it.
    pub earned: Earned,
    /// What the payer got of that.
    #[codec(compact)]
    pub credited: Amount,
    /// The lot that the cashback went to.
    pub credit: Option<LotKey>,
    /// What cancels clawed back.
    pub clawed: Vec<Taken>,
    /// What cancels left as a debt.
    #[codec(compact)]
    pub owed: Amount,
    /// What of that was paid.
    #[codec(compact)]
    pub settled: Amount,
}

/// What became of a cashback.
#[crate::ty]
#[derive(Copy)]
pub struct Credited {
    /// What paid a debt: it goes back to the pool.
    pub recovered: Amount,
    /// What the holder got.
    pub credited: Amount,
}

/// What became of a cancel.
#[crate::ty]
#[derive(Default)]
pub struct Cancelled {
    /// What the holder can spend again.
    pub spendable: Amount,
    /// What expired meanwhile: bonus and allowances go to their source, of own money the holder's
    /// part is its unclaimed claim by now.
    pub expired: Vec<Ended>,
    /// Cashback taken back: it goes to the pool, booked in the month of the cancel (C2).
    pub recovered: Amount,
    /// Cashback that was not there: the holder's debt.
    pub owed: Amount,
}

impl Lots {
    /// Checks that a payment's id is new.
    ///
    /// # Errors
    /// `PaymentExists` when it is not.
    pub fn new_id(&self, id: PaymentId) -> Result<NewId, LotsError> {
        crate::ensure!(!self.payments.contains(&id), LotsError::PaymentExists { id });
        Ok(NewId(id))
    }

    /// Pays by a plan of this very moment, and credits what it earned. `credit` is the lot for it.
    ///
    /// # Errors
    /// `WrongClass` when the lot is not bonus, and `TooMuch`; nothing is changed then, except by
    /// `TooMuch`: let the call fail.
    pub fn pay(
        &mut self,
        order: PaymentOrder,
        plan: Plan,
        accrual: &Accrual,
        credit: LotKey,
    ) -> Result<Credited, LotsError> {
        let PaymentOrder { id: NewId(id), payer, person, payee, time } = order;
        let (class, purchase) = (credit.class, credit.purchase);
        let bonus = class == Class::Bonus && purchase == 0;
        crate::ensure!(bonus, LotsError::WrongClass { class });
        let Plan { mut purse, parts: taken } = plan;
        for part in &taken {
            self.reduce(payer, &mut purse, part.taken(), |_, _| {})?;
        }
        let earned = accrual.earned;
        let recovered = self.count_earned(person, accrual);
        let credited = earned.cashback.saturating_sub(recovered);
        if credited != Amount::ZERO {
            self.put(payer, &mut purse, Taken { key: credit, amount: credited })?;
        }
        self.keep(payer, purse);
        let payment = Payment {
            payer,
            person,
            payee,
            time,
            amount: sum(taken.iter().map(|part| part.amount)),
            taken,
            divided: Amount::ZERO,
            earned,
            credited,
            credit: (earned.cashback != Amount::ZERO).then_some(credit),
            clawed: Vec::new(),
            owed: Amount::ZERO,
            settled: Amount::ZERO,
        };
        self.payments.set(&id, &payment);
        Ok(Credited { recovered, credited })
    }

    /// Counts what earned in the person's month, and says what of the cashback pays its debt.
    fn count_earned(&mut self, person: Hash, accrual: &Accrual) -> Amount {
        let Accrual { earned, mut standing, month } = *accrual;
        if earned.eligible == Amount::ZERO {
            return Amount::ZERO;
        }
        if standing.base_month != month {
            standing.base_month = month;
            standing.base_used = Amount::ZERO;
        }
        standing.base_used = standing.base_used.saturating_add(earned.eligible);
        let recovered = standing.debt.min(earned.cashback);
        standing.debt = standing.debt.saturating_sub(recovered);
        self.standings.set(&person, &standing);
        recovered
    }

    /// Cancels a payment, or a part of it: gives back in the reverse of consumption, and claws back
    /// what it earned on that. `holder` is who has the payer's lots now: the payer, unless it was
    /// recovered.
    ///
    /// # Errors
    /// `UnknownPayment`, `Nought` and `AbovePayment`; nothing is changed then.
    pub fn cancel(
        &mut self,
        id: PaymentId,
        holder: Address,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Cancelled, LotsError> {
        let mut payment = self.payments.get(&id).ok_or(LotsError::UnknownPayment { id })?;
        crate::ensure!(amount != Amount::ZERO, LotsError::Nought);
        let left = sum(payment.taken.iter().map(|part| part.amount));
        crate::ensure!(amount <= left, LotsError::AbovePayment { left, wanted: amount });
        let person = payment.person;
        let (mut purse, mut standing) = (self.purse(holder), self.standing(person));
        let own_before = own_part(&payment.taken);
        let clawed_before = self.unclaw(holder, &mut purse, &mut standing, &mut payment)?;
        let debt_before = standing.debt.saturating_add(payment.owed);
        let mut cancelled = self.give_back(holder, &mut purse, &mut payment, amount, now)?;

        let own = own_part(&payment.taken);
        let before = payment.earned.again(own_before);
        let after = payment.earned.again(own);
        let month = Month::of(now);
        if standing.base_month == month && Month::of(payment.time) == month {
            let restored = before.eligible.saturating_sub(after.eligible);
            standing.base_used = standing.base_used.saturating_sub(restored);
        }
        // What all cancels so far take back, less what was paid of it since.
        let due = payment.earned.cashback.saturating_sub(after.cashback);
        let due = due.saturating_sub(payment.settled);
        payment.clawed = self.claw(holder, &mut purse, payment.credit, due)?;
        let clawed = sum(payment.clawed.iter().map(|part| part.amount));
        payment.owed = due.saturating_sub(clawed);
        standing.debt = standing.debt.saturating_add(payment.owed);
        cancelled.recovered = clawed.saturating_sub(clawed_before);
        cancelled.owed = standing.debt.saturating_sub(debt_before);
        self.keep(holder, purse);
        self.standings.set(&person, &standing);
        self.payments.set(&id, &payment);
        Ok(cancelled)
    }

    /// A payment, with what remains of it.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<Payment> {
        self.payments.get(&id)
    }

    /// Returns what earlier cancels of the payment clawed back and takes its debt off, for the claw
    /// anew. Says how much was returned.
    fn unclaw(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        standing: &mut Standing,
        payment: &mut Payment,
    ) -> Result<Amount, LotsError> {
        let clawed = core::mem::take(&mut payment.clawed);
        for part in &clawed {
            self.put(holder, purse, *part)?;
        }
        let open = payment.owed.min(standing.debt);
        let paid = payment.owed.saturating_sub(open);
        payment.settled = payment.settled.saturating_add(paid);
        payment.owed = open;
        standing.debt = standing.debt.saturating_sub(open);
        Ok(sum(clawed.iter().map(|part| part.amount)))
    }

    /// Gives back from the end of what was taken.
    fn give_back(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        payment: &mut Payment,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Cancelled, LotsError> {
        let (mut left, mut given) = (amount, Cancelled::default());
        while let Some(last) = payment.taken.last_mut().filter(|_| left != Amount::ZERO) {
            let (key, divided) = (last.key, payment.divided);
            let back = Part { amount: last.amount.min(left), ..*last };
            last.amount = last.amount.saturating_sub(back.amount);
            left = left.saturating_sub(back.amount);
            let is_last = last.amount == Amount::ZERO;
            let as_it_was = if is_live(now, key.expiry) {
                given.spendable = given.spendable.saturating_add(back.amount);
                self.return_part(holder, purse, back, divided)?
            } else {
                given.expired.push(self.end_part(holder, back, divided));
                false
            };
            if is_last {
                payment.taken.pop();
                payment.divided = Amount::ZERO;
            } else if !as_it_was {
                payment.divided = divided.saturating_add(back.amount);
            }
        }
        Ok(given)
    }

    /// Returns a part to the lot that it was taken from; says whether to that lot as it was. A gift
    /// that was joined by one of another price meanwhile gets the part's own price along.
    fn return_part(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        part: Part,
        divided: Amount,
    ) -> Result<bool, LotsError> {
        let Part { key, amount, .. } = part;
        let Some(price) = part.price.filter(|_| key.is_gift()) else {
            self.put(holder, purse, part.taken())?;
            return Ok(true);
        };
        let open = self.find(holder, purse, &key).map(|lot| (lot.face, lot.paid));
        // Once a part has its own price, all of it has: in whatever parts it is given back, what
        // was paid for it is rounded down once.
        if divided == Amount::ZERO && open.is_none_or(|open| open == price) {
            let (face, paid) = if open.is_none() { price } else { Default::default() };
            let lot = Lot { face, paid, remaining: amount, ..Lot::default() };
            self.join(holder, purse, key, &lot)?;
            return Ok(true);
        }
        let paid = part.divide(divided).to_holder;
        let lot = Lot { face: amount, paid, remaining: amount, ..Lot::default() };
        self.join(holder, purse, key, &lot)?;
        Ok(false)
    }

    /// Divides a part of a payment that is over.
    fn end_part(&mut self, holder: Address, part: Part, divided: Amount) -> Ended {
        let lot = part.taken();
        if part.price.is_none() {
            return self.end(holder, lot, Lot::default());
        }
        let (_, bought) = part.bonus.unwrap_or_default();
        let division = part.divide(divided);
        self.owe(holder, division.to_holder);
        Ended { lot, bought, division }
    }

    /// Takes bonus: from one lot first, then from all in order, whether expired or not.
    fn claw(
        &mut self,
        holder: Address,
        purse: &mut Purse,
        first: Option<LotKey>,
        due: Amount,
    ) -> Result<Vec<Taken>, LotsError> {
        let (mut clawed, mut left) = (Vec::new(), due);
        if left == Amount::ZERO {
            return Ok(clawed);
        }
        let first = first.and_then(|key| Some((key, self.find(holder, purse, &key)?)));
        let all = self.each(holder, purse, Some(Class::Bonus.first_key()));
        let all = all.take_while(|(key, _)| key.class == Class::Bonus);
        let others = all.filter(|(key, _)| first.is_none_or(|(first, _)| *key != first));
        for (key, lot) in first.into_iter().chain(others) {
            let amount = lot.remaining.min(left);
            left = left.saturating_sub(amount);
            clawed.push(Taken { key, amount });
            if left == Amount::ZERO {
                break;
            }
        }
        for part in &clawed {
            self.reduce(holder, purse, *part, |_, _| {})?;
        }
        Ok(clawed)
    }
}

/// What of the parts is own money.
pub(super) fn own_part(taken: &[Part]) -> Amount {
    sum(taken.iter().filter(|part| part.key.class == Class::Own).map(|part| part.amount))
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    amounts.fold(Amount::ZERO, Amount::saturating_add)
}
