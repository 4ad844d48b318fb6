//! Two-phase payments: TigerBeetle's table, the rules of cards, and a plain model.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::holds::{Difference, Hold, HoldState, Holds, HoldsError, Made, Rest},
    native::Sandbox,
};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const PAYER: Address = Address([1; 32]);
const SHOP: Address = Address([2; 32]);
const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * 1_000;
const NOW: TimestampMs = TimestampMs(1_000_000_000);

fn holds() -> Holds {
    Holds::open(Place::field(0))
}

fn id(number: u8) -> Hash {
    Hash([number; 32])
}

fn after(ms: u64) -> TimestampMs {
    TimestampMs(NOW.0 + ms)
}

fn reserve(holds: &mut Holds, number: u8, amount: u128, ms: u64) {
    let made = holds.reserve(id(number), PAYER, SHOP, Amount(amount), after(ms), NOW);
    assert_eq!(made, Ok(Made::New));
}

/// What is refused, as the table says it; `None` when it was done.
fn played(holds: &mut Holds, row: &Value) -> Option<String> {
    let now = after(row["at"].as_u64().unwrap() * SECOND);
    let id = id(row["transfer"].as_u64().unwrap() as u8);
    let amount = row["amount"].as_u64().map(|amount| Amount(amount.into()));
    let done = match (row["does"].as_str().unwrap(), amount) {
        ("pend", Some(amount)) => {
            let expires = TimestampMs(now.0 + row["timeout"].as_u64().unwrap() * SECOND);
            holds.reserve(id, PAYER, SHOP, amount, expires, now).map(drop)
        }
        ("post", Some(amount)) => holds.post(id, amount, Rest::Release, now).map(drop),
        ("post", None) => holds.post_all(id, now).map(drop),
        ("void", None) => holds.void(id, now).map(drop),
        ("expire", None) => holds.expire(id, now).map(drop),
        _ => panic!("no row of the table: {row}"),
    };
    match done.err()? {
        HoldsError::Settled { state } => Some(format!("{state:?}")),
        HoldsError::Expired { .. } => Some("over".to_owned()),
        HoldsError::AboveHold { .. } => Some("too much".to_owned()),
        other => panic!("{row}: {other:?}"),
    }
}

#[test]
fn tigerbeetles_two_phase_table_comes_out_the_same() {
    let table = include_str!("../../../tests/vectors/two_phase.json");
    let table: Value = serde_json::from_str(table).unwrap();
    let funded = table["funded"].as_u64().unwrap();
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(funded.into()));
        for row in table["rows"].as_array().unwrap() {
            let refused = played(&mut holds, row);
            assert_eq!(refused.as_deref(), row["refused"].as_str(), "{row}");
            let is = |name: &str| row["then"][name].as_u64().map(u128::from);
            if let (Some(pending), Some(posted)) = (is("pending"), is("posted")) {
                assert_eq!((holds.held(PAYER).0, holds.free(SHOP).0), (pending, posted), "{row}");
                let free = u128::from(funded) - pending - posted;
                assert_eq!(holds.free(PAYER).0, free, "{row}");
            }
        }
    });
}

#[test]
fn the_limit_is_checked_when_the_hold_is_made() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        reserve(&mut holds, 1, 60, DAY);
        let short = HoldsError::Short { account: PAYER, free: Amount(40), wanted: Amount(41) };
        assert_eq!(holds.withdraw(PAYER, Amount(41)), Err(short));
        let made = holds.reserve(id(2), PAYER, SHOP, Amount(41), after(DAY), NOW);
        assert_eq!(made, Err(short));
        assert_eq!(holds.hold(id(2)), None);
        reserve(&mut holds, 2, 40, DAY);
        assert_eq!((holds.free(PAYER), holds.held(PAYER)), (Amount(0), Amount(100)));
    });
}

