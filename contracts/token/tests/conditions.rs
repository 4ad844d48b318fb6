//! Each condition of a policy, on the executor: what it allows, what it refuses, where it turns.

use dure_sdk::{
    domain::{
        calendar::{Date, Month},
        caps::CapsError,
        freeze::FreezeError,
        policy::{PolicyError, Version},
        registry::{
            Category, Merchant, MerchantSet, MerchantsError, NotPermitted, PersonsError, Status,
        },
        roles::{Role, RolesError},
        supply::SupplyError,
    },
    native::Sandbox,
};
use dure_testing::{Account, Address, Amount, Chain, Hash, Refusal, TimestampMs, codec::Decode};
use std::collections::BTreeSet;
use token::token::{
    Access, Bounds, Condition, Conditions, ConditionsError, Error, Limits, PauseChanged,
    PurposeToken, Reason, Redeemers, Swept, Totals, call,
};

const GIMPO: u32 = 41_570;
const FOOD: Category = Category([5, 2, 0, 0]);

/// Midnight in Korea.
fn on(year: u32, month: u32, day: u32) -> TimestampMs {
    Date::new(year, month, day).unwrap().day().start()
}

/// Meals in Gimpo, in 2026.
fn meals() -> Conditions {
    let set = MerchantSet {
        regions: vec![GIMPO],
        allowed: vec![FOOD],
        denied: vec![Category([5, 2, 9, 0])],
        tier_max: 2,
        groups: Vec::new(),
    };
    Conditions {
        until: Some(on(2027, 1, 1)),
        merchants: Some(set),
        gifts: false,
        redeem: Redeemers::Merchants,
        ..Conditions::NONE
    }
}

fn eatery(owner: u8) -> Merchant {
    Merchant {
        owner: Hash([owner; 32]),
        region: GIMPO,
        category: Category([5, 2, 1, 0]),
        tier: 1,
        status: Status::Active,
    }
}

/// A token with an issuer, two holders with 1,000 each, and a merchant.
struct Card {
    chain: Chain,
    token: Address,
    issuer: Account,
    ana: Account,
    ben: Account,
    shop: Account,
}

impl Card {
    fn new(conditions: Conditions) -> Self {
        let mut chain = Chain::new();
        let [issuer, ana, ben, shop] = ["issuer", "ana", "ben", "shop"].map(|n| chain.account(n));
        let token = deploy(&mut chain, issuer, &conditions).unwrap();
        let mut card = Self { chain, token, issuer, ana, ben, shop };
        card.send(issuer, &call::register_merchant(shop.address(), eatery(77), vec![])).unwrap();
        for holder in [ana, ben] {
            card.send(issuer, &call::admit(holder.address(), None)).unwrap();
            card.send(issuer, &call::issue(holder.address(), Amount(1_000))).unwrap();
        }
        card
    }

    fn send<T: Decode>(
        &mut self,
        by: Account,
        invocation: &dure_sdk::Invocation<T, Error>,
    ) -> Result<T, Refusal<Error>> {
        self.chain.send(by, self.token, invocation)
    }

    fn pay(&mut self, by: Account, amount: u128) -> Result<(), Error> {
        let transfer = call::transfer(self.shop.address(), Amount(amount), None);
        contract(self.send(by, &transfer))
    }

    /// Pays in a block of this very time, and goes back.
    fn pay_at(&mut self, by: Account, amount: u128, time: TimestampMs) -> Result<(), Error> {
        let now = self.chain.snapshot();
        self.chain.set_time(time).unwrap();
        let done = self.pay(by, amount);
        assert_eq!(self.chain.time(), time);
        self.chain.restore(&now);
        done
    }

    fn can_pay(&self, by: Account, amount: u128) -> Result<(), Reason> {
        let ask = call::can_transfer(by.address(), self.shop.address(), Amount(amount));
        self.chain.ask(self.token, &ask).unwrap()
    }

    fn balance(&self, of: Account) -> u128 {
        self.chain.ask(self.token, &call::balance_of(of.address())).unwrap().0
    }

    fn update(&mut self, merchant: Merchant) {
        let shop = self.shop.address();
        self.send(self.issuer, &call::update_merchant(shop, merchant)).unwrap();
    }
}

fn deploy(
    chain: &mut Chain,
    issuer: Account,
    conditions: &Conditions,
) -> Result<Address, dure_testing::TestFailure> {
    let init = ("Meal card".to_owned(), "MEAL".to_owned(), 0u8, conditions.clone());
    chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init)
}

