//! The rules of donations, and what went wrong elsewhere, by name.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[path = "../../altered.rs"]
mod altered;
mod fund;

use altered::altered;
use donation::donation::{
    Cursor, Donations, Error, Plan, PlanError, Purpose, Rules, Side, Stage, Track, call,
    donation_of,
};
use dure_sdk::{
    Address, Amount, Cx, Hash, Invocation, Selector, TimestampMs,
    codec::Decode,
    domain::{
        freeze::FreezeError,
        registry::{Category, MerchantsError, NotPermitted, PersonsError, RegistryError},
        roles::{Role, RolesError},
        trace::TraceError,
    },
    entry,
    native::{Contract, Sandbox},
    prelude::CallError,
};
use fund::{
    BOOKSHOP, CHARITY, CITY, DAY, FAMILY, FUND, GROCER, MONEY, OWN_SHOP, PURSE, REGISTRY, START,
    audit, auditor, donor, id, plan, sandbox, tokens,
};
use merchants::merchants::call as registry;
use std::collections::BTreeSet;
use token::token::{Conditions, PurposeToken, call as money};

const RICE: Purpose = Purpose::Line(0);
const ALLOWANCES: Purpose = Purpose::Line(1);

struct Scene(Sandbox);

impl Scene {
    fn new() -> Self {
        Self::of(&plan())
    }

    fn of(plan: &Plan) -> Self {
        let mut scene = Self(sandbox());
        scene.by(CITY, &call::open(1, plan.clone())).unwrap();
        scene
    }

    fn by<T: Decode>(&mut self, caller: Address, call: &Invocation<T, Error>) -> Result<T, Error> {
        said(self.0.caller(caller).send(FUND, call))
    }

    fn at(&mut self, days: u64) -> &mut Self {
        self.0.time(TimestampMs(START + days * DAY));
        self
    }

    /// The gift's id is its amount.
    fn give(&mut self, who: usize, line: Option<u8>, amount: u128) -> Result<Hash, Error> {
        let gift = call::donate(id(amount as u64), 1, line, Amount(amount));
        self.by(donor(who), &gift)
    }

    fn release(&mut self, milestone: u8) {
        self.by(CHARITY, &call::report(1, milestone, id(7))).unwrap();
        self.by(auditor(0), &call::approve(1, milestone, id(7))).unwrap();
        assert_eq!(self.by(auditor(1), &call::approve(1, milestone, id(7))), Ok(true));
    }

    fn spend(&mut self, on: Purpose, to: Address, amount: u128, receipt: u64) -> Result<(), Error> {
        let spend = call::spend(1, on, to, Amount(amount), id(receipt));
        self.by(CHARITY, &spend).map(|_| ())
    }

    fn refund(&mut self, donation: Hash) -> Result<u128, Error> {
        self.by(donor(0), &call::refund(donation)).map(|amount| amount.0)
    }

    /// Receipts and what of the gift went into each, in overhead too.
    fn trace(&mut self, donation: Hash) -> Vec<(Hash, u128)> {
        let page = self.0.ask(FUND, &call::trace(donation, None, 100)).unwrap();
        assert_eq!(page.next, None);
        page.items.iter().map(|step| (step.of, step.interval.amount().0)).collect()
    }

    fn stage(&mut self) -> Stage {
        self.0.ask(FUND, &call::campaign(1)).unwrap().unwrap().1
    }

    /// What is held, once the books are right.
    fn held(&mut self) -> u128 {
        audit(&mut self.0).unwrap();
        self.0.ask(FUND, &call::books(1)).unwrap().held.0
    }
}

fn said<T>(result: Result<T, CallError<Error>>) -> Result<T, Error> {
    result.map_err(|error| match error {
        CallError::Contract(error) => error,
        other => panic!("{other:?}"),
    })
}

/// A token that says yes to whatever it is asked, and moves nothing.
struct Ghost;

impl Contract for Ghost {
    const REENTRANT: &'static [Selector] = &[];
    const PUBLISHED: &'static [u16] = &[];

