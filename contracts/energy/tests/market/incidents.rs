//! The rules of the market, and what went wrong elsewhere, by name.

use crate::altered::altered;
use crate::scene::{
    GRIDS, MARKET, MINUTE, MONEY, OPERATOR, PAID_IN, ROUNDING, SLOT, START, Scene, UTILITY, id,
    meter, person, signed, slot, terms,
};
use dure_sdk::{
    Amount, Hash, Height, TimestampMs,
    domain::{
        clearing::Side::{self, Buy, Sell},
        freeze::FreezeError,
        policy::PolicyError,
    },
};
use energy::energy::{
    AHEAD_MS, BOOK_MAX, Certificate, EnergyTerms, Error, Placed, Reading, Settled, Signer, Trade,
    call,
};
use std::collections::BTreeSet;
use token::token::call as money;

/// The slot from 1:00 to 1:15: its gate closes at 0:55, its readings are over at 2:15.
const TRADED: u64 = 4;
const GATE: u64 = 55 * MINUTE;
const READ: u64 = 76 * MINUTE;
const OVER: u64 = 135 * MINUTE;

impl Scene {
    fn order(
        &mut self,
        who: usize,
        side: Side,
        energy_wh: u64,
        limit_mwon: u64,
        number: u64,
    ) -> Result<(), Error> {
        let order = call::order(slot(TRADED), meter(who), id(number), side, energy_wh, limit_mwon);
        self.by(person(who), &order)
    }

    /// The first buys at 100 won, the second sells at 70: they meet at 74, where the fee of the
    /// second's zone leaves it its limit.
    fn trade(&mut self, bought_wh: u64, sold_wh: u64) {
        self.order(0, Buy, bought_wh, 100_000, 1).unwrap();
        self.order(1, Sell, sold_wh, 70_000, 1).unwrap();
        self.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
    }

    fn collect(&mut self, who: usize) -> Trade {
        self.by(OPERATOR, &call::collect(slot(TRADED), meter(who))).unwrap()
    }

    /// Reads a meter before and after the slot: nought, and that.
    fn metered(&mut self, who: usize, registers: (u64, u64)) {
        self.at(READ).read(who, slot(TRADED - 1), (0, 0), &[0, 1]).unwrap();
        self.read(who, slot(TRADED), registers, &[1, 2]).unwrap();
    }
}

#[test]
fn a_trade_is_paid_to_the_won_and_rounding_has_its_account() {
    let mut scene = Scene::new();
    scene.trade(333, 1_500);
    let outcome = scene.ask(&call::outcome(slot(TRADED))).unwrap();
    assert_eq!(outcome.clearing.unwrap().price, 74_000);
    // 333 x 79 = 26.307 up, 333 x 70 = 23.31 down; fees 1.665 and 1.332 down.
    let figures = (outcome.cost, outcome.proceeds, outcome.fees, outcome.rounding);
    assert_eq!(figures, (Amount(27), Amount(23), Amount(2), Amount(2)));
    let (bought, sold) = (scene.collect(0), scene.collect(1));
    assert_eq!((bought.bought_wh, bought.cost), (333, Amount(27)));
    assert_eq!((sold.sold_wh, sold.proceeds, sold.deposit), (333, Amount(23), Amount(40)));
    assert_eq!(scene.account(person(0)).0, PAID_IN - 27);
    assert_eq!(scene.account(person(1)).0, PAID_IN + 23 - 40);
    for (account, has) in [(GRIDS[0], 1), (GRIDS[1], 1), (ROUNDING, 2)] {
        assert_eq!(scene.account(account).0, has);
    }
    // Once: what comes again gets the same answer.
    assert_eq!(scene.collect(1), sold);
    scene.by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
    scene.books_balance([TRADED]);
}