/// So many units that are held, and nothing else.
const fn totals_of(outstanding: u128) -> Totals {
    let none = Amount::ZERO;
    Totals { issued: none, redeemed: none, expired: none, outstanding: Amount(outstanding) }
}

/// The contract's own word, where nothing else went wrong.
fn contract<T: std::fmt::Debug>(result: Result<T, Refusal<Error>>) -> Result<T, Error> {
    match result {
        Ok(value) => Ok(value),
        Err(Refusal::Contract(error)) => Err(error),
        Err(other) => panic!("not refused by the contract: {other:?}"),
    }
}

fn with(change: impl FnOnce(&mut Conditions)) -> Conditions {
    let mut conditions = meals();
    change(&mut conditions);
    conditions
}

#[test]
fn without_conditions_it_is_a_plain_token() {
    let mut c = Card::new(Conditions::NONE);
    let (ana, ben, shop) = (c.ana, c.ben, c.shop);
    // Far beyond any month: to a holder, a merchant, a stranger, and back.
    let stranger = c.chain.account("stranger");
    c.send(ana, &call::transfer(ben.address(), Amount(400), Some(b"rent".to_vec()))).unwrap();
    c.chain.advance(400 * 86_400_000);
    c.send(ben, &call::transfer(stranger.address(), Amount(1_400), None)).unwrap();
    c.send(stranger, &call::transfer(shop.address(), Amount(1_400), None)).unwrap();
    c.send(shop, &call::transfer(ana.address(), Amount(1_400), None)).unwrap();
    c.send(ana, &call::redeem(Amount(500), None)).unwrap();
    let short = Error::Short { left: Amount(1_500), wanted: Amount(1_501) };
    assert_eq!(c.pay(ana, 1_501), Err(short));
    assert_eq!(c.pay(ana, 0), Err(Error::Zero));
    let totals = c.chain.ask(c.token, &call::totals()).unwrap();
    let expected = Totals { issued: Amount(2_000), redeemed: Amount(500), ..totals_of(1_500) };
    assert_eq!(totals, expected);
    let approve = call::approve(ben.address(), Amount(30), None);
    c.send(ana, &approve).unwrap();
    let take = |amount| call::transfer_from(ana.address(), shop.address(), Amount(amount), None);
    let error = Error::AllowanceShort { left: Amount(30), wanted: Amount(31) };
    assert_eq!(contract(c.send(ben, &take(31))), Err(error));
    c.send(ben, &take(30)).unwrap();
    assert_eq!((c.balance(ana), c.balance(shop)), (1_470, 30));
}

#[test]
fn the_period_begins_with_its_first_block_and_ends_with_the_block_of_its_end() {
    let (from, until) = (on(2026, 3, 1), on(2027, 1, 1));
    let mut c = Card::new(with(|conditions| conditions.from = Some(from)));
    let ana = c.ana;
    assert_eq!(c.can_pay(ana, 1), Err(Reason::Other { code: 1 }));
    assert_eq!(c.pay_at(ana, 1, TimestampMs(from.0 - 1)), Err(Error::NotYet { from }));
    assert_eq!(c.pay_at(ana, 1, from), Ok(()));
    assert_eq!(c.pay_at(ana, 1, TimestampMs(until.0 - 1)), Ok(()));
    assert_eq!(c.pay_at(ana, 1, until), Err(Error::Expired { until }));
    // What a merchant took it redeems afterwards, and refunds; nothing is issued any more.
    c.chain.set_time(TimestampMs(until.0 - 1)).unwrap();
    c.pay(ana, 100).unwrap();
    assert_eq!(c.can_pay(ana, 1), Ok(()), "a query is of the last block's time");
    let (issuer, shop) = (c.issuer, c.shop);
    let issue = call::issue(ana.address(), Amount(1));
    assert_eq!(contract(c.send(issuer, &issue)), Err(Error::Expired { until }));
    assert_eq!(c.can_pay(ana, 1), Err(Reason::Expired { at: until }));
    c.send(shop, &call::redeem(Amount(60), None)).unwrap();
    c.send(shop, &call::refund(ana.address(), Amount(40), None)).unwrap();
    assert_eq!((c.balance(ana), c.balance(shop)), (940, 0));
}

