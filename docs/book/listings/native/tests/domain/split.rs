//! Parts that sum to the whole.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::Day,
        split::{Exchange, Leg, Legs, Receivables, ReceivablesError, by_weight},
    },
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_bill_is_divided_to_the_last_won() {
    let parts = by_weight(Amount(100), &[Amount(1), Amount(1), Amount(1)]).unwrap();
    assert_eq!(parts, [Amount(34), Amount(33), Amount(33)]);
}

#[test]
fn a_redemption_is_credited_to_five_payees_and_undone_as_it_was_recorded() {
    let shop = Address([1; 32]);
    let others = [2, 3, 4, 5].map(|number| Address([number; 32]));
    let payees = [shop, others[0], others[1], others[2], others[3]];
    let (today, tomorrow) = (Day(20_000), Day(20_001));
    let legs = Legs::new([9_200, 300, 250, 150, 100]).unwrap();
    let parts = legs.split(Amount(4_999));
    assert_eq!(parts[Leg::Merchant as usize], Amount(4_599));
    assert_eq!(parts.iter().map(|part| part.0).sum::<u128>(), 4_999);

    Sandbox::new().run(|_| {
        let mut receivables = Receivables::open(Place::field(0));
        // It can be undone today.
        let free_on = Receivables::free_on(today, 1);
        receivables.credit_legs(&payees, &parts, free_on, today);
        // What can still be undone is not paid out.
        let refused = receivables.take(shop, Amount(1), today);
        let short = ReceivablesError::Short { payee: shop, free: Amount(0), wanted: Amount(1) };
        assert_eq!(refused, Err(short));
        receivables.undo_legs(&payees, &parts, free_on, today).unwrap();
        assert_eq!(receivables.owed(shop), Amount(0));

        receivables.credit_legs(&payees, &parts, free_on, today);
        let closed = receivables.undo_legs(&payees, &parts, free_on, tomorrow);
        assert_eq!(closed, Err(ReceivablesError::Closed { free_on, today: tomorrow }));
        receivables.take(shop, Amount(4_599), tomorrow).unwrap();
    });
}

#[test]
fn an_exchange_takes_no_more_than_what_gives_so_much() {
    let rate = Ratio::new(2, 3).unwrap();
    let exchange = Exchange::of(Amount(100), rate).unwrap();
    assert_eq!((exchange.output, exchange.consumed), (Amount(66), Amount(99)));
    // The parts live no longer than what they were taken from.
    let sources = [(Amount(33), TimestampMs(500)), (Amount(66), TimestampMs(900))];
    let parts = exchange.parts(&sources, TimestampMs(700)).unwrap();
    assert_eq!(parts, [(Amount(22), TimestampMs(500)), (Amount(44), TimestampMs(700))]);
}
// ANCHOR_END: listing
