//! A lot, and what can go wrong with one.

use super::PaymentId;
use crate::{Amount, TimestampMs, domain::calendar::Month};

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
    pub programme: u32,
    /// Number of the set of merchants where it may be spent.
    pub set: u32,
    /// Number of the holder's purchase, from 1; 0 of everything else.
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
}

/// A lot. All but `remaining` is nought unless the holder bought it.
#[crate::ty]
#[derive(Copy, Default)]
pub struct Lot {
    /// What was bought.
    pub face: Amount,
    /// What was paid for it.
    pub paid: Amount,
    /// What is there.
    pub remaining: Amount,
    /// What was given to others: not use.
    pub gifted: Amount,
    /// What was refunded: not use.
    pub refunded: Amount,
    /// When it was bought.
    pub bought: TimestampMs,
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
    pub own: Amount,
    /// What remains of bonus.
    pub bonus: Amount,
    /// What remains of allowances.
    pub policy: Amount,
    /// What could not be clawed back.
    pub debt: Amount,
    /// Open lots of own money.
    pub own_lots: u32,
    /// Purchases so far.
    pub purchases: u64,
    /// The month of the last payment that earned.
    pub base_month: Month,
    /// What earned in that month.
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
    /// The holder has as many open lots of own money as one may have.
    TooManyLots {
        /// How many one may have.
        limit: u32,
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
    /// The account that lots were to be moved to has been used.
    NotFresh,
}