#[test]
fn half_way_between_the_last_bid_and_ask_is_no_price() {
    // W4: at 65 the bidder at 88 would trade too, and goes empty.
    let mut scene = Scene::under(EnergyTerms {
        feed_in_mwon: 40_000,
        zones: terms()
            .zones
            .iter()
            .map(|zone| {
                let mut zone = *zone;
                (zone.import_mwon, zone.export_mwon) = (0, 0);
                zone
            })
            .collect(),
        ..terms()
    });
    scene.order(0, Buy, 1_000, 90_000, 1).unwrap();
    scene.order(1, Buy, 1_000, 88_000, 1).unwrap();
    scene.order(2, Sell, 1_000, 40_000, 1).unwrap();
    let outcome = scene.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
    assert_eq!(outcome.clearing.unwrap().price, 89_000);
    assert_eq!(scene.collect(1), Trade::default());
}

#[test]
fn what_is_sold_is_paid_in_full_and_a_shortfall_costs_retail() {
    let mut scene = Scene::new();
    scene.trade(1_000, 1_500);
    assert_eq!(scene.collect(1).proceeds, Amount(70));
    scene.metered(1, (0, 800));
    let settle = call::settle(slot(TRADED), meter(1));
    let until = TimestampMs(START + OVER);
    let early = Error::ReadingsOpen { slot: slot(TRADED), until };
    assert_eq!(scene.at(OVER - 1).by(OPERATOR, &settle), Err(early));
    let settled = scene.at(OVER).by(OPERATOR, &settle).unwrap();
    assert_eq!((settled.exported_wh, settled.substituted), (800, false));
    assert_eq!((settled.charge, settled.credit, settled.owed), (Amount(24), Amount(0), Amount(0)));
    assert_eq!(scene.by(OPERATOR, &settle), Ok(settled), "once");
    assert_eq!(scene.account(person(1)).0, PAID_IN + 70 - 24);
    assert_eq!(scene.account(UTILITY).0, PAID_IN + 24);
    scene.books_balance([TRADED]);
}

#[test]
fn use_beyond_costs_retail_and_what_is_not_used_or_delivered_beyond_brings_feed_in() {
    for (who, registers, charge, credit) in [
        (0, (1_100, 0), 12, 0),
        (0, (900, 0), 0, 6),
        (0, (1_000, 0), 0, 0),
        (1, (0, 1_200), 0, 12),
        // A seller that draws from the grid in its slot has not bought that.
        (1, (50, 1_000), 6, 0),
        // 33 Wh are 3.96 won up, and 1.98 down.
        (0, (1_033, 0), 4, 0),
        (0, (967, 0), 0, 1),
    ] {
        let mut scene = Scene::new();
        scene.trade(1_000, 1_500);
        scene.metered(who, registers);
        let settle = call::settle(slot(TRADED), meter(who));
        let settled = scene.at(OVER).by(OPERATOR, &settle).unwrap();
        let found = (settled.charge, settled.credit);
        assert_eq!(found, (Amount(charge), Amount(credit)), "{who} {registers:?}");
        scene.books_balance([TRADED]);
    }
}

#[test]
fn what_cannot_be_paid_is_owed_and_paid_first() {
    let mut scene = Scene::new();
    scene.trade(1_000, 1_500);
    scene.collect(0);
    let free = scene.account(person(0)).0;
    scene.by(person(0), &call::withdraw(id(1), Amount(free - 5))).unwrap();
    scene.metered(0, (1_100, 0));
    let settled = scene.at(OVER).by(OPERATOR, &call::settle(slot(TRADED), meter(0))).unwrap();
    assert_eq!((settled.charge, settled.owed), (Amount(12), Amount(7)));
    assert_eq!(scene.account(person(0)), (0, 7));
    scene.by(person(0), &call::deposit(id(2), Amount(10))).unwrap();
    assert_eq!(scene.account(person(0)), (3, 0));
    assert_eq!(scene.account(UTILITY).0, PAID_IN + 12);
    scene.books_balance([TRADED]);
}

