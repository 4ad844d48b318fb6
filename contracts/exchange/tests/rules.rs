//! The rules of the desk and of trades, one by one.

#[allow(dead_code, reason = "the other programs use more of it")]
mod hub;

use dure_sdk::{
    Amount, Hash, Ratio,
    domain::{
        freeze::FreezeError,
        policy::PolicyError,
        rates::{Guard, Jump, RatesError},
        roles::{Role, RolesError},
        split::ExchangeError,
    },
    standard::Reason,
};
use exchange::exchange::{
    Error, Exchanged, Proposal, Purse, Quote, Side, Terms, TermsError, TradeState, Voided, call,
    trade_id,
};
use hub::{
    ANA, BEN, COIN, EACH, GOLD, GUARD, HOUR, HUB, NOTARY, OPERATOR, PLATFORM, SOURCE, TOKENS, WON,
    at, audit, by, conserved, holds, hub, id, proposal, refused, request, terms,
};
use std::collections::BTreeSet;

fn won(worth: u64) -> Ratio {
    Ratio::new(worth, 1).unwrap()
}

#[test]
fn output_is_floored_no_more_is_taken_than_gives_it_and_the_fee_is_a_leg_of_its_own() {
    let mut hub = hub(&terms(30, GUARD));
    // 1,000 won are 666.7 coins: 666 for 999. 0.3 % of 666 is 1.998: a fee of 2.
    let done = by(&mut hub, ANA, &call::exchange(id(7), request(WON, 1_000, COIN, 664))).unwrap();
    assert_eq!((done.taken, done.given, done.fee), (Amount(999), Amount(664), Amount(2)));
    assert_eq!((holds(&mut hub, WON, ANA), holds(&mut hub, COIN, ANA)), (EACH - 999, EACH + 664));
    let inventory = |hub: &mut _, token| -> u128 {
        let hub: &mut dure_sdk::native::Sandbox = hub;
        hub.ask(HUB, &call::inventory(token)).unwrap().0
    };
    assert_eq!(inventory(&mut hub, WON), EACH / 2 + 999);
    assert_eq!(inventory(&mut hub, COIN), EACH / 2 - 666);
    assert_eq!(hub.ask(HUB, &call::fees(PLATFORM, COIN)), Ok(Amount(2)));
    assert_eq!(by(&mut hub, PLATFORM, &call::collect_fees(COIN)), Ok(Amount(2)));
    assert_eq!(refused(by(&mut hub, PLATFORM, &call::collect_fees(COIN))), Error::Zero);
    assert_eq!(hub.events_of::<Exchanged>().len(), 1);
    for token in TOKENS {
        audit(&mut hub, token);
    }
    assert!(conserved(&mut hub, COIN, &[HUB, ANA, BEN, OPERATOR, PLATFORM]));
}

#[test]
fn a_request_is_refused_with_the_bound_that_it_breaks() {
    let mut hub = hub(&terms(30, GUARD));
    let mut ask = |request| refused(by(&mut hub, ANA, &call::exchange(id(1), request)));
    let quantity = Amount(1);
    let nothing = Error::Exchange(ExchangeError::TooLittle { quantity });
    assert_eq!(ask(request(WON, 1, COIN, 0)), nothing);
    // 1 coin of output, which the fee takes.
    let nothing = Error::Exchange(ExchangeError::TooLittle { quantity: Amount(2) });
    assert_eq!(ask(request(WON, 2, COIN, 0)), nothing);
    let worse = Error::Worse { given: Amount(664), least: Amount(665) };
    assert_eq!(ask(request(WON, 1_000, COIN, 665)), worse);
    let range = Error::Range {
        token: WON,
        least: Amount(1),
        most: Amount(100_000),
        wanted: Amount(100_002),
    };
    assert_eq!(ask(request(WON, 100_002, COIN, 0)), range);
    let left = Amount(EACH / 2);
    let empty = Error::Inventory { token: WON, left, wanted: Amount(501_000) };
    assert_eq!(ask(request(GOLD, 501, WON, 0)), empty);
    assert_eq!(ask(request(WON, 5, WON, 0)), Error::Same { token: WON });
    assert_eq!(ask(request(HUB, 5, WON, 0)), Error::UnknownToken { token: HUB });
    assert_eq!(ask(request(WON, 5, HUB, 0)), Error::UnknownToken { token: HUB });
    let late = exchange::exchange::Request { deadline: at(0), ..request(WON, 10, COIN, 0) };
    assert_eq!(ask(late), Error::Late { deadline: at(0) });
    let poor = Reason::Short { left: Amount(0), wanted: Amount(9) };
    let nobody = by(&mut hub, NOTARY, &call::exchange(id(1), request(WON, 10, COIN, 0)));
    assert_eq!(refused(nobody), Error::Refused { token: WON, reason: poor });
    assert_eq!(holds(&mut hub, WON, ANA), EACH);
}

