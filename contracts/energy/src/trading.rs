//! Orders, the call of the market, and what each participant gets of it.

use crate::{
    error::Error,
    state::{Book, Market, Meter, Outcome, Placed, Slot, SlotBooks, Trade},
    terms::{AHEAD_MS, EnergyTerms, Hub, micro_won, whole_won},
};
use dure_sdk::{
    domain::clearing::{self, LimitOrder, Side},
    prelude::*,
};

/// Orders that a meter has for a slot, the cancelled ones included.
pub const BOOK_MAX: u32 = 16;
/// Orders of a slot: so many are cleared in one call.
pub const SLOT_ORDERS_MAX: u64 = 4_096;

/// A slot as its orders say.
struct Called {
    outcome: Outcome,
    /// What the operator of each zone gets.
    fees: Vec<Amount>,
    /// Meters with orders.
    meters: u32,
}

impl Market {
    pub(crate) fn meter_of(&self, meter: u32) -> Result<Meter, Error> {
        self.meters.get(&meter).ok_or(Error::NoMeter { meter })
    }

    /// A meter of the caller's.
    pub(crate) fn own_meter(&self, cx: &Cx, meter: u32) -> Result<Meter, Error> {
        let found = self.meter_of(meter)?;
        let owner = found.owner;
        ensure!(owner == cx.caller(), Error::NotOwner { meter, owner });
        Ok(found)
    }

    pub(crate) fn terms_of(&self, slot: Slot) -> Result<EnergyTerms, Error> {
        Ok(self.terms.at(slot.start())?.1)
    }

    fn book_of(&self, slot: Slot, meter: u32) -> Result<Book, Error> {
        self.books.get(&(slot, meter)).ok_or(Error::NoOrder { slot, meter })
    }

    /// Whether an order was placed under its id.
    pub(crate) fn ordered_before(
        &self,
        slot: Slot,
        meter: u32,
        (id, side, energy_wh, limit_mwon): (Hash, Side, u64, u64),
    ) -> Result<bool, Error> {
        let book = self.books.get(&(slot, meter));
        let orders = book.as_ref().map_or(&[][..], |book| &book.orders);
        let Some(order) = orders.iter().find(|order| order.id == id) else { return Ok(false) };
        let wanted = (side, energy_wh, limit_mwon);
        let same = (order.side, order.energy_wh, order.limit_mwon) == wanted;
        ensure!(same, Error::IdUsed { id });
        Ok(true)
    }

    /// Puts an order into the book of its meter, with its collateral.
    pub(crate) fn placed(
        &mut self,
        cx: &Cx,
        slot: Slot,
        meter: u32,
        found: &Meter,
        (id, side, energy_wh, limit_mwon): (Hash, Side, u64, u64),
    ) -> Result<Placed, Error> {
        let now = cx.time();
        let from = TimestampMs(slot.start().0.saturating_sub(AHEAD_MS - 1));
        ensure!(now >= from, Error::TooEarly { slot, from });
        let terms = self.terms_of(slot)?;
        let gate = terms.gate(slot);
        ensure!(now < gate, Error::GateClosed { slot, gate });
        let (least_wh, most_wh) = (terms.least_wh, terms.most_wh);
        let sized = (least_wh..=most_wh).contains(&energy_wh);
        ensure!(sized, Error::Size { energy_wh, least_wh, most_wh });
        let (feed_in_mwon, retail_mwon) = (terms.feed_in_mwon, terms.retail_mwon);
        let inside = (feed_in_mwon..=retail_mwon).contains(&limit_mwon);
        ensure!(inside, Error::OutsideBand { limit_mwon, feed_in_mwon, retail_mwon });

        let empty = || Book {
            owner: found.owner,
            zone: found.zone,
            orders: Vec::new(),
            trade: None,
            settlement: None,
        };
        let mut book = self.books.get(&(slot, meter)).unwrap_or_else(empty);
        let (zone, zones) = (book.zone, terms.zones.len() as u32);
        let fees = terms.zone(zone).ok_or(Error::NoZone { zone, zones })?;
        let below = Error::BelowFee { limit_mwon, fee_mwon: fees.import_mwon };
        ensure!(fees.at_hub(side, limit_mwon).is_some(), below);
        let limit = BOOK_MAX;
        ensure!((book.orders.len() as u32) < limit, Error::TooManyOrders { limit });
        let full = |_| Error::SlotFull { slot, limit: SLOT_ORDERS_MAX };
        self.orders.at(&slot).add_within(1, SLOT_ORDERS_MAX).map_err(full)?;

        let collateral = terms.collateral(side, energy_wh, limit_mwon);
        self.take(book.owner, collateral)?;
        self.escrow.deposit(&slot, collateral);
        let height = cx.height();
        let order = Placed { id, side, energy_wh, limit_mwon, collateral, height, open: true };
        book.orders.push(order);
        self.books.set(&(slot, meter), &book);
        Ok(order)
    }

