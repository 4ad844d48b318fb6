//! Policy as data with effective dates.

// ANCHOR: listing
use dure_sdk::{
    domain::policy::{Bracket, Brackets, Policy, PolicyError, Terms},
    native::Sandbox,
    prelude::*,
};

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// What a holder gets back of an expired voucher, in basis points.
#[dure::ty]
#[derive(Copy)]
pub struct RefundTerms {
    pub bp: u32,
}

impl Terms for RefundTerms {
    fn is_better_for_holder(&self, than: &Self) -> bool {
        self.bp > than.bp
    }
}

#[test]
fn a_cap_changes_with_notice_and_the_past_can_be_asked() {
    let now = TimestampMs(100 * DAY);
    let next_week = TimestampMs(107 * DAY);
    Sandbox::new().run(|_| {
        let mut cap = Policy::<Amount>::open(Place::field(0));
        // The first version needs no notice.
        cap.schedule(&Amount(700_000), now, now, 7 * DAY, false).unwrap();
        let tomorrow = TimestampMs(101 * DAY);
        let refused = cap.schedule(&Amount(500_000), tomorrow, now, 7 * DAY, false);
        let too_soon = PolicyError::TooSoon { from: tomorrow, earliest: next_week };
        assert_eq!(refused, Err(too_soon));
        cap.schedule(&Amount(500_000), next_week, now, 7 * DAY, false).unwrap();
        assert_eq!(cap.at(TimestampMs(next_week.0 - 1)).unwrap().1, Amount(700_000));
        assert_eq!(cap.at(next_week).unwrap().1, Amount(500_000));
    });
}

#[test]
fn terms_are_frozen_at_the_purchase_unless_better_and_retroactive() {
    let at = |day: u64| TimestampMs(day * DAY);
    Sandbox::new().run(|_| {
        let mut terms = Policy::<RefundTerms>::open(Place::field(0));
        let terms_of = |bp| RefundTerms { bp };
        terms.schedule(&terms_of(9_000), at(1), at(1), DAY, false).unwrap();
        // The purchase keeps the version, not the terms.
        let (bought, _) = terms.at(at(5)).unwrap();
        terms.schedule(&terms_of(8_000), at(10), at(5), DAY, true).unwrap();
        terms.schedule(&terms_of(9_500), at(20), at(5), DAY, true).unwrap();
        assert_eq!(terms.frozen(bought, at(15)), Ok(terms_of(9_000)), "8,000 is worse");
        assert_eq!(terms.frozen(bought, at(20)), Ok(terms_of(9_500)));
    });
}

#[test]
fn rates_go_by_brackets() {
    let rates = Brackets::new(vec![
        Bracket { up_to: Amount(100_000), rate_bp: 1_000 },
        Bracket { up_to: Amount(500_000), rate_bp: 500 },
    ])
    .unwrap();
    // A payment of 30,000 after 90,000 this month: 10 % of 10,000 and 5 % of 20,000.
    assert_eq!(rates.marginal(Amount(90_000), Amount(30_000)), Some(Amount(2_000)));
    // By the class of one amount; a bound belongs to its bracket.
    assert_eq!((rates.rate_bp(Amount(100_000)), rates.rate_bp(Amount(100_001))), (1_000, 500));
}
// ANCHOR_END: listing
