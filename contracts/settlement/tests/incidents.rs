//! Hard cases and what goes wrong elsewhere, by name.
#![allow(clippy::result_large_err, reason = "the errors are those that the contracts return")]

#[path = "../../altered.rs"]
mod altered;
#[allow(dead_code, reason = "the model uses more of it")]
mod banks;

use altered::altered;
use banks::{
    CAPS, DAY, DEPOSIT, HOUR, HUB, OPERATOR, READY, RICH, START, WON, audit, audit_all, banks,
    customer, deposit, id, member, refusal, route, scheme, standing, tokens,
};
use dure_sdk::{
    Address, Amount, Hash, TimestampMs,
    domain::{
        freeze::FreezeError,
        holds::{Hold, HoldState, HoldsError, Rest},
        netting::{Net, NettingError, Report},
        roles::{Role, RolesError},
    },
    native::Sandbox,
};
use settlement::settlement::{Cycle, Error, Scheme, SchemeError, call, scoped};
use std::collections::BTreeSet;
use token::token::call as money;

struct Scene(Sandbox);

const SHOP: usize = 2;

impl Scene {
    fn new() -> Self {
        Self::with(scheme())
    }

    fn with(scheme: Scheme) -> Self {
        Self(banks(scheme))
    }

    fn at(&mut self, time: u64) -> &mut Self {
        self.0.time(TimestampMs(START + time));
        self
    }

    fn by<T: dure_sdk::codec::Decode>(
        &mut self,
        caller: Address,
        call: &dure_sdk::Invocation<T, Error>,
    ) -> Result<T, Error> {
        refusal(self.0.caller(caller).send(HUB, call))
    }

    fn fund(&mut self, index: usize, amount: u128) {
        let number = 1_000_000 + index as u64;
        self.by(member(index), &call::fund(id(number), Amount(amount))).unwrap();
    }

    fn owe(&mut self, number: u64, debtor: usize, creditor: usize, amount: u128) -> Hash {
        let owe = call::owe(id(number), creditor as u32, Amount(amount), 5);
        self.by(member(debtor), &owe).unwrap()
    }

    /// A customer of the first bank pays one of the second.
    fn pay(&mut self, number: u64, amount: u128) -> Result<Hash, Error> {
        let pay = call::pay(id(number), route(0, 1), customer(1), Amount(amount));
        self.by(customer(0), &pay)
    }

    /// A customer of the first bank authorises a merchant at the second.
    fn authorise(&mut self, number: u64, amount: u128) -> Result<Hash, Error> {
        let route = route(0, 1);
        let authorise = call::authorise(id(number), route, customer(SHOP), Amount(amount));
        self.by(customer(0), &authorise)
    }

    fn capture(
        &mut self,
        number: u64,
        hold: Hash,
        amount: u128,
        rest: Rest,
    ) -> Result<Hold, Error> {
        let capture = call::capture(id(number), hold, Amount(amount), rest);
        self.by(customer(SHOP), &capture).map(Option::unwrap)
    }

    fn refund(&mut self, number: u64, hold: Hash, amount: u128) -> Result<(), Error> {
        self.by(customer(SHOP), &call::refund(id(number), hold, Amount(amount)))
    }

    fn close(&mut self, time: u64, limit: u32) -> Result<Option<Report>, Error> {
        self.at(time).by(customer(0), &call::close(limit))
    }

    fn funds(&mut self) -> [u128; 4] {
        [0, 1, 2, 3].map(|index| standing(&mut self.0, index).funds.0)
    }

    fn has(&mut self, bank: usize, who: Address) -> u128 {
        tokens(&mut self.0, deposit(bank), who)
    }
}

#[test]
fn a_customer_of_one_bank_pays_one_of_another_at_once_and_the_banks_settle_later() {
    let mut scene = Scene::new();
    scene.fund(0, 30_000);
    scene.pay(1, 12_000).unwrap();
    // Real tokens moved: the payer's are the bank's again, the payee has the other bank's.
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 12_000);
    assert_eq!(scene.has(0, member(0)), READY + 12_000);
    assert_eq!(scene.has(1, customer(1)), DEPOSIT + 12_000);
    assert_eq!(scene.has(1, member(1)), READY - 12_000);
    assert_eq!(standing(&mut scene.0, 0).position, Net::Pays(Amount(12_000)));
    // Within a bank tokens move and nobody owes.
    let own = call::pay(id(2), route(0, 0), customer(1), Amount(500));
    scene.by(customer(0), &own).unwrap();
    assert_eq!((scene.has(0, customer(1)), audit(&mut scene.0)), (DEPOSIT + 500, 1));
    let report = scene.close(DAY, 9).unwrap().unwrap();
    assert_eq!((report.gross, report.paid), (Amount(12_000), Amount(12_000)));
    assert_eq!(scene.funds(), [18_000, 12_000, 0, 0]);
    scene.by(member(1), &call::withdraw(id(3), Amount(12_000))).unwrap();
    assert_eq!(tokens(&mut scene.0, WON, member(1)), RICH + 12_000);
    audit(&mut scene.0);
}

