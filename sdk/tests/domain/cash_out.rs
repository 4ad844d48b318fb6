//! Cash-outs in two phases, each step as often as it arrives.

use dure_sdk::{
    Address, Amount, Field, Hash, Place, TimestampMs,
    domain::cash_out::{CashOut, CashOutState, CashOuts, CashOutsError, Step},
    native::Sandbox,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SHOP: Address = Address([1; 32]);
const NOW: TimestampMs = TimestampMs(1_000);

fn book() -> CashOuts {
    CashOuts::open(Place::field(0))
}

fn id(number: u8) -> Hash {
    Hash([number; 32])
}

#[test]
fn a_step_that_arrives_twice_is_done_once() {
    Sandbox::new().run(|_| {
        let mut book = book();
        let cash_out =
            |state| CashOut { merchant: SHOP, amount: Amount(500), requested: NOW, state };
        let (pending, confirmed) =
            (cash_out(CashOutState::Pending), cash_out(CashOutState::Confirmed));
        let later = TimestampMs(2_000);
        assert_eq!(book.request(id(1), SHOP, Amount(500), NOW), Ok(Step::Done(pending)));
        assert_eq!(book.request(id(1), SHOP, Amount(500), later), Ok(Step::Before(pending)));
        assert_eq!((book.pending(SHOP), book.pending_total()), (Amount(500), Amount(500)));
        assert_eq!(book.confirm(id(1)), Ok(Step::Done(confirmed)));
        assert_eq!(book.confirm(id(1)), Ok(Step::Before(confirmed)));
        assert_eq!(book.request(id(1), SHOP, Amount(500), later), Ok(Step::Before(confirmed)));
        assert_eq!((book.pending_total(), book.confirmed_total()), (Amount(0), Amount(500)));
    });
}

#[test]
fn contradictions_are_refused_and_change_nothing() {
    let (mut sandbox, mut book) = (Sandbox::new(), book());
    sandbox.run(|_| book.request(id(1), SHOP, Amount(500), NOW)).unwrap();
    sandbox.run(|_| book.void(id(1))).unwrap();
    let before = sandbox.storage();
    sandbox.run(|_| {
        let ended = CashOutsError::Ended { state: CashOutState::Void };
        assert_eq!(book.confirm(id(1)), Err(ended));
        let exists = CashOutsError::Exists { merchant: SHOP, amount: Amount(500) };
        assert_eq!(book.request(id(1), SHOP, Amount(501), NOW), Err(exists));
        assert_eq!(book.request(id(1), Address([2; 32]), Amount(500), NOW), Err(exists));
        assert_eq!(book.request(id(2), SHOP, Amount(0), NOW), Err(CashOutsError::Nought));
        assert_eq!(book.void(id(2)), Err(CashOutsError::Unknown { id: id(2) }));
    });
    assert_eq!(sandbox.storage(), before);
}

proptest! {
    #[test]
    fn what_is_pending_is_what_nobody_answered(
        steps in prop::collection::vec((0u8..3, 0u8..8, 0u8..2, 0u128..30), 1..60),
    ) {
        let (mut sandbox, mut book) = (Sandbox::new(), book());
        let mut model: BTreeMap<u8, (u8, u128, CashOutState)> = BTreeMap::new();
        for (kind, number, shop, amount) in steps {
            let merchant = |shop| Address([shop; 32]);
            let old = model.get(&number).copied();
            let (found, expected) = match kind {
                0 => {
                    let found = sandbox.run(|_| {
                        book.request(id(number), merchant(shop), Amount(amount), NOW)
                    });
                    let expected = match old {
                        Some((of, value, _)) => ((of, value) == (shop, amount)).then_some(false),
                        None => (amount > 0).then(|| {
                            model.insert(number, (shop, amount, CashOutState::Pending));
                            true
                        }),
                    };
                    (found, expected)
                }
                _ => {
                    let (found, state) = if kind == 1 {
                        (sandbox.run(|_| book.confirm(id(number))), CashOutState::Confirmed)
                    } else {
                        (sandbox.run(|_| book.void(id(number))), CashOutState::Void)
                    };
                    let expected = match old {
                        Some((_, _, now)) if now == state => Some(false),
                        Some((shop, amount, CashOutState::Pending)) => {
                            model.insert(number, (shop, amount, state));
                            Some(true)
                        }
                        _ => None,
                    };
                    (found, expected)
                }
            };
            let done = found.ok().map(|step| matches!(step, Step::Done(_)));
            prop_assert_eq!(done, expected);
            let sum = |state, shop: Option<u8>| -> Amount {
                let these = model.values().filter(|(of, _, now)| {
                    *now == state && shop.is_none_or(|shop| shop == *of)
                });
                Amount(these.map(|(_, amount, _)| amount).sum())
            };
            for shop in 0..2 {
                let pending = sandbox.run(|_| book.pending(merchant(shop)));
                prop_assert_eq!(pending, sum(CashOutState::Pending, Some(shop)));
            }
            let totals = sandbox.run(|_| (book.pending_total(), book.confirmed_total()));
            let expected = (sum(CashOutState::Pending, None), sum(CashOutState::Confirmed, None));
            prop_assert_eq!(totals, expected);
        }
    }
}
