//! The policy of a scheme: every number that an ordinance sets, with the instant from which it
//! holds.

use dure_sdk::{
    domain::{
        calendar::Period,
        policy::{Brackets, BracketsError},
        pool::OnShort,
        share::WHOLE_BP,
    },
    prelude::*,
};

/// Tiers of annual sales that a cashback may have rates for.
const TIERS_MAX: usize = 16;
/// What an ordinance may ask to be used before a refund, in percent (rule C6).
const REFUND_PERCENT: (u32, u32) = (60, 80);

/// What holds at a time.
#[dure::ty]
pub struct Scheme {
    /// What the city adds to a purchase, by the month's total of discounted purchases.
    pub discount: Brackets,
    /// What happens to a discount when the month's pool is short.
    pub discount_on_short: OnShort,
    /// Bonus on top of a purchase.
    pub top_up: Option<TopUp>,
    /// What a payment earns.
    pub cashback: Option<Cashback>,
    /// Face of discounted purchases of a person in a month, at most.
    pub purchase_cap: Amount,
    /// Own money and bonus of a person, in all accounts, after an act of its own, at most.
    pub holding_cap: Amount,
    /// How long what is bought can be spent.
    pub validity: Period,
    /// Where what is bought can be spent: a set of the registry.
    pub own_set: u32,
    /// What of a purchase must be used before the rest is refunded, in percent.
    pub refund_percent: u32,
    /// Own money that a person may give away in a month; none: nobody gives.
    pub gift_cap: Option<Amount>,
    /// What a merchant may cash out in a month; none: all of it.
    pub cash_out_cap: Option<Amount>,
    /// What an issuer may fund in a day alone; more needs a second one (1.12).
    pub funded_alone: Amount,
    /// All that may be out when money is sold or granted. Cashback is within its pool instead: no
    /// payment is refused for this.
    pub supply_cap: Amount,
}

/// A bonus at the purchase, credited as money of its own.
#[dure::ty]
pub struct TopUp {
    /// By the month's total of discounted purchases.
    pub rates: Brackets,
    /// How long it can be spent.
    pub validity: Period,
    /// Where: a set of the registry.
    pub set: u32,
    /// What happens when the month's pool is short.
    pub on_short: OnShort,
}

/// What own money earns when it is spent.
#[dure::ty]
pub struct Cashback {
    /// Rates in basis points by the merchant's tier; above the last the rate is nought.
    pub tiers_bp: Vec<u32>,
    /// What of a month's own money earns.
    pub base_cap: Amount,
    /// How long the cashback can be spent.
    pub validity: Period,
    /// Where: a set of the registry.
    pub set: u32,
    /// What happens when the month's pool is short.
    pub on_short: OnShort,
}

/// Says why this is no scheme.
#[dure::ty]
#[derive(Copy)]
pub enum SchemeError {
    /// The discount or the top-up is no table of rates.
    Brackets(BracketsError),
    /// More tiers than there may be.
    TooManyTiers { count: u32, limit: u32 },
    /// A rate above the whole.
    AboveWhole { tier: u32, rate_bp: u32 },
    /// The law does not allow that share.
    RefundPercent { percent: u32, least: u32, greatest: u32 },
    /// A validity of nothing.
    NoValidity,
    /// Who buys more in a month gets a higher rate from that bracket on. A refund gives the month's
    /// room back: who refunded what was bought at the lower rate and bought again would have all
    /// of it at the higher.
    Rising { bracket: u32 },
}

impl Scheme {
    /// Checks a scheme that came from outside.
    pub(crate) fn check(&self) -> Result<(), SchemeError> {
        rates(&self.discount)?;
        let (percent, (least, greatest)) = (self.refund_percent, REFUND_PERCENT);
        let lawful = (least..=greatest).contains(&percent);
        ensure!(lawful, SchemeError::RefundPercent { percent, least, greatest });
        lasts(self.validity)?;
        if let Some(top_up) = &self.top_up {
            rates(&top_up.rates)?;
            lasts(top_up.validity)?;
        }
        let Some(cashback) = &self.cashback else { return Ok(()) };
        lasts(cashback.validity)?;
        let (count, limit) = (cashback.tiers_bp.len() as u32, TIERS_MAX as u32);
        ensure!(count <= limit, SchemeError::TooManyTiers { count, limit });
        for (tier, rate_bp) in (0..).zip(cashback.tiers_bp.iter().copied()) {
            ensure!(rate_bp <= WHOLE_BP, SchemeError::AboveWhole { tier, rate_bp });
        }
        Ok(())
    }
}

impl Scheme {
    /// Whether it bounds what issuers do less than the other: then two of them schedule it.
    pub(crate) fn is_looser_than(&self, other: &Self) -> bool {
        self.funded_alone > other.funded_alone || self.supply_cap > other.supply_cap
    }

    /// The sets that money of the scheme is issued on, each once.
    pub(crate) fn sets(&self) -> Vec<u32> {
        let top_up = self.top_up.as_ref().map(|top_up| top_up.set);
        let cashback = self.cashback.as_ref().map(|cashback| cashback.set);
        let mut sets: Vec<u32> =
            [Some(self.own_set), top_up, cashback].into_iter().flatten().collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }
}

impl Cashback {
    /// The rate at a merchant of this tier.
    pub(crate) fn rate_bp(&self, tier: u8) -> u32 {
        self.tiers_bp.get(usize::from(tier)).copied().unwrap_or(0)
    }
}

fn rates(table: &Brackets) -> Result<(), SchemeError> {
    table.check().map_err(SchemeError::Brackets)?;
    table.rising().map_or(Ok(()), |bracket| Err(SchemeError::Rising { bracket }))
}

fn lasts(period: Period) -> Result<(), SchemeError> {
    ensure!(!period.is_nothing(), SchemeError::NoValidity);
    Ok(())
}
