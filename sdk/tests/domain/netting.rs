//! Netting against a list that is counted anew at every step, and its hard cases by name.

use dure_sdk::{
    Amount, Field, Hash, Place, TimestampMs,
    domain::netting::{AMOUNT_MAX, MEMBERS_MAX, Net, Netting, NettingError, Position, Report},
    native::Sandbox,
};
use proptest::{collection::vec, prelude::*};

const MEMBERS: u32 = 5;
const PENALTY_BP: u32 = 125;
const START: TimestampMs = TimestampMs(1_000_000);

fn id(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Hash(bytes)
}

fn netting(funds: &[u128], cap: u128) -> Netting {
    let mut netting = Netting::open(Place::field(0));
    netting.found(START);
    for (member, funds) in (0u32..).zip(funds) {
        assert_eq!(netting.admit(Amount(cap)), Ok(member));
        if *funds > 0 {
            netting.fund(member, Amount(*funds)).unwrap();
        }
    }
    netting
}

fn enter(netting: &mut Netting, number: u64, debtor: u32, creditor: u32, amount: u128) {
    let entered = netting.enter(debtor, id(number), creditor, Amount(amount), 5, START);
    assert_eq!(entered, Ok(netting.cycle().number));
}

/// Counts again, two obligations at a time, and says how many the open cycle has.
fn recount(netting: &Netting) -> Result<usize, NettingError> {
    let mut counted = None;
    loop {
        counted = netting.recount(counted, 2)?;
        if counted.is_none() {
            break;
        }
    }
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = netting.debts(netting.cycle().number, after, 2);
        (seen, after) = (seen + page.items.len(), page.next);
        if after.is_none() {
            return Ok(seen);
        }
    }
}

fn funds(netting: &Netting) -> Vec<u128> {
    (0..netting.members()).map(|member| netting.funds(member).0).collect()
}

#[test]
fn a_circle_is_settled_by_what_it_does_not_cancel() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[10, 0, 0], 1_000);
        enter(&mut netting, 1, 0, 1, 100);
        enter(&mut netting, 2, 1, 2, 90);
        enter(&mut netting, 3, 2, 0, 90);
        let step = netting.close(PENALTY_BP, 9, START).unwrap();
        let positions = [(0, Net::Pays(Amount(10))), (1, Net::Receives(Amount(10)))];
        assert_eq!(step.positions, positions.map(|(member, net)| Position { member, net }));
        let report = step.settled.unwrap();
        assert_eq!((report.gross, report.paid, report.taken_out), (Amount(280), Amount(10), 0));
        assert_eq!(funds(&netting), [0, 10, 0]);
        assert_eq!(netting.position(0), Ok(Net::Receives(Amount(0))), "the next cycle begins");
    });
}

#[test]
fn gridlock_that_unravels_takes_everything_out_and_says_so() {
    Sandbox::new().run(|_| {
        // Each could pay only out of what the one before pays: 0 lacks a single won.
        let mut netting = netting(&[99, 0, 0, 0], 1_000);
        for member in 0..3 {
            enter(&mut netting, u64::from(member), member, member + 1, 100);
        }
        let step = netting.close(PENALTY_BP, 9, START).unwrap();
        let report = step.settled.unwrap();
        assert_eq!((report.taken_out, report.taken_out_amount), (3, Amount(300)));
        assert_eq!((report.gross, report.paid), (Amount(300), Amount(0)));
        assert_eq!(step.carried.iter().map(|it| it.debtor).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(funds(&netting), [99, 0, 0, 0]);
        // 100 and a penalty of floor(1.25).
        assert_eq!(netting.position(0), Ok(Net::Pays(Amount(101))));
        assert_eq!(netting.position(3), Ok(Net::Receives(Amount(101))));
        netting.fund(0, Amount(2)).unwrap();
        assert!(netting.close(PENALTY_BP, 9, START).unwrap().carried.is_empty());
        assert_eq!(funds(&netting), [0, 0, 0, 101]);
    });
}

#[test]
fn a_creditor_of_lower_id_that_becomes_short_comes_first() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0, 5], 1_000);
        enter(&mut netting, 1, 2, 0, 50);
        enter(&mut netting, 2, 2, 1, 5);
        enter(&mut netting, 3, 0, 1, 50);
        // 2 is short and loses the newest of its two, in the same instant the one of lower id.
        let step = netting.close(0, 9, START).unwrap();
        let order: Vec<_> = step.carried.iter().map(|it| (it.debtor, it.id)).collect();
        assert_eq!(order, [(2, id(1)), (0, id(3))]);
        assert_eq!(funds(&netting), [0, 5, 0]);
    });
}