#[test]
fn an_id_is_used_once_and_answers_the_same() {
    let mut hub = hub(&terms(0, GUARD));
    let asked = request(WON, 300, COIN, 0);
    let first = by(&mut hub, ANA, &call::exchange(id(1), asked)).unwrap();
    // Whatever has changed since, the answer is that of then.
    by(&mut hub, SOURCE, &call::set_rate(WON, Ratio::new(5, 4).unwrap(), at(1))).unwrap();
    hub.time(at(2));
    assert_eq!(by(&mut hub, ANA, &call::exchange(id(1), asked)), Ok(first));
    assert_eq!(hub.ask(HUB, &call::receipt(ANA, id(1))), Ok(Some(first)));
    assert_eq!(holds(&mut hub, WON, ANA), EACH - 300);
    let other = call::exchange(id(1), request(WON, 301, COIN, 0));
    assert_eq!(refused(by(&mut hub, ANA, &other)), Error::IdUsed { id: id(1) });
    let withdraw = call::withdraw(id(8), WON, Amount(100));
    by(&mut hub, OPERATOR, &withdraw).unwrap();
    by(&mut hub, OPERATOR, &withdraw).unwrap();
    assert_eq!(holds(&mut hub, WON, OPERATOR), EACH / 2 + 100);
    let stock = call::stock(id(8), WON, Amount(100));
    assert_eq!(refused(by(&mut hub, OPERATOR, &stock)), Error::IdUsed { id: id(8) });
}

#[test]
fn a_quote_holds_until_rates_or_terms_may_change() {
    let guard = Guard { notice_ms: HOUR, ..GUARD };
    let mut hub = hub(&terms(0, guard));
    let ask = call::quote(WON, Amount(100), COIN);
    let quote = Quote {
        taken: Amount(99),
        given: Amount(66),
        fee: Amount(0),
        valid_until: at(HOUR),
        inventory: Amount(EACH / 2),
    };
    assert_eq!(hub.ask(HUB, &ask), Ok(quote));
    hub.time(at(1));
    let set = call::set_rate(COIN, Ratio::new(7, 4).unwrap(), at(HOUR + 1));
    by(&mut hub, SOURCE, &set).unwrap();
    let soon = call::schedule_terms(terms(50, guard), at(HOUR));
    let error = PolicyError::TooSoon { from: at(HOUR), earliest: at(HOUR + 1) };
    assert_eq!(refused(by(&mut hub, OPERATOR, &soon)), Error::Policy(error));
    by(&mut hub, OPERATOR, &call::schedule_terms(terms(50, guard), at(2 * HOUR))).unwrap();
    let next = Quote { valid_until: at(HOUR + 1), ..quote };
    assert_eq!(hub.ask(HUB, &ask), Ok(next));
    hub.time(at(HOUR + 1));
    let quote = hub.ask(HUB, &ask).unwrap();
    let expected = (Amount(99), Amount(57), at(2 * HOUR));
    assert_eq!(
        (quote.taken, quote.given, quote.valid_until),
        (Amount(100), expected.1, expected.2)
    );
    hub.time(at(2 * HOUR));
    assert_eq!(hub.ask(HUB, &ask).unwrap().fee, Amount(1));
}