#[test]
fn gridlock_that_unravels_everything_is_reported_and_not_hidden() {
    let mut scene = Scene::new();
    scene.fund(0, 9_999);
    let names: Vec<_> = (0..3).map(|at| scene.owe(at as u64, at, at + 1, 10_000)).collect();
    let report = scene.close(DAY, 9).unwrap().unwrap();
    assert_eq!((report.taken_out, report.taken_out_amount), (3, Amount(30_000)));
    assert_eq!((report.gross, report.paid), (Amount(30_000), Amount(0)));
    assert_eq!(scene.0.ask(HUB, &call::report(0)), Ok(Some(report)));
    assert_eq!(scene.funds(), [9_999, 0, 0, 0]);
    // All open the next cycle, 1.5 % dearer for their debtors.
    for (debtor, name) in names.iter().enumerate() {
        let found = scene.0.ask(HUB, &call::obligation(debtor as u32, *name)).unwrap().unwrap();
        assert_eq!((found.cycle, found.amount, found.penalty), (1, Amount(10_000), Amount(150)));
    }
    assert_eq!(standing(&mut scene.0, 3).position, Net::Receives(Amount(10_150)));
    assert_eq!(audit(&mut scene.0), 3);
    let missing = call::fund(id(9), Amount(151));
    scene.by(member(0), &missing).unwrap();
    assert_eq!(scene.close(2 * DAY, 9).unwrap().unwrap().taken_out, 0);
    assert_eq!(scene.funds(), [0, 0, 0, 10_150]);
}

#[test]
fn a_gridlock_of_several_calls_keeps_funds_still_and_the_next_cycle_open() {
    let mut scene = Scene::new();
    scene.fund(0, 1);
    for at in 0..3 {
        scene.owe(at as u64, at, at + 1, 10_000);
    }
    assert_eq!(scene.close(DAY, 2), Ok(None));
    let cycle = scene.0.ask(HUB, &call::cycle()).unwrap();
    assert_eq!((cycle.number, cycle.closing), (1, Some(0)));
    let closing = Err(Error::Netting(NettingError::Closing { cycle: 0 }));
    assert_eq!(scene.by(member(0), &call::withdraw(id(8), Amount(1))), closing);
    scene.pay(7, 100).unwrap();
    audit(&mut scene.0);
    // Going on needs no new due time.
    let report = scene.close(DAY, 2).unwrap().unwrap();
    assert_eq!((report.taken_out, report.gross), (3, Amount(30_000)));
    assert_eq!(audit(&mut scene.0), 4);
    scene.by(member(0), &call::withdraw(id(8), Amount(1))).unwrap();
    assert_eq!(scene.by(OPERATOR, &call::forget(9)), Ok(0));
}

#[test]
fn an_obligation_entered_at_the_moment_of_the_close_is_in_exactly_one_cycle() {
    let mut scene = Scene::new();
    scene.fund(2, 30_000);
    let due = scene.0.ask(HUB, &call::cycle()).unwrap().due;
    assert_eq!(due, TimestampMs(START + DAY));
    assert_eq!(scene.close(DAY - 1, 9), Err(Error::NotDue { due }));
    // One block: what is called before the close is in it, what is called after it is not.
    scene.at(DAY);
    let before = scene.owe(1, 2, 3, 1_000);
    let report = scene.close(DAY, 9).unwrap().unwrap();
    let after = scene.owe(2, 2, 3, 2_000);
    assert_eq!((report.gross, report.cut), (Amount(1_000), due));
    let mut cycle = |name| scene.0.ask(HUB, &call::obligation(2, name)).unwrap().unwrap().cycle;
    assert_eq!((cycle(before), cycle(after)), (0, 1));
    assert_eq!(scene.funds(), [0, 0, 29_000, 1_000]);
    // The next one is due a day after that, not at the same instant.
    let next = TimestampMs(START + 2 * DAY);
    assert_eq!(scene.close(DAY, 9), Err(Error::NotDue { due: next }));
    assert_eq!(scene.by(OPERATOR, &call::forget(9)), Ok(1));
    assert_eq!(audit(&mut scene.0), 1);
}

