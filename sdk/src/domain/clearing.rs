//! One price for all orders of a market that is called at an instant (rule C13; correction W4).
//!
//! - **Volume.** The largest over all prices of the smaller of demand and supply. A bid is in the
//!   demand at its limit and below, an ask in the supply at its limit and above.
//! - **Who is filled.** The best bids and the best asks, up to the volume. Orders at the last price
//!   that is reached share what is left of it pro rata by quantity, by the largest remainder; ties
//!   go to the order that came first. A hash would not do as a tie break: it can be ground.
//! - **Price.** Half way between `lo` and `hi`, rounded down: `lo` is the greater of the last
//!   filled ask and the first unfilled bid, `hi` the smaller of the last filled bid and the first
//!   unfilled ask; what is left of an order that is filled in part counts as unfilled; what there
//!   is none of drops out. So nobody who goes empty would have traded at the price, as with the
//!   half way between the last bid and ask: bids 90 and 88, ask 40, one unit each, clear at 89, not
//!   at 65.
//! - **No volume, no price.**
//!
//! [`clear`] is a function of the orders. What it says has one size, however many orders there are:
//! [`Clearing::filled`] tells of each what is filled of it, so that each trader comes for its own.

use crate::domain::share::divided;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Who wants what.
#[crate::ty]
#[derive(Copy)]
pub enum Side {
    /// A bid: buys at its limit or below.
    Buy,
    /// An ask: sells at its limit or above.
    Sell,
}

/// An order with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOrder {
    /// The limit, for each unit.
    pub price: u64,
    /// How many units.
    pub quantity: u64,
    /// Which came first; each order of a side has its own.
    pub sequence: u128,
}

/// Where the filled orders of a side end.
#[crate::ty]
#[derive(Copy)]
pub struct Margin {
    /// The limit of the last ones that are filled.
    pub price: u64,
    /// Quantity of all orders with that limit.
    pub offered: u128,
    /// What of it is filled.
    pub filled: u128,
    /// Remainder and sequence of the last order that gets a unit more than its share rounded down.
    pub extra: Option<(u128, u128)>,
}

/// What came of the orders.
///
/// # Example
/// ```
/// use dure_sdk::domain::clearing::{LimitOrder, Side, clear};
/// let order = |price, quantity, sequence| LimitOrder { price, quantity, sequence };
/// let (first, second) = (order(90, 1, 1), order(88, 1, 2));
/// let cleared = clear(&mut [second, first], &mut [order(40, 1, 3)]).unwrap();
/// assert_eq!((cleared.volume, cleared.price), (1, 89));
/// assert_eq!(cleared.filled(Side::Buy, &first), 1);
/// assert_eq!(cleared.filled(Side::Buy, &second), 0);
/// ```
#[crate::ty]
#[derive(Copy)]
pub struct Clearing {
    /// What changes hands; never nought.
    pub volume: u128,
    /// What every unit costs.
    pub price: u64,
    /// Where the filled bids end.
    pub bids: Margin,
    /// Where the filled asks end.
    pub asks: Margin,
}

/// Clears a market; `None` when no bid meets an ask. Sorts the orders, the best ones first; in
/// which order they are given changes nothing. Orders of nought are as none.
#[must_use]
pub fn clear(bids: &mut [LimitOrder], asks: &mut [LimitOrder]) -> Option<Clearing> {
    bids.sort_unstable_by_key(|order| Reverse(order.price));
    asks.sort_unstable_by_key(|order| order.price);
    let volume = volume(bids, asks);
    if volume == 0 {
        return None;
    }
    let (bids, first_unfilled_bid) = margin(bids, volume)?;
    let (asks, first_unfilled_ask) = margin(asks, volume)?;
    let lo = first_unfilled_bid.map_or(asks.price, |bid| bid.max(asks.price));
    let hi = first_unfilled_ask.map_or(bids.price, |ask| ask.min(bids.price));
    Some(Clearing { volume, price: lo.midpoint(hi), bids, asks })
}

impl Clearing {
    /// What is filled of an order that was among the orders.
    #[must_use]
    pub fn filled(&self, side: Side, order: &LimitOrder) -> u64 {
        let (margin, better) = match side {
            Side::Buy => (&self.bids, order.price > self.bids.price),
            Side::Sell => (&self.asks, order.price < self.asks.price),
        };
        if better {
            order.quantity
        } else if order.price == margin.price {
            margin.part(order)
        } else {
            0
        }
    }
}

impl Margin {
    fn part(&self, order: &LimitOrder) -> u64 {
        let (part, remainder) = self.share(order);
        let extra = self.extra.is_some_and(|(least, last)| {
            (Reverse(remainder), order.sequence) <= (Reverse(least), last)
        });
        // Less than all of an order is filled where there is a remainder.
        u64::try_from(part + u128::from(extra)).unwrap_or(order.quantity)
    }

    /// The share of an order, rounded down, and the remainder. A level that was reached offers
    /// something, and no more of it is filled than that, so there always is a share.
    fn share(&self, order: &LimitOrder) -> (u128, u128) {
        divided(order.quantity.into(), self.filled, self.offered).unwrap_or((0, 0))
    }
}

/// The best bid meets the best ask until they no longer cross.
fn volume(bids: &[LimitOrder], asks: &[LimitOrder]) -> u128 {
    let (mut bids, mut asks) = (bids.iter().copied(), asks.iter().copied());
    let (mut bid, mut ask) = (bids.next(), asks.next());
    let mut volume = 0u128;
    while let (Some(buys), Some(sells)) = (bid, ask)
        && buys.price >= sells.price
    {
        let met = buys.quantity.min(sells.quantity);
        volume += u128::from(met);
        let rest = |order: LimitOrder| LimitOrder { quantity: order.quantity - met, ..order };
        bid = if buys.quantity == met { bids.next() } else { Some(rest(buys)) };
        ask = if sells.quantity == met { asks.next() } else { Some(rest(sells)) };
    }
    volume
}

/// Where a sorted side ends that is filled so far, and the price of the first order behind it.
fn margin(side: &[LimitOrder], volume: u128) -> Option<(Margin, Option<u64>)> {
    let (mut before, mut behind) = (0u128, side);
    for level in side.chunk_by(|one, next| one.price == next.price) {
        behind = behind.get(level.len()..)?;
        let offered = level.iter().map(|order| u128::from(order.quantity)).sum();
        let filled = volume - before;
        if filled <= offered {
            let price = level.first()?.price;
            let behind = behind.iter().find(|order| order.quantity > 0).map(|order| order.price);
            let unfilled = if filled < offered { Some(price) } else { behind };
            let mut margin = Margin { price, offered, filled, extra: None };
            margin.extra = last_extra(&margin, level);
            return Some((margin, unfilled));
        }
        before += offered;
    }
    None
}

/// The last order that gets one of the units that rounding down leaves over.
fn last_extra(margin: &Margin, level: &[LimitOrder]) -> Option<(u128, u128)> {
    let mut left = margin.filled;
    let mut remainders = Vec::with_capacity(level.len());
    for order in level {
        let (part, remainder) = margin.share(order);
        left -= part;
        remainders.push((Reverse(remainder), order.sequence));
    }
    remainders.sort_unstable();
    // Fewer are left than there are remainders above nought.
    let last = usize::try_from(left).ok()?.checked_sub(1)?;
    remainders.get(last).map(|(Reverse(remainder), sequence)| (*remainder, *sequence))
}