    /// Takes an order out; says what is free and what of it went to a debt, or nothing when it was
    /// out before.
    pub(crate) fn cancelled(
        &mut self,
        slot: Slot,
        meter: u32,
        id: Hash,
        now: TimestampMs,
    ) -> Result<Option<(Amount, Amount)>, Error> {
        let mut book = self.book_of(slot, meter)?;
        let order = book.orders.iter_mut().find(|order| order.id == id);
        let order = order.ok_or(Error::NoOrder { slot, meter })?;
        if !order.open {
            return Ok(None);
        }
        let terms = self.terms_of(slot)?;
        let gate = terms.gate(slot);
        ensure!(now < gate, Error::GateClosed { slot, gate });
        order.open = false;
        let collateral = order.collateral;
        self.escrow.release(&slot, collateral)?;
        let paid = self.credit(book.owner, collateral, terms.utility);
        self.books.set(&(slot, meter), &book);
        Ok(Some((collateral, paid)))
    }

    /// One after another: those of a full slot together take most of the memory that a call has.
    fn books_of(&self, slot: Slot) -> impl Iterator<Item = (u32, Book)> {
        let books = self.books.under(&slot, Order::Ascending);
        books.map(|((_, meter), book)| (meter, book))
    }

    /// Clears a slot; says what came of it, and what each zone got unless it was done before.
    pub(crate) fn cleared(
        &mut self,
        slot: Slot,
        now: TimestampMs,
    ) -> Result<(Outcome, Option<Vec<Amount>>), Error> {
        if let Some(done) = self.outcomes.get(&slot) {
            return Ok((done, None));
        }
        let terms = self.terms_of(slot)?;
        let gate = terms.gate(slot);
        ensure!(now >= gate, Error::GateOpen { slot, gate });
        let called = call(&terms, self.books_of(slot));
        ensure!(called.meters > 0, Error::NoOrders { slot });
        let outcome = called.outcome;
        self.escrow.release(&slot, outcome.fees.saturating_add(outcome.rounding))?;
        for (zone, fee) in terms.zones.iter().zip(&called.fees) {
            self.give(zone.operator, *fee);
        }
        self.give(terms.rounding, outcome.rounding);
        self.outcomes.set(&slot, &outcome);
        Ok((outcome, Some(called.fees)))
    }

    /// Pays a meter's trade; says it, and what was freed and went to a debt unless it was before.
    pub(crate) fn collected(
        &mut self,
        slot: Slot,
        meter: u32,
    ) -> Result<(Trade, Option<(Amount, Amount)>), Error> {
        let mut book = self.book_of(slot, meter)?;
        if let Some(done) = book.trade {
            return Ok((done, None));
        }
        let outcome = self.outcomes.get(&slot).ok_or(Error::NotCleared { slot })?;
        let terms = self.terms_of(slot)?;
        let orders = at_hub(&terms, meter, &book);
        let trade = traded(&terms, outcome.clearing.as_ref(), book.zone, &orders);
        let freed = due(&book, &trade).saturating_sub(trade.deposit);
        self.escrow.release(&slot, freed)?;
        let paid = self.credit(book.owner, freed, terms.utility);
        book.trade = Some(trade);
        self.books.set(&(slot, meter), &book);
        Ok((trade, Some((freed, paid))))
    }

