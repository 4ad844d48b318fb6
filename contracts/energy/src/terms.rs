//! The terms of the market: data with effective dates. A slot has the terms of its beginning, from
//! its first order to its settlement.

use crate::state::{Placed, Slot, Trade};
use dure_sdk::{
    domain::{
        clearing::{Clearing, LimitOrder, Side},
        share::WHOLE_BP,
    },
    prelude::*,
};

/// How far ahead of a slot orders come, and how long before they hold new terms are announced: so
/// no order meets other terms than it was placed under.
pub const AHEAD_MS: u64 = 2 * 24 * 60 * 60 * 1_000;
/// Zones of a market.
pub const ZONES_MAX: u32 = 64;
/// A rate that terms may name, in thousandths of a won for a kWh.
pub const RATE_MAX: u64 = 1_000_000_000;
/// Energy of one order: a TWh.
pub const ENERGY_WH_MAX: u64 = 1_000_000_000_000;
/// Wh times thousandths of a won for a kWh, in a won.
const MICRO: u128 = 1_000_000;

/// Where grid fees are the same.
#[dure::ty]
#[derive(Copy)]
pub struct Zone {
    /// Who gets them.
    pub operator: Address,
    /// What energy into it costs, from the hub: thousandths of a won for a kWh.
    pub import_mwon: u64,
    /// What energy out of it costs, to the hub.
    pub export_mwon: u64,
}

/// What holds for a slot.
#[dure::ty]
pub struct EnergyTerms {
    /// How long before a slot its gate closes: an order at that instant is too late.
    pub gate_ms: u64,
    /// How long after a slot its readings come and are disputed; then it is settled.
    pub reading_ms: u64,
    /// What the utility takes for a kWh, in thousandths of a won.
    pub retail_mwon: u64,
    /// What it gives.
    pub feed_in_mwon: u64,
    /// The least that an order is for.
    pub least_wh: u64,
    /// The most.
    pub most_wh: u64,
    /// What of the energy sold counts as fed in where a reading is missing, in basis points.
    pub substitute_export_bp: u32,
    /// What of the energy bought counts as drawn.
    pub substitute_import_bp: u32,
    /// The account of the utility.
    pub utility: Address,
    /// The account of what rounding leaves over.
    pub rounding: Address,
    /// The zones, by number.
    pub zones: Vec<Zone>,
}

/// Says why these are no terms.
#[dure::ty]
#[derive(Copy)]
pub enum TermsError {
    /// The utility would give more than it takes, or takes more than can be named.
    Rates { feed_in_mwon: u64, retail_mwon: u64, most_mwon: u64 },
    /// Orders of no size, or above what one may have.
    Sizes { least_wh: u64, most_wh: u64, limit_wh: u64 },
    /// The gate closes before the first order could come.
    Gate { gate_ms: u64, ahead_ms: u64 },
    /// A missing reading would count as more than was traded.
    Substitute { bp: u32, whole_bp: u32 },
    /// No zone, or more than there may be.
    Zones { count: u32, limit: u32 },
    /// A fee above what can be named.
    Fee { zone: u16, most_mwon: u64 },
}

impl EnergyTerms {
    /// Checks terms that came from outside.
    pub(crate) fn check(&self) -> Result<(), TermsError> {
        let (feed_in_mwon, retail_mwon) = (self.feed_in_mwon, self.retail_mwon);
        let rates = feed_in_mwon <= retail_mwon && retail_mwon <= RATE_MAX;
        ensure!(rates, TermsError::Rates { feed_in_mwon, retail_mwon, most_mwon: RATE_MAX });
        let (least_wh, most_wh) = (self.least_wh, self.most_wh);
        let sizes = 0 < least_wh && least_wh <= most_wh && most_wh <= ENERGY_WH_MAX;
        ensure!(sizes, TermsError::Sizes { least_wh, most_wh, limit_wh: ENERGY_WH_MAX });
        let gate = TermsError::Gate { gate_ms: self.gate_ms, ahead_ms: AHEAD_MS };
        ensure!(self.gate_ms < AHEAD_MS, gate);
        for bp in [self.substitute_export_bp, self.substitute_import_bp] {
            ensure!(bp <= WHOLE_BP, TermsError::Substitute { bp, whole_bp: WHOLE_BP });
        }
        let (count, limit) = (self.zones.len() as u32, ZONES_MAX);
        ensure!(0 < count && count <= limit, TermsError::Zones { count, limit });
        for (zone, fees) in (0u16..).zip(&self.zones) {
            let named = fees.import_mwon <= RATE_MAX && fees.export_mwon <= RATE_MAX;
            ensure!(named, TermsError::Fee { zone, most_mwon: RATE_MAX });
        }
        Ok(())
    }

