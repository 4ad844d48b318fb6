//! Random weeks of banks, cards and companies, compared with plain lists after every step.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[allow(dead_code, reason = "the incidents use more of it")]
mod banks;

use banks::{
    BANKS, CAPS, CUSTOMERS, DAY, DEPOSIT, HOUR, HUB, MEMBERS, PENALTY_BP, READY, RICH, START, WON,
    audit, banks, customer, deposit, id, member, route, scheme, standing, tokens,
};
use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        holds::{HoldState, Rest},
        netting::Net,
    },
    native::Sandbox,
};
use proptest::{collection::vec, prelude::*};
use settlement::settlement::{
    Funded, ObligationCarried, ObligationEntered, PositionsSettled, Withdrawn, call, scoped,
};
use std::{cmp::Reverse, collections::BTreeMap};
use token::token::call as money;

#[derive(Clone, Debug)]
enum Act {
    Fund {
        member: usize,
        amount: i128,
    },
    Withdraw {
        member: usize,
        amount: i128,
    },
    Owe {
        debtor: usize,
        creditor: usize,
        amount: i128,
        priority: u8,
    },
    Pay {
        from: usize,
        to: usize,
        payer: usize,
        payee: usize,
        amount: i128,
    },
    Authorise {
        from: usize,
        to: usize,
        payer: usize,
        merchant: usize,
        amount: i128,
    },
    Capture {
        hold: usize,
        amount: i128,
        keep: bool,
    },
    Void {
        hold: usize,
    },
    Refund {
        hold: usize,
        amount: i128,
    },
    Expire {
        limit: u32,
    },
    TakeBack {
        hold: usize,
    },
    /// A bank stops its token, or lets it go on.
    Pause {
        bank: usize,
    },
    Close {
        limit: u32,
    },
    Cap {
        member: usize,
        cap: i128,
    },
    Wait {
        hours: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let (member, bank, person) = (0..MEMBERS, 0..BANKS, 0..CUSTOMERS);
    let amount = prop_oneof![1i128..3_000, 5_000i128..30_000];
    let pause = bank.clone().prop_map(|bank| Act::Pause { bank });
    let route = (bank.clone(), bank, person.clone(), person, amount.clone());
    let hold = 0usize..4;
    prop_oneof![
        2 => (member.clone(), amount.clone())
            .prop_map(|(member, amount)| Act::Fund { member, amount }),
        1 => (member.clone(), amount.clone())
            .prop_map(|(member, amount)| Act::Withdraw { member, amount }),
        5 => (member.clone(), member.clone(), amount.clone(), 0u8..3).prop_map(
            |(debtor, creditor, amount, priority)| Act::Owe { debtor, creditor, amount, priority }
        ),
        5 => route.clone().prop_map(
            |(from, to, payer, payee, amount)| Act::Pay { from, to, payer, payee, amount }
        ),
        4 => route.prop_map(
            |(from, to, payer, merchant, amount)| {
                Act::Authorise { from, to, payer, merchant, amount }
            }
        ),
        6 => (hold.clone(), prop_oneof![3 => amount.clone(), 1 => Just(0)], any::<bool>())
            .prop_map(|(hold, amount, keep)| Act::Capture { hold, amount, keep }),
        1 => hold.clone().prop_map(|hold| Act::Void { hold }),
        1 => hold.clone().prop_map(|hold| Act::TakeBack { hold }),
        1 => pause,
        3 => (hold, amount).prop_map(|(hold, amount)| Act::Refund { hold, amount }),
        1 => (0u32..3).prop_map(|limit| Act::Expire { limit }),
        2 => (1u32..5).prop_map(|limit| Act::Close { limit }),
        1 => (member, 0i128..60_000).prop_map(|(member, cap)| Act::Cap { member, cap }),
        4 => prop_oneof![4 => 0u64..30, 1 => 60u64..200].prop_map(|hours| Act::Wait { hours }),
    ]
}

#[derive(Clone, Debug)]
struct Owed {
    id: Hash,
    debtor: usize,
    creditor: usize,
    amount: i128,
    penalty: i128,
    priority: u8,
    entered: u64,
}

#[derive(Clone, Debug)]
struct Card {
    name: Hash,
    from: usize,
    to: usize,
    payer: usize,
    merchant: usize,
    left: i128,
    captured: i128,
    refunded: i128,
    /// What the bank's token refused to give back.
    waits: i128,
    expires: u64,
    state: HoldState,
}

struct World {
    sandbox: Sandbox,
    now: u64,
    opened: u64,
    /// What accounts have of each token, what is authorised not among it.
    tokens: BTreeMap<(Address, Address), i128>,
    funds: [i128; MEMBERS],
    /// The cap that holds, the next one, and what was carried beyond the former.
    caps: [(i128, i128, i128); MEMBERS],
    open: Vec<Owed>,
    cards: Vec<Card>,
    paused: [bool; BANKS],
    acts: u64,
}

impl World {
    fn new() -> Self {
        let mut tokens = BTreeMap::new();
        for index in 0..MEMBERS {
            tokens.insert((WON, member(index)), RICH as i128);
        }
        for bank in 0..BANKS {
            tokens.insert((deposit(bank), member(bank)), READY as i128);
            for index in 0..CUSTOMERS {
                tokens.insert((deposit(bank), customer(index)), DEPOSIT as i128);
            }
        }
        let caps = CAPS.map(|cap| (cap as i128, cap as i128, 0));
        let (open, cards) = (Vec::new(), Vec::new());
        let sandbox = banks(scheme());
        let (now, opened, funds, acts) = (START, START, [0; MEMBERS], 0);
        let paused = [false; BANKS];
        Self { sandbox, now, opened, tokens, funds, caps, open, cards, paused, acts }
    }