    /// Counts a slot again from its orders, and clears it again if it was cleared.
    pub(crate) fn slot_audited(&self, slot: Slot) -> Result<SlotBooks, Error> {
        let terms = self.terms_of(slot)?;
        let called = call(&terms, self.books_of(slot));
        let cleared = self.outcomes.get(&slot);
        let same = cleared.is_none_or(|outcome| outcome == called.outcome);
        ensure!(same, Error::OtherOutcome { slot });
        let mut counted = Amount::ZERO;
        for (meter, book) in self.books_of(slot) {
            let orders = at_hub(&terms, meter, &book);
            let trade = traded(&terms, called.outcome.clearing.as_ref(), book.zone, &orders);
            ensure!(book.trade.is_none_or(|kept| kept == trade), Error::OtherOutcome { slot });
            let here = match (&cleared, &book.trade, &book.settlement) {
                (None, ..) => due(&book, &Trade::default()),
                (Some(_), None, _) => due(&book, &trade),
                (Some(_), Some(_), None) => trade.deposit,
                (Some(_), Some(_), Some(_)) => Amount::ZERO,
            };
            counted = counted.saturating_add(here);
        }
        let escrow = self.escrow.held(&slot);
        ensure!(escrow == counted, Error::Mismatch { slot, escrow, counted });
        let volume_wh = called.outcome.clearing.map_or(0, |clearing| clearing.volume);
        Ok(SlotBooks { meters: called.meters, volume_wh, escrow })
    }
}

/// What a book has in escrow: its collateral, less what was bought and with what was sold.
fn due(book: &Book, trade: &Trade) -> Amount {
    let open = book.orders.iter().filter(|order| order.open);
    let collateral = open.fold(Amount::ZERO, |sum, order| sum.saturating_add(order.collateral));
    // A trade costs no more than its orders' limits, which the collateral is made of.
    collateral.saturating_sub(trade.cost).saturating_add(trade.proceeds)
}

fn at_hub(terms: &EnergyTerms, meter: u32, book: &Book) -> Vec<Hub> {
    terms.zone(book.zone).map_or_else(Vec::new, |zone| zone.orders(meter, &book.orders))
}

fn traded(
    terms: &EnergyTerms,
    cleared: Option<&clearing::Clearing>,
    zone: u16,
    orders: &[Hub],
) -> Trade {
    match (cleared, terms.zone(zone)) {
        (Some(cleared), Some(zone)) => terms.trade(cleared, zone, orders),
        _ => Trade::default(),
    }
}

/// Calls the market: a function of the terms and the orders.
fn call(terms: &EnergyTerms, books: impl Iterator<Item = (u32, Book)>) -> Called {
    let hub: Vec<(u16, Vec<Hub>)> =
        books.map(|(meter, book)| (book.zone, at_hub(terms, meter, &book))).collect();
    let side = |side: Side| -> Vec<LimitOrder> {
        let orders = hub.iter().flat_map(|(_, orders)| orders).filter(|order| order.side == side);
        orders.map(|order| order.order).collect()
    };
    let clearing = clearing::clear(&mut side(Side::Buy), &mut side(Side::Sell));

    let (mut cost, mut proceeds) = (Amount::ZERO, Amount::ZERO);
    let mut micro = vec![0u128; terms.zones.len()];
    for (zone, orders) in &hub {
        let trade = traded(terms, clearing.as_ref(), *zone, orders);
        cost = cost.saturating_add(trade.cost);
        proceeds = proceeds.saturating_add(trade.proceeds);
        let zone = usize::from(*zone);
        if let (Some(fees), Some(zone)) = (terms.zones.get(zone), micro.get_mut(zone)) {
            *zone += micro_won(trade.bought_wh, fees.import_mwon);
            *zone += micro_won(trade.sold_wh, fees.export_mwon);
        }
    }
    let of_zones: Vec<Amount> = micro.into_iter().map(whole_won).collect();
    let fees = of_zones.iter().fold(Amount::ZERO, |sum, fee| sum.saturating_add(*fee));
    // Costs are rounded up, proceeds and fees down: what is left over is never below nought.
    let rounding = cost.saturating_sub(proceeds).saturating_sub(fees);
    let outcome = Outcome { clearing, cost, proceeds, fees, rounding };
    Called { outcome, fees: of_zones, meters: hub.len() as u32 }
}