#[test]
fn a_merchant_of_another_region_is_not_paid() {
    let mut c = Card::new(meals());
    let (ana, merchant) = (c.ana, c.shop.address());
    assert_eq!(c.pay(ana, 1), Ok(()));
    c.update(Merchant { region: 11_110, ..eatery(77) });
    let reason = NotPermitted::Region { region: 11_110 };
    assert_eq!(c.pay(ana, 1), Err(Error::NotPermitted { merchant, reason }));
    assert_eq!(c.can_pay(ana, 1), Err(Reason::NotPermitted { account: merchant }));
}

#[test]
fn a_merchant_of_another_category_or_too_large_is_not_paid() {
    let mut c = Card::new(meals());
    let (ana, merchant) = (c.ana, c.shop.address());
    let mut check = |shop: Merchant, reason| {
        c.update(shop);
        assert_eq!(c.pay(ana, 1), Err(Error::NotPermitted { merchant, reason }));
    };
    let category = Category([5, 3, 0, 0]);
    check(Merchant { category, ..eatery(77) }, NotPermitted::Category { category });
    let (category, branch) = (Category([5, 2, 9, 1]), Category([5, 2, 9, 0]));
    check(Merchant { category, ..eatery(77) }, NotPermitted::Denied { category, branch });
    let tier = NotPermitted::Tier { tier: 3, limit: 2 };
    check(Merchant { tier: 3, ..eatery(77) }, tier);
    c.update(Merchant { tier: 2, category: FOOD, ..eatery(77) });
    assert_eq!(c.pay(ana, 1), Ok(()));
}

#[test]
fn a_merchant_must_be_a_member_of_the_groups() {
    let festival = with(|conditions| {
        conditions.merchants = Some(MerchantSet { groups: vec![7], ..MerchantSet::EVERYWHERE });
    });
    let mut c = Card::new(festival);
    let (issuer, ana, merchant) = (c.issuer, c.ana, c.shop.address());
    let reason = NotPermitted::Group { group: 7 };
    assert_eq!(c.pay(ana, 1), Err(Error::NotPermitted { merchant, reason }));
    c.send(issuer, &call::set_member(7, merchant, true)).unwrap();
    assert_eq!(c.pay(ana, 1), Ok(()));
    let refused = contract(c.send(ana, &call::set_member(7, merchant, true)));
    let lacks = RolesError::Lacks { account: ana.address(), role: Role::Agent };
    assert_eq!(refused, Err(Error::Roles(lacks)));
}

#[test]
fn only_a_merchant_that_is_active_and_not_the_payers_own_is_paid() {
    let mut c = Card::new(meals());
    let (issuer, ana, ben, merchant) = (c.issuer, c.ana, c.ben, c.shop.address());
    let to_ben = contract(c.send(ana, &call::transfer(ben.address(), Amount(1), None)));
    assert_eq!(to_ben, Err(Error::NotMerchant { account: ben.address() }));
    let unknown = MerchantsError::Unknown { merchant: ben.address() };
    let to_ben = contract(c.send(ana, &call::pay(ben.address(), Amount(1), None)));
    assert_eq!(to_ben, Err(Error::Merchants(unknown)));
    c.update(Merchant { owner: Hash(ana.address().0), ..eatery(77) });
    assert_eq!(c.pay(ana, 1), Err(Error::Merchants(MerchantsError::OwnShop { merchant })));
    assert_eq!(c.pay(ben, 1), Ok(()));
    c.send(issuer, &call::set_status(merchant, Status::Suspended)).unwrap();
    let suspended = MerchantsError::NotActive { merchant, status: Status::Suspended };
    assert_eq!(c.pay(ben, 1), Err(Error::Merchants(suspended)));
    let shop = c.shop;
    let redeem = contract(c.send(shop, &call::redeem(Amount(1), None)));
    assert_eq!(redeem, Err(Error::Merchants(suspended)));
    // Its customers' cancels still work.
    c.send(shop, &call::refund(ben.address(), Amount(1), None)).unwrap();
    assert_eq!((c.balance(ben), c.balance(shop)), (1_000, 0));
}