#[test]
fn a_missing_reading_is_replaced_by_the_terms_and_flagged() {
    let mut scene = Scene::new();
    scene.trade(1_000, 1_500);
    // One reading is not enough: the register at the beginning is missing.
    scene.at(READ).read(1, slot(TRADED), (0, 5_000), &[0, 2]).unwrap();
    scene.at(OVER);
    let late = Error::ReadingsOver { slot: slot(TRADED), until: TimestampMs(START + OVER) };
    assert_eq!(scene.read(0, slot(TRADED), (0, 0), &[0, 1]), Err(late));
    // Nothing was sold, as far as anybody knows; what was bought was used.
    for (who, charge) in [(1, 120), (0, 0)] {
        let settled = scene.by(OPERATOR, &call::settle(slot(TRADED), meter(who))).unwrap();
        assert!(settled.substituted);
        assert_eq!((settled.charge, settled.credit), (Amount(charge), Amount(0)));
    }
    assert_eq!(scene.0.events_of::<Settled>().len(), 2);
    scene.books_balance([TRADED]);
}

#[test]
fn a_settlement_waits_for_a_utility_that_is_short() {
    let mut scene = Scene::new();
    scene.trade(1_000, 1_500);
    scene.metered(1, (0, 1_200));
    scene.at(OVER).by(UTILITY, &call::withdraw(id(1), Amount(PAID_IN - 11))).unwrap();
    let settle = call::settle(slot(TRADED), meter(1));
    let short = Error::UtilityShort { left: Amount(11), wanted: Amount(12) };
    assert_eq!(scene.by(OPERATOR, &settle), Err(short));
    // What was sold does not wait.
    scene.collect(1);
    assert_eq!(scene.account(person(1)).0, PAID_IN + 70 - 120);
    scene.by(UTILITY, &call::deposit(id(2), Amount(1))).unwrap();
    scene.by(OPERATOR, &settle).unwrap();
    assert_eq!(scene.account(person(1)).0, PAID_IN + 70 + 12);
    scene.books_balance([TRADED]);
}

#[test]
fn a_reading_that_an_oracle_replays_is_refused() {
    let mut scene = Scene::new();
    let (now, next) = (slot(3), slot(4));
    scene.at(READ);
    let first = Reading { import_wh: 10, export_wh: 20, revision: 0 };
    let signatures = signed(1, now, &first, &[0, 1]);
    let read = |meter, slot, reading, signatures: &Vec<_>| {
        call::read(meter, slot, reading, signatures.clone())
    };
    scene.by(person(3), &read(1, now, first, &signatures)).unwrap();
    let replayed = Err(Error::Replayed { meter: 1, slot: now, next_revision: 1 });
    assert_eq!(scene.by(person(3), &read(1, now, first, &signatures)), replayed);
    // Nor is it one of another slot or meter.
    let none = Err(Error::BadSignature { by: Signer::Meter });
    assert_eq!(scene.by(person(3), &read(1, next, first, &signatures)), none);
    assert_eq!(scene.by(person(3), &read(2, now, first, &signatures)), none);
    // All three correct it; then the first cannot come back.
    let second = Reading { import_wh: 9, export_wh: 19, revision: 1 };
    let few = Err(Error::TooFewSigned { signed: 2, least: 3 });
    let two = signed(1, now, &second, &[1, 2]);
    assert_eq!(scene.by(person(3), &read(1, now, second, &two)), few);
    let three = signed(1, now, &second, &[0, 1, 2]);
    scene.by(person(3), &read(1, now, second, &three)).unwrap();
    let replayed = Err(Error::Replayed { meter: 1, slot: now, next_revision: 2 });
    assert_eq!(scene.by(person(3), &read(1, now, first, &signatures)), replayed);
    assert_eq!(scene.ask(&call::reading(1, now)), Some(second));
}