    fn position(owed: &[Owed], member: usize) -> i128 {
        let sum = |of: fn(&Owed) -> usize| -> i128 {
            owed.iter().filter(|it| of(it) == member).map(|it| it.amount + it.penalty).sum()
        };
        sum(|it| it.creditor) - sum(|it| it.debtor)
    }

    fn room(&self, member: usize) -> i128 {
        let (cap, _, beyond) = self.caps[member];
        cap + beyond + Self::position(&self.open, member)
    }

    fn card(&self, back: usize) -> Option<usize> {
        self.cards.len().checked_sub(1 + back)
    }

    fn name(&mut self, who: Address, id: Hash) -> Hash {
        self.sandbox.run(|_| scoped(who, id))
    }

    /// Sends twice, as a terminal that lost the answer: the second changes nothing.
    fn send<T: dure_sdk::codec::Decode + std::fmt::Debug>(
        &mut self,
        by: Address,
        call: &dure_sdk::Invocation<T, settlement::settlement::Error>,
    ) -> bool {
        let first = self.sandbox.caller(by).send(HUB, call);
        let again = self.sandbox.caller(by).send(HUB, call);
        assert_eq!(again.is_ok(), first.is_ok(), "{first:?}, then {again:?}");
        first.is_ok()
    }

    /// Whether it is done as it should be.
    fn act(&mut self, act: &Act) -> Option<bool> {
        self.acts += 1;
        let fresh = id(self.acts);
        Some(match *act {
            Act::Fund { member: index, amount } => {
                let done = self.send(member(index), &call::fund(fresh, Amount(amount as u128)));
                done == self.shift(WON, member(index), None, amount, |world| {
                    world.funds[index] += amount;
                })
            }
            Act::Withdraw { member: index, amount } => {
                let done = self.send(member(index), &call::withdraw(fresh, Amount(amount as u128)));
                let can = self.funds[index] >= amount;
                if can {
                    self.funds[index] -= amount;
                    *self.tokens.entry((WON, member(index))).or_default() += amount;
                }
                done == can
            }
            Act::Owe { debtor, creditor, amount, priority } => {
                let owe = call::owe(fresh, creditor as u32, Amount(amount as u128), priority);
                let done = self.send(member(debtor), &owe);
                let name = self.name(member(debtor), fresh);
                done == self.owe(name, debtor, creditor, amount, priority)
            }
            Act::Pay { from, to, payer, payee, amount } => {
                let (who, whom) = (customer(payer), customer(payee));
                let pay = call::pay(fresh, route(from, to), whom, Amount(amount as u128));
                let done = self.send(who, &pay);
                let name = self.name(who, fresh);
                done == self.deliver(name, (from, to), Some(who), whom, amount)
            }
            Act::Cap { member, cap } => {
                let cap_call = call::set_cap(member as u32, Amount(cap as u128));
                self.caps[member].1 = cap;
                self.send(banks::OPERATOR, &cap_call)
            }
            Act::Wait { hours } => {
                self.now += hours * HOUR;
                self.sandbox.time(TimestampMs(self.now));
                true
            }
            Act::Close { limit } => self.close(limit),
            Act::Expire { limit } => self.expire(limit),
            Act::Pause { bank } => {
                self.paused[bank] = !self.paused[bank];
                let token = deposit(bank);
                self.sandbox.caller(member(bank));
                let done = match self.paused[bank] {
                    true => self.sandbox.send(token, &money::pause(fresh)),
                    false => self.sandbox.send(token, &money::resume()),
                };
                done.is_ok()
            }
            ref other => return self.act_on_card(other, fresh),
        })
    }