#[test]
fn an_old_rate_and_one_that_jumped_exchange_nothing() {
    let mut hub = hub(&terms(0, GUARD));
    let ask = call::exchange(id(1), request(WON, 300, GOLD, 0));
    let set = |worth, ms| call::set_rate(GOLD, won(worth), at(ms));
    // A digit too many.
    by(&mut hub, SOURCE, &set(100, 1)).unwrap();
    let jump = Jump { before: won(1_000), after: won(100), from: at(1) };
    let tripped = Error::Rates { token: GOLD, error: RatesError::Tripped { jump } };
    assert_eq!(refused(by(&mut hub, ANA, &ask)), tripped);
    let lacks = RolesError::Lacks { account: SOURCE, role: Role::Auditor };
    let close = call::close_breaker(GOLD);
    assert_eq!(refused(by(&mut hub, SOURCE, &close)), Error::Roles(lacks));
    by(&mut hub, SOURCE, &call::withdraw_rate(GOLD, at(1))).unwrap();
    by(&mut hub, OPERATOR, &close).unwrap();
    assert_eq!(hub.ask(HUB, &call::rate(GOLD)).unwrap().rate, won(1_000));
    let old = at(24 * HOUR);
    hub.time(old);
    let stale = RatesError::Stale { since: at(0), until: old };
    assert_eq!(refused(by(&mut hub, ANA, &ask)), Error::Rates { token: WON, error: stale });
    let stranger = by(&mut hub, ANA, &set(1, 24 * HOUR));
    assert_eq!(refused(stranger), Error::NotSource { token: GOLD, source: SOURCE });
}

#[test]
fn the_desk_is_stocked_within_its_bound_and_by_agents_alone() {
    let mut hub = hub(&terms(0, GUARD));
    let lacks = RolesError::Lacks { account: ANA, role: Role::Agent };
    let stock = call::stock(id(1), WON, Amount(1));
    assert_eq!(refused(by(&mut hub, ANA, &stock)), Error::Roles(lacks));
    let withdraw = call::withdraw(id(1), WON, Amount(1));
    assert_eq!(refused(by(&mut hub, ANA, &withdraw)), Error::Roles(lacks));
    let mut small = terms(0, GUARD);
    small.assets[0].inventory_max = Amount(EACH / 2 + 10);
    by(&mut hub, OPERATOR, &call::schedule_terms(small, at(1))).unwrap();
    hub.time(at(1));
    let full = Error::Full { token: WON, most: Amount(EACH / 2 + 10) };
    let stock = call::stock(id(9), WON, Amount(11));
    assert_eq!(refused(by(&mut hub, OPERATOR, &stock)), full);
    let sell = call::exchange(id(1), request(WON, 12, COIN, 0));
    assert_eq!(refused(by(&mut hub, ANA, &sell)), full);
    by(&mut hub, ANA, &call::exchange(id(1), request(WON, 9, COIN, 6))).unwrap();
    let mut one_way = terms(0, GUARD);
    (one_way.assets[0].takes, one_way.assets[1].gives) = (false, false);
    by(&mut hub, OPERATOR, &call::schedule_terms(one_way, at(2))).unwrap();
    hub.time(at(2));
    let sell = call::exchange(id(2), request(WON, 9, GOLD, 0));
    assert_eq!(refused(by(&mut hub, ANA, &sell)), Error::NotTaken { token: WON });
    let buy = call::exchange(id(2), request(GOLD, 9, COIN, 0));
    assert_eq!(refused(by(&mut hub, ANA, &buy)), Error::NotGiven { token: COIN });
    let much = call::withdraw(id(10), WON, Amount(EACH));
    let (left, wanted) = (Amount(EACH / 2 + 9), Amount(EACH));
    let short = Error::Short { token: WON, left, wanted };
    assert_eq!(refused(by(&mut hub, OPERATOR, &much)), short);
    audit(&mut hub, WON);
}

