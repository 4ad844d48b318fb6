//! What the tests of OpenZeppelin's ERC-20 and of cw20-base say about a token, asked of this one.
//!
//! Facts that do not apply, or that this token answers in its own way:
//!
//! - *Moving nothing is fine*: here it is refused (`Zero`), as the standard's `Reason::Zero` says.
//!   A payment of nought is a mistake at a till.
//! - *The greatest allowance is never used up*: here each allowance is, whatever its size. A holder
//!   who wants one without end renews it.
//! - *An allowance can be raised and lowered*: the standard only replaces it. Who lowers one
//!   that may just be used sets it to nought first, and looks.
//! - *Burning by allowance, sending with a hook, permits by signature*: not in the standard. Who
//!   redeems does so with its own; a receiver is called by tokens that notify, this one does not;
//!   several calls in one transaction, and sponsors, stand for permits.
//! - *Initial balances, one account twice*: a token begins with nothing.
//! - *The minter is changed or given up*: the role is given and taken, see `conditions.rs`.
//! - *Bounds of name, symbol and decimals*: they are for people, and the issuer's to answer for.
//! - *Allowances of a holder are listed*: not in the standard; an index of events tells them.

mod merchant;

use dure_sdk::{
    Invocation,
    domain::{
        registry::MerchantsError,
        roles::{Role, RolesError},
    },
};
use dure_testing::{Account, Address, Amount, Chain, Refusal, TimestampMs, codec::Decode};
use merchant::MERCHANT;
use std::fmt::Debug;
use token::token::{Approved, Conditions, Error, Moved, PurposeToken, Reason, Redeemers, call};

const NOBODY: Address = Address([0; 32]);

struct Scene {
    chain: Chain,
    token: Address,
    issuer: Account,
    /// Holds 100, and all there is.
    holder: Account,
    other: Account,
    spender: Account,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let names = ["issuer", "holder", "other", "spender"];
        let [issuer, holder, other, spender] = names.map(|name| chain.account(name));
        chain.shadow::<PurposeToken>(chain.next_address(issuer));
        // Merchants redeem, and nothing else is bound.
        let conditions = Conditions { redeem: Redeemers::Merchants, ..Conditions::NONE };
        let init = ("My Token".to_owned(), "MTKN".to_owned(), 18u8, conditions);
        let token = chain.deploy(env!("CARGO_MANIFEST_DIR"), issuer, init).unwrap();
        let mut scene = Self { chain, token, issuer, holder, other, spender };
        scene.done(issuer, call::book_deposit(Amount(1_000)));
        scene.done(issuer, call::issue(holder.address(), Amount(100)));
        scene
    }

    fn done<T: Decode>(&mut self, by: Account, invocation: Invocation<T, Error>) {
        if let Err(refusal) = self.chain.send(by, self.token, &invocation) {
            panic!("{}: {refusal:?}", invocation.method);
        }
    }

    /// Refused with this error, and nothing is stored or emitted that was not before.
    #[track_caller]
    fn refused<T: Decode + Debug + PartialEq>(
        &mut self,
        by: Account,
        invocation: Invocation<T, Error>,
        error: Error,
    ) {
        let before = (self.stored(), self.chain.events().len());
        let refused = self.chain.send(by, self.token, &invocation);
        assert_eq!(refused, Err(Refusal::Contract(error)), "{}", invocation.method);
        assert_eq!((self.stored(), self.chain.events().len()), before, "{}", invocation.method);
    }

    fn stored(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let end = [self.token.0.as_slice(), &[0xff; 64]].concat();
        self.chain.state().scan(&self.token.0, &end, false, usize::MAX).unwrap()
    }

    fn ask<T: Decode>(&self, invocation: Invocation<T, Error>) -> T {
        match self.chain.ask(self.token, &invocation) {
            Ok(value) => value,
            Err(refusal) => panic!("{}: {refusal:?}", invocation.method),
        }
    }

    #[track_caller]
    fn holds(&self, who: Account, amount: u128) {
        assert_eq!(self.ask(call::balance_of(who.address())), Amount(amount));
    }

    /// What the spender may take of the holder.
    fn allowed(&self) -> Option<u128> {
        let allowance = call::allowance(self.holder.address(), self.spender.address());
        self.ask(allowance).map(|allowance| allowance.amount.0)
    }

    fn approve(&mut self, amount: u128, expires: Option<TimestampMs>) {
        let spender = self.spender.address();
        self.done(self.holder, call::approve(spender, Amount(amount), expires));
    }

    /// The spender takes of the holder for the other.
    fn take(&self, amount: u128) -> Invocation<(), Error> {
        let (from, to) = (self.holder.address(), self.other.address());
        call::transfer_from(from, to, Amount(amount), None)
    }
}

