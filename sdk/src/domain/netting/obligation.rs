//! What is owed, and what can go wrong.

use crate::{Amount, Hash, TimestampMs};

/// What one member owes another.
#[crate::ty]
#[derive(Copy)]
pub struct Obligation {
    /// Who is owed.
    pub creditor: u32,
    /// How much, without penalties.
    pub amount: Amount,
    /// Penalties for each time it was carried.
    pub penalty: Amount,
    /// What is taken out later has a higher one.
    pub priority: u8,
    /// When it was entered.
    pub entered: TimestampMs,
    /// The cycle that it is in.
    pub cycle: u64,
}

impl Obligation {
    /// What is owed.
    #[must_use]
    pub const fn owed(&self) -> Amount {
        self.amount.saturating_add(self.penalty)
    }

    pub(super) const fn rank(&self, id: Hash) -> Rank {
        Rank { priority: self.priority, newest: u64::MAX - self.entered.0, id }
    }
}

/// The order in which a debtor's obligations are taken out.
#[crate::ty(key)]
#[derive(Copy, PartialOrd, Ord)]
pub struct Rank {
    /// The lowest first.
    pub priority: u8,
    /// How long before the last of all instants it was entered: the newest first.
    pub newest: u64,
    /// Its id.
    pub id: Hash,
}

/// An obligation of a cycle, as a recount sees it.
#[crate::ty]
#[derive(Copy)]
pub struct Debt {
    /// Who owes.
    pub debtor: u32,
    /// Which one.
    pub rank: Rank,
    /// Who is owed.
    pub creditor: u32,
    /// How much, penalties included.
    pub owed: Amount,
}

/// A position.
#[crate::ty]
#[derive(Copy)]
pub enum Net {
    /// The member owes so much more than it is owed.
    Pays(Amount),
    /// The member is owed so much more than it owes, or just as much.
    Receives(Amount),
}

impl Net {
    /// What is owed to a member less what it owes.
    #[must_use]
    pub const fn of(due: Amount, owed: Amount) -> Self {
        match due.checked_sub(owed) {
            Some(rest) => Self::Receives(rest),
            None => Self::Pays(owed.saturating_sub(due)),
        }
    }
}

/// The cycle that is open.
#[crate::ty]
#[derive(Copy)]
pub struct Open {
    /// Its number, from 0.
    pub number: u64,
    /// When it was opened.
    pub opened: TimestampMs,
}

/// Says why nothing was changed.
#[crate::ty]
#[derive(Copy)]
pub enum NettingError {
    /// There are as many members as there may be.
    Full {
        /// How many there may be.
        limit: u32,
    },
    /// There is no such member.
    NoMember {
        /// The number asked for.
        member: u32,
    },
    /// Nobody owes himself.
    Same {
        /// The member.
        member: u32,
    },
    /// An amount of nought.
    Nought,
    /// More than can be counted.
    TooMuch {
        /// The amount.
        amount: Amount,
        /// The greatest.
        limit: Amount,
    },
    /// The debtor has an obligation of that id.
    Exists {
        /// The id.
        id: Hash,
    },
    /// The debtor would owe more than its cap.
    AboveCap {
        /// The debtor.
        member: u32,
        /// What it may still come to owe in this cycle.
        left: Amount,
        /// What was to be owed.
        wanted: Amount,
    },
    /// The member has put in less.
    Short {
        /// The member.
        member: u32,
        /// What it has.
        funds: Amount,
        /// What was to be taken.
        wanted: Amount,
    },
    /// A cycle was cut and not settled yet: funds stand still until its close goes on.
    Closing {
        /// The cycle.
        cycle: u64,
    },
    /// The books do not match what was counted.
    Mismatch {
        /// The member, or the number of members for a sum over all.
        member: u32,
        /// What the books say.
        books: Net,
        /// What was counted.
        counted: Net,
    },
}