#[test]
fn two_of_three_sign_and_nobody_twice() {
    let mut scene = Scene::new();
    scene.at(READ);
    let reading = Reading { import_wh: 10, export_wh: 20, revision: 0 };
    let one = signed(1, slot(3), &reading, &[1]);
    let mut twice = one.clone();
    twice.extend(one.clone());
    let mut other = signed(2, slot(3), &reading, &[0]);
    other.extend(one.clone());
    for (signatures, error) in [
        (vec![], Error::TooFewSigned { signed: 0, least: 2 }),
        (one, Error::TooFewSigned { signed: 1, least: 2 }),
        (twice, Error::SignedTwice { by: Signer::GridOperator }),
        (other, Error::BadSignature { by: Signer::Meter }),
    ] {
        let read = call::read(1, slot(3), reading, signatures);
        assert_eq!(scene.by(OPERATOR, &read), Err(error));
    }
    // A message by the contract's own words is the one that is signed here.
    let message = scene.ask(&call::reading_message(1, slot(3), reading));
    assert!(message.starts_with(b"dure/energy/reading"));
    let key = scene.ask(&call::meter(2)).unwrap().keys[0];
    let same = call::replace_key(1, Signer::Aggregator, key);
    scene.by(OPERATOR, &same).unwrap();
    let same = call::replace_key(1, Signer::Meter, key);
    assert_eq!(scene.by(OPERATOR, &same), Err(Error::SameKey));
}

#[test]
fn a_meter_that_goes_backwards_is_refused() {
    let mut scene = Scene::new();
    scene.at(READ).read(0, slot(2), (100, 50), &[0, 1]).unwrap();
    scene.read(0, slot(4), (300, 50), &[0, 1]).unwrap();
    let backwards = |other, import_wh, export_wh| {
        Err(Error::Backwards { meter: 1, other: slot(other), import_wh, export_wh })
    };
    let mut read = |registers| scene.read(0, slot(3), registers, &[0, 1]);
    assert_eq!(read((99, 50)), backwards(2, 100, 50));
    assert_eq!(read((100, 49)), backwards(2, 100, 50));
    // One that comes late is not above what came after it.
    assert_eq!(read((301, 50)), backwards(4, 300, 50));
    assert_eq!(read((100, 50)), Ok(()));
    // A slot that is not over has no reading.
    let from = slot(5).end();
    let early = Err(Error::NotRead { slot: slot(5), from });
    assert_eq!(scene.read(0, slot(5), (400, 50), &[0, 1]), early);
}

#[test]
fn an_order_at_the_gates_instant_is_too_late() {
    let mut scene = Scene::new();
    scene.at(GATE - 1).order(0, Buy, 100, 80_000, 1).unwrap();
    let gate = TimestampMs(START + GATE);
    let open = Err(Error::GateOpen { slot: slot(TRADED), gate });
    assert_eq!(scene.by(OPERATOR, &call::clear(slot(TRADED))).map(|_| ()), open);
    let closed = Err(Error::GateClosed { slot: slot(TRADED), gate });
    assert_eq!(scene.at(GATE).order(0, Buy, 100, 80_000, 2), closed);
    let cancel = |number| call::cancel(slot(TRADED), meter(0), id(number));
    assert_eq!(scene.by(person(0), &cancel(1)), closed);
    // What came in time and comes again is no new order.
    assert_eq!(scene.order(0, Buy, 100, 80_000, 1), Ok(()));
    assert_eq!(scene.order(0, Buy, 101, 80_000, 1), Err(Error::IdUsed { id: id(1) }));
    scene.books_balance([TRADED]);
}

#[test]
fn a_tie_at_the_margin_is_shared_pro_rata_and_the_remainder_goes_by_sequence() {
    let mut scene = Scene::new();
    // The zones differ by 4 won: all three bid 75 at the hub.
    for (height, who, limit) in [(10, 2, 80_000), (11, 1, 84_000), (11, 0, 80_000)] {
        scene.0.height(Height(height));
        scene.order(who, Buy, 30, limit, 1).unwrap();
    }
    scene.order(3, Sell, 50, 60_000, 1).unwrap();
    scene.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
    // 16.67 each. The third came in an earlier block; in one block the lower meter is first.
    assert_eq!([2, 0, 1].map(|who| scene.collect(who).bought_wh), [17, 17, 16]);
    scene.books_balance([TRADED]);
}