    fn act_on_card(&mut self, act: &Act, fresh: Hash) -> Option<bool> {
        Some(match *act {
            Act::Authorise { from, to, payer, merchant, amount } => {
                let (who, whom) = (customer(payer), customer(merchant));
                let route = route(from, to);
                let authorise = call::authorise(fresh, route, whom, Amount(amount as u128));
                let done = self.send(who, &authorise);
                let name = self.name(who, fresh);
                let expires = self.now + 7 * DAY;
                let card = Card {
                    name,
                    from,
                    to,
                    payer,
                    merchant,
                    left: amount,
                    captured: 0,
                    refunded: 0,
                    waits: 0,
                    expires,
                    state: HoldState::Pending,
                };
                let can = payer != merchant
                    && !self.paused[from]
                    && self.shift(deposit(from), who, None, amount, |world| {
                        world.cards.push(card);
                    });
                done == can
            }
            Act::Capture { hold, amount, keep } => {
                let index = self.card(hold)?;
                let Card { name, merchant, .. } = self.cards[index];
                let rest = if keep { Rest::Keep } else { Rest::Release };
                let capture = call::capture(fresh, name, Amount(amount as u128), rest);
                let done = self.send(customer(merchant), &capture);
                let owed = self.name(customer(merchant), fresh);
                done == self.capture(index, amount, keep, owed)
            }
            Act::Void { hold } => {
                let index = self.card(hold)?;
                let Card { name, merchant, .. } = self.cards[index];
                let done = self.send(customer(merchant), &call::void(name));
                let before = self.cards[index].state == HoldState::Voided;
                done == (before || self.void(index))
            }
            Act::TakeBack { hold } => {
                let index = self.card(hold)?;
                let name = self.cards[index].name;
                let done = self.sandbox.caller(customer(0)).send(HUB, &call::take_back(name));
                done.ok().map(|amount| amount.0 as i128) == self.take_back(index)
            }
            Act::Refund { hold, amount } => {
                let index = self.card(hold)?;
                let Card { name, from, to, payer, merchant, captured, refunded, .. } =
                    self.cards[index];
                let refund = call::refund(fresh, name, Amount(amount as u128));
                let done = self.send(customer(merchant), &refund);
                let owed = self.name(customer(merchant), fresh);
                let source = Some(customer(merchant));
                let can = refunded + amount <= captured
                    && self.deliver(owed, (to, from), source, customer(payer), amount);
                self.cards[index].refunded += if can { amount } else { 0 };
                done == can
            }
            _ => return None,
        })
    }

    /// Takes tokens of an account, for somebody or for the contract, if it has them.
    fn shift(
        &mut self,
        token: Address,
        from: Address,
        to: Option<Address>,
        amount: i128,
        then: impl FnOnce(&mut Self),
    ) -> bool {
        let held = self.tokens.entry((token, from)).or_default();
        if *held < amount {
            return false;
        }
        *held -= amount;
        if let Some(to) = to {
            *self.tokens.entry((token, to)).or_default() += amount;
        }
        then(self);
        true
    }

    fn owe(
        &mut self,
        id: Hash,
        debtor: usize,
        creditor: usize,
        amount: i128,
        priority: u8,
    ) -> bool {
        if debtor == creditor || amount > self.room(debtor) {
            return false;
        }
        let (penalty, entered) = (0, self.now);
        self.open.push(Owed { id, debtor, creditor, amount, penalty, priority, entered });
        true
    }

