//! Random months of a scheme, compared with plain lists and sums after every step.

mod city;
mod plain;

use city::{ACCOUNTS, CITY, DAY, MERCHANTS, PROGRAMME, START, WON, account, city, id, merchant};
use dure_sdk::{
    Address, Amount, Hash, Invocation, TimestampMs,
    domain::{
        calendar::{Month, Period},
        lots::LotKey,
        policy::{Bracket, Brackets},
        pool::OnShort,
        roles::{Role, Verdict},
    },
    native::Sandbox,
};
use plain::{Model, Terms};
use proptest::{collection::vec, option, prelude::*};
use regional_currency::regional::{Cashback, Error, Owed, Scheme, TopUp, call};

/// Who puts money aside: alone, or the two of them.
const ISSUERS: [Address; 2] = [CITY, Address([94; 32])];

/// One thing that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Sell {
        who: usize,
        face: u128,
    },
    Grant {
        who: usize,
        amount: u128,
    },
    Pay {
        who: usize,
        at: usize,
        amount: u128,
    },
    Cancel {
        payment: usize,
        amount: u128,
    },
    Give {
        from: usize,
        to: usize,
        amount: u128,
    },
    Refund {
        who: usize,
        lot: usize,
    },
    Expire {
        who: usize,
    },
    Request {
        at: usize,
        amount: u128,
    },
    End {
        request: usize,
        paid: bool,
    },
    /// Paid, refused, or neither yet.
    Claim {
        who: usize,
        amount: u128,
        paid: Option<bool>,
    },
    /// An issuer orders so much, or sends an order again that was made before.
    Fund {
        by: usize,
        amount: u128,
        again: Option<usize>,
    },
    Wait {
        days: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let (who, at) = (0..ACCOUNTS, 0..MERCHANTS);
    prop_oneof![
        4 => (who.clone(), 1u128..6_000).prop_map(|(who, face)| Act::Sell { who, face }),
        2 => (who.clone(), 1u128..2_000).prop_map(|(who, amount)| Act::Grant { who, amount }),
        8 => (who.clone(), at.clone(), 1u128..3_000)
            .prop_map(|(who, at, amount)| Act::Pay { who, at, amount }),
        5 => (0usize..8, 1u128..3_000)
            .prop_map(|(payment, amount)| Act::Cancel { payment, amount }),
        2 => (who.clone(), who.clone(), 1u128..2_000)
            .prop_map(|(from, to, amount)| Act::Give { from, to, amount }),
        2 => (who.clone(), 0usize..4).prop_map(|(who, lot)| Act::Refund { who, lot }),
        1 => who.clone().prop_map(|who| Act::Expire { who }),
        2 => (at, 1u128..4_000).prop_map(|(at, amount)| Act::Request { at, amount }),
        2 => (0usize..4, any::<bool>()).prop_map(|(request, paid)| Act::End { request, paid }),
        1 => (who, 1u128..2_000, any::<Option<bool>>())
            .prop_map(|(who, amount, paid)| Act::Claim { who, amount, paid }),
        3 => (0usize..2, 1u128..5_000, option::of(0usize..3))
            .prop_map(|(by, amount, again)| Act::Fund { by, amount, again }),
        3 => (0u64..20).prop_map(|days| Act::Wait { days }),
    ]
}

/// Whether there is a top-up, cashback, and what happens when the pool is short.
fn terms() -> impl Strategy<Value = Terms> {
    (0u32..2_000, 0u32..1_500, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(discount_bp, top_up_bp, top_up, cashback, reject)| Terms {
            discount_bp,
            top_up_bp: top_up.then_some(top_up_bp),
            tiers_bp: if cashback { vec![700, 500] } else { Vec::new() },
            base_cap: 5_000,
            purchase_cap: 10_000,
            holding_cap: 15_000,
            supply_cap: 25_000,
            funded_alone: 3_000,
            gift_cap: 3_000,
            cash_out_cap: 6_000,
            validity_days: 60,
            bonus_days: 25,
            refund_percent: 60,
            reject,
            programme_end: START + 45 * DAY,
            grant_cap: 4_000,
        },
    )
}

