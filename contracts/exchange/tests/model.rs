//! Random acts, compared with a plain account book after every step.

#[allow(dead_code, reason = "the other programs use more of it")]
mod hub;

use dure_sdk::{Address, Amount, CallError, Ratio, TimestampMs, native::Sandbox};
use exchange::exchange::{Error, Leg, Proposal, Side, call};
use hub::{
    ANA, BEN, EACH, GUARD, HOUR, HUB, NOTARY, OPERATOR, PLATFORM, SOURCE, START, TOKENS, WORTHS,
    audit, by, holds, hub, id, request, terms,
};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

const FEE_BP: u128 = 30;
const PEOPLE: [Address; 3] = [ANA, BEN, OPERATOR];

#[derive(Clone, Debug)]
enum Act {
    Exchange { by: usize, from: usize, to: usize, offered: u128, least: u128, again: bool },
    Stock { token: usize, amount: u128, out: bool },
    Rate { token: usize, percent: u64 },
    Close { token: usize },
    Collect { token: usize },
    Propose { by: usize, gives: (usize, u128), wants: (usize, u128), agent: bool, hours: u64 },
    Allocate { trade: usize, by: usize },
    Settle { trade: usize },
    Void { trade: usize, by: usize },
    TakeBack { trade: usize, maker: bool },
    Wait { minutes: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let token = 0usize..3;
    let amount = || prop_oneof![4 => 1u128..3_000, 1 => 90_000u128..120_000, 1 => Just(0)];
    prop_oneof![
        6 => (0usize..3, token.clone(), token.clone(), amount(), 0u128..400, any::<bool>())
            .prop_map(|(by, from, to, offered, least, again)| {
                Act::Exchange { by, from, to, offered, least, again }
            }),
        2 => (token.clone(), amount(), any::<bool>())
            .prop_map(|(token, amount, out)| Act::Stock { token, amount, out }),
        2 => (token.clone(), prop_oneof![3 => 80u64..130, 1 => 10u64..300])
            .prop_map(|(token, percent)| Act::Rate { token, percent }),
        1 => token.clone().prop_map(|token| Act::Close { token }),
        1 => token.clone().prop_map(|token| Act::Collect { token }),
        3 => (0usize..2, (token.clone(), amount()), (token, amount()), any::<bool>(), 0u64..3)
            .prop_map(|(by, gives, wants, agent, hours)| {
                Act::Propose { by, gives, wants, agent, hours }
            }),
        3 => (0usize..3, 0usize..3).prop_map(|(trade, by)| Act::Allocate { trade, by }),
        2 => (0usize..3).prop_map(|trade| Act::Settle { trade }),
        1 => (0usize..3, 0usize..3).prop_map(|(trade, by)| Act::Void { trade, by }),
        2 => (0usize..3, any::<bool>()).prop_map(|(trade, maker)| Act::TakeBack { trade, maker }),
        2 => prop_oneof![4 => 0u64..90, 1 => 1_000u64..1_600]
            .prop_map(|minutes| Act::Wait { minutes }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stands {
    Proposed,
    Allocated,
    Settled,
    Voided,
}

struct Plain {
    maker: usize,
    taker: Option<usize>,
    gives: (usize, u128),
    wants: (usize, u128),
    agent: bool,
    expires: u64,
    stands: Stands,
    /// What of each side is still here: the maker's, the taker's.
    here: [u128; 2],
    name: dure_sdk::Hash,
}

/// Rates of one token: since when, and numerator and denominator.
type History = Vec<(u64, (u128, u128))>;

struct World {
    sandbox: Sandbox,
    now: u64,
    has: BTreeMap<(usize, usize), u128>,
    inventory: [u128; 3],
    fees: [u128; 3],
    collected: [u128; 3],
    rates: [History; 3],
    tripped: [bool; 3],
    trades: Vec<Plain>,
    acts: u64,
}

/// Whether an act is to succeed, as the plain book has it; it was booked then.
type Expected = bool;

impl World {
    fn new() -> Self {
        let has = (0..3).flat_map(|who| (0..3).map(move |token| (who, token)));
        let mut has: BTreeMap<_, _> = has.map(|key| (key, EACH)).collect();
        for token in 0..3 {
            has.insert((2, token), EACH / 2);
        }
        let rates = WORTHS.map(|(n, d)| vec![(START, (u128::from(n), u128::from(d)))]);
        Self {
            sandbox: hub(&terms(30, GUARD)),
            now: START,
            has,
            inventory: [EACH / 2; 3],
            fees: [0; 3],
            collected: [0; 3],
            rates,
            tripped: [false; 3],
            trades: Vec::new(),
            acts: 100,
        }
    }

    fn rate(&self, token: usize) -> Option<(u128, u128)> {
        let (since, rate) = *self.rates[token].last()?;
        (!self.tripped[token] && self.now < since + 24 * HOUR).then_some(rate)
    }

    fn back(&self, trade: usize) -> Option<usize> {
        self.trades.len().checked_sub(1 + trade)
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        self.acts += 1;
        let (done, expected) = match *act {
            Act::Exchange { by: who, from, to, offered, least, again } => {
                let ask = call::exchange(
                    id(self.acts),
                    request(TOKENS[from], offered, TOKENS[to], least),
                );
                let done = by(&mut self.sandbox, PEOPLE[who], &ask);
                let expected = self.exchange(who, from, to, offered, least);
                if again && done.is_ok() {
                    prop_assert_eq!(by(&mut self.sandbox, PEOPLE[who], &ask), done.clone());
                }
                prop_assert_eq!(
                    done.as_ref().ok().map(|r| (r.taken.0, r.given.0, r.fee.0)),
                    expected,
                    "{:?}",
                    done
                );
                (done.map(drop), expected.is_some())
            }
            Act::Stock { token, amount, out } => self.stock(token, amount, out),
            Act::Rate { token, percent } => self.set_rate(token, percent),
            Act::Close { token } => {
                let close = call::close_breaker(TOKENS[token]);
                let expected = std::mem::take(&mut self.tripped[token]);
                (by(&mut self.sandbox, OPERATOR, &close), expected)
            }
            Act::Collect { token } => {
                let done = by(&mut self.sandbox, PLATFORM, &call::collect_fees(TOKENS[token]));
                let fees = std::mem::take(&mut self.fees[token]);
                self.collected[token] += fees;
                (done.map(drop), fees > 0)
            }
            Act::Wait { minutes } => {
                self.now += minutes * 60_000;
                self.sandbox.time(TimestampMs(self.now));
                (Ok(()), true)
            }
            _ => match self.trade_act(act) {
                Some(both) => both,
                None => return Ok(()),
            },
        };
        prop_assert_eq!(done.is_ok(), expected, "{:?}: {:?}", act, done);
        let of_contract = done.is_ok() || matches!(done, Err(CallError::Contract(_)));
        prop_assert!(of_contract, "{:?}", done);
        self.compare()
    }

    /// By the rule: taken, given and fee, once they are booked.
    fn exchange(
        &mut self,
        who: usize,
        from: usize,
        to: usize,
        offered: u128,
        least: u128,
    ) -> Option<(u128, u128, u128)> {
        let ((n, d), (tn, td)) = (self.rate(from)?, self.rate(to)?);
        let output = offered * n * td / (d * tn);
        let taken = (output * d * tn).div_ceil(n * td);
        let fee = (output * FEE_BP).div_ceil(10_000);
        let given = output.checked_sub(fee).filter(|given| *given > 0)?;
        let right = from != to && (1..=100_000).contains(&taken) && given >= least;
        let covered = self.has[&(who, from)] >= taken && self.inventory[to] >= output;
        if !right || !covered || self.inventory[from] + taken > 2 * EACH {
            return None;
        }
        *self.has.get_mut(&(who, from)).unwrap() -= taken;
        *self.has.get_mut(&(who, to)).unwrap() += given;
        self.inventory[from] += taken;
        self.inventory[to] -= output;
        self.fees[to] += fee;
        Some((taken, given, fee))
    }

    fn stock(
        &mut self,
        token: usize,
        amount: u128,
        out: bool,
    ) -> (Result<(), CallError<Error>>, Expected) {
        let (number, units) = (id(self.acts), Amount(amount));
        let operator = self.has.get_mut(&(2, token)).unwrap();
        let (from, to, room) = if out {
            (&mut self.inventory[token], operator, u128::MAX)
        } else {
            (operator, &mut self.inventory[token], 2 * EACH)
        };
        let expected = amount > 0 && *from >= amount && *to + amount <= room;
        if expected {
            *from -= amount;
            *to += amount;
        }
        let done = if out {
            by(&mut self.sandbox, OPERATOR, &call::withdraw(number, TOKENS[token], units))
        } else {
            by(&mut self.sandbox, OPERATOR, &call::stock(number, TOKENS[token], units))
        };
        (done, expected)
    }

    /// So many per cent of what it is, from now on.
    fn set_rate(&mut self, token: usize, percent: u64) -> (Result<(), CallError<Error>>, Expected) {
        let history = &self.rates[token];
        let (last, (n, d)) = *history.last().unwrap();
        // Kept small: what is above the line and below it are whole numbers up to a million.
        let (n, d) = ((n * u128::from(percent)).clamp(1, 1_000_000), (d * 100).min(1_000_000));
        let rate = Ratio::new(n as u64, d as u64).unwrap();
        let set = call::set_rate(TOKENS[token], rate, TimestampMs(self.now));
        let done = by(&mut self.sandbox, SOURCE, &set);
        let expected = self.now > last;
        if expected {
            let start = self.now - HOUR;
            let held = |index: usize| history.get(index + 1).is_none_or(|(end, _)| *end > start);
            let jumps = (0..history.len()).filter(|index| held(*index)).any(|index| {
                let (on, od) = history[index].1;
                2 * (n * od).abs_diff(on * d) > on * d
            });
            self.tripped[token] |= jumps;
            self.rates[token].push((self.now, (n, d)));
        }
        (done, expected)
    }

    fn trade_act(&mut self, act: &Act) -> Option<(Result<(), CallError<Error>>, Expected)> {
        Some(match *act {
            Act::Propose { by: who, gives, wants, agent, hours } => {
                self.propose(who, gives, wants, agent, hours)
            }
            Act::Allocate { trade, by: who } => {
                let trade = self.back(trade)?;
                let allocate = call::allocate(self.trades[trade].name);
                let done = by(&mut self.sandbox, PEOPLE[who], &allocate);
                (done, self.allocate(trade, who))
            }
            Act::Settle { trade } => {
                let trade = self.back(trade)?;
                let done = by(&mut self.sandbox, NOTARY, &call::settle(self.trades[trade].name));
                let found = &self.trades[trade];
                let due = found.stands == Stands::Allocated && self.now < found.expires;
                if found.agent && due {
                    self.deliver(trade);
                }
                let settled = self.trades[trade].stands == Stands::Settled;
                (done, self.trades[trade].agent && settled)
            }
            Act::Void { trade, by: who } => {
                let trade = self.back(trade)?;
                let found = &mut self.trades[trade];
                let done = by(&mut self.sandbox, PEOPLE[who], &call::void(found.name));
                let over = self.now >= found.expires;
                let expected = match found.stands {
                    Stands::Proposed => found.maker == who || over,
                    Stands::Allocated => over,
                    Stands::Voided => true,
                    Stands::Settled => false,
                };
                if expected {
                    found.stands = Stands::Voided;
                }
                (done, expected)
            }
            Act::TakeBack { trade, maker } => {
                let trade = self.back(trade)?;
                let found = &mut self.trades[trade];
                let side = if maker { Side::Maker } else { Side::Taker };
                let done = by(&mut self.sandbox, NOTARY, &call::take_back(found.name, side));
                let (owner, (token, _)) = if maker {
                    (Some(found.maker), found.gives)
                } else {
                    (found.taker, found.wants)
                };
                let due = found.stands == Stands::Voided;
                let here = &mut found.here[usize::from(!maker)];
                let back = if due { std::mem::take(here) } else { 0 };
                if let Some(owner) = owner {
                    *self.has.get_mut(&(owner, token)).unwrap() += back;
                }
                (done, back > 0)
            }
            _ => return None,
        })
    }

    fn propose(
        &mut self,
        maker: usize,
        gives: (usize, u128),
        wants: (usize, u128),
        agent: bool,
        hours: u64,
    ) -> (Result<(), CallError<Error>>, Expected) {
        let expires = self.now + hours * HOUR;
        let leg =
            |(token, amount): (usize, u128)| Leg { token: TOKENS[token], amount: Amount(amount) };
        let proposal = Proposal {
            gives: leg(gives),
            wants: leg(wants),
            taker: None,
            agent: agent.then_some(NOTARY),
            expires: TimestampMs(expires),
        };
        let propose = call::propose(id(self.acts), proposal);
        let done = by(&mut self.sandbox, PEOPLE[maker], &propose);
        let right = hours > 0 && gives.0 != wants.0 && gives.1 > 0 && wants.1 > 0;
        let has = self.has.get_mut(&(maker, gives.0)).unwrap();
        let expected = right && *has >= gives.1;
        if let (true, Ok(name)) = (expected, &done) {
            *has -= gives.1;
            let (taker, stands, name, here) = (None, Stands::Proposed, *name, [gives.1, 0]);
            let made = Plain { maker, taker, gives, wants, agent, expires, stands, here, name };
            self.trades.push(made);
        }
        (done.map(drop), expected)
    }

    fn allocate(&mut self, trade: usize, who: usize) -> Expected {
        let found = &mut self.trades[trade];
        if found.taker == Some(who) && found.stands != Stands::Voided {
            return true;
        }
        let (token, amount) = found.wants;
        let has = self.has.get_mut(&(who, token)).unwrap();
        let open = found.stands == Stands::Proposed && self.now < found.expires;
        if !open || who == found.maker || *has < amount {
            return false;
        }
        *has -= amount;
        found.here[1] = amount;
        (found.taker, found.stands) = (Some(who), Stands::Allocated);
        if !found.agent {
            self.deliver(trade);
        }
        true
    }

    fn deliver(&mut self, trade: usize) {
        let found = &mut self.trades[trade];
        let taker = found.taker.unwrap();
        *self.has.get_mut(&(taker, found.gives.0)).unwrap() += found.gives.1;
        *self.has.get_mut(&(found.maker, found.wants.0)).unwrap() += found.wants.1;
        (found.here, found.stands) = ([0; 2], Stands::Settled);
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        for (token, address) in TOKENS.into_iter().enumerate() {
            for (who, account) in PEOPLE.into_iter().enumerate() {
                let held = holds(&mut self.sandbox, address, account);
                prop_assert_eq!(held, self.has[&(who, token)], "{} of {}", token, who);
            }
            let ask = &mut self.sandbox;
            let inventory = ask.ask(HUB, &call::inventory(address)).unwrap();
            prop_assert_eq!(inventory.0, self.inventory[token]);
            let fees = ask.ask(HUB, &call::fees(PLATFORM, address)).unwrap();
            prop_assert_eq!(fees.0, self.fees[token]);
            prop_assert_eq!(holds(ask, address, PLATFORM), self.collected[token]);
            let of = |trade: &Plain| {
                let maker = if trade.gives.0 == token { trade.here[0] } else { 0 };
                maker + if trade.wants.0 == token { trade.here[1] } else { 0 }
            };
            let trades: u128 = self.trades.iter().map(of).sum();
            let held = inventory.0 + fees.0 + trades;
            prop_assert_eq!(ask.ask(HUB, &call::books(address)).unwrap().held.0, held);
            audit(ask, address);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_exchange_does_what_the_plain_book_says(acts in vec(act(), 1..60)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act)?;
        }
    }
}