#[test]
fn a_capture_after_the_expiry_is_refused_and_the_payer_has_all_back() {
    let mut scene = Scene::new();
    let hold = scene.authorise(1, 10_000).unwrap();
    assert_eq!((scene.has(0, customer(0)), scene.has(0, HUB)), (DEPOSIT - 10_000, 10_000));
    scene.capture(2, hold, 4_000, Rest::Keep).unwrap();
    let (expires, now) = (TimestampMs(START + 7 * DAY), TimestampMs(START + 7 * DAY + 1));
    let expired = Err(Error::Holds(HoldsError::Expired { expires, now }));
    scene.at(7 * DAY + 1);
    assert_eq!(scene.capture(3, hold, 1, Rest::Release), expired);
    assert_eq!(scene.by(customer(SHOP), &call::void(hold)), expired.map(|_| ()));
    assert_eq!(scene.by(customer(1), &call::expire(9)), Ok(1));
    assert_eq!(scene.by(customer(1), &call::expire(9)), Ok(0));
    // What was captured before stays captured.
    assert_eq!((scene.has(0, customer(0)), scene.has(0, HUB)), (DEPOSIT - 4_000, 0));
    assert_eq!(scene.has(1, customer(SHOP)), DEPOSIT + 4_000);
    let settled = HoldsError::Settled { state: HoldState::Expired };
    assert_eq!(scene.capture(3, hold, 1, Rest::Release), Err(Error::Holds(settled)));
    audit(&mut scene.0);
}

#[test]
fn a_bank_that_stops_its_token_holds_up_nobody_elses_money() {
    let mut scene = Scene::new();
    let stopped = scene.authorise(1, 1).unwrap();
    let own = call::authorise(id(1), route(1, 0), customer(SHOP), Amount(50_000));
    scene.at(60_000).by(customer(1), &own).unwrap();
    let last = scene.at(120_000).authorise(2, 300).unwrap();
    scene.0.caller(member(0)).send(deposit(0), &money::pause(id(7))).unwrap();
    let early = Err(Error::Holds(HoldsError::NotExpired {
        expires: TimestampMs(START + 7 * DAY),
        now: TimestampMs(START + 120_000),
    }));
    assert_eq!(scene.by(customer(1), &call::take_back(stopped)), early);
    scene.at(7 * DAY + 120_000);
    assert_eq!(scene.by(customer(2), &call::expire(2)), Ok(2));
    assert_eq!(scene.has(1, customer(1)), DEPOSIT, "the other bank's customer has all back");
    let refused = scene.by(customer(0), &call::take_back(stopped));
    assert!(matches!(refused, Err(Error::Token(_))), "{refused:?}");
    audit(&mut scene.0);
    scene.0.caller(member(0)).send(deposit(0), &money::resume()).unwrap();
    assert_eq!(scene.by(customer(2), &call::take_back(stopped)), Ok(Amount(1)));
    let settled = HoldsError::Settled { state: HoldState::Expired };
    assert_eq!(scene.by(customer(2), &call::take_back(stopped)), Err(Error::Holds(settled)));
    // One by its name, whatever is over before it.
    assert_eq!(scene.by(customer(2), &call::take_back(last)), Ok(Amount(300)));
    assert_eq!((scene.has(0, customer(0)), scene.has(0, HUB)), (DEPOSIT, 0));
    audit(&mut scene.0);
}

#[test]
fn an_authorisation_is_over_in_the_very_block_of_its_expiry() {
    let mut scene = Scene::new();
    let (first, second) = (scene.authorise(1, 100).unwrap(), scene.authorise(2, 100).unwrap());
    scene.at(7 * DAY - 1).capture(3, first, 100, Rest::Release).unwrap();
    let end = TimestampMs(START + 7 * DAY);
    let expired = HoldsError::Expired { expires: end, now: end };
    scene.at(7 * DAY);
    assert_eq!(scene.capture(4, second, 100, Rest::Release), Err(Error::Holds(expired)));
    assert_eq!(scene.by(customer(1), &call::expire(9)), Ok(1));
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 100);
}

