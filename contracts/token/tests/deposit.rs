//! Units that are issued against a deposit. Each test runs on WASM and natively.

mod merchant;

use dure_sdk::{
    Invocation,
    domain::{
        registry::{MerchantSet, MerchantsError, Status},
        roles::{Role, RolesError},
    },
};
use dure_testing::{Account, Address, Amount, Chain, Executed, Refusal, codec::Decode};
use merchant::MERCHANT;
use std::collections::BTreeSet;
use token::token::{
    Conditions, DepositChanged, Error, Paid, PurposeToken, Redeemed, Redeemers, Totals, call,
};

/// Money that passes freely; merchants give it back.
struct Money {
    chain: Chain,
    token: Address,
    issuer: Account,
    ana: Account,
    shop: Account,
}

impl Money {
    fn new() -> Self {
        Self::of(None)
    }

    fn of(merchants: Option<MerchantSet>) -> Self {
        let mut chain = Chain::new();
        let [issuer, ana, shop] = ["issuer", "ana", "shop"].map(|name| chain.account(name));
        let conditions = Conditions { redeem: Redeemers::Merchants, merchants, ..Conditions::NONE };
        let init = ("Won".to_owned(), "KRW".to_owned(), 0u8, conditions);
        chain.shadow::<PurposeToken>(chain.next_address(issuer));
        let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
        Self { chain, token, issuer, ana, shop }
    }

    /// Against a deposit of 100.
    fn backed() -> Self {
        Self::new().covered()
    }

    fn covered(mut self) -> Self {
        assert_eq!(self.send(self.issuer, &call::book_deposit(Amount(100))), Ok(()));
        self
    }

    fn send<T: Decode>(&mut self, by: Account, call: &Invocation<T, Error>) -> Result<T, Error> {
        match self.chain.send(by, self.token, call) {
            Ok(value) => Ok(value),
            Err(Refusal::Contract(error)) => Err(error),
            Err(other) => panic!("not refused by the contract: {other:?}"),
        }
    }

    fn issue(&mut self, to: Account, amount: u128) -> Result<(), Error> {
        self.send(self.issuer, &call::issue(to.address(), Amount(amount)))
    }

    fn register(&mut self, account: Address) -> Result<(), Error> {
        self.send(self.issuer, &call::register_merchant(account, MERCHANT, vec![]))
    }

    /// What is held and what covers it; the books agree.
    fn books(&self) -> (u128, Option<u128>) {
        let audit = self.chain.ask(self.token, &call::audit(None, 200)).unwrap();
        let Totals { outstanding, .. } = audit.totals;
        let deposit = self.chain.ask(self.token, &call::deposit()).unwrap();
        (outstanding.0, deposit.map(|deposit| deposit.0))
    }
}

const fn uncovered(deposit: u128, supply: u128, wanted: u128) -> Error {
    Error::Uncovered { deposit: Amount(deposit), supply: Amount(supply), wanted: Amount(wanted) }
}

#[test]
fn what_is_issued_is_covered_and_what_covers_it_stays() {
    let mut m = Money::backed();
    let (issuer, ana) = (m.issuer, m.ana);
    assert_eq!(m.issue(ana, 101), Err(uncovered(100, 0, 101)));
    assert_eq!(m.issue(ana, 60), Ok(()));
    assert_eq!(m.issue(ana, 41), Err(uncovered(100, 60, 41)));
    let withdraw = |amount| call::withdraw_deposit(Amount(amount));
    assert_eq!(m.send(issuer, &withdraw(41)), Err(uncovered(100, 60, 41)));
    assert_eq!(m.send(issuer, &withdraw(u128::MAX)), Err(uncovered(100, 60, u128::MAX)));
    assert_eq!(m.send(issuer, &withdraw(40)), Ok(()));
    assert_eq!(m.issue(ana, 1), Err(uncovered(60, 60, 1)));
    let book = |amount| call::book_deposit(Amount(amount));
    assert_eq!(m.send(issuer, &book(0)), Err(Error::Zero));
    assert_eq!(m.send(issuer, &withdraw(0)), Err(Error::Zero));
    let lacks = RolesError::Lacks { account: ana.address(), role: Role::Issuer };
    for call in [&book(5), &withdraw(1)] {
        assert_eq!(m.send(ana, call), Err(Error::Roles(lacks)));
    }
    assert_eq!(m.send(issuer, &book(5)), Ok(()));
    assert_eq!(m.books(), (60, Some(65)));
    let changed = m.chain.events_of::<DepositChanged>();
    let changed: Vec<u128> = changed.iter().map(|event| event.deposit.0).collect();
    assert_eq!(changed, [100, 60, 65]);
}

