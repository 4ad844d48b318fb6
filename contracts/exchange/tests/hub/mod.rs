//! Three tokens and an exchange, in the memory of the test.

#![allow(clippy::result_large_err, reason = "it names what binds the units, both ways")]

use ::token::token::{Conditions, PurposeToken, call as token};
use dure_sdk::{
    Address, Amount, CallError, Hash, Invocation, Ratio, TimestampMs, domain::rates::Guard,
    native::Sandbox,
};
use exchange::exchange::{Asset, Error, Exchange, Leg, Proposal, Request, Terms, call};

pub(crate) const OPERATOR: Address = Address([90; 32]);
pub(crate) const SOURCE: Address = Address([91; 32]);
pub(crate) const PLATFORM: Address = Address([92; 32]);
pub(crate) const NOTARY: Address = Address([93; 32]);
pub(crate) const HUB: Address = Address([99; 32]);
pub(crate) const ANA: Address = Address([10; 32]);
pub(crate) const BEN: Address = Address([11; 32]);
/// Won, coins at 3/2 won, gold at 1,000.
pub(crate) const TOKENS: [Address; 3] = [WON, COIN, GOLD];
pub(crate) const WON: Address = Address([81; 32]);
pub(crate) const COIN: Address = Address([82; 32]);
pub(crate) const GOLD: Address = Address([83; 32]);
pub(crate) const WORTHS: [(u64, u64); 3] = [(1, 1), (3, 2), (1_000, 1)];
/// What each account has of each token at first.
pub(crate) const EACH: u128 = 1_000_000;
/// 2026-03-01 00:00 in Korea.
pub(crate) const START: u64 = 1_772_290_800_000;
pub(crate) const HOUR: u64 = 60 * 60 * 1_000;

pub(crate) fn at(ms: u64) -> TimestampMs {
    TimestampMs(START + ms)
}

pub(crate) fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Hash(bytes)
}

/// A day's age; a half more or less within an hour.
pub(crate) const GUARD: Guard =
    Guard { notice_ms: 0, age_max_ms: Some(24 * HOUR), jump_max_bp: Some(5_000), window_ms: HOUR };

pub(crate) fn terms(fee_bp: u32, guard: Guard) -> Terms {
    let asset = |token| Asset {
        token,
        source: SOURCE,
        takes: true,
        gives: true,
        taken_min: Amount(1),
        taken_max: Amount(100_000),
        inventory_max: Amount(2 * EACH),
    };
    Terms { assets: TOKENS.map(asset).to_vec(), fee_bp, fee_to: PLATFORM, guard }
}

/// A token of an issuer, and what it gave to whom; the exchange may take all of it.
pub(crate) fn issue(
    sandbox: &mut Sandbox,
    at: Address,
    conditions: &Conditions,
    to: &[(Address, u128)],
) {
    sandbox.caller(OPERATOR);
    let init = ("T".to_owned(), "T".to_owned(), 0u8, conditions.clone());
    sandbox.deploy::<PurposeToken>(at, init).unwrap();
    for (holder, amount) in to {
        sandbox.caller(OPERATOR).send(at, &token::issue(*holder, Amount(*amount))).unwrap();
        let approve = token::approve(HUB, Amount::MAX, None);
        sandbox.caller(*holder).send(at, &approve).unwrap();
    }
}

/// Everybody has something of everything; the desk is stocked with half of the operator's.
pub(crate) fn hub(terms: &Terms) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.time(at(0));
    for token in TOKENS {
        let all = [(OPERATOR, EACH), (ANA, EACH), (BEN, EACH)];
        issue(&mut sandbox, token, &Conditions::NONE, &all);
    }
    sandbox.caller(OPERATOR).deploy::<Exchange>(HUB, terms.clone()).unwrap();
    for (number, token) in (0..).zip(TOKENS) {
        let (n, d) = WORTHS[number as usize];
        let set = call::set_rate(token, Ratio::new(n, d).unwrap(), at(0));
        sandbox.caller(SOURCE).send(HUB, &set).unwrap();
        let stock = call::stock(id(number), token, Amount(EACH / 2));
        sandbox.caller(OPERATOR).send(HUB, &stock).unwrap();
    }
    sandbox
}

pub(crate) fn request(offer: Address, offered: u128, want: Address, least: u128) -> Request {
    let (offered, least) = (Amount(offered), Amount(least));
    Request { offer, offered, want, least, deadline: TimestampMs::MAX }
}

/// Ana gives gold for Ben's won; a notary settles.
pub(crate) fn proposal() -> Proposal {
    Proposal {
        gives: Leg { token: GOLD, amount: Amount(3) },
        wants: Leg { token: WON, amount: Amount(3_100) },
        taker: Some(BEN),
        agent: Some(NOTARY),
        expires: at(HOUR),
    }
}

pub(crate) fn holds(sandbox: &mut Sandbox, token: Address, who: Address) -> u128 {
    sandbox.ask(token, &token::balance_of(who)).unwrap().0
}

/// What the contract itself refuses.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, CallError<Error>>) -> Error {
    match result {
        Err(CallError::Contract(error)) => error,
        other => panic!("not refused by the exchange: {other:?}"),
    }
}

pub(crate) fn by<T: dure_sdk::codec::Decode>(
    sandbox: &mut Sandbox,
    who: Address,
    invocation: &Invocation<T, Error>,
) -> Result<T, CallError<Error>> {
    sandbox.caller(who).send(HUB, invocation)
}

/// Whose all units of a token are: nothing came and nothing went.
pub(crate) fn conserved(sandbox: &mut Sandbox, token: Address, accounts: &[Address]) -> bool {
    let held: u128 = accounts.iter().map(|who| holds(sandbox, token, *who)).sum();
    held == sandbox.ask(token, &token::total_supply()).unwrap().0
}

/// Counts everything again, page by page.
pub(crate) fn audit_all(sandbox: &mut Sandbox) -> Result<(), CallError<Error>> {
    let mut counted = None;
    loop {
        counted = sandbox.ask(HUB, &call::audit(counted, 2))?.next;
        if counted.is_none() {
            return Ok(());
        }
    }
}

/// The books of a token, its purses added, and the audit of all tokens.
#[track_caller]
pub(crate) fn audit(sandbox: &mut Sandbox, token: Address) {
    let books = sandbox.ask(HUB, &call::books(token)).unwrap();
    audit_all(sandbox).unwrap();
    let (mut counted, mut after) = (0, None);
    loop {
        let page = sandbox.ask(HUB, &call::purses(token, after, 2)).unwrap();
        counted += page.iter().map(|(_, amount)| amount.0).sum::<u128>();
        match page.last() {
            Some((purse, _)) => after = Some(*purse),
            None => break,
        }
    }
    assert_eq!(counted, books.held.0);
    assert_eq!(books.balance, books.held, "nobody sent anything unasked");
}
