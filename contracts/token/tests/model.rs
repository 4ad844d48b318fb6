//! The contract against its rules once more, in the plainest way, on random acts.

mod merchant;

use dure_sdk::{
    CallError, Invocation,
    domain::{
        calendar::{DAY_MS, Month},
        registry::{Merchant, MerchantSet, Status},
        supply::SupplyError,
    },
    native::Sandbox,
};
use dure_testing::{Address, Amount, Hash, TimestampMs};
use merchant::MERCHANT;
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::collections::BTreeMap;
use token::token::{Access, Conditions, Error, Limits, PurposeToken, Redeemers, Totals, call};

const TOKEN: Address = Address([200; 32]);
const ISSUER: Address = Address([201; 32]);
/// 1 January 2026, 00:00 UTC.
const START: u64 = 1_767_225_600_000;
/// Three holders; then two merchants, of region 1 and 2. The first one's owner is holder 0.
const ACTORS: usize = 5;
const OWNERS: [u8; 2] = [1, 77];

fn address(actor: usize) -> Address {
    Address([actor as u8 + 1; 32])
}

fn merchant(actor: usize) -> Merchant {
    let (owner, region) = (Hash([OWNERS[actor - 3]; 32]), actor as u32 - 2);
    Merchant { owner, region, ..MERCHANT }
}

#[derive(Clone, Debug)]
enum Act {
    Issue(usize, u128),
    Transfer(usize, usize, u128),
    Approve(usize, usize, u128),
    Take(usize, usize, usize, u128),
    Pay(usize, usize, u128),
    Refund(usize, usize, u128),
    Redeem(usize, u128),
    Book(u128),
    Withdraw(u128),
    Admit(usize, u8),
    Dismiss(usize),
    SetStatus(usize, Status),
    Pause(bool),
    Sweep,
    Wait(u64),
    Schedule(Box<Conditions>),
}

/// The state and the rules without storage, modules or order of checks.
#[derive(Debug)]
struct Model {
    now: u64,
    conditions: Conditions,
    changed: u64,
    held: [u128; ACTORS],
    admitted: BTreeMap<usize, u8>,
    status: [Status; ACTORS],
    paused: bool,
    allowed: BTreeMap<(usize, usize), u128>,
    paid: BTreeMap<(usize, usize), u128>,
    paid_in: BTreeMap<(usize, usize, Month), u128>,
    spent: BTreeMap<(u8, Month), u128>,
    granted: BTreeMap<(u8, Month), u128>,
    issued: u128,
    redeemed: u128,
    expired: u128,
    deposit: Option<u128>,
}

fn within(total: u128, cap: Option<Amount>) -> bool {
    cap.is_none_or(|cap| total <= cap.0)
}

fn of<K: Ord>(map: &BTreeMap<K, u128>, key: &K) -> u128 {
    map.get(key).copied().unwrap_or(0)
}

impl Model {
    fn new(conditions: Conditions) -> Self {
        Self {
            now: START,
            conditions,
            changed: START,
            held: [0; ACTORS],
            admitted: BTreeMap::new(),
            status: [Status::Active; ACTORS],
            paused: false,
            allowed: BTreeMap::new(),
            paid: BTreeMap::new(),
            paid_in: BTreeMap::new(),
            spent: BTreeMap::new(),
            granted: BTreeMap::new(),
            issued: 0,
            redeemed: 0,
            expired: 0,
            deposit: None,
        }
    }

    fn outstanding(&self) -> u128 {
        self.held.iter().sum()
    }

    fn is_covered(&self, supply: u128) -> bool {
        self.deposit.is_none_or(|deposit| supply <= deposit)
    }

    fn month(&self) -> Month {
        Month::of(TimestampMs(self.now))
    }

    fn person(&self, actor: usize) -> u8 {
        self.admitted.get(&actor).copied().unwrap_or(actor as u8 + 1)
    }

    fn may(&self, access: Access, actor: usize) -> bool {
        access == Access::Anyone || self.admitted.contains_key(&actor)
    }