    fn init(_: &Cx, _: &[u8]) -> i32 {
        entry::OK
    }

    fn call(_: &Cx, _: u32, _: &[u8]) -> i32 {
        entry::OK
    }

    fn query(_: &Cx, _: u32, _: &[u8]) -> i32 {
        entry::value(Amount(1_000_000))
    }
}

#[test]
fn a_gift_for_a_line_can_be_spent_on_it() {
    let mut scene = Scene::new();
    scene.give(0, None, 70_000).unwrap();
    scene.release(0);
    scene.spend(RICE, GROCER, 30_000, 1).unwrap();
    // 60,000 is the most that is spent on rice; a tenth of the gift is overhead.
    let full = Error::LineFull { left: Amount(30_000), wanted: Amount(30_001) };
    assert_eq!(scene.give(1, Some(0), 33_334), Err(full));
    scene.give(1, Some(0), 33_333).unwrap();
    scene.release(1);
    scene.spend(RICE, GROCER, 30_000, 2).unwrap();
    let track = Track { campaign: 1, line: Some(0), overhead: false };
    let spends = call::recount(track, Side::Spends, Amount(0), 9);
    let spent = scene.0.ask(FUND, &spends).unwrap().counted;
    assert_eq!(spent, Amount(30_000), "to the last won of the gift");
    scene.held();
}

#[test]
fn a_thousand_shares_are_not_a_thousand_won() {
    let mut scene = Scene::new();
    let shares = Address([99; 32]);
    let nobody = Address([33; 32]);
    let sandbox = scene.0.caller(CITY);
    let init = ("Shares".to_owned(), "S".to_owned(), 0u8, Conditions::NONE);
    sandbox.deploy::<PurposeToken>(shares, init).unwrap();
    sandbox.send(shares, &money::issue(nobody, Amount(9_000))).unwrap();
    sandbox.caller(nobody).send(shares, &money::approve(FUND, Amount::MAX, None)).unwrap();
    sandbox.send(MONEY, &money::approve(FUND, Amount::MAX, None)).unwrap();
    // Shares in the hands of the donor, or of the contract, are no won.
    sandbox.send(shares, &money::transfer(FUND, Amount(1_000), None)).unwrap();
    let refused = scene.by(nobody, &call::donate(id(1), 1, None, Amount(1_000)));
    assert!(matches!(refused, Err(Error::Token(CallError::Contract(_)))), "{refused:?}");
    assert_eq!(scene.held(), 0);
    assert_eq!(scene.0.ask(FUND, &call::donation(donation_of_in(nobody, id(1)))), Ok(None));
}

#[test]
fn a_token_that_moves_nothing_gives_nothing() {
    let mut scene = Scene::new();
    let (ghosts, fund) = (Address([98; 32]), Address([97; 32]));
    let sandbox = scene.0.caller(CITY);
    sandbox.deploy::<Ghost>(ghosts, ()).unwrap();
    let rules = Rules { overhead_bp: 1_500, quorum: 1 };
    sandbox.deploy::<Donations>(fund, (REGISTRY, ghosts, rules)).unwrap();
    sandbox.send(fund, &call::set_role(auditor(0), Role::Auditor, true)).unwrap();
    let auditors = vec![auditor(0)];
    sandbox.send(fund, &call::open(1, Plan { auditors, quorum: 1, ..plan() })).unwrap();
    let gift = call::donate(id(1), 1, None, Amount(1_000));
    let refused = said(sandbox.caller(donor(0)).send(fund, &gift));
    let not_moved = Error::NotMoved { moved: Amount(0), amount: Amount(1_000) };
    assert_eq!(refused, Err(not_moved));
    assert_eq!(sandbox.ask(fund, &call::books(1)).unwrap().given, Amount(0));
}

/// As the contract computes it.
fn donation_of_in(donor: Address, id: Hash) -> Hash {
    Sandbox::new().run(|_| donation_of(donor, id))
}