#[test]
fn a_months_end_does_not_move_an_expiry_and_is_when_a_monthly_cycle_is_due() {
    let mut scene = Scene::with(Scheme { cycle: Cycle::Month, ..scheme() });
    // Two days before April: seven times 24 hours all the same.
    scene.at(12 * HOUR);
    let hold = scene.authorise(1, 100).unwrap();
    let found = scene.0.ask(HUB, &call::hold(hold)).unwrap().unwrap();
    assert_eq!(found.expires, TimestampMs(START + 12 * HOUR + 7 * DAY));
    let april = TimestampMs(START + 2 * DAY);
    assert_eq!(scene.0.ask(HUB, &call::cycle()).unwrap().due, april);
    scene.fund(0, 100);
    scene.capture(2, hold, 60, Rest::Keep).unwrap();
    assert_eq!(scene.close(2 * DAY - 1, 9), Err(Error::NotDue { due: april }));
    assert_eq!(scene.close(2 * DAY, 9).unwrap().unwrap().gross, Amount(60));
    // The rest is captured in the month after, and owed in its cycle.
    scene.capture(3, hold, 40, Rest::Release).unwrap();
    assert_eq!(standing(&mut scene.0, 0).position, Net::Pays(Amount(40)));
    let may = TimestampMs(START + 32 * DAY);
    assert_eq!(scene.0.ask(HUB, &call::cycle()).unwrap().due, may);
}

#[test]
fn refunds_above_what_was_captured_are_refused() {
    let mut scene = Scene::new();
    let hold = scene.authorise(1, 10_000).unwrap();
    scene.capture(2, hold, 6_000, Rest::Release).unwrap();
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 6_000, "the rest was released");
    let above = |left, wanted| {
        let (left, wanted) = (Amount(left), Amount(wanted));
        Err(Error::Holds(HoldsError::AboveCaptured { left, wanted }))
    };
    assert_eq!(scene.refund(3, hold, 6_001), above(6_000, 6_001));
    scene.refund(3, hold, 2_500).unwrap();
    // The same request again gives nothing back again.
    scene.refund(3, hold, 2_500).unwrap();
    assert_eq!(scene.refund(4, hold, 3_501), above(3_500, 3_501));
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 3_500);
    assert_eq!(scene.has(1, customer(SHOP)), DEPOSIT + 3_500);
    // What the merchant's bank owes back nets with what it is owed.
    assert_eq!(standing(&mut scene.0, 1).position, Net::Receives(Amount(3_500)));
    audit(&mut scene.0);
}

#[test]
fn a_bank_over_its_debit_cap_pays_no_more_until_it_is_paid_or_the_cycle_is_closed() {
    let mut scene = Scene::new();
    scene.fund(0, 50_000);
    scene.pay(1, CAPS[0]).unwrap();
    let above = |left, wanted| {
        let (member, left, wanted) = (0, Amount(left), Amount(wanted));
        Error::Netting(NettingError::AboveCap { member, left, wanted })
    };
    let before = scene.has(0, customer(0));
    assert_eq!(scene.pay(2, 1), Err(above(0, 1)));
    assert_eq!(scene.has(0, customer(0)), before);
    // A capture is refused alike; the authorisation stays and is captured later.
    let hold = scene.authorise(3, 5_000).unwrap();
    assert_eq!(scene.capture(4, hold, 5_000, Rest::Release), Err(above(0, 5_000)));
    let back = call::pay(id(5), route(1, 0), customer(0), Amount(700));
    scene.by(customer(1), &back).unwrap();
    scene.pay(6, 700).unwrap();
    assert_eq!(scene.pay(2, 1), Err(above(0, 1)), "the id was not burnt");
    scene.close(DAY, 9).unwrap().unwrap();
    scene.capture(4, hold, 5_000, Rest::Release).unwrap();
    audit(&mut scene.0);
}

#[test]
fn an_id_is_one_request_and_nobody_burns_anothers() {
    let mut scene = Scene::new();
    let name = scene.pay(1, 1_000).unwrap();
    assert_eq!(scene.pay(1, 1_000), Ok(name));
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 1_000);
    assert_eq!(scene.pay(1, 1_001), Err(Error::IdUsed { id: id(1) }));
    let other = call::pay(id(1), route(0, 1), customer(2), Amount(7));
    let second = scene.by(customer(1), &other).unwrap();
    assert_ne!(second, name);
    assert_eq!(name, scene.0.run(|_| scoped(customer(0), id(1))));
    let hold = scene.authorise(2, 900).unwrap();
    assert_eq!(scene.authorise(2, 900), Ok(hold));
    let once = scene.capture(1, hold, 300, Rest::Keep).unwrap();
    assert_eq!(scene.capture(1, hold, 300, Rest::Keep), Ok(once), "a part is captured once");
    scene.by(customer(SHOP), &call::void(hold)).unwrap();
    scene.by(customer(SHOP), &call::void(hold)).unwrap();
    assert_eq!(scene.has(0, customer(0)), DEPOSIT - 1_300);
    let foreign = Err(Error::NotMerchant { hold, merchant: customer(SHOP) });
    assert_eq!(scene.by(customer(1), &call::void(hold)), foreign);
    audit(&mut scene.0);
}