fn scheme(terms: &Terms) -> Scheme {
    let rates = |rate_bp| {
        Brackets::new(vec![Bracket { up_to: Amount(terms.purchase_cap), rate_bp }]).unwrap()
    };
    let on_short = if terms.reject { OnShort::Reject } else { OnShort::Zero };
    let validity = Period::Days(terms.bonus_days as u32);
    Scheme {
        discount: rates(terms.discount_bp),
        discount_on_short: on_short,
        top_up: terms.top_up_bp.map(|bp| TopUp { rates: rates(bp), validity, set: 1, on_short }),
        cashback: (!terms.tiers_bp.is_empty()).then(|| Cashback {
            tiers_bp: terms.tiers_bp.clone(),
            base_cap: Amount(terms.base_cap),
            validity,
            set: 1,
            on_short,
        }),
        purchase_cap: Amount(terms.purchase_cap),
        holding_cap: Amount(terms.holding_cap),
        validity: Period::Days(terms.validity_days as u32),
        own_set: 1,
        refund_percent: terms.refund_percent,
        gift_cap: Some(Amount(terms.gift_cap)),
        cash_out_cap: Some(Amount(terms.cash_out_cap)),
        funded_alone: Amount(terms.funded_alone),
        supply_cap: Amount(terms.supply_cap),
    }
}

/// The city, its registry and its currency.
struct World {
    sandbox: Sandbox,
    model: Model,
    acts: u64,
    payments: Vec<(usize, usize, Hash)>,
    requests: Vec<(usize, Hash)>,
    /// Orders to fund a month's pool, done or not.
    orders: Vec<Invocation<Verdict, Error>>,
}

impl World {
    fn new(terms: Terms) -> Self {
        let mut sandbox = city(scheme(&terms), terms.programme_end, terms.grant_cap);
        // The programme's money is more than one of them puts aside.
        sandbox.send(WON, &call::set_role(ISSUERS[1], Role::Issuer, true)).unwrap();
        let fund = call::fund_programme(id(u64::MAX), PROGRAMME, Amount(20_000));
        assert_eq!(sandbox.caller(ISSUERS[1]).send(WON, &fund), Ok(Verdict::Do));
        let mut model = Model::new(terms, START);
        model.programme = 20_000;
        model.escrow = 20_000;
        let (payments, requests, orders) = (Vec::new(), Vec::new(), Vec::new());
        Self { sandbox, model, acts: 0, payments, requests, orders }
    }