fn short(left: u128, wanted: u128) -> Error {
    Error::Short { left: Amount(left), wanted: Amount(wanted) }
}

fn allowance_short(left: u128, wanted: u128) -> Error {
    Error::AllowanceShort { left: Amount(left), wanted: Amount(wanted) }
}

#[test]
fn it_says_what_it_was_made_with() {
    let scene = Scene::new();
    assert_eq!(scene.ask(call::name()), "My Token");
    assert_eq!(scene.ask(call::symbol()), "MTKN");
    assert_eq!(scene.ask(call::decimals()), 18);
    assert_eq!(scene.ask(call::total_supply()), Amount(100));
    scene.holds(scene.holder, 100);
    scene.holds(scene.other, 0);
    assert_eq!(scene.allowed(), None);
}

#[test]
fn a_whole_balance_moves_and_is_reported() {
    let mut scene = Scene::new();
    let (holder, to) = (scene.holder, scene.other.address());
    let memo = Some(b"rent".to_vec());
    scene.done(holder, call::transfer(to, Amount(100), memo.clone()));
    scene.holds(holder, 0);
    scene.holds(scene.other, 100);
    assert_eq!(scene.ask(call::total_supply()), Amount(100));
    let moved = Moved { from: Some(holder.address()), to: Some(to), amount: Amount(100), memo };
    assert_eq!(scene.chain.events_of::<Moved>().last(), Some(&moved));
}

#[test]
fn more_than_is_held_does_not_move() {
    let mut scene = Scene::new();
    let (holder, other) = (scene.holder, scene.other);
    let transfer = |amount| call::transfer(other.address(), Amount(amount), None);
    scene.refused(holder, transfer(101), short(100, 101));
    scene.refused(holder, transfer(u128::MAX), short(100, u128::MAX));
    scene.refused(other, transfer(1), short(0, 1));
    scene.refused(holder, transfer(0), Error::Zero);
}

#[test]
fn a_transfer_to_oneself_changes_no_balance_and_needs_it() {
    let mut scene = Scene::new();
    let (holder, to) = (scene.holder, scene.holder.address());
    scene.done(holder, call::transfer(to, Amount(100), None));
    scene.holds(holder, 100);
    scene.refused(holder, call::transfer(to, Amount(101), None), short(100, 101));
}

#[test]
fn nobody_cannot_be_given_units() {
    let mut scene = Scene::new();
    let (holder, issuer, spender) = (scene.holder, scene.issuer, scene.spender);
    let error = || Error::NoHolder { account: NOBODY };
    scene.refused(holder, call::transfer(NOBODY, Amount(1), None), error());
    scene.refused(issuer, call::issue(NOBODY, Amount(1)), error());
    scene.approve(50, None);
    let take = call::transfer_from(holder.address(), NOBODY, Amount(1), None);
    scene.refused(spender, take, error());
    let can = scene.ask(call::can_transfer(holder.address(), NOBODY, Amount(1)));
    assert_eq!(can, Err(Reason::NotPermitted { account: NOBODY }));
}