#[test]
fn a_payment_without_tokens_or_allowance_leaves_no_obligation() {
    let mut scene = Scene::new();
    assert!(matches!(scene.authorise(1, DEPOSIT + 1), Err(Error::Token(_))));
    // The payee's bank lets nobody give its tokens out any longer.
    let revoke = money::approve(HUB, Amount(0), None);
    scene.0.caller(member(1)).send(deposit(1), &revoke).unwrap();
    assert!(matches!(scene.pay(1, 100), Err(Error::Token(_))));
    assert_eq!(scene.has(0, customer(0)), DEPOSIT);
    assert_eq!(standing(&mut scene.0, 0).position, Net::Receives(Amount(0)));
    assert_eq!(audit(&mut scene.0), 0);
}

#[test]
fn what_is_frozen_or_paused_does_not_move() {
    let mut scene = Scene::new();
    let hold = scene.authorise(1, 100).unwrap();
    let frozen = |result: Result<Hash, Error>| {
        matches!(result, Err(Error::Freeze(FreezeError::Frozen { .. })))
    };
    for account in [customer(0), customer(1), member(0), member(1)] {
        scene.by(OPERATOR, &call::set_frozen(account, Some(id(7)))).unwrap();
        assert!(frozen(scene.pay(2, 10)), "{account:?}");
        scene.by(OPERATOR, &call::set_frozen(account, None)).unwrap();
    }
    let owed = scene.owe(8, 3, 0, 10);
    scene.by(OPERATOR, &call::set_frozen(member(3), Some(id(7)))).unwrap();
    let owe = call::owe(id(3), 0, Amount(10), 5);
    assert!(frozen(scene.by(member(3), &owe)));
    assert_eq!(scene.owe(8, 3, 0, 10), owed, "what was done before is answered all the same");
    scene.by(OPERATOR, &call::set_paused(Some(id(7)))).unwrap();
    let paused = |result: Result<(), Error>| {
        matches!(result, Err(Error::Freeze(FreezeError::Paused { .. })))
    };
    assert!(paused(scene.pay(2, 10).map(|_| ())));
    assert!(paused(scene.capture(4, hold, 10, Rest::Keep).map(|_| ())));
    assert!(paused(scene.by(customer(SHOP), &call::void(hold))));
    assert!(paused(scene.close(DAY, 9).map(|_| ())));
    scene.by(OPERATOR, &call::set_paused(None)).unwrap();
    scene.pay(2, 10).unwrap();
    audit(&mut scene.0);
}

#[test]
fn members_and_schemes_that_make_no_sense_are_refused() {
    let mut scene = Scene::new();
    let admit = |account, token| call::admit(account, token, Amount(1));
    let lacks = RolesError::Lacks { account: member(0), role: Role::Agent };
    let new = Address([77; 32]);
    assert_eq!(scene.by(member(0), &admit(new, None)), Err(Error::Roles(lacks)));
    let taken = Err(Error::AccountTaken { member: 1 });
    assert_eq!(scene.by(OPERATOR, &admit(member(1), None)), taken);
    for token in [deposit(0), WON] {
        let taken = Err(Error::DepositTaken { token });
        assert_eq!(scene.by(OPERATOR, &admit(new, Some(token))), taken);
    }
    assert_eq!(scene.by(OPERATOR, &admit(new, None)), Ok(4));
    let not_bank = call::pay(id(1), route(0, 2), customer(1), Amount(1));
    assert_eq!(scene.by(customer(0), &not_bank), Err(Error::NotBank { member: 2 }));
    let now = TimestampMs(START);
    for (wrong, error) in [
        (Scheme { hold_ms: 0, ..scheme() }, SchemeError::NoHold),
        (
            Scheme { penalty_bp: 10_001, ..scheme() },
            SchemeError::Penalty { penalty_bp: 10_001, limit: 10_000 },
        ),
        (Scheme { cycle: Cycle::Hours(7), ..scheme() }, SchemeError::Hours { hours: 7 }),
    ] {
        let schedule = call::schedule_scheme(wrong, now);
        assert_eq!(scene.by(OPERATOR, &schedule), Err(Error::Scheme(error)));
    }
}

