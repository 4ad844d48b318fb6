//! A lot, and what can go wrong with one.

use super::PaymentId;
use crate::{
    Amount, TimestampMs,
    domain::{calendar::Month, share::floor},
};

/// What kind of money it is, in the order in which it is spent.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub enum Class {
    /// An allowance for a purpose.
    Policy,
    /// Cashback or a promotion.
    Bonus,
    /// Bought, or received as a gift from somebody who bought it.
    Own,
}

/// What a lot is. Keys sort in the order in which lots are spent.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct LotKey {
    /// What kind of money.
    pub class: Class,
    /// When it is over.
    pub expiry: TimestampMs,
    /// Which allowance or promotion it came from; 0 of own money.
    #[codec(compact)]
    pub programme: u32,
    /// Number of the set of merchants where it may be spent.
    #[codec(compact)]
    pub set: u32,
    /// Number of the holder's purchase, from 1; 0 of everything else.
    #[codec(compact)]
    pub purchase: u64,
}

impl Class {
    /// Where the lots of the class begin.
    pub(super) const fn first_key(self) -> LotKey {
        LotKey { class: self, expiry: TimestampMs::ZERO, programme: 0, set: 0, purchase: 0 }
    }
}

impl LotKey {
    /// Whether the holder bought it.
    #[must_use]
    pub fn is_bought(&self) -> bool {
        self.class == Class::Own && self.purchase != 0
    }

    /// Whether the holder was given it by who bought it.
    pub(super) fn is_gift(&self) -> bool {
        self.class == Class::Own && self.purchase == 0
    }
}

/// A lot. All but `remaining` is nought unless it is own money; of a gift, `face` and `paid` are
/// its price, whatever is there of it.
#[crate::ty]
#[derive(Copy, Default)]
pub struct Lot {
    /// What was bought.
    pub face: Amount,
    /// What was paid for it, less the bonus that came with it.
    pub paid: Amount,
    /// The bonus that came with it, which stays when it is refunded.
    pub bonus: Amount,
    /// What is there.
    pub remaining: Amount,
    /// What was given to others: not use.
    pub gifted: Amount,
    /// What was refunded: not use.
    pub refunded: Amount,
    /// When it was bought.
    pub bought: TimestampMs,
}

impl Lot {
    /// Divides so much of it between who bought it and who added to it: the buyer gets
    /// `floor(amount x paid / face)`.
    #[must_use]
    pub fn divide(&self, amount: Amount) -> Division {
        let to_holder = self.paid_for(amount);
        let all = floor(amount, self.paid.saturating_add(self.bonus), self.face);
        let kept = all.unwrap_or(Amount::ZERO).saturating_sub(to_holder);
        let (to_pool, unkept) = (amount.saturating_sub(to_holder), Amount::ZERO);
        Division { amount, to_holder, to_pool, kept, unkept }
    }

    /// What was paid for so much of it, rounded down.
    pub(super) fn paid_for(&self, amount: Amount) -> Amount {
        floor(amount, self.paid, self.face).unwrap_or(Amount::ZERO)
    }

