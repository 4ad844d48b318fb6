//! One price for all orders.

// ANCHOR: listing
use dure_sdk::domain::clearing::{LimitOrder, Side, clear};

#[test]
fn two_bids_at_the_last_limit_share_what_is_left() {
    let order = |price, quantity, sequence| LimitOrder { price, quantity, sequence };
    let bids = [order(120, 400, 1), order(100, 300, 2), order(100, 200, 3)];
    let asks = [order(80, 600, 4)];

    let cleared = clear(&mut bids.clone(), &mut asks.clone()).unwrap();
    assert_eq!(cleared.volume, 600);
    // What is left of the bids at 100 counts as unfilled, so nobody is left out at the price.
    assert_eq!(cleared.price, 100);
    // 200 of 500 are left for them.
    let filled = bids.map(|bid| cleared.filled(Side::Buy, &bid));
    assert_eq!(filled, [400, 120, 80]);

    assert_eq!(clear(&mut [order(79, 1, 1)], &mut [order(80, 1, 2)]), None);
}
// ANCHOR_END: listing