#[test]
fn who_is_not_admitted_is_issued_nothing_and_spends_nothing() {
    let card = with(|conditions| {
        (conditions.hold, conditions.spend) = (Access::Admitted, Access::Admitted);
    });
    let mut c = Card::new(card);
    let (issuer, ana, shop) = (c.issuer, c.ana, c.shop);
    let stranger = c.chain.account("stranger").address();
    let issue = contract(c.send(issuer, &call::issue(stranger, Amount(1))));
    assert_eq!(issue, Err(Error::NotAdmitted { account: stranger }));
    // A merchant takes units without being admitted, and passes none on.
    assert_eq!(c.pay(ana, 10), Ok(()));
    let account = shop.address();
    let on = contract(c.send(shop, &call::transfer(ana.address(), Amount(1), None)));
    assert_eq!(on, Err(Error::NotAdmitted { account }));
    c.send(issuer, &call::dismiss(ana.address())).unwrap();
    let account = ana.address();
    assert_eq!(c.pay(ana, 1), Err(Error::NotAdmitted { account }));
    assert_eq!(c.can_pay(ana, 1), Err(Reason::NotPermitted { account }));
    let again = contract(c.send(issuer, &call::dismiss(account)));
    assert_eq!(again, Err(Error::Persons(PersonsError::Unknown { account })));
}

#[test]
fn issuing_and_admitting_need_their_roles() {
    let mut c = Card::new(meals());
    let (issuer, ana, ben) = (c.issuer, c.ana, c.ben);
    let account = ben.address();
    let issue = call::issue(ana.address(), Amount(1));
    let lacks = |role| Error::Roles(RolesError::Lacks { account, role });
    assert_eq!(contract(c.send(ben, &issue)), Err(lacks(Role::Issuer)));
    assert_eq!(contract(c.send(ben, &call::dismiss(account))), Err(lacks(Role::Agent)));
    let schedule = call::schedule_policy(meals(), on(2026, 6, 1));
    assert_eq!(contract(c.send(ben, &schedule)), Err(lacks(Role::Issuer)));
    c.send(issuer, &call::set_role(account, Role::Issuer, true)).unwrap();
    c.send(ben, &issue).unwrap();
    c.send(issuer, &call::set_role(account, Role::Issuer, false)).unwrap();
    assert_eq!(contract(c.send(ben, &issue)), Err(lacks(Role::Issuer)));
}

#[test]
fn a_purchase_is_as_large_as_the_cap_and_no_larger() {
    let limit = Amount(150);
    let mut c = Card::new(with(|conditions| conditions.caps.per_purchase = Some(limit)));
    let ana = c.ana;
    assert_eq!(c.pay(ana, 150), Ok(()));
    assert_eq!(c.pay(ana, 151), Err(Error::AbovePurchase { limit, wanted: Amount(151) }));
    assert_eq!(c.can_pay(ana, 151), Err(Reason::Limit { limit, wanted: Amount(151) }));
}

#[test]
fn the_cap_of_a_month_starts_again_at_midnight_in_korea() {
    let cap = Amount(300);
    let mut c = Card::new(with(|conditions| conditions.caps.spent_per_month = Some(cap)));
    let ana = c.ana;
    assert_eq!(c.pay(ana, 300), Ok(()));
    let above = Error::Caps(CapsError::AboveCap { left: Amount(0), wanted: Amount(1), cap });
    assert_eq!(c.pay(ana, 1), Err(above.clone()));
    assert_eq!(c.can_pay(ana, 1), Err(Reason::Limit { limit: Amount(0), wanted: Amount(1) }));
    // 15:00 UTC of the last day of January.
    let february = Month::of(c.chain.time()).end();
    assert_eq!(february, on(2026, 2, 1));
    assert_eq!(c.pay_at(ana, 1, TimestampMs(february.0 - 1)), Err(above));
    assert_eq!(c.pay_at(ana, 300, february), Ok(()));
    // Another holder's month is another one.
    let ben = c.ben;
    assert_eq!(c.pay(ben, 300), Ok(()));
}

#[test]
fn a_person_has_one_cap_for_all_accounts() {
    let cap = Amount(300);
    let mut c = Card::new(with(|conditions| conditions.caps.spent_per_month = Some(cap)));
    let (issuer, ana, ben) = (c.issuer, c.ana, c.ben);
    for account in [ana.address(), ben.address()] {
        c.send(issuer, &call::dismiss(account)).unwrap();
        c.send(issuer, &call::admit(account, Some(Hash([5; 32])))).unwrap();
    }
    assert_eq!(c.pay(ana, 200), Ok(()));
    let above = CapsError::AboveCap { left: Amount(100), wanted: Amount(101), cap };
    assert_eq!(c.pay(ben, 101), Err(Error::Caps(above)));
    assert_eq!(c.pay(ben, 100), Ok(()));
    let spent = c.chain.ask(c.token, &call::spent_this_month(ana.address())).unwrap();
    assert_eq!(spent, cap);
}