    /// When orders for a slot are too late.
    pub(crate) fn gate(&self, slot: Slot) -> TimestampMs {
        TimestampMs(slot.start().0.saturating_sub(self.gate_ms))
    }

    /// When its readings are too late, and it is settled.
    pub(crate) fn readings_until(&self, slot: Slot) -> TimestampMs {
        TimestampMs(slot.end().0.saturating_add(self.reading_ms))
    }

    pub(crate) fn zone(&self, zone: u16) -> Option<&Zone> {
        self.zones.get(zone as usize)
    }

    /// What an order's owner puts up.
    pub(crate) fn collateral(&self, side: Side, energy_wh: u64, limit_mwon: u64) -> Amount {
        match side {
            Side::Buy => won_up(energy_wh, limit_mwon),
            Side::Sell => won_up(energy_wh, self.retail_mwon),
        }
    }

    /// What a meter traded.
    pub(crate) fn trade(&self, clearing: &Clearing, zone: &Zone, orders: &[Hub]) -> Trade {
        let mut trade = Trade::default();
        for order in orders {
            let filled = clearing.filled(order.side, &order.order);
            match order.side {
                Side::Buy => trade.bought_wh += filled,
                Side::Sell => trade.sold_wh += filled,
            }
        }
        let price = clearing.price;
        trade.cost = won_up(trade.bought_wh, price.saturating_add(zone.import_mwon));
        // A filled ask covers the fee: its limit at the hub is at least that.
        trade.proceeds = won_down(trade.sold_wh, price.saturating_sub(zone.export_mwon));
        trade.deposit = won_up(trade.sold_wh, self.retail_mwon);
        trade
    }
}

/// An order as the hub sees it.
pub(crate) struct Hub {
    pub(crate) side: Side,
    pub(crate) order: LimitOrder,
}

impl Zone {
    /// The limit of an order at the hub: a buyer pays the fee of its zone on top, a seller out of
    /// what it gets. `None` for a buyer who would not even pay the fee.
    pub(crate) fn at_hub(&self, side: Side, limit_mwon: u64) -> Option<u64> {
        match side {
            Side::Buy => limit_mwon.checked_sub(self.import_mwon),
            Side::Sell => limit_mwon.checked_add(self.export_mwon),
        }
    }

    /// The open orders of a meter at the hub. Of two that came in one block, the meter with the
    /// lower number is first: numbers are given by the registrar, so nobody can choose one.
    pub(crate) fn orders(&self, meter: u32, placed: &[Placed]) -> Vec<Hub> {
        let mut orders = Vec::with_capacity(placed.len());
        for (index, order) in (0u128..).zip(placed).filter(|(_, order)| order.open) {
            let sequence = u128::from(order.height.0) << 64 | u128::from(meter) << 32 | index;
            if let Some(price) = self.at_hub(order.side, order.limit_mwon) {
                let quantity = order.energy_wh;
                let order_at_hub = LimitOrder { price, quantity, sequence };
                orders.push(Hub { side: order.side, order: order_at_hub });
            }
        }
        orders
    }
}

/// What energy costs at a rate, exactly, in millionths of a won.
pub(crate) fn micro_won(energy_wh: u64, rate_mwon: u64) -> u128 {
    u128::from(energy_wh) * u128::from(rate_mwon)
}

pub(crate) fn won_up(energy_wh: u64, rate_mwon: u64) -> Amount {
    Amount(micro_won(energy_wh, rate_mwon).div_ceil(MICRO))
}

pub(crate) fn won_down(energy_wh: u64, rate_mwon: u64) -> Amount {
    whole_won(micro_won(energy_wh, rate_mwon))
}

pub(crate) fn whole_won(micro: u128) -> Amount {
    Amount(micro / MICRO)
}