#[test]
fn without_a_deposit_nothing_is_covered_and_the_first_covers_all_there_is() {
    let mut m = Money::new();
    let (issuer, ana) = (m.issuer, m.ana);
    assert_eq!(m.issue(ana, 500), Ok(()));
    assert_eq!(m.books(), (500, None));
    let withdraw = call::withdraw_deposit(Amount(1));
    assert_eq!(m.send(issuer, &withdraw), Err(uncovered(0, 500, 1)));
    let book = |amount| call::book_deposit(Amount(amount));
    assert_eq!(m.send(issuer, &book(499)), Err(uncovered(0, 500, 499)));
    assert_eq!(m.issue(ana, 1), Ok(()), "what is refused binds nobody");
    assert_eq!(m.send(issuer, &book(501)), Ok(()));
    assert_eq!(m.issue(ana, 1), Err(uncovered(501, 501, 1)));
    // All that was covered is gone; the promise is not.
    m.register(ana.address()).unwrap();
    assert_eq!(m.send(ana, &call::redeem(Amount(501), None)), Ok(()));
    assert_eq!(m.books(), (0, Some(0)));
    assert_eq!(m.issue(ana, 1), Err(uncovered(0, 0, 1)));
}

#[test]
fn a_merchant_is_paid_while_active_and_redeems_unless_suspended() {
    let mut m = Money::backed();
    let (issuer, ana, shop) = (m.issuer, m.ana, m.shop);
    let merchant = shop.address();
    m.issue(ana, 80).unwrap();
    let till = Some(b"till 1".to_vec());
    let (pay, redeem) =
        (call::pay(merchant, Amount(30), till.clone()), call::redeem(Amount(10), till.clone()));
    let unknown = Error::Merchants(MerchantsError::Unknown { merchant });
    assert_eq!(m.send(ana, &pay), Err(unknown.clone()));
    assert_eq!(m.send(shop, &redeem), Err(unknown));
    m.register(merchant).unwrap();
    assert_eq!(m.send(ana, &pay), Ok(()));
    assert_eq!(m.send(shop, &redeem), Ok(()));
    assert_eq!(m.books(), (70, Some(90)));
    m.send(issuer, &call::set_status(merchant, Status::Suspended)).unwrap();
    let suspended = MerchantsError::NotActive { merchant, status: Status::Suspended };
    for (by, call) in [(ana, &pay), (shop, &redeem)] {
        assert_eq!(m.send(by, call), Err(Error::Merchants(suspended)));
    }
    let held = |of: Account| m.chain.ask(m.token, &call::balance_of(of.address())).unwrap();
    assert_eq!((held(ana), held(shop)), (Amount(50), Amount(20)));
    let by = ana.address();
    let paid = Paid { by, merchant, amount: Amount(30), reference: till.clone() };
    assert_eq!(m.chain.events_of::<Paid>(), [paid]);
    let redeemed = Redeemed { by: merchant, amount: Amount(10), reference: till };
    assert_eq!(m.chain.events_of::<Redeemed>(), [redeemed]);
}

#[test]
fn a_closed_merchant_redeems_only_where_nobody_can_send_it_more() {
    for merchants in [Some(MerchantSet::EVERYWHERE), None] {
        let mut m = Money::of(merchants.clone()).covered();
        let (issuer, ana, shop) = (m.issuer, m.ana, m.shop);
        let merchant = shop.address();
        m.issue(ana, 80).unwrap();
        m.register(merchant).unwrap();
        m.send(ana, &call::transfer(merchant, Amount(30), None)).unwrap();
        m.send(issuer, &call::set_status(merchant, Status::Closed)).unwrap();
        let status = Status::Closed;
        let closed = Err(Error::Merchants(MerchantsError::NotActive { merchant, status }));
        assert_eq!(m.send(ana, &call::pay(merchant, Amount(1), None)), closed);
        let sent = m.send(ana, &call::transfer(merchant, Amount(5), None));
        let redeemed = m.send(shop, &call::redeem(Amount(30), None));
        if merchants.is_some() {
            assert_eq!((sent, redeemed), (closed, Ok(())));
            assert_eq!(m.books(), (50, Some(70)));
        } else {
            // A plain transfer asks for no merchant, so what it has now may be anybody's.
            assert_eq!((sent, redeemed), (Ok(()), closed));
            assert_eq!(m.books(), (80, Some(100)));
        }
    }
}

/// The fields of storage that a transaction wrote.
fn written(chain: &Chain, executed: &Executed) -> BTreeSet<String> {
    chain.changes(executed).into_iter().map(|change| change.field).collect()
}

#[test]
fn a_transfer_has_nothing_to_do_with_the_deposit() {
    let gas = |backed: bool| {
        let mut m = if backed { Money::backed() } else { Money::new() };
        m.issue(m.ana, 50).unwrap();
        m.send(m.ana, &call::transfer(m.shop.address(), Amount(5), None)).unwrap();
        let executed = m.chain.last().unwrap();
        assert_eq!(written(&m.chain, executed), BTreeSet::from(["held".to_owned()]));
        executed.gas_used
    };
    // Whatever it did with a deposit would cost something.
    assert_eq!(gas(true), gas(false));
}
