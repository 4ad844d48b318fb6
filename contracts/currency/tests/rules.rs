//! The rules of the currency, and its invariants after random operations. Each test runs on WASM
//! and natively.

use currency::currency::{Error, Moved, Reason, call};
use dure_testing::{
    Account, Address, Amount, Chain, Refusal, TimestampMs, codec::Decode, selector,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

struct Currency {
    chain: Chain,
    token: Address,
    issuer: Account,
}

impl Currency {
    fn new(deposit: u128) -> Self {
        let mut chain = Chain::new();
        let issuer = chain.account("issuer");
        let init = ("Won".to_owned(), "KRW".to_owned(), 0u8);
        chain.shadow::<currency::currency::Currency>(chain.next_address(issuer));
        let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
        let mut currency = Self { chain, token, issuer };
        currency.send(issuer, &call::book_deposit(Amount(deposit))).unwrap();
        currency
    }

    fn send<T: Decode>(
        &mut self,
        by: Account,
        invocation: &dure_sdk::Invocation<T, Error>,
    ) -> Result<T, Refusal<Error>> {
        self.chain.send(by, self.token, invocation)
    }

    fn balance(&self, of: Account) -> u128 {
        self.chain.ask(self.token, &call::balance(of.address())).unwrap().0
    }

    /// The sum of what is held is the supply, and the deposit covers it.
    fn check(&self) {
        let holders = self.chain.ask(self.token, &call::holders(None, 200)).unwrap();
        let held: u128 = holders.iter().map(|(_, amount)| amount.0).sum();
        let supply = self.chain.ask(self.token, &call::supply()).unwrap().0;
        let deposit = self.chain.ask(self.token, &call::deposit()).unwrap().0;
        assert_eq!(held, supply);
        assert!(supply <= deposit, "{supply} issued against {deposit}");
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal<Error>>) -> Error {
    match result {
        Err(Refusal::Contract(error)) => error,
        other => panic!("not refused by the contract: {other:?}"),
    }
}

#[test]
fn issue_above_the_deposit_changes_nothing() {
    let mut c = Currency::new(100);
    let (issuer, holder) = (c.issuer, c.chain.account("holder"));
    c.send(issuer, &call::issue(holder.address(), Amount(100))).unwrap();
    let error = refused(c.send(issuer, &call::issue(holder.address(), Amount(1))));
    let (deposit, supply) = (Amount(100), Amount(100));
    assert_eq!(error, Error::Uncovered { deposit, supply, wanted: Amount(1) });
    let error = refused(c.send(holder, &call::issue(holder.address(), Amount(1))));
    assert_eq!(error, Error::NotIssuer { issuer: issuer.address() });
    let error = refused(c.send(issuer, &call::withdraw_deposit(Amount(1))));
    assert_eq!(error, Error::Uncovered { deposit, supply, wanted: Amount(1) });
    assert_eq!(c.balance(holder), 100);
    c.check();
}

#[test]
fn transfer_above_the_balance_says_what_is_left() {
    let mut c = Currency::new(100);
    let (issuer, a, b) = (c.issuer, c.chain.account("a"), c.chain.account("b"));
    c.send(issuer, &call::issue(a.address(), Amount(60))).unwrap();
    let memo = Some(b"rent".to_vec());
    c.send(a, &call::transfer(b.address(), Amount(25), memo.clone())).unwrap();
    let error = refused(c.send(a, &call::transfer(b.address(), Amount(36), None)));
    assert_eq!(error, Error::Short { left: Amount(35), wanted: Amount(36) });
    let error = refused(c.send(a, &call::transfer(b.address(), Amount(0), None)));
    assert_eq!(error, Error::Zero);
    assert_eq!((c.balance(a), c.balance(b)), (35, 25));
    // To oneself nothing is made of nothing.
    c.send(a, &call::transfer(a.address(), Amount(35), None)).unwrap();
    assert_eq!(c.balance(a), 35);
    let moved = c.chain.events().iter().filter(|event| event.topic == selector("Moved"));
    let moved: Vec<Moved> = moved.map(|e| Moved::decode(&mut &e.data[..]).unwrap()).collect();
    assert_eq!(moved.len(), 3, "what failed left no event");
    assert_eq!(moved[1].memo, memo);
}

#[test]
fn an_allowance_is_used_up_and_expires() {
    let mut c = Currency::new(100);
    let accounts = ["a", "b", "spender"].map(|name| c.chain.account(name));
    let [a, b, spender] = accounts;
    let issuer = c.issuer;
    c.send(issuer, &call::issue(a.address(), Amount(100))).unwrap();
    let take = |amount| call::transfer_from(a.address(), b.address(), Amount(amount), None);
    let error = refused(c.send(spender, &take(1)));
    assert_eq!(error, Error::AllowanceShort { left: Amount(0), wanted: Amount(1) });
    // The block after next begins exactly when it is void.
    let expires = TimestampMs(c.chain.time().0 + 3_000);
    let approve = call::approve(spender.address(), Amount(50), Some(expires));
    c.send(a, &approve).unwrap();
    c.send(spender, &take(20)).unwrap();
    let error = refused(c.send(spender, &take(20)));
    assert_eq!(error, Error::AllowanceExpired { expires });
    c.send(a, &call::approve(spender.address(), Amount(30), None)).unwrap();
    let error = refused(c.send(spender, &take(31)));
    assert_eq!(error, Error::AllowanceShort { left: Amount(30), wanted: Amount(31) });
    c.send(spender, &take(30)).unwrap();
    let allowance = call::allowance(a.address(), spender.address());
    assert_eq!(c.chain.ask(c.token, &allowance).unwrap(), None);
    assert_eq!((c.balance(a), c.balance(b)), (50, 50));
}

#[test]
fn only_an_active_merchant_is_paid_and_redeems() {
    let mut c = Currency::new(100);
    let (issuer, buyer, shop) = (c.issuer, c.chain.account("buyer"), c.chain.account("shop"));
    let account = shop.address();
    c.send(issuer, &call::issue(buyer.address(), Amount(80))).unwrap();
    let pay = call::pay(account, Amount(30), None);
    assert_eq!(refused(c.send(buyer, &pay)), Error::NotMerchant { account });
    let merchant = |active| call::set_merchant(account, "Shop".to_owned(), active);
    assert_eq!(
        refused(c.send(shop, &merchant(true))),
        Error::NotIssuer { issuer: issuer.address() }
    );
    c.send(issuer, &merchant(true)).unwrap();
    c.send(buyer, &pay).unwrap();
    c.send(shop, &call::redeem(Amount(10), None)).unwrap();
    c.send(issuer, &merchant(false)).unwrap();
    assert_eq!(refused(c.send(buyer, &pay)), Error::MerchantSuspended { account });
    let redeem = call::redeem(Amount(10), None);
    assert_eq!(refused(c.send(shop, &redeem)), Error::MerchantSuspended { account });
    assert_eq!((c.balance(buyer), c.balance(shop)), (50, 20));
    assert_eq!(c.chain.ask(c.token, &call::supply()).unwrap(), Amount(70));
    assert_eq!(c.chain.ask(c.token, &call::deposit()).unwrap(), Amount(90));
    c.check();
}

#[derive(Clone, Debug)]
enum Act {
    Deposit(u128),
    Withdraw(u128),
    Issue(usize, u128),
    Transfer(usize, usize, u128),
    Approve(usize, usize, u128),
    Take(usize, usize, usize, u128),
    Pay(usize, usize, u128),
    Redeem(usize, u128),
}

fn act() -> impl Strategy<Value = Act> {
    let (who, amount) = (0usize..4, 0u128..60);
    prop_oneof![
        amount.clone().prop_map(Act::Deposit),
        amount.clone().prop_map(Act::Withdraw),
        (who.clone(), amount.clone()).prop_map(|(a, n)| Act::Issue(a, n)),
        (who.clone(), who.clone(), amount.clone()).prop_map(|(a, b, n)| Act::Transfer(a, b, n)),
        (who.clone(), who.clone(), amount.clone()).prop_map(|(a, b, n)| Act::Approve(a, b, n)),
        (who.clone(), who.clone(), who.clone(), amount.clone())
            .prop_map(|(a, b, c, n)| Act::Take(a, b, c, n)),
        (who.clone(), who.clone(), amount.clone()).prop_map(|(a, b, n)| Act::Pay(a, b, n)),
        (who, amount).prop_map(|(a, n)| Act::Redeem(a, n)),
    ]
}

/// The rules once more, in the plainest way. Account 3 is the only merchant.
#[derive(Default)]
struct Model {
    held: BTreeMap<usize, u128>,
    allowed: BTreeMap<(usize, usize), u128>,
    deposit: u128,
}

impl Model {
    fn of(&self, who: usize) -> u128 {
        self.held.get(&who).copied().unwrap_or(0)
    }

    fn supply(&self) -> u128 {
        self.held.values().sum()
    }

    fn shift(&mut self, from: usize, to: usize, amount: u128) -> bool {
        if amount == 0 || self.of(from) < amount {
            return false;
        }
        *self.held.entry(from).or_default() -= amount;
        *self.held.entry(to).or_default() += amount;
        true
    }

    fn apply(&mut self, act: &Act) -> bool {
        match *act {
            Act::Deposit(n) => {
                self.deposit += n;
                n > 0
            }
            Act::Withdraw(n) => {
                let allowed = n > 0 && self.supply() + n <= self.deposit;
                self.deposit -= if allowed { n } else { 0 };
                allowed
            }
            Act::Issue(to, n) => {
                let allowed = n > 0 && self.supply() + n <= self.deposit;
                *self.held.entry(to).or_default() += if allowed { n } else { 0 };
                allowed
            }
            Act::Transfer(from, to, n) => self.shift(from, to, n),
            Act::Approve(holder, spender, n) => {
                if holder != spender {
                    self.allowed.insert((holder, spender), n);
                }
                holder != spender
            }
            Act::Take(spender, from, to, n) => {
                let left = self.allowed.get(&(from, spender)).copied().unwrap_or(0);
                let done = n <= left && self.shift(from, to, n);
                if done {
                    self.allowed.insert((from, spender), left - n);
                }
                done
            }
            Act::Pay(from, to, n) => to == 3 && self.shift(from, to, n),
            Act::Redeem(who, n) => {
                let allowed = who == 3 && n > 0 && self.of(who) >= n;
                if allowed {
                    *self.held.entry(who).or_default() -= n;
                    self.deposit -= n;
                }
                allowed
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn random_acts_do_what_the_model_does(acts in prop::collection::vec(act(), 1..60)) {
        let mut c = Currency::new(1);
        let mut model = Model { deposit: 1, ..Model::default() };
        let who: Vec<Account> =
            ["0", "1", "2", "3"].iter().map(|name| c.chain.account(name)).collect();
        let (issuer, at) = (c.issuer, |index: usize| who[index].address());
        c.send(issuer, &call::set_merchant(at(3), "M".to_owned(), true)).unwrap();
        for act in acts {
            let expected = model.apply(&act);
            let done = match act {
                Act::Deposit(n) => c.send(issuer, &call::book_deposit(Amount(n))).is_ok(),
                Act::Withdraw(n) => c.send(issuer, &call::withdraw_deposit(Amount(n))).is_ok(),
                Act::Issue(to, n) => c.send(issuer, &call::issue(at(to), Amount(n))).is_ok(),
                Act::Transfer(from, to, n) => {
                    c.send(who[from], &call::transfer(at(to), Amount(n), None)).is_ok()
                }
                Act::Approve(holder, spender, n) => {
                    let approve = call::approve(at(spender), Amount(n), None);
                    c.chain.transact(who[holder], vec![
                        dure_testing::invoke(c.token, &approve),
                    ]).is_ok()
                }
                Act::Take(spender, from, to, n) => {
                    let take = call::transfer_from(at(from), at(to), Amount(n), None);
                    c.send(who[spender], &take).is_ok()
                }
                Act::Pay(from, to, n) => {
                    c.send(who[from], &call::pay(at(to), Amount(n), None)).is_ok()
                }
                Act::Redeem(by, n) => {
                    c.send(who[by], &call::redeem(Amount(n), None)).is_ok()
                }
            };
            prop_assert_eq!(done, expected, "{:?}", act);
            for (index, account) in who.iter().enumerate() {
                prop_assert_eq!(c.balance(*account), model.of(index));
            }
            c.check();
        }
    }
}

#[test]
fn the_standard_queries_say_what_the_calls_then_do() {
    let mut c = Currency::new(100);
    let (issuer, a, b) = (c.issuer, c.chain.account("a"), c.chain.account("b"));
    c.send(issuer, &call::issue(a.address(), Amount(60))).unwrap();
    let ask = |c: &Currency, amount| {
        c.chain.ask(c.token, &call::can_transfer(a.address(), b.address(), Amount(amount))).unwrap()
    };
    assert_eq!(ask(&c, 60), Ok(()));
    assert_eq!(ask(&c, 0), Err(Reason::Zero));
    assert_eq!(ask(&c, 61), Err(Reason::Short { left: Amount(60), wanted: Amount(61) }));
    c.send(a, &call::transfer(b.address(), Amount(60), None)).unwrap();
    let balance = |of: Account| c.chain.ask(c.token, &call::balance_of(of.address())).unwrap();
    assert_eq!((balance(a), balance(b)), (Amount(0), Amount(60)));
    assert_eq!(c.chain.ask(c.token, &call::total_supply()).unwrap(), Amount(60));
    assert_eq!(c.chain.ask(c.token, &call::name()).unwrap(), "Won");
    assert_eq!(c.chain.ask(c.token, &call::symbol()).unwrap(), "KRW");
    assert_eq!(c.chain.ask(c.token, &call::decimals()).unwrap(), 0);

    let redeem = |c: &Currency, amount| {
        c.chain.ask(c.token, &call::can_redeem(b.address(), Amount(amount))).unwrap()
    };
    assert_eq!(redeem(&c, 1), Err(Reason::NotPermitted { account: b.address() }));
    c.send(issuer, &call::set_merchant(b.address(), "b".into(), true)).unwrap();
    assert_eq!(redeem(&c, 61), Err(Reason::Short { left: Amount(60), wanted: Amount(61) }));
    assert_eq!(redeem(&c, 60), Ok(()));
    c.send(b, &call::redeem(Amount(60), None)).unwrap();
    c.check();
}