#[test]
fn a_slot_with_no_volume_has_no_price_and_gives_everything_back() {
    let mut scene = Scene::new();
    let none = Err(Error::NoOrders { slot: slot(TRADED) });
    assert_eq!(scene.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).map(|_| ()), none);
    // They would meet, were there no fees.
    scene.at(0).order(0, Buy, 1_000, 80_000, 1).unwrap();
    scene.order(1, Sell, 1_000, 72_000, 1).unwrap();
    let outcome = scene.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
    assert_eq!((outcome.clearing, outcome.cost, outcome.fees), (None, Amount(0), Amount(0)));
    for who in [0, 1] {
        assert_eq!(scene.collect(who), Trade::default());
        assert_eq!(scene.account(person(who)).0, PAID_IN);
    }
    let settle = call::settle(slot(TRADED), meter(1));
    let not_traded = Error::NotTraded { slot: slot(TRADED), meter: meter(1) };
    assert_eq!(scene.at(OVER).by(OPERATOR, &settle), Err(not_traded));
    scene.books_balance([TRADED]);
}

#[test]
fn who_splits_an_order_gains_nothing_beyond_rounding() {
    // 100 Wh at the margin, beside as many of another, for 120 that are sold.
    let bought = |parts: &[u64]| {
        let mut scene = Scene::new();
        for (number, part) in (1..).zip(parts) {
            scene.order(0, Buy, *part, 80_000, number).unwrap();
        }
        scene.order(2, Buy, 101, 80_000, 1).unwrap();
        scene.order(1, Sell, 120, 60_000, 1).unwrap();
        scene.at(GATE).by(OPERATOR, &call::clear(slot(TRADED))).unwrap();
        scene.books_balance([TRADED]);
        scene.collect(0)
    };
    let whole = bought(&[100]);
    for parts in [&[50, 50][..], &[33, 33, 34], &[10; 10]] {
        let split = bought(parts);
        assert!(split.bought_wh.abs_diff(whole.bought_wh) <= parts.len() as u64, "{parts:?}");
        // Its total is rounded once, however many orders it has.
        let cost = (u128::from(split.bought_wh) * 80_000).div_ceil(1_000_000);
        assert_eq!(split.cost, Amount(cost));
    }
}

#[test]
fn orders_out_of_bounds_are_refused_with_the_bounds() {
    let mut scene = Scene::new();
    let size = |energy_wh| Err(Error::Size { energy_wh, least_wh: 10, most_wh: 100_000 });
    assert_eq!(scene.order(0, Buy, 9, 80_000, 1), size(9));
    assert_eq!(scene.order(0, Buy, 100_001, 80_000, 1), size(100_001));
    let band = |limit_mwon| {
        Err(Error::OutsideBand { limit_mwon, feed_in_mwon: 60_000, retail_mwon: 120_000 })
    };
    assert_eq!(scene.order(0, Buy, 10, 59_999, 1), band(59_999));
    assert_eq!(scene.order(0, Sell, 10, 120_001, 1), band(120_001));
    let short = Error::Short { left: Amount(PAID_IN), wanted: Amount(10_001) };
    assert_eq!(scene.order(0, Buy, 100_000, 100_001, 1), Err(short));
    let order = call::order(slot(TRADED), meter(1), id(1), Buy, 100, 80_000);
    let not_owner = Error::NotOwner { meter: meter(1), owner: person(1) };
    assert_eq!(scene.by(person(0), &order), Err(not_owner));
    for number in 0..u64::from(BOOK_MAX) {
        scene.order(0, Buy, 10, 80_000, number).unwrap();
    }
    let many = Error::TooManyOrders { limit: BOOK_MAX };
    assert_eq!(scene.order(0, Buy, 10, 80_000, 99), Err(many));
}