#[test]
fn the_lowest_priority_goes_first_then_the_newest() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0], 1_000);
        for (number, priority, later) in [(1, 5, 0), (2, 4, 0), (3, 4, 7), (4, 9, 9)] {
            let now = TimestampMs(START.0 + later);
            netting.enter(0, id(number), 1, Amount(10), priority, now).unwrap();
        }
        let step = netting.close(0, 9, START).unwrap();
        let order: Vec<_> = step.carried.iter().map(|it| it.id).collect();
        assert_eq!(order, [id(3), id(2), id(1), id(4)]);
    });
}

#[test]
fn penalties_are_on_the_amount_each_time_and_never_on_penalties() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0], 10_000);
        enter(&mut netting, 1, 0, 1, 8_000);
        for times in 1..4 {
            netting.close(PENALTY_BP, 9, START).unwrap();
            assert_eq!(netting.position(0), Ok(Net::Pays(Amount(8_000 + 100 * times))));
        }
    });
}

#[test]
fn nobody_owes_more_than_the_cap_and_what_comes_in_makes_room() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0], 100);
        enter(&mut netting, 1, 0, 1, 60);
        let above = NettingError::AboveCap { member: 0, left: Amount(40), wanted: Amount(41) };
        assert_eq!(netting.enter(0, id(2), 1, Amount(41), 5, START), Err(above));
        enter(&mut netting, 3, 1, 0, 1);
        enter(&mut netting, 2, 0, 1, 41);
        netting.set_cap(0, Amount(10)).unwrap();
        assert_eq!(netting.room(0), Amount(0), "not before the next cycle");
        netting.fund(0, Amount(100)).unwrap();
        netting.close(0, 9, START).unwrap();
        assert_eq!(netting.room(0), Amount(10));
    });
}

#[test]
fn what_is_carried_beyond_the_cap_is_owed_all_the_same() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0], 100);
        enter(&mut netting, 1, 0, 1, 100);
        netting.close(1_000, 9, START).unwrap();
        assert_eq!((netting.room(0), netting.position(0)), (Amount(0), Ok(Net::Pays(Amount(110)))));
        assert_eq!(recount(&netting), Ok(1));
        assert!(netting.enter(0, id(2), 1, Amount(1), 5, START).is_err());
    });
}

#[test]
fn where_calls_are_split_changes_nothing_and_the_next_cycle_is_open_meanwhile() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 7, 0], 1_000);
        for number in 0..6 {
            enter(&mut netting, number, 0, 1, 10 + u128::from(number));
        }
        enter(&mut netting, 9, 1, 2, 7);
        let first = netting.close(PENALTY_BP, 2, START).unwrap();
        assert!(first.cut && first.settled.is_none());
        assert_eq!(first.carried.iter().map(|it| it.id).collect::<Vec<_>>(), [id(0), id(1)]);
        assert_eq!(netting.fund(0, Amount(9)), Err(NettingError::Closing { cycle: 0 }));
        assert_eq!(netting.withdraw(1, Amount(1)), Err(NettingError::Closing { cycle: 0 }));
        // Entered between the cut and the end of the close: it waits for the next one.
        enter(&mut netting, 77, 2, 0, 500);
        assert_eq!(netting.obligation(2, id(77)).unwrap().cycle, 1);
        assert_eq!(netting.forget(9), 0, "what is not settled is not forgotten");
        // The penalty of the cut holds, whatever a later call says.
        assert!(netting.close(9_999, 3, START).unwrap().settled.is_none());
        let last = netting.close(9_999, 9, START).unwrap();
        let Report { taken_out, gross, paid, .. } = last.settled.unwrap();
        assert_eq!((taken_out, gross, paid), (6, Amount(82), Amount(7)));
        assert_eq!(funds(&netting), [0, 0, 7]);
        assert_eq!(netting.obligation(0, id(5)).unwrap().penalty, Amount(0));
        assert_eq!(recount(&netting), Ok(7));
        assert_eq!((netting.forget(9), netting.forget(9)), (1, 0));
    });
}