#[test]
fn a_refund_is_of_what_was_paid_and_restores_only_its_own_month() {
    let cap = Amount(300);
    let mut c = Card::new(with(|conditions| conditions.caps.spent_per_month = Some(cap)));
    let (ana, ben, shop) = (c.ana, c.ben, c.shop);
    c.pay(ana, 300).unwrap();
    c.pay(ben, 300).unwrap();
    let refund = |amount| call::refund(ana.address(), Amount(amount), None);
    let above = Error::AbovePaid { left: Amount(300), wanted: Amount(301) };
    assert_eq!(contract(c.send(shop, &refund(301))), Err(above), "not out of another's payment");
    c.send(shop, &refund(100)).unwrap();
    assert_eq!(c.pay(ana, 100), Ok(()));
    // In February: 200 of February and 50 of January come back; January is over.
    c.chain.set_time(on(2026, 2, 1)).unwrap();
    c.pay(ana, 200).unwrap();
    c.send(shop, &refund(250)).unwrap();
    let spent = c.chain.ask(c.token, &call::spent_this_month(ana.address())).unwrap();
    assert_eq!(spent, Amount(0));
    // What is spent at another shop is not restored by what comes back of January.
    let issuer = c.issuer;
    c.send(issuer, &call::register_merchant(ben.address(), eatery(78), vec![])).unwrap();
    c.send(ana, &call::transfer(ben.address(), Amount(100), None)).unwrap();
    c.send(shop, &refund(250)).unwrap();
    assert_eq!(c.pay(ana, 200), Ok(()));
    let above = CapsError::AboveCap { left: Amount(0), wanted: Amount(1), cap };
    assert_eq!(c.pay(ana, 1), Err(Error::Caps(above)));
    let unknown = MerchantsError::Unknown { merchant: issuer.address() };
    assert_eq!(contract(c.send(issuer, &refund(1))), Err(Error::Merchants(unknown)));
}

#[test]
fn what_an_account_holds_has_a_bound_that_a_refund_may_pass() {
    let cap = Amount(1_000);
    let held = with(|conditions| {
        conditions.gifts = true;
        conditions.caps.held = Some(cap);
    });
    let mut c = Card::new(held);
    let (issuer, ana, ben, shop) = (c.issuer, c.ana, c.ben, c.shop);
    c.pay(ana, 100).unwrap();
    let above =
        |left, wanted| CapsError::AboveHolding { left: Amount(left), wanted: Amount(wanted), cap };
    let gift = |amount| call::transfer(ana.address(), Amount(amount), None);
    assert_eq!(contract(c.send(ben, &gift(101))), Err(Error::Caps(above(100, 101))));
    let ask = call::can_transfer(ben.address(), ana.address(), Amount(101));
    let limit = Reason::Limit { limit: Amount(100), wanted: Amount(101) };
    assert_eq!(c.chain.ask(c.token, &ask).unwrap(), Err(limit));
    c.send(ben, &gift(100)).unwrap();
    let issue = contract(c.send(issuer, &call::issue(ana.address(), Amount(1))));
    assert_eq!(issue, Err(Error::Caps(above(0, 1))));
    c.send(ana, &gift(1_000)).unwrap();
    c.send(shop, &call::refund(ana.address(), Amount(100), None)).unwrap();
    assert_eq!((c.balance(ana), c.balance(ben), c.balance(shop)), (1_100, 900, 0));
}

#[test]
fn issues_have_a_cap_of_a_month_and_one_of_all() {
    let (month, total) = (Amount(1_500), Amount(4_000));
    let caps =
        Limits { issued_per_month: Some(month), issued_in_total: Some(total), ..Limits::NONE };
    let mut c = Card::new(with(|conditions| conditions.caps = caps));
    let (issuer, ana, ben, shop) = (c.issuer, c.ana, c.ben, c.shop);
    let issue = |to: Account, amount| call::issue(to.address(), Amount(amount));
    c.send(issuer, &issue(ana, 500)).unwrap();
    let above = CapsError::AboveCap { left: Amount(0), wanted: Amount(1), cap: month };
    assert_eq!(contract(c.send(issuer, &issue(ana, 1))), Err(Error::Caps(above)));
    c.send(issuer, &issue(ben, 500)).unwrap();
    // What was redeemed is not issued again.
    c.pay(ana, 1_500).unwrap();
    c.send(shop, &call::redeem(Amount(1_500), None)).unwrap();
    c.chain.set_time(on(2026, 2, 1)).unwrap();
    c.send(issuer, &issue(ana, 1_000)).unwrap();
    let above = SupplyError::AboveTotal { issued: total, wanted: Amount(1), cap: total };
    assert_eq!(contract(c.send(issuer, &issue(ana, 1))), Err(Error::Supply(above)));
}