#[test]
fn no_order_meets_other_terms_than_it_was_placed_under() {
    let mut scene = Scene::new();
    let ahead = AHEAD_MS / SLOT;
    let order = |number| call::order(slot(number), meter(0), id(1), Buy, 100, 80_000);
    let from = TimestampMs(START + 1);
    let early = Error::TooEarly { slot: slot(ahead), from };
    assert_eq!(scene.by(person(0), &order(ahead)), Err(early));
    scene.by(person(0), &order(ahead - 1)).unwrap();
    let dearer = EnergyTerms { retail_mwon: 200_000, ..terms() };
    let schedule = |from| call::schedule_terms(dearer.clone(), TimestampMs(from));
    let soon = Err(Error::Policy(PolicyError::TooSoon {
        from: TimestampMs(START + AHEAD_MS - 1),
        earliest: TimestampMs(START + AHEAD_MS),
    }));
    assert_eq!(scene.by(OPERATOR, &schedule(START + AHEAD_MS - 1)), soon);
    scene.by(OPERATOR, &schedule(START + AHEAD_MS)).unwrap();
    // Debts are to the utility: with another one in its place they would be paid to that.
    let taken_over = EnergyTerms { utility: person(0), ..dearer.clone() };
    let taken_over = call::schedule_terms(taken_over, TimestampMs(START + 2 * AHEAD_MS));
    let other = Err(Error::OtherUtility { utility: dearer.utility });
    assert_eq!(scene.by(OPERATOR, &taken_over), other);
    assert_eq!(scene.ask(&call::terms(slot(ahead - 1))).1.retail_mwon, 120_000);
    assert_eq!(scene.ask(&call::terms(slot(ahead))).1.retail_mwon, 200_000);
}

#[test]
fn certificates_are_made_for_whole_mwh_and_retired_once() {
    let mut scene = Scene::new();
    scene.at(READ).read(1, slot(3), (0, 400_000), &[0, 1]).unwrap();
    scene.read(1, slot(4), (0, 2_900_000), &[0, 1]).unwrap();
    let mint = call::mint(meter(1), slot(4));
    for (time, last) in [(READ, 3), (OVER - 1, 4)] {
        let until = TimestampMs(START + (last + 5) * SLOT);
        let open = Error::ReadingsOpen { slot: slot(last), until };
        assert_eq!(scene.at(time).by(OPERATOR, &mint), Err(open));
    }
    // 2.5 MWh since the first reading.
    assert_eq!(scene.at(OVER).by(OPERATOR, &mint), Ok(2));
    let nothing = Error::NothingToMint { minted: 2, metered_wh: 2_500_000 };
    assert_eq!(scene.by(OPERATOR, &mint), Err(nothing));
    scene.by(person(1), &call::transfer_certificate(meter(1), 1, person(0))).unwrap();
    let retire = |number, claim| call::retire(meter(1), number, id(claim));
    let not_holder = Error::NotHolder { holder: person(0) };
    assert_eq!(scene.by(person(1), &retire(1, 1)), Err(not_holder));
    scene.by(person(0), &retire(1, 1)).unwrap();
    let retired = Err(Error::Retired { claim: id(1) });
    assert_eq!(scene.by(person(0), &retire(1, 2)), retired);
    let on = call::transfer_certificate(meter(1), 1, person(2));
    assert_eq!(scene.by(person(0), &on), retired);
    let kept = Certificate { holder: person(0), retired: Some(id(1)) };
    assert_eq!(scene.ask(&call::certificate(meter(1), 1)), Some(kept));
    // The fourth meter is not of a renewable source.
    scene.at(READ).read(3, slot(4), (0, 9_000_000), &[0, 1]).unwrap();
    let not_renewable = Error::NotRenewable { meter: meter(3) };
    let other = call::mint(meter(3), slot(4));
    assert_eq!(scene.at(OVER).by(OPERATOR, &other), Err(not_renewable));
}