#[test]
fn every_won_is_followed_to_its_receipt_and_back() {
    let mut scene = Scene::new();
    let ana = scene.give(0, Some(0), 10_000).unwrap();
    let ben = scene.give(1, None, 7_000).unwrap();
    scene.release(0);
    // Ana gave 9,000 for rice and 1,000 of overhead, Ben 6,300 and 700.
    scene.spend(RICE, GROCER, 8_000, 1).unwrap();
    scene.spend(RICE, GROCER, 2_500, 2).unwrap();
    scene.spend(ALLOWANCES, FAMILY, 1_000, 3).unwrap();
    scene.spend(Purpose::Overhead, BOOKSHOP, 900, 4).unwrap();
    // Overhead of what was given for any line goes first.
    assert_eq!(scene.trace(ana), [(id(1), 8_000), (id(2), 1_000), (id(4), 200)]);
    assert_eq!(scene.trace(ben), [(id(2), 1_500), (id(3), 1_000), (id(4), 700)]);
    let page = scene.0.ask(FUND, &call::trace_of_spend(id(2), None, 1)).unwrap();
    assert_eq!((page.items[0].of, page.items[0].interval.amount().0), (ana, 1_000));
    assert_eq!(page.next, Some(Cursor { part: 1, from: Amount(0) }));
    let page = scene.0.ask(FUND, &call::trace_of_spend(id(2), page.next, 1)).unwrap();
    assert_eq!((page.items[0].of, page.items[0].interval.amount().0), (ben, 1_500));
    assert_eq!(page.items[0].track, Track { campaign: 1, line: None, overhead: false });
    assert_eq!(page.next, None);
    assert_eq!(tokens(&mut scene.0, GROCER), 10_500);
    assert_eq!(scene.held(), 17_000 - 12_400);
}

#[test]
fn a_receipt_is_used_once() {
    let mut scene = Scene::new();
    scene.give(0, None, 50_000).unwrap();
    scene.release(0);
    scene.spend(RICE, GROCER, 8_000, 1).unwrap();
    // The very same request is a repeated one, and pays nothing again.
    scene.spend(RICE, GROCER, 8_000, 1).unwrap();
    assert_eq!(tokens(&mut scene.0, GROCER), 8_000);
    let used = Error::ReceiptUsed { campaign: 1, to: GROCER, amount: Amount(8_000) };
    assert_eq!(scene.spend(RICE, GROCER, 8_001, 1), Err(used.clone()));
    assert_eq!(scene.spend(ALLOWANCES, FAMILY, 8_000, 1), Err(used.clone()));
    // Nor in another campaign.
    scene.by(CITY, &call::open(2, plan())).unwrap();
    let again = call::spend(2, RICE, GROCER, Amount(8_000), id(1));
    assert_eq!(scene.by(CHARITY, &again).map(|_| ()), Err(used));
    assert_eq!(scene.held(), 42_000);
}

#[test]
fn a_refund_after_spending_began_is_the_own_unspent_part() {
    let mut scene = Scene::new();
    let ana = scene.give(0, Some(0), 10_000).unwrap();
    let ben = scene.give(1, Some(0), 20_000).unwrap();
    scene.release(0);
    scene.spend(RICE, GROCER, 12_000, 1).unwrap();
    // While spends may follow, nobody takes a place of another's won away.
    let open = Error::WrongStage { campaign: 1, stage: Stage::Open };
    assert_eq!(scene.refund(ben), Err(open));
    scene.by(CHARITY, &call::end(1, id(5))).unwrap();
    let ended = Error::WrongStage { campaign: 1, stage: Stage::Ended };
    assert_eq!(scene.spend(RICE, GROCER, 1, 2), Err(ended.clone()));
    assert_eq!(scene.give(0, Some(0), 1), Err(ended));
    // Not pro rata: of Ana's rice money nothing is left, of Ben's 3,000 were spent.
    assert_eq!(scene.refund(ana), Ok(1_000));
    assert_eq!(scene.refund(ben), Ok(17_000));
    assert_eq!(scene.refund(ben), Ok(17_000));
    assert_eq!(scene.held(), 0);
    assert_eq!(tokens(&mut scene.0, donor(0)), PURSE - 9_000);
    assert_eq!(tokens(&mut scene.0, donor(1)), PURSE - 3_000);
    // What was spent stays to be followed.
    assert_eq!(scene.trace(ben), [(id(1), 3_000)]);
}