#[test]
fn a_scheme_holds_from_its_day_and_an_open_cycle_stays_due_when_it_was() {
    let mut scene = Scene::new();
    let hold = scene.authorise(1, 100).unwrap();
    let hourly = Scheme { hold_ms: DAY, cycle: Cycle::Hours(1), ..scheme() };
    let from = TimestampMs(START + HOUR);
    scene.by(OPERATOR, &call::schedule_scheme(hourly, from)).unwrap();
    scene.at(2 * HOUR);
    assert_eq!(scene.close(2 * HOUR, 9), Err(Error::NotDue { due: TimestampMs(START + DAY) }));
    let found = scene.0.ask(HUB, &call::hold(hold)).unwrap().unwrap();
    assert_eq!(found.expires, TimestampMs(START + 7 * DAY));
    let new = scene.authorise(2, 100).unwrap();
    let found = scene.0.ask(HUB, &call::hold(new)).unwrap().unwrap();
    assert_eq!(found.expires, TimestampMs(START + 2 * HOUR + DAY));
    scene.close(DAY, 9).unwrap().unwrap();
    let due = scene.0.ask(HUB, &call::cycle()).unwrap().due;
    assert_eq!(due, TimestampMs(START + DAY + HOUR));
}

#[test]
fn customers_of_the_same_banks_wait_for_each_other_at_its_allowance_alone() {
    let mut scene = Scene::new();
    let mut pair = |call: &dyn Fn(usize) -> dure_sdk::Invocation<Hash, Error>| {
        [0, 1].map(|who| {
            scene.by(customer(who), &call(who)).unwrap();
            scene.0.touched().clone()
        })
    };
    let pay = |to| call::pay(id(1 + to as u64), route(0, to), customer(SHOP), Amount(500));
    let [one, other] = pair(&|_| pay(0));
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    // What the second bank lets the contract give out: the field `allowances` of its token.
    let key = [[0, 7, 0].as_slice(), &member(1).0, &HUB.0].concat();
    let allowance = BTreeSet::from([(deposit(1), key)]);
    let [one, other] = pair(&|_| pay(1));
    assert_eq!(one.conflicts(&other), allowance);
    // Tokens of both banks and of the shop, what both owe or are owed, what is owed in the cycle.
    assert_eq!(one.amounts_shared(&other), 6);
    let authorise = |_| call::authorise(id(3), route(0, 1), customer(SHOP), Amount(500));
    let [one, other] = pair(&authorise);
    assert_eq!(one.conflicts(&other), BTreeSet::new());
    let holds = [0, 1].map(|who| scoped(customer(who), id(3)));
    let [one, other] = holds.map(|hold| {
        scene.capture(u64::from(hold.0[0]), hold, 400, Rest::Release).unwrap();
        scene.0.touched().clone()
    });
    assert_eq!(one.conflicts(&other), allowance);
}

/// Changes each amount of these fields by one, and asks for all pages of the audit.
fn check_audit(mut scene: Scene, fields: &[&[u8]]) {
    let right = scene.0.storage_of(HUB);
    for (key, wrong) in altered(&right, fields) {
        scene.0.load(HUB, wrong);
        assert!(audit_all(&mut scene.0).is_err(), "{key:?}");
    }
    scene.0.load(HUB, right);
    audit_all(&mut scene.0).unwrap();
}

#[test]
fn an_audit_finds_one_won_that_bypassed_the_books() {
    let mut scene = Scene::new();
    // One more and one less: tokens alone would not show the less.
    scene.fund(0, 30_000);
    scene.fund(1, 10_001);
    scene.pay(1, 1_000).unwrap();
    scene.authorise(2, 500).unwrap();
    // By number of the field, and of its part: what members have put in, each and all, and have
    // room for, what each bank has in escrow.
    check_audit(scene, &[&[7, 0], &[13], &[7, 1], &[10, 0]]);
}

#[test]
fn an_audit_finds_it_while_a_gridlock_is_being_resolved_too() {
    let mut scene = Scene::new();
    scene.fund(0, 1);
    scene.fund(1, 6);
    for at in 0..3 {
        scene.owe(at as u64, at, at + 1, 10_000);
    }
    assert_eq!(scene.close(DAY, 1), Ok(None));
    // Funds; obligations of both cycles, of which whom they are owed is changed.
    check_audit(scene, &[&[7, 0], &[7, 4]]);
}
