//! The conditions of a token: what a policy file says.

use dure_sdk::{
    domain::registry::{MerchantSet, MerchantSetError},
    prelude::*,
};

/// The conditions of a token. Every unit has the same ones.
///
/// A transfer to a registered merchant is a *purchase* where `merchants` says which; every other
/// transfer is a *gift*.
#[dure::ty]
pub struct Conditions {
    /// First block time at which units move; none: at once.
    pub from: Option<TimestampMs>,
    /// First block time at which they no longer do; none: never.
    pub until: Option<TimestampMs>,
    /// Where units are spent; none: anybody is paid, and nothing is a purchase.
    pub merchants: Option<MerchantSet>,
    /// Who may be issued and given units. Merchants are paid, whether admitted or not.
    pub hold: Access,
    /// Who may pay and give.
    pub spend: Access,
    /// Whether units can be given to who is no merchant.
    pub gifts: bool,
    /// Who may give units back to the issuer.
    pub redeem: Redeemers,
    /// Bounds of amounts.
    pub caps: Limits,
}

/// Whether accounts need to be admitted.
#[dure::ty]
#[derive(Copy)]
pub enum Access {
    /// They need not.
    Anyone,
    /// They do.
    Admitted,
}

/// Who may give units back to the issuer.
#[dure::ty]
#[derive(Copy)]
pub enum Redeemers {
    /// Whoever holds them.
    Anyone,
    /// Registered merchants, closed ones too, unless they are suspended.
    Merchants,
    /// Nobody.
    Nobody,
}

/// Bounds of amounts, themselves included; none: unbounded. Months are calendar months in Korea.
#[dure::ty]
#[derive(Copy)]
pub struct Limits {
    /// Of one purchase.
    pub per_purchase: Option<Amount>,
    /// Of the purchases of a person in a month.
    pub spent_per_month: Option<Amount>,
    /// Of what an account holds after it was issued or given units.
    pub held: Option<Amount>,
    /// Of what is issued to a person in a month.
    pub issued_per_month: Option<Amount>,
    /// Of all that is ever issued.
    pub issued_in_total: Option<Amount>,
}

/// One condition, by its name in a policy file.
#[dure::ty]
#[derive(Copy)]
pub enum Condition {
    /// `period.first_day`
    FirstDay,
    /// `period.last_day`
    LastDay,
    /// `merchants`
    Merchants,
    /// `permission.hold`
    Hold,
    /// `permission.spend`
    Spend,
    /// `permission.gifts`
    Gifts,
    /// `permission.redeem`
    Redeem,
    /// `caps.per_purchase`
    PerPurchase,
    /// `caps.spent_per_month`
    SpentPerMonth,
    /// `caps.held`
    Held,
}

/// Says why these are no conditions.
#[dure::ty]
#[derive(Copy)]
pub enum ConditionsError {
    /// The period is over before it begins.
    EmptyPeriod {
        /// When it begins.
        from: TimestampMs,
        /// When it is over.
        until: TimestampMs,
    },
    /// A condition of purchases, where nothing is a purchase.
    NeedsMerchants {
        /// The condition.
        condition: Condition,
    },
    /// The set of merchants is none.
    BadSet(MerchantSetError),
}

impl Conditions {
    /// No conditions: a plain token.
    pub const NONE: Self = Self {
        from: None,
        until: None,
        merchants: None,
        hold: Access::Anyone,
        spend: Access::Anyone,
        gifts: true,
        redeem: Redeemers::Anyone,
        caps: Limits::NONE,
    };

    /// Checks conditions that came from outside.
    ///
    /// # Errors
    /// [`ConditionsError`]
    pub fn check(&self) -> Result<(), ConditionsError> {
        if let (Some(from), Some(until)) = (self.from, self.until) {
            ensure!(from < until, ConditionsError::EmptyPeriod { from, until });
        }
        if let Some(set) = &self.merchants {
            return set.check().map_err(ConditionsError::BadSet);
        }
        let of_purchases = [
            (!self.gifts, Condition::Gifts),
            (self.caps.per_purchase.is_some(), Condition::PerPurchase),
            (self.caps.spent_per_month.is_some(), Condition::SpentPerMonth),
        ];
        match of_purchases.iter().find(|(set, _)| *set) {
            Some((_, condition)) => Err(ConditionsError::NeedsMerchants { condition: *condition }),
            None => Ok(()),
        }
    }

    /// The first condition that is worse for a holder than in the other; none when these are at
    /// least as good in every respect. What the issuer bounds of its own issues is not the
    /// holder's.
    #[must_use]
    pub fn worse_than(&self, other: &Self) -> Option<Condition> {
        let (caps, others) = (&self.caps, &other.caps);
        let wider = match (&self.merchants, &other.merchants) {
            (None, None) => true,
            // What was a purchase is a gift then. Where merchants redeem, a closed one could redeem
            // what it took, and not where gifts reach it.
            (None, Some(_)) => {
                self.gifts
                    && self.hold == Access::Anyone
                    && caps.held.is_none()
                    && self.redeem != Redeemers::Merchants
            }
            (Some(_), None) => false,
            (Some(set), Some(of_other)) => set.includes(of_other),
        };
        let kept = [
            (self.from <= other.from, Condition::FirstDay),
            (at_least(self.until, other.until), Condition::LastDay),
            (wider, Condition::Merchants),
            (self.hold.allows(other.hold), Condition::Hold),
            (self.spend.allows(other.spend), Condition::Spend),
            (self.gifts || !other.gifts, Condition::Gifts),
            (self.redeem.allows(other.redeem), Condition::Redeem),
            (at_least(caps.per_purchase, others.per_purchase), Condition::PerPurchase),
            (at_least(caps.spent_per_month, others.spent_per_month), Condition::SpentPerMonth),
            (at_least(caps.held, others.held), Condition::Held),
        ];
        kept.iter().find(|(kept, _)| !kept).map(|(_, condition)| *condition)
    }
}

impl Limits {
    /// No bounds.
    pub const NONE: Self = Self {
        per_purchase: None,
        spent_per_month: None,
        held: None,
        issued_per_month: None,
        issued_in_total: None,
    };
}

impl Access {
    fn allows(self, other: Self) -> bool {
        self == Self::Anyone || other == Self::Admitted
    }
}

impl Redeemers {
    fn allows(self, other: Self) -> bool {
        self == Self::Anyone || other == Self::Nobody || self == other
    }
}

/// Whether a bound leaves at least as much as another; none is unbounded.
fn at_least<T: PartialOrd>(bound: Option<T>, other: Option<T>) -> bool {
    match (bound, other) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(bound), Some(other)) => bound >= other,
    }
}