    fn is_purchase(&self, to: usize) -> bool {
        self.conditions.merchants.is_some() && to >= 3
    }

    fn is_over(&self) -> bool {
        self.conditions.until.is_some_and(|until| self.now >= until.0)
    }

    /// Whether a transfer is done, by the rules of the README one by one.
    fn allows(&self, from: usize, to: usize, amount: u128) -> bool {
        let conditions = &self.conditions;
        let begun = conditions.from.is_none_or(|from| self.now >= from.0);
        let general = amount > 0
            && !self.paused
            && self.held[from] >= amount
            && begun
            && !self.is_over()
            && self.may(conditions.spend, from);
        let special = match &conditions.merchants {
            Some(set) if to >= 3 => {
                let person = self.person(from);
                let spent = of(&self.spent, &(person, self.month()));
                let here = set.regions.is_empty() || set.regions.contains(&merchant(to).region);
                here && self.status[to] == Status::Active
                    && OWNERS[to - 3] != person
                    && within(amount, conditions.caps.per_purchase)
                    && within(spent + amount, conditions.caps.spent_per_month)
            }
            _ => {
                let before = self.held[to] - if from == to { amount.min(self.held[to]) } else { 0 };
                conditions.gifts
                    && self.may(conditions.hold, to)
                    && within(before + amount, conditions.caps.held)
            }
        };
        general && special
    }

    fn shift(&mut self, from: usize, to: usize, amount: u128) -> bool {
        let done = self.allows(from, to, amount);
        if done {
            self.held[from] -= amount;
            self.held[to] += amount;
            if self.is_purchase(to) {
                let (person, month) = (self.person(from), self.month());
                *self.paid.entry((from, to)).or_default() += amount;
                if self.conditions.caps.spent_per_month.is_some() {
                    *self.spent.entry((person, month)).or_default() += amount;
                    *self.paid_in.entry((from, to, month)).or_default() += amount;
                }
            }
        }
        done
    }

    fn issue(&mut self, to: usize, amount: u128) -> bool {
        let caps = self.conditions.caps;
        let key = (self.person(to), self.month());
        let done = amount > 0
            && !self.paused
            && !self.is_over()
            && self.may(self.conditions.hold, to)
            && within(of(&self.granted, &key) + amount, caps.issued_per_month)
            && within(self.issued + amount, caps.issued_in_total)
            && self.is_covered(self.outstanding() + amount)
            && within(self.held[to] + amount, caps.held);
        if done {
            self.held[to] += amount;
            self.issued += amount;
            if caps.issued_per_month.is_some() {
                *self.granted.entry(key).or_default() += amount;
            }
        }
        done
    }

    fn refund(&mut self, shop: usize, payer: usize, amount: u128) -> bool {
        let paid = of(&self.paid, &(payer, shop));
        let done =
            !self.paused && shop >= 3 && amount > 0 && paid >= amount && self.held[shop] >= amount;
        if done {
            self.held[shop] -= amount;
            self.held[payer] += amount;
            self.paid.insert((payer, shop), paid - amount);
            let key = (payer, shop, self.month());
            let undone = of(&self.paid_in, &key).min(amount);
            *self.paid_in.entry(key).or_default() -= undone;
            let spent = self.spent.entry((self.person(payer), self.month())).or_default();
            *spent = spent.saturating_sub(undone);
        }
        done
    }

    fn redeems(&self, by: usize) -> bool {
        !self.paused
            && match self.conditions.redeem {
                Redeemers::Anyone => true,
                Redeemers::Merchants => {
                    let status = self.status[by];
                    let closed = self.conditions.merchants.is_some() && status == Status::Closed;
                    by >= 3 && (status == Status::Active || closed)
                }
                Redeemers::Nobody => false,
            }
    }

    fn redeem(&mut self, by: usize, amount: u128) -> bool {
        let done = self.redeems(by) && amount > 0 && self.held[by] >= amount;
        if done {
            self.held[by] -= amount;
            self.redeemed += amount;
            self.deposit = self.deposit.map(|deposit| deposit - amount);
        }
        done
    }

