//! What has gone wrong elsewhere, or would.

#[path = "../../altered.rs"]
mod altered;
#[allow(dead_code, reason = "the other programs use more of it")]
mod hub;

use ::token::token::{Conditions, Redeemers, call as token};
use altered::altered;
use dure_sdk::{
    Address, Amount, CallError, Hash, TimestampMs,
    domain::{
        calendar::Date,
        freeze::FreezeError,
        registry::{Category, Merchant, MerchantSet, Status},
    },
    native::Sandbox,
    standard::{Bounds, Reason},
};
use exchange::exchange::{Error, Leg, Proposal, Request, Side, Terms, TradeState, call};
use hub::{
    ANA, BEN, EACH, GOLD, GUARD, HOUR, HUB, NOTARY, OPERATOR, SOURCE, WON, at, audit, audit_all,
    by, holds, hub, id, issue, proposal, refused, request, terms,
};

const FESTIVAL: Address = Address([84; 32]);
const MEAL: Address = Address([85; 32]);

/// Midnight in Korea.
fn on(year: u32, month: u32, day: u32) -> TimestampMs {
    Date::new(year, month, day).unwrap().day().start()
}

/// Spent at stalls, until some day; passed on freely before.
fn festival(until: Option<TimestampMs>) -> Conditions {
    let merchants = Some(MerchantSet::EVERYWHERE);
    Conditions { merchants, until, redeem: Redeemers::Merchants, ..Conditions::NONE }
}

/// As [`hub`], with one more token that is worth a won, and its rate.
fn with(token: Address, conditions: &Conditions, holder: Address) -> Sandbox {
    let mut hub = hub(&terms(0, GUARD));
    issue(&mut hub, token, conditions, &[(OPERATOR, EACH), (holder, EACH)]);
    let mut more: Terms = terms(0, GUARD);
    let asset = more.assets[0];
    more.assets.push(exchange::exchange::Asset { token, ..asset });
    by(&mut hub, OPERATOR, &call::schedule_terms(more, at(1))).unwrap();
    hub.time(at(1));
    let rate = dure_sdk::Ratio::new(1, 1).unwrap();
    by(&mut hub, SOURCE, &call::set_rate(token, rate, at(1))).unwrap();
    hub
}

fn sell(
    what: Address,
    for_what: Address,
) -> dure_sdk::Invocation<exchange::exchange::Receipt, Error> {
    call::exchange(id(1), request(what, 100, for_what, 100))
}

#[test]
fn purpose_laundering_by_swap() {
    // Festival vouchers may be passed on to anybody: the token itself lets them go to the exchange.
    let mut hub = with(FESTIVAL, &festival(None), ANA);
    let bound = Bounds { purpose: Some(Hash(FESTIVAL.0)), expires: None };
    let loosened = Error::Loosened { token: FESTIVAL, gives: bound, gets: Bounds::NONE };
    assert_eq!(refused(by(&mut hub, ANA, &sell(FESTIVAL, WON))), loosened);
    // Nor by a trade, from either side, whoever is to settle it.
    let (gives, wants) =
        (Leg { token: FESTIVAL, amount: Amount(100) }, Leg { token: WON, amount: Amount(90) });
    let swap = Proposal { gives, wants, taker: None, agent: None, expires: at(HOUR) };
    assert_eq!(refused(by(&mut hub, ANA, &call::propose(id(2), swap))), loosened);
    let other_way = Proposal { gives: wants, wants: gives, ..swap };
    let trade = by(&mut hub, BEN, &call::propose(id(2), other_way)).unwrap();
    assert_eq!(refused(by(&mut hub, ANA, &call::allocate(trade))), loosened);
    // Nor by being the desk: only what nothing binds is stocked.
    by(&mut hub, OPERATOR, &call::set_role(ANA, dure_sdk::domain::roles::Role::Agent, true))
        .unwrap();
    let stock = call::stock(id(3), FESTIVAL, Amount(100));
    assert_eq!(refused(by(&mut hub, ANA, &stock)), loosened);
    assert_eq!(holds(&mut hub, FESTIVAL, ANA), EACH);
    // The issuer sells vouchers for money: that is what they are issued for.
    let stock = call::stock(id(3), FESTIVAL, Amount(100));
    by(&mut hub, OPERATOR, &stock).unwrap();
    by(&mut hub, BEN, &sell(WON, FESTIVAL)).unwrap();
    assert_eq!(holds(&mut hub, FESTIVAL, BEN), 100);
}