#[test]
fn no_more_than_its_cap_is_spent_on_a_line() {
    let mut scene = Scene::new();
    // What can only be spent on a line is never more than its cap.
    let full = Error::LineFull { left: Amount(60_000), wanted: Amount(63_000) };
    assert_eq!(scene.give(0, Some(0), 70_000), Err(full));
    scene.give(0, None, 150_000).unwrap();
    scene.release(0);
    scene.release(1);
    scene.spend(RICE, GROCER, 59_999, 1).unwrap();
    let above = Error::AboveCap { left: Amount(1), wanted: Amount(2), cap: Amount(60_000) };
    assert_eq!(scene.spend(RICE, GROCER, 2, 2), Err(above));
    scene.spend(RICE, GROCER, 1, 2).unwrap();
    scene.spend(ALLOWANCES, FAMILY, 30_000, 3).unwrap();
    // Below the cap, and above what milestones released.
    let unreleased = Error::NotReleased { left: Amount(10_000), wanted: Amount(10_001) };
    assert_eq!(scene.spend(Purpose::Overhead, GROCER, 10_001, 4), Err(unreleased));
    assert_eq!(scene.held(), 60_000);
}

#[test]
fn an_auditor_who_approves_twice_counts_once() {
    let mut scene = Scene::new();
    let approve = call::approve(1, 0, id(7));
    let none = Error::OtherEvidence { evidence: None };
    assert_eq!(scene.by(auditor(0), &approve), Err(none));
    scene.by(CHARITY, &call::report(1, 0, id(7))).unwrap();
    assert_eq!(scene.by(auditor(0), &approve), Ok(false));
    let before = Error::ApprovedBefore { auditor: auditor(0) };
    assert_eq!(scene.by(auditor(0), &approve), Err(before));
    // A report that takes the place of another has no approvals.
    scene.by(CHARITY, &call::report(1, 0, id(8))).unwrap();
    let other = Error::OtherEvidence { evidence: Some(id(8)) };
    assert_eq!(scene.by(auditor(1), &approve), Err(other));
    let approve = call::approve(1, 0, id(8));
    assert_eq!(scene.by(auditor(0), &approve), Ok(false));
    // Whoever lost the role meanwhile does not count.
    scene.by(CITY, &call::set_role(auditor(0), Role::Auditor, false)).unwrap();
    assert_eq!(scene.by(auditor(1), &approve), Ok(false));
    assert_eq!(scene.0.ask(FUND, &call::released(1)), Ok(Amount(0)));
    assert_eq!(scene.by(auditor(2), &approve), Ok(true));
    assert_eq!(scene.0.ask(FUND, &call::released(1)), Ok(Amount(50_000)));
    let again = Error::ReleasedBefore { milestone: 0 };
    assert_eq!(scene.by(auditor(1), &approve), Err(again));
    let stranger = Error::NotAuditor { campaign: 1, account: CITY };
    assert_eq!(scene.by(CITY, &call::approve(1, 1, id(8))), Err(stranger));
}

#[test]
fn an_auditor_with_two_accounts_is_one_person() {
    let mut scene = Scene::new();
    let second = Address([79; 32]);
    let link = registry::link(second, Hash(auditor(0).0));
    scene.0.caller(CITY).send(REGISTRY, &link).unwrap();
    scene.by(CITY, &call::set_role(second, Role::Auditor, true)).unwrap();
    let open = |auditors| call::open(2, Plan { auditors, ..plan() });
    let same = Err(Error::Plan(PlanError::SamePerson { account: second }));
    assert_eq!(scene.by(CITY, &open(vec![auditor(0), second])), same);
    let lacks = RolesError::Lacks { account: CHARITY, role: Role::Auditor };
    assert_eq!(scene.by(CITY, &open(vec![CHARITY, second])), Err(Error::Roles(lacks)));
    scene.by(CITY, &call::set_role(CHARITY, Role::Auditor, true)).unwrap();
    let same = Err(Error::Plan(PlanError::SamePerson { account: CHARITY }));
    assert_eq!(scene.by(CITY, &open(vec![CHARITY, second])), same);
}