    /// Out of an account, or out of what is authorised.
    fn deliver(
        &mut self,
        id: Hash,
        (from, to): (usize, usize),
        source: Option<Address>,
        payee: Address,
        amount: i128,
    ) -> bool {
        let token = deposit(from);
        if self.paused[from] || self.paused[to] {
            return false;
        }
        let has = source.is_none_or(|who| self.tokens[&(token, who)] >= amount);
        let own = self.tokens[&(deposit(to), member(to))] >= amount || from == to;
        if !has || !own || from != to && !self.owe(id, from, to, amount, 200) {
            return false;
        }
        let first = if from == to { payee } else { member(from) };
        if let Some(who) = source {
            *self.tokens.get_mut(&(token, who)).unwrap() -= amount;
        }
        *self.tokens.entry((token, first)).or_default() += amount;
        from == to || self.shift(deposit(to), member(to), Some(payee), amount, |_| ())
    }

    fn give_back(&mut self, index: usize) {
        let card = &mut self.cards[index];
        let payer = (deposit(card.from), customer(card.payer));
        if self.paused[card.from] {
            card.waits = card.left;
        } else {
            *self.tokens.entry(payer).or_default() += card.left;
        }
        card.left = 0;
    }

    /// What of an authorisation that ended, or is over, goes back to its payer now.
    fn take_back(&mut self, index: usize) -> Option<i128> {
        let card = &mut self.cards[index];
        let over = card.state == HoldState::Pending && self.now >= card.expires;
        if self.paused[card.from] || card.waits == 0 && !over {
            return None;
        }
        let amount = card.waits + card.left;
        if over {
            card.state = HoldState::Expired;
        }
        (card.waits, card.left) = (0, 0);
        let payer = (deposit(card.from), customer(card.payer));
        *self.tokens.entry(payer).or_default() += amount;
        Some(amount)
    }

    fn capture(&mut self, index: usize, amount: i128, keep: bool, owed: Hash) -> bool {
        let Card { from, to, merchant, left, expires, state, .. } = self.cards[index];
        if state != HoldState::Pending || self.now >= expires || amount > left {
            return false;
        }
        if amount > 0 && !self.deliver(owed, (from, to), None, customer(merchant), amount) {
            return false;
        }
        let card = &mut self.cards[index];
        card.left -= amount;
        card.captured += amount;
        if !keep || card.left == 0 {
            card.state = HoldState::Posted;
            self.give_back(index);
        }
        true
    }

    fn void(&mut self, index: usize) -> bool {
        let card = &mut self.cards[index];
        if card.state != HoldState::Pending || self.now >= card.expires {
            return false;
        }
        card.state = HoldState::Voided;
        self.give_back(index);
        true
    }

    fn expire(&mut self, limit: u32) -> bool {
        let mut over: Vec<_> = (0..self.cards.len())
            .filter(|at| {
                let card = &self.cards[*at];
                card.state == HoldState::Pending && self.now >= card.expires
            })
            .collect();
        over.sort_by_key(|at| (self.cards[*at].expires, self.cards[*at].name));
        over.truncate(limit as usize);
        for at in &over {
            self.cards[*at].state = HoldState::Expired;
            self.give_back(*at);
        }
        let done = self.sandbox.caller(customer(0)).send(HUB, &call::expire(limit));
        done.ok() == Some(over.len() as u32)
    }

    fn close(&mut self, limit: u32) -> bool {
        let due = (self.opened + 9 * HOUR) / DAY < (self.now + 9 * HOUR) / DAY;
        let mut done = self.sandbox.caller(customer(0)).send(HUB, &call::close(limit));
        if !due {
            return done.is_err();
        }
        while done == Ok(None) {
            done = self.sandbox.send(HUB, &call::close(limit));
        }
        self.opened = self.now;
        let gross: i128 = self.open.iter().map(|it| it.amount + it.penalty).sum();
        let taken_out = self.settle();
        let report = done.unwrap().unwrap();
        let found = (report.gross.0 as i128, report.taken_out, report.cut.0);
        found == (gross, taken_out, self.now)
    }

