//! What a merchant is owed becomes money in a bank.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        calendar::Day,
        cash_out::{CashOutState, CashOuts, CashOutsError, Step},
        split::Receivables,
    },
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_cash_out_that_the_bank_refuses_gives_the_receivable_back() {
    let shop = Address([2; 32]);
    let (first, second) = (Hash([7; 32]), Hash([8; 32]));
    let (now, today) = (TimestampMs(1_000), Day(20_000));
    Sandbox::new().run(|_| {
        let mut owed = Receivables::open(Place::field(0));
        let mut cash_outs = CashOuts::open(Place::field(1));
        owed.credit(shop, Amount(900), today, today);

        // What is pending is no longer receivable, so that no cancel takes it.
        owed.take(shop, Amount(500), today).unwrap();
        cash_outs.request(first, shop, Amount(500), now).unwrap();
        owed.take(shop, Amount(400), today).unwrap();
        cash_outs.request(second, shop, Amount(400), now).unwrap();
        assert_eq!(cash_outs.pending(shop), Amount(900));

        assert!(matches!(cash_outs.confirm(first), Ok(Step::Done(_))));
        // The bank's answer arrives twice: there is nothing more to do.
        assert!(matches!(cash_outs.confirm(first), Ok(Step::Before(_))));

        if let Ok(Step::Done(refused)) = cash_outs.void(second) {
            owed.give_back(shop, refused.amount);
        }
        assert_eq!(owed.owed(shop), Amount(400));
        let ended = CashOutsError::Ended { state: CashOutState::Void };
        assert_eq!(cash_outs.confirm(second), Err(ended));
        assert_eq!(cash_outs.confirmed_total(), Amount(500));
    });
}
// ANCHOR_END: listing