#[test]
fn an_allowance_is_reported_and_replaces_the_one_before() {
    let mut scene = Scene::new();
    let (holder, spender) = (scene.holder.address(), scene.spender.address());
    // More than the holder has is fine: it may have more later.
    for amount in [100, 101, u128::MAX, 7] {
        scene.approve(amount, None);
        assert_eq!(scene.allowed(), Some(amount));
        let approved = Approved { holder, spender, amount: Amount(amount), expires: None };
        assert_eq!(scene.chain.events_of::<Approved>().last(), Some(&approved));
    }
    scene.approve(0, None);
    assert_eq!(scene.allowed(), None);
    scene.refused(scene.spender, scene.take(1), allowance_short(0, 1));
}

#[test]
fn nobody_and_oneself_get_no_allowance() {
    let mut scene = Scene::new();
    let holder = scene.holder;
    for spender in [holder.address(), NOBODY] {
        let approve = call::approve(spender, Amount(10), None);
        scene.refused(holder, approve, Error::NoSpender { spender });
    }
}

#[test]
fn an_allowance_cannot_have_expired_already() {
    let mut scene = Scene::new();
    let (holder, spender) = (scene.holder, scene.spender.address());
    for before_next_block in [0, 1_000] {
        let next = scene.chain.time().0 + 1_000;
        let expires = TimestampMs(next - before_next_block);
        let approve = call::approve(spender, Amount(10), Some(expires));
        scene.refused(holder, approve, Error::AllowanceExpired { expires });
    }
    // The block after next begins exactly when it is void.
    let expires = TimestampMs(scene.chain.time().0 + 3_000);
    scene.approve(10, Some(expires));
    scene.done(scene.spender, scene.take(1));
    scene.refused(scene.spender, scene.take(1), Error::AllowanceExpired { expires });
    // One that holds for a millisecond is none in the next block.
    let expires = TimestampMs(scene.chain.time().0 + 1_001);
    scene.approve(10, Some(expires));
    scene.refused(scene.spender, scene.take(1), Error::AllowanceExpired { expires });
    // Whoever takes an allowance back need not say until when.
    scene.approve(0, Some(TimestampMs(0)));
    assert_eq!(scene.allowed(), None);
}

#[test]
fn taking_respects_the_limits_and_uses_the_allowance_up() {
    let mut scene = Scene::new();
    let spender = scene.spender;
    scene.approve(60, None);
    scene.done(spender, scene.take(25));
    assert_eq!(scene.allowed(), Some(35));
    scene.holds(scene.holder, 75);
    scene.holds(scene.other, 25);
    assert_eq!(scene.chain.events_of::<Approved>().len(), 1, "using it is no new allowance");
    scene.refused(spender, scene.take(36), allowance_short(35, 36));
    scene.done(spender, scene.take(35));
    assert_eq!(scene.allowed(), None);
    scene.refused(spender, scene.take(1), allowance_short(0, 1));
}

#[test]
fn the_greatest_allowance_is_used_up_as_any_other() {
    let mut scene = Scene::new();
    scene.approve(u128::MAX, None);
    scene.done(scene.spender, scene.take(1));
    assert_eq!(scene.allowed(), Some(u128::MAX - 1));
}

#[test]
fn a_taking_that_is_refused_uses_nothing_of_the_allowance() {
    let mut scene = Scene::new();
    let spender = scene.spender;
    scene.approve(1_000, None);
    scene.refused(spender, scene.take(101), short(100, 101));
    scene.refused(spender, scene.take(0), Error::Zero);
    // Without either, the allowance is what is said to be missing.
    scene.refused(spender, scene.take(2_000), allowance_short(1_000, 2_000));
    assert_eq!(scene.allowed(), Some(1_000));
}

#[test]
fn an_allowance_serves_no_one_else() {
    let mut scene = Scene::new();
    let (issuer, holder, other, spender) = (scene.issuer, scene.holder, scene.other, scene.spender);
    scene.done(issuer, call::issue(other.address(), Amount(50)));
    scene.approve(10, None);
    // Neither another spender, nor the holder itself, nor of another holder, nor the other way.
    let of = |from: Account| call::transfer_from(from.address(), issuer.address(), Amount(1), None);
    for (by, from) in [(other, holder), (holder, holder), (spender, other), (holder, spender)] {
        scene.refused(by, of(from), allowance_short(0, 1));
    }
    scene.done(other, call::approve(spender.address(), Amount(20), None));
    scene.done(spender, of(other));
    assert_eq!(scene.allowed(), Some(10));
}