#[test]
fn overhead_of_many_small_gifts_is_the_share_of_all() {
    let mut scene = Scene::of(&Plan { least: Amount(1), ..plan() });
    // Each gift's tenth is nought by itself, and 9 rounded up would be a third of each.
    let gifts: Vec<Hash> = (0..100)
        .map(|gift| {
            let donate = call::donate(id(gift), 1, None, Amount(3));
            scene.by(donor(gift as usize % 3), &donate).unwrap()
        })
        .collect();
    let books = scene.0.ask(FUND, &call::books(1)).unwrap();
    assert_eq!((books.given.0, books.overhead.0), (300, 30));
    scene.release(0);
    let short = TraceError::Short { unspent: Amount(30), wanted: Amount(31) };
    assert_eq!(scene.spend(Purpose::Overhead, GROCER, 31, 1), Err(Error::Trace(short)));
    scene.spend(Purpose::Overhead, GROCER, 30, 1).unwrap();
    // Of nobody's gift more than one won, the own share rounded up.
    let parts: Vec<u128> =
        gifts.iter().map(|gift| scene.trace(*gift).iter().map(|step| step.1).sum()).collect();
    assert!(parts.iter().all(|part| *part <= 1));
    assert_eq!(parts.iter().sum::<u128>(), 30);
}

#[test]
fn below_the_least_nothing_is_spent_and_all_goes_back() {
    let mut scene = Scene::new();
    let gift = scene.give(0, Some(1), 9_999).unwrap();
    scene.release(0);
    let below = Error::BelowLeast { given: Amount(9_999), least: Amount(10_000) };
    assert_eq!(scene.spend(ALLOWANCES, FAMILY, 1, 1), Err(below));
    scene.at(30);
    assert_eq!(scene.stage(), Stage::Failed);
    assert_eq!(scene.refund(gift), Ok(9_999));
    assert_eq!(scene.held(), 0);
    // At the least it goes on, until its time is over.
    let mut scene = Scene::new();
    let gift = scene.give(0, Some(1), 10_000).unwrap();
    scene.release(0);
    let spending = Error::WrongStage { campaign: 1, stage: Stage::Spending };
    scene.at(30);
    assert_eq!(scene.give(0, None, 1), Err(spending));
    scene.spend(ALLOWANCES, FAMILY, 1, 1).unwrap();
    scene.at(90);
    assert_eq!(scene.stage(), Stage::Over);
    assert_eq!(scene.refund(gift), Ok(9_999));
}

#[test]
fn only_whom_the_registry_knows_is_paid_and_never_the_charity_itself() {
    let mut scene = Scene::new();
    scene.give(0, None, 50_000).unwrap();
    scene.release(0);
    let refused = |error| Err(Error::Registry(error));
    let own = MerchantsError::OwnShop { merchant: OWN_SHOP };
    assert_eq!(scene.spend(RICE, OWN_SHOP, 1, 1), refused(RegistryError::Merchants(own)));
    let reason = NotPermitted::Category { category: Category([2, 0, 0, 0]) };
    let books = MerchantsError::NotPermitted { set: fund::FOOD, reason };
    assert_eq!(scene.spend(RICE, BOOKSHOP, 1, 1), refused(RegistryError::Merchants(books)));
    let unknown = MerchantsError::Unknown { merchant: FAMILY };
    assert_eq!(scene.spend(RICE, FAMILY, 1, 1), refused(RegistryError::Merchants(unknown)));
    let unknown = PersonsError::Unknown { account: donor(2) };
    assert_eq!(scene.spend(ALLOWANCES, donor(2), 1, 1), refused(RegistryError::Persons(unknown)));
    let own = Error::OwnPerson { account: CHARITY };
    assert_eq!(scene.spend(ALLOWANCES, CHARITY, 1, 1), Err(own));
    let by_another = call::spend(1, RICE, GROCER, Amount(1), id(1));
    let not_charity = Error::NotCharity { charity: CHARITY };
    assert_eq!(scene.by(CITY, &by_another).map(|_| ()), Err(not_charity));
    assert_eq!(scene.held(), 50_000);
}