#[test]
fn an_id_means_one_hold_for_ever() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        let make = |holds: &mut Holds, from, to, amount, ms| {
            holds.reserve(id(1), from, to, Amount(amount), after(ms), NOW)
        };
        let differs = |differs| Err(HoldsError::Exists { id: id(1), differs });
        assert_eq!(make(&mut holds, PAYER, SHOP, 10, DAY), Ok(Made::New));
        assert_eq!(make(&mut holds, PAYER, SHOP, 10, DAY), Ok(Made::Before));
        assert_eq!(holds.held(PAYER), Amount(10));
        let other = Address([3; 32]);
        assert_eq!(make(&mut holds, other, SHOP, 10, DAY), differs(Difference::Payer));
        assert_eq!(make(&mut holds, PAYER, other, 10, DAY), differs(Difference::Payee));
        assert_eq!(make(&mut holds, PAYER, SHOP, 11, DAY), differs(Difference::Amount));
        assert_eq!(make(&mut holds, PAYER, SHOP, 10, DAY + 1), differs(Difference::Expiry));
        holds.void(id(1), NOW).unwrap();
        assert_eq!(make(&mut holds, PAYER, SHOP, 10, DAY), Ok(Made::Before));
        assert_eq!(holds.held(PAYER), Amount(0), "the same hold again stays voided");
        assert_eq!(make(&mut holds, PAYER, SHOP, 9, DAY), differs(Difference::Amount));
    });
}

#[test]
fn an_authorisation_of_seven_days_is_over_at_the_very_instant() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        reserve(&mut holds, 1, 10, 7 * DAY);
        reserve(&mut holds, 2, 10, 7 * DAY);
        let (last, end) = (after(7 * DAY - 1), after(7 * DAY));
        let early = HoldsError::NotExpired { expires: end, now: last };
        assert_eq!(holds.expire(id(1), last), Err(early));
        assert_eq!(holds.sweep(last, 10), Ok(vec![]));
        holds.post_all(id(1), last).unwrap();
        let late = HoldsError::Expired { expires: end, now: end };
        assert_eq!(holds.post_all(id(2), end), Err(late));
        assert_eq!(holds.expire(id(2), end).map(|hold| hold.state), Ok(HoldState::Expired));
        assert_eq!((holds.free(PAYER), holds.free(SHOP)), (Amount(90), Amount(10)));
    });
}

#[test]
fn captures_in_parts_keep_the_rest_on_hold() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        reserve(&mut holds, 1, 100, DAY);
        let hold = holds.post(id(1), Amount(30), Rest::Keep, NOW).unwrap();
        assert_eq!(
            (hold.left, hold.captured, hold.state),
            (Amount(70), Amount(30), HoldState::Pending)
        );
        let above = HoldsError::AboveHold { left: Amount(70), wanted: Amount(71) };
        assert_eq!(holds.post(id(1), Amount(71), Rest::Keep, NOW), Err(above));
        let hold = holds.post(id(1), Amount(70), Rest::Keep, NOW).unwrap();
        assert_eq!((hold.left, hold.state), (Amount(0), HoldState::Posted));
        assert_eq!(holds.sweep(after(DAY), 10), Ok(vec![]), "what is over does not expire");
    });
}

#[test]
fn refunds_are_at_most_what_was_captured() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        reserve(&mut holds, 1, 50, DAY);
        holds.post(id(1), Amount(20), Rest::Keep, NOW).unwrap();
        let above = HoldsError::AboveCaptured { left: Amount(20), wanted: Amount(21) };
        assert_eq!(holds.refund(id(1), Amount(21)), Err(above));
        holds.refund(id(1), Amount(15)).unwrap();
        let above = HoldsError::AboveCaptured { left: Amount(5), wanted: Amount(6) };
        assert_eq!(holds.refund(id(1), Amount(6)), Err(above));
        // The shop has paid its money out.
        holds.withdraw(SHOP, Amount(3)).unwrap();
        let short = HoldsError::Short { account: SHOP, free: Amount(2), wanted: Amount(5) };
        assert_eq!(holds.refund(id(1), Amount(5)), Err(short));
    });
}