#[test]
fn a_taking_back_to_the_holder_uses_the_allowance_and_no_balance() {
    let mut scene = Scene::new();
    let holder = scene.holder.address();
    scene.approve(10, None);
    scene.done(scene.spender, call::transfer_from(holder, holder, Amount(4), None));
    scene.holds(scene.holder, 100);
    assert_eq!(scene.allowed(), Some(6));
}

#[test]
fn only_the_issuer_issues_and_never_above_the_cap() {
    let mut scene = Scene::new();
    let (issuer, other) = (scene.issuer, scene.other);
    let issue = |amount| call::issue(other.address(), Amount(amount));
    let lacks = RolesError::Lacks { account: other.address(), role: Role::Issuer };
    scene.refused(other, issue(1), Error::Roles(lacks));
    scene.refused(issuer, issue(0), Error::Zero);
    let (deposit, supply) = (Amount(1_000), Amount(100));
    for above in [901, u128::MAX] {
        let wanted = Amount(above);
        scene.refused(issuer, issue(above), Error::Uncovered { deposit, supply, wanted });
    }
    scene.done(issuer, issue(900));
    assert_eq!(scene.ask(call::total_supply()), Amount(1_000));
    let moved = scene.chain.events_of::<Moved>().pop().unwrap();
    assert_eq!((moved.from, moved.to), (None, Some(other.address())));
    // The cap itself does not overflow.
    let wanted = Amount(u128::MAX);
    scene.refused(issuer, call::book_deposit(wanted), Error::TooMuch { deposit, wanted });
}

#[test]
fn what_is_burnt_leaves_balance_and_supply() {
    let mut scene = Scene::new();
    let (issuer, holder) = (scene.issuer, scene.holder);
    let account = holder.address();
    let can = |scene: &Scene, amount| scene.ask(call::can_redeem(account, Amount(amount)));
    let unknown = MerchantsError::Unknown { merchant: account };
    scene.refused(holder, call::redeem(Amount(1), None), Error::Merchants(unknown));
    assert_eq!(can(&scene, 1), Err(Reason::NotPermitted { account }));
    scene.done(issuer, call::register_merchant(account, MERCHANT, vec![]));
    scene.refused(holder, call::redeem(Amount(101), None), short(100, 101));
    assert_eq!(can(&scene, 101), Err(Reason::Short { left: Amount(100), wanted: Amount(101) }));
    scene.refused(holder, call::redeem(Amount(0), None), Error::Zero);
    assert_eq!((can(&scene, 0), can(&scene, 100)), (Err(Reason::Zero), Ok(())));
    scene.done(holder, call::redeem(Amount(100), None));
    scene.holds(holder, 0);
    assert_eq!(scene.ask(call::total_supply()), Amount(0));
    assert_eq!(scene.ask(call::deposit()), Some(Amount(900)));
    let moved = scene.chain.events_of::<Moved>().pop().unwrap();
    assert_eq!((moved.from, moved.to), (Some(account), None));
}

#[test]
fn holders_are_listed_in_pages_each_once() {
    let mut scene = Scene::new();
    let names = ["a", "b", "c", "d", "e"];
    let mut all: Vec<Address> = names.map(|name| scene.chain.account(name).address()).to_vec();
    for to in &all {
        scene.done(scene.issuer, call::issue(*to, Amount(1)));
    }
    all.push(scene.holder.address());
    all.sort();
    let mut listed = Vec::new();
    while let page = scene.ask(call::holders(listed.last().copied(), 4))
        && !page.is_empty()
    {
        assert!(page.len() <= 4);
        listed.extend(page.into_iter().map(|(holder, _)| holder));
    }
    assert_eq!(listed, all);
    assert!(scene.ask(call::holders(None, 0)).is_empty());
}
