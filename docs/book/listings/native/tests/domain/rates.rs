//! What things are worth, as it changes.

// ANCHOR: listing
use dure_sdk::{
    domain::{
        rates::{Guard, Rates},
        split::Exchange,
    },
    native::Sandbox,
    prelude::*,
};

#[test]
fn a_pair_is_priced_by_two_worths_until_one_of_them_jumps() {
    let (coin, gold) = (1u8, 2u8);
    let hour = 60 * 60 * 1_000;
    let guard = Guard { jump_max_bp: Some(1_000), window_ms: hour, ..Guard::NONE };
    Sandbox::new().run(|cx| {
        let now = cx.time();
        let mut rates = Rates::<u8>::open(Place::field(0));
        rates.set(&coin, Ratio::new(3, 2).unwrap(), now, now, &guard).unwrap();
        rates.set(&gold, Ratio::new(1_000, 1).unwrap(), now, now, &guard).unwrap();

        // 1,000 coins are worth 1,500: one piece of gold, for which 667 coins are taken.
        let worth = |key| rates.at(key, now, &guard).unwrap().rate;
        let done = Exchange::by_worth(Amount(1_000), worth(&coin), worth(&gold)).unwrap();
        assert_eq!((done.output, done.consumed), (Amount(1), Amount(667)));

        // A digit is missing.
        let later = TimestampMs(now.0 + 1);
        let jump = rates.set(&gold, Ratio::new(100, 1).unwrap(), later, now, &guard).unwrap();
        assert!(jump.is_some() && rates.at(&gold, now, &guard).is_err());
    });
}
// ANCHOR_END: listing