#[test]
fn a_gift_that_is_sent_again_is_given_once() {
    let mut scene = Scene::new();
    let first = scene.give(0, Some(0), 5_000).unwrap();
    assert_eq!(scene.give(0, Some(0), 5_000), Ok(first));
    let other = Error::OtherDonation { campaign: 1, line: Some(0), amount: Amount(5_000) };
    let changed = call::donate(id(5_000), 1, None, Amount(5_000));
    assert_eq!(scene.by(donor(0), &changed), Err(other));
    // The id is the donor's own: nobody can take it away.
    assert_ne!(scene.give(1, Some(0), 5_000).unwrap(), first);
    assert_eq!(scene.held(), 10_000);
    assert_eq!(tokens(&mut scene.0, donor(0)), PURSE - 5_000);
    let above = Error::AboveGoal { left: Amount(190_000), wanted: Amount(190_001) };
    assert_eq!(scene.give(0, None, 190_001), Err(above));
    assert_eq!(scene.give(0, None, 0), Err(Error::Zero));
    assert_eq!(scene.give(0, Some(2), 1), Err(Error::NoLine { campaign: 1, line: 2 }));
}

#[test]
fn a_tax_receipt_says_what_was_given_in_the_korean_year_and_not_paid_back() {
    let until = TimestampMs(START + 60 * DAY);
    let mut scene = Scene::of(&Plan { gifts_until: until, ..plan() });
    let of = |scene: &mut Scene, year| {
        scene.0.ask(FUND, &call::given_in_year(donor(0), year)).unwrap().0
    };
    let old = scene.give(0, None, 20_000).unwrap();
    scene.0.time(TimestampMs(START + 31 * DAY - 1));
    scene.give(0, None, 300).unwrap();
    // A millisecond later it is 2027 in Korea, and still 2026 in London.
    scene.at(31);
    scene.give(0, None, 4_000).unwrap();
    assert_eq!((of(&mut scene, 2026), of(&mut scene, 2027)), (20_300, 4_000));
    scene.by(CITY, &call::end(1, id(5))).unwrap();
    scene.refund(old).unwrap();
    assert_eq!((of(&mut scene, 2026), of(&mut scene, 2027)), (300, 4_000));
}

#[test]
fn what_is_stopped_moves_no_money() {
    let mut scene = Scene::new();
    let gift = scene.give(0, None, 20_000).unwrap();
    scene.release(0);
    scene.by(CITY, &call::set_frozen(GROCER, Some(id(9)))).unwrap();
    let frozen = scene.spend(RICE, GROCER, 1, 1);
    assert!(matches!(frozen, Err(Error::Freeze(FreezeError::Frozen { account: GROCER, .. }))));
    scene.by(CITY, &call::set_frozen(GROCER, None)).unwrap();
    scene.by(CITY, &call::set_paused(Some(id(9)))).unwrap();
    let paused = |found: &Error| matches!(found, Error::Freeze(FreezeError::Paused { .. }));
    assert!(paused(&scene.spend(RICE, GROCER, 1, 1).unwrap_err()));
    assert!(paused(&scene.give(0, None, 1).unwrap_err()));
    assert!(paused(&scene.refund(gift).unwrap_err()));
    let lacks = RolesError::Lacks { account: CHARITY, role: Role::Pauser };
    assert_eq!(scene.by(CHARITY, &call::set_paused(None)), Err(Error::Roles(lacks)));
    scene.by(CITY, &call::set_paused(None)).unwrap();
    scene.spend(RICE, GROCER, 1, 1).unwrap();
}