    /// Does it on both sides and says whether both did it.
    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        self.acts += 1;
        let (new, now) = (id(self.acts), self.model.now);
        let Self { sandbox, model, .. } = self;
        let (done, expected): (Result<u128, String>, Option<u128>) = match *act {
            Act::Sell { who, face } => {
                let sold =
                    sandbox.caller(CITY).send(WON, &call::sell(new, account(who), Amount(face)));
                (said(sold.map(|sale| sale.paid.0)), model.sell(who, face))
            }
            Act::Grant { who, amount } => {
                let grant = call::grant(new, PROGRAMME, account(who), Amount(amount));
                (said(sandbox.caller(CITY).send(WON, &grant).map(|()| 0)), model.grant(who, amount))
            }
            Act::Pay { who, at, amount } => {
                let pay = call::pay(merchant(at), Amount(amount), new);
                let paid = sandbox.caller(account(who)).send(WON, &pay).map(|cashback| cashback.0);
                let expected = model.pay(who, at, amount);
                if expected.is_some() {
                    self.payments.push((who, at, new));
                }
                (said(paid), expected)
            }
            Act::Cancel { payment, amount } => {
                let Some(&(who, at, receipt)) = self.payments.iter().rev().nth(payment) else {
                    return Ok(());
                };
                let index = self.payments.len() - 1 - payment;
                let cancel = call::cancel(new, account(who), receipt, Amount(amount));
                let done = sandbox.caller(merchant(at)).send(WON, &cancel).map(|()| 0);
                (said(done), model.cancel(index, amount))
            }
            Act::Give { from, to, amount } => {
                let give = call::give(account(to), Amount(amount));
                let done = sandbox.caller(account(from)).send(WON, &give).map(|()| 0);
                (said(done), model.give(from, to, amount))
            }
            Act::Refund { who, lot } => {
                let lots = sandbox.ask(WON, &call::lots(account(who), None, 100)).unwrap();
                let Some((key, _)) = lots.get(lot) else { return Ok(()) };
                let key: LotKey = *key;
                let done = sandbox.caller(account(who)).send(WON, &call::refund(key));
                (said(done.map(|paid| paid.0)), model.refund(who, lot))
            }
            Act::Expire { who } => {
                let done = sandbox.caller(CITY).send(WON, &call::expire(account(who), 64));
                (said(done.map(u128::from)), Some(model.expire(who)))
            }
            ref other => match self.settle(other, new, now) {
                Some(both) => both,
                None => return Ok(()),
            },
        };
        prop_assert_eq!(done.clone().ok(), expected, "{:?}: {:?}", act, done);
        Ok(())
    }

    /// The acts of merchants, the bank and the city; none when there is nothing to do.
    fn settle(
        &mut self,
        act: &Act,
        new: Hash,
        now: u64,
    ) -> Option<(Result<u128, String>, Option<u128>)> {
        let Self { sandbox, model, .. } = self;
        Some(match *act {
            Act::Request { at, amount } => {
                let request = call::request_cash_out(new, Amount(amount));
                let done = sandbox.caller(merchant(at)).send(WON, &request).map(|()| 0);
                let expected = model.request(at, amount);
                if expected.is_some() {
                    self.requests.push((at, new));
                }
                (said(done), expected)
            }
            Act::End { request, paid } => {
                let &(at, id) = self.requests.get(request)?;
                let done = if paid {
                    sandbox.caller(CITY).send(WON, &call::confirm_cash_out(merchant(at), id))
                } else {
                    sandbox.caller(CITY).send(WON, &call::void_cash_out(merchant(at), id))
                };
                (said(done.map(|()| 0)), model.end_request(request, paid))
            }
            Act::Claim { who, amount, paid } => {
                let (claim, holder) = (call::claim(new, Amount(amount)), account(who));
                let done = sandbox.caller(holder).send(WON, &claim).map(|()| 0);
                let expected = model.claim(who, amount);
                if let (Some(paid), Some(_)) = (paid, expected) {
                    let (confirm, void) =
                        (call::confirm_claim(holder, new), call::void_claim(holder, new));
                    let end = if paid { &confirm } else { &void };
                    sandbox.caller(CITY).send(WON, end).unwrap();
                    model.end_last_claim(paid);
                }
                (said(done), expected)
            }
            Act::Fund { by, amount, again } => {
                let order = match again {
                    Some(back) => self.orders.len().checked_sub(back + 1)?,
                    None => {
                        let month = Month::of(TimestampMs(now));
                        self.orders.push(call::fund_pool(new, month, Amount(amount)));
                        model.order(amount);
                        self.orders.len() - 1
                    }
                };
                let done = sandbox.caller(ISSUERS[by]).send(WON, &self.orders[order]);
                (said(done.map(|done| u128::from(done != Verdict::Do))), model.fund(by, order))
            }
            Act::Wait { days } => {
                model.now += days * DAY;
                sandbox.time(TimestampMs(model.now));
                (Ok(0), Some(0))
            }
            _ => return None,
        })
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let Self { sandbox, model, .. } = self;
        for who in 0..ACCOUNTS {
            let found = sandbox.ask(WON, &call::holding(account(who))).unwrap();
            let found = [found.own, found.bonus, found.policy, found.debt, found.unclaimed];
            prop_assert_eq!(found.map(|amount| amount.0), model.holding(who), "of {}", who);
        }
        for at in 0..MERCHANTS {
            let found = sandbox.ask(WON, &call::merchant_account(merchant(at))).unwrap();
            let found = [found.receivable, found.pending].map(|amount| amount.0);
            prop_assert_eq!(found, [model.receivable[at], model.pending(at)], "at {}", at);
        }
        let counted = counted(sandbox);
        prop_assert_eq!(counted, model.outstanding(), "counted from lots again");
        prop_assert_eq!(sandbox.ask(WON, &call::supply()).unwrap().0, counted);
        let (first, last) = (Month::of(TimestampMs(START)), Month::of(TimestampMs(model.now)));
        let books = sandbox.ask(WON, &call::books(first, last)).unwrap();
        prop_assert_eq!(books.outstanding.0, model.outstanding());
        prop_assert_eq!(books.escrow.0, model.escrow);
        prop_assert_eq!(books.pool.0, model.pool.values().sum::<u128>());
        prop_assert_eq!(books.budgets.0, model.programme);
        let mut counted = None;
        loop {
            counted = sandbox.ask(WON, &call::audit(counted, 3)).unwrap().next;
            if counted.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// All money that is out, counted page by page as anybody may.
fn counted(sandbox: &mut Sandbox) -> u128 {
    let (mut sum, mut after) = (0, None);
    loop {
        let (amount, next) = sandbox.ask(WON, &call::count_lots(after, 3)).unwrap();
        sum += amount.0;
        after = next;
        if after.is_none() {
            break;
        }
    }
    for owed in [Owed::Unclaimed, Owed::Claims, Owed::Receivable, Owed::CashOuts] {
        let mut after = None;
        loop {
            let (amount, next) = sandbox.ask(WON, &call::count_owed(owed, after, 2)).unwrap();
            sum += amount.0;
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    sum
}

fn said<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{error:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn months_of_a_scheme_are_those_of_plain_lists(
        terms in terms(),
        acts in vec(act(), 1..80),
    ) {
        let mut world = World::new(terms);
        world.act(&Act::Fund { by: 0, amount: 3_000, again: None })?;
        for act in &acts {
            world.act(act)?;
            world.compare()?;
        }
    }
}