#[test]
fn units_are_given_back_by_whom_the_conditions_say() {
    for (redeem, by_holder, by_merchant) in [
        (Redeemers::Anyone, true, true),
        (Redeemers::Merchants, false, true),
        (Redeemers::Nobody, false, false),
    ] {
        let mut c = Card::new(with(|conditions| conditions.redeem = redeem));
        let (ana, shop) = (c.ana, c.shop);
        c.pay(ana, 10).unwrap();
        for (by, expected) in [(ana, by_holder), (shop, by_merchant)] {
            let ask = call::can_redeem(by.address(), Amount(10));
            let can = c.chain.ask(c.token, &ask).unwrap();
            let not = Err(Reason::NotPermitted { account: by.address() });
            assert_eq!(can, if expected { Ok(()) } else { not }, "{redeem:?}");
            let done = c.send(by, &call::redeem(Amount(10), None));
            assert_eq!(done.is_ok(), expected, "{redeem:?}");
        }
    }
}

#[test]
fn conditions_that_cannot_be_meant_are_refused() {
    let mut chain = Chain::new();
    let issuer = chain.account("issuer");
    let mut check = |conditions: &Conditions, error: ConditionsError| {
        assert_eq!(conditions.check(), Err(error));
        assert!(deploy(&mut chain, issuer, conditions).is_err());
    };
    let (from, until) = (on(2026, 3, 1), on(2026, 3, 1));
    let empty = Conditions { from: Some(from), until: Some(until), ..Conditions::NONE };
    check(&empty, ConditionsError::EmptyPeriod { from, until });
    let condition = Condition::Gifts;
    let nowhere = Conditions { gifts: false, ..Conditions::NONE };
    check(&nowhere, ConditionsError::NeedsMerchants { condition });
    let condition = Condition::SpentPerMonth;
    let caps = Limits { spent_per_month: Some(Amount(1)), ..Limits::NONE };
    check(&Conditions { caps, ..Conditions::NONE }, ConditionsError::NeedsMerchants { condition });
}

#[test]
fn a_policy_changes_from_its_day_on_and_never_for_the_worse() {
    let caps = Limits { per_purchase: Some(Amount(100)), ..Limits::NONE };
    let mut c = Card::new(with(|conditions| conditions.caps = caps));
    let (issuer, ana, june) = (c.issuer, c.ana, on(2026, 6, 1));
    let schedule = |change: &dyn Fn(&mut Conditions)| {
        let conditions = with(|conditions| {
            conditions.caps = caps;
            change(conditions);
        });
        call::schedule_policy(conditions, june)
    };
    let worse = [
        schedule(&|c| c.caps.per_purchase = Some(Amount(99))),
        schedule(&|c| c.until = Some(on(2026, 12, 31))),
        schedule(&|c| c.merchants.as_mut().unwrap().regions = vec![11_110]),
        schedule(&|c| c.spend = Access::Admitted),
    ];
    let conditions =
        [Condition::PerPurchase, Condition::LastDay, Condition::Merchants, Condition::Spend];
    for (schedule, condition) in worse.iter().zip(conditions) {
        let refused = contract(c.send(issuer, schedule));
        assert_eq!(refused, Err(Error::Worse { condition }));
    }
    let better = schedule(&|c| {
        c.caps.per_purchase = Some(Amount(200));
        c.caps.issued_in_total = Some(Amount(2_000));
    });
    c.send(issuer, &better).unwrap();
    let last = Version(june);
    let again = contract(c.send(issuer, &better));
    assert_eq!(again, Err(Error::Policy(PolicyError::NotLast { from: june, last })));
    let above = Error::AbovePurchase { limit: Amount(100), wanted: Amount(101) };
    assert_eq!(c.pay_at(ana, 101, TimestampMs(june.0 - 1)), Err(above.clone()));
    assert_eq!(c.pay_at(ana, 101, june), Ok(()));
    c.send(issuer, &call::withdraw_policy(last)).unwrap();
    assert_eq!(c.pay_at(ana, 101, june), Err(above));
}

