//! What a payment earns.

use super::{LotKey, Lots, Plan, Standing};
use crate::{
    Amount, Hash, TimestampMs,
    domain::{calendar::Month, share::basis_points},
};

/// The terms of cashback at a payment.
#[crate::ty]
#[derive(Copy)]
pub struct Earning {
    /// The rate of the merchant's tier, in basis points.
    pub tier_bp: u32,
    /// What of a month's own money earns.
    pub base_cap: Amount,
    /// The lot that the cashback becomes: bonus, with its expiry and its set.
    pub credit: LotKey,
}

/// What a payment earns.
#[crate::ty]
#[derive(Copy)]
pub struct Earned {
    /// What of the month's base was left.
    #[codec(compact)]
    pub base_room: Amount,
    /// The rate, in basis points.
    #[codec(compact)]
    pub tier_bp: u32,
    /// What earns: own money up to the room.
    #[codec(compact)]
    pub eligible: Amount,
    /// The cashback.
    #[codec(compact)]
    pub cashback: Amount,
}

impl Earned {
    /// A payment that earns nothing: no programme, or a pool that is short and a policy that says
    /// nought then (C2).
    pub const NOTHING: Self = Self {
        base_room: Amount::ZERO,
        tier_bp: 0,
        eligible: Amount::ZERO,
        cashback: Amount::ZERO,
    };

    /// The same terms on another amount of own money: what remains after a cancel (C5).
    pub(super) fn again(&self, own: Amount) -> Self {
        let eligible = own.min(self.base_room);
        // A rate above the whole could leave the range; what `Lots::earn` accepted did not, on more
        // money than this.
        let cashback = basis_points(eligible, self.tier_bp).unwrap_or(self.cashback);
        Self { eligible, cashback, ..*self }
    }
}

/// What a payment by a plan earns, and how the person stood when it was asked.
#[derive(Clone, Copy, Debug)]
pub struct Accrual {
    /// What it earns.
    pub earned: Earned,
    pub(super) standing: Standing,
    /// The month of the payment.
    pub(super) month: Month,
}

impl Accrual {
    /// Of a payment that earns nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { earned: Earned::NOTHING, standing: Standing::default(), month: Month::default() }
    }
}

impl Lots {
    /// What a payment by this plan would earn: draw it from the pool, then pay.
    #[must_use]
    pub fn earn(&self, person: Hash, plan: &Plan, terms: &Earning, now: TimestampMs) -> Accrual {
        let standing = self.standing(person);
        let month = Month::of(now);
        let used = if standing.base_month == month { standing.base_used } else { Amount::ZERO };
        let base_room = terms.base_cap.saturating_sub(used);
        let tier_bp = terms.tier_bp;
        let earned = Earned { base_room, tier_bp, ..Earned::NOTHING }.again(plan.own());
        Accrual { earned, standing, month }
    }
}