#[test]
fn a_token_that_refuses_the_transfer_is_not_exchanged() {
    // Meals are spent at eateries alone; they do not even reach the exchange.
    let meals = Conditions { gifts: false, ..festival(None) };
    let mut hub = with(MEAL, &meals, ANA);
    let reason = Reason::NotPermitted { account: HUB };
    let stock = call::stock(id(3), MEAL, Amount(100));
    assert_eq!(refused(by(&mut hub, OPERATOR, &stock)), Error::Refused { token: MEAL, reason });
    // Not when somebody registers the exchange as an eatery, either.
    let eatery = Merchant {
        owner: Hash([7; 32]),
        region: 1,
        category: Category([1, 0, 0, 0]),
        tier: 0,
        status: Status::Active,
    };
    let register = token::register_merchant(HUB, eatery, vec![]);
    hub.caller(OPERATOR).send(MEAL, &register).unwrap();
    let bound = Bounds { purpose: Some(Hash(MEAL.0)), expires: None };
    let loosened = Error::Loosened { token: MEAL, gives: bound, gets: Bounds::NONE };
    assert_eq!(refused(by(&mut hub, ANA, &sell(MEAL, WON))), loosened);
    assert_eq!(holds(&mut hub, MEAL, ANA), EACH);
}

#[test]
fn a_token_that_does_not_say_what_binds_it_is_not_exchanged() {
    let mut hub = hub(&terms(0, GUARD));
    let (gives, wants) =
        (Leg { token: HUB, amount: Amount(1) }, Leg { token: WON, amount: Amount(1) });
    let swap = Proposal { gives, wants, ..proposal() };
    let error = Error::Token { token: HUB, error: CallError::Reentrant };
    assert_eq!(refused(by(&mut hub, ANA, &call::propose(id(1), swap))), error);
    let nothing = Address([77; 32]);
    let swap = Proposal { gives: wants, wants: Leg { token: nothing, ..gives }, ..swap };
    let trade = by(&mut hub, ANA, &call::propose(id(1), swap));
    let error = Error::Token { token: nothing, error: CallError::UnknownContract };
    assert_eq!(refused(trade), error);
}

#[test]
fn expiry_renewed_by_exchange() {
    // C10: what is got expires at min(source, default of the target). Units of a token are alike,
    // so where the target's would live on the exchange is refused.
    let (autumn, winter) = (on(2026, 10, 11), on(2026, 12, 31));
    let until = |until| Conditions { until: Some(until), ..Conditions::NONE };
    let mut hub = with(FESTIVAL, &until(autumn), ANA);
    issue(&mut hub, MEAL, &until(winter), &[(BEN, EACH)]);
    let (gives, gets) = (
        Bounds { purpose: None, expires: Some(autumn) },
        Bounds { purpose: None, expires: Some(winter) },
    );
    let (early, late) =
        (Leg { token: FESTIVAL, amount: Amount(5) }, Leg { token: MEAL, amount: Amount(5) });
    let swap = Proposal { gives: early, wants: late, taker: None, agent: None, expires: at(HOUR) };
    let renewed = Error::Loosened { token: FESTIVAL, gives, gets };
    assert_eq!(refused(by(&mut hub, ANA, &call::propose(id(1), swap))), renewed);
    let forever = Error::Loosened { token: FESTIVAL, gives, gets: Bounds::NONE };
    assert_eq!(refused(by(&mut hub, ANA, &sell(FESTIVAL, WON))), forever);
    // There and back: what expires in winter goes for what expires in autumn, and never back.
    let back = Proposal { gives: late, wants: early, ..swap };
    let trade = by(&mut hub, BEN, &call::propose(id(1), back)).unwrap();
    assert_eq!(refused(by(&mut hub, ANA, &call::allocate(trade))), renewed);
}