#[test]
fn an_obligation_entered_in_the_instant_of_the_cut_is_in_one_cycle() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[30, 0], 1_000);
        enter(&mut netting, 1, 0, 1, 10);
        netting.close(0, 9, START).unwrap();
        enter(&mut netting, 2, 0, 1, 20);
        let cycle = |number| netting.obligation(0, id(number)).unwrap().cycle;
        assert_eq!((cycle(1), cycle(2)), (0, 1));
        assert_eq!(funds(&netting), [20, 10]);
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&[0, 0], 1_000);
        let mut enter = |debtor, creditor, amount| {
            netting.enter(debtor, id(1), creditor, Amount(amount), 5, START)
        };
        assert_eq!(enter(0, 2, 1), Err(NettingError::NoMember { member: 2 }));
        assert_eq!(enter(1, 1, 1), Err(NettingError::Same { member: 1 }));
        assert_eq!(enter(0, 1, 0), Err(NettingError::Nought));
        let (amount, limit) = (Amount(AMOUNT_MAX.0 + 1), AMOUNT_MAX);
        assert_eq!(enter(0, 1, amount.0), Err(NettingError::TooMuch { amount, limit }));
        assert_eq!(enter(0, 1, 1), Ok(0));
        assert_eq!(enter(0, 1, 1), Err(NettingError::Exists { id: id(1) }));
        netting.fund(0, AMOUNT_MAX).unwrap();
        let too_much = Err(NettingError::TooMuch { amount: Amount(1), limit });
        assert_eq!(netting.fund(0, Amount(1)), too_much);
        assert_eq!(netting.admit(amount), Err(NettingError::TooMuch { amount, limit }));
    });
}

#[test]
fn as_many_members_as_there_may_be_fit_into_a_close_in_parts() {
    Sandbox::new().run(|_| {
        let mut netting = netting(&vec![1; MEMBERS_MAX as usize], 1_000);
        assert_eq!(netting.admit(Amount(1)), Err(NettingError::Full { limit: MEMBERS_MAX }));
        for member in 0..MEMBERS_MAX - 1 {
            enter(&mut netting, u64::from(member), member, member + 1, 5);
        }
        assert!(netting.close(PENALTY_BP, 1_000, START).unwrap().settled.is_none());
        let report = netting.close(PENALTY_BP, 1_000, START).unwrap().settled.unwrap();
        assert_eq!((report.taken_out, report.paid), (MEMBERS_MAX - 1, Amount(0)));
        assert_eq!(netting.audit(), Ok(Amount(u128::from(MEMBERS_MAX))));
    });
}

#[derive(Clone, Debug)]
enum Act {
    Fund { member: u32, amount: u128 },
    Withdraw { member: u32, amount: u128 },
    Enter { debtor: u32, creditor: u32, amount: u128, priority: u8 },
    Cap { member: u32, cap: u128 },
    Close { limit: u32 },
    Forget { limit: u32 },
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    let member = 0..MEMBERS;
    prop_oneof![
        2 => (member.clone(), 1u128..120).prop_map(|(member, amount)| Act::Fund { member, amount }),
        1 => (member.clone(), 1u128..80)
            .prop_map(|(member, amount)| Act::Withdraw { member, amount }),
        9 => (member.clone(), member.clone(), 1u128..150, 0u8..3).prop_map(
            |(debtor, creditor, amount, priority)| Act::Enter { debtor, creditor, amount, priority }
        ),
        1 => (member, 0u128..600).prop_map(|(member, cap)| Act::Cap { member, cap }),
        2 => (1u32..9).prop_map(|limit| Act::Close { limit }),
        1 => (1u32..9).prop_map(|limit| Act::Forget { limit }),
        3 => Just(Act::Wait),
    ]
}

/// An obligation of the plain list.
#[derive(Clone, Debug)]
struct Owed {
    id: u64,
    debtor: u32,
    creditor: u32,
    amount: i128,
    penalty: i128,
    priority: u8,
    entered: u64,
}

/// Nothing is kept but what was said: every position is counted anew.
struct Plain {
    funds: Vec<i128>,
    /// The cap that holds, the next one, and what was carried beyond the former.
    caps: Vec<(i128, i128, i128)>,
    open: Vec<Owed>,
    now: u64,
}

impl Plain {
    fn position(owed: &[Owed], member: u32) -> i128 {
        let sum = |of: fn(&Owed) -> u32| -> i128 {
            let all = owed.iter().filter(|it| of(it) == member);
            all.map(|it| it.amount + it.penalty).sum()
        };
        sum(|it| it.creditor) - sum(|it| it.debtor)
    }

    fn room(&self, member: u32) -> i128 {
        let (cap, _, beyond) = self.caps[member as usize];
        cap + beyond + Self::position(&self.open, member)
    }

