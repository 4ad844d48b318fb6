//! The clearing of small books against all prices there are, and figures worked out by hand.

use dure_sdk::domain::clearing::{LimitOrder, Side, clear};
use proptest::{collection::vec, prelude::*};

/// A bid or ask of a book in these tests: limit and quantity; its place is its sequence.
type Plain = (u64, u64);

fn orders(side: &[Plain]) -> Vec<LimitOrder> {
    let numbered = (0u128..).zip(side);
    numbered
        .map(|(sequence, &(price, quantity))| LimitOrder { price, quantity, sequence })
        .collect()
}

/// Volume, price, and what is filled of each bid and of each ask.
type Outcome = Option<(u128, u64, Vec<u64>, Vec<u64>)>;

fn cleared(bids: &[Plain], asks: &[Plain]) -> Outcome {
    let (bids, asks) = (orders(bids), orders(asks));
    let found = clear(&mut bids.clone(), &mut asks.clone())?;
    let bids = bids.iter().map(|order| found.filled(Side::Buy, order)).collect();
    let asks = asks.iter().map(|order| found.filled(Side::Sell, order)).collect();
    Some((found.volume, found.price, bids, asks))
}

/// By the words of the rule: every price is tried, for the volume and for the price itself.
fn tried(bids: &[Plain], asks: &[Plain]) -> Outcome {
    let prices = 0..=bids.iter().chain(asks).map(|order| order.0).max().unwrap_or(0);
    let sum = |side: &[Plain], takes: &dyn Fn(u64) -> bool| -> u64 {
        side.iter().filter(|order| takes(order.0)).map(|order| order.1).sum()
    };
    let at = |price| sum(bids, &|limit| limit >= price).min(sum(asks, &|limit| limit <= price));
    let volume = prices.clone().map(at).max().filter(|volume| *volume > 0)?;
    let bid_fills = fills(bids, volume, |limit| u64::MAX - limit);
    let ask_fills = fills(asks, volume, |limit| limit);
    // Nobody who would rather trade at the price is left out, nobody trades who would rather not.
    let clears = |price: &u64| {
        let right = |limit: u64, quantity: u64, fill: u64, gains: bool| {
            if limit == *price { true } else { fill == if gains { quantity } else { 0 } }
        };
        bids.iter()
            .zip(&bid_fills)
            .all(|((limit, of), fill)| right(*limit, *of, *fill, limit > price))
            && asks
                .iter()
                .zip(&ask_fills)
                .all(|((limit, of), fill)| right(*limit, *of, *fill, limit < price))
    };
    let clearing: Vec<u64> = prices.filter(clears).collect();
    let price = (clearing.first()? + clearing.last()?) / 2;
    Some((volume.into(), price, bid_fills, ask_fills))
}

/// Fills the best orders first, all of one limit together; units one by one to the largest
/// remainder.
fn fills(side: &[Plain], volume: u64, rank: impl Fn(u64) -> u64) -> Vec<u64> {
    let mut limits: Vec<u64> = side.iter().map(|order| order.0).collect();
    limits.sort_by_key(|limit| rank(*limit));
    limits.dedup();
    let (mut filled, mut left) = (vec![0; side.len()], volume);
    for limit in limits {
        let level: Vec<usize> = (0..side.len()).filter(|at| side[*at].0 == limit).collect();
        let offered: u64 = level.iter().map(|at| side[*at].1).sum();
        let take = left.min(offered);
        left -= take;
        if offered == 0 {
            continue;
        }
        let mut remainders = vec![0; side.len()];
        let mut units = take;
        for &at in &level {
            filled[at] = side[at].1 * take / offered;
            remainders[at] = side[at].1 * take % offered;
            units -= filled[at];
        }
        for _ in 0..units {
            let best = level.iter().map(|at| remainders[*at]).max().unwrap();
            let first = level.iter().copied().find(|at| remainders[*at] == best).unwrap();
            filled[first] += 1;
            remainders[first] = 0;
        }
    }
    filled
}