#[test]
fn rounding_cycles() {
    // Won at 1, coins at 3/2, gold at 1,000: 55 amounts up to 2,000 through every way of three.
    let mut hub = hub(&terms(0, GUARD));
    let before = hub::TOKENS.map(|token| holds(&mut hub, token, ANA));
    let mut number = 0;
    for amount in (1..2_000u128).step_by(37) {
        for path in [[0, 1, 0], [0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut held = amount;
            for step in 0..3 {
                let (from, to) = (path[step], path[(step + 1) % 3]);
                if from == to {
                    continue;
                }
                number += 1;
                let ask = request(hub::TOKENS[from], held, hub::TOKENS[to], 1);
                match by(&mut hub, ANA, &call::exchange(id(number), ask)) {
                    Ok(receipt) => held = receipt.given.0,
                    Err(_) => break,
                }
            }
        }
    }
    // What she has now is worth no more, in half won, than what she had.
    let worth = |held: [u128; 3]| 2 * held[0] + 3 * held[1] + 2_000 * held[2];
    let after = hub::TOKENS.map(|token| holds(&mut hub, token, ANA));
    assert!(worth(after) <= worth(before), "{before:?} became {after:?}");
    assert_ne!(before, after, "something was exchanged");
    for token in hub::TOKENS {
        audit(&mut hub, token);
    }
}

#[test]
fn delivery_where_one_side_is_short_at_settlement() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    // Ben spent his won: nothing is allocated, and Ana's gold stays allocated.
    hub.caller(BEN).send(WON, &token::transfer(OPERATOR, Amount(EACH - 3_099), None)).unwrap();
    let reason = Reason::Short { left: Amount(3_099), wanted: Amount(3_100) };
    let short = refused(by(&mut hub, BEN, &call::allocate(trade)));
    assert_eq!(short, Error::Refused { token: WON, reason });
    hub.caller(OPERATOR).send(WON, &token::transfer(BEN, Amount(1), None)).unwrap();
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    // Both are allocated; then the issuer of the won stops it: neither side moves.
    hub.caller(OPERATOR).send(WON, &token::pause(Hash([1; 32]))).unwrap();
    let stopped = Error::Refused { token: WON, reason: Reason::Paused };
    assert_eq!(refused(by(&mut hub, NOTARY, &call::settle(trade))), stopped);
    assert_eq!((holds(&mut hub, GOLD, BEN), holds(&mut hub, GOLD, HUB)), (EACH, EACH / 2 + 3));
    // The time is over: Ana has her gold again at once, Ben his won as soon as it moves.
    hub.time(at(HOUR));
    by(&mut hub, ANA, &call::void(trade)).unwrap();
    by(&mut hub, ANA, &call::take_back(trade, Side::Maker)).unwrap();
    let take = call::take_back(trade, Side::Taker);
    assert_eq!(refused(by(&mut hub, BEN, &take)), stopped);
    hub.caller(OPERATOR).send(WON, &token::resume()).unwrap();
    by(&mut hub, BEN, &take).unwrap();
    assert_eq!((holds(&mut hub, GOLD, ANA), holds(&mut hub, WON, BEN)), (EACH, 3_100));
    audit(&mut hub, WON);
}

#[test]
fn settlement_and_timeout_at_the_same_instant() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    let expires = at(HOUR);
    // One millisecond before, only settled; at that instant, only voided: never both, never none.
    hub.time(TimestampMs(expires.0 - 1));
    assert_eq!(refused(by(&mut hub, BEN, &call::void(trade))), Error::NotExpired { expires });
    hub.time(expires);
    let late = refused(by(&mut hub, NOTARY, &call::settle(trade)));
    assert_eq!(late, Error::Expired { expires });
    by(&mut hub, BEN, &call::void(trade)).unwrap();
    let void = Error::WrongState { trade, state: TradeState::Voided };
    assert_eq!(refused(by(&mut hub, NOTARY, &call::settle(trade))), void);
    // A proposal ends at that instant as well.
    let next = Proposal { expires: at(2 * HOUR), ..proposal() };
    let trade = by(&mut hub, ANA, &call::propose(id(2), next)).unwrap();
    hub.time(at(2 * HOUR));
    let late = refused(by(&mut hub, BEN, &call::allocate(trade)));
    assert_eq!(late, Error::Expired { expires: at(2 * HOUR) });
}

#[test]
fn a_request_replayed_after_its_deadline() {
    let mut hub = hub(&terms(0, GUARD));
    let ask = Request { deadline: at(HOUR), ..request(WON, 300, GOLD, 0) };
    hub.time(at(HOUR));
    let late = refused(by(&mut hub, ANA, &call::exchange(id(1), ask)));
    assert_eq!(late, Error::Late { deadline: at(HOUR) });
}

#[test]
fn frozen_between_allocation_and_settlement() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    by(&mut hub, OPERATOR, &call::set_frozen(ANA, Some(Hash([1; 32])))).unwrap();
    let frozen = refused(by(&mut hub, NOTARY, &call::settle(trade)));
    assert!(matches!(frozen, Error::Freeze(FreezeError::Frozen { account: ANA, .. })));
    assert_eq!(holds(&mut hub, GOLD, BEN), EACH, "neither side moved");
    by(&mut hub, NOTARY, &call::void(trade)).unwrap();
    by(&mut hub, BEN, &call::take_back(trade, Side::Taker)).unwrap();
    assert_eq!(holds(&mut hub, WON, BEN), EACH);
}

#[test]
fn an_audit_finds_one_unit_that_bypassed_the_books() {
    let mut hub = hub(&terms(0, GUARD));
    by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    by(&mut hub, ANA, &call::exchange(id(2), request(GOLD, 1, WON, 1))).unwrap();
    let right = hub.storage_of(HUB);
    // By number of the field: purses, and what is held of each token.
    let fields: [&[u8]; 2] = [&[7], &[8]];
    for (key, wrong) in altered(&right, &fields) {
        hub.load(HUB, wrong);
        assert!(audit_all(&mut hub).is_err(), "{key:?}");
    }
    hub.load(HUB, right);
    audit_all(&mut hub).unwrap();
}