    /// More money, or less; either way enough is left for what is held.
    fn set_deposit(&mut self, amount: u128, deposit: Option<u128>) -> bool {
        let done = amount > 0 && deposit.is_some_and(|deposit| self.outstanding() <= deposit);
        if done {
            self.deposit = deposit;
        }
        done
    }

    fn sweep(&mut self) -> bool {
        let done = !self.paused && self.is_over() && self.conditions.redeem != Redeemers::Anyone;
        if done {
            self.expired += self.held[..3].iter().sum::<u128>();
            self.held[..3].fill(0);
        }
        done
    }

    fn apply(&mut self, act: &Act) -> bool {
        match *act {
            Act::Issue(to, amount) => self.issue(to, amount),
            Act::Transfer(from, to, amount) => self.shift(from, to, amount),
            Act::Approve(holder, spender, amount) => {
                let done = holder != spender;
                if done {
                    self.allowed.insert((holder, spender), amount);
                }
                done
            }
            Act::Take(spender, from, to, amount) => {
                let left = of(&self.allowed, &(from, spender));
                let done = amount <= left && self.shift(from, to, amount);
                if done {
                    self.allowed.insert((from, spender), left - amount);
                }
                done
            }
            Act::Pay(from, to, amount) => {
                to >= 3 && self.status[to] == Status::Active && self.shift(from, to, amount)
            }
            Act::Refund(shop, payer, amount) => self.refund(shop, payer, amount),
            Act::Redeem(by, amount) => self.redeem(by, amount),
            Act::Book(amount) => self.set_deposit(amount, Some(self.deposit.unwrap_or(0) + amount)),
            Act::Withdraw(amount) => {
                self.set_deposit(amount, self.deposit.and_then(|all| all.checked_sub(amount)))
            }
            Act::Admit(actor, person) => {
                let done = !self.admitted.contains_key(&actor);
                self.admitted.entry(actor).or_insert(person);
                done
            }
            Act::Dismiss(actor) => self.admitted.remove(&actor).is_some(),
            Act::SetStatus(shop, status) => {
                let done = self.status[shop] != Status::Closed;
                if done {
                    self.status[shop] = status;
                }
                done
            }
            Act::Pause(paused) => {
                let done = self.paused != paused;
                self.paused = paused;
                done
            }
            Act::Sweep => self.sweep(),
            Act::Wait(ms) => {
                self.now += ms;
                true
            }
            Act::Schedule(ref conditions) => {
                let valid = conditions.check().is_ok() && self.now > self.changed;
                let done = valid && conditions.worse_than(&self.conditions).is_none();
                if done {
                    (self.conditions, self.changed) = ((**conditions).clone(), self.now);
                }
                done
            }
        }
    }
}

/// The contract, natively.
struct Contract {
    sandbox: Sandbox,
}