    /// C11 word by word. Answers what was taken out, in order.
    fn close(&mut self) -> Vec<u64> {
        let mut cycle = std::mem::take(&mut self.open);
        for (cap, next, beyond) in &mut self.caps {
            (*cap, *beyond) = (*next, 0);
        }
        let mut out = Vec::new();
        loop {
            let is_short =
                |member: &u32| self.funds[*member as usize] + Self::position(&cycle, *member) < 0;
            let Some(short) = (0..MEMBERS).find(is_short) else { break };
            let own = (0..cycle.len()).filter(|at| cycle[*at].debtor == short);
            let order = |at: &usize| {
                let it = &cycle[*at];
                (it.priority, std::cmp::Reverse(it.entered), it.id)
            };
            let mut taken = cycle.remove(own.min_by_key(order).unwrap());
            taken.penalty += taken.amount * i128::from(PENALTY_BP) / 10_000;
            out.push(taken.id);
            let (owed, room) = (taken.amount + taken.penalty, self.room(taken.debtor));
            self.caps[taken.debtor as usize].2 += (owed - room).max(0);
            self.open.push(taken);
        }
        for member in 0..MEMBERS {
            self.funds[member as usize] += Self::position(&cycle, member);
        }
        out
    }
}

fn net(position: i128) -> Net {
    let amount = Amount(position.unsigned_abs());
    if position < 0 { Net::Pays(amount) } else { Net::Receives(amount) }
}

fn play(netting: &mut Netting, plain: &mut Plain, number: u64, act: &Act) {
    match *act {
        Act::Fund { member, amount } => {
            netting.fund(member, Amount(amount)).unwrap();
            plain.funds[member as usize] += amount as i128;
        }
        Act::Withdraw { member, amount } => {
            let can = plain.funds[member as usize] >= amount as i128;
            assert_eq!(netting.withdraw(member, Amount(amount)).is_ok(), can);
            plain.funds[member as usize] -= if can { amount as i128 } else { 0 };
        }
        Act::Enter { debtor, creditor, amount, priority } => {
            let now = TimestampMs(plain.now);
            let done = netting.enter(debtor, id(number), creditor, Amount(amount), priority, now);
            let amount = amount as i128;
            let can = debtor != creditor && amount <= plain.room(debtor);
            assert_eq!(done.is_ok(), can, "{done:?}");
            if can {
                let (id, penalty, entered) = (number, 0, plain.now);
                plain.open.push(Owed { id, debtor, creditor, amount, penalty, priority, entered });
            }
        }
        Act::Cap { member, cap } => {
            netting.set_cap(member, Amount(cap)).unwrap();
            plain.caps[member as usize].1 = cap as i128;
        }
        Act::Close { limit } => {
            let mut out = Vec::new();
            loop {
                let step = netting.close(PENALTY_BP, limit, TimestampMs(plain.now)).unwrap();
                assert!(step.carried.len() <= limit as usize);
                recount(netting).unwrap();
                out.extend(step.carried.iter().map(|it| it.id));
                if let Some(report) = step.settled {
                    assert_eq!(report.taken_out as usize, out.len());
                    break;
                }
            }
            let expected: Vec<_> = plain.close().into_iter().map(id).collect();
            assert_eq!(out, expected);
        }
        Act::Forget { limit } => assert!(netting.forget(limit) <= limit),
        Act::Wait => plain.now += 1,
    }
}

fn compare(netting: &Netting, plain: &Plain) {
    for member in 0..MEMBERS {
        assert_eq!(netting.funds(member).0 as i128, plain.funds[member as usize], "{member}");
        let position = Plain::position(&plain.open, member);
        assert_eq!(netting.position(member), Ok(net(position)), "{member}");
        assert_eq!(netting.room(member).0 as i128, plain.room(member), "{member}");
    }
    assert_eq!(recount(netting), Ok(plain.open.len()));
    assert_eq!(netting.audit().unwrap().0 as i128, plain.funds.iter().sum::<i128>());
    for owed in &plain.open {
        let found = netting.obligation(owed.debtor, id(owed.id)).unwrap();
        let same = (found.creditor, found.amount.0 as i128, found.penalty.0 as i128);
        assert_eq!(same, (owed.creditor, owed.amount, owed.penalty));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn cycles_are_those_of_a_plain_list(acts in vec(act(), 1..60)) {
        Sandbox::new().run(|_| {
            let funds = [60, 0, 30, 0, 10];
            let mut netting = netting(&funds, 400);
            let mut plain = Plain {
                funds: funds.map(|it| it as i128).to_vec(),
                caps: vec![(400, 400, 0); MEMBERS as usize],
                open: Vec::new(),
                now: START.0,
            };
            for (number, act) in (0u64..).zip(&acts) {
                play(&mut netting, &mut plain, number, act);
                compare(&netting, &plain);
            }
        });
    }
}