#[test]
fn an_audit_finds_one_won_that_bypassed_the_books() {
    let mut scene = Scene::new();
    let gift = scene.give(0, Some(0), 10_000).unwrap();
    scene.give(1, None, 7_000).unwrap();
    scene.release(0);
    scene.spend(RICE, GROCER, 9_500, 1).unwrap();
    scene.by(CHARITY, &call::end(1, id(5))).unwrap();
    scene.refund(gift).unwrap();
    assert_eq!(scene.held(), 6_500);
    let right = scene.0.storage_of(FUND);
    // By number of the field, and of its part: given, released, spent on a line, refunded, what is
    // held of a campaign and in all, and the totals of gifts and spends.
    let totals: [&[u8]; 8] =
        [&[9], &[10], &[11], &[12], &[13, 0], &[13, 1], &[14, 0, 0], &[14, 1, 0]];
    for (key, wrong) in altered(&right, &totals) {
        scene.0.load(FUND, wrong);
        assert!(scene.0.ask(FUND, &call::books(1)).is_err(), "{key:?}");
        assert!(audit(&mut scene.0).is_err(), "{key:?}");
    }
    scene.0.load(FUND, right);
    assert_eq!(scene.held(), 6_500);
}

#[test]
fn a_plan_keeps_to_the_rules_of_its_day() {
    let mut scene = Scene::new();
    let mut refused = |plan: Plan| match scene.by(CITY, &call::open(2, plan)) {
        Err(Error::Plan(error)) => error,
        other => panic!("{other:?}"),
    };
    let (rate_bp, limit_bp) = (1_501, 1_500);
    let found = refused(Plan { overhead_bp: rate_bp, ..plan() });
    assert_eq!(found, PlanError::Overhead { rate_bp, limit_bp });
    let found = refused(Plan { quorum: 1, ..plan() });
    assert_eq!(found, PlanError::Quorum { quorum: 1, least: 2, auditors: 3 });
    let found = refused(Plan { quorum: 4, ..plan() });
    assert_eq!(found, PlanError::Quorum { quorum: 4, least: 2, auditors: 3 });
    let found = refused(Plan { lines: vec![], ..plan() });
    assert_eq!(found, PlanError::Count { count: 0, limit: 16 });
    let found = refused(Plan { milestones: vec![Amount(200_000), Amount(1)], ..plan() });
    assert_eq!(found, PlanError::AboveGoal { amount: Amount(200_001), goal: Amount(200_000) });
    let found = refused(Plan { spend_until: plan().gifts_until, ..plan() });
    assert_eq!(found, PlanError::Times);
    assert_eq!(refused(Plan { least: Amount(0), ..plan() }), PlanError::Zero);
    // What was opened before keeps its promise; what is opened later, the rules of then.
    let stricter = Rules { overhead_bp: 500, quorum: 3 };
    let soon = TimestampMs(START + DAY);
    scene.by(CITY, &call::schedule_rules(stricter, soon)).unwrap();
    scene.by(CITY, &call::open(2, plan())).unwrap();
    scene.at(1);
    let found = scene.by(CITY, &call::open(3, plan()));
    let overhead = PlanError::Overhead { rate_bp: 1_000, limit_bp: 500 };
    assert_eq!(found, Err(Error::Plan(overhead)));
    let exists = Error::CampaignExists { campaign: 1 };
    assert_eq!(scene.by(CITY, &call::open(1, plan())), Err(exists));
}

#[test]
fn donors_to_other_lines_do_not_wait_for_each_other() {
    let mut scene = Scene::new();
    let [rice, allowances, again] = [(0, 0), (1, 1), (2, 0)].map(|(who, line)| {
        scene.give(who, Some(line), 5_000).unwrap();
        scene.0.touched().clone()
    });
    assert_eq!(rice.conflicts(&allowances), BTreeSet::new());
    // All that was given, three amounts of the escrow, and the contract's tokens.
    assert_eq!(rice.amounts_shared(&allowances), 5);
    // On one line each gift lies behind the one before: totals of the line and of its overhead.
    let of_trace = |(of, key): &(Address, Vec<u8>)| *of == FUND && key.starts_with(&[0, 14, 0]);
    let waits = rice.conflicts(&again);
    assert!(!waits.is_empty() && waits.iter().all(of_trace), "{waits:?}");
}