    /// C11 word by word; says how many were taken out.
    fn settle(&mut self) -> u32 {
        let mut cycle = std::mem::take(&mut self.open);
        for (cap, next, beyond) in &mut self.caps {
            (*cap, *beyond) = (*next, 0);
        }
        let mut taken_out = 0;
        loop {
            let is_short = |at: &usize| self.funds[*at] + Self::position(&cycle, *at) < 0;
            let Some(short) = (0..MEMBERS).find(is_short) else { break };
            let own = (0..cycle.len()).filter(|at| cycle[*at].debtor == short);
            let order =
                |at: &usize| (cycle[*at].priority, Reverse(cycle[*at].entered), cycle[*at].id);
            let mut taken = cycle.remove(own.min_by_key(order).unwrap());
            taken.penalty += taken.amount * i128::from(PENALTY_BP) / 10_000;
            let beyond = taken.amount + taken.penalty - self.room(short);
            self.caps[short].2 += beyond.max(0);
            self.open.push(taken);
            taken_out += 1;
        }
        for at in 0..MEMBERS {
            self.funds[at] += Self::position(&cycle, at);
        }
        taken_out
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        for index in 0..MEMBERS {
            let found = standing(&mut self.sandbox, index);
            let position = Self::position(&self.open, index);
            let amount = Amount(position.unsigned_abs());
            let net = if position < 0 { Net::Pays(amount) } else { Net::Receives(amount) };
            prop_assert_eq!(found.position, net, "member {}", index);
            prop_assert_eq!(found.funds.0 as i128, self.funds[index], "member {}", index);
            prop_assert_eq!(found.room.0 as i128, self.room(index), "member {}", index);
        }
        let mut in_hub = BTreeMap::from([(WON, self.funds.iter().sum())]);
        for card in &self.cards {
            let found = self.sandbox.ask(HUB, &call::hold(card.name)).unwrap().unwrap();
            let amounts = [found.left, found.captured, found.refunded].map(|it| it.0 as i128);
            prop_assert_eq!(amounts, [card.left, card.captured, card.refunded]);
            prop_assert_eq!(found.state, card.state);
            *in_hub.entry(deposit(card.from)).or_default() += card.left + card.waits;
        }
        for (token, amount) in in_hub {
            prop_assert_eq!(tokens(&mut self.sandbox, token, HUB) as i128, amount);
        }
        for ((token, holder), amount) in &self.tokens {
            let found = tokens(&mut self.sandbox, *token, *holder);
            prop_assert_eq!(found as i128, *amount, "{:?} of {:?}", token, holder);
        }
        prop_assert_eq!(audit(&mut self.sandbox), self.open.len() as u32);
        Ok(())
    }

    /// Funds and positions as who has nothing but the events knows them.
    fn indexed(&mut self) -> [(i128, i128); MEMBERS] {
        let mut known = [(0, 0); MEMBERS];
        let open = self.sandbox.ask(HUB, &call::cycle()).unwrap().number;
        let mut entered = BTreeMap::new();
        for it in self.sandbox.events_of::<ObligationEntered>() {
            entered.insert((it.debtor, it.id), (it.cycle, it.creditor, it.amount.0));
        }
        for it in self.sandbox.events_of::<ObligationCarried>() {
            let owed = it.amount.0 + it.penalty.0;
            entered.insert((it.debtor, it.id), (it.cycle, it.creditor, owed));
        }
        for ((debtor, _), (cycle, creditor, owed)) in entered {
            if cycle == open {
                known[debtor as usize].1 -= owed as i128;
                known[creditor as usize].1 += owed as i128;
            }
        }
        for it in self.sandbox.events_of::<Funded>() {
            known[it.member as usize].0 += it.amount.0 as i128;
        }
        for it in self.sandbox.events_of::<Withdrawn>() {
            known[it.member as usize].0 -= it.amount.0 as i128;
        }
        for it in self.sandbox.events_of::<PositionsSettled>().iter().flat_map(|it| &it.positions) {
            known[it.member as usize].0 += match it.net {
                Net::Pays(amount) => -(amount.0 as i128),
                Net::Receives(amount) => amount.0 as i128,
            };
        }
        known
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn weeks_of_settlement_are_those_of_plain_lists(acts in vec(act(), 1..70)) {
        let mut world = World::new();
        for act in &acts {
            let right = world.act(act);
            prop_assert!(right != Some(false), "{:?}", act);
            world.compare()?;
        }
        let plain = std::array::from_fn(|at| (world.funds[at], World::position(&world.open, at)));
        prop_assert_eq!(world.indexed(), plain, "as the events say");
    }
}
