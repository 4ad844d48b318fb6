//! Money by class, expiry and place.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::{Date, Period},
        lots::{Class, Earning, LotKey, Lots, LotsError, Price},
    },
    native::Sandbox,
    prelude::*,
};

/// The set of all merchants, as this contract numbers sets.
const EVERYWHERE: u32 = 0;

#[test]
fn own_money_is_bought_spent_last_earns_and_comes_back() {
    let (ana, id) = (Address([1; 32]), Hash([7; 32]));
    let now = Date::new(2026, 3, 10).unwrap().day().start();
    let expiry = Period::Years(5).end(now).unwrap();
    let bonus_until = Period::Months(6).end(now).unwrap();
    Sandbox::new().run(|_| {
        let mut lots = Lots::open(Place::field(0));
        // 50,000 for 47,000: the pool adds the rest.
        let Price { face, paid, subsidy } = Price::of(Amount(50_000), 600).unwrap();
        assert_eq!((paid, subsidy), (Amount(47_000), Amount(3_000)));
        let bought = lots.buy(ana, face, paid, EVERYWHERE, expiry, now).unwrap();
        let bonus = |programme| LotKey {
            class: Class::Bonus,
            expiry: bonus_until,
            programme,
            set: EVERYWHERE,
            purchase: 0,
        };
        lots.grant(ana, bonus(1), Amount(2_000), now).unwrap();

        // A payment of 12,000 takes the bonus first, then own money.
        let taken = lots.take(ana, Amount(12_000), now, |set| set == EVERYWHERE).unwrap();
        let parts: Vec<_> = taken.iter().map(|part| (part.key.class, part.amount.0)).collect();
        assert_eq!(parts, [(Class::Bonus, 2_000), (Class::Own, 10_000)]);

        // Only own money earns: ten per cent of 10,000.
        let terms = Earning { tier_bp: 1_000, base_cap: Amount(300_000), credit: bonus(2) };
        let earned = lots.earn(ana, &taken, &terms, now);
        assert_eq!(earned.cashback, Amount(1_000));
        lots.record(id, ana, taken, earned, bonus(2), now).unwrap();
        assert_eq!(lots.holding(ana), Amount(41_000));

        // Half is cancelled: own money comes back first, and what it earned is taken back.
        let cancelled = lots.cancel(id, ana, Amount(6_000), now).unwrap();
        assert_eq!((cancelled.spendable, cancelled.recovered), (Amount(6_000), Amount(600)));
        assert_eq!(lots.holding(ana), Amount(46_400));

        // 4,000 of 50,000 are used: less than 60 per cent, so no refund.
        let refused = lots.refund(ana, bought, 60, now);
        let too_little = LotsError::UsedTooLittle { used: Amount(4_000), face, percent: 60 };
        assert_eq!(refused, Err(too_little));
        lots.take(ana, Amount(26_400), now, |_| true).unwrap();
        let refund = lots.refund(ana, bought, 60, now).unwrap();
        assert_eq!((refund.to_holder, refund.to_pool), (Amount(18_800), Amount(1_200)));
    });
}

#[test]
fn money_that_is_over_is_passed_by_and_own_money_can_be_claimed() {
    let ana = Address([1; 32]);
    let (now, over) = (TimestampMs(1_000), TimestampMs(9_000));
    Sandbox::new().run(|_| {
        let mut lots = Lots::open(Place::field(0));
        lots.buy(ana, Amount(100), Amount(100), EVERYWHERE, over, now).unwrap();
        let refused = lots.take(ana, Amount(1), over, |_| true);
        assert_eq!(refused, Err(LotsError::Short { left: Amount(0), wanted: Amount(1) }));
        assert_eq!(lots.expire(ana, over, 10).len(), 1);
        assert_eq!(lots.unclaimed(ana), Amount(100));
        lots.claim(ana, Amount(100)).unwrap();
    });
}
// ANCHOR_END: listing