#[test]
fn figures_worked_out_by_hand() {
    let check = |bids: &[Plain], asks: &[Plain], expected: Outcome| {
        assert_eq!(cleared(bids, asks), expected, "{bids:?} {asks:?}");
        assert_eq!(tried(bids, asks), expected, "the model: {bids:?} {asks:?}");
    };
    // W4: half way between the last bid and ask is 65, where the bidder at 88 would trade too.
    check(&[(90, 1), (88, 1)], &[(40, 1)], Some((1, 89, vec![1, 0], vec![1])));
    // Nothing is unfilled: half way between the two limits, rounded down.
    check(&[(90, 1)], &[(41, 1)], Some((1, 65, vec![1], vec![1])));
    // What is left of an ask counts as unfilled: its limit is the price.
    check(&[(90, 1)], &[(40, 2)], Some((1, 40, vec![1], vec![1])));
    // Both sides have an unfilled order: between 60 and 70.
    let outcome = Some((1, 65, vec![1, 0], vec![1, 0]));
    check(&[(90, 1), (60, 1)], &[(40, 1), (70, 1)], outcome);
    // The indifferent trade.
    check(&[(50, 3)], &[(50, 2)], Some((2, 50, vec![2], vec![2])));
    // 5 of 9 at one limit: 1.67 each; the units left go to those that came first.
    check(&[(100, 3), (100, 3), (100, 3)], &[(40, 5)], Some((5, 100, vec![2, 2, 1], vec![5])));
    // Pro rata by quantity, not by number: 4 of 8 at 70.
    let outcome = Some((6, 70, vec![2, 3, 1], vec![6]));
    check(&[(80, 2), (70, 6), (70, 2)], &[(10, 6)], outcome);
    // No bid meets an ask, or there is none.
    check(&[(39, 5)], &[(40, 5)], None);
    check(&[(39, 5)], &[], None);
    check(&[(90, 0)], &[(40, 0)], None);
}

#[test]
fn the_greatest_quantities_are_divided_exactly() {
    let bids = [(7, u64::MAX); 3];
    let (volume, price, bids, asks) = cleared(&bids, &[(7, u64::MAX), (3, u64::MAX)]).unwrap();
    assert_eq!((volume, price), (u128::from(u64::MAX) * 2, 7));
    // Two thirds of it each; 2^64 - 1 is a multiple of three.
    assert_eq!((bids, asks), (vec![u64::MAX / 3 * 2; 3], vec![u64::MAX; 2]));
}

fn book() -> impl Strategy<Value = (Vec<Plain>, Vec<Plain>)> {
    // Few limits, so that many are equal; now and then quantities of nought.
    let side = || vec((0u64..12, 0u64..9), 0..8);
    (side(), side())
}

proptest! {
    #[test]
    fn clearing_is_what_trying_every_price_finds((bids, asks) in book()) {
        prop_assert_eq!(cleared(&bids, &asks), tried(&bids, &asks));
    }

    #[test]
    fn what_is_bought_is_sold_and_no_limit_is_passed((bids, asks) in book()) {
        let Some((volume, price, bought, sold)) = cleared(&bids, &asks) else { return Ok(()) };
        prop_assert_eq!(bought.iter().sum::<u64>(), sold.iter().sum::<u64>());
        prop_assert_eq!(u128::from(bought.iter().sum::<u64>()), volume);
        for ((limit, quantity), fill) in bids.iter().zip(&bought) {
            prop_assert!(fill <= quantity && (*fill == 0 || *limit >= price));
        }
        for ((limit, quantity), fill) in asks.iter().zip(&sold) {
            prop_assert!(fill <= quantity && (*fill == 0 || *limit <= price));
        }
    }

    #[test]
    fn who_splits_an_order_gains_no_more_than_a_unit_a_part(
        (mut bids, asks) in book(),
        which in 0usize..8,
        parts in vec(1u64..5, 2..5),
    ) {
        prop_assume!(which < bids.len());
        bids[which].1 = parts.iter().sum();
        let whole = cleared(&bids, &asks);
        // The parts come where the whole did; others keep their turn.
        let mut split = bids.clone();
        split.splice(which..=which, parts.iter().map(|part| (bids[which].0, *part)));
        let split = cleared(&split, &asks);
        let (Some(whole), Some(split)) = (&whole, &split) else {
            prop_assert_eq!(whole.is_some(), split.is_some());
            return Ok(());
        };
        prop_assert_eq!((whole.0, whole.1), (split.0, split.1), "volume and price");
        let together: u64 = split.2[which..which + parts.len()].iter().sum();
        prop_assert!(together.abs_diff(whole.2[which]) <= parts.len() as u64);
    }
}
