//! Payments, and their cancels.

use super::{Class, Earned, LotKey, Lots, LotsError, Taken, Wallet, cashback::own_part};
use crate::{
    Address, Amount, Hash, TimestampMs,
    domain::calendar::{Month, is_live},
};
use alloc::vec::Vec;

/// Names a payment: the id that came with it.
pub type PaymentId = Hash;

/// What is kept of a payment.
#[crate::ty]
pub struct Payment {
    /// Who paid. After a recovery the lots are with its successor.
    pub payer: Address,
    /// When.
    pub time: TimestampMs,
    /// What was taken and not given back, in the order in which it was taken.
    pub taken: Vec<Taken>,
    /// What it earned, on all of it.
    pub earned: Earned,
    /// The lot that the cashback went to.
    pub credit: Option<LotKey>,
    /// What cancels clawed back.
    pub clawed: Vec<Taken>,
    /// What cancels left as a debt.
    pub owed: Amount,
    /// What of that was paid from later cashback.
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
    /// Expired bonus and allowances: each goes to its source.
    pub expired: Vec<Taken>,
    /// Expired own money: the holder's unclaimed claim.
    pub unclaimed: Amount,
    /// Cashback taken back: it goes to the pool, booked in the month of the cancel (C2).
    pub recovered: Amount,
    /// Cashback that was not there: the holder's debt.
    pub owed: Amount,
}

impl Lots {
    /// Records a payment that `take` made, and credits what it earned. `credit` is the lot for it.
    ///
    /// # Errors
    /// `PaymentExists`, `WrongClass` when the lot is not bonus, and `TooMuch`. What `take` did is
    /// not undone: let the call fail.
    pub fn record(
        &mut self,
        id: PaymentId,
        holder: Address,
        taken: Vec<Taken>,
        earned: Earned,
        credit: LotKey,
        now: TimestampMs,
    ) -> Result<Credited, LotsError> {
        crate::ensure!(!self.payments.contains(&id), LotsError::PaymentExists { id });
        let (class, purchase) = (credit.class, credit.purchase);
        let bonus = class == Class::Bonus && purchase == 0;
        crate::ensure!(bonus, LotsError::WrongClass { class });
        let mut wallet = self.wallet(holder);
        let month = Month::of(now);
        if wallet.base_month != month {
            wallet.base_month = month;
            wallet.base_used = Amount::ZERO;
        }
        wallet.base_used = wallet.base_used.saturating_add(earned.eligible);
        let recovered = wallet.debt.min(earned.cashback);
        wallet.debt = wallet.debt.saturating_sub(recovered);
        let credited = earned.cashback.saturating_sub(recovered);
        if credited != Amount::ZERO {
            self.put(holder, &mut wallet, Taken { key: credit, amount: credited })?;
        }
        self.wallets.set(&holder, &wallet);
        let payment = Payment {
            payer: holder,
            time: now,
            taken,
            earned,
            credit: (earned.cashback != Amount::ZERO).then_some(credit),
            clawed: Vec::new(),
            owed: Amount::ZERO,
            settled: Amount::ZERO,
        };
        self.payments.set(&id, &payment);
        Ok(Credited { recovered, credited })
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
        let left = sum(&payment.taken);
        crate::ensure!(amount <= left, LotsError::AbovePayment { left, wanted: amount });
        let mut wallet = self.wallet(holder);
        let own_before = own_part(&payment.taken);
        let clawed_before = self.unclaw(holder, &mut wallet, &mut payment)?;
        let debt_before = wallet.debt.saturating_add(payment.owed);
        let mut cancelled = self.give_back(holder, &mut wallet, &mut payment.taken, amount, now)?;

        let own = own_part(&payment.taken);
        let before = payment.earned.again(own_before);
        let after = payment.earned.again(own);
        let month = Month::of(now);
        if wallet.base_month == month && Month::of(payment.time) == month {
            let restored = before.eligible.saturating_sub(after.eligible);
            wallet.base_used = wallet.base_used.saturating_sub(restored);
        }
        // What all cancels so far take back, less what later cashback paid of it.
        let due = payment.earned.cashback.saturating_sub(after.cashback);
        let due = due.saturating_sub(payment.settled);
        payment.clawed = self.claw(holder, &mut wallet, payment.credit, due)?;
        let clawed = sum(&payment.clawed);
        payment.owed = due.saturating_sub(clawed);
        wallet.debt = wallet.debt.saturating_add(payment.owed);
        cancelled.recovered = clawed.saturating_sub(clawed_before);
        cancelled.owed = wallet.debt.saturating_sub(debt_before);
        self.wallets.set(&holder, &wallet);
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
        wallet: &mut Wallet,
        payment: &mut Payment,
    ) -> Result<Amount, LotsError> {
        let clawed = core::mem::take(&mut payment.clawed);
        for part in &clawed {
            self.put(holder, wallet, *part)?;
        }
        let open = payment.owed.min(wallet.debt);
        let paid = payment.owed.saturating_sub(open);
        payment.settled = payment.settled.saturating_add(paid);
        payment.owed = open;
        wallet.debt = wallet.debt.saturating_sub(open);
        Ok(sum(&clawed))
    }

    /// Gives back from the end of what was taken.
    fn give_back(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        taken: &mut Vec<Taken>,
        amount: Amount,
        now: TimestampMs,
    ) -> Result<Cancelled, LotsError> {
        let (mut left, mut given) = (amount, Cancelled::default());
        while let Some(last) = taken.last_mut().filter(|_| left != Amount::ZERO) {
            let part = Taken { key: last.key, amount: last.amount.min(left) };
            last.amount = last.amount.saturating_sub(part.amount);
            left = left.saturating_sub(part.amount);
            if last.amount == Amount::ZERO {
                taken.pop();
            }
            let to = if is_live(now, part.key.expiry) {
                self.put(holder, wallet, part)?;
                &mut given.spendable
            } else if part.key.class == Class::Own {
                self.unclaimed.at(&holder).add(part.amount);
                &mut given.unclaimed
            } else {
                given.expired.push(part);
                continue;
            };
            *to = to.saturating_add(part.amount);
        }
        Ok(given)
    }

    /// Takes bonus: from one lot first, then from all in order, whether expired or not.
    fn claw(
        &mut self,
        holder: Address,
        wallet: &mut Wallet,
        first: Option<LotKey>,
        due: Amount,
    ) -> Result<Vec<Taken>, LotsError> {
        let (mut clawed, mut left) = (Vec::new(), due);
        if left == Amount::ZERO {
            return Ok(clawed);
        }
        let first = first.and_then(|key| Some((key, self.open.get(&(holder, key))?)));
        let all = self.of_class(holder, Class::Bonus);
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
            self.reduce(holder, wallet, *part, |_, _| {})?;
        }
        Ok(clawed)
    }
}

fn sum(parts: &[Taken]) -> Amount {
    parts.iter().fold(Amount::ZERO, |sum, part| sum.saturating_add(part.amount))
}