#[test]
fn holds_that_make_no_sense_are_refused() {
    Sandbox::new().run(|_| {
        let mut holds = holds();
        holds.fund(PAYER, Amount(100));
        let mut reserve =
            |to, amount, expires| holds.reserve(id(1), PAYER, to, Amount(amount), expires, NOW);
        assert_eq!(reserve(SHOP, 0, after(1)), Err(HoldsError::Nought));
        assert_eq!(reserve(PAYER, 1, after(1)), Err(HoldsError::Same { account: PAYER }));
        let now = HoldsError::ExpiresNow { expires: NOW, now: NOW };
        assert_eq!(reserve(SHOP, 1, NOW), Err(now));
        assert_eq!(holds.void(id(1), NOW), Err(HoldsError::Unknown { id: id(1) }));
    });
}

/// What may happen to the holds of three accounts.
#[derive(Clone, Debug)]
enum Step {
    Reserve { id: u8, from: u8, to: u8, amount: u128, ms: u64 },
    Post { id: u8, amount: u128, keep: bool },
    Void { id: u8 },
    Sweep { limit: u32 },
    Refund { id: u8, amount: u128 },
    Wait { ms: u64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..12, 0u8..3, 0u8..3, 0u128..80, 0u64..50).prop_map(
            |(id, from, to, amount, ms)| Step::Reserve { id, from, to, amount, ms }
        ),
        3 => (0u8..12, 0u128..60, any::<bool>())
            .prop_map(|(id, amount, keep)| Step::Post { id, amount, keep }),
        1 => (0u8..12).prop_map(|id| Step::Void { id }),
        1 => (0u32..4).prop_map(|limit| Step::Sweep { limit }),
        1 => (0u8..12, 0u128..60).prop_map(|(id, amount)| Step::Refund { id, amount }),
        1 => (0u64..30).prop_map(|ms| Step::Wait { ms }),
    ]
}

/// A hold as the rule tells it: payer, payee, reserved, left, captured, refunded, end, open.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Told {
    from: u8,
    to: u8,
    reserved: u128,
    left: u128,
    captured: u128,
    refunded: u128,
    end: u64,
    open: bool,
}

#[derive(Default)]
struct Model {
    free: BTreeMap<u8, u128>,
    holds: BTreeMap<u8, Told>,
    now: u64,
}

impl Model {
    fn pay(&mut self, from: u8, to: Option<u8>, amount: u128) -> bool {
        let Some(rest) = self.free[&from].checked_sub(amount) else { return false };
        self.free.insert(from, rest);
        if let Some(to) = to {
            *self.free.entry(to).or_default() += amount;
        }
        true
    }

    /// Does a step, and says whether it is allowed.
    fn step(&mut self, step: &Step) -> bool {
        let now = self.now;
        match *step {
            Step::Reserve { id, from, to, amount, ms } => {
                let told = Told {
                    from,
                    to,
                    reserved: amount,
                    left: amount,
                    captured: 0,
                    refunded: 0,
                    end: now + ms,
                    open: true,
                };
                if let Some(old) = self.holds.get(&id) {
                    let key = |told: &Told| (told.from, told.to, told.reserved, told.end);
                    return key(old) == key(&told);
                }
                let sound = amount > 0 && from != to && ms > 0;
                if !sound || !self.pay(from, None, amount) {
                    return false;
                }
                self.holds.insert(id, told);
                true
            }
            Step::Post { id, amount, keep } => {
                let Some(mut told) = self.holds.get(&id).copied() else { return false };
                if !told.open || now >= told.end || amount > told.left {
                    return false;
                }
                told.left -= amount;
                told.captured += amount;
                *self.free.entry(told.to).or_default() += amount;
                if !keep || told.left == 0 {
                    *self.free.entry(told.from).or_default() += told.left;
                    (told.left, told.open) = (0, false);
                }
                self.holds.insert(id, told);
                true
            }
            Step::Void { id } => {
                let live = |told: &Told| told.open && now < told.end;
                self.holds.get(&id).is_some_and(live) && self.end(id)
            }
            Step::Sweep { limit } => {
                let over = self.holds.iter().filter(|(_, told)| told.open && now >= told.end);
                let mut over: Vec<_> = over.map(|(id, told)| (told.end, *id)).collect();
                over.sort_unstable();
                over.into_iter().take(limit as usize).all(|(_, id)| self.end(id))
            }
            Step::Refund { id, amount } => {
                let Some(mut told) = self.holds.get(&id).copied() else { return false };
                if told.refunded + amount > told.captured
                    || !self.pay(told.to, Some(told.from), amount)
                {
                    return false;
                }
                told.refunded += amount;
                self.holds.insert(id, told);
                true
            }
            Step::Wait { ms } => {
                self.now += ms;
                true
            }
        }
    }