#[test]
fn conditions_are_bettered_as_often_as_the_issuer_likes() {
    let least = |most| Limits { per_purchase: Some(Amount(most)), ..Limits::NONE };
    let mut c = Card::new(with(|conditions| conditions.caps = least(100)));
    let (issuer, ana, june) = (c.issuer, c.ana, on(2026, 6, 1));
    for time in 1..=40 {
        let better = with(|conditions| conditions.caps = least(100 + u128::from(time)));
        c.send(issuer, &call::schedule_policy(better, TimestampMs(june.0 + time))).unwrap();
    }
    assert_eq!(c.pay_at(ana, 140, TimestampMs(june.0 + 40)), Ok(()));
    let above = Error::AbovePurchase { limit: Amount(140), wanted: Amount(141) };
    assert_eq!(c.pay_at(ana, 141, TimestampMs(june.0 + 41)), Err(above));
}

#[test]
fn no_policy_takes_from_a_closed_merchant_what_it_could_redeem() {
    let first = with(|conditions| conditions.merchants = Some(MerchantSet::EVERYWHERE));
    let first = Conditions { gifts: true, redeem: Redeemers::Merchants, ..first };
    let mut c = Card::new(first.clone());
    let (issuer, ana, shop) = (c.issuer, c.ana, c.shop);
    c.pay(ana, 100).unwrap();
    c.send(issuer, &call::set_status(shop.address(), Status::Closed)).unwrap();
    let plain = |redeem| {
        let conditions = Conditions { merchants: None, redeem, ..first.clone() };
        call::schedule_policy(conditions, on(2026, 6, 1))
    };
    let refused = contract(c.send(issuer, &plain(Redeemers::Merchants)));
    assert_eq!(refused, Err(Error::Worse { condition: Condition::Merchants }));
    c.send(issuer, &plain(Redeemers::Anyone)).unwrap();
    c.chain.set_time(on(2026, 6, 1)).unwrap();
    c.send(shop, &call::redeem(Amount(100), None)).unwrap();
}

