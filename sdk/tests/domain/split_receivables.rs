//! Receivables: an undo never finds a leg empty (rule C8).

use dure_sdk::{
    Address, Amount, Field, Place,
    domain::{
        calendar::Day,
        split::{Legs, Receivables, ReceivablesError},
    },
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SHOP: Address = Address([1; 32]);
const TODAY: Day = Day(20_000);

fn receivables() -> Receivables {
    Receivables::open(Place::field(0))
}

#[test]
fn what_can_be_undone_today_stays_until_tomorrow() {
    Sandbox::new().run(|_| {
        let mut book = receivables();
        let free_on = Receivables::free_on(TODAY, 1);
        book.credit(SHOP, Amount(100), free_on, TODAY);
        assert_eq!((book.owed(SHOP), book.free(SHOP, TODAY)), (Amount(100), Amount(0)));
        let short = ReceivablesError::Short { payee: SHOP, free: Amount(0), wanted: Amount(1) };
        assert_eq!(book.take(SHOP, Amount(1), TODAY), Err(short));
        book.undo(SHOP, Amount(30), free_on, TODAY).unwrap();
        let more =
            ReceivablesError::NotCredited { payee: SHOP, left: Amount(70), wanted: Amount(71) };
        assert_eq!(book.undo(SHOP, Amount(71), free_on, TODAY), Err(more));
        let tomorrow = Day(TODAY.0 + 1);
        let closed = ReceivablesError::Closed { free_on, today: tomorrow };
        assert_eq!(book.undo(SHOP, Amount(1), free_on, tomorrow), Err(closed));
        assert_eq!(book.free(SHOP, tomorrow), Amount(70));
        book.take(SHOP, Amount(70), tomorrow).unwrap();
        book.give_back(SHOP, Amount(70));
        assert_eq!(book.free(SHOP, tomorrow), Amount(70));
    });
}

#[test]
fn a_window_of_nought_frees_at_once() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let mut book = receivables();
        let free_on = Receivables::free_on(TODAY, 0);
        book.credit(SHOP, Amount(100), free_on, TODAY);
        let closed = ReceivablesError::Closed { free_on, today: TODAY };
        assert_eq!(book.undo(SHOP, Amount(1), free_on, TODAY), Err(closed));
        book.take(SHOP, Amount(100), TODAY).unwrap();
    });
    assert!(sandbox.storage().is_empty(), "nothing is left behind");
}

#[test]
fn days_long_past_are_cleared_away() {
    let mut sandbox = Sandbox::new();
    sandbox.run(|_| {
        let mut book = receivables();
        for day in 0..40 {
            let today = Day(TODAY.0 + day);
            book.credit(SHOP, Amount(1), Receivables::free_on(today, 1), today);
        }
        let today = Day(TODAY.0 + 40);
        book.take(SHOP, Amount(39), today).unwrap();
        book.take(SHOP, Amount(1), today).unwrap();
    });
    assert!(sandbox.storage().is_empty(), "nothing is left behind");
}

/// What may happen: redemptions are remembered, as a contract does.
#[derive(Clone, Debug)]
enum Step {
    Redeem { amount: u128, days: u32 },
    Undo { which: prop::sample::Index },
    Take { payee: u8, amount: u128 },
    Wait { days: u32 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u128..500, 0u32..4).prop_map(|(amount, days)| Step::Redeem { amount, days }),
        2 => any::<prop::sample::Index>().prop_map(|which| Step::Undo { which }),
        3 => (0u8..5, 0u128..500).prop_map(|(payee, amount)| Step::Take { payee, amount }),
        1 => (0u32..3).prop_map(|days| Step::Wait { days }),
    ]
}

fn payee(number: u8) -> Address {
    Address([number; 32])
}

proptest! {
    #[test]
    fn an_undo_in_time_always_succeeds_whatever_was_cashed_out(
        steps in prop::collection::vec(any_step(), 1..60),
        shares in Just([9_200u16, 300, 250, 150, 100]),
    ) {
        let legs = Legs::new(shares).expect("they are whole");
        let payees: [Address; 5] = [0, 1, 2, 3, 4].map(payee);
        let (mut sandbox, mut book) = (Sandbox::new(), receivables());
        let mut today = TODAY;
        let mut done: Vec<([Amount; 5], Day, bool)> = Vec::new();
        let mut taken: BTreeMap<u8, u128> = BTreeMap::new();
        for step in steps {
            let before = sandbox.storage();
            match step {
                Step::Redeem { amount, days } => {
                    let (parts, free_on) =
                        (legs.split(Amount(amount)), Receivables::free_on(today, days));
                    sandbox.run(|_| book.credit_legs(&payees, &parts, free_on, today));
                    done.push((parts, free_on, true));
                }
                Step::Undo { which } if !done.is_empty() => {
                    let (parts, free_on, stands) = which.get(&done);
                    if *stands {
                        let found =
                            sandbox.run(|_| book.undo_legs(&payees, parts, *free_on, today));
                        prop_assert_eq!(found.is_ok(), today < *free_on, "{:?}", found);
                        if found.is_ok() {
                            let index = which.index(done.len());
                            done[index].2 = false;
                        }
                    }
                }
                Step::Undo { .. } => {}
                Step::Take { payee: number, amount } => {
                    let stands = done.iter().filter(|(.., stands)| *stands);
                    let free: u128 = stands
                        .filter(|(_, free_on, _)| *free_on <= today)
                        .map(|(parts, ..)| parts[usize::from(number)].0)
                        .sum();
                    let free = free - taken.get(&number).copied().unwrap_or(0);
                    let found = sandbox.run(|_| book.take(payee(number), Amount(amount), today));
                    let (payee, wanted, free) = (payee(number), Amount(amount), Amount(free));
                    if wanted <= free {
                        prop_assert_eq!(found, Ok(()));
                        *taken.entry(number).or_default() += amount;
                    } else {
                        let short = ReceivablesError::Short { payee, free, wanted };
                        prop_assert_eq!(found, Err(short));
                        prop_assert_eq!(sandbox.storage(), before, "a refusal changes nothing");
                    }
                }
                Step::Wait { days } => today = Day(today.0 + days),
            }
            for number in 0..5u8 {
                let stands = done.iter().filter(|(.., stands)| *stands);
                let credited: u128 = stands.map(|(parts, ..)| parts[usize::from(number)].0).sum();
                let owed = credited - taken.get(&number).copied().unwrap_or(0);
                prop_assert_eq!(sandbox.run(|_| book.owed(payee(number))), Amount(owed));
            }
        }
    }
}