impl Contract {
    fn new(conditions: &Conditions) -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.time(TimestampMs(START)).caller(ISSUER);
        let init = ("T".to_owned(), "T".to_owned(), 0u8, conditions.clone());
        sandbox.deploy::<PurposeToken>(TOKEN, init).unwrap();
        for actor in 3..ACTORS {
            let register = call::register_merchant(address(actor), merchant(actor), vec![]);
            sandbox.send(TOKEN, &register).unwrap();
        }
        Self { sandbox }
    }

    fn send(&mut self, by: Address, invocation: &Invocation<(), Error>) -> bool {
        match self.sandbox.caller(by).send(TOKEN, invocation) {
            Ok(()) => true,
            Err(CallError::Contract(_)) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Sweeps page by page, to the end.
    fn sweep(&mut self) -> bool {
        let mut after = None;
        loop {
            match self.sandbox.caller(ISSUER).send(TOKEN, &call::sweep(after, 2)) {
                Ok(None) => return true,
                Ok(next) => after = next,
                Err(CallError::Contract(_)) => return false,
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    /// The totals, all holders counted.
    fn audit(&mut self) -> Totals {
        let mut counted = None;
        loop {
            let audit = self.sandbox.ask(TOKEN, &call::audit(counted, 2)).unwrap();
            counted = audit.next;
            if counted.is_none() {
                return audit.totals;
            }
        }
    }

    fn apply(&mut self, act: &Act, now: u64) -> bool {
        self.sandbox.time(TimestampMs(now));
        match *act {
            Act::Issue(to, n) => self.send(ISSUER, &call::issue(address(to), Amount(n))),
            Act::Transfer(from, to, n) => {
                self.send(address(from), &call::transfer(address(to), Amount(n), None))
            }
            Act::Approve(holder, spender, n) => {
                self.send(address(holder), &call::approve(address(spender), Amount(n), None))
            }
            Act::Take(spender, from, to, n) => {
                let take = call::transfer_from(address(from), address(to), Amount(n), None);
                self.send(address(spender), &take)
            }
            Act::Pay(from, to, n) => {
                self.send(address(from), &call::pay(address(to), Amount(n), None))
            }
            Act::Refund(shop, payer, n) => {
                self.send(address(shop), &call::refund(address(payer), Amount(n), None))
            }
            Act::Redeem(by, n) => self.send(address(by), &call::redeem(Amount(n), None)),
            Act::Book(n) => self.send(ISSUER, &call::book_deposit(Amount(n))),
            Act::Withdraw(n) => self.send(ISSUER, &call::withdraw_deposit(Amount(n))),
            Act::Admit(actor, person) => {
                self.send(ISSUER, &call::admit(address(actor), Some(Hash([person; 32]))))
            }
            Act::Dismiss(actor) => self.send(ISSUER, &call::dismiss(address(actor))),
            Act::SetStatus(shop, status) => {
                self.send(ISSUER, &call::set_status(address(shop), status))
            }
            Act::Pause(true) => self.send(ISSUER, &call::pause(Hash([7; 32]))),
            Act::Pause(false) => self.send(ISSUER, &call::resume()),
            Act::Sweep => self.sweep(),
            Act::Wait(_) => true,
            Act::Schedule(ref conditions) => {
                let schedule = call::schedule_policy((**conditions).clone(), TimestampMs(now));
                self.send(ISSUER, &schedule)
            }
        }
    }

    fn balances(&mut self) -> [u128; ACTORS] {
        let holders = self.sandbox.ask(TOKEN, &call::holders(None, 200)).unwrap();
        let of = |actor| holders.iter().find(|(holder, _)| *holder == address(actor));
        core::array::from_fn(|actor| of(actor).map_or(0, |(_, amount)| amount.0))
    }
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let time = || option::of((0u64..90).prop_map(|days| TimestampMs(START + days * DAY_MS)));
    let access = || select(vec![Access::Anyone, Access::Admitted]);
    let set = select(vec![vec![], vec![1], vec![1, 2]])
        .prop_map(|regions| MerchantSet { regions, ..MerchantSet::EVERYWHERE });
    let redeem = select(vec![Redeemers::Anyone, Redeemers::Merchants, Redeemers::Nobody]);
    let cap = |most: u128| option::of((1..most).prop_map(Amount));
    let caps = (cap(40), cap(80), cap(120), cap(120), cap(400)).prop_map(
        |(per_purchase, spent_per_month, held, issued_per_month, issued_in_total)| Limits {
            per_purchase,
            spent_per_month,
            held,
            issued_per_month,
            issued_in_total,
        },
    );
    (time(), time(), option::of(set), access(), access(), any::<bool>(), redeem, caps).prop_map(
        |(from, until, merchants, hold, spend, gifts, redeem, caps)| Conditions {
            from,
            until,
            merchants,
            hold,
            spend,
            gifts,
            redeem,
            caps,
        },
    )
}

fn valid() -> impl Strategy<Value = Conditions> {
    let valid = |conditions: &Conditions| conditions.check().is_ok();
    prop_oneof![1 => Just(Conditions::NONE), 9 => conditions().prop_filter("valid", valid)]
}

fn act() -> impl Strategy<Value = Act> {
    let (who, shop, n) = (0..ACTORS, 3..ACTORS, 0u128..50);
    let three = (who.clone(), who.clone(), n.clone());
    prop_oneof![
        4 => (who.clone(), 0u128..100).prop_map(|(to, n)| Act::Issue(to, n)),
        4 => three.clone().prop_map(|(from, to, n)| Act::Transfer(from, to, n)),
        1 => three.clone().prop_map(|(a, b, n)| Act::Approve(a, b, n)),
        1 => (who.clone(), three.clone()).prop_map(|(by, (a, b, n))| Act::Take(by, a, b, n)),
        6 => (who.clone(), shop.clone(), n.clone()).prop_map(|(a, b, n)| Act::Pay(a, b, n)),
        3 => three.prop_map(|(shop, payer, n)| Act::Refund(shop, payer, n)),
        2 => (who.clone(), n.clone()).prop_map(|(by, n)| Act::Redeem(by, n)),
        1 => (0u128..300).prop_map(Act::Book),
        1 => n.prop_map(Act::Withdraw),
        3 => (who.clone(), 50u8..52).prop_map(|(actor, person)| Act::Admit(actor, person)),
        1 => who.prop_map(Act::Dismiss),
        1 => (shop, status()).prop_map(|(shop, status)| Act::SetStatus(shop, status)),
        1 => any::<bool>().prop_map(Act::Pause),
        1 => Just(Act::Sweep),
        2 => (1..12 * DAY_MS).prop_map(Act::Wait),
        1 => valid().prop_map(|conditions| Act::Schedule(Box::new(conditions))),
    ]
}

/// Purchases in months, and little else.
fn months() -> impl Strategy<Value = (Conditions, Vec<Act>)> {
    let conditions = (60u128..120).prop_map(|cap| Conditions {
        merchants: Some(MerchantSet::EVERYWHERE),
        caps: Limits { spent_per_month: Some(Amount(cap)), ..Limits::NONE },
        ..Conditions::NONE
    });
    let (shop, n) = (3..ACTORS, 1u128..30);
    let act = prop_oneof![
        1 => Just(Act::Issue(1, 60)),
        4 => (shop.clone(), n.clone()).prop_map(|(shop, n)| Act::Pay(1, shop, n)),
        3 => (shop, n).prop_map(|(shop, n)| Act::Refund(shop, 1, n)),
        1 => (10 * DAY_MS..20 * DAY_MS).prop_map(Act::Wait),
    ];
    (conditions, vec(act, 10..60))
}

/// The old conditions with two of them as in others.
fn mixed(old: &Conditions, others: &Conditions, which: [usize; 2]) -> Conditions {
    let mut new = old.clone();
    for condition in which {
        match condition {
            0 => new.from = others.from,
            1 => new.until = others.until,
            2 => new.merchants.clone_from(&others.merchants),
            3 => new.hold = others.hold,
            4 => new.spend = others.spend,
            5 => new.gifts = others.gifts,
            6 => new.redeem = others.redeem,
            7 => new.caps.per_purchase = others.caps.per_purchase,
            8 => new.caps.spent_per_month = others.caps.spent_per_month,
            _ => new.caps.held = others.caps.held,
        }
    }
    new
}

/// A moment: who holds what, who is admitted, what merchants are, which day it is.
fn moment() -> impl Strategy<Value = Model> {
    let held = prop::array::uniform5(0u128..120);
    let admitted = prop::array::uniform5(any::<bool>());
    let status = prop::array::uniform2(status());
    (held, admitted, status, 0u64..60).prop_map(|(held, admitted, status, days)| {
        let mut model = Model::new(Conditions::NONE);
        (model.held, model.now) = (held, START + days * DAY_MS);
        let admitted = (0..ACTORS).filter(|actor| admitted[*actor]);
        model.admitted = admitted.map(|actor| (actor, 50)).collect();
        model.status[3..].copy_from_slice(&status);
        model
    })
}

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Active, Status::Suspended, Status::Closed])
}

#[test]
fn an_audit_finds_a_unit_that_bypassed_the_supply() {
    let mut contract = Contract::new(&Conditions::NONE);
    for holder in 0..2 {
        assert!(contract.apply(&Act::Issue(holder, 5), START));
    }
    let right = contract.sandbox.storage_of(TOKEN);
    // By number of the field: what accounts hold.
    let held: Vec<_> = right.keys().filter(|key| key.starts_with(&[0, 6])).cloned().collect();
    assert_eq!(held.len(), 2);
    for key in held {
        let mut wrong = right.clone();
        wrong.get_mut(&key).unwrap()[0] += 1;
        contract.sandbox.load(TOKEN, wrong);
        let first = contract.sandbox.ask(TOKEN, &call::audit(None, 1)).unwrap();
        let found = contract.sandbox.ask(TOKEN, &call::audit(first.next, 1));
        let (counted, outstanding) = (Amount(11), Amount(10));
        let mismatch =
            SupplyError::Mismatch { issued_less_burned: outstanding, outstanding, counted };
        assert_eq!(found, Err(CallError::Contract(Error::Supply(mismatch))));
    }
    contract.sandbox.load(TOKEN, right);
    assert_eq!(contract.audit().outstanding, Amount(10));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_acts_do_what_the_model_does(
        (first, acts) in prop_oneof![3 => (valid(), vec(act(), 1..60)), 1 => months()],
        asked in vec((0..ACTORS, 0..ACTORS, 0u128..60), 60),
    ) {
        let (mut model, mut contract) = (Model::new(first.clone()), Contract::new(&first));
        for (act, (from, to, amount)) in acts.iter().zip(asked) {
            let expected = model.apply(act);
            prop_assert_eq!(contract.apply(act, model.now), expected, "{:?}", act);
            prop_assert_eq!(contract.balances(), model.held);
            let totals = contract.audit();
            let outstanding = model.outstanding();
            let deposit = contract.sandbox.ask(TOKEN, &call::deposit()).unwrap();
            prop_assert_eq!(deposit, model.deposit.map(Amount));
            prop_assert!(model.is_covered(outstanding));
            prop_assert_eq!(totals, Totals {
                issued: Amount(model.issued),
                redeemed: Amount(model.redeemed),
                expired: Amount(model.expired),
                outstanding: Amount(outstanding),
            });
            prop_assert_eq!(model.issued - model.redeemed - model.expired, outstanding);
            let ask = call::can_transfer(address(from), address(to), Amount(amount));
            let can = contract.sandbox.ask(TOKEN, &ask).unwrap();
            prop_assert_eq!(can.is_ok(), model.allows(from, to, amount), "{:?}", can);
            // All units have the terms that hold now.
            let now = contract.sandbox.ask(TOKEN, &call::policy()).unwrap().conditions;
            prop_assert_eq!(now.worse_than(&model.conditions), None);
            prop_assert_eq!(model.conditions.worse_than(&now), None);
            for person in 50..52 {
                let spent = of(&model.spent, &(person, model.month()));
                prop_assert!(within(spent, model.conditions.caps.spent_per_month));
            }
        }
    }

    /// What a holder could do under the old conditions can be done under the new ones.
    #[test]
    fn a_policy_that_is_not_worse_allows_whatever_was_allowed(
        (old, others) in (valid(), valid()),
        which in prop::array::uniform2(0usize..10),
        mut model in moment(),
        most in 1u128..60,
    ) {
        let new = mixed(&old, &others, which);
        prop_assume!(new.check().is_ok() && new.worse_than(&old).is_none());
        for amount in [1, most] {
            for (from, to) in (0..ACTORS).flat_map(|from| (0..ACTORS).map(move |to| (from, to))) {
                model.conditions = old.clone();
                let could = (model.allows(from, to, amount), model.redeems(from));
                model.conditions = new.clone();
                let can = (model.allows(from, to, amount), model.redeems(from));
                prop_assert!(can.0 >= could.0 && can.1 >= could.1, "{:?} {:?}", could, can);
            }
        }
    }
}