#[test]
fn terms_that_are_none_are_refused() {
    let mut hub = hub(&terms(0, GUARD));
    let change = |with: fn(&mut Terms)| {
        let mut terms = terms(0, GUARD);
        with(&mut terms);
        terms
    };
    for (bad, error) in [
        (change(|t| t.fee_bp = 10_000), TermsError::FeeTooHigh { fee_bp: 10_000 }),
        (change(|t| t.assets.push(t.assets[1])), TermsError::Twice { token: COIN }),
        (change(|t| t.assets[2].taken_min = Amount::MAX), TermsError::EmptyRange { token: GOLD }),
        (
            change(|t| t.assets = vec![t.assets[0]; 33]),
            TermsError::TooMany { count: 33, limit: 32 },
        ),
    ] {
        let set = call::schedule_terms(bad, at(1));
        assert_eq!(refused(by(&mut hub, OPERATOR, &set)), Error::Terms(error));
    }
    by(&mut hub, OPERATOR, &call::schedule_terms(terms(1, GUARD), at(1))).unwrap();
    let (from, _) = hub.ask(HUB, &call::terms()).unwrap();
    let in_force = PolicyError::InForce { version: from };
    let withdraw = call::withdraw_terms(from);
    assert_eq!(refused(by(&mut hub, OPERATOR, &withdraw)), Error::Policy(in_force));
    let later = dure_sdk::domain::policy::Version(at(1));
    by(&mut hub, OPERATOR, &call::withdraw_terms(later)).unwrap();
}

#[test]
fn a_trade_without_an_agent_is_a_swap() {
    let mut hub = hub(&terms(0, GUARD));
    let offer = exchange::exchange::Proposal { taker: None, agent: None, ..proposal() };
    let trade = by(&mut hub, ANA, &call::propose(id(1), offer)).unwrap();
    assert_eq!(trade, hub.run(|_| trade_id(ANA, id(1))));
    assert_eq!(by(&mut hub, ANA, &call::propose(id(1), offer)), Ok(trade));
    assert_eq!(holds(&mut hub, GOLD, ANA), EACH - 3, "allocated once");
    assert_eq!(refused(by(&mut hub, ANA, &call::allocate(trade))), Error::NotTaker { trade });
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    assert_eq!((holds(&mut hub, GOLD, BEN), holds(&mut hub, WON, BEN)), (EACH + 3, EACH - 3_100));
    assert_eq!(holds(&mut hub, WON, ANA), EACH + 3_100);
    let done = Error::WrongState { trade, state: TradeState::Settled };
    assert_eq!(refused(by(&mut hub, ANA, &call::void(trade))), done);
    assert_eq!(refused(by(&mut hub, ANA, &call::take_back(trade, Side::Maker))), done);
    audit(&mut hub, GOLD);
}

#[test]
fn delivery_against_payment_waits_for_its_agent() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    let early = Error::WrongState { trade, state: TradeState::Proposed };
    assert_eq!(refused(by(&mut hub, NOTARY, &call::settle(trade))), early);
    assert_eq!(refused(by(&mut hub, OPERATOR, &call::allocate(trade))), Error::NotTaker { trade });
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    assert_eq!(
        (holds(&mut hub, GOLD, HUB), holds(&mut hub, WON, BEN)),
        (EACH / 2 + 3, EACH - 3_100)
    );
    assert_eq!(refused(by(&mut hub, ANA, &call::settle(trade))), Error::NotParty { trade });
    let waits = Error::NotExpired { expires: at(HOUR) };
    assert_eq!(refused(by(&mut hub, ANA, &call::void(trade))), waits);
    by(&mut hub, NOTARY, &call::settle(trade)).unwrap();
    by(&mut hub, NOTARY, &call::settle(trade)).unwrap();
    assert_eq!((holds(&mut hub, GOLD, BEN), holds(&mut hub, WON, ANA)), (EACH + 3, EACH + 3_100));
}