    /// Makes two lots of one key one lot. A gift has one price: of two, each is rounded down for
    /// what is there of it.
    pub(super) fn join(&mut self, key: &LotKey, other: &Self) -> Option<()> {
        let mut other = *other;
        if key.is_gift() && self.face != Amount::ZERO && other.face != Amount::ZERO {
            for lot in [&mut *self, &mut other] {
                (lot.face, lot.paid) = (lot.remaining, lot.paid_for(lot.remaining));
            }
        }
        self.remaining = self.remaining.checked_add(other.remaining)?;
        // Each is part of what was bought and never more than can be counted for real money.
        for (sum, more) in [
            (&mut self.face, other.face),
            (&mut self.paid, other.paid),
            (&mut self.bonus, other.bonus),
            (&mut self.gifted, other.gifted),
            (&mut self.refunded, other.refunded),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.bought = self.bought.max(other.bought);
        Some(())
    }
}

/// Who gets what of own money that is given up: by a refund, or by its expiry.
#[crate::ty]
#[derive(Copy, Default)]
pub struct Division {
    /// What was given up.
    pub amount: Amount,
    /// What the holder gets.
    pub to_holder: Amount,
    /// What goes back to the pool.
    pub to_pool: Amount,
    /// What of that is kept back for the bonus that came with the purchase.
    pub kept: Amount,
    /// What parts divided before kept back too much, by their rounding: a unit, or nought.
    pub unkept: Amount,
}

impl Division {
    /// Who gets what of a part: of all so far, less of what was divided before.
    ///
    /// What the holder gets and what it gets with the price of the bonus are each rounded down for
    /// all that is divided, so their difference may shrink.
    pub(super) fn less(&self, before: &Self) -> Self {
        let amount = self.amount.saturating_sub(before.amount);
        let own = self.to_holder.saturating_sub(before.to_holder);
        let with_bonus = |of: &Self| of.to_holder.saturating_add(of.kept);
        let all = with_bonus(self).saturating_sub(with_bonus(before));
        let to_holder = own.min(all);
        Self {
            amount,
            to_holder,
            to_pool: amount.saturating_sub(to_holder),
            kept: all.saturating_sub(to_holder),
            unkept: own.saturating_sub(to_holder),
        }
    }
}

/// A lot that expired, and who gets it: of bonus and allowances all goes to their source.
#[crate::ty]
#[derive(Copy)]
pub struct Ended {
    /// The lot, and what was left of it.
    pub lot: Taken,
    /// When it was bought; nought where no bonus came with what was cancelled too late.
    pub bought: TimestampMs,
    /// What became of own money: the holder can claim `to_holder`.
    pub division: Division,
}

/// So much of a lot.
#[crate::ty]
#[derive(Copy)]
pub struct Taken {
    /// The lot.
    pub key: LotKey,
    /// How much of it.
    pub amount: Amount,
}

/// Sums over what a holder has.
#[crate::ty]
#[derive(Copy, Default)]
pub struct Wallet {
    /// What remains of own money.
    #[codec(compact)]
    pub own: Amount,
    /// What remains of bonus.
    #[codec(compact)]
    pub bonus: Amount,
    /// What remains of allowances.
    #[codec(compact)]
    pub policy: Amount,
    /// Open lots that the holder bought.
    #[codec(compact)]
    pub bought_lots: u32,
    /// Open lots that the holder was given.
    #[codec(compact)]
    pub gift_lots: u32,
}

/// What holds for a person, whichever account acts.
#[crate::ty]
#[derive(Copy, Default)]
pub struct Standing {
    /// Cashback that could not be clawed back.
    #[codec(compact)]
    pub debt: Amount,
    /// Purchases so far.
    #[codec(compact)]
    pub purchases: u64,
    /// The month of the last payment that earned.
    pub base_month: Month,
    /// What earned in that month.
    #[codec(compact)]
    pub base_used: Amount,
}

impl Wallet {
    /// The sum of a class.
    #[must_use]
    pub const fn of(&self, class: Class) -> Amount {
        match class {
            Class::Policy => self.policy,
            Class::Bonus => self.bonus,
            Class::Own => self.own,
        }
    }

    /// The count of open lots of a key's kind; bonus and allowances are not counted.
    pub(super) fn count_mut(&mut self, key: &LotKey) -> Option<&mut u32> {
        match (key.class, key.purchase) {
            (Class::Own, 0) => Some(&mut self.gift_lots),
            (Class::Own, _) => Some(&mut self.bought_lots),
            _ => None,
        }
    }

    pub(super) fn of_mut(&mut self, class: Class) -> &mut Amount {
        match class {
            Class::Policy => &mut self.policy,
            Class::Bonus => &mut self.bonus,
            Class::Own => &mut self.own,
        }
    }
}

/// Says why lots did not change. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum LotsError {
    /// The holder has less that can be spent there.
    Short {
        /// What can be spent there.
        left: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// The amount would take too many lots.
    TooManyParts {
        /// What the lots that may be taken cover.
        covered: Amount,
        /// What was wanted.
        wanted: Amount,
        /// How many lots may be taken.
        limit: u32,
    },
    /// The holder has as many open purchases as one may have.
    TooManyLots {
        /// How many one may have.
        limit: u32,
    },
    /// The receiver has as many open gifts of different expiry or place as one may have.
    TooManyGifts {
        /// How many one may have.
        limit: u32,
    },
    /// Who owes cashback gives nothing away.
    Indebted {
        /// What is owed.
        debt: Amount,
    },
    /// Nothing can be done with nought.
    Nought,
    /// The greatest amount would be exceeded.
    TooMuch {
        /// What was to be added.
        amount: Amount,
    },
    /// A subsidy above the whole, or more paid than bought.
    BadPrice {
        /// What was to be bought.
        face: Amount,
        /// What was to be paid.
        paid: Amount,
    },
    /// Money of that class is not issued so: own money is bought, the rest granted.
    WrongClass {
        /// The class.
        class: Class,
    },
    /// It would have expired before it is there.
    Expired {
        /// Its expiry.
        expiry: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
    /// The holder has no such lot open.
    UnknownLot {
        /// Its key.
        key: LotKey,
    },
    /// What was not bought is not refunded.
    NotRefundable {
        /// Its key.
        key: LotKey,
    },
    /// Too little of the purchase is used.
    UsedTooLittle {
        /// What is used.
        used: Amount,
        /// What was bought.
        face: Amount,
        /// The share of it that must be used, in percent.
        percent: u32,
    },
    /// The share is outside what the law allows.
    BadThreshold {
        /// The share, in percent.
        percent: u32,
        /// The least.
        least: u32,
        /// The greatest.
        greatest: u32,
    },
    /// Another payment has that id.
    PaymentExists {
        /// Its id.
        id: PaymentId,
    },
    /// There is no such payment.
    UnknownPayment {
        /// Its id.
        id: PaymentId,
    },
    /// More was to be cancelled than remains of the payment.
    AbovePayment {
        /// What remains of it.
        left: Amount,
        /// What was to be cancelled.
        wanted: Amount,
    },
}