#[test]
fn a_pause_stops_whatever_moves_units_and_says_so() {
    let mut c = Card::new(meals());
    let (issuer, ana, shop) = (c.issuer, c.ana, c.shop);
    c.pay(ana, 10).unwrap();
    let reason = Hash([7; 32]);
    let lacks = RolesError::Lacks { account: ana.address(), role: Role::Pauser };
    assert_eq!(contract(c.send(ana, &call::pause(reason))), Err(Error::Roles(lacks)));
    c.send(issuer, &call::pause(reason)).unwrap();
    let order = c.chain.ask(c.token, &call::paused()).unwrap().unwrap();
    assert_eq!((order.reason, order.by), (reason, issuer.address()));
    let paused = Error::Freeze(FreezeError::Paused { order });
    assert_eq!(c.can_pay(ana, 1), Err(Reason::Paused));
    let ask = call::can_redeem(shop.address(), Amount(1));
    assert_eq!(c.chain.ask(c.token, &ask).unwrap(), Err(Reason::Paused));
    for (by, invocation) in [
        (ana, call::transfer(shop.address(), Amount(1), None)),
        (ana, call::pay(shop.address(), Amount(1), None)),
        (issuer, call::issue(ana.address(), Amount(1))),
        (shop, call::refund(ana.address(), Amount(1), None)),
        (shop, call::redeem(Amount(1), None)),
    ] {
        let refused = contract(c.send(by, &invocation));
        assert_eq!(refused, Err(paused.clone()), "{}", invocation.method);
    }
    let again = Error::Freeze(FreezeError::Already { order });
    assert_eq!(contract(c.send(issuer, &call::pause(reason))), Err(again));
    c.send(issuer, &call::resume()).unwrap();
    assert_eq!((c.pay(ana, 1), c.can_pay(ana, 1)), (Ok(()), Ok(())));
    let order = |event: &PauseChanged| event.order.is_some();
    let told: Vec<bool> = c.chain.events_of::<PauseChanged>().iter().map(order).collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn what_nobody_can_use_any_more_is_swept_and_what_a_merchant_took_is_not() {
    let until = on(2027, 1, 1);
    let mut c = Card::new(meals());
    let (issuer, ana, ben, shop) = (c.issuer, c.ana, c.ben, c.shop);
    c.pay(ana, 300).unwrap();
    let sweep = call::sweep(None, 50);
    let early = Error::NotExpired { until: Some(until) };
    assert_eq!(contract(c.send(issuer, &sweep)), Err(early));
    c.chain.set_time(until).unwrap();
    let lacks = RolesError::Lacks { account: ana.address(), role: Role::Issuer };
    assert_eq!(contract(c.send(ana, &sweep)), Err(Error::Roles(lacks)));
    // One holder at a time, to the end.
    let (mut after, mut calls) = (None, 0);
    loop {
        after = c.send(issuer, &call::sweep(after, 1)).unwrap();
        calls += 1;
        if after.is_none() {
            break;
        }
    }
    assert!(calls >= 3, "{calls} calls");
    assert_eq!([ana, ben, shop].map(|holder| c.balance(holder)), [0, 0, 300]);
    let totals = c.chain.ask(c.token, &call::totals()).unwrap();
    let expected = Totals { issued: Amount(2_000), expired: Amount(1_700), ..totals_of(300) };
    assert_eq!(totals, expected);
    let mut swept: Vec<u128> = c.chain.events_of::<Swept>().iter().map(|e| e.amount.0).collect();
    swept.sort_unstable();
    assert_eq!(swept, [700, 1_000]);
    c.send(shop, &call::redeem(Amount(300), None)).unwrap();
}

#[test]
fn nothing_is_swept_that_can_still_be_used_or_will_be() {
    let until = on(2027, 1, 1);
    let sweep = call::sweep(None, 50);
    let mut c = Card::new(with(|conditions| conditions.redeem = Redeemers::Anyone));
    c.chain.set_time(until).unwrap();
    assert_eq!(contract(c.send(c.issuer, &sweep)), Err(Error::Redeemable));
    let mut c = Card::new(meals());
    let longer = with(|conditions| conditions.until = None);
    c.chain.set_time(until).unwrap();
    c.send(c.issuer, &call::schedule_policy(longer, on(2027, 6, 1))).unwrap();
    assert_eq!(contract(c.send(c.issuer, &sweep)), Err(Error::NotExpired { until: None }));
}

#[test]
fn units_are_bound_to_the_merchants_of_this_token_but_in_the_hands_of_an_issuer() {
    let c = Card::new(meals());
    let bounds =
        |c: &Card, of: Account| c.chain.ask(c.token, &call::bounds_of(of.address())).unwrap();
    let (purpose, expires) = (Some(Hash(c.token.0)), Some(on(2027, 1, 1)));
    assert_eq!(bounds(&c, c.ana), Bounds { purpose, expires });
    assert_eq!(bounds(&c, c.shop), Bounds { purpose, expires });
    assert_eq!(bounds(&c, c.issuer), Bounds::NONE);
    let plain = Card::new(Conditions::NONE);
    assert_eq!(bounds(&plain, plain.ana), Bounds::NONE);
}

#[test]
fn two_payers_do_not_wait_for_each_other() {
    let caps = Limits {
        per_purchase: Some(Amount(100)),
        spent_per_month: Some(Amount(300)),
        held: Some(Amount(5_000)),
        issued_per_month: Some(Amount(5_000)),
        issued_in_total: Some(Amount(9_000)),
    };
    let [issuer, ana, ben, shop, token] = [1, 2, 3, 4, 5].map(|byte| Address([byte; 32]));
    let mut sandbox = Sandbox::new();
    let meals = Conditions { caps, until: None, ..meals() };
    let named = ("Meals".to_owned(), "MEAL".to_owned(), 0u8, meals);
    sandbox.caller(issuer).deploy::<PurposeToken>(token, named).unwrap();
    sandbox.send(token, &call::register_merchant(shop, eatery(77), vec![])).unwrap();
    let mut touched = |by: Address, done: &dure_sdk::Invocation<(), Error>| {
        sandbox.caller(by).send(token, done).unwrap();
        sandbox.touched().clone()
    };
    let [one, other] = [ana, ben].map(|to| touched(issuer, &call::issue(to, Amount(200))));
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    assert_eq!(one.amounts_shared(&other), 2, "what is outstanding, and all that was issued");
    let pay = call::pay(shop, Amount(50), Some(b"till 1".to_vec()));
    let [one, other] = [ana, ben].map(|by| touched(by, &pay));
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    assert_eq!(one.amounts_shared(&other), 1, "what the shop has");
    let give = call::transfer(shop, Amount(50), None);
    let [one, other] = [ana, ben].map(|by| touched(by, &give));
    assert_eq!((one.conflicts(&other).len(), one.amounts_shared(&other)), (0, 1));
    // Two of the same payer's wait: its month is one.
    assert!(!one.conflicts(&one).is_empty());
}