#[test]
fn a_voided_trade_gives_each_side_back_once() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    by(&mut hub, BEN, &call::allocate(trade)).unwrap();
    by(&mut hub, NOTARY, &call::void(trade)).unwrap();
    by(&mut hub, NOTARY, &call::void(trade)).unwrap();
    assert_eq!(hub.events_of::<Voided>().len(), 1);
    for side in [Side::Maker, Side::Taker] {
        by(&mut hub, NOTARY, &call::take_back(trade, side)).unwrap();
    }
    let (left, wanted) = (Amount(0), Amount(3));
    let again = refused(by(&mut hub, ANA, &call::take_back(trade, Side::Maker)));
    assert_eq!(again, Error::Short { token: GOLD, left, wanted });
    assert_eq!((holds(&mut hub, GOLD, ANA), holds(&mut hub, WON, BEN)), (EACH, EACH));
    let purses = hub.ask(HUB, &call::purses(GOLD, None, 9)).unwrap();
    assert_eq!(purses, [(Purse::INVENTORY, Amount(EACH / 2))]);
    assert_eq!(refused(by(&mut hub, BEN, &call::void(id(5)))), Error::NoTrade { trade: id(5) });
}

#[test]
fn nothing_moves_while_it_is_paused_and_nothing_of_who_is_frozen() {
    let mut hub = hub(&terms(0, GUARD));
    let trade = by(&mut hub, ANA, &call::propose(id(1), proposal())).unwrap();
    let reason = Some(Hash([5; 32]));
    by(&mut hub, OPERATOR, &call::set_frozen(BEN, reason)).unwrap();
    let frozen = refused(by(&mut hub, BEN, &call::allocate(trade)));
    assert!(matches!(frozen, Error::Freeze(FreezeError::Frozen { account: BEN, .. })));
    by(&mut hub, OPERATOR, &call::set_frozen(BEN, None)).unwrap();
    by(&mut hub, OPERATOR, &call::set_paused(reason)).unwrap();
    let paused = |error| matches!(error, Error::Freeze(FreezeError::Paused { .. }));
    assert!(paused(refused(by(&mut hub, BEN, &call::allocate(trade)))));
    let ask = call::exchange(id(1), request(WON, 300, COIN, 0));
    assert!(paused(refused(by(&mut hub, BEN, &ask))));
    by(&mut hub, ANA, &call::void(trade)).unwrap();
    assert!(paused(refused(by(&mut hub, ANA, &call::take_back(trade, Side::Maker)))));
    by(&mut hub, OPERATOR, &call::set_paused(None)).unwrap();
    by(&mut hub, ANA, &call::take_back(trade, Side::Maker)).unwrap();
}

#[test]
fn two_customers_do_not_wait_for_each_other() {
    let mut sandbox = hub(&terms(100, Guard::NONE));
    let [one, other] = [ANA, BEN].map(|who| {
        let exchange = call::exchange(id(1), request(WON, 3_000, COIN, 1));
        by(&mut sandbox, who, &exchange).unwrap();
        sandbox.touched().clone()
    });
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    // Of each token what the desk has, by its own books and by the token's, its inventory; the fees.
    assert_eq!(one.amounts_shared(&other), 7);
    let [one, other] = [ANA, BEN].map(|who| {
        by(&mut sandbox, who, &call::propose(id(2), Proposal { taker: None, ..proposal() }))
            .unwrap();
        sandbox.touched().clone()
    });
    assert_eq!(one.conflicts(&other), BTreeSet::new());
}
