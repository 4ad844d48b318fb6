//! Money by class, expiry and place.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::{Date, Period},
        lots::{Class, Earning, LotKey, Lots, LotsError, PaymentOrder, Price, Purchase},
    },
    native::Sandbox,
    prelude::*,
};

/// The set of all merchants, as this contract numbers sets.
const EVERYWHERE: u32 = 0;

#[test]
fn own_money_is_bought_spent_last_earns_and_comes_back() {
    let (ana, shop, id) = (Address([1; 32]), Address([2; 32]), Hash([7; 32]));
    // Whose account it is: a hash.
    let person = Hash([8; 32]);
    let now = Date::new(2026, 3, 10).unwrap().day().start();
    let expiry = Period::Years(5).end(now).unwrap();
    let bonus_until = Period::Months(6).end(now).unwrap();
    Sandbox::new().run(|_| {
        let mut lots = Lots::open(Place::field(0));
        // 50,000 for 47,000: the pool adds the rest.
        let Price { face, paid, subsidy } = Price::of(Amount(50_000), 600).unwrap();
        assert_eq!((paid, subsidy), (Amount(47_000), Amount(3_000)));
        let purchase = Purchase { face, paid, bonus: Amount::ZERO, set: EVERYWHERE, expiry };
        let bought = lots.buy(ana, person, &purchase, now).unwrap();
        let bonus = |programme| LotKey {
            class: Class::Bonus,
            expiry: bonus_until,
            programme,
            set: EVERYWHERE,
            purchase: 0,
        };
        lots.grant(ana, bonus(1), Amount(2_000), now).unwrap();

        // A payment of 12,000 would take the bonus first, then own money.
        let plan = lots.plan(ana, Amount(12_000), now, |set| set == EVERYWHERE).unwrap();
        let parts: Vec<_> =
            plan.taken().iter().map(|part| (part.key.class, part.amount.0)).collect();
        assert_eq!(parts, [(Class::Bonus, 2_000), (Class::Own, 10_000)]);

        // Only own money earns: ten per cent of 10,000.
        let terms = Earning { tier_bp: 1_000, base_cap: Amount(300_000), credit: bonus(2) };
        let accrual = lots.earn(person, &plan, &terms, now);
        assert_eq!(accrual.earned.cashback, Amount(1_000));
        let new_id = lots.new_id(id).unwrap();
        let order = PaymentOrder { id: new_id, payer: ana, person, payee: shop, time: now };
        lots.pay(order, plan, &accrual, bonus(2)).unwrap();
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
        // What cashback is owed is taken off before the holder is paid.
        assert_eq!(lots.pay_debt(person, refund.to_holder), Amount::ZERO);
    });
}

#[test]
fn money_that_is_over_is_passed_by_and_what_was_paid_can_be_claimed() {
    let (ana, person) = (Address([1; 32]), Hash([8; 32]));
    let (now, over) = (TimestampMs(1_000), TimestampMs(9_000));
    Sandbox::new().run(|_| {
        let mut lots = Lots::open(Place::field(0));
        let (face, paid, bonus) = (Amount(100), Amount(94), Amount::ZERO);
        let purchase = Purchase { face, paid, bonus, set: EVERYWHERE, expiry: over };
        lots.buy(ana, person, &purchase, now).unwrap();
        let refused = lots.take(ana, Amount(1), over, |_| true);
        assert_eq!(refused, Err(LotsError::Short { left: Amount(0), wanted: Amount(1) }));
        let ended = lots.expire(ana, over, 10);
        assert_eq!(ended[0].division.to_pool, Amount(6));
        assert_eq!(lots.unclaimed(ana), Amount(94));
        lots.claim(ana, Amount(94)).unwrap();
    });
}
// ANCHOR_END: listing