    fn end(&mut self, id: u8) -> bool {
        let told = self.holds.get_mut(&id).expect("it is there");
        *self.free.entry(told.from).or_default() += told.left;
        (told.left, told.open) = (0, false);
        true
    }
}

fn account(number: u8) -> Address {
    Address([number + 10; 32])
}

fn real(holds: &mut Holds, step: &Step, now: u64) -> Result<(), HoldsError> {
    let (now, ignore) = (TimestampMs(now), |_: Hold| ());
    match *step {
        Step::Reserve { id: number, from, to, amount, ms } => {
            let (from, to, end) = (account(from), account(to), TimestampMs(now.0 + ms));
            holds.reserve(id(number), from, to, Amount(amount), end, now).map(|_| ())
        }
        Step::Post { id: number, amount, keep } => {
            let rest = if keep { Rest::Keep } else { Rest::Release };
            holds.post(id(number), Amount(amount), rest, now).map(ignore)
        }
        Step::Void { id: number } => holds.void(id(number), now).map(ignore),
        Step::Sweep { limit } => holds.sweep(now, limit).map(|_| ()),
        Step::Refund { id: number, amount } => holds.refund(id(number), Amount(amount)).map(ignore),
        Step::Wait { .. } => Ok(()),
    }
}

proptest! {
    #[test]
    fn holds_are_those_of_a_plain_model(steps in prop::collection::vec(any_step(), 1..80)) {
        let (mut sandbox, mut holds, mut model) = (Sandbox::new(), holds(), Model::default());
        for number in 0..3 {
            model.free.insert(number, 200);
            sandbox.run(|_| holds.fund(account(number), Amount(200)));
        }
        for step in steps {
            let before = sandbox.storage();
            let found = sandbox.run(|_| real(&mut holds, &step, model.now));
            prop_assert_eq!(found.is_ok(), model.step(&step), "{:?}: {:?}", step, found);
            if found.is_err() {
                prop_assert_eq!(sandbox.storage(), before, "a refusal changes nothing");
            }
            let mut sum = 0;
            for number in 0..3 {
                let (free, held) =
                    sandbox.run(|_| (holds.free(account(number)), holds.held(account(number))));
                prop_assert_eq!(free.0, model.free[&number]);
                let own = model.holds.values().filter(|told| told.from == number);
                prop_assert_eq!(held.0, own.map(|told| told.left).sum::<u128>());
                sum += free.0 + held.0;
            }
            prop_assert_eq!(sum, 600, "nothing is made or lost");
            for (number, told) in &model.holds {
                let hold = sandbox.run(|_| holds.hold(id(*number))).expect("it is kept");
                let found = (hold.left.0, hold.captured.0, hold.refunded.0);
                prop_assert_eq!(found, (told.left, told.captured, told.refunded));
                prop_assert_eq!(hold.state == HoldState::Pending, told.open);
            }
        }
    }
}