#[test]
fn tokens_move_with_what_is_paid_in_and_out_once() {
    let mut scene = Scene::new();
    let tokens = |scene: &mut Scene, of| scene.0.ask(MONEY, &money::balance_of(of)).unwrap().0;
    let before = tokens(&mut scene, MARKET);
    for _ in 0..2 {
        scene.by(person(0), &call::deposit(id(5), Amount(100))).unwrap();
    }
    assert_eq!(tokens(&mut scene, MARKET), before + 100);
    let used = Err(Error::IdUsed { id: id(5) });
    assert_eq!(scene.by(person(0), &call::withdraw(id(5), Amount(100))), used);
    for _ in 0..2 {
        scene.by(person(0), &call::withdraw(id(6), Amount(30))).unwrap();
    }
    assert_eq!(tokens(&mut scene, MARKET), before + 70);
    // What lies there for an order is not free.
    scene.order(0, Buy, 1_000, 100_000, 1).unwrap();
    let (free, all) = (PAID_IN + 70 - 100, PAID_IN + 70);
    let short = Error::Short { left: Amount(free), wanted: Amount(all) };
    assert_eq!(scene.by(person(0), &call::withdraw(id(7), Amount(all))), Err(short));
    scene.by(person(0), &call::cancel(slot(TRADED), meter(0), id(1))).unwrap();
    scene.by(person(0), &call::withdraw(id(7), Amount(all))).unwrap();
    let book = scene.ask(&call::book(slot(TRADED), meter(0))).unwrap();
    assert!(matches!(book.orders[..], [Placed { open: false, .. }]));
    scene.books_balance([TRADED]);
}

#[test]
fn a_pause_stops_money_and_no_reading_and_a_frozen_account_orders_nothing() {
    let mut scene = Scene::new();
    scene.by(OPERATOR, &call::set_frozen(person(0), Some(Hash([1; 32])))).unwrap();
    let frozen = |result| matches!(result, Err(Error::Freeze(FreezeError::Frozen { .. })));
    assert!(frozen(scene.order(0, Buy, 100, 80_000, 1)));
    assert!(frozen(scene.by(person(0), &call::withdraw(id(1), Amount(1)))));
    scene.by(OPERATOR, &call::set_frozen(person(0), None)).unwrap();
    scene.trade(1_000, 1_500);
    scene.by(OPERATOR, &call::set_paused(Some(Hash([1; 32])))).unwrap();
    let paused = |result| matches!(result, Err(Error::Freeze(FreezeError::Paused { .. })));
    assert!(paused(scene.by(OPERATOR, &call::collect(slot(TRADED), 1)).map(|_| ())));
    scene.metered(1, (0, 1_000));
    assert!(paused(scene.at(OVER).by(OPERATOR, &call::settle(slot(TRADED), 2)).map(|_| ())));
    scene.by(OPERATOR, &call::set_paused(None)).unwrap();
    let settled = scene.by(OPERATOR, &call::settle(slot(TRADED), 2)).unwrap();
    assert!(!settled.substituted);
    let lacks = scene.by(person(0), &call::set_paused(None));
    assert!(matches!(lacks, Err(Error::Roles(_))));
}

#[test]
fn homes_that_order_in_one_slot_do_not_wait_for_each_other() {
    let mut scene = Scene::new();
    let [one, other] = [0, 1].map(|who| {
        scene.order(who, Buy, 500, 100_000, 1).unwrap();
        scene.0.touched().clone()
    });
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    // How many orders the slot has, three amounts of the escrow and the slot's, what all have free.
    assert_eq!(one.amounts_shared(&other), 5);
}

#[test]
fn an_audit_finds_one_won_that_bypassed_the_books() {
    let mut scene = Scene::new();
    scene.order(0, Buy, 100, 80_000, 1).unwrap();
    let right = scene.0.storage_of(MARKET);
    // By number of the field, and of its part: what accounts have free, each and in all, cash, and
    // what lies there for a slot and in all.
    let fields: [&[u8]; 5] = [&[7], &[8], &[10], &[14, 0], &[14, 1]];
    for (key, wrong) in altered(&right, &fields) {
        scene.0.load(MARKET, wrong);
        assert!(scene.audit().is_err(), "{key:?}");
    }
    scene.0.load(MARKET, right);
    scene.audit().unwrap();
}
