//! A hold and what can go wrong with it.

use crate::{Address, Amount, Hash, TimestampMs};

/// Names a hold. Whoever makes it chooses; scope it by hashing the maker in where makers are
/// strangers.
pub type HoldId = Hash;

/// Where a hold stands.
#[crate::ty]
#[derive(Copy)]
pub enum HoldState {
    /// It has something and waits.
    Pending,
    /// It was posted and is over.
    Posted,
    /// It was voided.
    Voided,
    /// It ran out.
    Expired,
}

/// Money that waits.
#[crate::ty]
#[derive(Copy)]
pub struct Hold {
    /// Whose money it is.
    pub payer: Address,
    /// Who gets what is posted.
    pub payee: Address,
    /// What was reserved.
    pub reserved: Amount,
    /// What it still has.
    pub left: Amount,
    /// What was posted so far.
    pub captured: Amount,
    /// What of that was given back.
    pub refunded: Amount,
    /// When it is over.
    pub expires: TimestampMs,
    /// Where it stands.
    pub state: HoldState,
}

impl Hold {
    /// In what another hold of the same id would differ from this one.
    pub(super) fn differs(
        &self,
        payer: Address,
        payee: Address,
        amount: Amount,
        expires: TimestampMs,
    ) -> Option<Difference> {
        [
            (self.payer == payer, Difference::Payer),
            (self.payee == payee, Difference::Payee),
            (self.reserved == amount, Difference::Amount),
            (self.expires == expires, Difference::Expiry),
        ]
        .into_iter()
        .find_map(|(same, difference)| (!same).then_some(difference))
    }
}

/// What becomes of the rest when less than all is posted.
#[crate::ty]
#[derive(Copy)]
pub enum Rest {
    /// It stays on hold.
    Keep,
    /// It is free again.
    Release,
}

/// What came of making a hold.
#[crate::ty]
#[derive(Copy)]
pub enum Made {
    /// It was made.
    New,
    /// It had been made before, just so.
    Before,
}

/// In what two holds of one id differ.
#[crate::ty]
#[derive(Copy)]
pub enum Difference {
    /// Whose money it is.
    Payer,
    /// Who gets it.
    Payee,
    /// How much was reserved.
    Amount,
    /// When it is over.
    Expiry,
}

/// Says why a hold or the money of an account did not change. Nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum HoldsError {
    /// The account has less that is free.
    Short {
        /// The account.
        account: Address,
        /// What is free.
        free: Amount,
        /// What was wanted.
        wanted: Amount,
    },
    /// There is no such hold.
    Unknown {
        /// Its id.
        id: HoldId,
    },
    /// Another hold has that id.
    Exists {
        /// The id.
        id: HoldId,
        /// The first thing in which they differ.
        differs: Difference,
    },
    /// A hold of nought holds nothing.
    Nought,
    /// Payer and payee are the same.
    Same {
        /// The account.
        account: Address,
    },
    /// The hold would be over before it begins.
    ExpiresNow {
        /// When it would be over.
        expires: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
    /// The hold was settled before.
    Settled {
        /// Where it stands.
        state: HoldState,
    },
    /// The hold is over.
    Expired {
        /// Since when.
        expires: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
    /// The hold is not over yet.
    NotExpired {
        /// When it will be.
        expires: TimestampMs,
        /// The time of the block.
        now: TimestampMs,
    },
    /// More was to be posted than the hold has.
    AboveHold {
        /// What it has.
        left: Amount,
        /// What was to be posted.
        wanted: Amount,
    },
    /// More was to be given back than was captured and not given back before.
    AboveCaptured {
        /// What can be given back.
        left: Amount,
        /// What was to be.
        wanted: Amount,
    },
}
